use std::pin::pin;

use awaitlist_condition::Condition;
use awaitlist_lock::{Lock, LockGuard, OwnedLockGuard};

use crate::support::{Arc, block_on, model, model_bounded, poll_once, thread};

type Shared<T> = Condition<T, Arc<Lock<T>>>;

fn shared<T>(value: T) -> Arc<Shared<T>> {
    Arc::new(Condition::with_lock(Arc::new(Lock::new(value))))
}

/// A wait lets the lock go and waits: does no notification fall in between?
#[test]
fn a_notify_is_not_missed() {
    model(|| {
        let condition = Arc::new(Condition::new(false));
        let other = Arc::clone(&condition);
        let thread = thread::spawn(move || {
            let mut guard = block_on(other.acquire());
            *guard = true;
            other.notify(&guard, 1);
        });
        let guard = block_on(condition.acquire());
        let guard = block_on(condition.wait_for(guard, |ready| *ready));
        assert!(*guard);
        drop(guard);
        thread.join().unwrap();
        assert_eq!(condition.waiters(), 0);
    });
}

/// One of two waiters is dropped while one notification comes: does it reach the other, or the one
/// that was there?
///
/// The notification may reach the first before it is dropped, and is passed on; or find it gone.
#[test]
fn a_notify_against_a_drop() {
    model(|| {
        let condition = shared(());
        let mut first = Box::pin(condition.wait_owned(condition.try_acquire_owned().unwrap()));
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = pin!(condition.wait(condition.try_acquire_owned().unwrap()));
        assert!(poll_once(second.as_mut()).is_pending());
        let dropper = thread::spawn(move || drop(first));
        let guard = block_on(condition.acquire());
        condition.notify(&guard, 1);
        drop(guard);
        drop(block_on(second));
        dropper.join().unwrap();
        assert_eq!(condition.waiters(), 0);
        assert!(!condition.locked());
    });
}

/// One that was notified and acquires the lock is dropped: does the other get the notification?
#[test]
fn a_notified_one_dropped_while_it_acquires() {
    model(|| {
        let condition = shared(());
        let mut first = Box::pin(condition.wait_owned(condition.try_acquire_owned().unwrap()));
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = pin!(condition.wait(condition.try_acquire_owned().unwrap()));
        assert!(poll_once(second.as_mut()).is_pending());
        let guard = condition.try_acquire_owned().unwrap();
        condition.notify(&guard, 1);
        // The first goes on to the lock's queue.
        assert!(poll_once(first.as_mut()).is_pending());
        let dropper = thread::spawn(move || drop(first));
        drop(guard);
        drop(block_on(second));
        dropper.join().unwrap();
        assert!(!condition.locked());
    });
}

/// Two are notified at once, and both want the lock: does each get it, one after the other?
#[test]
fn notify_all_and_the_lock_again() {
    model_bounded(2, || {
        let condition = shared(0);
        let mut waits: Vec<_> = (0..2)
            .map(|_| {
                let guard: OwnedLockGuard<i32> = condition.try_acquire_owned().unwrap();
                let mut wait = Box::pin(condition.wait_owned(guard));
                assert!(poll_once(wait.as_mut()).is_pending());
                wait
            })
            .collect();
        let guard = condition.try_acquire().unwrap();
        condition.notify_all(&guard);
        let second = waits.pop().unwrap();
        let thread = thread::spawn(move || *block_on(second) += 1);
        drop(guard);
        *block_on(waits.pop().unwrap()) += 1;
        thread.join().unwrap();
        assert_eq!(*condition.try_acquire().unwrap(), 2);
    });
}

/// A stop against a notification: is the notification either the waiter's, or the next one's?
#[test]
fn a_stop_against_a_notify() {
    model(|| {
        let condition = shared(());
        let stop = std::future::ready(());
        // The first stops at its first poll, the notification may come meanwhile.
        let notifier = Arc::clone(&condition);
        let mut second = Box::pin(condition.wait_owned(condition.try_acquire_owned().unwrap()));
        assert!(poll_once(second.as_mut()).is_pending());
        let notifier = thread::spawn(move || {
            let guard = block_on(notifier.acquire());
            notifier.notify(&guard, 2);
        });
        let guard = block_on(condition.acquire());
        let (guard, outcome) = block_on(condition.wait_or(guard, stop));
        assert_eq!(outcome, Err(()));
        drop(guard);
        notifier.join().unwrap();
        drop(block_on(second));
        assert_eq!(condition.waiters(), 0);
    });
}

/// A forgotten hold that is adopted is a guard like any other.
#[test]
fn an_adopted_hold_notifies() {
    model(|| {
        let condition = shared(());
        let mut wait = pin!(condition.wait(condition.try_acquire_owned().unwrap()));
        assert!(poll_once(wait.as_mut()).is_pending());
        LockGuard::forget(condition.try_acquire().unwrap());
        let other = Arc::clone(&condition);
        let thread = thread::spawn(move || {
            let guard = other.lock().adopt().unwrap();
            other.notify_all(&guard);
        });
        drop(block_on(wait));
        thread.join().unwrap();
        assert!(!condition.locked());
    });
}
