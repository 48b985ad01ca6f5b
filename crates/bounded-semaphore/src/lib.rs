//! A semaphore that never has more permits than its bound: `asyncio.BoundedSemaphore` for Rust.
//!
//! Use it like a `Semaphore` where a release too many would be a mistake that should be reported.
//! It works on any executor or on none: tasks and threads share one first-in-first-out queue.
//! Waiting never allocates.
//!
//! ```
//! use awaitlist::{Block, BoundedSemaphore, ReleasedTooManyTimes};
//!
//! static CONNECTIONS: BoundedSemaphore = BoundedSemaphore::new(2);
//!
//! let permit = CONNECTIONS.acquire().block();
//! assert_eq!(CONNECTIONS.value(), 1);
//! drop(permit);
//! assert_eq!(CONNECTIONS.release(), Err(ReleasedTooManyTimes));
//! ```
//!
//! It builds on the crate `awaitlist-semaphore`, as asyncio's class derives from `Semaphore`:
//! futures and permits are the same types.
//!
//! The examples import from `awaitlist`. With this crate alone, import from
//! `awaitlist_bounded_semaphore` instead. Its features are
//! [those of awaitlist](https://docs.rs/awaitlist/latest/awaitlist/#features), without the names
//! of the primitives.
//!
//! # Fairness
//!
//! A future joins the queue at its first poll, and no newcomer passes it: a newcomer acquires at
//! once only if there are no waiters, not even one that was granted its permits and was not polled
//! since. A waiter for many permits holds up all waiters behind it until it has them, so it cannot
//! starve.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod semaphore;

#[doc(inline)]
pub use awaitlist_core::Brackets;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use awaitlist_core::PollSlot;
#[cfg(feature = "diagnostics")]
pub use awaitlist_core::diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
#[doc(inline)]
pub use awaitlist_core::{Block, TimedOut};
#[doc(inline)]
pub use awaitlist_semaphore::{Acquire, AnySemaphore, Handle, MAX_PERMITS, Permit};
pub use semaphore::{BoundedSemaphore, ReleasedTooManyTimes};

/// The permit that [`BoundedSemaphore::acquire`] returns: a [`Permit`] that borrows the semaphore.
pub type BoundedSemaphorePermit<'a> = Permit<&'a BoundedSemaphore>;

/// The permit that [`BoundedSemaphore::acquire_owned`] returns: a [`Permit`] that owns the
/// semaphore's `Arc`.
///
/// It has no lifetime, so it can be stored in a struct or moved into a task.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedPermit = Permit<alloc::sync::Arc<BoundedSemaphore>>;

/// The future that [`BoundedSemaphore::acquire_owned`] returns: an [`Acquire`] that owns the
/// semaphore's `Arc`.
///
/// It has no lifetime, so it can be stored in a struct.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type AcquireOwned = Acquire<alloc::sync::Arc<BoundedSemaphore>>;

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
