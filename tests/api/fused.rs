//! `FusedFuture`, with the feature `futures-core`: a future is terminated once its poll is ready,
//! and not before.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{caught, now};
use futures_core::FusedFuture;
use std::{
    future::{pending, ready},
    pin::pin,
    task::{Context, Waker},
};

/// Polls until it is ready, with `release` in between.
fn ends(future: impl FusedFuture, release: impl FnOnce()) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    assert!(!future.is_terminated(), "not polled yet");
    assert!(future.as_mut().poll(&mut context).is_pending());
    assert!(!future.is_terminated(), "queued");
    release();
    assert!(!future.is_terminated(), "notified");
    assert!(future.as_mut().poll(&mut context).is_ready());
    assert!(future.is_terminated(), "ready");
}

#[test]
fn an_acquire_is_terminated_when_it_is_ready() {
    let lock = Lock::new(());
    let guard = now(lock.acquire());
    ends(lock.acquire(), || drop(guard));
    let semaphore = Semaphore::new(0);
    ends(semaphore.acquire(), || semaphore.release());
    let bounded = BoundedSemaphore::new(1);
    let permit = now(bounded.acquire());
    ends(bounded.acquire(), || drop(permit));
}

#[test]
fn a_wait_is_terminated_when_it_is_ready() {
    let event = Event::new();
    ends(event.wait(), || event.set());
    let barrier = Barrier::new(2);
    ends(barrier.wait(), || assert_eq!(now(barrier.wait()), Ok(1)));
}

#[test]
fn each_wait_for_a_condition_is_terminated_when_it_is_ready() {
    let condition = Condition::new(false);
    let change = || {
        let mut guard = now(condition.acquire());
        *guard = true;
        condition.notify_all(&guard);
    };
    let guard = || {
        let mut guard = now(condition.acquire());
        *guard = false;
        guard
    };
    ends(condition.wait(guard()), change);
    ends(condition.wait_for(guard(), |set| *set), change);
    ends(condition.wait_for_some(guard(), |set| set.then_some(1)), change);
    ends(condition.wait_or(guard(), pending::<()>()), change);
    ends(condition.wait_for_or(guard(), |set| *set, pending::<()>()), change);
    ends(condition.wait_for_some_or(guard(), |set| set.then_some(1), pending::<()>()), change);
}

#[test]
fn a_future_that_is_ready_at_once_is_terminated() {
    let mut context = Context::from_waker(Waker::noop());
    let lock = Lock::new(());
    let mut acquire = pin!(lock.acquire());
    assert!(acquire.as_mut().poll(&mut context).is_ready());
    assert!(acquire.is_terminated());
    let condition = Condition::new(true);
    let mut wait = pin!(condition.wait_for(now(condition.acquire()), |set| *set));
    assert!(wait.as_mut().poll(&mut context).is_ready());
    assert!(wait.is_terminated());
    let mut wait = pin!(condition.wait_for_or(now(condition.acquire()), |_| false, ready(7)));
    let (guard, outcome) = now(wait.as_mut());
    assert_eq!(outcome, Err(7));
    assert!(wait.is_terminated());
    drop(guard);
}

#[test]
fn a_wait_whose_predicate_panics_is_terminated() {
    let condition = Condition::new(());
    let mut wait = pin!(condition.wait_for(now(condition.acquire()), |()| panic!("no")));
    caught(|| wait.as_mut().poll(&mut Context::from_waker(Waker::noop())));
    assert!(wait.is_terminated());
    assert!(!condition.locked());
}
