//! A permit dropped where there is no room for it is discarded; a `release` there is an error or a
//! panic, and nothing has changed. `release_many(n)` of a bounded semaphore succeeds exactly if `n`
//! releases would have.

use awaitlist::{BoundedSemaphore, ReleasedTooManyTimes, Semaphore, semaphore::MAX_PERMITS};
use awaitlist_tests::{caught, now};
use proptest::prelude::*;
use tokio_test::{assert_pending, task::spawn};

#[test]
fn a_permit_dropped_at_the_bound_is_let_go() {
    let semaphore = BoundedSemaphore::new(2);
    let permit = now(semaphore.acquire_many(2));
    semaphore.release_many(2).unwrap();
    drop(permit);
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn a_permit_dropped_near_the_bound_fills_it() {
    let semaphore = BoundedSemaphore::new(3);
    let permit = now(semaphore.acquire_many(3));
    semaphore.release().unwrap();
    drop(permit);
    assert_eq!(semaphore.value(), 3);
}

#[test]
fn a_grant_dropped_at_the_bound_is_let_go() {
    let semaphore = BoundedSemaphore::new(1);
    let permit = now(semaphore.acquire());
    let mut granted = spawn(semaphore.acquire());
    assert_pending!(granted.poll());
    semaphore.release().unwrap();
    semaphore.release().unwrap();
    assert_eq!(semaphore.value(), 1);
    drop(granted);
    assert_eq!(semaphore.value(), 1);
    drop(permit);
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn a_permit_dropped_at_the_most_there_can_be_is_let_go() {
    let semaphore = Semaphore::new(MAX_PERMITS);
    let permit = now(semaphore.acquire_many(5));
    semaphore.release_many(3);
    drop(permit);
    assert_eq!(semaphore.value(), MAX_PERMITS);
}

#[test]
fn a_release_beyond_the_most_there_can_be_panics_and_changes_nothing() {
    let semaphore = Semaphore::new(MAX_PERMITS - 1);
    semaphore.release();
    caught(|| semaphore.release());
    assert_eq!(semaphore.value(), MAX_PERMITS);
    let permit = now(semaphore.acquire_many(2));
    caught(|| semaphore.release_many(3));
    assert_eq!(semaphore.value(), MAX_PERMITS - 2);
    drop(permit);
    assert_eq!(semaphore.value(), MAX_PERMITS);
}

#[test]
fn release_many_counts_the_grants_among_its_releases() {
    let semaphore = BoundedSemaphore::new(2);
    now(semaphore.acquire_many(2)).forget();
    let mut waiting = [1, 1].map(|need| spawn(semaphore.acquire_many(need)));
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    // Two are granted on the way, so four releases are right where there seems to be room for two.
    assert_eq!(semaphore.release_many(5), Err(ReleasedTooManyTimes));
    assert!(waiting.iter().all(|wait| !wait.is_woken()));
    assert_eq!(semaphore.release_many(4), Ok(()));
    assert!(waiting.iter().all(|wait| wait.is_woken()));
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn release_many_of_an_absurd_number_is_an_error() {
    let semaphore = BoundedSemaphore::new(2);
    let permit = now(semaphore.acquire_many(2));
    let mut next = spawn(semaphore.acquire());
    assert_pending!(next.poll());
    assert_eq!(semaphore.release_many(usize::MAX), Err(ReleasedTooManyTimes));
    assert!(!next.is_woken());
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 1));
    drop(permit);
}

/// A semaphore of `bound` with `value` permits available. One granted waiter keeps the others in
/// the queue, and these need `needs`. Then `release` is tried.
fn after<R>(
    bound: usize,
    value: usize,
    needs: &[usize],
    release: impl FnOnce(&BoundedSemaphore) -> R,
) -> (R, usize, Vec<bool>) {
    let semaphore = BoundedSemaphore::new(bound);
    now(semaphore.acquire_many(bound)).forget();
    let mut granted = spawn(semaphore.acquire());
    assert_pending!(granted.poll());
    semaphore.release_many(1 + value).unwrap();
    let mut waiting: Vec<_> =
        needs.iter().map(|need| spawn(semaphore.acquire_many(*need))).collect();
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    let result = release(&semaphore);
    let woken = waiting.iter().map(|wait| wait.is_woken()).collect();
    (result, semaphore.value(), woken)
}

proptest! {
    #[test]
    fn release_many_is_right_iff_so_many_releases_are(
        (bound, value, needs) in (1_usize..6).prop_flat_map(|bound| (
            Just(bound),
            0..=bound,
            prop::collection::vec(0..=bound, 0..6),
        )),
        n in 0_usize..20,
    ) {
        let one_by_one = after(bound, value, &needs, |semaphore| {
            (0..n).try_for_each(|_| semaphore.release())
        });
        let in_one = after(bound, value, &needs, |semaphore| semaphore.release_many(n));
        if one_by_one.0.is_ok() {
            prop_assert_eq!(in_one, one_by_one);
        } else {
            let nothing = after(bound, value, &needs, |_| Err(ReleasedTooManyTimes));
            prop_assert_eq!(in_one, nothing);
        }
    }
}
