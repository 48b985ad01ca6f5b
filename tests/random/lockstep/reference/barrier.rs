//! `asyncio.Barrier`, whose arrivals may be cancelled: indices are given in the order of arrival,
//! at the trip.

use super::line::Line;
use crate::lockstep::command::Id;
use awaitlist::BrokenBarrier;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Filling,
    Draining,
    Resetting,
    Broken,
}

/// Where one sleeps.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Before the barrier, while those of the last round leave it.
    Gated,
    /// Inside, with its index when the barrier has tripped.
    Inside(Option<usize>),
}

#[derive(Debug)]
pub(super) struct Barrier {
    pub(super) parties: usize,
    pub(super) phase: Phase,
    /// asyncio's `_count`: arrived, and not left.
    inside: usize,
    pub(super) line: Line<Place>,
}

impl Barrier {
    pub(super) const fn new(parties: usize) -> Self {
        Self { parties, phase: Phase::Filling, inside: 0, line: Line::new() }
    }

    pub(super) const fn inside(&self) -> usize {
        self.inside
    }

    pub(super) fn n_waiting(&self) -> usize {
        match self.phase {
            Phase::Filling => self.inside,
            _ => 0,
        }
    }

    /// A poll, the first or a later one. `None` if it sleeps.
    pub(super) fn poll(
        &mut self,
        who: Id,
        first: bool,
        woken: &mut Vec<Id>,
    ) -> Option<Result<usize, BrokenBarrier>> {
        if first {
            return self.arrive(who, woken);
        }
        let Place::Inside(index) = self.line.leave_if_woken(who)?.need else {
            // Into the new round; or, if that has come to leave meanwhile, to the end of the line
            // at the gate.
            return self.arrive(who, woken);
        };
        let result = match self.phase {
            Phase::Draining => Ok(index.expect("numbered at the trip")),
            _ => Err(BrokenBarrier::AbortOrReset),
        };
        self.leave(woken);
        Some(result)
    }

    fn arrive(&mut self, who: Id, woken: &mut Vec<Id>) -> Option<Result<usize, BrokenBarrier>> {
        match self.phase {
            Phase::Broken => return Some(Err(BrokenBarrier::Aborted)),
            Phase::Draining | Phase::Resetting => self.line.join(who, Place::Gated),
            Phase::Filling if self.inside + 1 == self.parties => {
                self.inside += 1;
                self.trip(woken);
                self.leave(woken);
                return Some(Ok(self.parties - 1));
            }
            Phase::Filling => {
                self.inside += 1;
                self.line.join(who, Place::Inside(None));
            }
        }
        None
    }

    /// All have come: the arrivals that sleep inside are numbered, and woken.
    fn trip(&mut self, woken: &mut Vec<Id>) {
        self.phase = Phase::Draining;
        let inside = self.line.iter_mut().filter_map(|waiter| match &mut waiter.need {
            Place::Inside(index) => Some(index),
            Place::Gated => None,
        });
        for (number, index) in inside.enumerate() {
            *index = Some(number);
        }
        self.line.wake_all(woken);
    }

    /// An arrival that sleeps is dropped.
    pub(super) fn cancel(&mut self, who: Id, woken: &mut Vec<Id>) {
        if let Place::Inside(_) = self.line.leave(who).need {
            self.leave(woken);
        }
    }

    /// One less inside. The last one out of a round lets those at the gate in.
    fn leave(&mut self, woken: &mut Vec<Id>) {
        self.inside -= 1;
        if self.inside == 0 && matches!(self.phase, Phase::Draining | Phase::Resetting) {
            self.phase = Phase::Filling;
            self.line.wake_all(woken);
        }
    }

    pub(super) fn abort(&mut self, woken: &mut Vec<Id>) {
        self.phase = Phase::Broken;
        self.line.wake_all(woken);
    }

    pub(super) fn reset(&mut self, woken: &mut Vec<Id>) {
        self.phase = match self.inside {
            0 => Phase::Filling,
            _ => Phase::Resetting,
        };
        self.line.wake_all(woken);
    }
}
