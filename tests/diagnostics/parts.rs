//! Permits that are split, merged, forgotten and made up: what is shown is what there is.

use std::task::Waker;

use awaitlist::{
    BoundedSemaphore, Lock, LockGuard, Semaphore,
    diagnostics::{Primitive, snapshot, task},
};
use awaitlist_tests::TestWaker;

use crate::{find, ready, seen};

fn permits(shown: &Primitive) -> Vec<usize> {
    shown.holds.iter().map(|hold| hold.permits).collect()
}

#[test]
fn a_permit_that_is_split_is_two_holds_and_merged_it_is_one() {
    let pool = Semaphore::named("split", 5);
    let mut permit = ready(task("owner", pool.acquire_many(5)), Waker::noop());
    let part = permit.split(2).unwrap();
    assert_eq!(permits(&seen("split")), [3, 2]);
    assert!(seen("split").holds.iter().all(|hold| hold.who.to_string() == "task \"owner\""));
    permit.merge(part);
    assert_eq!(permits(&seen("split")), [5]);
    let all = permit.split(5).unwrap();
    assert_eq!(permits(&seen("split")), [5], "nothing is left of the first");
    drop(permit);
    assert_eq!(permits(&seen("split")), [5]);
    let mut none = pool.try_acquire_many(0).unwrap();
    none.merge(all);
    assert_eq!(permits(&seen("split")), [5]);
    drop(none);
    assert_eq!(find(&snapshot(), "split"), None);
}

#[test]
fn a_part_keeps_the_waker_that_it_is_known_by() {
    let pool = Semaphore::named("known part", 2);
    let family = TestWaker::new();
    let waker = family.waker();
    let mut permit = ready(pool.acquire_many(2), &waker);
    let part = permit.split(1).unwrap();
    assert_eq!(family.alive(), 3);
    let shown = seen("known part");
    assert_eq!(shown.holds[0].who, shown.holds[1].who);
    drop((permit, part));
    assert_eq!(family.alive(), 1);
}

#[test]
fn forgotten_permits_are_shown_until_they_are_released() {
    let pool = BoundedSemaphore::named("forgotten permits", 3);
    ready(task("forgetful", pool.acquire_many(2)), Waker::noop()).forget();
    let shown = seen("forgotten permits");
    assert!(shown.holds[0].forgotten && shown.holds[0].is_leaked());
    pool.release().unwrap();
    assert_eq!(permits(&seen("forgotten permits")), [1]);
    assert!(pool.release_many(2).is_err());
    assert_eq!(permits(&seen("forgotten permits")), [1], "refused, nothing has changed");
    pool.release().unwrap();
    assert_eq!(find(&snapshot(), "forgotten permits"), None);
}

#[test]
fn permits_that_are_made_up_are_counted() {
    let pool = Semaphore::named("counted", 1);
    pool.release_many(2);
    let permit = pool.try_acquire_many(3).unwrap();
    assert_eq!(seen("counted").permits, 3);
    drop(permit);
}

#[test]
fn a_lock_that_is_forgotten_and_adopted_is_held_as_before() {
    let lock = Lock::named("adopted again", ());
    LockGuard::forget(ready(task("first", lock.acquire()), Waker::noop()));
    assert!(seen("adopted again").holds[0].forgotten);
    let guard = lock.adopt().unwrap();
    let line = line!() - 1;
    let shown = seen("adopted again");
    assert_eq!(shown.holds.len(), 1);
    assert!(!shown.holds[0].forgotten);
    assert_eq!(shown.holds[0].at.line(), line);
    drop(guard);
    assert_eq!(find(&snapshot(), "adopted again"), None);
}

/// A waker that was kept for a hold is dropped with it, though the hold continues.
#[test]
fn a_forgotten_hold_keeps_no_waker() {
    let lock = Lock::named("lets go", ());
    let family = TestWaker::new();
    let waker = family.waker();
    let guard = ready(lock.acquire(), &waker);
    assert_eq!(family.alive(), 2);
    LockGuard::forget(guard);
    assert_eq!(family.alive(), 1);
    assert!(seen("lets go").holds[0].forgotten);
    lock.release().unwrap();
}

/// asyncio's habit, many times: a release does not walk through all that are forgotten.
#[test]
fn many_forgotten_permits_are_released_one_by_one() {
    const PERMITS: usize = 20_000;
    let pool = Semaphore::named("many forgotten", PERMITS);
    for _ in 0..PERMITS {
        pool.try_acquire().unwrap().forget();
    }
    for _ in 1..PERMITS {
        pool.release();
    }
    assert_eq!(permits(&seen("many forgotten")), [1]);
    pool.release();
    assert_eq!(find(&snapshot(), "many forgotten"), None);
}
