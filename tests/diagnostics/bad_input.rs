//! What is asked at the wrong time, or too much of it: each is defined, and nothing is locked up.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    panic,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::Waker,
    thread,
    time::Duration,
};

use awaitlist::{
    Block, Event, Lock, LockGuard, Semaphore,
    diagnostics::{
        Actor, Deadlock, Doubt, ManualClock, Phase, Site, deadlocks, set_clock, set_namer,
        snapshot, task, watch,
    },
    lock,
};
use awaitlist_tests::TestWaker;

use crate::{SECOND, clock, find, poll, ready, seen, stalls_at, waiting};

#[test]
fn a_threshold_of_zero_reports_every_wait_that_is_seen_and_each_cause_once() {
    clock();
    let event = Event::named("zero");
    let first = waiting(event.wait(), Waker::noop());
    let mut watch =
        watch(Duration::ZERO).with_idle_waits().filter(|site| site.name.as_deref() == Some("zero"));
    assert_eq!(stalls_at("zero", watch.check()).len(), 1);
    assert_eq!(stalls_at("zero", watch.check()), []);
    let second = waiting(event.wait(), Waker::noop());
    assert_eq!(stalls_at("zero", watch.check()), [], "it has the same cause");
    drop((first, second));
}

#[test]
fn a_threshold_that_no_clock_reaches_tells_of_nothing() {
    let event = Event::named("endless");
    let wait = waiting(event.wait(), Waker::noop());
    let mut watch = watch(Duration::MAX);
    clock().advance(SECOND);
    assert_eq!(watch.check(), []);
    drop(wait);
}

#[test]
fn a_watch_may_be_dropped_with_stalls_that_it_has_not_told_of() {
    let (one, other) = (Event::named("dropped: one"), Event::named("dropped: other"));
    let waits = (waiting(one.wait(), Waker::noop()), waiting(other.wait(), Waker::noop()));
    let mut watch = watch(SECOND)
        .with_idle_waits()
        .filter(|site| site.name.as_deref().is_some_and(|name| name.starts_with("dropped: ")));
    clock().advance(SECOND);
    assert!(watch.next().is_some(), "and at least one more is pending");
    drop(watch);
    drop(waits);
}

/// The drop does not wait for the report. After the report there is no other.
#[test]
fn a_watch_may_be_dropped_while_its_report_runs() {
    clock();
    let lock = Lock::named("dropped midway", ());
    let guard = lock.try_acquire();
    let wait = waiting(lock.acquire(), Waker::noop());
    let (begin, begun) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let watching = watch(Duration::ZERO)
        .filter(|site| site.name.as_deref() == Some("dropped midway"))
        .spawn(move |stall| {
            let _ = begin.send(stall.phase);
            let _ = ends.recv();
        });
    assert_eq!(begun.recv(), Ok(Phase::New));
    drop(watching);
    // It would be reported that it has ended.
    drop((wait, guard));
    clock().advance(SECOND);
    drop(end);
    assert!(begun.recv().is_err(), "the thread ends");
}

#[test]
fn a_snapshot_may_be_taken_in_a_waker_at_every_step() {
    let lock = Arc::new(Lock::named("in a waker", ()));
    let looks = Arc::new(AtomicUsize::new(0));
    let look = || {
        let looks = Arc::clone(&looks);
        move || {
            let shown = snapshot();
            let _ = (deadlocks(), shown.to_string(), shown.to_dot());
            looks.fetch_add(1, SeqCst);
        }
    };
    let family = TestWaker::new().on_clone(look()).on_wake(look()).on_drop(look());
    let waker = family.waker();
    for _ in 0..3 {
        let guard = ready(lock.acquire(), &waker);
        let mut queued = waiting(lock.acquire(), &waker);
        let cancelled = waiting(lock.acquire(), &waker);
        drop(guard);
        assert!(poll(&mut queued, &waker).is_ready());
        drop(cancelled);
    }
    let seen = looks.load(SeqCst);
    assert!(seen >= 3 * 4, "it was looked {seen} times");
    assert_eq!(find(&snapshot(), "in a waker"), None);
}

thread_local! {
    /// What the hook that names tasks does on this thread.
    static NAMER: Cell<fn() -> Option<String>> = const { Cell::new(|| None) };
}

/// Has the process' only hook do that, as long as `meanwhile` runs on this thread.
fn with_namer<R>(namer: fn() -> Option<String>, meanwhile: impl FnOnce() -> R) -> R {
    // It is set already if another test was here before.
    let _ = set_namer(|| NAMER.get()());
    let before = NAMER.replace(namer);
    let result = meanwhile();
    NAMER.set(before);
    result
}

/// A payload of a panic whose drop panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload of a panic");
    }
}

#[test]
fn a_namer_that_panics_leaves_the_task_without_a_name_and_the_lock_as_it_is() {
    let namers: [fn() -> Option<String>; 2] = [|| panic!("a namer"), || panic::panic_any(Bomb)];
    let family = TestWaker::new();
    let waker = family.waker();
    for namer in namers {
        let lock = Lock::named("badly named", ());
        with_namer(namer, || {
            let guard = ready(lock.acquire(), &waker);
            let mut queued = waiting(lock.acquire(), &waker);
            let shown = seen("badly named");
            for who in [&shown.holds[0].who, &shown.waits[0].who] {
                assert!(matches!(who, Actor::Waker(waker) if waker.label().is_none()), "{who}");
            }
            drop(guard);
            assert!(poll(&mut queued, &waker).is_ready());
        });
        assert!(lock.try_acquire().is_some());
    }
}

#[test]
fn a_namer_may_look_at_what_is_held_and_waited_for() {
    let family = TestWaker::new();
    let waker = family.waker();
    let lock = Lock::named("named by looking", ());
    let namer = || {
        let _ = deadlocks();
        Some(format!("one of {}", snapshot().primitives.len().min(1)))
    };
    with_namer(namer, || {
        let guard = ready(lock.acquire(), &waker);
        let wait = waiting(lock.acquire(), &waker);
        assert_eq!(seen("named by looking").waits[0].who.to_string(), "task \"one of 1\"");
        drop((wait, guard));
    });
}

/// The name that the hook gave is the former waiter's.
#[test]
fn a_wait_that_is_passed_on_has_the_name_of_the_task_that_polls_it() {
    let family = TestWaker::new();
    let waker = family.waker();
    let lock = Lock::named("passed on", ());
    let guard = ready(lock.acquire(), &waker);
    let queue = || with_namer(|| Some("hooked".to_owned()), || waiting(lock.acquire(), &waker));
    let first_waiter = || seen("passed on").waits[0].who.to_string();
    for retried in [false, true] {
        if retried {
            let wait = queue();
            clock().advance(SECOND);
            drop(wait);
        }
        let mut wait = queue();
        assert_eq!(seen("passed on").waits[0].attempts_before, usize::from(retried));
        assert_eq!(first_waiter(), "task \"hooked\"");
        let _ = ready(task("named", async { poll(&mut wait, &waker).is_pending() }), &waker);
        assert_eq!(first_waiter(), "task \"named\"");
        let other = TestWaker::new();
        assert!(poll(&mut wait, &other.waker()).is_pending());
        assert!(!first_waiter().contains("hooked"), "{}", first_waiter());
    }
    drop(guard);
}

/// The name is made before anything is recorded.
#[test]
fn a_name_that_cannot_be_made_is_a_panic_and_no_more() {
    struct Unnameable;

    impl From<Unnameable> for Cow<'static, str> {
        fn from(_: Unnameable) -> Self {
            panic!("a name")
        }
    }

    let named = panic::catch_unwind(|| Lock::named("cannot be made", ()).with_name(Unnameable));
    assert!(named.is_err());
    let long = "long ".repeat(100_000);
    let lock = Lock::named("cannot be made", ()).with_name(long.clone());
    let guard = lock.try_acquire();
    assert_eq!(find(&snapshot(), "cannot be made"), None);
    assert_eq!(seen(&long).site.name.as_deref(), Some(&*long));
    let (empty, odd) = (Lock::new(()).with_name(""), Lock::new(()).with_name("\"\0\n</script>"));
    let others = (empty.try_acquire(), odd.try_acquire());
    let shown = snapshot();
    assert!(shown.to_string().contains("Lock \"\" #"));
    assert!(serde_json::from_str::<serde_json::Value>(&shown.to_json()).is_ok());
    assert!(!shown.to_json().contains("</script>"));
    drop((guard, others));
}

/// A filter is called for each primitive on which a wait lasts. Those on which it panics are
/// reported, the others as it says.
#[test]
fn a_filter_that_panics_at_times_reports_those_and_filters_the_others() {
    clock();
    let locks =
        ["filtered: bad", "filtered: out", "filtered: in"].map(|name| Lock::named(name, ()));
    let guards = locks.each_ref().map(|lock| lock.try_acquire());
    let waits = locks.each_ref().map(|lock| waiting(lock.acquire(), Waker::noop()));
    let mut watch = watch(SECOND).filter(|site| match site.name.as_deref() {
        Some("filtered: bad") => panic::panic_any(Bomb),
        name => name == Some("filtered: in"),
    });
    clock().advance(SECOND);
    let told: Vec<_> = watch.check().into_iter().map(|stall| stall.site.name.unwrap()).collect();
    assert_eq!(
        told.iter().map(|name| &**name).collect::<Vec<_>>(),
        ["filtered: bad", "filtered: in"]
    );
    drop((waits, guards));
}

/// Every thread but the one that asks sits in `block`.
#[test]
fn a_snapshot_may_be_taken_while_every_thread_blocks() {
    let lock = Lock::named("all block", ());
    thread::scope(|scope| {
        let guard = lock.acquire().block();
        let blocked: Vec<_> =
            (0..4).map(|_| scope.spawn(|| drop(lock.acquire().block()))).collect();
        while seen("all block").waits.len() < blocked.len() {
            thread::yield_now();
        }
        // It returns. Other deadlocks, which come and go, may be among the results.
        let _ = deadlocks();
        drop(guard);
        for thread in blocked {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_million_waiters_are_seen_and_told_of_and_do_not_lock_anything_up() {
    const WAITERS: usize = 1_000_000;
    let semaphore = Arc::new(Semaphore::named("a million", 0));
    let mut waits: Vec<_> = (0..WAITERS).map(|_| Box::pin(semaphore.acquire())).collect();
    for wait in &mut waits {
        assert!(poll(wait, Waker::noop()).is_pending());
    }
    let shown = seen("a million");
    assert_eq!(shown.waits.len(), WAITERS);
    let last = shown.waits.last().unwrap();
    assert_eq!(last.state, awaitlist::diagnostics::WaitState::Queued { position: WAITERS });

    let mut watch = watch(SECOND);
    clock().advance(SECOND);
    let told = stalls_at("a million", watch.check());
    assert_eq!((told.len(), told[0].others), (1, WAITERS - 1), "as one");
    assert!(told[0].to_string().contains("(and 999999 more)"));

    // Others use it while it is looked at.
    let start = Barrier::new(2);
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            start.wait();
            (0..3).map(|_| seen("a million").waits.len()).max()
        });
        start.wait();
        for wait in waits.drain(..WAITERS / 2) {
            drop(wait);
        }
        semaphore.release_many(1);
        assert!(looking.join().unwrap() <= Some(WAITERS));
    });
    drop(waits);
    assert_eq!(find(&snapshot(), "a million"), None);
}

#[test]
fn a_clock_is_set_once() {
    clock();
    static OTHER: ManualClock = ManualClock::new();
    let refused = set_clock(&OTHER).unwrap_err();
    assert_eq!(refused.to_string(), "the clock of the diagnostics is set already");
}

/// The callback is the user's: while it runs, the primitives and the diagnostics are to be used.
#[test]
fn a_report_may_use_what_it_is_told_of() {
    clock();
    let lock = Arc::new(Lock::named("used in a report", 1));
    let guard = lock.acquire_owned().block();
    let wait = waiting(lock.acquire(), Waker::noop());
    let (told, tells) = mpsc::channel();
    let mine = Arc::clone(&lock);
    let is_mine = |site: &Site| site.name.as_deref() == Some("used in a report");
    let watching = watch(Duration::ZERO).filter(is_mine).spawn(move |stall| {
        if stall.site.name.as_deref() == Some("used in a report") {
            let free = mine.try_acquire().is_some();
            let _ = told.send((free, snapshot().primitives.len()));
        }
    });
    let (free, primitives) = tells.recv().unwrap();
    assert!(!free && primitives > 0);
    drop((watching, wait, guard));
}

/// Records are used again, so what is seen is never of another primitive.
#[test]
fn a_hundred_thousand_short_lived_locks_are_seen_right_or_not_at_all() {
    const EACH: usize = 50_000;
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for name in ["short-lived 1", "short-lived 2"] {
            let done = &done;
            scope.spawn(move || {
                for _ in 0..EACH {
                    let lock = Lock::named(name, ());
                    let guard = ready(task(name, lock.acquire()), Waker::noop());
                    drop(guard);
                }
                done.fetch_add(1, SeqCst);
            });
        }
        while done.load(SeqCst) < 2 {
            for one in snapshot().primitives {
                let name = one.site.name.as_deref().filter(|name| name.starts_with("short-lived"));
                for hold in one.holds.iter().filter(|_| name.is_some()) {
                    assert_eq!(hold.who.to_string(), format!("task {:?}", name.unwrap()));
                }
            }
        }
    });
    assert_eq!(find(&snapshot(), "short-lived 1"), None);
}

/// A hold has only the number of its holder. The name is kept as long as the hold lasts.
#[test]
fn a_holder_that_has_ended_keeps_its_name_whatever_ends_after_it() {
    const OTHERS: usize = 500;
    let (lock, pool) = (Arc::new(Lock::named("of an ended task", ())), Semaphore::new(OTHERS));
    let guard = ready(task("has ended", lock.acquire_owned()), Waker::noop());
    let of_thread = Lock::named("of an ended thread", ());
    let of_thread = &of_thread;
    let other = thread::scope(|scope| {
        let named = thread::Builder::new().name(String::from("has ended too"));
        let thread = named.spawn_scoped(scope, || of_thread.acquire().block());
        thread.unwrap().join().unwrap()
    });
    for _ in 0..OTHERS {
        // These end as well, with a guard that moves.
        let other = Arc::new(Lock::new(()));
        drop(ready(task("another", other.acquire_owned()), Waker::noop()));
        let permit = thread::scope(|scope| scope.spawn(|| pool.try_acquire()).join().unwrap());
        drop(permit);
    }
    let holder = seen("of an ended task").holds[0].who.clone();
    assert_eq!((holder.to_string(), holder.has_ended()), ("task \"has ended\"".into(), true));
    let holder = seen("of an ended thread").holds[0].who.clone();
    assert_eq!(holder.to_string(), "thread \"has ended too\"");
    drop((guard, other));
}

/// A guard that is kept in a thread-local is released by its thread, though what the diagnostics
/// know of the thread is gone by then.
#[test]
fn a_guard_that_a_thread_local_drops_has_not_moved() {
    static LOCK: Lock = Lock::named("kept by a thread-local", ());

    thread_local! {
        static KEPT: RefCell<Option<LockGuard<'static, ()>>> = const { RefCell::new(None) };
    }

    /// One call site, which is seen to do what it does.
    fn acquire() -> lock::Acquire<(), &'static Lock> {
        LOCK.acquire()
    }

    thread::spawn(|| {
        // Its destructor is registered first, and so runs last.
        KEPT.set(None);
        KEPT.set(Some(acquire().block()));
    })
    .join()
    .unwrap();
    assert!(!LOCK.locked());

    let mut twice = Box::pin(task("twice", async {
        let _guard = acquire().await;
        drop(acquire().await);
    }));
    assert!(poll(&mut twice, Waker::noop()).is_pending());
    let is_of = |deadlock: &Deadlock| {
        deadlock
            .edges
            .iter()
            .any(|edge| edge.site.name.as_deref() == Some("kept by a thread-local"))
    };
    let deadlock = deadlocks().into_iter().find(is_of).expect("it waits for itself");
    let has_moved = |doubt: &Doubt| matches!(doubt, Doubt::Moved(_));
    assert!(!deadlock.doubts.iter().any(has_moved), "{deadlock}");
}

/// Also one that is dropped when what the diagnostics know of the thread is gone already.
#[test]
fn a_thread_local_may_acquire_and_look_while_it_is_dropped() {
    struct Looks(Arc<Lock>, mpsc::Sender<usize>);

    impl Drop for Looks {
        fn drop(&mut self) {
            let guard = self.0.acquire().block();
            let _ = deadlocks();
            let _ = self.1.send(seen("in a destructor").holds.len());
            drop(guard);
            drop(self.0.try_acquire());
        }
    }

    thread_local! {
        static FIRST: RefCell<Option<Looks>> = const { RefCell::new(None) };
        static LAST: RefCell<Option<Looks>> = const { RefCell::new(None) };
    }

    let lock = Arc::new(Lock::named("in a destructor", ()));
    let (sender, holds) = mpsc::channel();
    let looks = || Looks(Arc::clone(&lock), sender.clone());
    let (first, last) = (looks(), looks());
    thread::spawn(move || {
        FIRST.set(Some(first));
        drop(last.0.acquire().block());
        LAST.set(Some(last));
    })
    .join()
    .unwrap();
    drop(sender);
    assert_eq!(holds.iter().collect::<Vec<_>>(), [1, 1]);
    assert_eq!(find(&snapshot(), "in a destructor"), None);
}
