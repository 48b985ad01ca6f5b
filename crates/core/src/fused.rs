//! Which futures are over, for `futures_core::FusedFuture`.

use crate::{
    handle::{Access, Handle},
    waiter::Waiter,
};

#[doc(hidden)]
pub use futures_core::FusedFuture;

impl<H: Handle, A: Access<H::Target>> Waiter<H, A> {
    /// Returns whether the wait is over.
    pub const fn is_over(&self) -> bool {
        self.handle.is_none()
    }
}
