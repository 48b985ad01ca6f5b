//! Fair synchronization primitives for futures and threads, for any async runtime and for none:
//! [`Lock`], [`Event`], [`Condition`], [`Semaphore`], [`BoundedSemaphore`] and [`Barrier`].
//!
//! - **Any executor.** tokio, smol, embassy, your own; plain threads wait in the same queues
//!   ([`Block`]); `no_std` without an allocator.
//! - **Fair.** Waiters are served in the order of their first poll. No newcomer passes a waiter.
//! - **Cancel safe.** Dropping a future gives up its place. What it had been given goes to the next
//!   waiter: no permit, notification or wake-up is lost.
//! - **No allocation.** A waiter is part of its future.
//! - **Exact.** They are `asyncio.locks` for Rust: which waiter is woken, in which order, and what
//!   a lock prints is what CPython does, step for step, with a short list of [differences].
//! - **A hang explains itself.** With the feature `diagnostics`, a program reports which task holds
//!   what, which task waits for it, and which tasks are deadlocked.
//!
//! ```
//! use awaitlist::{Block, Lock};
//! use std::collections::HashMap;
//!
//! static CACHE: Lock<Option<HashMap<&str, u32>>> = Lock::new(None);
//!
//! async fn price(of: &'static str) -> u32 {
//!     let mut cache = CACHE.acquire().await;
//!     let prices = cache.get_or_insert_default();
//!     if let Some(price) = prices.get(of) {
//!         return *price;
//!     }
//!     let price = fetch(of).await; // the lock is held, so no other task fetches the same
//!     prices.insert(of, price);
//!     price
//! }
//! # async fn fetch(of: &str) -> u32 { of.len() as u32 }
//!
//! assert_eq!(price("tea").block(), 3); // a thread waits in the same queue as the tasks
//! ```
//!
//! # Which one
//!
//! | to | use | asyncio |
//! |---|---|---|
//! | keep a value consistent across an `.await` | [`Lock`] | `async with lock:` |
//! | keep a value consistent, with no `.await` in between | `std::sync::Mutex`: it is faster | |
//! | wait until something has happened | [`Event`] | `await event.wait()` |
//! | wait for a property of shared data | [`Condition`] | `await condition.wait_for(p)` |
//! | limit how many operations run at once | [`Semaphore`] | `async with semaphore:` |
//! | limit them, and report a release too many | [`BoundedSemaphore`] | `BoundedSemaphore` |
//! | let a number of tasks wait for each other | [`Barrier`] | `await barrier.wait()` |
//! | pass values between tasks | a channel, such as `async-channel` or `tokio::sync::mpsc` | `asyncio.Queue` |
//! | let many tasks read a value, or one write it | `std::sync::RwLock`; across an `.await`, that of tokio or async-lock | |
//! | initialize a value once | `std::sync::OnceLock`, `async-once-cell` | |
//!
//! The guide says more: [which primitive][which], [coming from `asyncio`][asyncio], [coming from
//! `tokio::sync`][tokio], [runtimes], [hangs]. What is promised is in the [guarantees], what it
//! costs in [performance].
//!
//! [which]: https://github.com/awaitlist/awaitlist/blob/main/docs/guide/which-primitive.md
//! [asyncio]: https://github.com/awaitlist/awaitlist/blob/main/docs/guide/from-asyncio/index.md
//! [tokio]: https://github.com/awaitlist/awaitlist/blob/main/docs/guide/from-tokio-sync.md
//! [runtimes]: https://github.com/awaitlist/awaitlist/blob/main/docs/runtimes.md
//! [hangs]: https://github.com/awaitlist/awaitlist/blob/main/docs/hangs.md
//! [differences]: https://github.com/awaitlist/awaitlist/blob/main/docs/guarantees.md#differences-from-cpython
//! [guarantees]: https://github.com/awaitlist/awaitlist/blob/main/docs/guarantees.md
//! [performance]: https://github.com/awaitlist/awaitlist/blob/main/docs/performance.md
//!
//! # A tour
//!
//! ## Share data: [`Lock`]
//!
//! A lock owns what it guards. A guard gives access to it until the guard is dropped, and may be
//! held across an `.await`.
//!
//! ```
//! # use awaitlist::Block;
//! use awaitlist::Lock;
//! # async fn save(_: &[u32]) {}
//! # async {
//!
//! let numbers = Lock::new(vec![1, 2]);
//!
//! let mut guard = numbers.acquire().await;
//! guard.push(3);
//! save(&guard).await; // other tasks wait until it is saved
//! drop(guard); // or the end of the block
//!
//! assert_eq!(numbers.acquire().await.len(), 3);
//! # }.block();
//! ```
//!
//! ## Report that something has happened: [`Event`]
//!
//! ```
//! use awaitlist::{Block, Event};
//!
//! static LOADED: Event = Event::new();
//!
//! let waiter = std::thread::spawn(|| LOADED.wait().block());
//! LOADED.set(); // releases all waiters, and those that come later do not wait
//! waiter.join().unwrap();
//! ```
//!
//! ## Wait until the data is right: [`Condition`]
//!
//! A condition has a lock of its own, or shares one ([`Condition::with_lock`]). A task that changes
//! the data notifies. A task that waits passes its guard in and gets it back, so the data cannot be
//! accessed in between.
//!
//! ```
//! # use awaitlist::Block;
//! use awaitlist::Condition;
//! # async {
//!
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
//! ## Limit how many: [`Semaphore`], [`BoundedSemaphore`]
//!
//! ```
//! # use awaitlist::Block;
//! use awaitlist::Semaphore;
//! # async {
//!
//! let memory = Semaphore::new(100);
//!
//! let small = memory.acquire().await; // one permit
//! let large = memory.acquire_many(64).await; // waits until it has all 64
//! assert_eq!(memory.value(), 35);
//! # drop((small, large));
//! # }.block();
//! ```
//!
//! A [`BoundedSemaphore`] also reports a release too many, which is a bug in the program.
//!
//! ## Continue together: [`Barrier`]
//!
//! The last of `n` parties releases all of them. Each gets an index, so that one of them can do
//! what must be done once. [`abort`](Barrier::abort) makes all of them fail.
//!
//! ```
//! # use awaitlist::Block;
//! use awaitlist::{Barrier, BrokenBarrier};
//! # async {
//!
//! let phase = Barrier::new(1);
//! if phase.wait().await? == 0 {
//!     // one of them does this
//! }
//! # Ok::<(), BrokenBarrier>(()) }.block()?;
//! # Ok::<(), BrokenBarrier>(())
//! ```
//!
//! ## Store a future or a guard
//!
//! Futures and guards borrow their primitive. To store one in a struct, or to move it into a
//! spawned task, put the primitive into an `Arc` and use the owned forms: `acquire_owned`,
//! `wait_owned`. All types have names, such as [`lock::AcquireOwned`] and [`OwnedLockGuard`].
//!
//! ```
//! # use awaitlist::Block;
//! use awaitlist::Lock;
//! use std::sync::Arc;
//! # async {
//!
//! let lock = Arc::new(Lock::new(1));
//! let guard = lock.acquire_owned().await;
//! std::thread::spawn(move || drop(guard));
//! # }.block();
//! ```
//!
//! To poll a future by reference, in `select!` for instance, pin it first: `let mut wait =
//! std::pin::pin!(event.wait());`, then poll `&mut wait`.
//!
//! ## Stop waiting
//!
//! Dropping a future gives up its place in the queue, so a timeout of your runtime is all it takes:
//! `tokio::time::timeout(duration, lock.acquire())`. On a thread there is
//! [`block_timeout`](Block::block_timeout):
//!
//! ```
//! use awaitlist::{Block, Event};
//! use std::time::Duration;
//!
//! let never = Event::new();
//! assert!(never.wait().block_timeout(Duration::from_millis(1)).is_err());
//! assert_eq!(never.waiters(), 0);
//! ```
//!
//! A dropped `Condition::wait` loses its guard. [`Condition::wait_or`] stops waiting and returns
//! it.
//!
//! ## Three mistakes
//!
//! - `lock.acquire().await;` releases at once, and so does `let _ = …`. Keep the guard in a
//!   variable: `let _guard = …`.
//! - A task that acquires a lock which it holds already waits for itself, for ever.
//! - A future that was polled once, and is then neither polled nor dropped, keeps its place: the
//!   loser of a `select!` that is kept, for example. All waiters behind it wait. Drop it.
//!
//! # Guarantees
//!
//! - **asyncio's behaviour, step for step.** Where a drop in Rust cannot do what a cancellation
//!   does in Python, each type says what it does instead.
//! - **No newcomer passes a waiter**, not even one that was woken and was not polled since.
//! - **No user code runs while a queue is locked**: wakers are cloned, woken and dropped outside.
//! - **Const constructors**: each primitive can be a `static`.
//! - **No poisoning**: a guard that is dropped by a panic releases, as `async with` does.
//!
//! # Features
//!
//! Each primitive is a feature of this crate, and a crate of its own as well (`awaitlist-lock`, …).
//!
//! | feature | enables |
//! |---|---|
//! | `lock`, `event`, `condition`, `semaphore`, `bounded-semaphore`, `barrier` | the primitives, all by default |
//! | `std` (default) | threads that wait ([`Block`]); a panic of a waker that prevents no other wake-up |
//! | `alloc` | the owned forms, which need `Arc`; part of `std` |
//! | `critical-section` | without `std`: protects the queues by a critical section. With both, `std` wins |
//! | `portable-atomic` | targets without compare-and-swap |
//! | `futures-core` | `FusedFuture` for all futures, as `futures::select!` needs it |
//! | `diagnostics` | hang diagnosis; implies `std`. Without it, [`diagnostics`] has the same functions and types, which do nothing |
//! | `serde`, `signal`, `tracing` | outputs of the diagnostics: `Serialize` of reports, a report on a signal (on Unix), an event for each report and the spans that tokio-console shows. They do nothing without `diagnostics` |
//!
//! Enable at least one of `std` and `critical-section`.
#![no_std]
#![warn(missing_debug_implementations)]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[doc(inline)]
pub use awaitlist_core::Brackets;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use awaitlist_core::PollSlot;
#[cfg(feature = "std")]
#[doc(inline)]
pub use awaitlist_core::diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
#[doc(inline)]
pub use awaitlist_core::{Block, TimedOut};

#[cfg(feature = "barrier")]
#[doc(inline)]
pub use awaitlist_barrier::{self as barrier, Barrier, BrokenBarrier};
#[cfg(all(feature = "bounded-semaphore", not(feature = "semaphore")))]
#[doc(inline)]
pub use awaitlist_bounded_semaphore::MAX_PERMITS;
#[cfg(feature = "bounded-semaphore")]
#[doc(inline)]
pub use awaitlist_bounded_semaphore::{
    self as bounded_semaphore, BoundedSemaphore, ReleasedTooManyTimes,
};
#[cfg(feature = "condition")]
#[doc(inline)]
pub use awaitlist_condition::{self as condition, Condition};
#[cfg(feature = "event")]
#[doc(inline)]
pub use awaitlist_event::{self as event, Event};
#[cfg(all(feature = "lock", feature = "alloc", target_has_atomic = "ptr"))]
#[doc(inline)]
pub use awaitlist_lock::OwnedLockGuard;
#[cfg(feature = "lock")]
#[doc(inline)]
pub use awaitlist_lock::{self as lock, Lock, LockGuard, NotAcquired};
#[cfg(feature = "semaphore")]
#[doc(inline)]
pub use awaitlist_semaphore::{self as semaphore, MAX_PERMITS, Semaphore};
