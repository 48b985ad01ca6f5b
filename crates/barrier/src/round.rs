//! What a barrier keeps under its lock: in which phase it is, who is inside, and who may go.
//!
//! asyncio builds its barrier on a condition: at each change of phase it wakes all who sleep, and each looks for itself
//! what has become of the round. So does this one. Two kinds of futures sleep:
//!
//! - *inside*: they have arrived, and are counted until they leave;
//! - *gated*: they came while the last round was still leaving. They are not counted, and come again when it has left.
//!
//! All of one change are woken in batches; those who come between two batches must not be. So each change begins an
//! epoch, each waiter is tagged with the one in which it came, and a change wakes the older ones only.

use core::{
    ops::ControlFlow::{self, Break, Continue},
    task::Waker,
};

use awaitlist_core::{Locked, Queue, Turn, drain};

/// Where a barrier is in its life. The names are asyncio's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Waits for all parties. Arrivals join.
    Filling,
    /// All have come, and leave with an index. Arrivals are gated.
    Draining,
    /// Was reset while some were inside; they leave with an error. Arrivals are gated.
    Resetting,
    /// Was aborted. All leave with an error, and arrivals get one at once.
    Broken,
}

impl Phase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Filling => "filling",
            Self::Draining => "draining",
            Self::Resetting => "resetting",
            Self::Broken => "broken",
        }
    }
}

/// The state under the lock.
#[derive(Debug)]
pub struct Round {
    pub(crate) phase: Phase,
    /// Those inside: arrived, and neither left nor dropped.
    pub(crate) inside: usize,
    /// The index of the next to be released in this round.
    next_index: usize,
    /// Counts the changes that wake all.
    epoch: usize,
}

impl Round {
    pub(crate) const fn new() -> Self {
        Self {
            phase: Phase::Filling,
            inside: 0,
            next_index: 0,
            epoch: 0,
        }
    }

    /// How many have arrived and wait for the others.
    pub(crate) fn arrived(&self) -> usize {
        match self.phase {
            Phase::Filling => self.inside,
            _ => 0,
        }
    }

    const fn tag(&self, kind: Kind) -> Tag {
        Tag::new(self.epoch, kind)
    }
}

/// Why a future sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gated = 0,
    Inside = 1,
}

/// What a waiter is tagged with: its kind, and above that the epoch in which it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tag(usize);

impl Tag {
    /// The greatest epoch. A place's tag has two bits less than a word, and the kind is one.
    const LAST_EPOCH: usize = usize::MAX >> 3;

    const fn new(epoch: usize, kind: Kind) -> Self {
        Self(epoch << 1 | kind as usize)
    }

    const fn kind(self) -> Kind {
        match self.0 & 1 {
            0 => Kind::Gated,
            _ => Kind::Inside,
        }
    }
}

/// What an arrival comes to that has nothing to wait for.
#[derive(Clone, Copy)]
pub(crate) enum Arrival {
    /// Was the last that was missing: the others are to be woken.
    Trips,
    /// Came to a broken barrier.
    Fails,
}

/// Arrives, if there is nothing to wait for, and wakes all others if it is the last. Nothing has changed if there is.
#[inline]
pub(crate) fn arrive_and_wake(queue: &Queue<Round>, parties: usize) -> Option<Arrival> {
    drain(
        queue,
        |queue| arrive_last(queue, parties),
        |queue, arrival| match arrival {
            Some(Arrival::Trips) => call_older(queue),
            _ => None,
        },
    )
}

/// As [`arrive_and_wake`], but for the waking.
#[inline]
fn arrive_last(queue: &mut Locked<'_, Round>, parties: usize) -> Option<Arrival> {
    let round = queue.state();
    match round.phase {
        Phase::Broken => Some(Arrival::Fails),
        Phase::Filling if round.inside + 1 == parties => {
            round.phase = Phase::Draining;
            round.next_index = 0;
            begin_epoch(queue);
            // The last one is in and out at once.
            queue.state().inside += 1;
            leave_round(queue);
            Some(Arrival::Trips)
        }
        _ => None,
    }
}

/// Arrives. Answers the tag with which to join the round, or the line for the next, if there is something to wait for.
#[inline]
pub(crate) fn arrive(queue: &mut Locked<'_, Round>, parties: usize) -> ControlFlow<Arrival, usize> {
    if let Some(arrival) = arrive_last(queue, parties) {
        return Break(arrival);
    }
    let round = queue.state();
    let kind = match round.phase {
        Phase::Filling => Kind::Inside,
        _ => Kind::Gated,
    };
    if kind == Kind::Inside {
        round.inside += 1;
    }
    Continue(round.tag(kind).0)
}

/// What a look at one who sleeps found. It has left the queue then; its waker, if it was not called, is to be dropped
/// after the lock.
pub(crate) struct Look {
    pub(crate) outcome: Outcome,
    /// With [`Outcome::Passes`]: the place in the round.
    pub(crate) index: usize,
    /// It changed the phase: others are to be woken.
    pub(crate) wakes: bool,
    pub(crate) waker: Option<Waker>,
}

/// What became of one who slept.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    /// The round is complete.
    Passes,
    /// The round was aborted, or the barrier reset.
    Fails,
    /// It was gated, and may come again.
    ComesAgain,
}

/// Looks whether one who sleeps may go.
#[inline]
pub(crate) fn look(turn: &mut Turn<'_, '_, Round>) -> Option<Look> {
    let tag = Tag(turn.tag()?);
    let note = turn.note();
    let called = note.is_some();
    let phase = turn.state().phase;
    let outcome = match (tag.kind(), phase) {
        (Kind::Gated, Phase::Draining | Phase::Resetting) if !called => return None,
        // Into the new round; or, if that has come to leave meanwhile, to the end of the line at the gate.
        (Kind::Gated, _) => Outcome::ComesAgain,
        (Kind::Inside, Phase::Filling) => return None,
        // Released, but the one who trips the barrier has not come to it yet, and gives the indices in order.
        (Kind::Inside, Phase::Draining) if !called => return None,
        (Kind::Inside, Phase::Draining) => Outcome::Passes,
        (Kind::Inside, Phase::Resetting | Phase::Broken) => Outcome::Fails,
    };
    let waker = turn.leave();
    Some(Look {
        outcome,
        index: note.unwrap_or(0),
        wakes: tag.kind() == Kind::Inside && leave_round(turn),
        waker,
    })
}

/// Takes out one whose future is dropped. Answers its waker, and whether others are to be woken.
pub(crate) fn withdraw(turn: &mut Turn<'_, '_, Round>) -> (Option<Waker>, bool) {
    let inside = turn.tag().map(Tag).map(Tag::kind) == Some(Kind::Inside);
    let waker = turn.leave();
    (waker, inside && leave_round(turn))
}

/// Counts one less inside. Answers whether there are some at the gate, who are to be woken.
#[inline]
fn leave_round(queue: &mut Locked<'_, Round>) -> bool {
    let round = queue.state();
    round.inside -= 1;
    let opens = round.inside == 0 && matches!(round.phase, Phase::Draining | Phase::Resetting);
    if opens {
        round.phase = Phase::Filling;
        begin_epoch(queue);
    }
    opens && queue.front().is_some()
}

/// Has all who wait now woken, by [`wake_older`].
pub(crate) fn begin_epoch(queue: &mut Locked<'_, Round>) {
    let round = queue.state();
    round.epoch = (round.epoch + 1) & Tag::LAST_EPOCH;
}

/// Makes a change, and wakes all who came before the epoch that it began.
pub(crate) fn wake_older(queue: &Queue<Round>, change: impl FnOnce(&mut Locked<'_, Round>)) {
    drain(queue, change, |queue, ()| call_older(queue));
}

fn call_older(queue: &mut Locked<'_, Round>) -> Option<Waker> {
    let tag = Tag(queue.front()?);
    let round = queue.state();
    if tag == round.tag(tag.kind()) {
        return None;
    }
    if tag.kind() == Kind::Inside && round.phase == Phase::Draining {
        let index = round.next_index;
        round.next_index += 1;
        return queue.call_with(index);
    }
    queue.call()
}
