//! A flag that futures and threads wait for: `asyncio.Event` for Rust.
//!
//! Use it to tell any number of tasks and threads that something has happened, and stays so until
//! the flag is cleared. It works on any executor or on none, and waiting never allocates.
//!
//! ```
//! use awaitlist::{Block, Event};
//!
//! static READY: Event = Event::new();
//!
//! let waiter = std::thread::spawn(|| READY.wait().block());
//! READY.set();
//! waiter.join().unwrap();
//! assert!(READY.is_set());
//! ```
//!
//! The examples import from `awaitlist`. With this crate alone, import from
//! `awaitlist_event` instead. Its features are
//! [those of awaitlist](https://docs.rs/awaitlist/latest/awaitlist/#features), without the names
//! of the primitives.
//!
//! # Which waiters are woken
//!
//! [`set`](Event::set) releases all waiters that are queued at that moment. They return even if the
//! flag is cleared before they are polled; a waiter that joins after the clear waits for the next
//! set. Waiters are woken in the order of their arrival. A newcomer that finds the flag set returns
//! at once, before released waiters that were not polled yet.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[cfg(feature = "alloc")]
extern crate alloc;

mod event;
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
pub use event::Event;
pub use wait::Wait;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub use wait::WaitOwned;

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
