//! `asyncio.Semaphore` for Rust: a number of permits that futures wait for.
//!
//! Use it to bound how many do something at once, on any executor or on none: tasks and threads share one first come,
//! first served queue. No wait allocates.
//!
//! ```
//! use awaitlist_semaphore::{Block, Semaphore};
//!
//! static DOWNLOADS: Semaphore = Semaphore::new(2);
//!
//! async fn download() -> usize {
//!     let _permit = DOWNLOADS.acquire().await;
//!     DOWNLOADS.value()
//! } // given back here, as at the end of Python's `async with semaphore:`
//!
//! assert_eq!(download().block(), 1);
//! assert_eq!(DOWNLOADS.value(), 2);
//! ```
//!
//! # Fairness
//!
//! Places are taken at the first poll, and nobody gets past them: a newcomer enters only if nobody waits, not even one
//! who was granted its permits and has not run yet. A waiter for many permits holds up all behind it until
//! it has them, so it cannot starve.
//!
//! A release grants its permit to the first in line at once: [`value`](Semaphore::value) does not show it in between.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod semaphore;

pub use awaitlist_core::MAX_PERMITS;
#[cfg(feature = "diagnostics")]
pub use awaitlist_core::diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub use awaitlist_core::{Block, TimedOut};
pub use semaphore::{Acquire, Permit, Semaphore};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use semaphore::{AcquireOwned, OwnedPermit};

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
