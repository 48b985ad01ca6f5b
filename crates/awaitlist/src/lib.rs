//! `asyncio.locks` for Rust: [`Lock`], [`Event`], [`Condition`], [`Semaphore`], [`BoundedSemaphore`] and [`Barrier`], for
//! any executor, for threads, and for no runtime at all.
//!
//! | asyncio | awaitlist | use it to |
//! |---|---|---|
//! | `async with lock:` | `let guard = lock.acquire().await;` | keep a value consistent across an `.await` |
//! | `await event.wait()` | `event.wait().await` | wait until something has happened |
//! | `await condition.wait_for(p)` | `guard = condition.wait_for(guard, p).await` | wait for a property of shared data |
//! | `async with semaphore:` | `let permit = semaphore.acquire().await;` | bound how many do something at once |
//! | `BoundedSemaphore` | the same, and `release()` reports one too many | notice a release too many |
//! | `i = await barrier.wait()` | `let i = barrier.wait().await?;` | go from phase to phase together |
//!
//! ```
//! use awaitlist::{Block, Lock};
//! use std::collections::HashMap;
//!
//! static CACHE: Lock<Option<HashMap<&str, u32>>> = Lock::new(None);
//!
//! async fn price(of: &'static str) -> u32 {
//!     let mut cache = CACHE.acquire().await;           // async with lock:
//!     let prices = cache.get_or_insert_default();
//!     if let Some(price) = prices.get(of) {
//!         return *price;
//!     }
//!     let price = fetch(of).await;                     // nobody else fetches meanwhile
//!     prices.insert(of, price);
//!     price
//! }
//! # async fn fetch(of: &str) -> u32 { of.len() as u32 }
//!
//! assert_eq!(price("tea").block(), 3);                 // a thread waits in the same queue as the tasks
//! ```
//!
//! # What they have in common
//!
//! - **asyncio's behaviour, step for step**: who enters, who is woken, in which order, what
//!   [`Display`](core::fmt::Display) prints. Where Rust's drop cannot do what a cancellation does in Python, each type says
//!   what it does instead.
//! - **First come, first served.** A place is taken at the first poll. Nobody gets past those who wait.
//! - **Dropping a future loses nothing.** Its place is given up, and what it had been given goes to the next.
//! - **No allocation**: the place in the queue is in the future itself.
//! - **Any executor, and threads.** `Block` (on std) waits on a plain thread, with a deadline if you like.
//! - **Const constructors**: each can be a `static`.
//!
//! Each primitive is also a crate of its own (`awaitlist-lock`, …), and a feature of this one.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub use awaitlist_core::{Block, TimedOut};

#[cfg(feature = "barrier")]
pub use awaitlist_barrier::{self as barrier, Barrier, BrokenBarrier};
#[cfg(feature = "bounded-semaphore")]
pub use awaitlist_bounded_semaphore::{
    self as bounded_semaphore, BoundedSemaphore, ReleasedTooManyTimes,
};
#[cfg(feature = "condition")]
pub use awaitlist_condition::{self as condition, Condition};
#[cfg(feature = "event")]
pub use awaitlist_event::{self as event, Event};
#[cfg(all(feature = "lock", feature = "alloc", target_has_atomic = "ptr"))]
pub use awaitlist_lock::OwnedLockGuard;
#[cfg(feature = "lock")]
pub use awaitlist_lock::{self as lock, Lock, LockGuard, NotAcquired};
#[cfg(feature = "semaphore")]
pub use awaitlist_semaphore::{self as semaphore, Semaphore};
