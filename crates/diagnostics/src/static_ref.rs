//! An atomic reference to something that is never freed.

#![allow(unsafe_code)]

use std::{
    fmt, ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

/// A `&'static T` or none.
///
/// Invariant: the pointer is null or was made of a `&'static T`.
pub(crate) struct StaticRef<T>(AtomicPtr<T>);

// `T: Sync`, since each thread that has the `StaticRef` gets the same `&T`.
impl<T: Sync> StaticRef<T> {
    pub(crate) const fn none() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&'static T> {
        // Acquire: pairs with the Release of `put` and `set`, so that what it refers to is seen as
        // it was then.
        let pointer = self.0.load(Ordering::Acquire);
        // SAFETY: by the invariant it is null or a `&'static T`, which may be shared since
        // `T: Sync`.
        unsafe { pointer.as_ref() }
    }

    #[inline]
    pub(crate) fn put(&self, value: Option<&'static T>) {
        // Release: pairs with the Acquire of `get`.
        self.0.store(as_pointer(value), Ordering::Release);
    }

    /// Stores `value` if there is none. Otherwise returns what there is.
    pub(crate) fn set(&self, value: &'static T) -> Result<(), &'static T> {
        let new = as_pointer(Some(value));
        // Release and Acquire: as in `put` and `get`.
        let old =
            self.0.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        match old {
            Ok(_) => Ok(()),
            // SAFETY: as in `get`. It is not null, or the exchange had succeeded.
            Err(other) => Err(unsafe { &*other }),
        }
    }
}

const fn as_pointer<T>(value: Option<&'static T>) -> *mut T {
    match value {
        Some(value) => ptr::from_ref(value).cast_mut(),
        None => ptr::null_mut(),
    }
}

impl<T> fmt::Debug for StaticRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StaticRef").finish_non_exhaustive()
    }
}
