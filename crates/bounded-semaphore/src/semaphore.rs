//! The bounded semaphore itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{Excess, Overflow, Permits, Pool, Queue, Standing, Waitable, const_fn};

/// What opens the queue of a semaphore.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Key(());

const KEY: Key = Key(());

/// What [`BoundedSemaphore::acquire`] and [`BoundedSemaphore::acquire_many`] make.
pub type Acquire<'a> = awaitlist_core::Acquire<&'a BoundedSemaphore>;

/// What [`BoundedSemaphore::acquire_owned`] and [`BoundedSemaphore::acquire_many_owned`] make.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type AcquireOwned = awaitlist_core::Acquire<Arc<BoundedSemaphore>>;

/// What [`BoundedSemaphore::acquire`] and [`BoundedSemaphore::acquire_many`] answer.
pub type Permit<'a> = awaitlist_core::Permit<&'a BoundedSemaphore>;

/// What [`BoundedSemaphore::acquire_owned`] and [`BoundedSemaphore::acquire_many_owned`] answer.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedPermit = awaitlist_core::Permit<Arc<BoundedSemaphore>>;

/// A fair semaphore that never has more permits than it began with: `asyncio.BoundedSemaphore` of CPython 3.13.
///
/// | asyncio | here |
/// |---|---|
/// | `BoundedSemaphore(value=1)` | [`BoundedSemaphore::new(value)`](BoundedSemaphore::new), [`BoundedSemaphore::default()`](Default) |
/// | `async with semaphore:` | `let permit = semaphore.acquire().await;` |
/// | `semaphore.release()` | drop the permit; or [`release`](BoundedSemaphore::release), from anywhere |
/// | `ValueError` of a release too many | [`ReleasedTooManyTimes`] |
/// | `semaphore.locked()` | [`locked`](BoundedSemaphore::locked) |
/// | `repr(semaphore)` | [`Display`](fmt::Display): `<BoundedSemaphore [unlocked, value:2]>` |
///
/// A release is one too many if the value is at the bound. While somebody waits it seldom is: a grant takes the permit
/// out of the value at once. That is asyncio's rule, which knows nothing of who holds what.
///
/// ```
/// use awaitlist_bounded_semaphore::{Block, BoundedSemaphore};
///
/// let semaphore = BoundedSemaphore::new(3);
/// let permit = semaphore.acquire_many(3).block();
/// drop(permit);
/// assert!(semaphore.release().is_err());
/// assert_eq!(semaphore.value(), 3);
/// ```
pub struct BoundedSemaphore {
    queue: Queue<Permits>,
    /// The value that it began with.
    bound: usize,
}

impl BoundedSemaphore {
    const_fn! {
        /// A semaphore with `value` permits, which is its bound as well. With none, whoever acquires waits for ever, as
        /// in asyncio.
        ///
        /// # Panics
        ///
        /// If `value` is above [`MAX_PERMITS`](crate::MAX_PERMITS). asyncio's `ValueError` for negative values is in the type.
        #[track_caller]
        pub const fn new(value: usize) -> Self {
            Self { queue: Queue::with_permits(value), bound: value }
        }
    }

    const_fn! {
        /// A semaphore with `value` permits and a name for diagnostics. Without those the name is not kept.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new).
        #[track_caller]
        pub const fn named(_name: &'static str, value: usize) -> Self {
            Self::new(value)
        }
    }

    /// Waits for a permit, which is given back when it is dropped.
    ///
    /// The place in the queue is taken when the future is first polled. If a permit is to be had and nobody waits, that
    /// poll is ready: an uncontended acquire never suspends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place. What it had been granted goes to the next in line at once.
    ///
    /// ```
    /// # use awaitlist_bounded_semaphore::{Block, BoundedSemaphore};
    /// # async {
    /// let semaphore = BoundedSemaphore::new(2);
    /// let permit = semaphore.acquire().await;
    /// assert_eq!(semaphore.value(), 1);
    /// # drop(permit);
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_> {
        awaitlist_core::Acquire::new(self, KEY, 1)
    }

    /// Waits for `n` permits at once. Those behind it in the queue wait until it has them, even if there would be
    /// enough for them. For none at all it waits for its turn as well.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire). If the one that is dropped was first in line, those behind it get what they need.
    ///
    /// # Panics
    ///
    /// If `n` is above the bound (or above 1, where that is 0), which can never be had.
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, n: usize) -> Acquire<'_> {
        awaitlist_core::Acquire::new(self, KEY, n)
    }

    /// Acquires a permit if one is to be had and nobody waits, else answers `None`.
    ///
    /// ```
    /// # use awaitlist_bounded_semaphore::BoundedSemaphore;
    /// let semaphore = BoundedSemaphore::default();
    /// let permit = semaphore.try_acquire();
    /// assert!(permit.is_some() && semaphore.try_acquire().is_none());
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// Acquires `n` permits if they are to be had and nobody waits, else answers `None`.
    #[inline]
    #[track_caller]
    pub fn try_acquire_many(&self, n: usize) -> Option<Permit<'_>> {
        self.queue
            .try_take(n)
            .then(|| awaitlist_core::Permit::new(self, KEY, n))
    }

    /// [`acquire`](Self::acquire), with a permit that owns the semaphore's `Arc`, to be kept in a struct or sent to
    /// a task.
    ///
    /// ```
    /// # use awaitlist_bounded_semaphore::{Block, BoundedSemaphore};
    /// # use std::sync::Arc;
    /// let semaphore = Arc::new(BoundedSemaphore::new(1));
    /// let permit = semaphore.acquire_owned().block();
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(semaphore.value(), 1);
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_owned(self: &Arc<Self>) -> AcquireOwned {
        self.acquire_many_owned(1)
    }

    /// [`acquire_many`](Self::acquire_many), with a permit that owns the semaphore's `Arc`.
    ///
    /// # Panics
    ///
    /// If `n` is above the bound (or above 1, where that is 0), which can never be had.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_many_owned(self: &Arc<Self>, n: usize) -> AcquireOwned {
        awaitlist_core::Acquire::new(Arc::clone(self), KEY, n)
    }

    /// [`try_acquire`](Self::try_acquire), with a permit that owns the semaphore's `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedPermit> {
        self.try_acquire_many_owned(1)
    }

    /// [`try_acquire_many`](Self::try_acquire_many), with a permit that owns the semaphore's `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn try_acquire_many_owned(self: &Arc<Self>, n: usize) -> Option<OwnedPermit> {
        self.queue
            .try_take(n)
            .then(|| awaitlist_core::Permit::new(Arc::clone(self), KEY, n))
    }

    /// Gives back a permit that was [forgotten](Permit::forget).
    ///
    /// # Errors
    ///
    /// [`ReleasedTooManyTimes`], if the value is at the bound. Nothing has changed then.
    ///
    /// ```
    /// # use awaitlist_bounded_semaphore::{Block, BoundedSemaphore};
    /// let semaphore = BoundedSemaphore::new(1);
    /// semaphore.acquire().block().forget();
    /// assert!(semaphore.release().is_ok());
    /// assert!(semaphore.release().is_err());
    /// ```
    #[inline]
    pub fn release(&self) -> Result<(), ReleasedTooManyTimes> {
        self.release_many(1)
    }

    /// `n` releases in one step, each of which grants at most one waiter, as asyncio's does.
    ///
    /// # Errors
    ///
    /// [`ReleasedTooManyTimes`], if one of them would have been too many. Nothing has changed then, by any of them.
    #[inline]
    pub fn release_many(&self, n: usize) -> Result<(), ReleasedTooManyTimes> {
        self.queue
            .give_back(n, self.bound, Excess::Refuse)
            .map_err(|Overflow| ReleasedTooManyTimes)
    }

    /// The value that it began with, and never goes beyond.
    #[inline]
    pub const fn bound(&self) -> usize {
        self.bound
    }

    /// Whether an acquire would have to wait: no permit is to be had, or somebody waits.
    #[inline]
    pub fn locked(&self) -> bool {
        self.queue.would_wait()
    }

    /// How many permits are to be had: not in anybody's hands, and not granted to one who has not run yet.
    #[inline]
    pub fn value(&self) -> usize {
        self.queue.value()
    }

    /// How many wait, those included that were granted their permits and have not run yet.
    #[inline]
    pub fn waiters(&self) -> usize {
        self.queue.waiters()
    }
}

/// A [`BoundedSemaphore`] was released when its value was at its bound. Nothing has changed.
///
/// Prints what asyncio's `ValueError` says: `BoundedSemaphore released too many times`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReleasedTooManyTimes;

impl fmt::Display for ReleasedTooManyTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoundedSemaphore released too many times")
    }
}

impl core::error::Error for ReleasedTooManyTimes {}

// SAFETY: the queue is a field of the semaphore, the same each time, and `withdraw` of permits has the place leave.
unsafe impl Waitable for BoundedSemaphore {
    type State = Permits;
    type Key = Key;

    #[inline]
    fn queue(&self, _: Key) -> &Queue<Permits> {
        &self.queue
    }

    fn withdraw(&self, standing: Standing<'_, Permits>) {
        standing.withdraw(self.bound);
    }
}

impl Pool for BoundedSemaphore {
    const NAME: &'static str = "BoundedSemaphore";

    fn bound(&self) -> usize {
        self.bound
    }
}

/// One permit, as asyncio's `BoundedSemaphore()`.
impl Default for BoundedSemaphore {
    fn default() -> Self {
        Self::new(1)
    }
}

/// What asyncio prints in brackets: `<BoundedSemaphore [unlocked, value:2]>`, `<BoundedSemaphore [locked, waiters:1]>`.
impl fmt::Display for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue.fmt_as_asyncio(Self::NAME, f)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue
            .fmt_fields(&mut f.debug_struct(Self::NAME))
            .field("bound", &self.bound)
            .finish()
    }
}
