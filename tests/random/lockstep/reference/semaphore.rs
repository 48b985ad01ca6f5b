//! `asyncio.Semaphore` and `BoundedSemaphore`, with permits by the many.

use super::line::Line;
use crate::lockstep::command::Id;

#[derive(Clone, Debug)]
pub(super) struct Semaphore {
    value: usize,
    /// The value that no release goes beyond: the initial one, or `MAX_PERMITS`.
    bound: usize,
    /// With how many permits each needs.
    pub(super) line: Line<usize>,
}

impl Semaphore {
    pub(super) const fn new(value: usize, bound: usize) -> Self {
        let line = Line::new();
        Self { value, bound, line }
    }

    pub(super) const fn value(&self) -> usize {
        self.value
    }

    pub(super) fn locked(&self) -> bool {
        self.value == 0 || !self.line.is_empty()
    }

    /// The most that can be acquired at once.
    pub(super) fn ceiling(&self) -> usize {
        self.bound.max(1)
    }

    /// A newcomer enters if the line is empty, of woken waiters too, and its permits are available.
    pub(super) fn enter(&mut self, need: usize) -> bool {
        let enters = self.line.is_empty() && self.value >= need;
        if enters {
            self.value -= need;
        }
        enters
    }

    /// A poll, the first or a later one. Answers whether it has its permits.
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
            self.value = self.bound.min(self.value + waiter.need);
        }
        self.grant_while_fits(woken);
    }

    /// `n` releases, or none if one of them finds the value at the bound.
    pub(super) fn release(&mut self, n: usize, woken: &mut Vec<Id>) -> bool {
        let (before, awake) = (self.clone(), woken.len());
        let fits = self.releases(n, woken);
        if !fits {
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
    /// waiter. Answers whether it always was below.
    fn releases(&mut self, n: usize, woken: &mut Vec<Id>) -> bool {
        let mut left = n;
        let mut below = true;
        while left > 0 {
            // Releases that cannot grant are done in one sum, since `n` may be as large as numbers
            // go.
            let some = match self.line.first_asleep() {
                None => left,
                Some(first) => left.min(first.need.saturating_sub(self.value).max(1)),
            };
            below &= some <= self.bound - self.value;
            self.value = self.bound.min(self.value.saturating_add(some));
            left -= some;
            if !self.grant_first(woken) && self.value == self.bound {
                // No release can change anything any more.
                return below && left == 0;
            }
        }
        below
    }

    /// Grants the first waiter that has no grant, if its need is available.
    fn grant_first(&mut self, woken: &mut Vec<Id>) -> bool {
        let need = self.line.first_asleep().map(|first| first.need);
        let rest = need.and_then(|need| self.value.checked_sub(need));
        if let Some(rest) = rest {
            self.value = rest;
            self.line.wake(1, woken);
        }
        rest.is_some()
    }

    fn grant_while_fits(&mut self, woken: &mut Vec<Id>) {
        while self.grant_first(woken) {}
    }
}
