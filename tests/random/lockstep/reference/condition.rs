//! A wait of `asyncio.Condition`, whose drop gives the lock up instead of acquiring it again.

use super::{line::Line, lock::Lock};
use crate::lockstep::command::{Answer, Id, LockId, Until};

/// How far a wait has come.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Not begun: it has the lock.
    Holds,
    /// In the condition's line, with the lock released.
    Waits,
    /// In the lock's line. `stopped`: ended by its stop, not by a notify.
    Relocks { stopped: bool },
}

/// The stop of a `wait_or`.
#[derive(Clone, Copy, Debug, Default)]
struct Stop {
    ready: bool,
    polls: usize,
}

#[derive(Debug)]
pub(super) struct Wait {
    until: Until,
    stage: Stage,
    stop: Stop,
}

/// What a wait touches: its condition's line, the lock, and what the lock guards.
pub(super) struct Place<'a> {
    pub(super) who: Id,
    pub(super) line: &'a mut Line,
    pub(super) lock: &'a mut Lock,
    pub(super) stock: &'a mut u8,
    pub(super) lock_id: LockId,
    pub(super) woken: &'a mut Vec<Id>,
}

impl Wait {
    pub(super) fn new(until: Until) -> Self {
        Self { until, stage: Stage::Holds, stop: Stop::default() }
    }

    pub(super) fn poll(&mut self, place: &mut Place<'_>) -> Answer {
        match self.stage {
            Stage::Holds if self.asks_first() => self.relocked(false, place),
            Stage::Holds => self.begin(place),
            Stage::Waits => match place.line.leave_if_woken(place.who) {
                Some(_) => self.relock(false, place),
                None => self.poll_stop(place),
            },
            Stage::Relocks { stopped } => match place.lock.poll(place.who, false) {
                true => self.relocked(stopped, place),
                false => Answer::Pending,
            },
        }
    }

    /// Whether there is a predicate, which is asked before the wait begins.
    fn asks_first(&self) -> bool {
        matches!(self.until, Until::Stocked | Until::Left)
    }

    /// In line first, then the lock is released.
    fn begin(&mut self, place: &mut Place<'_>) -> Answer {
        place.line.join(place.who, ());
        self.stage = Stage::Waits;
        place.lock.release(place.woken);
        self.poll_stop(place)
    }

    fn poll_stop(&mut self, place: &mut Place<'_>) -> Answer {
        if !self.until.has_stop() {
            return Answer::Pending;
        }
        self.stop.polls += 1;
        if !self.stop.ready {
            return Answer::Pending;
        }
        if self.until == Until::StoppedWithANotify && place.lock.enter() {
            place.line.wake(1, place.woken);
            place.lock.release(place.woken);
        }
        self.leave_line(place);
        self.relock(true, place)
    }

    /// Leaves the condition's line. A notify that had come goes to the next.
    fn leave_line(&mut self, place: &mut Place<'_>) {
        if place.line.leave(place.who).woken {
            place.line.wake(1, place.woken);
        }
    }

    /// Acquires the lock as all others do: at once, or from the back of its line.
    fn relock(&mut self, stopped: bool, place: &mut Place<'_>) -> Answer {
        if place.lock.poll(place.who, true) {
            return self.relocked(stopped, place);
        }
        self.stage = Stage::Relocks { stopped };
        Answer::Pending
    }

    /// Has the lock. If there is a predicate that says no, the wait begins again, and the notify is
    /// used up.
    fn relocked(&mut self, stopped: bool, place: &mut Place<'_>) -> Answer {
        let lock = place.lock_id;
        match self.until {
            Until::Notified => Answer::Guard(lock),
            Until::Stopped | Until::StoppedWithANotify => Answer::GuardAndStopped(lock, stopped),
            Until::Stocked | Until::Left => {
                let Some(left) = place.stock.checked_sub(1) else {
                    return self.begin(place);
                };
                *place.stock = left;
                match self.until {
                    Until::Left => Answer::GuardAndLeft(lock, left),
                    _ => Answer::Guard(lock),
                }
            }
        }
    }

    pub(super) fn abandon(&mut self, place: &mut Place<'_>) {
        match self.stage {
            Stage::Holds => place.lock.release(place.woken),
            Stage::Waits => self.leave_line(place),
            Stage::Relocks { stopped } => {
                // As when a cancelled wait has the lock again: it notifies, and then the lock is
                // released.
                if !stopped {
                    place.line.wake(1, place.woken);
                }
                place.lock.cancel(place.who, place.woken);
            }
        }
    }

    /// Makes the stop ready, and wakes the future that waits for it.
    pub(super) fn fire(&mut self, who: Id, woken: &mut Vec<Id>) {
        let waits = matches!(self.stage, Stage::Waits);
        if waits && !self.stop.ready {
            woken.push(who);
        }
        self.stop.ready = true;
    }

    /// How often the stop was polled, as long as it is there.
    pub(super) fn stop_polls(&self) -> Option<usize> {
        let alive = matches!(self.stage, Stage::Holds | Stage::Waits);
        (alive && self.until.has_stop()).then_some(self.stop.polls)
    }
}
