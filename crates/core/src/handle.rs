//! How futures hold a primitive, and how the core reaches its queue.

use core::{ops::Deref, task::Waker};

use crate::{queue::WaitQueue, waiter::LockedWaiter};

mod sealed {
    pub trait Sealed {}
    impl<P: ?Sized> Sealed for &P {}
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    impl<P: ?Sized> Sealed for alloc::sync::Arc<P> {}
}

/// `&P` or `Arc<P>`: the two ways in which a future or a guard holds its primitive.
///
/// Sealed. A node must be removed under the lock of the list that it is on, so a handle must always
/// lead to the same address and keep what is there alive and in place. These two do.
#[diagnostic::on_unimplemented(
    message = "a primitive is held by `&` or by `Arc`, not by `{Self}`",
    label = "neither a reference nor an `Arc`"
)]
pub trait Handle: Deref + Clone + sealed::Sealed {}

impl<P: ?Sized> Handle for &P {}
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<P: ?Sized> Handle for alloc::sync::Arc<P> {}

/// How the core reaches the queue of a primitive of type `P`.
///
/// This is the border between the core, which anybody can depend on, and the primitives, whose
/// memory safety depends on their queues. A primitive does not implement a trait that leads to its
/// queue, since any caller could use it. Instead its crate implements `Access<P>` for a private
/// type, and names that type in the private [`Waiter`](crate::Waiter) of its futures. Rust
/// guarantees that code which cannot name a private type cannot use it either, not even by
/// inference (RFC 2145). So a queue can be locked, and a waiter can be made for it, only by the
/// primitive's own crate and by the core on its behalf.
///
/// # Safety
///
/// - For the same primitive, `queue` returns the same queue each time, and does not panic.
/// - That queue is part of the primitive: it moves with it and lives as long.
/// - Types `P` that differ only in lifetimes, higher-ranked ones included, return the same queue,
///   since handles are covariant.
/// - `cancel` does not return before it has removed the waiter. It may panic before that.
pub unsafe trait Access<P: ?Sized> {
    /// The name of the future, for the panic of a poll after completion.
    const FUTURE: &'static str;

    /// The state in the queue.
    type State;

    /// Returns the queue of `primitive`.
    fn queue(primitive: &P) -> &WaitQueue<Self::State>;

    /// Removes a waiter whose future is dropped, and passes on what the waiter had been given.
    /// Returns its waker if it had not been notified.
    ///
    /// The core drops the waker last: its drop may panic, and by then the others have been woken.
    /// If this panics, the waker is dropped as it unwinds, and the core removes the waiter if this
    /// has not.
    fn cancel(primitive: &P, waiter: LockedWaiter<'_, Self::State>) -> Option<Waker>;
}
