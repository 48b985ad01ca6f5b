//! The lock itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{const_fn, sync::UnsafeCell, trace::Origin};

use crate::{Acquire, AcquireWith, Guard, LockGuard, raw::RawLock};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::{AcquireOwned, OwnedLockGuard};

/// A fair mutual exclusion lock around a value, for futures and threads: `asyncio.Lock` of CPython 3.13, with the
/// value that it guards.
///
/// | asyncio | here |
/// |---|---|
/// | `Lock()` | [`Lock::new(())`](Lock::new), or with the value that it guards |
/// | `async with lock:` | `let guard = lock.acquire().await;` |
/// | `lock.release()` | drop the guard; or [`release`](Lock::release), from elsewhere |
/// | `lock.locked()` | [`locked`](Lock::locked) |
/// | `repr(lock)` | [`Display`](fmt::Display): `<Lock [locked, waiters:2]>` |
///
/// It is not reentrant: a task that acquires a lock it holds waits for itself.
///
/// ```
/// use awaitlist_lock::{Block, Lock};
///
/// let lock = Lock::new(41);
/// *lock.acquire().block() += 1;
/// assert_eq!(lock.into_inner(), 42);
/// ```
pub struct Lock<T: ?Sized = ()> {
    /// The permit, and who waits for it.
    pub(crate) raw: RawLock,
    /// Reached through a guard, that is by whoever holds the permit; or through `&mut self`.
    pub(crate) data: UnsafeCell<T>,
}

// SAFETY: sending the lock sends the value; that the queue goes along is the core's promise.
unsafe impl<T: ?Sized + Send> Send for Lock<T> {}
// SAFETY: through a shared lock one thread at a time reaches the value, which needs it to be Send. It need not be Sync:
// a guard gives out `&T`, but is itself Sync only if T is.
unsafe impl<T: ?Sized + Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    const_fn! {
        /// A free lock around `value`.
        ///
        /// ```
        /// use awaitlist_lock::Lock;
        ///
        /// static CACHE: Lock<Option<String>> = Lock::new(None);
        /// assert!(!CACHE.locked());
        /// ```
        #[track_caller]
        pub const fn new(value: T) -> Self {
            Self { raw: RawLock::new(None), data: UnsafeCell::new(value) }
        }
    }

    const_fn! {
        /// A free lock around `value`, with a name for diagnostics. Without those the name is not kept.
        #[track_caller]
        pub const fn named(name: &'static str, value: T) -> Self {
            Self { raw: RawLock::new(Some(name)), data: UnsafeCell::new(value) }
        }
    }

    /// The value. No guard can be reached any more, since the lock is yours.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Waits for the lock, and answers a guard that gives access to the value and releases the lock when dropped.
    ///
    /// The place in the queue is taken when the future is first polled. If the lock is free and nobody waits, that
    /// poll is ready: an uncontended acquire never suspends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place. If it had been designated, the next in line is.
    ///
    /// ```
    /// # use awaitlist_lock::{Block, Lock};
    /// # async {
    /// let lock = Lock::new(String::new());
    /// let mut text = lock.acquire().await;
    /// text.push_str("mine");
    /// drop(text);
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_, T> {
        AcquireWith::new(self)
    }

    /// Acquires the lock if it is free and nobody waits for it, else answers `None`.
    ///
    /// ```
    /// # use awaitlist_lock::Lock;
    /// let lock = Lock::new(1);
    /// let guard = lock.try_acquire().expect("nobody holds it");
    /// assert!(lock.try_acquire().is_none());
    /// # drop(guard);
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        let origin = Origin::here();
        self.raw.try_take().then(|| {
            let hold = self.raw.taken(origin);
            // SAFETY: the permit was taken for this guard.
            unsafe { Guard::new(self, hold) }
        })
    }

    /// [`acquire`](Self::acquire), with a guard that owns the lock's `Arc`, to be kept in a struct or sent to a task.
    ///
    /// ```
    /// # use awaitlist_lock::{Block, Lock};
    /// # use std::sync::Arc;
    /// let lock = Arc::new(Lock::new(1));
    /// let guard = lock.acquire_owned().block();
    /// std::thread::spawn(move || drop(guard)).join().unwrap();
    /// assert!(!lock.locked());
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_owned(self: &Arc<Self>) -> AcquireOwned<T> {
        AcquireWith::new(Arc::clone(self))
    }

    /// [`try_acquire`](Self::try_acquire), with a guard that owns the lock's `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedLockGuard<T>> {
        let origin = Origin::here();
        self.raw.try_take().then(|| {
            let hold = self.raw.taken(origin);
            // SAFETY: the permit was taken for this guard.
            unsafe { Guard::new(Arc::clone(self), hold) }
        })
    }

    /// Whether somebody holds the lock. As asyncio's `locked()`, this is false between a release and the moment at
    /// which the first in line runs.
    #[inline]
    pub fn locked(&self) -> bool {
        self.raw.is_held()
    }

    /// How many wait for the lock, the one included that was designated and has not run yet.
    #[inline]
    pub fn waiters(&self) -> usize {
        self.raw.waiters()
    }

    /// The value. No guard can be reached any more, since the lock is yours.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` says that there is no guard.
        self.data.with_mut(|data| unsafe { &mut *data })
    }
}

/// A lock was released, or its hold adopted, that nobody had acquired and [forgotten](Guard::forget). Nothing has
/// changed.
///
/// Prints what asyncio's `RuntimeError` says: `Lock is not acquired.`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NotAcquired;

impl fmt::Display for NotAcquired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock is not acquired.")
    }
}

impl core::error::Error for NotAcquired {}

/// asyncio's habit of acquiring here and releasing there (in a callback, in another task). It takes a lock that guards
/// no value, and a hold whose guard was [forgotten](Guard::forget): a guard that lives is always the proof of its hold.
impl Lock<()> {
    /// Releases a hold whose guard was forgotten, as anybody may.
    ///
    /// ```
    /// use awaitlist_lock::{Block, Lock, LockGuard};
    ///
    /// let lock = Lock::new(());
    /// LockGuard::forget(lock.acquire().block());
    /// assert!(lock.locked());
    /// lock.release()?;
    /// assert!(lock.release().is_err());
    /// # Ok::<(), awaitlist_lock::NotAcquired>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotAcquired`], if the lock is free, or if it is held by a guard. Nothing has changed then.
    pub fn release(&self) -> Result<(), NotAcquired> {
        self.adopt().map(drop)
    }

    /// Takes a forgotten hold over: the inverse of [`Guard::forget`].
    ///
    /// # Errors
    ///
    /// [`NotAcquired`], if the lock is free, or if it is held by a guard.
    #[track_caller]
    pub fn adopt(&self) -> Result<LockGuard<'_>, NotAcquired> {
        let hold = self.raw.adopt_hold(Origin::here()).ok_or(NotAcquired)?;
        // SAFETY: the hold was nobody's, and is this guard's now.
        Ok(unsafe { Guard::new(self, hold) })
    }

    /// [`adopt`](Self::adopt), with a guard that owns the lock's `Arc`.
    ///
    /// # Errors
    ///
    /// As for [`adopt`](Self::adopt).
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[track_caller]
    pub fn adopt_owned(self: &Arc<Self>) -> Result<OwnedLockGuard, NotAcquired> {
        let hold = self.raw.adopt_hold(Origin::here()).ok_or(NotAcquired)?;
        // SAFETY: the hold was nobody's, and is this guard's now.
        Ok(unsafe { Guard::new(Arc::clone(self), hold) })
    }
}

/// A free lock around `T::default()`. For a lock without a value, write `<Lock>::default()`.
impl<T: Default> Default for Lock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Lock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// What asyncio prints in brackets: `<Lock [unlocked]>`, `<Lock [locked, waiters:2]>`.
impl<T: ?Sized> fmt::Display for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (held, waiters) = self.raw.snapshot();
        let state = if held { "locked" } else { "unlocked" };
        match waiters {
            0 => write!(f, "<Lock [{state}]>"),
            waiters => write!(f, "<Lock [{state}, waiters:{waiters}]>"),
        }
    }
}

/// The state, the waiters and the value. To show the value it acquires the lock, if that is free, for as long as the
/// value takes to print; meanwhile `try_acquire` elsewhere answers `None`.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (held, waiters) = self.raw.snapshot();
        let mut lock = f.debug_struct("Lock");
        lock.field("locked", &held).field("waiters", &waiters);
        match self.try_acquire() {
            Some(value) => lock.field("value", &&*value),
            None => lock.field("value", &format_args!("<locked>")),
        };
        lock.finish()
    }
}
