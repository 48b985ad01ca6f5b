//! Every future of the suite, polled after it finished.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{caught, now, poll, waiting};
use std::{
    future::{pending, ready},
    pin::Pin,
    sync::Arc,
    task::{Poll, Waker},
};

/// Polls a future to its end, drops its output, and polls it again, which must panic and say what
/// is wrong.
#[track_caller]
fn assert_refuses_to_go_on<F: Future>(mut future: Pin<Box<F>>) {
    assert!(poll(&mut future, Waker::noop()).is_ready());
    for _ in 0..2 {
        let panic = caught(|| poll(&mut future, Waker::noop()));
        assert!(panic.message.ends_with("was polled after completion"), "{panic:?}");
    }
}

#[test]
fn an_acquire_of_a_lock() {
    let lock = Arc::new(Lock::new(()));
    assert_refuses_to_go_on(Box::pin(lock.acquire()));
    assert_refuses_to_go_on(Box::pin(lock.acquire_owned()));
    let held = now(lock.acquire());
    let queued = waiting(lock.acquire(), Waker::noop());
    drop(held);
    assert_refuses_to_go_on(queued);
    assert_eq!((lock.locked(), lock.waiters(), Arc::strong_count(&lock)), (false, 0, 1));
    drop(now(lock.acquire()));
}

#[test]
fn an_acquire_of_a_lock_whose_guard_still_lives() {
    let lock = Lock::new(());
    let mut acquire = Box::pin(lock.acquire());
    let Poll::Ready(guard) = poll(&mut acquire, Waker::noop()) else {
        panic!("the lock is free");
    };
    caught(|| poll(&mut acquire, Waker::noop()));
    drop(acquire);
    assert!(lock.locked());
    drop(guard);
    assert!(!lock.locked());
}

#[test]
fn an_acquire_of_a_semaphore() {
    let semaphore = Arc::new(Semaphore::new(2));
    assert_refuses_to_go_on(Box::pin(semaphore.acquire()));
    assert_refuses_to_go_on(Box::pin(semaphore.acquire_many(2)));
    assert_refuses_to_go_on(Box::pin(semaphore.acquire_many_owned(0)));
    let held = now(semaphore.acquire_many(2));
    let queued = waiting(semaphore.acquire_owned(), Waker::noop());
    drop(held);
    assert_refuses_to_go_on(queued);
    assert_eq!((semaphore.value(), semaphore.waiters()), (2, 0));
}

#[test]
fn an_acquire_of_a_bounded_semaphore() {
    let semaphore = Arc::new(BoundedSemaphore::new(2));
    assert_refuses_to_go_on(Box::pin(semaphore.acquire()));
    assert_refuses_to_go_on(Box::pin(semaphore.acquire_many_owned(2)));
    let held = now(semaphore.acquire_many(2));
    let queued = waiting(semaphore.acquire(), Waker::noop());
    drop(held);
    assert_refuses_to_go_on(queued);
    assert_eq!((semaphore.value(), semaphore.waiters()), (2, 0));
}

#[test]
fn a_wait_for_an_event() {
    let event = Arc::new(Event::new());
    let queued = waiting(event.wait(), Waker::noop());
    event.set();
    assert_refuses_to_go_on(queued);
    // The event is set, but the future has already returned.
    assert_refuses_to_go_on(Box::pin(event.wait()));
    assert_refuses_to_go_on(Box::pin(event.wait_owned()));
    assert_eq!(event.waiters(), 0);
}

#[test]
fn a_wait_for_a_condition() {
    let condition = Arc::new(Condition::new(0));
    let queued = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    condition.notify_all(&now(condition.acquire()));
    assert_refuses_to_go_on(queued);
    let queued = waiting(condition.wait_owned(now(condition.acquire())), Waker::noop());
    condition.notify_all(&now(condition.acquire()));
    assert_refuses_to_go_on(queued);
    assert_eq!((condition.locked(), condition.waiters()), (false, 0));
}

#[test]
fn a_wait_for_a_predicate() {
    let condition = Condition::new(0);
    assert_refuses_to_go_on(Box::pin(condition.wait_for(now(condition.acquire()), |_| true)));
    assert_refuses_to_go_on(Box::pin(
        condition.wait_for_some(now(condition.acquire()), |_| Some(1)),
    ));
    let queued = waiting(condition.wait_for(now(condition.acquire()), |n| *n == 1), Waker::noop());
    let mut guard = now(condition.acquire());
    *guard = 1;
    condition.notify_all(&guard);
    drop(guard);
    assert_refuses_to_go_on(queued);
    assert_eq!((condition.locked(), condition.waiters()), (false, 0));
}

#[test]
fn a_wait_for_a_predicate_that_panicked() {
    let condition = Condition::new(0);
    let mut wait = Box::pin(condition.wait_for(now(condition.acquire()), |_| panic!("asked")));
    assert_eq!(caught(|| poll(&mut wait, Waker::noop())).message, "asked");
    let panic = caught(|| poll(&mut wait, Waker::noop()));
    assert!(panic.message.ends_with("was polled after completion"), "{panic:?}");
    assert!(!condition.locked());
}

#[test]
fn a_wait_with_a_stop() {
    let condition = Condition::new(0);
    assert_refuses_to_go_on(Box::pin(condition.wait_or(now(condition.acquire()), ready(()))));
    let queued =
        waiting(condition.wait_or(now(condition.acquire()), pending::<()>()), Waker::noop());
    condition.notify_all(&now(condition.acquire()));
    assert_refuses_to_go_on(queued);
    assert_eq!((condition.locked(), condition.waiters()), (false, 0));
}

#[test]
fn a_wait_for_a_predicate_with_a_stop() {
    let condition = Condition::new(0);
    assert_refuses_to_go_on(Box::pin(condition.wait_for_or(
        now(condition.acquire()),
        |_| false,
        ready(()),
    )));
    assert_refuses_to_go_on(Box::pin(condition.wait_for_some_or(
        now(condition.acquire()),
        |n| Some(*n),
        pending::<()>(),
    )));
    assert_eq!((condition.locked(), condition.waiters()), (false, 0));
}

#[test]
fn a_wait_at_a_barrier() {
    let barrier = Arc::new(Barrier::new(2));
    let first = waiting(barrier.wait(), Waker::noop());
    let last = Box::pin(barrier.wait_owned());
    assert_refuses_to_go_on(last);
    assert_refuses_to_go_on(first);
    let inside = waiting(barrier.wait(), Waker::noop());
    barrier.abort();
    assert_refuses_to_go_on(inside);
    assert_refuses_to_go_on(Box::pin(barrier.wait()));
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
}
