//! Traps of the semaphore and the bounded semaphore.

use awaitlist::{BoundedSemaphore, ReleasedTooManyTimes, Semaphore};
use awaitlist_tests::assert_brackets;

use super::{Log, NOTHING, Stage};

/// A release with a waiter hands the permit over: it is not in the value before the waiter runs.
#[test]
fn trap_23_a_semaphore_hands_its_permit_over() {
    let (semaphore, log) = (Semaphore::new(0), Log::default());
    let stage = Stage::new(&log);
    stage.acquire_permit("a", &semaphore);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked, waiters:1");
    semaphore.release();
    assert_eq!((semaphore.value(), semaphore.locked()), (0, true));
    assert_brackets(&semaphore, "locked, waiters:1");
    assert_eq!(stage.settle(), ["a"]);
    assert_eq!(semaphore.value(), 0);
    assert_brackets(&semaphore, "locked");
}

/// More releases than waiters: there are permits, and it is locked all the same, until the one
/// granted has run. A newcomer queues.
#[test]
fn trap_24_a_semaphore_may_be_locked_with_permits_to_be_had() {
    let (semaphore, log) = (Semaphore::new(0), Log::default());
    let stage = Stage::new(&log);
    stage.acquire_permit("a", &semaphore);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked, waiters:1");
    stage.acquire_permit("b", &semaphore);
    for value in [0, 1, 2] {
        semaphore.release();
        assert_eq!((semaphore.value(), semaphore.locked()), (value, true));
        assert_brackets(&semaphore, "locked, waiters:1");
    }
    assert_eq!(stage.tick(), ["a"]);
    assert_eq!(semaphore.value(), 1);
    assert_brackets(&semaphore, "locked, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&semaphore, "unlocked, value:1");
}

/// A task that finishes its acquire wakes as many of those behind it as the value allows, in one
/// step.
#[test]
fn trap_25_a_finished_acquire_wakes_as_many_as_the_value_allows() {
    let (semaphore, log) = (Semaphore::new(0), Log::default());
    let stage = Stage::new(&log);
    stage.acquire_permit("a", &semaphore);
    assert_eq!(stage.settle(), NOTHING);
    stage.acquire_permit("b", &semaphore);
    stage.acquire_permit("c", &semaphore);
    let d = stage.acquire_permit("d", &semaphore);
    for value in [0, 1, 2] {
        semaphore.release();
        assert_eq!(semaphore.value(), value);
        assert_brackets(&semaphore, "locked, waiters:1");
    }
    assert_eq!(stage.tick(), ["a"]);
    assert_eq!(semaphore.value(), 0);
    assert_brackets(&semaphore, "locked, waiters:3");
    assert_eq!(stage.tick(), ["b", "c"]);
    assert_brackets(&semaphore, "locked, waiters:1");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked, waiters:1");
    assert!(!d.is_done());
}

/// A task that is cancelled after the grant passes the permit on. Ours does so at the drop.
#[test]
fn trap_26_a_cancelled_grant_goes_to_the_next() {
    let (semaphore, log) = (Semaphore::new(0), Log::default());
    let stage = Stage::new(&log);
    let a = stage.acquire_permit("a", &semaphore);
    stage.acquire_permit("b", &semaphore);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked, waiters:2");
    semaphore.release();
    assert_brackets(&semaphore, "locked, waiters:2");
    assert!(a.cancel());
    assert_eq!(semaphore.value(), 0);
    assert_brackets(&semaphore, "locked, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_eq!(semaphore.value(), 0);
    assert_brackets(&semaphore, "locked");
}

/// With no other waiter, it is added to the value again.
#[test]
fn trap_27_a_cancelled_grant_goes_back_into_the_value() {
    let (semaphore, log) = (Semaphore::new(0), Log::default());
    let stage = Stage::new(&log);
    let a = stage.acquire_permit("a", &semaphore);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked, waiters:1");
    semaphore.release();
    assert_brackets(&semaphore, "locked, waiters:1");
    assert!(a.cancel());
    assert_brackets(&semaphore, "unlocked, value:1");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "unlocked, value:1");
}

/// A release does not grant to a cancelled waiter, but to the next: CPython's semaphore, unlike its
/// lock, skips those, and ours have gone.
#[test]
fn trap_28_a_release_grants_nobody_who_was_cancelled() {
    let (semaphore, log) = (Semaphore::new(0), Log::default());
    let stage = Stage::new(&log);
    let a = stage.acquire_permit("a", &semaphore);
    stage.acquire_permit("b", &semaphore);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked, waiters:2");
    assert!(a.cancel());
    assert_brackets(&semaphore, "locked, waiters:1");
    semaphore.release();
    assert_eq!(semaphore.value(), 0);
    assert_brackets(&semaphore, "locked, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&semaphore, "locked");
}

/// When all waiters are cancelled, a newcomer gets in at once. CPython prints them beside the value
/// until they run (`unlocked, value:1, waiters:1`); ours are gone at the drop.
#[test]
fn trap_29_a_semaphore_whose_waiters_are_all_cancelled_is_unlocked() {
    let (semaphore, log) = (Semaphore::new(0), Log::default());
    let stage = Stage::new(&log);
    let a = stage.acquire_permit("a", &semaphore);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked, waiters:1");
    stage.acquire_permit("b", &semaphore);
    assert!(a.cancel());
    assert_brackets(&semaphore, "locked");
    semaphore.release();
    assert_brackets(&semaphore, "unlocked, value:1");
    assert_eq!(stage.tick(), ["b"]);
    assert_brackets(&semaphore, "locked");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&semaphore, "locked");
}

/// A bounded semaphore looks at its value and at nothing else. A grant takes the permit out of
/// that, so of three releases after two acquires on one permit, only the last is found out.
#[test]
fn trap_30_a_grant_hides_a_release_too_many() {
    let (semaphore, log) = (BoundedSemaphore::new(1), Log::default());
    let stage = Stage::new(&log);
    stage.spawn("a", async { semaphore.acquire().await.forget() });
    stage.spawn("b", async { semaphore.acquire().await.forget() });
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&semaphore, "locked, waiters:1");
    assert_eq!((semaphore.release(), semaphore.value()), (Ok(()), 0));
    assert_eq!((semaphore.release(), semaphore.value()), (Ok(()), 1));
    assert_brackets(&semaphore, "locked, waiters:1");
    let third = semaphore.release().map_err(|error| error.asyncio_message().to_owned());
    assert_eq!(third, Err("BoundedSemaphore released too many times".into()));
    assert_eq!(semaphore.value(), 1);
    assert_brackets(&semaphore, "locked, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&semaphore, "unlocked, value:1");
}

/// A semaphore has no upper bound but what it can count. A bounded one that began with nothing can
/// never be released.
#[test]
fn trap_31_a_semaphore_has_no_bound_and_a_bound_of_0_is_one() {
    let (semaphore, bounded) = (Semaphore::new(0), BoundedSemaphore::new(0));
    semaphore.release();
    assert_brackets(&semaphore, "unlocked, value:1");
    semaphore.release();
    assert_brackets(&semaphore, "unlocked, value:2");
    assert_eq!(bounded.release(), Err(ReleasedTooManyTimes));
    assert_brackets(&bounded, "locked");
}
