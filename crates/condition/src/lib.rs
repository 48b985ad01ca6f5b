//! A condition variable with its lock: tasks wait until another task reports a change.
//! `asyncio.Condition` for Rust.
//!
//! Use it where tasks wait for a property of shared data ("the queue is not empty"), on any
//! executor or on none. Waiting never allocates, and no notification is lost: one that had reached
//! a future which was then dropped goes to another waiter.
//!
//! ```
//! use awaitlist::{Block, Condition};
//! use std::collections::VecDeque;
//!
//! static JOBS: Condition<VecDeque<u32>> = Condition::new(VecDeque::new());
//!
//! async fn produce(job: u32) {
//!     let mut jobs = JOBS.acquire().await;
//!     jobs.push_back(job);
//!     JOBS.notify(&jobs, 1);
//! }
//!
//! async fn consume() -> u32 {
//!     let jobs = JOBS.acquire().await;
//!     let (_jobs, job) = JOBS.wait_for_some(jobs, |jobs| jobs.pop_front()).await;
//!     job
//! }
//!
//! let consumer = std::thread::spawn(|| consume().block());
//! produce(7).block();
//! assert_eq!(consumer.join().unwrap(), 7);
//! ```
//!
//! The examples import from `awaitlist`. With this crate alone, import from
//! `awaitlist_condition` instead. Its features are
//! [those of awaitlist](https://docs.rs/awaitlist/latest/awaitlist/#features), without the names
//! of the primitives.
//!
//! # The guard goes in and comes back
//!
//! [`wait`](Condition::wait) takes the lock's guard by value and returns it, so no code can access
//! the data while the lock is released. If the future is dropped meanwhile, the guard is lost.
//! [`wait_or`](Condition::wait_or) stops waiting *and* returns the guard, as asyncio does when a
//! wait is cancelled.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod condition;
mod raw;
mod wait;
mod wait_for;
mod wait_for_or;
mod wait_or;

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
pub use condition::Condition;
pub use raw::AnyCondition;
#[doc(hidden)]
pub use raw::RawCondition;
pub use wait::Wait;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use wait::WaitOwned;
pub use wait_for::{WaitFor, WaitForSome};
pub use wait_for_or::{WaitForOr, WaitForSomeOr};
pub use wait_or::WaitOr;

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
