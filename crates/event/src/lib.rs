//! `asyncio.Event` for Rust: a flag that futures wait for.
//!
//! Use it to tell any number of tasks and threads that something has happened, and keeps on having happened until the
//! flag is cleared. It works on any executor or on none; no wait allocates.
//!
//! ```
//! use awaitlist_event::{Block, Event};
//!
//! static READY: Event = Event::new();
//!
//! let waiter = std::thread::spawn(|| READY.wait().block());
//! READY.set();
//! waiter.join().unwrap();
//! assert!(READY.is_set());
//! ```
//!
//! # Who is woken
//!
//! [`set`](Event::set) releases all who wait at that moment, and nobody else: they return even if the flag is cleared
//! before they run, and one who begins to wait after the clear waits on. Waiters are woken in the order in which they
//! came. A newcomer that finds the flag set returns at once, before those who were woken and have not run yet.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod event;
mod wait;

#[cfg(feature = "diagnostics")]
pub use awaitlist_core::diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub use awaitlist_core::{Block, TimedOut};
pub use event::Event;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use wait::WaitOwned;
pub use wait::{Wait, WaitWith};

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
