//! Holds: what a guard knows of its entry, and what becomes of it until it ends.

use std::mem;

use super::{CallSite, NONE, PrimitiveTrace};
use crate::{
    Actor,
    actor::KeptWaker,
    console::Taken,
    opt_in::HoldLedger,
    record::{Attributed, FIRST},
};

/// What a guard knows of its entry.
///
/// Guards are moved sixteen bytes at a time. Aligned to that, a move loads what was stored as one:
/// processors stall on a load that covers two stores which are still under way.
#[derive(Debug)]
#[repr(align(16))]
pub struct HoldTrace {
    pub(super) key: usize,
    /// The waker that its holder is known by.
    kept: KeptWaker,
    /// What is recorded only if it was asked for.
    pub(super) ledger: HoldLedger,
    /// What tokio-console shows of it.
    pub(super) taken: Taken,
}

impl HoldTrace {
    /// That of the first hold, whose holder is known by its number.
    pub(super) const FIRST: Self = Self::of(FIRST, KeptWaker::NONE);

    /// Of nothing.
    #[inline]
    pub const fn none() -> Self {
        Self::of(NONE, KeptWaker::NONE)
    }

    #[inline]
    pub(super) const fn of(key: usize, kept: KeptWaker) -> Self {
        Self { key, kept, ledger: HoldLedger::NOTHING, taken: Taken::NOTHING }
    }

    #[inline]
    fn key(&self) -> Option<usize> {
        (self.key != NONE).then_some(self.key)
    }

    #[inline]
    fn take(&mut self) -> Option<usize> {
        let key = self.key();
        self.key = NONE;
        key
    }
}

impl PrimitiveTrace {
    /// Permits are about to be given back.
    #[inline]
    pub fn released(&self, hold: &mut HoldTrace) {
        self.resource.released(&self.made, &mut hold.taken);
        hold.ledger.end();
        if let Some(key) = hold.take() {
            match key {
                FIRST => self.record().end_first(),
                _ => self.record().end_other(key),
            }
        }
    }

    /// Permits stay acquired, and no guard releases them.
    pub fn forgotten(&self, hold: &mut HoldTrace) {
        // Whatever releases them says so.
        hold.taken = Taken::NOTHING;
        hold.ledger.end();
        if let Some(key) = hold.take() {
            // Its waker is not kept for as long as that may last.
            let who = hold.kept.is_some().then(|| Attributed::surely(Actor::here()));
            self.record().forget_hold(key, who);
            drop(mem::take(&mut hold.kept));
        }
    }

    /// Forgotten permits have a guard again.
    pub fn adopted(&self, site: CallSite, permits: usize, owned: bool) -> HoldTrace {
        self.record().take_over(permits);
        self.acquired_at(site, permits, owned)
    }

    /// So many permits of one hold are another hold from now on.
    pub fn split(&self, hold: &mut HoldTrace, permits: usize, rest: usize) -> HoldTrace {
        if rest == 0 {
            return mem::replace(hold, HoldTrace::none());
        }
        let (Some(key), record) = (hold.key(), self.record()) else { return HoldTrace::none() };
        hold.key = record.resize_hold(key, rest);
        if permits == 0 {
            return HoldTrace::none();
        }
        let (whose, kept) = match hold.kept.again() {
            Some(kept) => (None, kept),
            None => (Some(Attributed::surely(Actor::here())), KeptWaker::NONE),
        };
        match record.part_of(hold.key, permits, whose) {
            Some(key) => {
                let taken = hold.taken.split(permits);
                HoldTrace { key, kept, ledger: hold.ledger.split(), taken }
            }
            None => HoldTrace::none(),
        }
    }

    /// The permits of two holds are one's, which has `permits` by now.
    pub fn merged(&self, hold: &mut HoldTrace, other: &mut HoldTrace, permits: usize) {
        hold.taken.merge(&mut other.taken);
        if hold.key().is_none() {
            mem::swap(hold, other);
            mem::swap(&mut hold.taken, &mut other.taken);
        }
        if let Some(key) = hold.key() {
            hold.key = self.record().resize_hold(key, permits);
        }
        self.released(other);
    }

    /// Who calls this has the hold by now.
    pub fn adopt(&self, hold: &HoldTrace) {
        hold.ledger.adopt();
        if let Some(key) = hold.key() {
            self.record().pass_hold(key, Attributed::surely(Actor::here()));
        }
    }
}
