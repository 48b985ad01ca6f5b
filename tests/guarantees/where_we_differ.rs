//! Where a drop cannot do what a cancellation does in Python, or CPython has a bug: one test for
//! each heading of the page.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Lock, LockGuard, NotAcquired, Semaphore};
use awaitlist_tests::now;
use std::future::ready;
use tokio_test::{assert_pending, assert_ready, assert_ready_eq, task::spawn};

#[test]
fn a_dropped_condition_wait_does_not_acquire_the_lock_again_and_wait_or_does() {
    // CPython: acquires the lock again, however long that takes, and then raises.
    let condition = Condition::new(());
    let mut wait = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(wait.poll());
    let held = now(condition.acquire());
    drop(wait);
    assert_eq!((condition.waiters(), condition.lock().waiters()), (0, 0));
    drop(held);
    assert!(!condition.locked());

    let (guard, outcome) = now(condition.wait_or(now(condition.acquire()), ready("cancelled")));
    assert_eq!(outcome, Err("cancelled"));
    assert!(condition.locked());
    drop(guard);
}

#[test]
fn a_dropped_condition_wait_that_was_not_notified_wakes_nobody() {
    // CPython 3.13: wakes another waiter, for nothing.
    let condition = Condition::new(());
    let mut first = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(first.poll());
    let mut second = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(second.poll());
    drop(first);
    assert!(!second.is_woken());
    assert_pending!(second.poll());
}

#[test]
fn after_a_cancelled_arrival_no_two_have_the_same_index_and_the_order_is_kept() {
    // CPython 3.13 with these five, of which `a` is cancelled: e 3, c 2, b 1, d 2 (gh-155233).
    let barrier = Barrier::new(4);
    let [mut a, mut b, mut c, mut d, mut e] = [(); 5].map(|()| spawn(barrier.wait()));
    assert_pending!(a.poll());
    assert_pending!(b.poll());
    assert_pending!(c.poll());
    drop(a);
    assert!(!b.is_woken());
    assert_pending!(d.poll());
    assert_ready_eq!(e.poll(), Ok(3));
    assert_ready_eq!(b.poll(), Ok(0));
    assert_ready_eq!(c.poll(), Ok(1));
    assert_ready_eq!(d.poll(), Ok(2));
}

#[test]
fn nobody_releases_a_hold_whose_guard_lives() {
    // CPython: anyone may release any hold.
    let lock = Lock::new(());
    let guard = now(lock.acquire());
    assert_eq!(lock.release(), Err(NotAcquired));
    assert!(lock.locked());
    LockGuard::forget(guard);
    assert_eq!(lock.release(), Ok(()));
}

#[test]
fn a_cancel_takes_effect_at_the_drop() {
    // CPython: a cancelled waiter counts, and a lock's release wakes no other task, until the
    // cancelled task has run.
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let (mut first, mut second) = (spawn(lock.acquire()), spawn(lock.acquire()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(first);
    assert_eq!(lock.to_string(), "<Lock [locked, waiters:1]>");
    drop(held);
    assert!(second.is_woken());
    drop(assert_ready!(second.poll()));

    let semaphore = Semaphore::new(0);
    let mut granted = spawn(semaphore.acquire());
    assert_pending!(granted.poll());
    semaphore.release();
    drop(granted);
    assert_eq!(semaphore.to_string(), "<Semaphore [unlocked, value:1]>");

    let barrier = Barrier::new(2);
    let mut arrived = spawn(barrier.wait());
    assert_pending!(arrived.poll());
    drop(arrived);
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
}

#[test]
fn a_dropped_condition_wait_passes_its_notification_on_while_the_lock_is_held() {
    // CPython: the cancelled waiter first acquires the lock again, so `[locked, waiters:1]`.
    let condition = Condition::new(());
    let mut first = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(first.poll());
    let mut second = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(second.poll());
    let held = now(condition.acquire());
    condition.notify(&held, 1);
    drop(first);
    assert!(second.is_woken());
    assert_pending!(second.poll());
    assert_eq!(condition.to_string(), "<Condition [locked]>");
    assert_eq!(condition.lock().waiters(), 1);
    drop(held);
    drop(assert_ready!(second.poll()));
}

#[test]
fn a_wait_dropped_while_it_acquires_the_lock_again_leaves_the_locks_queue() {
    // CPython: it goes to the back of the lock's queue, and raises once it has the lock.
    let condition = Condition::new(());
    let mut wait = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(wait.poll());
    let held = now(condition.acquire());
    condition.notify(&held, 1);
    assert_pending!(wait.poll());
    assert_eq!(condition.lock().waiters(), 1);
    drop(wait);
    assert_eq!(condition.lock().waiters(), 0);
    drop(held);
    assert!(!condition.locked());
}

#[test]
fn a_bounded_semaphore_discards_the_permit_of_a_grant_that_is_cancelled_after_an_excess_release() {
    // CPython: the value rises to 2, above the bound of 1.
    let semaphore = BoundedSemaphore::new(1);
    now(semaphore.acquire()).forget();
    let mut granted = spawn(semaphore.acquire());
    assert_pending!(granted.poll());
    assert_eq!(semaphore.release(), Ok(()));
    assert_eq!(semaphore.release(), Ok(()), "the grant hides that it is one too many");
    drop(granted);
    assert_eq!((semaphore.value(), semaphore.bound()), (1, 1));
}
