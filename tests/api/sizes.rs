//! What the suite costs in memory, on 64-bit targets.
#![cfg(target_pointer_width = "64")]

use awaitlist::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, LockGuard, OwnedLockGuard, Semaphore,
    barrier, bounded_semaphore, condition, event, lock, semaphore,
};
use std::sync::Arc;

/// Asserts that types are no bigger than that.
macro_rules! assert_fits {
    ($size:expr; $($type:ty),+ $(,)?) => {$(
        let size = size_of::<$type>();
        assert!(size <= $size, "{} has {size} bytes", stringify!($type));
    )+};
}

#[test]
fn a_primitive_is_no_bigger_than_half_a_cache_line() {
    assert_fits!(32; Lock, Event, Semaphore);
}

#[test]
fn what_has_more_to_keep_adds_that_and_no_more() {
    assert_fits!(40; Lock<u64>, BoundedSemaphore);
    assert_fits!(64; Condition);
    assert_fits!(72; Barrier);
}

#[test]
fn a_future_is_three_quarters_of_a_cache_line() {
    assert_fits!(48;
        lock::Acquire<(), &'static Lock>,
        lock::AcquireOwned,
        lock::Acquire<[u64; 9], &'static Lock<[u64; 9]>>,
        event::Wait<&'static Event>,
        event::WaitOwned,
        semaphore::Acquire<&'static Semaphore>,
        semaphore::AcquireOwned,
        bounded_semaphore::Acquire<&'static BoundedSemaphore>,
        bounded_semaphore::AcquireOwned,
        barrier::Wait<&'static Barrier>,
        barrier::WaitOwned,
    );
}

#[test]
fn a_future_that_may_be_there_is_no_bigger() {
    assert_fits!(48;
        Option<lock::Acquire<(), &'static Lock>>,
        Option<event::Wait<&'static Event>>,
        Option<semaphore::AcquireOwned>,
        Option<barrier::Wait<&'static Barrier>>,
    );
}

#[test]
fn a_future_with_two_places_is_no_bigger_than_a_cache_line() {
    assert_fits!(64;
        condition::Wait<&'static Condition<u64>, u64, &'static Lock<u64>>,
        condition::WaitOwned<u64, Arc<Lock<u64>>, Arc<Lock<u64>>>,
    );
}

#[test]
fn a_guard_is_a_pointer_and_a_permit_a_pointer_and_a_count() {
    assert_fits!(8; LockGuard<'static, u64>, OwnedLockGuard<u64>);
    assert_fits!(16; semaphore::SemaphorePermit<'static>, bounded_semaphore::OwnedPermit);
    assert_fits!(16; lock::MappedLockGuard<'static, u64>);
}

#[test]
fn what_the_diagnostics_are_told_is_nothing_without_them() {
    use awaitlist_core::trace::{
        CallSite, HoldTrace, PrimitiveTrace, ReleaseTrace, Timestamp, WaitTrace,
    };

    assert_fits!(0; HoldTrace, Timestamp, CallSite, PrimitiveTrace, ReleaseTrace<'static>, WaitTrace);
    assert!(
        !std::mem::needs_drop::<(HoldTrace, PrimitiveTrace, ReleaseTrace<'static>, WaitTrace)>()
    );
}
