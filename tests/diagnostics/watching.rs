//! What the stall watch reports, when, and why.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    task::Waker,
    thread,
    time::Duration,
};

use awaitlist::{
    Barrier, Block, Condition, Event, Lock, Semaphore,
    diagnostics::{Cause, Phase, Site, Stall, Watch, adopt, task, watch},
};
use futures_lite::StreamExt;

use crate::{SECOND, clock, hold_on, hold_until, poll, ready, stalls_at, waiting};

/// For tests that let hours pass: one at a time, so that they do not pass for another. The rest
/// advance by seconds.
fn long() -> MutexGuard<'static, ()> {
    static LONG: Mutex<()> = Mutex::new(());
    LONG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The primitives of this file. What a watch reports that ends later is evidence for the whole
/// process, so these watches report nothing of the other files.
const MINE: &[&str] = &[
    "lasts",
    "in time",
    "quiet",
    "moves",
    "futurelocked",
    "leaks",
    "short",
    "unset",
    "unnotified",
    "without permits",
    "told of",
    "several",
    "in a thread",
    "as a stream",
    "as an iterator",
    "on its way",
    "kept by no task",
    "deadlocked",
    "behind the deadlock",
    "complete",
    "one cause",
    "idle",
    "panics",
    "ends",
    "returned",
    "chain: lock",
    "chain: event",
    "recurs",
];

fn watch_mine(threshold: Duration) -> Watch {
    let is_mine = |site: &Site| site.name.as_deref().is_some_and(|name| MINE.contains(&name));
    watch(threshold).with_idle_waits().filter(is_mine)
}

/// The one stall that a new look finds on that primitive, after a second.
#[track_caller]
fn told(watch: &mut Watch, name: &str) -> Stall {
    clock().advance(SECOND);
    let mut stalls = stalls_at(name, watch.check());
    assert_eq!(stalls.len(), 1, "one stall on {name}");
    stalls.remove(0)
}

#[test]
fn a_wait_is_told_of_once_it_has_lasted_for_the_threshold_and_not_again() {
    let _alone = long();
    let clock = clock();
    let event = Event::named("lasts");
    let wait = waiting(event.wait(), Waker::noop());
    let mut watch = watch_mine(3600 * SECOND);
    assert_eq!(stalls_at("lasts", watch.check()), []);
    clock.advance(3599 * SECOND);
    clock.advance(SECOND);
    let told = stalls_at("lasts", watch.check());
    assert_eq!((told.len(), &told[0].cause), (1, &Cause::NotSet));
    clock.advance(1800 * SECOND);
    assert_eq!(stalls_at("lasts", watch.check()), [], "it was told of");

    // Another wait is another stall.
    drop(wait);
    let wait = waiting(event.wait(), Waker::noop());
    clock.advance(3600 * SECOND);
    let told = stalls_at("lasts", watch.check());
    let [ended, new] = &told[..] else { panic!("{told:?}") };
    assert!(matches!(ended.phase, Phase::Ended { more: 0, .. }), "{ended}");
    assert_eq!(new.phase, Phase::New);
    drop(wait);
}

#[test]
fn a_wait_that_ends_in_time_is_not_told_of() {
    let clock = clock();
    let event = Event::named("in time");
    let mut wait = waiting(event.wait(), Waker::noop());
    event.set();
    assert!(poll(&mut wait, Waker::noop()).is_ready());
    clock.advance(SECOND);
    assert_eq!(stalls_at("in time", watch_mine(SECOND).check()), []);
}

#[test]
fn a_holder_that_has_gone_quiet() {
    clock();
    let lock = Lock::named("quiet", ());
    let holder = waiting(task("hoarder", hold_on(lock.acquire())), Waker::noop());
    let wait = waiting(lock.acquire(), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "quiet");
    let Cause::HolderQuiet(holds) = &stall.cause else { panic!("{stall}") };
    assert_eq!(holds[0].who.to_string(), "task \"hoarder\"");
    assert!(stall.to_string().contains("HOLDER GONE QUIET"), "{stall}");
    drop((holder, wait));
}

#[test]
fn a_line_that_moves_is_slow_and_no_more_and_told_of_again_when_it_stops() {
    let _alone = long();
    let clock = clock();
    let lock = Lock::named("moves", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let mut next = waiting(lock.acquire(), Waker::noop());
    let last = waiting(lock.acquire(), Waker::noop());
    let mut watch = watch_mine(1000 * SECOND);
    clock.advance(1000 * SECOND);
    drop(guard);
    let guard = poll(&mut next, Waker::noop());
    let stalls = stalls_at("moves", watch.check());
    assert!(matches!(&stalls[0].cause, Cause::Slow(_)), "{}", stalls[0]);
    clock.advance(1000 * SECOND);
    let stalls = stalls_at("moves", watch.check());
    assert!(matches!(&stalls[0].cause, Cause::HolderQuiet(_)), "{}", stalls[0]);
    clock.advance(500 * SECOND);
    assert_eq!(stalls_at("moves", watch.check()), [], "it is as it was");
    drop((guard, last));
}

#[test]
fn a_future_whose_turn_it_is_and_that_nobody_polls() {
    clock();
    let lock = Lock::named("futurelocked", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let unpolled = waiting(task("impatient", lock.acquire()), Waker::noop());
    let behind = waiting(task("behind", lock.acquire()), Waker::noop());
    drop(guard);
    let stall = told(&mut watch_mine(SECOND), "futurelocked");
    let Cause::WokenButUnpolled(wait) = &stall.cause else { panic!("{stall}") };
    assert_eq!(wait.who.to_string(), "task \"impatient\"");
    assert_eq!(stall.others, 1);
    drop((unpolled, behind));
}

#[test]
fn permits_whose_task_has_ended_are_leaked_where_the_rest_is_not_enough() {
    clock();
    let pool = Semaphore::named("leaks", 2);
    let kept = ready(task("ended", pool.acquire()), Waker::noop());
    let mut living = Box::pin(task("living", hold_on(pool.acquire())));
    assert!(poll(&mut living, Waker::noop()).is_pending());
    let one = waiting(pool.acquire(), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "leaks");
    assert!(
        matches!(stall.cause, Cause::HolderQuiet(_)),
        "the living one may give its back: {stall}"
    );
    drop(one);
    let two = waiting(pool.acquire_many(2), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "leaks");
    let Cause::Leaked(leaked) = &stall.cause else { panic!("{stall}") };
    assert_eq!(leaked[0].who.to_string(), "task \"ended\"");
    assert!(stall.to_string().contains(", which has ended since"), "{stall}");
    drop((two, kept, living));
}

#[test]
fn a_barrier_tells_who_has_come() {
    clock();
    let barrier = Barrier::named("short", 4);
    let arrived = ["one", "other"].map(|name| waiting(task(name, barrier.wait()), Waker::noop()));
    let stall = told(&mut watch_mine(SECOND), "short");
    let Cause::BarrierShort { missing, arrived: come } = &stall.cause else { panic!("{stall}") };
    assert_eq!((*missing, come.len()), (2, 2));
    assert_eq!(come[1].who.to_string(), "task \"other\"");
    assert!(stall.to_string().contains("BARRIER SHORT of 2: 2 of 4 parties have come"), "{stall}");
    drop(arrived);
}

#[test]
fn what_nobody_sets_notifies_or_releases_is_told_of_as_that() {
    clock();
    let event = Event::named("unset");
    let condition = Condition::named("unnotified", ());
    let pool = Semaphore::named("without permits", 0);
    let guard = condition.acquire().block();
    let waits = (
        waiting(event.wait(), Waker::noop()),
        waiting(condition.wait(guard), Waker::noop()),
        waiting(pool.acquire(), Waker::noop()),
    );
    clock().advance(SECOND);
    let all = watch_mine(SECOND).check();
    for (name, cause, text) in [
        ("unset", Cause::NotSet, "NOT SET"),
        ("unnotified", Cause::NotNotified, "NOT NOTIFIED"),
        ("without permits", Cause::NoPermits, "TOO FEW PERMITS"),
    ] {
        let stalls = stalls_at(name, all.clone());
        assert_eq!(stalls[0].cause, cause);
        assert!(stalls[0].to_string().contains(text), "{}", stalls[0]);
    }
    drop(waits);
}

#[test]
fn a_deadlock_is_told_of_with_its_cycle() {
    clock();
    let lock = Lock::named("told of", ());
    let wait = waiting(
        task("selfish", async {
            let one = lock.acquire().await;
            let other = lock.acquire().await;
            drop((one, other));
        }),
        Waker::noop(),
    );
    let stall = told(&mut watch_mine(SECOND), "told of");
    assert!(matches!(&stall.cause, Cause::Deadlocked(found) if found.edges.len() == 1), "{stall}");
    drop(wait);
}

#[test]
fn several_that_are_seen_at_once_are_one_stall() {
    clock();
    let event = Event::named("several");
    let waits: Vec<_> = (0..5).map(|_| waiting(event.wait(), Waker::noop())).collect();
    assert_eq!(told(&mut watch_mine(SECOND), "several").others, 4);
    drop(waits);
}

/// The watch sleeps in a thread until there is a waiter, and is woken by that.
#[test]
fn a_watch_in_a_thread_hands_its_stalls_over_until_it_is_dropped() {
    clock();
    let (told, tells) = mpsc::channel();
    let watching = watch_mine(SECOND).spawn(move |stall| {
        if stall.site.name.as_deref() == Some("in a thread") {
            let _ = told.send(stall);
        }
    });
    let event = Arc::new(Event::named("in a thread"));
    let wait = waiting(event.wait(), Waker::noop());
    clock().advance(SECOND);
    assert_eq!(tells.recv().unwrap().cause, Cause::NotSet);
    // Its end closes the channel. The wait goes on until then: its end would be reported as well.
    drop(watching);
    assert!(tells.recv().is_err());
    drop(wait);
}

#[test]
fn a_watch_as_a_stream_needs_no_runtime() {
    clock();
    let event = Event::named("as a stream");
    let wait = waiting(event.wait(), Waker::noop());
    let mut stalls = watch_mine(Duration::ZERO).stream();
    let stall = futures_lite::future::block_on(async {
        loop {
            let stall = stalls.next().await.expect("a stream of stalls never ends");
            if stall.site.name.as_deref() == Some("as a stream") {
                return stall;
            }
        }
    });
    assert_eq!(stall.cause, Cause::NotSet);
    drop(wait);
}

#[test]
fn as_an_iterator_it_blocks_until_there_is_one() {
    clock();
    let event = Event::named("as an iterator");
    thread::scope(|scope| {
        let told = scope.spawn(|| {
            watch_mine(SECOND).find(|stall| stall.site.name.as_deref() == Some("as an iterator"))
        });
        let wait = waiting(event.wait(), Waker::noop());
        clock().advance(SECOND);
        let stall = told.join().unwrap().expect("a watch that is not ended continues");
        assert_eq!(stall.cause, Cause::NotSet);
        drop(wait);
    });
}

#[test]
fn a_detached_watch_and_one_that_prints_go_on_and_end_as_told() {
    let printing = watch(Duration::MAX).print();
    assert!(format!("{printing:?}").contains("WatchThread"));
    drop(printing);
    watch(Duration::MAX).print().detach();
}

/// Between a release and the poll of the designated waiter no task holds the lock, and there is
/// progress.
#[test]
fn a_lock_that_is_on_its_way_to_the_next_is_slow_and_no_more() {
    let _alone = long();
    let clock = clock();
    let lock = Lock::named("on its way", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let next = waiting(lock.acquire(), Waker::noop());
    let last = waiting(lock.acquire(), Waker::noop());
    let mut watch = watch_mine(1000 * SECOND);
    clock.advance(1000 * SECOND);
    drop(guard);
    let stalls = stalls_at("on its way", watch.check());
    assert_eq!(stalls[0].cause, Cause::Slow(vec![]), "{}", stalls[0]);
    drop((next, last));
}

/// A release is not used up, so a waiter that is not polled holds nothing.
#[test]
fn one_who_does_not_come_back_from_an_event_is_not_why_others_wait_for_it() {
    clock();
    let event = Event::named("kept by no task");
    let mut watch = watch_mine(SECOND);
    let unpolled = waiting(event.wait(), Waker::noop());
    event.set();
    event.clear();
    clock().advance(SECOND);
    let stalls = stalls_at("kept by no task", watch.check());
    assert!(matches!(&stalls[0].cause, Cause::WokenButUnpolled(_)), "{}", stalls[0]);
    let waits = waiting(event.wait(), Waker::noop());
    clock().advance(SECOND);
    let stalls = stalls_at("kept by no task", watch_mine(SECOND).check());
    let waiting_for_set = stalls.iter().find(|stall| stall.cause == Cause::NotSet);
    assert!(waiting_for_set.is_none(), "one report for one primitive");
    drop(unpolled);
    let stalls = stalls_at("kept by no task", watch_mine(SECOND).check());
    assert_eq!(stalls[0].cause, Cause::NotSet, "{}", stalls[0]);
    drop(waits);
}

/// It waits for a task that waits for itself.
#[test]
fn who_waits_for_one_in_a_deadlock_is_told_of_that() {
    clock();
    let (inner, outer) = (Lock::named("deadlocked", ()), Lock::named("behind the deadlock", ()));
    let stuck = waiting(
        task("stuck", async {
            let all = (outer.acquire().await, inner.acquire().await);
            drop((inner.acquire().await, all));
        }),
        Waker::noop(),
    );
    let victim = waiting(task("victim", outer.acquire()), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "behind the deadlock");
    assert!(matches!(stall.cause, Cause::Deadlocked(_)), "{stall}");
    drop((victim, stuck));
}

/// All have come just now, after long: nothing stalls, unless one does not go on.
#[test]
fn one_who_was_woken_just_now_is_not_told_of() {
    let _alone = long();
    let clock = clock();
    let barrier = Barrier::named("complete", 2);
    let first = waiting(barrier.wait(), Waker::noop());
    let mut watch = watch_mine(1000 * SECOND);
    clock.advance(1000 * SECOND);
    assert_eq!(ready(barrier.wait(), Waker::noop()), Ok(1));
    assert_eq!(stalls_at("complete", watch.check()), []);
    clock.advance(1000 * SECOND);
    let stalls = stalls_at("complete", watch.check());
    assert!(matches!(&stalls[0].cause, Cause::WokenButUnpolled(_)), "{}", stalls[0]);
    drop(first);
}

#[test]
fn one_cause_is_reported_once_counted_at_growing_intervals_and_ended() {
    let _alone = long();
    let clock = clock();
    let lock = Lock::named("one cause", ());
    let holder = waiting(task("holder", hold_on(lock.acquire())), Waker::noop());
    let mut watch = watch_mine(SECOND);
    let mut reports = Vec::new();
    let mut waits = Vec::new();
    for _ in 0..60 {
        waits.extend((0..100).map(|_| waiting(lock.acquire(), Waker::noop())));
        clock.advance(SECOND);
        reports.extend(stalls_at("one cause", watch.check()));
    }
    drop((waits, holder));
    reports.extend(stalls_at("one cause", watch.check()));
    // At least as many seconds pass as are counted here: other tests move the clock as well.
    assert!((3..=7).contains(&reports.len()), "{} reports for 6000 waits", reports.len());
    assert_eq!(reports[0].phase, Phase::New);
    assert!(matches!(reports[1].phase, Phase::Still { more: 1.., .. }), "{}", reports[1]);
    let last = &reports[reports.len() - 1];
    assert!(matches!(last.phase, Phase::Ended { more: 5000.., .. }), "{last}");
    assert!(last.to_string().contains("ENDED after "), "{last}");
    assert!(last.to_string().contains(&format!("pid {}", std::process::id())), "{last}");
}

#[test]
fn idle_workers_and_a_shutdown_event_are_not_reported_unless_asked_for() {
    clock();
    let event = Event::named("idle");
    let idle = waiting(event.wait(), Waker::noop());
    clock().advance(SECOND);
    assert_eq!(
        stalls_at(
            "idle",
            watch(SECOND).filter(|site| site.name.as_deref() == Some("idle")).check()
        ),
        []
    );
    drop(idle);
    let lock = Lock::new(());
    let holds =
        waiting(task("holds meanwhile", hold_until(lock.acquire(), event.wait())), Waker::noop());
    clock().advance(SECOND);
    let stalls = stalls_at(
        "idle",
        watch(SECOND).filter(|site| site.name.as_deref() == Some("idle")).check(),
    );
    assert_eq!(stalls.len(), 1, "it keeps others waiting");
    drop(holds);
}

#[test]
fn a_report_that_panics_and_a_filter_that_panics_do_not_end_the_watch() {
    clock();
    let (told, tells) = mpsc::channel();
    let watching = watch(Duration::ZERO)
        .filter(|site| match site.name.as_deref() {
            Some("panics") => panic!("a filter"),
            _ => false,
        })
        .spawn(move |stall| {
            let _ = told.send(stall.site.id);
            panic!("a report");
        });
    for _ in 0..3 {
        let lock = Lock::named("panics", ());
        let guard = ready(lock.acquire(), Waker::noop());
        let wait = waiting(lock.acquire(), Waker::noop());
        clock().advance(SECOND);
        tells.recv().unwrap();
        drop((guard, wait));
    }
    assert!(watching.is_alive());
}

#[test]
fn a_quiet_holder_that_waits_itself_is_followed_to_the_root() {
    clock();
    let lock = Lock::named("chain: lock", ());
    let event = Event::named("chain: event");
    let holder = waiting(task("holder", hold_until(lock.acquire(), event.wait())), Waker::noop());
    let wait = waiting(task("victim", lock.acquire()), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "chain: lock");
    assert_eq!(stall.chain.len(), 1, "{stall}");
    assert_eq!(stall.chain[0].site.name.as_deref(), Some("chain: event"));
    assert_eq!(stall.root, None, "no holder is known of an event");
    drop((wait, holder));
    let holder = waiting(task("sleeper", hold_on(lock.acquire())), Waker::noop());
    let wait = waiting(task("victim", lock.acquire()), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "chain: lock");
    assert!(stall.to_string().contains("ROOT: task \"sleeper\" was last polled "), "{stall}");
    drop((wait, holder));
}

/// A task returns its permit. That is no leak, and once it was seen to be released elsewhere it is
/// an ordinary hold.
#[test]
fn a_permit_that_its_task_returned_is_not_called_a_leak() {
    clock();
    let pool = Arc::new(Semaphore::named("returned", 1));
    let check_out = || ready(task("checkout", pool.acquire_owned()), Waker::noop());
    let permit = check_out();
    let wait = waiting(pool.acquire(), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "returned");
    assert!(matches!(stall.cause, Cause::HolderEnded(_)), "{stall}");
    drop(wait);
    drop(permit);
    let permit = check_out();
    let wait = waiting(pool.acquire(), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "returned");
    assert!(matches!(stall.cause, Cause::HolderQuiet(_)), "{stall}");
    adopt(&permit);
    drop((wait, permit));
}

#[test]
fn a_permit_that_is_forgotten_here_and_released_there_is_no_leak() {
    clock();
    let pool = Semaphore::named("recurs", 1);
    for round in 0..2 {
        ready(task("forgets", pool.acquire()), Waker::noop()).forget();
        let wait = waiting(pool.acquire(), Waker::noop());
        let stall = told(&mut watch_mine(SECOND), "recurs");
        let is_leak = matches!(stall.cause, Cause::Leaked(_));
        assert_eq!(is_leak, round == 0, "{stall}");
        drop(wait);
        pool.release();
    }
}

#[test]
fn a_thread_that_has_ended_is_no_holder() {
    clock();
    let lock = Lock::named("ends", ());
    thread::scope(|scope| {
        scope.spawn(|| std::mem::forget(lock.acquire().block())).join().unwrap();
    });
    let wait = waiting(lock.acquire(), Waker::noop());
    let stall = told(&mut watch_mine(SECOND), "ends");
    assert!(matches!(stall.cause, Cause::Leaked(_)), "{stall}");
    drop(wait);
}
