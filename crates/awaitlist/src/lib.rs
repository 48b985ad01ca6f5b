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
//! # Guide
//!
//! ```toml
//! [dependencies]
//! awaitlist = "0.1"
//! ```
//!
//! Each primitive is a feature of this crate, and a crate of its own as well (`awaitlist-lock`, …). There is no runtime to
//! choose: what follows runs on tokio, smol, embassy, or with [`Block::block`] on none.
//!
//! ## Share data: [`Lock`]
//!
//! A lock owns what it guards, and a guard gives access until it is dropped. It may be held across an `.await`: that is what
//! it is for. Where nothing is awaited meanwhile, `std::sync::Mutex` will do.
//!
//! ```
//! # use awaitlist::{Block, Lock};
//! # async fn save(_: &[u32]) {}
//! # async {
//! let numbers = Lock::new(vec![1, 2]);
//!
//! let mut guard = numbers.acquire().await;
//! guard.push(3);
//! save(&guard).await;                              // others wait until it is saved
//! drop(guard);                                     // or the end of the block
//!
//! assert_eq!(numbers.acquire().await.len(), 3);
//! # }.block();
//! ```
//!
//! ## Say that something has happened: [`Event`]
//!
//! ```
//! use awaitlist::{Block, Event};
//!
//! static LOADED: Event = Event::new();
//!
//! let waiter = std::thread::spawn(|| LOADED.wait().block());
//! LOADED.set();                                    // releases all who wait, and all who come
//! waiter.join().unwrap();
//! ```
//!
//! ## Wait until the data is right: [`Condition`]
//!
//! A condition has a lock of its own, or shares one ([`Condition::with_lock`]). A task that changes
//! the data notifies. A wait takes the guard and returns it, so the waiter cannot touch the data in
//! between.
//!
//! ```
//! # use awaitlist::{Block, Condition};
//! # async {
//! let stock = Condition::new(0);
//!
//! let deliver = async {
//!     let mut guard = stock.acquire().await;
//!     *guard += 5;
//!     stock.notify_all(&guard);
//! };
//! let order = async {
//!     let guard = stock.acquire().await;
//!     let mut guard = stock.wait_for(guard, |stock| *stock >= 3).await;
//!     *guard -= 3;
//! };
//! # use std::{pin::pin, future::Future, task::{Context, Waker}};
//! # let mut order = pin!(order);
//! # assert!(order.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
//! # deliver.await; order.await;
//! # assert_eq!(*stock.acquire().await, 2);
//! # }.block();
//! ```
//!
//! ## Bound how many: [`Semaphore`], [`BoundedSemaphore`]
//!
//! ```
//! # use awaitlist::{Block, Semaphore};
//! # async {
//! let memory = Semaphore::new(100);
//!
//! let small = memory.acquire().await;              // one permit
//! let large = memory.acquire_many(64).await;       // 64, or it waits, and nobody behind it gets past
//! assert_eq!(memory.value(), 35);
//! # drop((small, large));
//! # }.block();
//! ```
//!
//! The bounded one reports a release too many, which is a bug to know about.
//!
//! ## Go on together: [`Barrier`]
//!
//! The last of so many lets all go. Each gets a number, so one of them can be told to tidy up. `abort` is for when one fails.
//!
//! ```
//! # use awaitlist::{Barrier, Block, BrokenBarrier};
//! # async {
//! let phase = Barrier::new(1);
//! if phase.wait().await? == 0 {
//!     // one of them does this
//! }
//! # Ok::<(), BrokenBarrier>(()) }.block()?;
//! # Ok::<(), BrokenBarrier>(())
//! ```
//!
//! ## Keep a wait, or a guard
//!
//! Futures and guards borrow their primitive. To store one in a struct, or to send it to a spawned task, put the primitive
//! into an `Arc` and use the owned forms. All of them have names: [`lock::AcquireOwned`], [`OwnedLockGuard`], ….
//!
//! ```
//! # use awaitlist::{Block, Lock};
//! # use std::sync::Arc;
//! # async {
//! let lock = Arc::new(Lock::new(1));
//! let guard = lock.acquire_owned().await;
//! std::thread::spawn(move || drop(guard));
//! # }.block();
//! ```
//!
//! ## Give up
//!
//! Dropping a future gives its place up, so your runtime's timeout is all it takes:
//! `tokio::time::timeout(duration, lock.acquire())`. On a thread, [`block_timeout`](Block::block_timeout):
//!
//! ```
//! # use awaitlist::{Block, Event};
//! # use std::time::Duration;
//! let never = Event::new();
//! assert!(never.wait().block_timeout(Duration::from_millis(1)).is_err());
//! assert_eq!(never.waiters(), 0);
//! ```
//!
//! A dropped `Condition::wait` loses its guard; [`Condition::wait_or`] gives up and answers it.
//!
//! ## Three mistakes
//!
//! - `lock.acquire().await;` releases at once, and so does `let _ = …`. Keep the guard in a variable: `let _guard = …`.
//! - A guard that is held while its own task acquires the same lock waits for itself, for ever.
//! - A wait that was polled and is then neither polled nor dropped (the loser of a `select!` that is kept) keeps its place, and
//!   all behind it wait. Drop it.
//!
//! When it hangs all the same, enable the feature `diagnostics`: `awaitlist::diagnostics` reports
//! which task holds what, which tasks wait for it, since when and where, and which can never continue.
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
//! - **No poisoning**: a guard that is dropped by a panic releases, as `async with` does.
//!
//! # Features
//!
//! | feature | what it is for |
//! |---|---|
//! | `lock`, `event`, `condition`, `semaphore`, `bounded-semaphore`, `barrier` | the six, all on by default |
//! | `std` (default) | threads that wait ([`Block`]), and panics of wakers that cost nobody else's wake-up |
//! | `alloc` | the owned forms, where there is an `Arc`; part of `std` |
//! | `critical-section` | without `std`: what keeps the lists consistent. With both, `std` wins |
//! | `portable-atomic` | targets without compare-and-swap |
//! | `diagnostics` | reports why a program hangs: which task holds what, which tasks wait, which can never continue (`awaitlist::diagnostics`) |
//!
//! One of `std` and `critical-section` it must be.
#![no_std]
#![warn(missing_debug_implementations)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "diagnostics")]
pub use awaitlist_core::diagnostics;
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
