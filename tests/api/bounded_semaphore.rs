//! `BoundedSemaphore`: every method of it and of its permits.

use awaitlist::{
    Block, BoundedSemaphore, ReleasedTooManyTimes, TimedOut,
    bounded_semaphore::{BoundedSemaphorePermit, MAX_PERMITS, OwnedPermit},
};
use awaitlist_tests::{caught, now};
use std::{error::Error, ptr, sync::Arc, task::Waker, thread, time::Duration};
use tokio_test::{assert_pending, assert_ready, task::spawn};

static DOWNLOADS: BoundedSemaphore = BoundedSemaphore::new(2);
static NAMED: BoundedSemaphore = BoundedSemaphore::named("downloads", 3);

const TOO_MANY: Result<(), ReleasedTooManyTimes> = Err(ReleasedTooManyTimes);

#[test]
fn the_value_it_begins_with_is_its_bound() {
    assert_eq!((DOWNLOADS.value(), DOWNLOADS.bound()), (2, 2));
    assert_eq!((NAMED.value(), NAMED.bound()), (3, 3));
    let default = BoundedSemaphore::default();
    assert_eq!((default.value(), default.bound()), (1, 1));
    let most = BoundedSemaphore::new(MAX_PERMITS);
    assert_eq!((most.value(), most.bound()), (MAX_PERMITS, MAX_PERMITS));
}

#[test]
fn the_bound_stays_while_the_value_changes() {
    let semaphore = BoundedSemaphore::new(2);
    let permit: BoundedSemaphorePermit<'_> = now(semaphore.acquire());
    assert_eq!((permit.count(), semaphore.value(), semaphore.bound()), (1, 1, 2));
    assert!(!semaphore.locked());
    let other = now(semaphore.acquire());
    assert!(semaphore.locked());
    drop((permit, other));
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn a_raised_bound_grants_in_order() {
    let semaphore = BoundedSemaphore::new(1);
    let held = now(semaphore.acquire());
    let mut first = spawn(semaphore.acquire());
    let mut second = spawn(semaphore.acquire());
    let mut third = spawn(semaphore.acquire());
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    assert_pending!(third.poll());
    semaphore.set_bound(3);
    assert!(first.is_woken() && second.is_woken() && !third.is_woken());
    assert_eq!((semaphore.value(), semaphore.bound(), semaphore.waiters()), (0, 3, 3));
    drop((assert_ready!(first.poll()), held));
    assert!(third.is_woken());
    drop((assert_ready!(second.poll()), assert_ready!(third.poll())));
    assert_eq!((semaphore.value(), semaphore.waiters()), (3, 0));
}

#[test]
fn a_lowered_bound_takes_effect_as_permits_are_released() {
    let semaphore = BoundedSemaphore::new(4);
    let mut held = now(semaphore.acquire_many(3));
    semaphore.set_bound(1);
    assert_eq!((semaphore.value(), semaphore.bound(), semaphore.locked()), (0, 1, true));
    assert_eq!(semaphore.to_string(), "<BoundedSemaphore [locked]>");
    let mut next = spawn(semaphore.acquire());
    assert_pending!(next.poll());
    drop(held.split(2));
    assert!(!next.is_woken(), "one permit is out, and the bound is 1");
    assert_eq!(held.count(), 1);
    drop(held);
    assert!(next.is_woken());
    drop(assert_ready!(next.poll()));
    assert_eq!(semaphore.value(), 1);
    assert_eq!(semaphore.release(), TOO_MANY);
}

#[test]
fn while_the_bound_is_exceeded_nothing_is_acquired_and_a_release_is_no_error() {
    let semaphore = BoundedSemaphore::new(2);
    now(semaphore.acquire_many(2)).forget();
    semaphore.set_bound(0);
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.try_acquire_many(0).is_none());
    assert!(semaphore.try_acquire_many(usize::MAX).is_none());
    assert_eq!(semaphore.release_many(3), TOO_MANY);
    assert_eq!(semaphore.release_many(2), Ok(()));
    assert_eq!((semaphore.value(), semaphore.release()), (0, TOO_MANY));
    assert_eq!(now(semaphore.acquire_many(0)).count(), 0);
}

#[test]
fn a_queued_need_above_the_bound_waits_until_the_bound_rises() {
    let semaphore = BoundedSemaphore::new(3);
    let held = now(semaphore.acquire_many(3));
    let mut big = spawn(semaphore.acquire_many(3));
    let mut unpolled = spawn(semaphore.acquire_many(2));
    let mut small = spawn(semaphore.acquire());
    assert_pending!(big.poll());
    semaphore.set_bound(1);
    drop(held);
    assert_eq!(semaphore.value(), 1);
    assert!(!big.is_woken());
    assert_pending!(small.poll());
    assert_pending!(unpolled.poll());
    semaphore.set_bound(3);
    assert!(big.is_woken() && !small.is_woken());
    drop(assert_ready!(big.poll()));
    drop(assert_ready!(small.poll()));
    drop(assert_ready!(unpolled.poll()));
    assert_eq!(semaphore.value(), 3);
}

/// The first of them fills the bound without granting the first waiter, which needs more; the
/// second waiter, which needs less, is not reached.
#[test]
fn releases_beyond_a_lowered_bound_fail_though_a_small_need_waits_behind_a_big_one() {
    let semaphore = BoundedSemaphore::new(5);
    now(semaphore.acquire_many(5)).forget();
    let mut big = spawn(semaphore.acquire_many(5));
    let mut small = spawn(semaphore.acquire());
    assert_pending!(big.poll());
    assert_pending!(small.poll());
    semaphore.set_bound(1);
    assert_eq!(semaphore.release_many(6), TOO_MANY);
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 2));
    assert_eq!(semaphore.release_many(5), Ok(()));
    assert_eq!((semaphore.value(), semaphore.waiters()), (1, 2));
}

#[test]
fn a_new_need_above_a_lowered_bound_panics() {
    let semaphore = BoundedSemaphore::new(3);
    semaphore.set_bound(2);
    let message = caught(|| drop(semaphore.acquire_many(3))).message;
    let expected = "acquire_many(3) would wait for ever: the bound of this BoundedSemaphore is 2";
    assert_eq!(message, expected);
    assert_eq!(now(semaphore.acquire_many(2)).count(), 2);
}

#[test]
fn a_bound_above_the_most_panics_and_changes_nothing() {
    let semaphore = BoundedSemaphore::new(3);
    let message = caught(|| semaphore.set_bound(MAX_PERMITS + 1)).message;
    assert_eq!(message, "a semaphore has at most `MAX_PERMITS` permits");
    assert_eq!((semaphore.bound(), semaphore.value()), (3, 3));
    semaphore.set_bound(MAX_PERMITS);
    assert_eq!((semaphore.bound(), semaphore.value()), (MAX_PERMITS, MAX_PERMITS));
    let all = semaphore.try_acquire_many(MAX_PERMITS).unwrap();
    semaphore.set_bound(0);
    assert_eq!(semaphore.value(), 0);
    drop(all);
    assert_eq!((semaphore.value(), semaphore.release()), (0, TOO_MANY));
    semaphore.set_bound(2);
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn one_too_many_waits_for_a_permit_to_come_back() {
    let semaphore = BoundedSemaphore::new(1);
    let permit = now(semaphore.acquire());
    let mut next = spawn(semaphore.acquire());
    assert_pending!(next.poll());
    assert_eq!(semaphore.waiters(), 1);
    drop(permit);
    assert!(next.is_woken());
    drop(assert_ready!(next.poll()));
    assert_eq!((semaphore.value(), semaphore.waiters()), (1, 0));
}

#[test]
fn every_form_of_acquire_takes_what_it_says() {
    let semaphore = Arc::new(BoundedSemaphore::new(3));
    assert_eq!(now(semaphore.acquire_many(3)).count(), 3);
    assert_eq!(now(semaphore.acquire_many_owned(2)).count(), 2);
    assert_eq!(now(semaphore.acquire_owned()).count(), 1);
    assert_eq!(now(semaphore.acquire_many(0)).count(), 0);
    assert_eq!(semaphore.try_acquire().unwrap().count(), 1);
    assert_eq!(semaphore.try_acquire_owned().unwrap().count(), 1);
    assert_eq!(semaphore.try_acquire_many(3).unwrap().count(), 3);
    assert_eq!(semaphore.try_acquire_many_owned(2).unwrap().count(), 2);
    assert!(semaphore.try_acquire_many(4).is_none());
    assert!(semaphore.try_acquire_many_owned(4).is_none());
    let all = now(semaphore.acquire_many(3));
    assert!(semaphore.try_acquire().is_none());
    assert!(semaphore.try_acquire_owned().is_none());
    drop(all);
    assert_eq!((semaphore.value(), Arc::strong_count(&semaphore)), (3, 1));
}

#[test]
fn a_release_too_many_is_an_error_and_changes_nothing() {
    let semaphore = BoundedSemaphore::new(2);
    assert_eq!(semaphore.release(), TOO_MANY);
    assert_eq!(semaphore.release_many(1), TOO_MANY);
    assert_eq!(semaphore.release_many(0), Ok(()));
    assert_eq!(semaphore.value(), 2);
    now(semaphore.acquire()).forget();
    assert_eq!(semaphore.release_many(2), TOO_MANY);
    assert_eq!(semaphore.value(), 1);
    assert_eq!(semaphore.release(), Ok(()));
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn a_release_gives_back_what_was_forgotten_and_wakes_the_next() {
    let semaphore = BoundedSemaphore::new(2);
    now(semaphore.acquire_many(2)).forget();
    let mut next = spawn(semaphore.acquire());
    assert_pending!(next.poll());
    assert_eq!(semaphore.release_many(2), Ok(()));
    assert!(next.is_woken());
    assert_eq!(semaphore.value(), 1);
    drop(assert_ready!(next.poll()));
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn a_grant_hides_a_release_too_many_as_in_asyncio() {
    let semaphore = BoundedSemaphore::new(1);
    let held = now(semaphore.acquire());
    let mut next = spawn(semaphore.acquire());
    assert_pending!(next.poll());
    assert_eq!(semaphore.release(), Ok(()));
    assert_eq!(semaphore.release(), Ok(()));
    assert_eq!((semaphore.value(), semaphore.waiters()), (1, 1));
    assert_eq!(semaphore.release(), TOO_MANY);
    drop(assert_ready!(next.poll()));
    assert_eq!(semaphore.value(), 1);
    drop(held);
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn one_made_with_nothing_waits_for_ever_and_is_never_released() {
    let semaphore = BoundedSemaphore::new(0);
    assert!(semaphore.locked());
    assert_eq!(semaphore.release(), TOO_MANY);
    assert!(semaphore.try_acquire().is_none());
    let mut one = spawn(semaphore.acquire());
    assert_pending!(one.poll());
    // Not even while there is a waiter: the value is at its bound.
    assert_eq!(semaphore.release(), TOO_MANY);
    assert!(!one.is_woken());
    drop(one);
    assert_eq!(now(semaphore.acquire_many(0)).count(), 0);
}

#[test]
fn permits_are_split_merged_and_forgotten() {
    let semaphore = Arc::new(BoundedSemaphore::new(4));
    let mut permit: OwnedPermit = now(semaphore.acquire_many_owned(4));
    assert!(permit.split(5).is_none());
    let two = permit.split(2).unwrap();
    assert_eq!((permit.count(), two.count()), (2, 2));
    permit.merge(two);
    assert_eq!(permit.count(), 4);
    permit.split(3).unwrap().forget();
    drop(permit);
    assert_eq!((semaphore.value(), Arc::strong_count(&semaphore)), (1, 1));
    assert_eq!(semaphore.release_many(3), Ok(()));
    assert_eq!(semaphore.release(), TOO_MANY);
}

#[test]
fn a_permit_knows_its_semaphore() {
    let semaphore = Arc::new(BoundedSemaphore::new(2));
    assert!(ptr::eq(*now(semaphore.acquire()).semaphore(), &*semaphore));
    assert!(Arc::ptr_eq(now(semaphore.acquire_owned()).semaphore(), &semaphore));
}

#[test]
fn released_too_many_times_has_asyncios_text_too() {
    let error: Box<dyn Error + Send + Sync> = ReleasedTooManyTimes.into();
    assert_eq!(error.to_string(), "the bounded semaphore was released too many times");
    let message = ReleasedTooManyTimes.asyncio_message();
    assert_eq!(message, "BoundedSemaphore released too many times");
    assert!(error.source().is_none());
    assert_eq!(format!("{ReleasedTooManyTimes:?}"), "ReleasedTooManyTimes");
}

#[test]
fn display_prints_asyncios_brackets() {
    let semaphore = BoundedSemaphore::new(1);
    assert_eq!(semaphore.to_string(), "<BoundedSemaphore [unlocked, value:1]>");
    let permit = now(semaphore.acquire());
    assert_eq!(semaphore.to_string(), "<BoundedSemaphore [locked]>");
    let mut next = spawn(semaphore.acquire());
    assert_pending!(next.poll());
    assert_eq!(semaphore.to_string(), "<BoundedSemaphore [locked, waiters:1]>");
    drop(permit);
    assert_eq!(semaphore.to_string(), "<BoundedSemaphore [locked, waiters:1]>");
    drop(next);
    assert_eq!(semaphore.to_string(), "<BoundedSemaphore [unlocked, value:1]>");
}

#[test]
fn debug_shows_the_value_the_waiters_and_the_bound() {
    let semaphore = BoundedSemaphore::new(2);
    let permit = now(semaphore.acquire());
    assert_eq!(format!("{semaphore:?}"), "BoundedSemaphore { value: 1, waiters: 0, bound: 2 }");
    assert_eq!(format!("{permit:?}"), r#"Permit { of: "BoundedSemaphore", count: 1, .. }"#);
    let mut two = Box::pin(semaphore.acquire_many(2));
    assert!(awaitlist_tests::poll(&mut two, Waker::noop()).is_pending());
    assert_eq!(
        format!("{two:?}"),
        r#"Acquire { of: "BoundedSemaphore", need: 2, queued: true, .. }"#
    );
}

#[test]
fn a_thread_waits_for_a_permit_in_the_same_queue() {
    let semaphore = Arc::new(BoundedSemaphore::new(1));
    let permit = now(semaphore.acquire());
    assert_eq!(semaphore.acquire().block_timeout(Duration::ZERO).unwrap_err(), TimedOut);
    assert_eq!(semaphore.waiters(), 0);
    thread::scope(|scope| {
        let thread = scope.spawn(|| semaphore.acquire().block().count());
        while semaphore.waiters() == 0 {
            thread::yield_now();
        }
        drop(permit);
        assert_eq!(thread.join().unwrap(), 1);
    });
}
