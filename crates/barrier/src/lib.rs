//! A point that a number of futures and threads reach together: `asyncio.Barrier` for Rust.
//!
//! Use it between the phases of a computation, on any executor or on none: tasks and threads may
//! meet at one barrier. Waiting never allocates.
//!
//! ```
//! use awaitlist::{Barrier, Block};
//!
//! static START: Barrier = Barrier::new(3);
//!
//! let mut indices: Vec<_> = (0..3)
//!     .map(|_| std::thread::spawn(|| START.wait().block().unwrap()))
//!     .collect::<Vec<_>>()
//!     .into_iter()
//!     .map(|thread| thread.join().unwrap())
//!     .collect();
//! indices.sort();
//! assert_eq!(indices, [0, 1, 2]);
//! ```
//!
//! The examples import from `awaitlist`. With this crate alone, import from
//! `awaitlist_barrier` instead. Its features are
//! [those of awaitlist](https://docs.rs/awaitlist/latest/awaitlist/#features), without the names
//! of the primitives.
//!
//! # Which parties count
//!
//! Only those that are there: dropping a future withdraws its arrival, and the barrier waits for
//! another one. A round ends when every future that it released was polled or dropped. Futures that
//! arrive before that wait for the next round.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod barrier;
mod phase;
mod wait;

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
pub use barrier::{Barrier, BrokenBarrier};
pub use phase::Phase;
pub use wait::Wait;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use wait::WaitOwned;

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
