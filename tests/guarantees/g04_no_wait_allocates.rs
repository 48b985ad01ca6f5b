//! The node lives in the pinned future. Here one wait of each primitive from end to end; the rest
//! is in `allocation`.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::now;
use std::{pin::pin, task::Waker};

use crate::api::allocation::allocations;

/// Polls a pinned future once.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

#[test]
fn a_wait_that_queues_is_woken_and_ends_allocates_nothing() {
    let lock = Lock::new(());
    let event = Event::new();
    let condition = Condition::new(());
    let semaphore = Semaphore::new(0);
    let bounded = BoundedSemaphore::new(1);
    let barrier = Barrier::new(2);

    let count = allocations(|| {
        let held = now(lock.acquire());
        let mut wait = pin!(lock.acquire());
        assert!(poll(wait.as_mut()).is_pending());
        drop(held);
        assert!(poll(wait).is_ready());

        let mut wait = pin!(event.wait());
        assert!(poll(wait.as_mut()).is_pending());
        event.set();
        assert!(poll(wait).is_ready());

        let mut wait = pin!(condition.wait(now(condition.acquire())));
        assert!(poll(wait.as_mut()).is_pending());
        condition.notify(&now(condition.acquire()), 1);
        assert!(poll(wait).is_ready());

        let mut wait = pin!(semaphore.acquire_many(2));
        assert!(poll(wait.as_mut()).is_pending());
        semaphore.release_many(2);
        assert!(poll(wait).is_ready());

        let held = now(bounded.acquire());
        let mut wait = pin!(bounded.acquire());
        assert!(poll(wait.as_mut()).is_pending());
        drop(held);
        assert!(poll(wait).is_ready());

        let mut wait = pin!(barrier.wait());
        assert!(poll(wait.as_mut()).is_pending());
        assert_eq!(now(barrier.wait()), Ok(1));
        assert!(poll(wait).is_ready());
    });
    assert_eq!(count, 0);
}
