//! The waiter-list core of [awaitlist](https://docs.rs/awaitlist): what every primitive of the suite stands on.
//!
//! Use the primitives, not this crate: it is published because they are, and its surface follows their needs.
//! They pin it by exact version. Its safe functions are sound against any caller all the same.
//!
//! # How it works
//!
//! A [`Queue`] is one atomic word and an intrusive list. The word answers the uncontended case with a single
//! exchange. Everything else happens under the queue's lock, which is a bit of the same word: taking it is one
//! exchange and letting it go is a plain store, because [nobody else changes the word meanwhile](Queue#the-word).
//! The nodes of the list live in the futures that wait (a [`Slot`] each), so no wait allocates, and entering,
//! waking and leaving take the same few steps however long the queue is.
//!
//! A primitive answers three questions, and the core does the rest:
//!
//! | question | where |
//! |---|---|
//! | may this newcomer enter? | its future's first poll: in [`Slot::finish_at_once`], or under the lock in [`Standing::enter_or_join`] |
//! | who is woken by this change? | the closure that it gives to [`drain`] |
//! | what becomes of what a dropped waiter had been given? | [`Waitable::withdraw`] |
//!
//! Wakers are cloned, woken and dropped outside the lock. [`drain`] is the one place that wakes.
#![no_std]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod acquire;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
mod block;
mod handle;
mod list;
mod patience;
mod permit;
mod permits;
mod queue;
mod relay;
mod semaphore;
mod slot;
mod sole;
#[doc(hidden)]
pub mod sync;
#[doc(hidden)]
pub mod trace;
mod unwind;
mod wake;

pub use acquire::Acquire;
#[cfg(feature = "diagnostics")]
pub use awaitlist_diagnostics as diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub use block::{Block, TimedOut, block_until};
pub use handle::{Handle, KeyOf, Pass, StateOf, Waitable};
pub use permit::Permit;
pub use permits::{Excess, MAX_PERMITS, Overflow, Permits, Pool};
pub use queue::{Locked, PAYLOAD, Queue};
pub use relay::Relay;
pub use slot::{Slot, Standing, Turn};
pub use sole::Sole;
pub use wake::drain;

/// Defines a function that is `const`, except in a model-checked build: loom's types have no const constructors.
#[doc(hidden)]
#[macro_export]
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(awaitlist_loom))]
        $(#[$attribute])*
        $visibility const fn $($rest)*

        #[cfg(awaitlist_loom)]
        $(#[$attribute])*
        #[allow(clippy::missing_const_for_fn)]
        $visibility fn $($rest)*
    };
}
