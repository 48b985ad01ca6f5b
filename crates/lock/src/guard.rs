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

use awaitlist_core::{Handle, trace::Hold};

use crate::{Lock, MapHandle, MappedGuard};

/// What [`Lock::acquire`] answers.
pub type LockGuard<'a, T = ()> = Guard<T, &'a Lock<T>>;

/// What [`Lock::acquire_owned`] answers.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedLockGuard<T = ()> = Guard<T, Arc<Lock<T>>>;

/// A lock that is held. It gives access to the value, and releases the lock when it is dropped.
///
/// It is `Send` if the value is, so a task may hold it across an `.await` on a runtime that moves tasks.
///
/// What a guard can do beyond that are associated functions (`LockGuard::map(guard, …)`), so as not to hide methods
/// of the value.
#[must_use = "dropped at once, the lock is released at once: keep the guard in a variable with a name (`let _guard = …`, not `let _ = …`)"]
#[clippy::has_significant_drop]
pub struct Guard<T: ?Sized, H: Handle<Target = Lock<T>>> {
    handle: H,
    /// What the diagnostics know of the hold.
    hold: Hold,
    /// Gives out `&T` and `&mut T`, so it is Send and Sync, and variant, as they are.
    value: PhantomData<T>,
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Guard<T, H> {
    /// # Safety
    ///
    /// There is a hold of this lock that belongs to nobody else, and the guard gets it.
    #[inline]
    pub(crate) const unsafe fn new(handle: H, hold: Hold) -> Self {
        Self {
            handle,
            hold,
            value: PhantomData,
        }
    }

    /// The handle and what is known of the hold, without giving that back.
    #[inline]
    pub(crate) fn into_parts(self) -> (H, Hold) {
        let this = ManuallyDrop::new(self);
        // SAFETY: each read once, out of what is not dropped.
        unsafe { (ptr::read(&this.handle), ptr::read(&this.hold)) }
    }

    /// The lock that it holds: a reference, or the `Arc`.
    #[inline]
    pub const fn lock(this: &Self) -> &H {
        &this.handle
    }

    /// A guard of a part of the value.
    ///
    /// ```
    /// use awaitlist_lock::{Block, Lock, LockGuard};
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
            Err(_) => unreachable!("the part is always there"),
        }
    }

    /// A guard of a part of the value, if there is one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `part` answers `None`.
    pub fn try_map<U: ?Sized, F>(mut this: Self, part: F) -> Result<MappedGuard<U, H::Mapped>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
        H: MapHandle,
    {
        // A panic in `part` drops `this`, which releases the lock.
        match part(&mut this) {
            Some(part) => {
                let part: *mut U = part;
                let (handle, hold) = this.into_parts();
                // SAFETY: the hold goes from one guard to the other, and the part is one of the value that it guards.
                Ok(unsafe { MappedGuard::new(part, H::mapped(handle), hold) })
            }
            None => Err(this),
        }
    }
}

impl<H: Handle<Target = Lock<()>>> Guard<(), H> {
    /// Lets the guard go without releasing the lock, which stays held until [`Lock::release`], or until
    /// [`Lock::adopt`] makes another guard of the hold: asyncio's `await lock.acquire()`.
    pub fn forget(this: Self) {
        // The handle is dropped, and its count with it.
        let (handle, hold) = this.into_parts();
        handle.raw.forget_hold(hold);
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Deref for Guard<T, H> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the hold keeps every other guard away, and `&self` every `&mut T` of this one.
        self.handle.data.with(|data| unsafe { &*data })
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> DerefMut for Guard<T, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the hold keeps every other guard away, and `&mut self` every other reference through this one.
        self.handle.data.with_mut(|data| unsafe { &mut *data })
    }
}

#[cfg(feature = "diagnostics")]
impl<T: ?Sized, H: Handle<Target = Lock<T>>> awaitlist_core::diagnostics::Held for Guard<T, H> {
    fn held(&self) -> (&awaitlist_core::trace::Probe, &Hold) {
        (self.handle.raw.probe(), &self.hold)
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Drop for Guard<T, H> {
    #[inline]
    fn drop(&mut self) {
        self.handle.raw.give_back(&mut self.hold);
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
