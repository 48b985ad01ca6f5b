//! What the core and the primitives report to the diagnostics.
//!
//! With the feature `diagnostics`, these are the hooks of `awaitlist-diagnostics`. Without it they
//! are the types below, which have no size and do nothing.
//!
//! | type | part of | records |
//! |---|---|---|
//! | `CallSite` | a future that was not polled yet | where the user's code asked for it |
//! | `PrimitiveTrace` | a wait queue | the primitive; every report goes through it |
//! | `WaitTrace` | a node | where the wait was asked for, and which task polls it |
//! | `HoldTrace` | a guard or permit | what is held |
//! | `ReleaseTrace` | a release without a guard | the permits, until it has succeeded |
//! | `Timestamp` | a queue guard | when the waiters are notified |
//!
//! What is acquired is *owned* if its guard has no lifetime, and so can be sent anywhere.
//!
//! `bound_changed`, `enqueued`, `waker_changed`, `notified` and `abandoned` are called under the
//! lock of the queue. The others clone or drop a waker, or call a subscriber of `tracing`, so they
//! are called without it.

#[cfg(feature = "diagnostics")]
pub use awaitlist_diagnostics::hooks::{
    CallSite, HoldTrace, PrimitiveTrace, ReleaseTrace, Timestamp, WaitTrace, blocking,
};

#[cfg(not(feature = "diagnostics"))]
pub use nothing::*;

use crate::WaitQueue;

impl<S> WaitQueue<S> {
    /// Returns what the diagnostics know of the primitive.
    pub const fn trace(&self) -> &PrimitiveTrace {
        &self.trace
    }

    /// Returns the same, to be changed before the primitive is used.
    pub const fn trace_mut(&mut self) -> &mut PrimitiveTrace {
        &mut self.trace
    }
}

/// The hooks without the feature.
#[cfg(not(feature = "diagnostics"))]
#[allow(missing_docs, reason = "documented above, and in the hooks that do something")]
mod nothing {
    use core::{marker::PhantomData, task::Context};

    #[derive(Clone, Copy, Debug)]
    pub struct CallSite;

    impl CallSite {
        #[inline(always)]
        pub const fn here() -> Self {
            Self
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct Timestamp;

    impl Timestamp {
        #[inline(always)]
        pub const fn unknown() -> Self {
            Self
        }
    }

    #[derive(Debug)]
    pub struct WaitTrace;

    impl WaitTrace {
        #[inline(always)]
        pub const fn new(_: CallSite) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn before_enqueue(&self, _: &Context<'_>) {}

        #[inline(always)]
        pub const fn ended(&self) {}
    }

    #[derive(Debug)]
    pub struct HoldTrace;

    impl HoldTrace {
        #[inline(always)]
        pub const fn none() -> Self {
            Self
        }
    }

    #[derive(Debug)]
    pub struct ReleaseTrace<'a>(PhantomData<&'a ()>);

    impl ReleaseTrace<'_> {
        #[inline(always)]
        pub const fn refused(self) {}
    }

    #[derive(Debug)]
    pub struct PrimitiveTrace;

    impl PrimitiveTrace {
        #[inline(always)]
        pub const fn lock(_: Option<&'static str>) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn event(_: Option<&'static str>) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn condition(_: Option<&'static str>) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn semaphore(_: Option<&'static str>, _: usize) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn bounded_semaphore(_: Option<&'static str>, _: usize) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn barrier(_: Option<&'static str>, _: usize) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn may_wait(&mut self) {}

        #[inline(always)]
        pub const fn is_of_condition(&mut self) {}

        #[cfg(feature = "alloc")]
        #[inline(always)]
        pub fn set_name(&self, _: impl Into<alloc::borrow::Cow<'static, str>>) {}

        #[inline(always)]
        pub const fn belongs_to(&self, _: &Self) {}

        #[inline(always)]
        pub const fn signalled(&self, _: CallSite) {}

        #[inline(always)]
        pub const fn cleared(&self, _: CallSite) {}

        #[inline(always)]
        pub const fn bound_changed(&self, _: usize, _: usize) {}

        #[inline(always)]
        pub const fn bound_has_changed(&self, _: usize, _: usize) {}

        #[inline(always)]
        pub const fn after_enqueue(&self, _: &WaitTrace) {}

        #[inline(always)]
        pub const fn enqueued(&self, _: &WaitTrace, _: usize) {}

        #[inline(always)]
        pub const fn waker_changed(&self, _: &WaitTrace) {}

        #[inline(always)]
        pub const fn still_waiting(&self, _: &WaitTrace, _: &Context<'_>) {}

        #[inline(always)]
        pub const fn notified(&self, _: &WaitTrace, _: &mut Timestamp) {}

        #[inline(always)]
        pub const fn abandoned(&self, _: &WaitTrace) {}

        #[inline(always)]
        pub const fn acquired(
            &self,
            _: &WaitTrace,
            _: &Context<'_>,
            _: usize,
            _: bool,
        ) -> HoldTrace {
            HoldTrace
        }

        #[inline(always)]
        pub const fn acquired_at(&self, _: CallSite, _: usize, _: bool) -> HoldTrace {
            HoldTrace
        }

        #[inline(always)]
        pub const fn released(&self, _: &mut HoldTrace) {}

        #[inline(always)]
        pub const fn forgotten(&self, _: &mut HoldTrace) {}

        #[inline(always)]
        pub const fn adopted(&self, _: CallSite, _: usize, _: bool) -> HoldTrace {
            HoldTrace
        }

        #[inline(always)]
        pub const fn split(&self, _: &mut HoldTrace, _: usize, _: usize) -> HoldTrace {
            HoldTrace
        }

        #[inline(always)]
        pub const fn merged(&self, _: &mut HoldTrace, _: &mut HoldTrace, _: usize) {}

        #[inline(always)]
        pub const fn releasing(&self, _: usize) -> ReleaseTrace<'_> {
            ReleaseTrace(PhantomData)
        }
    }

    #[inline(always)]
    #[cfg(all(feature = "std", not(awaitlist_loom)))]
    pub const fn blocking<F>(future: F) -> F {
        future
    }
}
