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

use awaitlist_core::{Handle, trace::Hold};

use crate::{Lock, raw::RawLock};

/// What [`Guard::map`](crate::Guard::map) makes of a [`LockGuard`](crate::LockGuard).
pub type MappedLockGuard<'a, U> = MappedGuard<U, &'a RawLock>;

/// What [`Guard::map`](crate::Guard::map) makes of an [`OwnedLockGuard`](crate::OwnedLockGuard).
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedMappedLockGuard<T, U> = MappedGuard<U, Arc<Lock<T>>>;

/// A lock that is held, seen through a part of its value. It releases the lock when it is dropped.
#[must_use = "dropped at once, the lock is released at once: keep the guard in a variable with a name (`let _guard = …`, not `let _ = …`)"]
#[clippy::has_significant_drop]
pub struct MappedGuard<U: ?Sized, R: Release> {
    /// A pointer, not a `NonNull`: the guard must be invariant in U, as `&mut U` is.
    part: *mut U,
    /// Gives the hold back.
    lock: R,
    /// What the diagnostics know of the hold.
    hold: Hold,
    /// Gives out `&U` and `&mut U`, so it is Send and Sync as they are.
    value: PhantomData<U>,
}

// SAFETY: sending it is sending a `&mut U`, and the hold, which any thread may give back.
unsafe impl<U: ?Sized + Send, R: Release + Send> Send for MappedGuard<U, R> {}
// SAFETY: sharing it is sharing a `&U`.
unsafe impl<U: ?Sized + Sync, R: Release + Sync> Sync for MappedGuard<U, R> {}

impl<U: ?Sized, R: Release> MappedGuard<U, R> {
    /// # Safety
    ///
    /// `part` is part of the value of the lock, and the hold of that lock goes to this guard.
    pub(crate) const unsafe fn new(part: *mut U, lock: R, hold: Hold) -> Self {
        Self {
            part,
            lock,
            hold,
            value: PhantomData,
        }
    }

    /// A guard of a part of the part.
    pub fn map<V: ?Sized, F>(this: Self, part: F) -> MappedGuard<V, R>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        match Self::try_map(this, |value| Some(part(value))) {
            Ok(mapped) => mapped,
            Err(_) => unreachable!("the part is always there"),
        }
    }

    /// A guard of a part of the part, if there is one.
    ///
    /// # Errors
    ///
    /// The guard itself, if `part` answers `None`.
    pub fn try_map<V: ?Sized, F>(mut this: Self, part: F) -> Result<MappedGuard<V, R>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        // A panic in `part` drops `this`, which releases the lock.
        match part(&mut this) {
            Some(part) => {
                let part: *mut V = part;
                let this = ManuallyDrop::new(this);
                // SAFETY: each read once, out of what is not dropped.
                let (lock, hold) = unsafe { (ptr::read(&this.lock), ptr::read(&this.hold)) };
                // SAFETY: the hold goes from one guard to the other, and a part of the part is one of the value.
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
        // SAFETY: the hold keeps every other guard away, and `&self` every `&mut U` of this one.
        unsafe { &*self.part }
    }
}

impl<U: ?Sized, R: Release> DerefMut for MappedGuard<U, R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: the hold keeps every other guard away, and `&mut self` every other reference through this one.
        unsafe { &mut *self.part }
    }
}

#[cfg(feature = "diagnostics")]
impl<U: ?Sized, R: Release> awaitlist_core::diagnostics::Held for MappedGuard<U, R> {
    fn held(&self) -> (&awaitlist_core::trace::Probe, &Hold) {
        (self.lock.raw(release::Token::new()).probe(), &self.hold)
    }
}

impl<U: ?Sized, R: Release> Drop for MappedGuard<U, R> {
    #[inline]
    fn drop(&mut self) {
        self.lock
            .raw(release::Token::new())
            .give_back(&mut self.hold);
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

/// The handle of a guard that can be mapped, and what is left of it in the mapped guard: `&RawLock` of a reference,
/// which does not know the value's type, and the `Arc` itself of an `Arc`.
pub trait MapHandle: Handle {
    /// What is left.
    type Mapped: Release;

    /// Lets go of what is not needed to release the lock.
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
    //! A trait that nobody outside can name, hence neither implement nor call.

    use super::RawLock;
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    use super::{Arc, Lock};

    /// Says that it is the guard that asks.
    #[derive(Debug)]
    pub struct Token(());

    impl Token {
        pub(super) const fn new() -> Self {
            Self(())
        }
    }

    /// Leads to the lock that is held.
    pub trait Release {
        fn raw(&self, token: Token) -> &RawLock;
    }

    impl Release for &RawLock {
        #[inline]
        fn raw(&self, _: Token) -> &RawLock {
            self
        }
    }

    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    impl<T: ?Sized> Release for Arc<Lock<T>> {
        #[inline]
        fn raw(&self, _: Token) -> &RawLock {
            &self.raw
        }
    }
}
