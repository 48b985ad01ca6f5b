//! The semaphore itself.

use core::fmt;

use awaitlist_core::{Excess, MAX_PERMITS, Overflow, Permits, Pool, Queue, const_fn, trace::Probe};

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
            Self { queue: Queue::with_permits(value, Probe::semaphore(None, value)) }
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
            Self { queue: Queue::with_permits(value, Probe::semaphore(Some(name), value)) }
        }
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

    /// `n` releases in one step, each of which grants at most one waiter, as asyncio's does. If it grants more than 32, it
    /// does so in steps of 32, and wakes them in between.
    ///
    /// # Panics
    ///
    /// If one of them would take the value above [`MAX_PERMITS`]. Nothing has changed then.
    #[inline]
    #[track_caller]
    pub fn release_many(&self, n: usize) {
        let release = self.queue.probe().release(n);
        if let Err(Overflow) = self.queue.give_back(n, MAX_PERMITS, Excess::Refuse) {
            release.refuse();
            too_many(n);
        }
    }
}

#[cold]
#[track_caller]
fn too_many(n: usize) -> ! {
    panic!("a release of {n} would take the semaphore above `MAX_PERMITS` ({MAX_PERMITS})")
}

awaitlist_core::semaphore!(
    Semaphore,
    "awaitlist_semaphore",
    "[`MAX_PERMITS`](crate::MAX_PERMITS)"
);

impl Pool for Semaphore {
    const NAME: &'static str = "Semaphore";
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue
            .fmt_fields(&mut f.debug_struct(Self::NAME))
            .finish()
    }
}
