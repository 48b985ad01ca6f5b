//! How a future reaches its primitive: by reference or by [`Arc`](alloc::sync::Arc), and by nothing else.

use core::ops::Deref;

use crate::{Queue, slot::Standing};

mod sealed {
    pub trait Sealed {}
    impl<P: ?Sized> Sealed for &P {}
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    impl<P: ?Sized> Sealed for alloc::sync::Arc<P> {}
}

/// `&P` or `Arc<P>`: the two ways in which a future or a guard holds on to its primitive.
///
/// Sealed, since a node may only be taken out under the lock of the list that it is in: these two are known to
/// answer the same address each time, and to keep what is there alive and in its place.
pub trait Handle: Deref + Clone + sealed::Sealed {}

impl<P: ?Sized> Handle for &P {}
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<P: ?Sized> Handle for alloc::sync::Arc<P> {}

/// A primitive that futures wait for.
///
/// # Safety
///
/// - [`queue`](Self::queue) answers the same queue each time, and the queue is part of `self`: it moves with
///   it and lives as long.
/// - Types that differ in lifetimes only answer the same: handles are covariant.
/// - [`withdraw`](Self::withdraw) has the place leave the queue before it returns or panics.
pub unsafe trait Waitable {
    /// What the primitive keeps under the lock of its queue.
    type State;
    /// What it takes to make a place in the queue, or a permit: a type of which only the primitive's own crate can make a
    /// value. Without it, safe code elsewhere could reach into a primitive whose invariants its memory safety rests on.
    type Key;

    /// The queue in which its futures wait. For the core only, which alone can make a [`Pass`].
    fn queue(&self, pass: Pass) -> &Queue<Self::State>;

    /// Takes out a place whose future is dropped while it stands in the queue, and passes on what it had been given.
    fn withdraw(&self, standing: Standing<'_, Self::State>);
}

/// Says that it is the core that asks for a queue.
#[derive(Clone, Copy, Debug)]
pub struct Pass(());

impl Pass {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

/// The key of what a handle leads to.
pub type KeyOf<H> = <<H as Deref>::Target as Waitable>::Key;
/// The state of what a handle leads to.
pub type StateOf<H> = <<H as Deref>::Target as Waitable>::State;
