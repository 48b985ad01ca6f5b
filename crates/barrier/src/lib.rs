//! `asyncio.Barrier` for Rust: a point that a number of futures reach together.
//!
//! Use it between the phases of a computation, on any executor or on none: tasks and threads may meet at one barrier.
//! No wait allocates.
//!
//! ```
//! use awaitlist_barrier::{Barrier, Block};
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
//! # Who is counted
//!
//! Only those who are there: an arrival whose future is dropped is withdrawn, and the barrier waits for another. A round
//! ends when every future that it released was polled or dropped; who comes before that waits for the next round.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod barrier;
mod round;
mod wait;

#[cfg(feature = "diagnostics")]
pub use awaitlist_core::diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub use awaitlist_core::{Block, TimedOut};
pub use barrier::{Barrier, BrokenBarrier};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use wait::WaitOwned;
pub use wait::{Wait, WaitWith};

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
