//! The platform: atomics, cells, and how threads wait for the lock of a queue. The other files of
//! this folder are one platform each; everything that depends on the build is chosen here.
//!
//! | build | atomics | a thread that finds the queue locked |
//! |---|---|---|
//! | `std` | `core`, or `portable-atomic` | retries, then yields, then sleeps |
//! | `critical-section` | `core`, or `portable-atomic` | does not exist on one core: interrupts are disabled while it is locked |
//! | `--cfg awaitlist_loom` | `loom` | sleeps until it is unlocked |
//! | `--cfg awaitlist_shuttle` | `shuttle` | sleeps until it is unlocked |
//!
//! Three more cfgs, for tests only, leave the platform as it is, or choose one that is there:
//! `awaitlist_critical_section` takes that of the feature `critical-section` although there is an
//! operating system, so that threads can test it. `awaitlist_preempt` has the holder of a queue's
//! lock yield or sleep at random. `awaitlist_limits` makes the limits small: see `MAX_WAITERS` and
//! `FIRST_GENERATION`.

#[cfg(not(any(feature = "std", feature = "critical-section", awaitlist_loom)))]
compile_error!(
    "awaitlist needs a way to lock its wait queues: enable the feature `std` (it is a default feature), or, \
     without an operating system, the feature `critical-section` and an implementation of that crate for your chip"
);

#[cfg(not(any(target_has_atomic = "ptr", feature = "portable-atomic", awaitlist_loom)))]
compile_error!(
    "this target has no compare-and-swap, which awaitlist needs: enable its feature `portable-atomic` as well"
);

mod cell;
#[cfg(any(awaitlist_critical_section, not(any(feature = "std", awaitlist_loom))))]
mod critical_section;
#[cfg(awaitlist_loom)]
mod loom;
mod panic;
#[cfg(awaitlist_preempt)]
mod preempt;
#[cfg(awaitlist_shuttle)]
mod shuttle;
#[cfg(all(
    feature = "std",
    not(any(awaitlist_loom, awaitlist_shuttle, awaitlist_critical_section))
))]
mod std;

#[cfg(not(awaitlist_loom))]
mod word;

#[cfg(any(awaitlist_critical_section, not(any(feature = "std", awaitlist_loom))))]
use critical_section as platform;
#[cfg(awaitlist_loom)]
use loom as platform;
#[cfg(awaitlist_shuttle)]
use shuttle as platform;
#[cfg(all(
    feature = "std",
    not(any(awaitlist_loom, awaitlist_shuttle, awaitlist_critical_section))
))]
use std as platform;

pub use cell::{Guarded, UnsafeCell};
pub(crate) use panic::FirstPanic;
#[cfg(all(
    feature = "std",
    not(any(awaitlist_loom, awaitlist_shuttle, awaitlist_critical_section))
))]
pub(crate) use platform::Blocking;
pub(crate) use platform::{ParkingSpot, Section};
pub use platform::{current_thread, is_blocking, thread_number, yield_now};
#[cfg(awaitlist_loom)]
pub(crate) use platform::{load_newest, store_release};
#[cfg(not(awaitlist_loom))]
pub(crate) use word::{load_newest, store_release};

/// Executes the processor's spin-loop hint `times` times.
pub fn pause(times: u32) {
    (0..times).for_each(|_| core::hint::spin_loop());
}

/// How many wakers are taken under one hold of a queue's lock: half a kilobyte of stack.
#[cfg(not(any(awaitlist_loom, awaitlist_shuttle)))]
pub(crate) const WAKE_BATCH: usize = 32;
#[cfg(any(awaitlist_loom, awaitlist_shuttle))]
pub(crate) const WAKE_BATCH: usize = 2;

/// How many waiters a queue can have.
#[cfg(not(awaitlist_limits))]
pub(crate) const MAX_WAITERS: usize = u32::MAX as usize;
#[cfg(awaitlist_limits)]
pub(crate) const MAX_WAITERS: usize = 1000;

/// The generation that an event or a barrier begins with, before it is cut to the bits that the
/// primitive has for it. Soon to wrap in the test of the limits.
#[cfg(not(awaitlist_limits))]
pub const FIRST_GENERATION: usize = 0;
#[cfg(awaitlist_limits)]
pub const FIRST_GENERATION: usize = usize::MAX - 2;

#[cfg(awaitlist_loom)]
pub use ::loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

#[cfg(awaitlist_shuttle)]
pub use ::shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

#[cfg(not(awaitlist_loom))]
pub use core::sync::atomic::Ordering;

#[cfg(not(any(awaitlist_loom, awaitlist_shuttle, feature = "portable-atomic")))]
pub use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

#[cfg(all(not(any(awaitlist_loom, awaitlist_shuttle)), feature = "portable-atomic"))]
pub use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

/// For heuristics, which order nothing and are no part of a model.
#[cfg(any(awaitlist_loom, awaitlist_shuttle, not(feature = "portable-atomic")))]
pub use core::sync::atomic::AtomicU8;

#[cfg(all(not(any(awaitlist_loom, awaitlist_shuttle)), feature = "portable-atomic"))]
pub use portable_atomic::AtomicU8;

/// In the builds for tests where `block` does not spin.
#[cfg(all(feature = "std", any(awaitlist_shuttle, awaitlist_critical_section)))]
pub(crate) struct Blocking;

#[cfg(all(feature = "std", any(awaitlist_shuttle, awaitlist_critical_section)))]
impl Blocking {
    pub(crate) const fn enter(_: Option<&core::task::Waker>) -> Self {
        Self
    }
}
