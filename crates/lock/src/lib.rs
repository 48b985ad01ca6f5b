//! A fair async mutex for futures and threads: `asyncio.Lock` for Rust.
//!
//! Use it to keep a value consistent across an `.await`, on any executor or on none: tasks and
//! threads ([`block`](Block::block)) share one first-in-first-out queue. Waiting never allocates.
//!
//! ```
//! use awaitlist::{Block, Lock};
//!
//! static VISITS: Lock<Vec<&str>> = Lock::new(Vec::new());
//!
//! async fn visit(name: &'static str) -> usize {
//!     let mut visits = VISITS.acquire().await;
//!     visits.push(name);
//!     visits.len()
//! } // released here, as at the end of Python's `async with lock:`
//!
//! assert_eq!(visit("Ada").block(), 1);
//! assert_eq!(visit("Grace").block(), 2);
//! ```
//!
//! The examples import from `awaitlist`. With this crate alone, import from
//! `awaitlist_lock` instead. Its features are
//! [those of awaitlist](https://docs.rs/awaitlist/latest/awaitlist/#features), without the names
//! of the primitives.
//!
//! # Fairness
//!
//! A future joins the queue at its first poll, and no newcomer passes it: a newcomer acquires at
//! once only if there are no waiters, not even one that was woken and was not polled since. As in
//! asyncio, a release wakes the first waiter but does not make it the holder: until it is polled,
//! [`locked`](Lock::locked) returns false and the waiter is one of the [`waiters`](Lock::waiters).
//!
//! # No poisoning
//!
//! A guard that is dropped by a panic releases the lock, as `async with` does.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod acquire;
mod guard;
mod lock;
mod mapped;
mod raw;
mod spin;

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
pub use guard::OwnedLockGuard;
pub use guard::{Guard, LockGuard};
pub use lock::{Lock, NotAcquired};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use mapped::OwnedMappedLockGuard;
pub use mapped::{MapHandle, MappedGuard, MappedLockGuard};
pub use raw::RawLock;

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
