//! What the diagnostics are told: with the feature `diagnostics` by `awaitlist-diagnostics`' hooks, which do the work;
//! without it by these, which are of no size and do nothing.
//!
//! | type | where it lives | what it knows |
//! |---|---|---|
//! | `Origin` | wherever something is asked for | where in the user's code that is |
//! | `Probe` | in each queue | what is told of the primitive |
//! | `Seat` | in each node | where the wait was asked for, who polls it, and where it is written down |
//! | `Hold` | in each guard and permit | where the hold is written down |
//!
//! Who polls is looked at and let go outside the lock, since a waker is kept for that; the rest may be told under it.

#[cfg(feature = "diagnostics")]
pub use awaitlist_diagnostics::hooks::{Hold, Moment, Origin, Probe, Releasing, Seat, blocking};

#[cfg(not(feature = "diagnostics"))]
pub use nothing::*;

/// Without the feature.
#[cfg(not(feature = "diagnostics"))]
#[allow(
    missing_docs,
    reason = "described above, and in the hooks that do something"
)]
mod nothing {
    use core::task::Context;

    #[derive(Clone, Copy, Debug)]
    pub struct Origin;

    impl Origin {
        #[inline(always)]
        pub const fn here() -> Self {
            Self
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub struct Moment;

    impl Moment {
        pub const IS_KEPT: bool = false;

        #[inline(always)]
        pub const fn unknown() -> Self {
            Self
        }

        #[inline(always)]
        pub const fn now() -> Self {
            Self
        }
    }

    #[derive(Debug)]
    pub struct Seat;

    impl Seat {
        #[inline(always)]
        pub const fn new(_: Origin) -> Self {
            Self
        }

        #[inline(always)]
        pub const fn ask(&self, _: &Context<'_>) {}

        #[inline(always)]
        pub const fn expect(&self, _: &Context<'_>) {}

        #[inline(always)]
        pub const fn settle(&self) {}
    }

    #[derive(Debug)]
    pub struct Hold;

    impl Hold {
        #[inline(always)]
        pub const fn none() -> Self {
            Self
        }
    }

    #[derive(Debug)]
    pub struct Releasing;

    impl Releasing {
        #[inline(always)]
        pub const fn refuse(self) {}
    }

    #[derive(Debug)]
    pub struct Probe;

    impl Probe {
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
        pub const fn join(&self, _: &Seat, _: usize) {}

        #[inline(always)]
        pub const fn pass_on(&self, _: &Seat) {}

        #[inline(always)]
        pub const fn polled(&self, _: &Seat, _: &Context<'_>) {}

        #[inline(always)]
        pub const fn call(&self, _: &Seat, _: Moment) {}

        #[inline(always)]
        pub const fn leave(&self, _: &Seat) {}

        #[inline(always)]
        pub const fn acquired(&self, _: &Seat, _: &Context<'_>, _: usize) -> Hold {
            Hold
        }

        #[inline(always)]
        pub const fn taken(&self, _: Origin, _: usize) -> Hold {
            Hold
        }

        #[inline(always)]
        pub const fn end(&self, _: &mut Hold) {}

        #[inline(always)]
        pub const fn forget(&self, _: &mut Hold) {}

        #[inline(always)]
        pub const fn take_over(&self, _: Origin, _: usize) -> Hold {
            Hold
        }

        #[inline(always)]
        pub const fn split(&self, _: &mut Hold, _: usize, _: usize) -> Hold {
            Hold
        }

        #[inline(always)]
        pub const fn merge(&self, _: &mut Hold, _: &mut Hold, _: usize) {}

        #[inline(always)]
        pub const fn release(&self, _: usize) -> Releasing {
            Releasing
        }
    }

    #[inline(always)]
    #[cfg(all(feature = "std", not(awaitlist_loom)))]
    pub const fn blocking<F>(future: F) -> F {
        future
    }
}
