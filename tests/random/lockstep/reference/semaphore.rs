//! `asyncio.Semaphore` and `BoundedSemaphore`, with permits by the many, and with a bound that can
//! be changed: the value is the bound minus the permits that are out.

use super::line::Line;
use crate::lockstep::{
    command::Id,
    rules::{Rule, Rules},
};

#[derive(Clone, Debug)]
pub(super) struct Semaphore {
    rules: Rules,
    /// Negative while more permits are out than the bound allows.
    value: i128,
    /// The value that no release goes beyond: the initial one, the last that was set, or
    /// `MAX_PERMITS`.
    bound: usize,
    /// With how many permits each needs.
    pub(super) line: Line<usize>,
}

impl Semaphore {
    pub(super) const fn new(value: usize, bound: usize, rules: Rules) -> Self {
        let line = Line::new();
        Self { rules, value: value as i128, bound, line }
    }

    /// The value as it is shown: 0 if it is negative.
    pub(super) fn value(&self) -> usize {
        usize::try_from(self.value).unwrap_or(0)
    }

    pub(super) const fn bound(&self) -> usize {
        self.bound
    }

    /// Another bound: the permits that are out stay out, and what has become available is granted.
    pub(super) fn set_bound(&mut self, bound: usize, woken: &mut Vec<Id>) {
        self.value += bound as i128 - self.bound as i128;
        self.bound = bound;
        if !self.rules.has(Rule::LoweredBoundIsOwed) {
            self.value = self.value.max(0);
        }
        if self.rules.has(Rule::RaisedBoundGrants) {
            self.grant_while_fits(woken);
        }
    }

    pub(super) fn locked(&self) -> bool {
        self.value <= 0 || !self.line.is_empty()
    }

    /// The most that can be acquired at once.
    pub(super) fn ceiling(&self) -> usize {
        self.bound.max(1)
    }

    /// A newcomer enters if the line is empty, of woken waiters too, and its permits are available.
    pub(super) fn enter(&mut self, need: usize) -> bool {
        let in_order = self.rules.has(Rule::NeedsAreServedInOrder) || need < 2;
        let enters = (self.line.is_empty() || !in_order) && self.value >= need as i128;
        if enters {
            self.value -= need as i128;
        }
        enters
    }

    /// A poll, the first or a later one. Returns whether it has its permits.
    pub(super) fn poll(&mut self, who: Id, need: usize, first: bool, woken: &mut Vec<Id>) -> bool {
        if first {
            let enters = self.enter(need);
            if !enters {
                self.line.join(who, need);
            }
            return enters;
        }
        // A granted waiter has its permits when it runs, and grants what is left to those behind
        // it.
        let claims = self.line.leave_if_woken(who).is_some();
        if claims {
            self.grant_while_fits(woken);
        }
        claims
    }

    /// One in line is dropped: what it was granted comes back, and others may have it.
    pub(super) fn cancel(&mut self, who: Id, woken: &mut Vec<Id>) {
        let waiter = self.line.leave(who);
        if waiter.woken {
            self.add(waiter.need);
        }
        if waiter.woken || self.rules.has(Rule::DroppedNeedLetsOthersIn) {
            self.grant_while_fits(woken);
        }
    }

    /// `n` releases, or none if one of them finds the value at the bound.
    pub(super) fn release(&mut self, n: usize, woken: &mut Vec<Id>) -> bool {
        let (before, awake) = (self.clone(), woken.len());
        let fits = self.releases(n, woken);
        if !fits && self.rules.has(Rule::ReleasesAllOrNone) {
            *self = before;
            woken.truncate(awake);
        }
        fits
    }

    /// Whether so many releases would be too many.
    pub(super) fn refuses(&self, n: usize) -> bool {
        !self.clone().releases(n, &mut Vec::new())
    }

    /// `n` releases, of which those that find the value at the bound leave it there.
    pub(super) fn give_back(&mut self, n: usize, woken: &mut Vec<Id>) {
        self.releases(n, woken);
    }

    /// Each release raises the value by one, if it is below the bound, and grants at most one
    /// waiter. Returns whether it always was below.
    fn releases(&mut self, n: usize, woken: &mut Vec<Id>) -> bool {
        let mut left = n;
        let mut below = true;
        while left > 0 {
            // Releases that cannot grant are done in one sum, since `n` may be as large as numbers
            // go.
            let some = match self.line.first_asleep() {
                None => left,
                Some(first) => {
                    let missing = (first.need as i128 - self.value).max(1);
                    left.min(usize::try_from(missing).expect("the bounds are usizes"))
                }
            };
            below &= self.add(some);
            left -= some;
            if !self.grant_first(woken) && self.value == self.bound as i128 {
                // No release can change anything any more.
                return below && left == 0;
            }
        }
        below
    }

    /// Grants the first waiter that has no grant, if its need is available.
    fn grant_first(&mut self, woken: &mut Vec<Id>) -> bool {
        let Some(first) = self.line.first_asleep() else { return false };
        let need = first.need as i128;
        let fits = self.value >= need;
        if fits {
            self.value -= need;
            self.line.wake(1, woken);
        }
        fits
    }

    /// Adds to the value, up to the bound. Returns whether all of it fits.
    fn add(&mut self, count: usize) -> bool {
        let sum = self.value + count as i128;
        self.value = sum.min(self.bound as i128);
        sum == self.value
    }

    fn grant_while_fits(&mut self, woken: &mut Vec<Id>) {
        while self.grant_first(woken) {}
    }
}
