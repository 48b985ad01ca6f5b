//! A future forgotten while it is queued is a waiter for ever, and no danger: its memory stays, and
//! no node knows where its primitive is, which may be moved and dropped. A leaked guard holds for
//! ever.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{TestWaker, leak, now, poll, waiting};
use std::{hint::black_box, mem, sync::Arc, task::Waker};
use tokio_test::{assert_pending, assert_ready, task::spawn};

/// Moves a value to another address.
fn moved<T>(value: T) -> Box<T> {
    black_box(Box::new(black_box(value)))
}

#[test]
fn a_lock_with_leaked_waiters_is_moved_used_and_dropped() {
    let lock = Lock::new(String::from("kept"));
    let guard = now(lock.acquire());
    leak(waiting(lock.acquire(), Waker::noop()));
    leak(waiting(lock.acquire(), Waker::noop()));
    drop(guard);
    let mut lock = moved(lock);
    assert_eq!(lock.to_string(), "<Lock [unlocked, waiters:2]>");
    // The first of them is designated, and will never run.
    assert!(lock.try_acquire().is_none());
    let mut behind = spawn(lock.acquire());
    assert_pending!(behind.poll());
    assert_eq!(lock.waiters(), 3);
    drop(behind);
    lock.get_mut().push('!');
    assert_eq!(moved(*lock).into_inner(), "kept!");
}

#[test]
fn a_waiter_between_two_leaked_ones_leaves_the_queue_of_a_lock() {
    let lock = Lock::new(());
    let guard = now(lock.acquire());
    leak(waiting(lock.acquire(), Waker::noop()));
    let between = waiting(lock.acquire(), Waker::noop());
    leak(waiting(lock.acquire(), Waker::noop()));
    drop(between);
    assert_eq!(lock.waiters(), 2);
    drop(guard);
    drop(moved(lock));
}

#[test]
fn a_semaphore_with_a_leaked_waiter_goes_on_with_others() {
    let semaphore = Semaphore::new(0);
    let test_waker = TestWaker::new();
    leak(waiting(semaphore.acquire(), &test_waker.waker()));
    let semaphore = moved(semaphore);
    let mut other = spawn(semaphore.acquire());
    assert_pending!(other.poll());
    semaphore.release();
    assert_eq!(test_waker.wakes(), 1);
    assert!(!other.is_woken());
    semaphore.release();
    drop(assert_ready!(other.poll()));
    // Its permit is gone with it, and it counts as a waiter that has not run.
    assert_eq!((semaphore.value(), semaphore.waiters()), (1, 1));
    assert!(semaphore.try_acquire().is_none());
    drop(other);
    drop(moved(*semaphore));
}

#[test]
fn a_bounded_semaphore_with_a_leaked_waiter_is_moved_and_dropped() {
    let semaphore = BoundedSemaphore::new(1);
    let permit = now(semaphore.acquire());
    leak(waiting(semaphore.acquire(), Waker::noop()));
    drop(permit);
    let semaphore = moved(semaphore);
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 1));
    assert_eq!(semaphore.release(), Ok(()));
    assert!(semaphore.release().is_err());
}

#[test]
fn an_event_with_a_leaked_waiter_is_moved_and_set() {
    let event = Event::new();
    let test_waker = TestWaker::new();
    leak(waiting(event.wait(), &test_waker.waker()));
    let event = moved(event);
    let mut other = spawn(event.wait());
    assert_pending!(other.poll());
    event.set();
    assert_eq!(test_waker.wakes(), 1);
    assert_ready!(other.poll());
    event.clear();
    event.set();
    now(event.wait());
    assert_eq!(event.to_string(), "<Event [set, waiters:1]>");
}

#[test]
fn a_condition_with_leaked_waiters_in_both_queues_is_moved_and_used() {
    let condition = Condition::new(1);
    leak(waiting(condition.wait(now(condition.acquire())), Waker::noop()));
    leak(waiting(condition.wait(now(condition.acquire())), Waker::noop()));
    let condition = moved(condition);
    let mut other = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(other.poll());
    // The leaked ones use two notifications up.
    condition.notify(&now(condition.acquire()), 2);
    assert!(!other.is_woken());
    condition.notify(&now(condition.acquire()), 1);
    drop(assert_ready!(other.poll()));
    drop(other);
    assert_eq!(condition.to_string(), "<Condition [unlocked, waiters:2]>");

    let condition = *condition;
    let mut notified = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    let guard = now(condition.acquire());
    condition.notify_all(&guard);
    assert!(poll(&mut notified, Waker::noop()).is_pending());
    leak(notified);
    drop(guard);
    let condition = moved(condition);
    assert_eq!(condition.lock().to_string(), "<Lock [unlocked, waiters:1]>");
    assert!(condition.try_acquire().is_none());
}

#[test]
fn a_wait_that_has_not_begun_is_leaked_with_the_lock_that_it_holds() {
    let condition = Condition::new(1);
    leak(Box::pin(condition.wait(now(condition.acquire()))));
    assert!(condition.locked());
    assert_eq!(moved(condition).to_string(), "<Condition [locked]>");
}

#[test]
fn a_barrier_with_a_leaked_arrival_waits_for_it_for_ever() {
    let barrier = Barrier::new(2);
    leak(waiting(barrier.wait(), Waker::noop()));
    let barrier = moved(barrier);
    assert_eq!(barrier.n_waiting(), 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    let mut next = spawn(barrier.wait());
    assert_pending!(next.poll());
    assert_eq!(barrier.to_string(), "<Barrier [draining, waiters:0/2]>");
    barrier.reset();
    assert_pending!(next.poll());
    assert_eq!(barrier.to_string(), "<Barrier [resetting, waiters:0/2]>");
    drop(next);
    drop(moved(*barrier));
}

#[test]
fn a_primitive_taken_out_of_its_arc_forgets_the_leaked_in_it() {
    let lock = Arc::new(Lock::new(5));
    let guard = now(lock.acquire());
    leak(waiting(lock.acquire(), Waker::noop()));
    drop(guard);
    assert_eq!(Arc::into_inner(lock).unwrap().into_inner(), 5);
}

#[test]
fn a_leaked_guard_holds_for_ever_and_a_leaked_permit_until_somebody_releases() {
    let lock = Lock::new(1);
    mem::forget(now(lock.acquire()));
    assert!(lock.locked());
    let mut waits = spawn(lock.acquire());
    assert_pending!(waits.poll());
    drop(waits);
    assert_eq!(moved(lock).into_inner(), 1);

    let semaphore = BoundedSemaphore::new(3);
    mem::forget(now(semaphore.acquire_many(2)));
    assert_eq!(semaphore.value(), 1);
    semaphore.release_many(2).unwrap();
    assert_eq!(semaphore.value(), 3);
}
