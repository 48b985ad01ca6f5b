//! What is available is acquired at the first poll.

use awaitlist::{Barrier, BoundedSemaphore, BrokenBarrier, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{TestWaker, now, poll};
use std::{future::ready, sync::Arc, task::Poll};
use tokio_test::{assert_pending, assert_ready, task::spawn};

#[test]
fn a_free_lock_a_permit_and_a_set_event_are_had_at_the_first_poll() {
    let lock = Arc::new(Lock::new(()));
    let semaphore = Arc::new(Semaphore::new(2));
    let bounded = Arc::new(BoundedSemaphore::new(2));
    let event = Arc::new(Event::new());
    event.set();
    for _ in 0..2 {
        drop(now(lock.acquire()));
        drop(now(lock.acquire_owned()));
        drop(now(semaphore.acquire()));
        drop(now(semaphore.acquire_many_owned(2)));
        drop(now(bounded.acquire_many(2)));
        drop(now(bounded.acquire_owned()));
        now(event.wait());
        now(event.wait_owned());
    }
}

#[test]
fn the_last_at_a_barrier_and_who_comes_to_a_broken_one_return_at_the_first_poll() {
    let barrier = Arc::new(Barrier::new(1));
    assert_eq!(now(barrier.wait()), Ok(0));
    assert_eq!(now(barrier.wait_owned()), Ok(0));
    barrier.abort();
    assert_eq!(now(barrier.wait()), Err(BrokenBarrier::Aborted));
}

#[test]
fn a_true_predicate_and_a_ready_stop_return_at_the_first_poll() {
    let condition = Condition::new(1);
    let guard = now(condition.wait_for(now(condition.acquire()), |n| *n == 1));
    let (guard, value) = now(condition.wait_for_some(guard, |n| Some(*n)));
    let (guard, outcome) = now(condition.wait_or(guard, ready(2)));
    assert_eq!((*guard, value, outcome), (1, 1, Err(2)));
}

#[test]
fn one_notified_takes_a_free_lock_in_the_poll_that_finds_the_notification() {
    let condition = Condition::new(());
    let mut wait = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(wait.poll());
    condition.notify_all(&now(condition.acquire()));
    drop(assert_ready!(wait.poll()));
}

#[test]
fn no_waker_is_cloned_where_nobody_waits() {
    let lock = Lock::new(());
    let semaphore = Semaphore::new(1);
    let event = Event::new();
    event.set();
    let test_waker = TestWaker::new();
    let waker = test_waker.waker();
    assert!(poll(&mut Box::pin(lock.acquire()), &waker).is_ready());
    assert!(poll(&mut Box::pin(semaphore.acquire()), &waker).is_ready());
    assert_eq!(poll(&mut Box::pin(event.wait()), &waker), Poll::Ready(()));
    assert_eq!(test_waker.clones(), 0);
}
