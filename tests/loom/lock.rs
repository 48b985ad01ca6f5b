use std::pin::pin;

use awaitlist_lock::{Lock, LockGuard, OwnedLockGuard};

use crate::support::{Arc, block_on, model, poll_once, thread};

/// Does the guard keep two threads apart, and does each see what the other wrote?
#[test]
fn acquire_and_release_exclude_each_other() {
    model(|| {
        let lock = Arc::new(Lock::new(0));
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || {
            let mut guard = block_on(other.acquire());
            assert!(other.locked(), "held, and not only meant for a waiter");
            *guard += 1;
        });
        *block_on(lock.acquire()) += 1;
        thread.join().unwrap();
        assert_eq!(*block_on(lock.acquire()), 2);
        assert_eq!(lock.waiters(), 0);
    });
}

/// The same with three threads, two of which may be queued at once.
#[test]
fn two_queued_waiters_both_get_in() {
    crate::support::model_bounded(2, || {
        let lock = Arc::new(Lock::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || *block_on(lock.acquire()) += 1)
            })
            .collect();
        *block_on(lock.acquire()) += 1;
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*lock.try_acquire().unwrap(), 3);
    });
}

/// `try_acquire` against a release: does the thread that acquires see what was written?
#[test]
fn try_acquire_sees_what_was_written() {
    model(|| {
        let lock = Arc::new(Lock::new(0));
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || {
            if let Some(mut guard) = other.try_acquire() {
                *guard += 1;
            }
        });
        if let Some(mut guard) = lock.try_acquire() {
            *guard += 1;
        }
        thread.join().unwrap();
        let count = *lock.try_acquire().expect("it is free");
        assert!(count == 1 || count == 2);
    });
}

/// A release designates a waiter while it is dropped: does the next one get in?
#[test]
fn a_release_against_the_drop_of_the_woken() {
    model(|| {
        let lock = Arc::new(Lock::new(()));
        let guard = lock.try_acquire_owned().unwrap();
        let mut first = Box::pin(lock.acquire_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let next = Arc::clone(&lock);
        let next = thread::spawn(move || drop(block_on(next.acquire())));
        let dropper = thread::spawn(move || drop(first));
        drop(guard);
        dropper.join().unwrap();
        next.join().unwrap();
        assert!(!lock.locked());
        assert_eq!(lock.waiters(), 0);
    });
}

/// A release against the drop of a waiter further back.
#[test]
fn a_release_against_the_drop_of_the_queued() {
    model(|| {
        let lock = Arc::new(Lock::new(()));
        let guard = lock.try_acquire_owned().unwrap();
        let mut first = pin!(lock.acquire());
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = Box::pin(lock.acquire_owned());
        assert!(poll_once(second.as_mut()).is_pending());
        let dropper = thread::spawn(move || drop(second));
        drop(guard);
        drop(block_on(first));
        dropper.join().unwrap();
        assert!(lock.try_acquire().is_some());
    });
}

/// The guard of a queued acquire goes with the last `Arc`: is everything freed, and nothing touched
/// after?
#[test]
fn an_owned_guard_dropped_as_the_last_arc() {
    model(|| {
        let lock = Arc::new(Lock::new(0));
        let held: OwnedLockGuard<i32> = lock.try_acquire_owned().unwrap();
        let acquire = lock.acquire_owned();
        drop(lock);
        let thread = thread::spawn(move || {
            let mut guard = block_on(acquire);
            *guard += 1;
            assert_eq!(*guard, 1);
        });
        drop(held);
        thread.join().unwrap();
    });
}

/// Two threads release one forgotten hold: does exactly one do it?
#[test]
fn a_forgotten_hold_is_released_once() {
    model(|| {
        let lock = Arc::new(Lock::new(()));
        LockGuard::forget(lock.try_acquire().unwrap());
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || usize::from(other.release().is_ok()));
        let released = usize::from(lock.release().is_ok());
        assert_eq!(released + thread.join().unwrap(), 1);
        assert!(!lock.locked());
    });
}
