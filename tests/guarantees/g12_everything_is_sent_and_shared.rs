//! Every primitive, future and guard goes to other threads where that is sound. `auto_traits` pins
//! it down both ways at compile time; here they go.

use awaitlist::{Barrier, Block, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{now, poll, waiting};
use std::{cell::Cell, sync::Arc, task::Waker, thread};

#[test]
fn a_future_that_waits_on_one_thread_is_woken_by_another_and_ends_on_a_third() {
    let lock = Lock::new(1);
    let semaphore = Semaphore::new(0);
    let bounded = BoundedSemaphore::new(1);
    let event = Event::new();
    let condition = Condition::new(2);
    let barrier = Barrier::new(2);

    let held = now(lock.acquire());
    let permit = now(bounded.acquire());
    let waits = (
        waiting(lock.acquire(), Waker::noop()),
        waiting(semaphore.acquire_many(2), Waker::noop()),
        waiting(bounded.acquire(), Waker::noop()),
        waiting(event.wait(), Waker::noop()),
        waiting(condition.wait(now(condition.acquire())), Waker::noop()),
        waiting(barrier.wait(), Waker::noop()),
    );
    thread::scope(|scope| {
        scope.spawn(|| {
            drop(held);
            drop(permit);
            semaphore.release_many(2);
            event.set();
            condition.notify(&now(condition.acquire()), 1);
            assert_eq!(now(barrier.wait()), Ok(1));
        });
    });
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut a, mut b, mut c, mut d, mut e, mut f) = waits;
            assert!(poll(&mut a, Waker::noop()).is_ready());
            assert!(poll(&mut b, Waker::noop()).is_ready());
            assert!(poll(&mut c, Waker::noop()).is_ready());
            assert!(poll(&mut d, Waker::noop()).is_ready());
            assert!(poll(&mut e, Waker::noop()).is_ready());
            assert!(poll(&mut f, Waker::noop()).is_ready());
        });
    });
}

#[test]
fn a_lock_shares_what_is_sent_but_not_shared() {
    let lock = Arc::new(Lock::new(Cell::new(0)));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let guard = lock.acquire().block();
                    guard.set(guard.get() + 1);
                }
            });
        }
    });
    assert_eq!(now(lock.acquire()).get(), 200);
}
