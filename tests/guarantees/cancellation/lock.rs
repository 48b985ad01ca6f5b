//! Acquires of a lock.

use awaitlist::Lock;
use awaitlist_tests::now;
use std::sync::Arc;
use tokio_test::{
    assert_pending, assert_ready,
    task::{Spawn, spawn},
};

/// A held lock, and three waiters.
macro_rules! three_wait_for {
    ($lock:ident, $held:ident, $waits:ident) => {
        let $lock = Lock::new(());
        let $held = now($lock.acquire());
        let mut $waits: Vec<_> = (0..3).map(|_| spawn($lock.acquire())).collect();
        for wait in &mut $waits {
            assert_pending!(wait.poll());
        }
    };
}

fn woken<F>(waits: &[Spawn<F>]) -> Vec<bool> {
    waits.iter().map(Spawn::is_woken).collect()
}

#[test]
fn never_polled_it_was_never_there() {
    let lock = Arc::new(Lock::new(()));
    drop(spawn(lock.acquire()));
    drop(spawn(lock.acquire_owned()));
    assert_eq!((lock.to_string(), Arc::strong_count(&lock)), ("<Lock [unlocked]>".into(), 1));
    three_wait_for!(held_lock, held, waits);
    drop(spawn(held_lock.acquire()));
    assert_eq!(held_lock.waiters(), 3);
    drop(held);
    assert_eq!(woken(&waits), [true, false, false]);
}

#[test]
fn queued_its_place_goes_and_the_others_keep_their_order() {
    for place in 0..3 {
        three_wait_for!(lock, held, waits);
        drop(waits.remove(place));
        assert_eq!((lock.waiters(), lock.locked()), (2, true));
        assert_eq!(woken(&waits), [false, false]);
        drop(held);
        assert_eq!(woken(&waits), [true, false]);
        drop(assert_ready!(waits[0].poll()));
        assert_eq!(woken(&waits[1..]), [true]);
        drop(assert_ready!(waits[1].poll()));
        assert!(lock.try_acquire().is_some());
    }
}

#[test]
fn queued_alone_it_leaves_no_trace() {
    let lock = Arc::new(Lock::new(()));
    let held = now(lock.acquire());
    let mut wait = spawn(lock.acquire_owned());
    assert_pending!(wait.poll());
    drop(wait);
    assert_eq!((lock.waiters(), Arc::strong_count(&lock)), (0, 1));
    drop(held);
    assert!(lock.try_acquire().is_some());
}

#[test]
fn designated_it_designates_the_next() {
    three_wait_for!(lock, held, waits);
    drop(held);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [true, false]);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [true]);
    assert_eq!((lock.locked(), lock.waiters()), (false, 1));
    drop(assert_ready!(waits[0].poll()));
}

#[test]
fn designated_alone_it_leaves_the_lock_free() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let mut wait = spawn(lock.acquire());
    assert_pending!(wait.poll());
    drop(held);
    assert!(lock.try_acquire().is_none());
    drop(wait);
    assert_eq!((lock.locked(), lock.waiters()), (false, 0));
    assert!(lock.try_acquire().is_some());
}

#[test]
fn queued_behind_a_designated_one_it_changes_nothing_for_that() {
    for place in 1..3 {
        three_wait_for!(lock, held, waits);
        drop(held);
        drop(waits.remove(place));
        assert_eq!(woken(&waits), [true, false]);
        drop(assert_ready!(waits[0].poll()));
        assert_eq!(woken(&waits[1..]), [true]);
    }
}

#[test]
fn finished_its_drop_releases_nothing() {
    let lock = Lock::new(());
    let mut wait = spawn(lock.acquire());
    let guard = assert_ready!(wait.poll());
    drop(wait);
    assert!(lock.locked());
    drop(guard);
    assert!(!lock.locked());
}

#[test]
fn all_of_them_leave_the_lock_as_new() {
    three_wait_for!(lock, held, waits);
    drop(held);
    waits.clear();
    assert_eq!(lock.to_string(), "<Lock [unlocked]>");
    assert!(lock.try_acquire().is_some());
}
