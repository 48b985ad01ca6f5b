//! The permits that there are, whichever guards have them: forgotten ones, and those that a release
//! makes up.

use super::Record;

/// The permits that there are, in whosever hands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Supply {
    /// Wider than what can be released at once, so that a release which is refused takes back just
    /// what it had announced.
    permits: u128,
    /// Whether some were made up, by a release of permits that were not acquired: then more may be.
    pub(crate) made_up: bool,
}

impl Supply {
    pub(super) const fn new(size: usize) -> Self {
        Self { permits: size as u128, made_up: false }
    }

    /// How many there are.
    pub(crate) fn permits(self) -> usize {
        usize::try_from(self.permits).unwrap_or(usize::MAX)
    }
}

impl Record {
    /// Records another bound of a semaphore. It may change again, so the permits count as made up:
    /// a wait for them is not called certain to be in vain.
    pub(crate) fn change_bound(&self, from: usize, to: usize) {
        let supply = &mut self.entries().supply;
        supply.permits = supply.permits.saturating_add(to as u128).saturating_sub(from as u128);
        supply.made_up = true;
    }

    /// Strikes out `permits` that were forgotten, the oldest first, and have a guard again.
    pub(crate) fn take_over(&self, permits: usize) {
        let entries = &mut *self.entries();
        entries.released_by_hand |= entries.end_forgotten(permits) < permits;
    }

    /// Says that `permits` are about to be given back that no guard holds. Until it is known whose
    /// they were, they count as if they were made up: never too few are counted.
    pub(crate) fn expect(&self, permits: usize) {
        let supply = &mut self.entries().supply;
        supply.permits = supply.permits.saturating_add(permits as u128);
    }

    /// Says that they were not given back after all.
    pub(crate) fn expect_less(&self, permits: usize) {
        let supply = &mut self.entries().supply;
        supply.permits = supply.permits.saturating_sub(permits as u128);
    }

    /// Says that `permits` that were expected have been given back: those that were forgotten, the
    /// oldest first, and for the rest made up.
    pub(crate) fn release(&self, permits: usize) {
        let entries = &mut *self.entries();
        let made_up = entries.end_forgotten(permits);
        entries.released_by_hand |= made_up < permits;
        let supply = &mut entries.supply;
        supply.permits = supply.permits.saturating_sub((permits - made_up) as u128);
        supply.made_up |= made_up > 0;
    }
}
