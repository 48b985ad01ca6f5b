//! The system's coarse clock: it costs a fifth of the standard one to read, and is as exact as the
//! system's tick, which takes 1 to 10 ms.
//!
//! It shows what the clock of [`Instant`](std::time::Instant) showed at the last tick. So its times
//! are in order among each other, and none is later than what that clock shows.

#![allow(unsafe_code)]

use std::{mem::MaybeUninit, time::Duration};

/// How much too early a time is at most, as a rule: the longest tick.
pub(super) const ERROR: Duration = Duration::from_millis(10);

/// Returns the time at the last tick, in nanoseconds; or `None` if the system refuses.
#[inline]
pub(super) fn nanos() -> Option<u64> {
    read(libc::CLOCK_MONOTONIC_COARSE)
}

/// Returns the exact time of the same clock.
pub(super) fn exact_nanos() -> Option<u64> {
    read(libc::CLOCK_MONOTONIC)
}

#[inline]
fn read(clock: libc::clockid_t) -> Option<u64> {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: `time` is valid for the write.
    let result = unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) };
    // SAFETY: it is initialized also if the call failed, since zeros are a `timespec`.
    let time = unsafe { time.assume_init() };
    // Neither is negative: the clock starts with the system.
    (result == 0).then_some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}
