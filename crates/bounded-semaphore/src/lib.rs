//! `asyncio.BoundedSemaphore` for Rust: a number of permits that futures wait for, and that never grows.
//!
//! Use it as a `Semaphore`, where a release too many would be a mistake that you want to hear of. It works on any
//! executor or on none: tasks and threads share one first come, first served queue. No wait allocates.
//!
//! ```
//! use awaitlist_bounded_semaphore::{Block, BoundedSemaphore, ReleasedTooManyTimes};
//!
//! static CONNECTIONS: BoundedSemaphore = BoundedSemaphore::new(2);
//!
//! let permit = CONNECTIONS.acquire().block();
//! assert_eq!(CONNECTIONS.value(), 1);
//! drop(permit);
//! assert_eq!(CONNECTIONS.release(), Err(ReleasedTooManyTimes));
//! ```
//!
//! # Fairness
//!
//! Places are taken at the first poll, and nobody gets past them: a newcomer enters only if nobody waits, not even one
//! who was granted its permits and has not run yet. A waiter for many permits holds up all behind it until
//! it has them, so it cannot starve.
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
pub use semaphore::{Acquire, BoundedSemaphore, Permit, ReleasedTooManyTimes};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use semaphore::{AcquireOwned, OwnedPermit};

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
