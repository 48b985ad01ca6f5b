//! The core's wait queue by itself, and the raw semaphore on it.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

use awaitlist::{Lock, semaphore::MAX_PERMITS};
use awaitlist_core::{Guarded, WaitQueue, trace::PrimitiveTrace};
use awaitlist_semaphore::raw::{Bounded, Overflow, RawSemaphore};

#[test]
fn one_thread_at_a_time_is_in_a_queue() {
    const THREADS: usize = 4;
    const TIMES: usize = 100;
    let queue = WaitQueue::new(0, Guarded::new(0), PrimitiveTrace::event(None));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    let mut queue = queue.lock();
                    let before = *queue.state();
                    // Others come meanwhile.
                    thread::yield_now();
                    *queue.state_mut() = before + 1;
                }
            });
        }
    });
    assert_eq!(*queue.lock().state(), THREADS * TIMES);
}

/// Runs `body` on another thread while `queue` is locked, and unlocks it when that thread can get no further.
fn while_locked<S: Sync, R: Send>(queue: &WaitQueue<S>, body: impl FnOnce() -> R + Send) -> R {
    let (came, went) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let guard = queue.lock();
        let other = scope.spawn(|| {
            came.store(true, SeqCst);
            let result = body();
            went.store(true, SeqCst);
            result
        });
        // Until it has come, and then as long as it takes to find another way in, if there were one.
        let mut turns = 0;
        while turns < 100 {
            thread::yield_now();
            turns += usize::from(came.load(SeqCst));
        }
        assert!(!went.load(SeqCst), "no thread passes the lock of a queue");
        drop(guard);
        other.join().unwrap()
    })
}

#[test]
fn a_thread_that_finds_a_queue_locked_waits_until_it_is_unlocked() {
    let queue = WaitQueue::new(7, (), PrimitiveTrace::event(None));
    assert_eq!(while_locked(&queue, || queue.lock().payload()), 7);
    assert_eq!(while_locked(&queue, || queue.read().payload()), 7);
}

#[test]
fn a_locked_queue_errs_on_the_safe_side() {
    use awaitlist_core::sync::Ordering::Relaxed;

    let queue = WaitQueue::new(7, (), PrimitiveTrace::event(None));
    let guard = queue.lock();
    let word = queue.load(Relaxed);
    assert!(word.is_locked() && word.has_waiters());
    assert_eq!((word.payload(), word.idle_payload()), (0, None));
    drop(guard);
    assert_eq!(queue.load(Relaxed).idle_payload(), Some(7));
}

fn bounded(value: usize, bound: usize) -> RawSemaphore<Bounded> {
    let trace = PrimitiveTrace::bounded_semaphore(None, value);
    RawSemaphore::new(value, Bounded::new(bound), trace)
}

#[test]
fn a_release_of_no_permits_is_always_within_the_bound() {
    let five = bounded(5, 5);
    assert_eq!(five.release(0), Ok(()));
    five.release_saturating(1);
    assert_eq!(five.release(1), Err(Overflow));
    assert_eq!(five.value(), 5);
}

#[test]
fn a_bound_above_what_there_can_be_is_that() {
    let one = bounded(1, usize::MAX);
    assert_eq!(one.release(usize::MAX / 2), Err(Overflow));
    assert_eq!(one.value(), 1);
    one.release_saturating(usize::MAX / 2);
    assert_eq!(one.value(), MAX_PERMITS);
}

#[test]
fn a_thread_that_holds_a_lock_does_not_hold_its_queue() {
    let lock = Lock::new(());
    let guard = lock.try_acquire();
    assert!(guard.is_some() && lock.locked());
    assert_eq!(lock.waiters(), 0);
}
