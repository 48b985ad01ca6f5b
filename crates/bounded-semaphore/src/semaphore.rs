//! The bounded semaphore itself.

use core::fmt;

use awaitlist_core::{Excess, Overflow, Permits, Pool, Queue, const_fn, trace::Probe};

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
            Self {
                queue: Queue::with_permits(value, Probe::bounded_semaphore(None, value)),
                bound: value,
            }
        }
    }

    const_fn! {
        /// A semaphore with `value` permits and a name for diagnostics. Without those the name is not kept.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new).
        #[track_caller]
        pub const fn named(name: &'static str, value: usize) -> Self {
            Self {
                queue: Queue::with_permits(value, Probe::bounded_semaphore(Some(name), value)),
                bound: value,
            }
        }
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

    /// `n` releases in one step, each of which grants at most one waiter, as asyncio's does. If it grants more than 32, it
    /// does so in steps of 32, and wakes them in between.
    ///
    /// # Errors
    ///
    /// [`ReleasedTooManyTimes`], if one of them would have been too many. Nothing has changed then, by any of them. To know it,
    /// a release of more than the bound has room for looks at as many waiters as it would grant, with the list locked.
    #[inline]
    pub fn release_many(&self, n: usize) -> Result<(), ReleasedTooManyTimes> {
        let release = self.queue.probe().release(n);
        self.queue
            .give_back(n, self.bound, Excess::Refuse)
            .map_err(|Overflow| {
                release.refuse();
                ReleasedTooManyTimes
            })
    }

    /// The value that it began with, and never goes beyond.
    #[inline]
    pub const fn bound(&self) -> usize {
        self.bound
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

awaitlist_core::semaphore!(
    BoundedSemaphore,
    "awaitlist_bounded_semaphore",
    "the bound (or above 1, where that is 0)"
);

impl Pool for BoundedSemaphore {
    const NAME: &'static str = "BoundedSemaphore";

    fn bound(&self) -> usize {
        self.bound
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
