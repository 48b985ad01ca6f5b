//! Guards of a part of the value.

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

use crate::{Lock, raw::RawLock};

/// The guard that [`LockGuard::map`](crate::Guard::map) returns: a [`MappedGuard`] that borrows the
/// lock.
pub type MappedLockGuard<'a, U> = MappedGuard<U, &'a RawLock>;

/// The guard that [`OwnedLockGuard::map`](crate::Guard::map) returns: a [`MappedGuard`] that owns
/// the lock's `Arc`.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedMappedLockGuard<T, U> = MappedGuard<U, Arc<Lock<T>>>;

/// Access to a part of the value of a lock. The lock is held as long as this exists, and released
/// when it is dropped.
///
/// `R` is what is left of the handle: `&RawLock` ([`MappedLockGuard`]), which does not know the
/// type of the value, or `Arc<Lock<T>>` (`OwnedMappedLockGuard`).
#[must_use = "dropped at once, the lock is released at once: keep the guard in a variable with a name (`let _guard = …`, not `let _ = …`); to release it on purpose, as after the last wait of a function, write `drop(…)`"]
#[clippy::has_significant_drop]
pub struct MappedGuard<U: ?Sized, R: Release> {
    /// A pointer and not a `NonNull`: the guard must be invariant in U, as `&mut U` is.
    part: *mut U,
    lock: R,
    /// What the diagnostics know of the hold.
    hold: HoldTrace,
    /// Gives out `&U` and `&mut U`, so it is Send and Sync as they are.
    value: PhantomData<U>,
}

// SAFETY: sending it sends a `&mut U` and the hold, which any thread may release.
unsafe impl<U: ?Sized + Send, R: Release + Send> Send for MappedGuard<U, R> {}
// SAFETY: sharing it shares a `&U`.
unsafe impl<U: ?Sized + Sync, R: Release + Sync> Sync for MappedGuard<U, R> {}

impl<U: ?Sized, R: Release> MappedGuard<U, R> {
    /// # Safety
    ///
    /// The lock is held, that hold belongs to no other guard, and `part` is a part of its value.
    pub(crate) const unsafe fn new(part: *mut U, lock: R, hold: HoldTrace) -> Self {
        Self { part, lock, hold, value: PhantomData }
    }

    /// Makes a guard of a part of the part.
    pub fn map<V: ?Sized, F>(this: Self, part: F) -> MappedGuard<V, R>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        match Self::try_map(this, |value| Some(part(value))) {
            Ok(mapped) => mapped,
            Err(_) => unreachable!("there always is a part"),
        }
    }

    /// Makes a guard of a part of the part, if there is such a part.
    ///
    /// # Errors
    ///
    /// Returns the guard itself if `part` returns `None`.
    pub fn try_map<V: ?Sized, F>(mut this: Self, part: F) -> Result<MappedGuard<V, R>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        // A panic in `part` drops `this`, which releases the lock.
        match part(&mut this) {
            Some(part) => {
                let part: *mut V = part;
                let this = ManuallyDrop::new(this);
                // SAFETY: each is read once, from a value that is not dropped.
                let (lock, hold) = unsafe { (ptr::read(&this.lock), ptr::read(&this.hold)) };
                // SAFETY: the hold moves from one guard to the other, and a part of the part is a
                // part of the value.
                Ok(unsafe { MappedGuard::new(part, lock, hold) })
            }
            None => Err(this),
        }
    }
}

impl<U: ?Sized, R: Release> Deref for MappedGuard<U, R> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: the lock is held, which excludes other guards; `&self` excludes a `&mut U` of
        // this one.
        unsafe { &*self.part }
    }
}

impl<U: ?Sized, R: Release> DerefMut for MappedGuard<U, R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: the lock is held, which excludes other guards; `&mut self` excludes other
        // references through this one.
        unsafe { &mut *self.part }
    }
}

awaitlist_core::held!([U: ?Sized, R: Release] MappedGuard<U, R>, |guard| {
    (guard.lock.raw().trace(), &guard.hold)
});

impl<U: ?Sized, R: Release> Drop for MappedGuard<U, R> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw().release(&mut self.hold);
    }
}

impl<U: ?Sized + fmt::Debug, R: Release> fmt::Debug for MappedGuard<U, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<U: ?Sized + fmt::Display, R: Release> fmt::Display for MappedGuard<U, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A handle whose guard can be mapped: `&Lock<T>` or `Arc<Lock<T>>`. Sealed.
pub trait MapHandle: Handle {
    /// What is left of the handle in a [`MappedGuard`]: `&RawLock`, which does not know the type of
    /// the value; or the `Arc` itself.
    type Mapped: Release;

    /// Drops what is not needed to release the lock.
    #[doc(hidden)]
    fn mapped(self) -> Self::Mapped;
}

impl<'a, T: ?Sized> MapHandle for &'a Lock<T> {
    type Mapped = &'a RawLock;

    fn mapped(self) -> &'a RawLock {
        &self.raw
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<T: ?Sized> MapHandle for Arc<Lock<T>> {
    type Mapped = Self;

    fn mapped(self) -> Self {
        self
    }
}

use release::Release;

mod release {
    //! A trait that no other crate can name, and so neither implement nor call.

    use super::RawLock;
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    use super::{Arc, Lock};

    /// What leads to the lock that is held.
    pub trait Release {
        fn raw(&self) -> &RawLock;
    }

    impl Release for &RawLock {
        #[inline(always)]
        fn raw(&self) -> &RawLock {
            self
        }
    }

    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    impl<T: ?Sized> Release for Arc<Lock<T>> {
        #[inline(always)]
        fn raw(&self) -> &RawLock {
            &self.raw
        }
    }
}
