//! A wait of `asyncio.Condition`, whose drop gives the lock up instead of acquiring it again.

use super::{line::Line, lock::Lock};
use crate::lockstep::{
    command::{Answer, Id, LockId, Until, WakerNumber},
    rules::{Rule, Rules},
};

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

/// The stop of a `wait_or` or of its kin.
#[derive(Clone, Copy, Debug, Default)]
struct Stop {
    ready: bool,
    polls: usize,
    /// With which it was polled last.
    waker: Option<WakerNumber>,
}

#[derive(Debug)]
pub(super) struct Wait {
    until: Until,
    stage: Stage,
    stop: Stop,
}

/// What a wait touches: its condition's line, the lock, and what the lock guards.
pub(super) struct Place<'a> {
    pub(super) rules: Rules,
    pub(super) who: Id,
    /// With which it is polled.
    pub(super) waker: Option<WakerNumber>,
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
            Stage::Holds if self.asks_first(place) => self.relocked(false, place),
            Stage::Holds => self.begin(place),
            Stage::Waits if self.stops_first(place) => self.poll_stop(place),
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

    /// Whether there is a predicate, which is called before the wait begins.
    fn asks_first(&self, place: &Place<'_>) -> bool {
        let first = place.rules.has(Rule::PredicateComesFirst) || !self.until.has_stop();
        self.until.has_predicate() && first
    }

    /// Whether a stop that is ready is preferred to a notification that has come.
    fn stops_first(&self, place: &Place<'_>) -> bool {
        self.stop.ready && !place.rules.has(Rule::NotificationComesFirst)
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
            self.stop.waker = place.waker;
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
        let notified = place.line.leave(place.who).woken;
        if notified && place.rules.has(Rule::StopPassesNotificationOn) {
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
            _ if stopped && (place.rules.has(Rule::StopEndsPredicate) || *place.stock == 0) => {
                Answer::GuardAndStopped(lock, true)
            }
            _ => {
                let Some(left) = place.stock.checked_sub(1) else {
                    return self.begin(place);
                };
                *place.stock = left;
                match self.until {
                    Until::Left | Until::LeftOrStopped => Answer::GuardAndLeft(lock, left),
                    Until::StockedOrStopped => Answer::GuardAndStopped(lock, false),
                    _ => Answer::Guard(lock),
                }
            }
        }
    }

    pub(super) fn abandon(&mut self, place: &mut Place<'_>) {
        match self.stage {
            Stage::Holds => place.lock.release(place.woken),
            Stage::Waits => {
                if place.line.leave(place.who).woken {
                    place.line.wake(1, place.woken);
                }
            }
            Stage::Relocks { stopped } => {
                // As when a cancelled wait has the lock again: it notifies, and then the lock is
                // released.
                if !stopped && place.rules.has(Rule::DropPassesNotificationOn) {
                    place.line.wake(1, place.woken);
                }
                place.lock.cancel(place.who, place.woken);
            }
        }
    }

    /// Makes the stop ready. Returns the waker that it was polled with, if it is still there.
    pub(super) fn fire(&mut self) -> Option<WakerNumber> {
        self.stop.ready = true;
        let waker = self.stop.waker.take();
        self.stop_polls().and(waker)
    }

    /// How often the stop was polled, as long as it is there: one that is beside a predicate stays
    /// when the wait was notified.
    pub(super) fn stop_polls(&self) -> Option<usize> {
        let alive = match self.stage {
            Stage::Holds | Stage::Waits => true,
            Stage::Relocks { stopped } => self.until.has_predicate() && !stopped,
        };
        (alive && self.until.has_stop()).then_some(self.stop.polls)
    }
}
