//! The platform: atomics, cells, and how threads wait for the lock of a queue. The other files of
//! this folder are one platform each; everything that depends on the build is chosen here.
//!
//! | build | atomics | a thread that finds the queue locked |
//! |---|---|---|
//! | `std` | `core`, or `portable-atomic` | retries, then waits at a `parking_lot` mutex |
//! | `critical-section` | `core`, or `portable-atomic` | does not exist on one core: interrupts are disabled while it is locked |
//! | `--cfg awaitlist_loom` | `loom` | sleeps until it is unlocked |

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
#[cfg(not(any(feature = "std", awaitlist_loom)))]
mod critical_section;
#[cfg(awaitlist_loom)]
mod loom;
mod panic;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
mod std;

#[cfg(not(awaitlist_loom))]
mod word;

#[cfg(not(any(feature = "std", awaitlist_loom)))]
use critical_section as platform;
#[cfg(awaitlist_loom)]
use loom as platform;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
use std as platform;

pub use cell::{Guarded, UnsafeCell};
pub(crate) use panic::FirstPanic;
pub use platform::multi_threaded;
pub(crate) use platform::{ParkingSpot, Section};
#[cfg(awaitlist_loom)]
pub(crate) use platform::{load_newest, store_release};
#[cfg(not(awaitlist_loom))]
pub(crate) use word::{load_newest, store_release};

/// How many wakers are taken under one hold of a queue's lock: half a kilobyte of stack.
#[cfg(not(awaitlist_loom))]
pub(crate) const WAKE_BATCH: usize = 32;
#[cfg(awaitlist_loom)]
pub(crate) const WAKE_BATCH: usize = 2;

#[cfg(awaitlist_loom)]
pub use ::loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

#[cfg(not(awaitlist_loom))]
pub use core::sync::atomic::Ordering;

#[cfg(all(not(awaitlist_loom), not(feature = "portable-atomic")))]
pub use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

#[cfg(all(not(awaitlist_loom), feature = "portable-atomic"))]
pub use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};

/// For heuristics, which order nothing and are no part of a model.
#[cfg(any(awaitlist_loom, not(feature = "portable-atomic")))]
pub use core::sync::atomic::AtomicU8;

#[cfg(all(not(awaitlist_loom), feature = "portable-atomic"))]
pub use portable_atomic::AtomicU8;
