//! `asyncio.Event`.

use super::line::Line;
use crate::lockstep::command::Id;

#[derive(Debug)]
pub(super) struct Event {
    pub(super) set: bool,
    pub(super) line: Line,
}

impl Event {
    pub(super) const fn new() -> Self {
        let line = Line::new();
        Self { set: false, line }
    }

    /// Wakes all that wait now, unless it is set already.
    pub(super) fn set(&mut self, woken: &mut Vec<Id>) {
        if !self.set {
            self.set = true;
            self.line.wake_all(woken);
        }
    }

    /// A poll, the first or a later one. A woken waiter returns, whether or not the flag was
    /// cleared since.
    pub(super) fn poll(&mut self, who: Id, first: bool) -> bool {
        if !first {
            return self.line.leave_if_woken(who).is_some();
        }
        if !self.set {
            self.line.join(who, ());
        }
        self.set
    }
}
