//! Cells: `core`'s with the interface of loom's, so that the same code can be model-checked; and
//! one that a queue's lock guards.

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

/// State of a primitive that only the holder of the queue's lock can access: the `S` of a
/// `WaitQueue<S>`. A [`QueueGuard`](crate::QueueGuard) opens it.
pub struct Guarded<T>(pub(crate) UnsafeCell<T>);

// SAFETY: the value is reached by one thread at a time, which needs it to be Send.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    crate::const_fn! {
        /// Creates the state.
        pub const fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }
    }
}
