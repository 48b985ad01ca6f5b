//! A place in the queue is taken at the first poll. A newcomer enters only if there are no waiters,
//! neither queued nor notified and not yet run, and its permits are available.

use awaitlist::{BoundedSemaphore, Condition, Lock, Semaphore};
use awaitlist_tests::now;
use std::sync::Arc;
use tokio_test::{assert_pending, assert_ready, task::spawn};

#[test]
fn a_place_is_taken_at_the_first_poll_not_when_the_future_is_made() {
    let lock = Lock::new(());
    let semaphore = Semaphore::new(0);
    let held = now(lock.acquire());
    let (mut made_first, mut made_second) = (spawn(lock.acquire()), spawn(lock.acquire()));
    assert_pending!(made_second.poll());
    assert_pending!(made_first.poll());
    drop(held);
    assert!(made_second.is_woken() && !made_first.is_woken());

    let (mut made_first, mut made_second) =
        (spawn(semaphore.acquire()), spawn(semaphore.acquire()));
    assert_pending!(made_second.poll());
    assert_pending!(made_first.poll());
    semaphore.release();
    assert!(made_second.is_woken() && !made_first.is_woken());
}

#[test]
fn polling_again_neither_loses_nor_gains_a_place() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let (mut first, mut second) = (spawn(lock.acquire()), spawn(lock.acquire()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    assert_pending!(first.poll());
    assert_eq!(lock.waiters(), 2);
    drop(held);
    assert!(first.is_woken() && !second.is_woken());
}

#[test]
fn a_hundred_waiters_are_served_in_order() {
    let lock = Lock::new(());
    let semaphore = Semaphore::new(0);
    let mut held = Some(now(lock.acquire()));
    let mut for_lock: Vec<_> = (0..100).map(|_| spawn(lock.acquire())).collect();
    let mut for_permit: Vec<_> = (0..100).map(|_| spawn(semaphore.acquire())).collect();
    for n in 0..100 {
        assert_pending!(for_lock[n].poll());
        assert_pending!(for_permit[n].poll());
    }
    for n in 0..100 {
        held.take();
        semaphore.release();
        assert!(for_lock[n..].iter().skip(1).all(|wait| !wait.is_woken()));
        assert!(for_permit[n..].iter().skip(1).all(|wait| !wait.is_woken()));
        held = Some(assert_ready!(for_lock[n].poll()));
        assert_ready!(for_permit[n].poll()).forget();
    }
    assert_eq!((lock.waiters(), semaphore.waiters()), (0, 0));
}

#[test]
fn a_newcomer_queues_behind_one_who_is_designated_and_has_not_run() {
    let lock = Arc::new(Lock::new(()));
    let held = now(lock.acquire());
    let mut designated = spawn(lock.acquire());
    assert_pending!(designated.poll());
    drop(held);
    assert!(!lock.locked());
    assert!(lock.try_acquire().is_none());
    assert!(lock.try_acquire_owned().is_none());
    let mut newcomer = spawn(lock.acquire());
    assert_pending!(newcomer.poll());
    drop(assert_ready!(designated.poll()));
    assert!(newcomer.is_woken());
    drop(assert_ready!(newcomer.poll()));
    assert!(lock.try_acquire().is_some());
}

#[test]
fn who_releases_does_not_get_past_the_one_that_it_woke() {
    let semaphore = Semaphore::new(1);
    let permit = now(semaphore.acquire());
    let mut waiting = spawn(semaphore.acquire());
    assert_pending!(waiting.poll());
    drop(permit);
    let mut again = spawn(semaphore.acquire());
    assert_pending!(again.poll());
    let permit = assert_ready!(waiting.poll());
    assert_pending!(again.poll());
    drop(permit);
    drop(assert_ready!(again.poll()));
}

#[test]
fn a_newcomer_queues_behind_one_who_was_granted_though_a_permit_is_there() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut granted = spawn(semaphore.acquire());
    assert_pending!(granted.poll());
    semaphore.release_many(2);
    assert_eq!(semaphore.value(), 1);
    assert!(semaphore.locked());
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.try_acquire_owned().is_none());
    assert!(semaphore.try_acquire_many(1).is_none());
    assert!(semaphore.try_acquire_many_owned(1).is_none());
    let mut newcomer = spawn(semaphore.acquire());
    assert_pending!(newcomer.poll());
    assert!(!newcomer.is_woken());
    // When the one before it has run, it is its turn.
    let permit = assert_ready!(granted.poll());
    assert!(newcomer.is_woken());
    drop((permit, assert_ready!(newcomer.poll())));
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn a_small_need_queues_behind_a_big_one_that_it_would_fit_past() {
    let semaphore = BoundedSemaphore::new(3);
    let held = now(semaphore.acquire_many(2));
    let mut big = spawn(semaphore.acquire_many(3));
    let mut small = spawn(semaphore.acquire());
    assert_pending!(big.poll());
    assert_pending!(small.poll());
    assert_eq!(semaphore.value(), 1);
    assert!(semaphore.try_acquire().is_none());
    drop(held);
    assert!(big.is_woken() && !small.is_woken());
    drop(assert_ready!(big.poll()));
    assert!(small.is_woken());
}

#[test]
fn a_need_of_none_queues_as_any_other() {
    let semaphore = Semaphore::new(0);
    let mut one = spawn(semaphore.acquire());
    let mut none = spawn(semaphore.acquire_many(0));
    assert_pending!(one.poll());
    assert_pending!(none.poll());
    assert!(semaphore.try_acquire_many(0).is_none());
    semaphore.release();
    assert!(one.is_woken());
    let permit = assert_ready!(one.poll());
    assert!(none.is_woken());
    assert_eq!(assert_ready!(none.poll()).count(), 0);
    drop(permit);
}

#[test]
fn one_notified_goes_to_the_back_of_the_locks_queue() {
    let condition = Condition::new(());
    let mut notified = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(notified.poll());
    let held = now(condition.acquire());
    condition.notify(&held, 1);
    // Notified before the other came, but it joins the lock's queue when it runs.
    let mut other = spawn(condition.acquire());
    assert_pending!(other.poll());
    assert_pending!(notified.poll());
    drop(held);
    assert!(other.is_woken() && !notified.is_woken());
    drop(assert_ready!(other.poll()));
    assert!(notified.is_woken());
}
