//! The hardest race of each primitive, on three threads at once.

use std::{pin::pin, task::Poll};

use awaitlist_barrier::{Barrier, BrokenBarrier};
use awaitlist_bounded_semaphore::BoundedSemaphore;
use awaitlist_condition::Condition;
use awaitlist_event::Event;
use awaitlist_lock::{Lock, OwnedLockGuard};
use awaitlist_semaphore::Semaphore;

use crate::support::{Arc, block_on, model_bounded, poll_once, thread};

/// The designated waiter acquires without the lock of the queue, while the holder may still have
/// that locked, and a third thread checks the lock and tries to acquire it: is it held once at a
/// time, and does it never show as free while it is held?
#[test]
fn a_designated_waiter_acquires_against_the_release_a_check_and_a_try() {
    model_bounded(2, || {
        let lock = Arc::new(Lock::new(0));
        let held = lock.try_acquire_owned().unwrap();
        let mut queued = Box::pin(lock.acquire_owned());
        assert!(poll_once(queued.as_mut()).is_pending());
        let waiter = thread::spawn(move || {
            let mut guard: OwnedLockGuard<i32> = block_on(queued);
            assert!(OwnedLockGuard::lock(&guard).locked(), "it is held, and shows as free");
            *guard += 1;
        });
        let other = Arc::clone(&lock);
        let newcomer = thread::spawn(move || {
            let _ = other.locked();
            if let Some(mut guard) = other.try_acquire() {
                assert_eq!(*guard, 1, "it overtook the waiter");
                *guard += 1;
            }
        });
        drop(held);
        waiter.join().unwrap();
        newcomer.join().unwrap();
        let count = *lock.try_acquire().expect("all have released it");
        assert!(count == 1 || count == 2);
        assert_eq!(lock.to_string(), "<Lock [unlocked]>");
    });
}

/// The designated waiter is dropped while the second is polled and a third thread tries to acquire:
/// does the second get the lock?
#[test]
fn the_designated_waiter_is_dropped_while_the_second_is_polled() {
    model_bounded(2, || {
        let lock = Arc::new(Lock::new(0));
        let held = lock.try_acquire_owned().unwrap();
        let mut first = Box::pin(lock.acquire_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = Box::pin(lock.acquire_owned());
        assert!(poll_once(second.as_mut()).is_pending());
        drop(held);
        assert!(!lock.locked(), "meant for the first, and not held yet");
        let dropper = thread::spawn(move || drop(first));
        let waiter = thread::spawn(move || *block_on(second) += 1);
        if let Some(guard) = lock.try_acquire() {
            assert_eq!(*guard, 1, "it overtook the second");
        }
        dropper.join().unwrap();
        waiter.join().unwrap();
        assert_eq!(*lock.try_acquire().expect("all have released it"), 1);
        assert_eq!(lock.waiters(), 0);
    });
}

/// The first waiter needs two permits and is dropped while two threads release one each: does the
/// second get its permit, and is the other one left?
#[test]
fn a_big_head_is_dropped_against_two_releases() {
    model_bounded(2, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut head = Box::pin(semaphore.acquire_many_owned(2));
        assert!(poll_once(head.as_mut()).is_pending());
        let mut next = pin!(semaphore.acquire());
        assert!(poll_once(next.as_mut()).is_pending());
        let (one, other) = (Arc::clone(&semaphore), Arc::clone(&semaphore));
        let one = thread::spawn(move || one.release());
        let other = thread::spawn(move || other.release());
        drop(head);
        block_on(next).forget();
        one.join().unwrap();
        other.join().unwrap();
        assert_eq!((semaphore.value(), semaphore.waiters()), (1, 0));
    });
}

/// A waiter of a bounded semaphore is dropped while two threads release a permit that is out once:
/// is the value at its bound afterwards, whatever came first?
#[test]
fn a_bounded_waiter_is_dropped_against_two_releases() {
    model_bounded(2, || {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        semaphore.try_acquire().unwrap().forget();
        let mut waiter = Box::pin(semaphore.acquire_owned());
        assert!(poll_once(waiter.as_mut()).is_pending());
        let releases = [(); 2].map(|()| {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || usize::from(semaphore.release().is_ok()))
        });
        drop(waiter);
        let released: usize = releases.map(|release| release.join().unwrap()).iter().sum();
        // The second fits only if the first was granted to the waiter.
        assert!(released == 1 || released == 2);
        assert_eq!((semaphore.value(), semaphore.waiters()), (1, 0));
    });
}

/// The first waiter is dropped while one thread notifies one waiter and the second is polled on
/// another: does the second get the notification, be it at once or passed on?
#[test]
fn a_notified_waiter_is_dropped_while_the_second_is_polled() {
    model_bounded(2, || {
        let condition = Arc::new(Condition::with_lock(Arc::new(Lock::new(()))));
        let wait = || {
            let mut wait = Box::pin(condition.wait_owned(condition.try_acquire_owned().unwrap()));
            assert!(poll_once(wait.as_mut()).is_pending());
            wait
        };
        let (first, second) = (wait(), wait());
        let other = Arc::clone(&condition);
        let notifier = thread::spawn(move || other.notify(&block_on(other.acquire()), 1));
        let dropper = thread::spawn(move || drop(first));
        drop(block_on(second));
        notifier.join().unwrap();
        dropper.join().unwrap();
        assert_eq!(condition.waiters(), 0);
        assert!(!condition.locked());
    });
}

/// An abort and a reset against an arrival that would complete the round: does each party learn one
/// outcome, and is the barrier empty at the end?
#[test]
fn an_abort_and_a_reset_against_an_arrival() {
    model_bounded(2, || {
        let barrier = Arc::new(Barrier::new(2));
        let mut first = Box::pin(barrier.wait_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let (one, other) = (Arc::clone(&barrier), Arc::clone(&barrier));
        let abort = thread::spawn(move || one.abort());
        let reset = thread::spawn(move || other.reset());
        let mut second = Box::pin(barrier.wait());
        let early = poll_once(second.as_mut());
        abort.join().unwrap();
        reset.join().unwrap();
        // It was inside before both of them.
        let of_first = poll_once(first.as_mut());
        assert_eq!(of_first, Poll::Ready(Err(BrokenBarrier::AbortOrReset)));
        match early {
            Poll::Ready(Ok(index)) => assert_eq!(index, 1, "it came last"),
            Poll::Ready(Err(error)) => assert_eq!(error, BrokenBarrier::Aborted),
            // Gated by the reset: it arrives at a broken barrier, or is the first of the new round.
            Poll::Pending => match poll_once(second.as_mut()) {
                Poll::Ready(outcome) => assert_eq!(outcome, Err(BrokenBarrier::Aborted)),
                Poll::Pending => assert_eq!(barrier.n_waiting(), 1),
            },
        }
        drop(second);
        barrier.reset();
        assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
    });
}

/// Two threads set an event that a third clears, and polls the waiter early: is the waiter
/// released, and one that came in between as well?
#[test]
fn two_sets_a_clear_and_an_early_poll() {
    model_bounded(2, || {
        let event = Arc::new(Event::new());
        let mut waits: Vec<_> = (0..2).map(|_| Box::pin(event.wait_owned())).collect();
        for wait in &mut waits {
            assert!(poll_once(wait.as_mut()).is_pending());
        }
        let sets = [(); 2].map(|()| {
            let event = Arc::clone(&event);
            thread::spawn(move || event.set())
        });
        event.clear();
        let mut last = waits.pop().unwrap();
        let early = poll_once(last.as_mut());
        for set in sets {
            set.join().unwrap();
        }
        if early.is_pending() {
            assert!(poll_once(last.as_mut()).is_ready(), "it waited before both sets");
        }
        assert!(poll_once(waits.pop().unwrap().as_mut()).is_ready(), "it waited before both sets");
        assert_eq!(event.waiters(), 0);
    });
}

/// The bound is raised while a permit is released and the waiter is polled: is the waiter granted
/// one permit, and is the other one left?
#[test]
fn a_raised_bound_against_a_release_and_a_poll() {
    model_bounded(2, || {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        semaphore.try_acquire().unwrap().forget();
        let mut waiter = pin!(semaphore.acquire());
        assert!(poll_once(waiter.as_mut()).is_pending());
        let (one, other) = (Arc::clone(&semaphore), Arc::clone(&semaphore));
        let raise = thread::spawn(move || one.set_bound(2));
        let release = thread::spawn(move || other.release().expect("a permit is out"));
        block_on(waiter).forget();
        raise.join().unwrap();
        release.join().unwrap();
        assert_eq!((semaphore.value(), semaphore.bound(), semaphore.waiters()), (1, 2, 0));
    });
}
