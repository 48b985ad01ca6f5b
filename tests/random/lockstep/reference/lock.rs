//! `asyncio.Lock`, whose holds may be forgotten and adopted.

use super::line::Line;
use crate::lockstep::command::Id;

#[derive(Debug)]
pub(super) struct Lock {
    held: bool,
    /// Held, and by no guard.
    forgotten: bool,
    pub(super) line: Line,
}

impl Lock {
    pub(super) const fn new() -> Self {
        Self { held: false, forgotten: false, line: Line::new() }
    }

    pub(super) const fn held(&self) -> bool {
        self.held
    }

    /// A newcomer enters if the lock is free and the line is empty, of woken waiters too.
    pub(super) fn enter(&mut self) -> bool {
        let enters = !self.held && self.line.is_empty();
        self.held |= enters;
        enters
    }

    /// A poll, the first or a later one. Returns whether it has the lock.
    pub(super) fn poll(&mut self, who: Id, first: bool) -> bool {
        if first {
            let enters = self.enter();
            if !enters {
                self.line.join(who, ());
            }
            return enters;
        }
        // A woken waiter takes the lock when it runs.
        let claims = self.line.leave_if_woken(who).is_some();
        self.held |= claims;
        claims
    }

    /// One in line is dropped: if the lock is free, the first of the others is to have it.
    pub(super) fn cancel(&mut self, who: Id, woken: &mut Vec<Id>) {
        self.line.leave(who);
        if !self.held {
            self.line.wake_head(woken);
        }
    }

    /// Designates the first in line. The lock is free until that one runs.
    pub(super) fn release(&mut self, woken: &mut Vec<Id>) {
        self.held = false;
        self.line.wake_head(woken);
    }

    pub(super) const fn is_forgotten(&self) -> bool {
        self.forgotten
    }

    pub(super) fn forget(&mut self) {
        self.forgotten = true;
    }

    /// Whether there was a forgotten hold, which is the caller's then.
    pub(super) fn adopt(&mut self) -> bool {
        std::mem::take(&mut self.forgotten)
    }
}
