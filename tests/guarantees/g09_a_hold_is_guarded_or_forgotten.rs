//! `release` and `adopt` act on a forgotten hold only, so a guard that lives is always the proof of
//! its hold.

use awaitlist::{Condition, Lock, LockGuard, NotAcquired, OwnedLockGuard, lock::MappedGuard};
use awaitlist_tests::now;
use std::{mem, sync::Arc};
use tokio_test::{assert_pending, assert_ready, task::spawn};

/// A hold cannot be taken away from its guard.
#[track_caller]
fn assert_not_acquired(lock: &Arc<Lock>) {
    let before = lock.to_string();
    assert_eq!(lock.release(), Err(NotAcquired));
    assert_eq!(lock.adopt().unwrap_err(), NotAcquired);
    assert_eq!(lock.adopt_owned().unwrap_err(), NotAcquired);
    assert_eq!(lock.to_string(), before);
}

#[test]
fn a_free_lock_is_not_released() {
    let lock = Arc::new(Lock::new(()));
    assert_not_acquired(&lock);
    drop(now(lock.acquire()));
    assert_not_acquired(&lock);
}

#[test]
fn a_lock_whose_guard_lives_is_not_released() {
    let lock = Arc::new(Lock::new(()));
    let guard = now(lock.acquire());
    assert_not_acquired(&lock);
    let mapped = LockGuard::map(guard, |value| value);
    assert_not_acquired(&lock);
    let mapped = MappedGuard::map(mapped, |value| value);
    assert_not_acquired(&lock);
    drop(mapped);
    let owned = now(lock.acquire_owned());
    assert_not_acquired(&lock);
    let owned = OwnedLockGuard::map(owned, |value| value);
    assert_not_acquired(&lock);
    drop(owned);
    assert!(lock.try_acquire().is_some());
}

#[test]
fn a_designated_one_is_not_robbed() {
    let lock = Arc::new(Lock::new(()));
    let guard = now(lock.acquire());
    let mut designated = spawn(lock.acquire());
    assert_pending!(designated.poll());
    assert_not_acquired(&lock);
    drop(guard);
    assert_not_acquired(&lock);
    let guard = assert_ready!(designated.poll());
    assert_not_acquired(&lock);
    drop(guard);
}

#[test]
fn a_wait_that_has_not_begun_is_not_robbed_of_its_hold() {
    let lock = Arc::new(Lock::new(()));
    let condition = Condition::with_lock(Arc::clone(&lock));
    let mut wait = spawn(condition.wait(now(lock.acquire())));
    assert_not_acquired(&lock);
    assert_pending!(wait.poll());
    assert_not_acquired(&lock);
    condition.notify_all(&now(lock.acquire()));
    let guard = assert_ready!(wait.poll());
    assert_not_acquired(&lock);
    drop(guard);
}

#[test]
fn a_hold_is_given_up_once() {
    let lock = Arc::new(Lock::new(()));
    LockGuard::forget(now(lock.acquire()));
    assert_eq!(lock.release(), Ok(()));
    assert_not_acquired(&lock);
    LockGuard::forget(now(lock.acquire()));
    let adopted = lock.adopt().unwrap();
    assert_not_acquired(&lock);
    drop(adopted);
    assert_not_acquired(&lock);
}

#[test]
fn a_leaked_guard_is_not_a_forgotten_one() {
    let lock = Arc::new(Lock::new(()));
    mem::forget(now(lock.acquire()));
    assert!(lock.locked());
    assert_not_acquired(&lock);
}

#[test]
fn the_next_hold_after_a_forgotten_one_is_guarded_again() {
    let lock = Arc::new(Lock::new(()));
    LockGuard::forget(now(lock.acquire()));
    let mut next = spawn(lock.acquire());
    assert_pending!(next.poll());
    lock.release().unwrap();
    assert_not_acquired(&lock);
    let guard = assert_ready!(next.poll());
    assert_not_acquired(&lock);
    drop(guard);
    let guard = now(lock.acquire());
    assert_not_acquired(&lock);
    drop(guard);
}
