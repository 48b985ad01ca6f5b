//! `core`'s cell with the interface of loom's, so that the same code can be model-checked.

#[cfg(awaitlist_loom)]
pub use loom::cell::UnsafeCell;

/// A cell that is accessed through closures.
#[cfg(not(awaitlist_loom))]
#[derive(Debug)]
pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

#[cfg(not(awaitlist_loom))]
impl<T> UnsafeCell<T> {
    /// Creates a cell.
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

#[cfg(not(awaitlist_loom))]
impl<T: ?Sized> UnsafeCell<T> {
    /// Calls `access` with a pointer that is valid for reads.
    #[inline(always)]
    pub fn with<R>(&self, access: impl FnOnce(*const T) -> R) -> R {
        access(self.0.get())
    }

    /// Calls `access` with a pointer that is valid for writes.
    #[inline(always)]
    pub fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}
