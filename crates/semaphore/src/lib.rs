//! A number of permits that futures and threads acquire: `asyncio.Semaphore` for Rust.
//!
//! Use it to limit how many operations run at once, on any executor or on none: tasks and threads
//! share one first-in-first-out queue. Waiting never allocates.
//!
//! ```
//! use awaitlist::{Block, Semaphore};
//!
//! static DOWNLOADS: Semaphore = Semaphore::new(2);
//!
//! async fn download() -> usize {
//!     let _permit = DOWNLOADS.acquire().await;
//!     DOWNLOADS.value()
//! } // released here, as at the end of Python's `async with semaphore:`
//!
//! assert_eq!(download().block(), 1);
//! assert_eq!(DOWNLOADS.value(), 2);
//! ```
//!
//! The examples import from `awaitlist`. With this crate alone, import from
//! `awaitlist_semaphore` instead. Its features are
//! [those of awaitlist](https://docs.rs/awaitlist/latest/awaitlist/#features), without the names
//! of the primitives.
//!
//! # Fairness
//!
//! A future joins the queue at its first poll, and no newcomer passes it: a newcomer acquires at
//! once only if there are no waiters, not even one that was granted its permits and was not polled
//! since. A waiter for many permits holds up all waiters behind it until it has them, so it cannot
//! starve.
//!
//! A release grants its permit to the first waiter at once, so [`value`](Semaphore::value) does not
//! show it.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod acquire;
mod permit;
#[doc(hidden)]
pub mod raw;
mod semaphore;

pub use acquire::Acquire;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use acquire::AcquireOwned;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use awaitlist_core::PollSlot;
#[cfg(feature = "diagnostics")]
pub use awaitlist_core::diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
#[doc(inline)]
pub use awaitlist_core::{Block, TimedOut};
#[doc(inline)]
pub use awaitlist_core::{Brackets, Handle};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use permit::OwnedPermit;
pub use permit::{Permit, SemaphorePermit};
#[doc(inline)]
pub use raw::{AnySemaphore, MAX_PERMITS, TooManyPermits};
pub use semaphore::Semaphore;

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
