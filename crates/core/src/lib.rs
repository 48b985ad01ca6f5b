//! The wait queue of [awaitlist](https://docs.rs/awaitlist), which all its primitives share.
//!
//! **Not meant for users**, except for what the primitives re-export: [`Block`], [`TimedOut`],
//! [`Handle`], [`Brackets`] and [`PollSlot`]. It is published because the primitives are, which
//! depend on its exact version. Its safe functions are sound against any caller all the same.
//!
//! How it works, and what its terms mean, is said at the top of `queue.rs`. The invariants of its
//! `unsafe` code stand at the top of `list.rs`. What keeps other crates from the queue of a
//! primitive is explained at `Access` in `handle.rs`.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(all(feature = "std", not(awaitlist_loom)))]
mod block;
mod brackets;
#[cfg(feature = "futures-core")]
mod fused;
mod guard;
mod handle;
mod list;
#[cfg(feature = "alloc")]
mod poll_slot;
mod queue;
#[doc(hidden)]
pub mod sync;
#[doc(hidden)]
pub mod trace;
#[cfg(all(feature = "std", not(feature = "diagnostics")))]
#[doc(hidden)]
pub mod untraced;
mod waiter;
mod wake;

#[cfg(feature = "diagnostics")]
pub use awaitlist_diagnostics as diagnostics;
#[cfg(all(feature = "std", not(awaitlist_loom)))]
pub use block::{Block, TimedOut, block_until};
pub use brackets::Brackets;
#[cfg(feature = "futures-core")]
#[doc(hidden)]
pub use fused::FusedFuture;
#[doc(hidden)]
pub use guard::QueueGuard;
#[doc(hidden)]
pub use handle::Access;
pub use handle::Handle;
#[cfg(feature = "alloc")]
pub use poll_slot::PollSlot;
#[doc(hidden)]
pub use queue::{StateWord, WaitQueue};
#[doc(hidden)]
pub use sync::Guarded;
#[cfg(all(feature = "std", not(feature = "diagnostics")))]
pub use untraced as diagnostics;
#[doc(hidden)]
pub use waiter::{LockedWaiter, Waiter};

/// Defines a function that is `const`, except in a model: the types of loom have no const
/// constructors.
#[doc(hidden)]
#[macro_export]
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis const unsafe fn $($rest:tt)*) => {
        #[cfg(not(awaitlist_loom))]
        $(#[$attribute])*
        $visibility const unsafe fn $($rest)*

        #[cfg(awaitlist_loom)]
        $(#[$attribute])*
        #[allow(clippy::missing_const_for_fn)]
        $visibility unsafe fn $($rest)*
    };
    ($(#[$attribute:meta])* $visibility:vis const fn $($rest:tt)*) => {
        #[cfg(not(awaitlist_loom))]
        $(#[$attribute])*
        $visibility const fn $($rest)*

        #[cfg(awaitlist_loom)]
        $(#[$attribute])*
        #[allow(clippy::missing_const_for_fn)]
        $visibility fn $($rest)*
    };
}

/// Implements `diagnostics::Held` for a guard: `[generics] type, |guard| (trace of the primitive,
/// trace of the hold)`.
#[cfg(feature = "diagnostics")]
#[doc(hidden)]
#[macro_export]
macro_rules! held {
    ([$($generics:tt)*] $guard:ty, |$this:ident| $traces:expr) => {
        impl<$($generics)*> $crate::diagnostics::Held for $guard {
            fn held(&self) -> (&$crate::trace::PrimitiveTrace, &$crate::trace::HoldTrace) {
                let $this = self;
                $traces
            }
        }
    };
}

/// The same without the feature `diagnostics`.
#[cfg(all(feature = "std", not(feature = "diagnostics")))]
#[doc(hidden)]
#[macro_export]
macro_rules! held {
    ([$($generics:tt)*] $guard:ty, |$this:ident| $traces:expr) => {
        impl<$($generics)*> $crate::diagnostics::Held for $guard {}
    };
}

/// Does nothing without `std`.
#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! held {
    ($($anything:tt)*) => {};
}

/// Gives a primitive the methods that tell the diagnostics more of it: an example, then `[generics]
/// type, |this| its queue`.
#[doc(hidden)]
#[macro_export]
macro_rules! described {
    ($(#[$example:meta])* [$($generics:tt)*] $primitive:ty, |$this:ident| $queue:expr) => {
        impl<$($generics)*> $primitive {
            $crate::const_fn! {
                /// Declares that waits for it are meant to be long: those of idle workers, or for a
                /// shutdown. Called where it is made.
                ///
                /// With the feature `diagnostics`, a watch reports a wait for it only as part of a
                /// deadlock without evidence to the contrary, and a snapshot shows the attribute.
                /// Without the feature this does nothing.
                ///
                /// ```
                $(#[$example])*
                /// ```
                #[must_use]
                #[inline(always)]
                pub const fn may_wait(mut self) -> Self {
                    let $this = &mut self;
                    $queue.trace_mut().may_wait();
                    self
                }
            }

            /// Names it for the diagnostics, as `named` does, with a name that need not be
            /// `'static`. The name is dropped with it. Called where it is made.
            ///
            /// Without the feature `diagnostics` the name is discarded. The example of
            /// [`may_wait`](Self::may_wait) has a name as well.
            #[cfg(feature = "alloc")]
            #[must_use]
            #[inline]
            pub fn with_name(self, name: impl Into<alloc::borrow::Cow<'static, str>>) -> Self {
                let $this = &self;
                $queue.trace().set_name(name);
                self
            }
        }
    };
}

/// Implements `FusedFuture` for a future, with the feature `futures-core`.
#[cfg(feature = "futures-core")]
#[doc(hidden)]
#[macro_export]
macro_rules! fused {
    ([$($generics:tt)*] $future:ty, |$this:ident| $over:expr) => {
        impl<$($generics)*> $crate::FusedFuture for $future
        where
            Self: core::future::Future,
        {
            fn is_terminated(&self) -> bool {
                let $this = self;
                $over
            }
        }
    };
}

/// Does nothing without the feature `futures-core`.
#[cfg(not(feature = "futures-core"))]
#[doc(hidden)]
#[macro_export]
macro_rules! fused {
    ($($anything:tt)*) => {};
}
