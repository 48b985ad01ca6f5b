//! `asyncio.Lock` for Rust: a mutual exclusion lock whose waiters are futures.
//!
//! Use it to keep a value consistent across an `.await`, on any executor or on none: tasks, threads
//! ([`block`](Block::block)) and interrupt handlers ([`try_acquire`](Lock::try_acquire)) share one first come, first
//! served queue. No wait allocates.
//!
//! ```
//! use awaitlist_lock::{Block, Lock};
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
//! # Fairness
//!
//! Places are taken at the first poll, and nobody gets past them: a newcomer enters only if nobody waits, not even
//! one who was woken and has not run yet. As in asyncio, a release designates the first in line but does not hand
//! the lock over: until that task runs, [`locked`](Lock::locked) is false and the task counts among the
//! [`waiters`](Lock::waiters).
//!
//! # No poisoning
//!
//! A guard that is dropped by a panic releases the lock, as `async with` does.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod acquire;
mod guard;
mod lock;
mod mapped;
#[doc(hidden)]
pub mod raw;

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use acquire::AcquireOwned;
pub use acquire::{Acquire, AcquireWith};
#[cfg(feature = "diagnostics")]
pub use awaitlist_core::diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub use awaitlist_core::{Block, TimedOut};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use guard::OwnedLockGuard;
pub use guard::{Guard, LockGuard};
pub use lock::{Lock, NotAcquired};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use mapped::OwnedMappedLockGuard;
pub use mapped::{MapHandle, MappedGuard, MappedLockGuard};

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
