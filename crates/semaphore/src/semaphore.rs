//! The semaphore itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{
    Excess, MAX_PERMITS, Overflow, Permits, Pool, Queue, Standing, Waitable, const_fn,
};

/// What opens the queue of a semaphore.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Key(());

const KEY: Key = Key(());

/// What [`Semaphore::acquire`] and [`Semaphore::acquire_many`] make.
pub type Acquire<'a> = awaitlist_core::Acquire<&'a Semaphore>;

/// What [`Semaphore::acquire_owned`] and [`Semaphore::acquire_many_owned`] make.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type AcquireOwned = awaitlist_core::Acquire<Arc<Semaphore>>;

/// What [`Semaphore::acquire`] and [`Semaphore::acquire_many`] answer.
pub type Permit<'a> = awaitlist_core::Permit<&'a Semaphore>;

/// What [`Semaphore::acquire_owned`] and [`Semaphore::acquire_many_owned`] answer.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedPermit = awaitlist_core::Permit<Arc<Semaphore>>;

/// A fair semaphore for futures and threads: `asyncio.Semaphore` of CPython 3.13.
///
/// | asyncio | here |
/// |---|---|
/// | `Semaphore(value=1)` | [`Semaphore::new(value)`](Semaphore::new), [`Semaphore::default()`](Default) |
/// | `async with semaphore:` | `let permit = semaphore.acquire().await;` |
/// | `semaphore.release()` | drop the permit; or [`release`](Semaphore::release), from anywhere |
/// | `semaphore.locked()` | [`locked`](Semaphore::locked) |
/// | `repr(semaphore)` | [`Display`](fmt::Display): `<Semaphore [unlocked, value:2]>` |
///
/// Permits may also be made up: [`release`](Semaphore::release) needs none to have been acquired. Where that would
/// be a mistake, a `BoundedSemaphore` reports it.
///
/// ```
/// use awaitlist_semaphore::{Block, Semaphore};
///
/// let semaphore = Semaphore::new(3);
/// let mut permit = semaphore.acquire_many(3).block();
/// assert!(semaphore.try_acquire().is_none());
/// let one = permit.split(1);
/// drop(permit);
/// assert_eq!(semaphore.value(), 2);
/// # drop(one);
/// ```
pub struct Semaphore {
    queue: Queue<Permits>,
}

impl Semaphore {
    const_fn! {
        /// A semaphore with `value` permits.
        ///
        /// # Panics
        ///
        /// If `value` is above [`MAX_PERMITS`]. asyncio's `ValueError` for negative values is in the type.
        #[track_caller]
        pub const fn new(value: usize) -> Self {
            Self { queue: Queue::with_permits(value) }
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
    /// # use awaitlist_semaphore::{Block, Semaphore};
    /// # async {
    /// let semaphore = Semaphore::new(2);
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
    /// If `n` is above [`MAX_PERMITS`], which can never be had.
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, n: usize) -> Acquire<'_> {
        awaitlist_core::Acquire::new(self, KEY, n)
    }

    /// Acquires a permit if one is to be had and nobody waits, else answers `None`.
    ///
    /// ```
    /// # use awaitlist_semaphore::Semaphore;
    /// let semaphore = Semaphore::default();
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
    /// # use awaitlist_semaphore::{Block, Semaphore};
    /// # use std::sync::Arc;
    /// let semaphore = Arc::new(Semaphore::new(1));
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
    /// If `n` is above [`MAX_PERMITS`], which can never be had.
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

    /// Gives back a permit that was [forgotten](Permit::forget), or makes one more.
    ///
    /// # Panics
    ///
    /// If the value is [`MAX_PERMITS`] already. Nothing has changed then.
    #[inline]
    #[track_caller]
    pub fn release(&self) {
        self.release_many(1);
    }

    /// `n` releases in one step, each of which grants at most one waiter, as asyncio's does.
    ///
    /// # Panics
    ///
    /// If one of them would take the value above [`MAX_PERMITS`]. Nothing has changed then.
    #[inline]
    #[track_caller]
    pub fn release_many(&self, n: usize) {
        if let Err(Overflow) = self.queue.give_back(n, MAX_PERMITS, Excess::Refuse) {
            too_many(n);
        }
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

#[cold]
#[track_caller]
fn too_many(n: usize) -> ! {
    panic!("release_many({n}) would take the semaphore above `MAX_PERMITS` ({MAX_PERMITS})")
}

// SAFETY: the queue is a field of the semaphore, the same each time, and `withdraw` of permits has the place leave.
unsafe impl Waitable for Semaphore {
    type State = Permits;
    type Key = Key;

    #[inline]
    fn queue(&self, _: Key) -> &Queue<Permits> {
        &self.queue
    }

    fn withdraw(&self, standing: Standing<'_, Permits>) {
        standing.withdraw(self.bound());
    }
}

impl Pool for Semaphore {
    const NAME: &'static str = "Semaphore";
}

/// One permit, as asyncio's `Semaphore()`.
impl Default for Semaphore {
    fn default() -> Self {
        Self::new(1)
    }
}

/// What asyncio prints in brackets: `<Semaphore [unlocked, value:2]>`, `<Semaphore [locked, waiters:1]>`.
impl fmt::Display for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue.fmt_as_asyncio(Self::NAME, f)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue
            .fmt_fields(&mut f.debug_struct(Self::NAME))
            .finish()
    }
}
