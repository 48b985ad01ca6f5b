//! The words of a report that say what was learnt since, what a holder does, and who is first.

use std::{future::poll_fn, pin::Pin, process, sync::mpsc, task::Waker, thread, time::Duration};

use awaitlist::{
    Block, Event, Lock, Semaphore,
    diagnostics::{Cause, Certainty, Deadlock, Doubt, Phase, Stall, Watch, task, watch},
};
use awaitlist_tests::executor::Executor;
use futures_lite::future::yield_now;
use tokio::sync::oneshot;

use crate::{SECOND, clock, deadlocks_at, hold_on, poll, waiting};

fn watch_of(name: &'static str) -> Watch {
    watch(SECOND).filter(move |site| site.name.as_deref() == Some(name))
}

/// The one stall that a look finds, after a second.
#[track_caller]
fn told(watch: &mut Watch) -> Stall {
    clock().advance(SECOND);
    let mut stalls = watch.check();
    assert_eq!(stalls.len(), 1, "{stalls:?}");
    stalls.remove(0)
}

/// What a person does who sees the report: cancels one of the tasks. Or a timeout does.
#[test]
fn a_deadlock_that_ends_is_taken_back_and_the_same_waits_are_not_certain_again() {
    /// Two tasks that wait for each other.
    fn cross<'a>(executor: &Executor<'a>, one: &'a Lock, other: &'a Lock) -> impl Fn() + use<'a> {
        let cross = |first: &'a Lock, second: &'a Lock| async move {
            let _first = first.acquire().await;
            yield_now().await;
            let _second = second.acquire().await;
        };
        let tasks = [("A", one, other), ("B", other, one)]
            .map(|(name, first, second)| executor.spawn(task(name, cross(first, second))));
        executor.settle();
        move || tasks.iter().for_each(|task| _ = task.cancel())
    }

    clock();
    let (one, other) = (Lock::named("taken back", ()), Lock::named("taken back, too", ()));
    let executor = Executor::new();
    let cancel = cross(&executor, &one, &other);
    let mut watch = watch_of("taken back");
    let stall = told(&mut watch);
    assert!(
        stall.to_string().contains(&format!("Z pid {}] STALL: task ", process::id())),
        "{stall}"
    );
    assert!(stall.to_string().contains("\n  DEADLOCK: "), "{stall}");
    cancel();
    let ended = told(&mut watch);
    assert!(matches!(ended.phase, Phase::Ended { .. }), "{ended}");
    let text = ended.to_string();
    assert!(
        text.contains("] ENDED after ") && text.contains(": DEADLOCK; Lock \"taken back\" #"),
        "{text}"
    );
    assert!(text.contains("\n  so it was no deadlock: a wait was given up, "), "{text}");

    let cancel = cross(&executor, &one, &other);
    let found = deadlocks_at("taken back");
    let [Deadlock { certainty, doubts, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(*certainty, Certainty::Possible);
    assert!(doubts.iter().any(|doubt| matches!(doubt, Doubt::GivenUp(_))), "{doubts:?}");
    cancel();
}

/// Lets a thread go on that waits for the event, also if the test fails.
struct Sets<'a>(&'a Event);

impl Drop for Sets<'_> {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// The poll of a holder's task does not return: for a reason that is not known, since it is in
/// `block()` for something else, and since it is there for a primitive.
#[test]
fn a_holder_that_is_polled_for_long_is_shown_with_its_thread_and_whether_that_blocks() {
    clock();
    let (lock, go) = (Lock::named("held in a poll", ()), Event::named("blocks a thread"));
    let (lock, go) = (&lock, &go);
    thread::scope(|scope| {
        let _sets = Sets(go);
        let (begin, begun) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let (stop, mut stopped) = oneshot::channel::<()>();
        let polls = move || {
            let mut busy = Box::pin(task("busy", async move {
                let guard = lock.acquire().await;
                begin.send(()).unwrap();
                let _ = ends.recv();
                let other = poll_fn(|context| {
                    let _ = begin.send(());
                    Pin::new(&mut stopped).poll(context)
                });
                let _ = other.block();
                go.wait().block();
                drop(guard);
            }));
            assert!(poll(&mut busy, Waker::noop()).is_ready());
        };
        let worker = thread::Builder::new().name(String::from("a worker"));
        worker.spawn_scoped(scope, polls).unwrap();
        begun.recv().unwrap();
        let wait = waiting(lock.acquire(), Waker::noop());
        let report = || {
            let stall = told(&mut watch_of("held in a poll"));
            assert!(matches!(stall.cause, Cause::HolderQuiet(_)), "{stall}");
            stall.to_string()
        };
        let polled = |report: String| {
            let (_, after) = report.split_once("\n  ROOT: task \"busy\" has been polled for ")?;
            let (_, after) = after.split_once(" s on thread \"a worker\"")?;
            Some(after.lines().next().unwrap_or_default().to_owned())
        };
        assert_eq!(polled(report()).as_deref(), Some(""));

        drop(end);
        begun.recv().unwrap();
        assert_eq!(polled(report()).as_deref(), Some(", which sits in `block()`"));

        drop(stop);
        while go.waiters() == 0 {
            thread::yield_now();
        }
        let report = report();
        let (_, after) = report.split_once("\n    task \"busy\" waits at ").expect(&report);
        let blocks = "\n      and blocks thread \"a worker\", which sits in `block()`\n";
        assert!(after.contains(" for Event \"blocks a thread\" #"), "{report}");
        assert!(after.contains(blocks), "{report}");
        drop(wait);
    });
}

/// The lock is designated to a task that the thread would run that blocks. Nothing is kept in a
/// variable, so it is no futurelock.
#[test]
fn a_task_that_cannot_run_since_its_thread_blocks_is_told_from_a_futurelock() {
    clock();
    let (lock, go) = (Lock::named("cannot run", ()), Event::named("blocks the runtime"));
    let (lock, go) = (&lock, &go);
    thread::scope(|scope| {
        let _sets = Sets(go);
        let (begin, begun) = mpsc::channel();
        let runs = move || {
            let mut stuck = Box::pin(task("stuck", async { drop(lock.acquire().await) }));
            assert!(poll(&mut stuck, Waker::noop()).is_pending());
            begin.send(()).unwrap();
            go.wait().block();
            assert!(poll(&mut stuck, Waker::noop()).is_ready());
        };
        let guard = lock.try_acquire().unwrap();
        let runtime = thread::Builder::new().name(String::from("a runtime"));
        runtime.spawn_scoped(scope, runs).unwrap();
        begun.recv().unwrap();
        while go.waiters() == 0 {
            thread::yield_now();
        }
        // It was polled before it was woken.
        clock().advance(SECOND / 2);
        drop(guard);
        let stall = told(&mut watch_of("cannot run"));
        let text = stall.to_string();
        let whole = "WOKEN BUT NOT POLLED: the whole task has not been polled since; its runtime is \
                     busy, or blocked: it was last polled on thread \"a runtime\", which sits in \
                     `block()`\n    -> task \"stuck\" was woken ";
        assert!(text.contains(whole), "{text}");
    });
}

/// A permit is free, but the first in line wants more than that.
#[test]
fn what_the_first_in_line_wants_and_what_is_available_is_said() {
    clock();
    let pool = Semaphore::named("wants more", 4);
    let holder = waiting(task("holder", hold_on(pool.acquire())), Waker::noop());
    let first = waiting(task("first", pool.acquire_many(5)), Waker::noop());
    let second = waiting(task("second", pool.acquire()), Waker::noop());
    let stall = told(&mut watch_of("wants more"));
    assert_eq!(
        (stall.wait.who.to_string(), stall.permits),
        ("task \"first\"".into(), Some((5, 3)))
    );
    let text = stall.to_string();
    assert!(text.contains(" (and 1 more)\n"), "{text}");
    assert!(text.contains("\n    the first in line wants 5, 3 are available\n"), "{text}");
    drop((first, second, holder));
}

#[test]
fn a_cause_that_lasts_is_counted() {
    clock();
    let lock = Lock::named("is counted", ());
    let holder = waiting(task("holder", hold_on(lock.acquire())), Waker::noop());
    let mut waits = vec![waiting(lock.acquire(), Waker::noop())];
    let mut watch = watch_of("is counted");
    assert_eq!(told(&mut watch).phase, Phase::New);
    waits.extend((0..10).map(|_| waiting(lock.acquire(), Waker::noop())));
    clock().advance(Duration::from_secs(5));
    let still = told(&mut watch);
    assert!(matches!(still.phase, Phase::Still { more: 10, .. }), "{still}");
    let text = still.to_string();
    assert!(
        text.contains("] STILL after ") && text.contains(": HOLDER GONE QUIET; Lock "),
        "{text}"
    );
    assert!(text.contains("\n  10 more waits since, ") && text.ends_with(" per second"), "{text}");
    drop((waits, holder));
}
