//! The guard of a lock.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    ptr,
};

use awaitlist_core::{Handle, trace::HoldTrace};

use crate::{Lock, MapHandle, MappedGuard};

/// The guard that [`Lock::acquire`] returns: a [`Guard`] that borrows the lock.
pub type LockGuard<'a, T = ()> = Guard<T, &'a Lock<T>>;

/// The guard that [`Lock::acquire_owned`] returns: a [`Guard`] that owns the lock's `Arc`.
///
/// It has no lifetime, so it can be stored in a struct or moved into a task.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedLockGuard<T = ()> = Guard<T, Arc<Lock<T>>>;

/// Access to the value of a lock. The lock is held as long as this exists, and released when it is
/// dropped.
///
/// `H` is `&Lock<T>` ([`LockGuard`]) or `Arc<Lock<T>>` (`OwnedLockGuard`).
///
/// It is `Send` if the value is, so a task may hold it across an `.await` on a runtime that moves
/// tasks between threads. The release is a `Release`: it synchronizes with the acquire that
/// follows.
///
/// Everything beyond access are associated functions, such as `LockGuard::map(guard, …)`, so that
/// they hide no method of the value.
#[must_use = "dropped at once, the lock is released at once: keep the guard in a variable with a name (`let _guard = …`, not `let _ = …`); to release it on purpose, as after the last wait of a function, write `drop(…)`"]
#[clippy::has_significant_drop]
pub struct Guard<T: ?Sized, H: Handle<Target = Lock<T>>> {
    lock: H,
    /// What the diagnostics know of the hold.
    hold: HoldTrace,
    /// Gives out `&T` and `&mut T`, so it is Send, Sync and variant as they are.
    value: PhantomData<T>,
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Guard<T, H> {
    /// # Safety
    ///
    /// The lock is held, and that hold belongs to no other guard.
    #[inline(always)]
    pub(crate) const unsafe fn new(lock: H, hold: HoldTrace) -> Self {
        Self { lock, hold, value: PhantomData }
    }

    /// Takes the guard apart without releasing the lock.
    #[inline]
    pub(crate) fn into_parts(self) -> (H, HoldTrace) {
        let this = ManuallyDrop::new(self);
        // SAFETY: each is read once, from a value that is not dropped.
        unsafe { (ptr::read(&this.lock), ptr::read(&this.hold)) }
    }

    /// Returns the handle to the lock: a reference, or the `Arc`.
    #[inline]
    pub const fn lock(this: &Self) -> &H {
        &this.lock
    }

    /// Makes a guard of a part of the value.
    ///
    /// ```
    /// use awaitlist::{Block, Lock, LockGuard};
    ///
    /// let lock = Lock::new((1, String::from("one")));
    /// let name = LockGuard::map(lock.acquire().block(), |pair| &mut pair.1);
    /// assert_eq!(*name, "one");
    /// ```
    pub fn map<U: ?Sized, F>(this: Self, part: F) -> MappedGuard<U, H::Mapped>
    where
        F: FnOnce(&mut T) -> &mut U,
        H: MapHandle,
    {
        match Self::try_map(this, |value| Some(part(value))) {
            Ok(mapped) => mapped,
            Err(_) => unreachable!("there always is a part"),
        }
    }

    /// Makes a guard of a part of the value, if there is such a part.
    ///
    /// # Errors
    ///
    /// Returns the guard itself if `part` returns `None`.
    ///
    /// ```
    /// use awaitlist::{Block, Lock, LockGuard};
    ///
    /// let lock = Lock::new(vec![1, 2]);
    /// let guard = lock.acquire().block();
    /// let guard = LockGuard::try_map(guard, |list| list.get_mut(5)).unwrap_err();
    /// assert_eq!(guard.len(), 2);
    /// ```
    pub fn try_map<U: ?Sized, F>(mut this: Self, part: F) -> Result<MappedGuard<U, H::Mapped>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        H: MapHandle,
    {
        // A panic in `part` drops `this`, which releases the lock.
        match part(&mut this) {
            Some(part) => {
                let part: *mut U = part;
                let (lock, hold) = this.into_parts();
                // SAFETY: the hold moves from one guard to the other, and the part is one of the
                // value that it guards.
                Ok(unsafe { MappedGuard::new(part, H::mapped(lock), hold) })
            }
            None => Err(this),
        }
    }
}

impl<H: Handle<Target = Lock<()>>> Guard<(), H> {
    /// Drops the guard without releasing the lock. The lock stays held until [`Lock::release`], or
    /// until the guard that [`Lock::adopt`] makes is dropped: asyncio's `await lock.acquire()`.
    ///
    /// ```
    /// use awaitlist::{Block, Lock, LockGuard};
    ///
    /// let lock = Lock::new(());
    /// LockGuard::forget(lock.acquire().block());
    /// assert!(lock.locked());
    /// ```
    pub fn forget(this: Self) {
        // The handle is dropped.
        let (lock, hold) = this.into_parts();
        lock.raw.forget(hold);
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Deref for Guard<T, H> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held, which excludes other guards; `&self` excludes a `&mut T` of
        // this one.
        self.lock.data.with(|data| unsafe { &*data })
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> DerefMut for Guard<T, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, which excludes other guards; `&mut self` excludes other
        // references through this one.
        self.lock.data.with_mut(|data| unsafe { &mut *data })
    }
}

awaitlist_core::held!([T: ?Sized, H: Handle<Target = Lock<T>>] Guard<T, H>, |guard| {
    (guard.lock.raw.trace(), &guard.hold)
});

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Drop for Guard<T, H> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw.release(&mut self.hold);
    }
}

impl<T: ?Sized + fmt::Debug, H: Handle<Target = Lock<T>>> fmt::Debug for Guard<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, H: Handle<Target = Lock<T>>> fmt::Display for Guard<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
