//! What is waited for comes while the waker is cloned: after the first look, and before the place
//! is taken. That is where another thread's release would fall in between.

use awaitlist::{Barrier, BoundedSemaphore, BrokenBarrier, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{TestWaker, now, once, poll, waiting};
use std::{
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

/// Wakers that run `give` when one of them is cloned first.
fn giving(give: impl FnOnce() + Send + 'static) -> TestWaker {
    TestWaker::new().on_clone(once(give))
}

/// Polls a new future, and one that waits already, each with a waker whose clone gives what it
/// waits for. Both find it in that very poll, and keep no waker.
#[track_caller]
fn is_found_at_once<F: Future>(
    mut make: impl FnMut() -> F,
    give: impl FnOnce() + Clone + Send + 'static,
) -> [F::Output; 2] {
    [true, false].map(|queued| {
        let test_waker = giving(give.clone());
        let mut future = if queued { waiting(make(), Waker::noop()) } else { Box::pin(make()) };
        let Poll::Ready(output) = poll(&mut future, &test_waker.waker()) else {
            panic!("what came during the clone was missed");
        };
        assert_eq!((test_waker.clones(), test_waker.alive()), (1, 0));
        output
    })
}

#[test]
fn a_lock_that_is_released() {
    let lock = Arc::new(Lock::new(()));
    let held = Arc::new(Mutex::new(None));
    let release = Arc::clone(&held);
    let make = || {
        *held.lock().unwrap() = Some(now(lock.acquire_owned()));
        lock.acquire()
    };
    // The output is dropped before the next future is made.
    for queued in [true, false] {
        let release = Arc::clone(&release);
        let test_waker = giving(move || drop(release.lock().unwrap().take()));
        let mut acquire = Box::pin(make());
        if queued {
            assert!(poll(&mut acquire, Waker::noop()).is_pending());
        }
        let guard = poll(&mut acquire, &test_waker.waker());
        assert!(guard.is_ready() && lock.locked());
        assert_eq!((lock.waiters(), test_waker.alive()), (0, 0));
    }
    assert!(!lock.locked());
}

#[test]
fn permits_that_are_released() {
    let semaphore = Arc::new(Semaphore::new(0));
    let give = Arc::clone(&semaphore);
    let permits = is_found_at_once(|| semaphore.acquire_many(2), move || give.release_many(2));
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 0));
    drop(permits);
    assert_eq!(semaphore.value(), 4);

    let bounded = Arc::new(BoundedSemaphore::new(2));
    now(bounded.acquire_many(2)).forget();
    let give = Arc::clone(&bounded);
    let permits = is_found_at_once(|| bounded.acquire(), move || give.release().unwrap());
    drop(permits);
    assert_eq!(bounded.value(), 2);
}

#[test]
fn an_event_that_is_set() {
    let event = Arc::new(Event::new());
    let set = Arc::clone(&event);
    let make = || {
        event.clear();
        event.wait()
    };
    is_found_at_once(make, move || set.set());
    assert_eq!(event.waiters(), 0);
}

#[test]
fn an_event_that_is_set_and_cleared_again() {
    let event = Arc::new(Event::new());
    let pulse = Arc::clone(&event);
    let test_waker = giving(move || {
        pulse.set();
        pulse.clear();
    });
    // It waited when the event was set, so it was released.
    let mut waited = waiting(event.wait(), Waker::noop());
    assert!(poll(&mut waited, &test_waker.waker()).is_ready());
    // It had not taken its place, so it was not there.
    let pulse = Arc::clone(&event);
    let test_waker = giving(move || {
        pulse.set();
        pulse.clear();
    });
    drop(waiting(event.wait(), &test_waker.waker()));
}

#[test]
fn a_barrier_that_breaks_or_trips() {
    let barrier = Arc::new(Barrier::new(2));
    let breaking = Arc::clone(&barrier);
    let test_waker = giving(move || breaking.abort());
    let mut wait = Box::pin(barrier.wait());
    assert_eq!(poll(&mut wait, &test_waker.waker()), Poll::Ready(Err(BrokenBarrier::Aborted)));
    barrier.reset();

    let mut inside = waiting(barrier.wait(), Waker::noop());
    let last = Arc::clone(&barrier);
    let test_waker = giving(move || assert_eq!(now(last.wait()), Ok(1)));
    assert_eq!(poll(&mut inside, &test_waker.waker()), Poll::Ready(Ok(0)));
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
}

#[test]
fn a_notification_and_then_the_lock() {
    let condition = Arc::new(Condition::new(()));
    let notifying = Arc::clone(&condition);
    let test_waker = giving(move || notifying.notify(&now(notifying.acquire()), 1));
    let mut wait = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    assert!(poll(&mut wait, &test_waker.waker()).is_ready());
    assert_eq!((condition.waiters(), test_waker.alive()), (0, 0));
}
