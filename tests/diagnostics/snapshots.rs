//! What a snapshot shows.

use std::{
    future::Future,
    sync::Arc,
    task::{Poll, Waker},
    thread,
};

use awaitlist::{
    Barrier, Block, BoundedSemaphore, Condition, Event, Lock, Semaphore,
    diagnostics::{Actor, Kind, WaitState, snapshot, task},
};
use awaitlist_tests::TestWaker;

use crate::{SECOND, clock, find, hold_on, poll, ready, seen, waiting};

#[test]
fn a_lock_that_is_held_and_waited_for_is_shown_with_its_places_and_its_tasks() {
    let clock = clock();
    let lock = Lock::named("shown", ());
    let made = line!() - 1;
    let mut holder = Box::pin(task("holder", hold_on(lock.acquire())));
    let acquired = line!() - 1;
    assert!(poll(&mut holder, Waker::noop()).is_pending());
    let first = waiting(task("first", lock.acquire()), Waker::noop());
    clock.advance(2 * SECOND);
    let second = waiting(task("second", lock.acquire()), Waker::noop());
    let waited = line!() - 1;

    let shown = seen("shown");
    assert_eq!(shown.site.kind, Kind::Lock);
    assert_eq!((shown.site.created.file(), shown.site.created.line()), (file!(), made));
    assert_eq!(shown.permits, 1);
    let [hold] = &shown.holds[..] else { panic!("one holds it: {shown:?}") };
    assert_eq!(hold.who.to_string(), "task \"holder\"");
    assert_eq!((hold.at.file(), hold.at.line()), (file!(), acquired));
    assert!(snapshot().age(hold.since) >= 2 * SECOND);
    let [one, other] = &shown.waits[..] else { panic!("two wait: {shown:?}") };
    assert_eq!(one.who.to_string(), "task \"first\"");
    assert_eq!(one.state, WaitState::Queued { position: 1 });
    assert_eq!(other.at.line(), waited);
    assert_eq!(other.state, WaitState::Queued { position: 2 });

    drop((first, second, holder));
    assert_eq!(find(&snapshot(), "shown"), None, "it is not held or waited for");
}

#[test]
fn a_lock_that_was_tried_is_held_where_it_was_tried() {
    let lock = Arc::new(Lock::named("tried", ()));
    let guard = lock.try_acquire();
    let tried = line!() - 1;
    let at = seen("tried").holds[0].at;
    assert_eq!((at.file(), at.line()), (file!(), tried));
    drop(guard);
    let guard = lock.try_acquire_owned();
    let tried = line!() - 1;
    let at = seen("tried").holds[0].at;
    assert_eq!((at.file(), at.line()), (file!(), tried));
    drop(guard);
}

#[test]
fn one_who_is_woken_and_not_polled_is_shown_as_such_until_it_is_polled() {
    let lock = Lock::named("woken", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let mut first = waiting(task("first", lock.acquire()), Waker::noop());
    let second = waiting(lock.acquire(), Waker::noop());
    drop(guard);
    let shown = seen("woken");
    assert!(shown.holds.is_empty());
    assert!(shown.waits[0].woken().is_some());
    assert_eq!(shown.waits[1].state, WaitState::Queued { position: 1 });

    let guard = poll(&mut first, Waker::noop());
    let shown = seen("woken");
    assert_eq!(shown.holds[0].who.to_string(), "task \"first\"");
    assert_eq!(shown.waits.len(), 1);
    drop((guard, second));
}

#[test]
fn each_of_the_six_is_shown_by_its_kind() {
    let event = Event::named("six: event");
    let condition = Condition::named("six: condition", ());
    let semaphore = Semaphore::named("six: semaphore", 3);
    let bounded = BoundedSemaphore::named("six: bounded", 1);
    let barrier = Barrier::named("six: barrier", 2);
    let waker = Waker::noop();
    let guard = condition.acquire().block();
    let waits = (
        waiting(event.wait(), waker),
        waiting(condition.wait(guard), waker),
        waiting(barrier.wait(), waker),
    );
    let permits = (semaphore.try_acquire_many(2), bounded.try_acquire());
    let many = waiting(semaphore.acquire_many(2), waker);

    assert_eq!(seen("six: event").site.kind, Kind::Event);
    assert_eq!(seen("six: condition").site.kind, Kind::Condition);
    assert_eq!(seen("six: barrier").parties, 2);
    assert_eq!(seen("six: bounded").site.kind, Kind::BoundedSemaphore);
    let shown = seen("six: semaphore");
    assert_eq!((shown.permits, shown.holds[0].permits, shown.waits[0].permits), (3, 2, 2));
    drop((waits, permits, many));
}

#[test]
fn a_condition_that_was_notified_waits_for_its_lock() {
    let condition = Condition::named("relocks", ());
    let guard = condition.acquire().block();
    let mut wait = waiting(task("waiter", condition.wait(guard)), Waker::noop());
    let guard = condition.acquire().block();
    condition.notify(&guard, 1);
    assert!(poll(&mut wait, Waker::noop()).is_pending());
    let shown = seen("relocks");
    assert_eq!(shown.site.kind, Kind::Lock);
    assert_eq!(shown.waits[0].who.to_string(), "task \"waiter\"");
    drop(guard);
    let Poll::Ready(guard) = poll(&mut wait, Waker::noop()) else { panic!("it is its turn") };
    assert_eq!(seen("relocks").holds[0].who.to_string(), "task \"waiter\"");
    drop(guard);
}

#[test]
fn a_thread_that_blocks_is_known_by_itself() {
    let lock = Lock::named("blocked on", ());
    thread::scope(|scope| {
        let guard = lock.acquire().block();
        let holder = seen("blocked on").holds[0].who.clone();
        let here = thread::current().id();
        assert!(matches!(&holder, Actor::Thread(thread) if thread.thread().id() == here));
        let blocked = thread::Builder::new()
            .name(String::from("the blocked one"))
            .spawn_scoped(scope, || drop(lock.acquire().block()))
            .unwrap();
        while lock.waiters() == 0 {
            thread::yield_now();
        }
        assert_eq!(seen("blocked on").waits[0].who.to_string(), "thread \"the blocked one\"");
        drop(guard);
        blocked.join().unwrap();
    });
}

#[test]
fn tasks_that_a_blocking_thread_runs_are_not_the_thread() {
    let lock = Lock::named("in an executor", ());
    let family = TestWaker::new();
    let waker = family.waker();
    let guard = async { ready(lock.acquire(), &waker) }.block();
    assert!(matches!(seen("in an executor").holds[0].who, Actor::Waker(_)));
    drop(guard);
}

#[test]
fn an_unnamed_task_is_its_waker_which_is_kept_as_long() {
    let lock = Lock::named("unnamed", ());
    let family = TestWaker::new();
    let waker = family.waker();
    let guard = ready(lock.acquire(), &waker);
    assert_eq!(family.alive(), 2, "the one here, and the one that is kept");
    let other = waiting(lock.acquire(), &waker);
    let shown = seen("unnamed");
    assert_eq!(shown.holds[0].who, shown.waits[0].who, "it is the same");
    drop((guard, other));
    assert_eq!(family.alive(), 1);
}

#[test]
fn a_waker_that_does_nothing_is_nobody() {
    let lock = Lock::named("unknown holder", ());
    let one = ready(lock.acquire(), Waker::noop());
    let other = waiting(lock.acquire(), Waker::noop());
    let shown = seen("unknown holder");
    assert!(matches!(shown.holds[0].who, Actor::Unknown(_)));
    assert_ne!(shown.holds[0].who, shown.waits[0].who);
    drop((one, other));
}

#[test]
fn the_innermost_task_counts_and_the_outer_one_does_again_after_it() {
    let (inner, outer) = (Lock::named("inner", ()), Lock::named("outer", ()));
    let mut nested = Box::pin(task("outer", async {
        let one = task("inner", inner.acquire()).await;
        let other = outer.acquire().await;
        std::future::pending::<()>().await;
        drop((one, other));
    }));
    assert!(poll(&mut nested, Waker::noop()).is_pending());
    assert_eq!(seen("inner").holds[0].who.to_string(), "task \"inner\"");
    assert_eq!(seen("outer").holds[0].who.to_string(), "task \"outer\"");
    assert!(seen("inner").holds[0].who.has_ended());
    assert!(!seen("outer").holds[0].who.has_ended());
}

#[test]
fn a_wait_that_another_task_polls_is_that_ones() {
    let lock = Lock::named("handed over", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let (first, second) = (TestWaker::new(), TestWaker::new());
    let mut wait = waiting(lock.acquire(), &first.waker());
    let before = seen("handed over").waits[0].who.clone();
    assert!(poll(&mut wait, &second.waker()).is_pending());
    assert_ne!(seen("handed over").waits[0].who, before);
    assert_eq!(first.alive(), 0, "that of the first is not kept any longer");
    drop((guard, wait));
}

#[test]
fn the_report_says_it_in_words() {
    let clock = clock();
    let pool = Semaphore::named("in words", 2);
    let mut holder = Box::pin(task("hoarder", hold_on(pool.acquire_many(2))));
    assert!(poll(&mut holder, Waker::noop()).is_pending());
    let wait = waiting(task("beggar", pool.acquire()), Waker::noop());
    clock.advance(SECOND);
    let mut shown = snapshot();
    shown.primitives.retain(|one| one.site.name.as_deref() == Some("in words"));
    let text = shown.to_string();
    for part in [
        "Semaphore \"in words\" #",
        "made at ",
        "with 2 permits",
        "held by task \"hoarder\" for ",
        " (2 permits), acquired at ",
        "1. task \"beggar\" waits for ",
        "snapshots.rs:",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    drop(wait);
}

#[test]
fn the_drawing_has_an_arrow_for_each_hold_and_each_wait() {
    let lock = Lock::named("a \"drawn\" one", ());
    let mut holder = Box::pin(task("holder", hold_on(lock.acquire())));
    assert!(poll(&mut holder, Waker::noop()).is_pending());
    let wait = waiting(task("waiter", lock.acquire()), Waker::noop());
    let mut shown = snapshot();
    shown.primitives.retain(|one| one.site.name.as_deref() == Some("a \"drawn\" one"));
    let id = shown.primitives[0].site.id.get();
    let dot = shown.to_dot();
    assert!(dot.starts_with("digraph waits {") && dot.ends_with("}\n"), "{dot}");
    for part in [
        format!("p{id} -> a0 [label="),
        format!("a1 -> p{id} [label="),
        String::from("a0 [label=\"task \\\"holder\\\"\""),
        String::from("\\\"a \\\\\\\"drawn\\\\\\\" one\\\""),
    ] {
        assert!(dot.contains(&part), "{part:?} is not in\n{dot}");
    }
    drop(wait);
}

#[test]
fn an_empty_snapshot_says_so() {
    let mut empty = snapshot();
    empty.primitives.clear();
    assert_eq!(empty.to_string(), "Nothing is held or waited for.");
}

#[test]
fn a_task_that_panics_leaves_nothing_behind() {
    let lock = Lock::named("panics", ());
    let mut bad = Box::pin(task("bad", async {
        let _guard = lock.acquire().await;
        panic!("in the middle");
    }));
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut bad, Waker::noop())));
    assert!(panic.is_err());
    assert_eq!(find(&snapshot(), "panics"), None);
    let guard = lock.try_acquire();
    let holder = seen("panics").holds[0].who.to_string();
    assert!(holder.starts_with("a caller on thread"), "{holder} is not the task any more");
    drop(guard);
}

/// A future that is not polled waits for nothing.
#[test]
fn a_wait_that_was_not_polled_is_not_shown() {
    let event = Event::named("not polled");
    let wait: Box<dyn Future<Output = ()>> = Box::new(event.wait());
    assert_eq!(find(&snapshot(), "not polled"), None);
    drop(wait);
}

/// The hold that a wait for a notification begins with ends there, and so does what is kept for it.
#[test]
fn a_condition_that_is_waited_for_keeps_the_waker_of_no_hold() {
    let condition = Condition::named("keeps no hold", ());
    let family = TestWaker::new();
    let waker = family.waker();
    let guard = ready(condition.acquire(), &waker);
    assert_eq!(family.alive(), 2);
    let wait = waiting(condition.wait(guard), Waker::noop());
    assert_eq!(family.alive(), 1);
    drop(wait);
}

/// A task that is dropped has what it has until that is dropped.
#[test]
fn a_task_has_not_ended_before_its_future_has() {
    struct Looks<'a>(&'a Lock);

    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            assert!(self.0.locked());
            assert!(!seen("still there").holds[0].is_leaked());
        }
    }

    let lock = Lock::named("still there", ());
    let dropped = waiting(
        task("dropped", async {
            let _guard = lock.acquire().await;
            let _looks = Looks(&lock);
            std::future::pending::<()>().await;
        }),
        Waker::noop(),
    );
    drop(dropped);
    assert_eq!(find(&snapshot(), "still there"), None);
}
