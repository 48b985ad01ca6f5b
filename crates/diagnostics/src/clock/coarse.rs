//! The system's coarse clock: it costs a fifth of the standard one to read, and is as exact as the
//! system's tick, which takes 1 to 10 ms.
//!
//! It shows what the clock of [`Instant`](std::time::Instant) showed at the last tick. So its times
//! are in order among each other, and none is later than what that clock shows.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// Returns the time at the last tick, in nanoseconds.
#[inline]
pub(super) fn nanos() -> u64 {
    read(libc::CLOCK_MONOTONIC_COARSE)
}

/// Returns the exact time of the same clock.
pub(super) fn exact_nanos() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

#[inline]
fn read(clock: libc::clockid_t) -> u64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: `time` is valid for the write. It is initialized also if the call fails, since zeros
    // are a `timespec`.
    let time = unsafe {
        libc::clock_gettime(clock, time.as_mut_ptr());
        time.assume_init()
    };
    // Neither is negative: the clock starts with the system.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
