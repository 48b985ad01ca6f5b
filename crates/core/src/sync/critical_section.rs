//! Without an operating system: interrupts are disabled while a queue is locked, so on one core it
//! is never found locked.

use core::{hint, task::Context};

/// Nowhere to wait: of several cores, the critical section lets in one.
pub(crate) struct ParkingSpot;

impl ParkingSpot {
    pub(crate) const fn new() -> Self {
        Self
    }

    /// Repeats `attempt` until it succeeds.
    pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        loop {
            if let Some(result) = attempt() {
                return result;
            }
            hint::spin_loop();
        }
    }

    /// Called after the unlock. Waiting cores retry by themselves.
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "a model has something to do here")]
    pub(crate) const fn unlocked(&self) {}
}

/// The time in which a queue is locked: a critical section.
#[cfg(feature = "critical-section")]
pub(crate) struct Section(critical_section::RestoreState);

#[cfg(feature = "critical-section")]
impl Section {
    #[inline]
    pub(crate) fn enter() -> Self {
        // SAFETY: released once, by the drop; on the same thread and innermost first, as every
        // caller of `WaitQueue::new` has promised.
        Self(unsafe { critical_section::acquire() })
    }
}

#[cfg(feature = "critical-section")]
impl Drop for Section {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: as said in `enter`.
        unsafe { critical_section::release(self.0) }
    }
}

/// In a build that ends in a `compile_error!`, this keeps it the only error.
#[cfg(not(feature = "critical-section"))]
pub(crate) struct Section;

#[cfg(not(feature = "critical-section"))]
impl Section {
    pub(crate) const fn enter() -> Self {
        Self
    }
}

/// Returns the number of no thread, so that no lock spins: there is one core as a rule.
pub const fn current_thread() -> u8 {
    0
}

/// Returns the same.
pub const fn thread_number() -> u8 {
    current_thread()
}

/// Does nothing.
pub const fn yield_now() {}

/// Returns false: there is no `block`.
pub const fn is_blocking(_: &Context<'_>) -> bool {
    false
}
