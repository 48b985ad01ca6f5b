//! A waker that panics as it is cloned has not been left anywhere. One that panics as it is dropped
//! is gone all the same.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{TestWaker, caught, now, poll, waiting};
use std::{future::pending, panic::Location, pin::Pin, sync::Arc, task::Waker, thread};

/// Wakers that cannot be cloned.
fn not_cloned() -> TestWaker {
    TestWaker::new().on_clone(|| panic!("cloned"))
}

/// Wakers whose clones panic when they are dropped. The first of the family is leaked, so that it
/// does not.
fn not_dropped() -> (TestWaker, Waker) {
    let test_waker = TestWaker::new().on_drop(|| {
        if !thread::panicking() {
            panic!("dropped");
        }
    });
    let waker = test_waker.waker();
    (test_waker, waker)
}

/// Drops a waker that panics as it is dropped.
fn drop_quietly(waker: Waker) {
    assert_eq!(caught(|| drop(waker)).message, "dropped");
}

/// First a clone panics as the future would queue, then as it would change its waker. After each of
/// these it waits on as if that poll had not been.
#[track_caller]
fn a_failed_clone_changes_nothing<F: Future>(
    future: F,
    waiters: impl Fn() -> usize,
    wake: impl FnOnce(),
) {
    let caller = Location::caller();
    let mut future = Box::pin(future);
    let bad = not_cloned();
    let before = waiters();
    assert_eq!(caught(|| poll(&mut future, &bad.waker())).message, "cloned");
    assert_eq!(waiters(), before, "{caller}");
    let good = TestWaker::new();
    assert!(poll(&mut future, &good.waker()).is_pending());
    assert_eq!(waiters(), before + 1, "{caller}");
    assert_eq!(caught(|| poll(&mut future, &bad.waker())).message, "cloned");
    assert_eq!(waiters(), before + 1, "{caller}");
    wake();
    assert_eq!((good.wakes(), bad.alive()), (1, 0), "{caller}");
    assert!(poll(&mut future, &bad.waker()).is_ready(), "{caller}");
    drop(future);
    assert_eq!(waiters(), before, "{caller}");
}

#[test]
fn a_clone_that_panics_in_a_wait_for_a_lock_or_permits() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    a_failed_clone_changes_nothing(lock.acquire(), || lock.waiters(), || drop(held));
    assert!(!lock.locked());
    let semaphore = Semaphore::new(0);
    let release = || semaphore.release_many(2);
    a_failed_clone_changes_nothing(semaphore.acquire_many(2), || semaphore.waiters(), release);
    assert_eq!(semaphore.value(), 2);
    let bounded = BoundedSemaphore::new(1);
    now(bounded.acquire()).forget();
    let release = || bounded.release().unwrap();
    a_failed_clone_changes_nothing(bounded.acquire(), || bounded.waiters(), release);
    assert_eq!(bounded.value(), 1);
}

#[test]
fn a_clone_that_panics_in_a_wait_for_an_event_or_at_a_barrier() {
    let event = Event::new();
    a_failed_clone_changes_nothing(event.wait(), || event.waiters(), || event.set());
    let barrier = Barrier::new(2);
    let trip = || assert_eq!(now(barrier.wait()), Ok(1));
    a_failed_clone_changes_nothing(barrier.wait(), || barrier.n_waiting(), trip);
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
}

#[test]
fn a_clone_that_panics_in_a_wait_for_a_condition() {
    let condition = Condition::new(());
    let waiters = || condition.waiters();
    let notify = || condition.notify(&now(condition.acquire()), 1);
    let wait = condition.wait(now(condition.acquire()));
    a_failed_clone_changes_nothing(wait, waiters, notify);
    let wait = condition.wait_or(now(condition.acquire()), pending::<()>());
    a_failed_clone_changes_nothing(wait, waiters, notify);
    assert!(!condition.locked());
}

#[test]
fn a_condition_wait_whose_clone_panicked_has_the_lock_still_and_its_drop_releases_it() {
    let condition = Condition::new(());
    let mut wait = Box::pin(condition.wait(now(condition.acquire())));
    caught(|| poll(&mut wait, &not_cloned().waker()));
    assert!(condition.locked());
    drop(wait);
    assert!(!condition.locked());
}

#[test]
fn a_clone_that_panics_as_a_notified_one_goes_for_the_lock_keeps_the_notification() {
    let condition = Condition::new(());
    let mut first = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    let second_probe = TestWaker::new();
    let second = waiting(condition.wait(now(condition.acquire())), &second_probe.waker());
    let held = now(condition.acquire());
    condition.notify(&held, 1);
    caught(|| poll(&mut first, &not_cloned().waker()));
    assert_eq!(second_probe.wakes(), 0);
    drop(first);
    assert_eq!(second_probe.wakes(), 1);
    drop(held);
    drop(second);
}

/// A future's waker is replaced by another one, or dropped with it; that panics, and everything
/// else is as it should.
#[track_caller]
fn a_failed_drop_of_a_waker_costs_nothing_else<F: Future>(
    mut make: impl FnMut() -> F,
    waiters: impl Fn() -> usize,
) -> (Pin<Box<F>>, TestWaker) {
    let caller = Location::caller();
    let (bad, first) = not_dropped();
    let before = waiters();
    let mut future = waiting(make(), &first);
    let good = TestWaker::new();
    assert_eq!(caught(|| poll(&mut future, &good.waker())).message, "dropped");
    assert_eq!((waiters(), good.alive(), bad.alive()), (before + 1, 1, 1), "{caller}");
    let dropped = waiting(make(), &first);
    assert_eq!(waiters(), before + 2, "{caller}");
    assert_eq!(caught(|| drop(dropped)).message, "dropped");
    assert_eq!((waiters(), bad.alive()), (before + 1, 1), "{caller}");
    drop_quietly(first);
    assert!(poll(&mut future, &good.waker()).is_pending());
    (future, good)
}

#[test]
fn a_drop_that_panics_in_a_wait_for_a_lock_or_permits() {
    let lock = Arc::new(Lock::new(()));
    let held = now(lock.acquire());
    let (mut wait, test_waker) =
        a_failed_drop_of_a_waker_costs_nothing_else(|| lock.acquire_owned(), || lock.waiters());
    drop(held);
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut wait, Waker::noop()).is_ready());
    drop(wait);
    assert_eq!((lock.locked(), lock.waiters(), Arc::strong_count(&lock)), (false, 0, 1));

    let semaphore = Arc::new(Semaphore::new(0));
    let (mut wait, test_waker) = a_failed_drop_of_a_waker_costs_nothing_else(
        || semaphore.acquire_many_owned(2),
        || semaphore.waiters(),
    );
    semaphore.release_many(2);
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut wait, Waker::noop()).is_ready());
    drop(wait);
    assert_eq!((semaphore.value(), Arc::strong_count(&semaphore)), (2, 1));
}

#[test]
fn a_drop_that_panics_in_a_wait_for_an_event_or_at_a_barrier() {
    let event = Arc::new(Event::new());
    let (mut wait, test_waker) =
        a_failed_drop_of_a_waker_costs_nothing_else(|| event.wait_owned(), || event.waiters());
    event.set();
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut wait, Waker::noop()).is_ready());
    drop(wait);
    assert_eq!((event.waiters(), Arc::strong_count(&event)), (0, 1));

    let barrier = Arc::new(Barrier::new(3));
    let (mut wait, test_waker) = a_failed_drop_of_a_waker_costs_nothing_else(
        || barrier.wait_owned(),
        || barrier.n_waiting(),
    );
    let second = waiting(barrier.wait(), Waker::noop());
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut wait, Waker::noop()).is_ready());
    drop((wait, second));
    assert_eq!(Arc::strong_count(&barrier), 1);
}

#[test]
fn a_drop_that_panics_in_a_wait_for_a_condition() {
    let condition = Arc::new(Condition::new(()));
    let (mut wait, test_waker) = a_failed_drop_of_a_waker_costs_nothing_else(
        || condition.wait(now(condition.acquire())),
        || condition.waiters(),
    );
    condition.notify(&now(condition.acquire()), 1);
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut wait, Waker::noop()).is_ready());
    drop(wait);
    assert_eq!((condition.locked(), condition.waiters()), (false, 0));
}

#[test]
fn a_drop_that_panics_as_a_big_head_leaves_does_not_strand_those_behind() {
    let semaphore = Semaphore::new(1);
    let (_bad, first) = not_dropped();
    let big = waiting(semaphore.acquire_many(2), &first);
    let small = TestWaker::new();
    let mut behind = waiting(semaphore.acquire(), &small.waker());
    assert_eq!(caught(|| drop(big)).message, "dropped");
    assert_eq!(small.wakes(), 1);
    assert!(poll(&mut behind, Waker::noop()).is_ready());
    drop_quietly(first);
}
