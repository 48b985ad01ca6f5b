//! The bounded semaphore itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{
    Brackets, const_fn,
    trace::{CallSite, PrimitiveTrace},
};
use awaitlist_semaphore::{
    Acquire, AnySemaphore, Permit,
    raw::{Bounded, RawSemaphore, TooManyPermits},
};

use crate::BoundedSemaphorePermit;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::{AcquireOwned, OwnedPermit};

/// A semaphore that never has more permits than its bound, and reports a release too many:
/// `asyncio.BoundedSemaphore` of CPython 3.13.
///
/// A permit is released when it is dropped. While none is available, an acquire waits, first come,
/// first served. Prefer it to a `Semaphore` wherever permits are released by hand: a bug that
/// releases twice is an error, and does not raise the limit.
///
/// A release is one too many if the value is at the bound. While there are waiters it seldom is,
/// since a grant takes the permit out of the value at once. That is asyncio's rule; it does not
/// know which task holds what.
///
/// ```
/// use awaitlist::{Block, BoundedSemaphore};
///
/// let semaphore = BoundedSemaphore::new(3);
/// let permit = semaphore.acquire_many(3).block();
/// drop(permit);
/// assert!(semaphore.release().is_err());
/// assert_eq!(semaphore.value(), 3);
/// ```
///
/// # Memory ordering
///
/// An acquire synchronizes with the releases of the permits that it takes: what was written before
/// a permit was released is visible after it was acquired.
///
/// # Examples
///
/// ## A pool of connections
///
/// ```
/// use awaitlist::{Block, BoundedSemaphore};
/// use std::sync::Mutex;
///
/// struct Pool {
///     permits: BoundedSemaphore,
///     idle: Mutex<Vec<Connection>>,
/// }
///
/// impl Pool {
///     async fn query(&self, question: &str) -> String {
///         let _permit = self.permits.acquire().await; // limits the connections that are in use
///         // If a query is dropped, so is its connection, and a new one takes its place.
///         let idle = self.idle.lock().unwrap().pop();
///         let mut connection = idle.unwrap_or_else(Connection::open);
///         let reply = connection.send(question).await;
///         self.idle.lock().unwrap().push(connection);
///         reply
///     }
/// }
///
/// struct Connection;
///
/// impl Connection {
///     fn open() -> Self {
///         Self
///     }
///
///     async fn send(&mut self, question: &str) -> String {
///         format!("{question} 42")
///     }
/// }
///
/// let pool = Pool { permits: BoundedSemaphore::new(4), idle: Mutex::default() };
/// assert_eq!(pool.query("The answer?").block(), "The answer? 42");
/// ```
///
/// ## A rate limit: a token bucket
///
/// ```
/// use awaitlist::{Block, BoundedSemaphore};
///
/// static TOKENS: BoundedSemaphore = BoundedSemaphore::new(5);
///
/// async fn call() {
///     TOKENS.acquire().await.forget(); // the token is used up
/// }
///
/// /// Called by a timer. If the bucket is full, the token is lost.
/// fn refill() {
///     let _is_full = TOKENS.release().is_err();
/// }
///
/// (0..5).for_each(|_| call().block()); // a burst
/// assert!(TOKENS.locked());
/// refill();
/// call().block();
/// ```
///
/// # asyncio
///
/// | asyncio | here |
/// |---|---|
/// | `BoundedSemaphore(value=1)` | [`BoundedSemaphore::new(value)`](BoundedSemaphore::new), [`BoundedSemaphore::default()`](Default) |
/// | `async with semaphore:` | `let permit = semaphore.acquire().await;` |
/// | `semaphore.release()` | drop the permit; or [`release`](BoundedSemaphore::release), from anywhere |
/// | `ValueError` of a release too many | [`ReleasedTooManyTimes`] |
/// | `semaphore.locked()` | [`locked`](BoundedSemaphore::locked) |
/// | `repr(semaphore)` | [`Display`](fmt::Display): `<BoundedSemaphore [unlocked, value:2]>` |
/// | - | [`set_bound`](BoundedSemaphore::set_bound) |
pub struct BoundedSemaphore {
    raw: RawSemaphore<Bounded>,
}

impl BoundedSemaphore {
    const_fn! {
        /// Creates a semaphore with `value` permits, which is its bound as well. With none, an
        /// acquire waits for ever, as in asyncio.
        ///
        /// # Panics
        ///
        /// Panics if `value` exceeds [`MAX_PERMITS`](crate::MAX_PERMITS). asyncio raises a
        /// `ValueError` for negative values, which a `usize` cannot have.
        ///
        /// ```
        /// use awaitlist::BoundedSemaphore;
        ///
        /// static CONNECTIONS: BoundedSemaphore = BoundedSemaphore::new(8);
        /// assert_eq!(CONNECTIONS.bound(), 8);
        /// ```
        #[track_caller]
        #[must_use]
        pub const fn new(value: usize) -> Self {
            let trace = PrimitiveTrace::bounded_semaphore(None, value);
            Self { raw: RawSemaphore::new(value, Bounded::new(value), trace) }
        }
    }

    const_fn! {
        /// Creates a semaphore with `value` permits and a name for the diagnostics. Without the
        /// feature `diagnostics` the name is discarded.
        ///
        /// # Panics
        ///
        /// Panics if `value` exceeds [`MAX_PERMITS`](crate::MAX_PERMITS).
        #[track_caller]
        #[must_use]
        pub const fn named(name: &'static str, value: usize) -> Self {
            let trace = PrimitiveTrace::bounded_semaphore(Some(name), value);
            Self { raw: RawSemaphore::new(value, Bounded::new(value), trace) }
        }
    }
}

awaitlist_core::described! {
    /// use awaitlist::BoundedSemaphore;
    ///
    /// static SLOTS: BoundedSemaphore = BoundedSemaphore::named("slots", 0).may_wait();
    /// let pool = BoundedSemaphore::new(4).with_name(format!("pool {}", 17));
    /// # let _ = pool;
    [] BoundedSemaphore, |this| this.raw
}

impl BoundedSemaphore {
    /// Acquires a permit. The output of the future is a
    /// [`BoundedSemaphorePermit`](crate::BoundedSemaphorePermit), which releases the permit when it
    /// is dropped.
    ///
    /// The future joins the queue when it is first polled. If a permit is available and there are
    /// no waiters, that poll is ready: an uncontended acquire never suspends.
    ///
    /// It is an `Acquire`: it synchronizes with the releases of the permits that it takes.
    ///
    /// # Cancel safety
    ///
    /// Safe in a `select!`: nothing is lost but the place in the queue. A permit that had been
    /// granted to a future that is dropped goes to the next waiter at once.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::BoundedSemaphore;
    /// # async {
    ///
    /// let semaphore = BoundedSemaphore::new(2);
    /// let permit = semaphore.acquire().await;
    /// assert_eq!(semaphore.value(), 1);
    /// # drop(permit);
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<&Self> {
        Acquire::new(self, 1)
    }

    /// Acquires `n` permits at once.
    ///
    /// The waiters behind it wait until it has all of them, even if there are enough for them. An
    /// acquire of 0 permits waits for its turn as well.
    ///
    /// # Cancel safety
    ///
    /// Safe in a `select!`: nothing is lost but the place in the queue. Permits that had been
    /// granted to a future that is dropped go to the next waiters at once. If it was the first in
    /// the queue, the waiters behind it get what they need.
    ///
    /// # Panics
    ///
    /// Panics if `n` exceeds the bound, or 1 if the bound is 0: it would never be available. A
    /// future that was made before the bound was [lowered](Self::set_bound) below `n` waits until
    /// the bound rises.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::BoundedSemaphore;
    /// # async {
    ///
    /// let semaphore = BoundedSemaphore::new(3);
    /// let permits = semaphore.acquire_many(2).await;
    /// assert_eq!((permits.count(), semaphore.value()), (2, 1));
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, n: usize) -> Acquire<&Self> {
        Acquire::new(self, n)
    }

    /// Acquires a permit if one is available and there are no waiters. Otherwise returns `None`.
    ///
    /// If another thread has the queue locked, it waits for that, some nanoseconds as a rule. So do
    /// not call it from a signal handler.
    ///
    /// ```
    /// use awaitlist::BoundedSemaphore;
    ///
    /// let semaphore = BoundedSemaphore::new(1);
    /// let permit = semaphore.try_acquire();
    /// assert!(permit.is_some() && semaphore.try_acquire().is_none());
    /// ```
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires a permit, dropping that releases it at once"]
    pub fn try_acquire(&self) -> Option<BoundedSemaphorePermit<'_>> {
        Permit::try_take(self, 1, CallSite::here())
    }

    /// Acquires `n` permits if they are available and there are no waiters. Otherwise returns
    /// `None`, as it always does if `n` exceeds the bound.
    ///
    /// If another thread has the queue locked, it waits for that.
    ///
    /// ```
    /// use awaitlist::BoundedSemaphore;
    ///
    /// let semaphore = BoundedSemaphore::new(3);
    /// let two = semaphore.try_acquire_many(2).expect("three are available");
    /// assert!(semaphore.try_acquire_many(2).is_none());
    /// # drop(two);
    /// ```
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires permits, dropping them releases them at once"]
    pub fn try_acquire_many(&self, n: usize) -> Option<BoundedSemaphorePermit<'_>> {
        Permit::try_take(self, n, CallSite::here())
    }

    /// Like [`acquire`](Self::acquire), but the permit owns the semaphore's `Arc`, so that it can
    /// be stored in a struct or moved into a task. Cancel safe in the same way.
    ///
    /// ```
    /// use awaitlist::{Block, BoundedSemaphore};
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(BoundedSemaphore::new(1));
    /// let permit = semaphore.acquire_owned().block();
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(semaphore.value(), 1);
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_owned(self: &Arc<Self>) -> AcquireOwned {
        Acquire::new(Arc::clone(self), 1)
    }

    /// Like [`acquire_many`](Self::acquire_many), but the permit owns the semaphore's `Arc`. Cancel
    /// safe in the same way.
    ///
    /// # Panics
    ///
    /// Panics if `n` exceeds the bound, or 1 if the bound is 0: it would never be available.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_many_owned(self: &Arc<Self>, n: usize) -> AcquireOwned {
        Acquire::new(Arc::clone(self), n)
    }

    /// Like [`try_acquire`](Self::try_acquire), but the permit owns the semaphore's `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires a permit, dropping that releases it at once"]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedPermit> {
        Permit::try_take(Arc::clone(self), 1, CallSite::here())
    }

    /// Like [`try_acquire_many`](Self::try_acquire_many), but the permit owns the semaphore's
    /// `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires permits, dropping them releases them at once"]
    pub fn try_acquire_many_owned(self: &Arc<Self>, n: usize) -> Option<OwnedPermit> {
        Permit::try_take(Arc::clone(self), n, CallSite::here())
    }

    /// Releases a permit that was [forgotten](Permit::forget).
    ///
    /// # Errors
    ///
    /// Returns [`ReleasedTooManyTimes`] if the value is at the bound. Nothing has changed then.
    ///
    /// ```
    /// use awaitlist::{Block, BoundedSemaphore};
    ///
    /// let semaphore = BoundedSemaphore::new(1);
    /// semaphore.acquire().block().forget();
    /// assert!(semaphore.release().is_ok());
    /// assert!(semaphore.release().is_err());
    /// ```
    #[inline]
    pub fn release(&self) -> Result<(), ReleasedTooManyTimes> {
        self.release_many(1)
    }

    /// Makes `n` releases in one step. Each grants at most one waiter, as asyncio's does.
    ///
    /// If more than 32 waiters are granted, it wakes them in steps of 32. If `n` exceeds the room
    /// below the bound, it first visits as many waiters as it would grant, with the queue locked.
    ///
    /// # Errors
    ///
    /// Returns [`ReleasedTooManyTimes`] if one of the releases would have been too many. None of
    /// them has changed anything then.
    #[doc(alias = "add_permits")]
    #[inline]
    pub fn release_many(&self, n: usize) -> Result<(), ReleasedTooManyTimes> {
        let trace = self.raw.trace().releasing(n);
        let outcome = self.raw.release(n).inspect_err(|_| trace.refused());
        outcome.map_err(|TooManyPermits| ReleasedTooManyTimes)
    }

    /// Changes the bound to `n`, while permits are out as well.
    ///
    /// The permits that are out stay out. The value becomes `n` minus their number. If that is
    /// negative, [`value`](Self::value) shows 0, and nothing can be acquired until enough permits
    /// are released. If permits become available, waiters are granted theirs in order, and woken in
    /// steps of 32. A waiter for more permits than `n` stays queued until the bound rises, and
    /// holds up all behind it.
    ///
    /// asyncio has no such method.
    ///
    /// It is a `Release`: what the caller did before is visible to the waiters that are granted
    /// permits.
    ///
    /// # Panics
    ///
    /// Panics if `n` exceeds [`MAX_PERMITS`](crate::MAX_PERMITS). Nothing has changed then.
    ///
    /// ```
    /// use awaitlist::{Block, BoundedSemaphore};
    ///
    /// let connections = BoundedSemaphore::new(8);
    /// let in_use = connections.acquire_many(5).block();
    /// connections.set_bound(3); // two too many are out
    /// assert!(connections.try_acquire().is_none());
    /// drop(in_use);
    /// assert_eq!((connections.value(), connections.bound()), (3, 3));
    /// ```
    #[track_caller]
    pub fn set_bound(&self, n: usize) {
        self.raw.set_bound(n);
    }

    /// Returns the bound: the value that it began with, or the last one that was
    /// [set](Self::set_bound). A snapshot, if another thread sets it.
    #[inline]
    #[must_use]
    pub fn bound(&self) -> usize {
        self.raw.bound()
    }

    /// Returns whether an acquire would have to wait: no permit is available, or there are waiters.
    #[inline]
    #[must_use]
    pub fn locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Returns the number of available permits: those that are neither held nor granted to a
    /// waiter.
    #[doc(alias = "available_permits")]
    #[inline]
    #[must_use]
    pub fn value(&self) -> usize {
        self.raw.value()
    }

    /// Returns the number of waiters, those included that were granted their permits and were not
    /// polled since.
    #[inline]
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.raw.waiters()
    }

    /// Returns the text that asyncio's `repr` has in brackets: `unlocked, value:2`. A snapshot.
    ///
    /// It locks the queue.
    ///
    /// ```
    /// use awaitlist::BoundedSemaphore;
    ///
    /// assert_eq!(BoundedSemaphore::new(2).brackets().to_string(), "unlocked, value:2");
    /// ```
    #[must_use]
    pub fn brackets(&self) -> Brackets {
        self.raw.brackets()
    }
}

/// The error of a release of a [`BoundedSemaphore`] whose value is at its bound. Nothing has
/// changed.
///
/// asyncio raises a `ValueError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReleasedTooManyTimes;

impl ReleasedTooManyTimes {
    /// Returns asyncio's text for this error, to be printed by a ported program:
    /// `BoundedSemaphore released too many times`
    #[must_use]
    pub const fn asyncio_message(self) -> &'static str {
        "BoundedSemaphore released too many times"
    }
}

impl fmt::Display for ReleasedTooManyTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bounded semaphore was released too many times")
    }
}

impl core::error::Error for ReleasedTooManyTimes {}

// SAFETY: it is a field.
unsafe impl AnySemaphore for BoundedSemaphore {
    const NAME: &'static str = "BoundedSemaphore";

    type Bound = Bounded;

    #[inline(always)]
    fn as_raw(&self) -> &RawSemaphore<Bounded> {
        &self.raw
    }
}

/// A semaphore with one permit, like asyncio's.
impl Default for BoundedSemaphore {
    #[track_caller]
    fn default() -> Self {
        Self::new(1)
    }
}

/// Writes the text that asyncio has in brackets: `<BoundedSemaphore [unlocked, value:2]>`,
/// `<BoundedSemaphore [locked, waiters:1]>`.
impl fmt::Display for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<BoundedSemaphore [{}]>", self.brackets())
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, waiters) = self.raw.snapshot();
        f.debug_struct("BoundedSemaphore")
            .field("value", &value)
            .field("waiters", &waiters)
            .field("bound", &self.bound())
            .finish()
    }
}
