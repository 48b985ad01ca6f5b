//! What a barrier keeps under the lock of its queue, and how it changes.
//!
//! asyncio builds its barrier on a condition: each change of phase wakes all waiters, and each of
//! them checks what has become of its round. So does this one. There are two kinds of waiters:
//!
//! - *inside*: it has arrived, and counts until it leaves;
//! - *gated*: it came while the last round was leaving. It does not count, and arrives again later.
//!
//! A change of phase begins a *generation*. Each waiter's tag contains the generation in which it
//! was enqueued, and a change wakes the waiters of older generations only. So a waiter that joins
//! between two batches of wake-ups is not woken by mistake.

use core::{fmt, task::Waker};

use awaitlist_core::{Guarded, LockedWaiter, QueueGuard, WaitQueue, sync::FIRST_GENERATION};

/// What a [`Barrier`](crate::Barrier) is doing. The names are asyncio's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Waits for all parties. Arrivals join the round.
    Filling,
    /// All parties have arrived and leave with an index. Arrivals are gated.
    Draining,
    /// Was reset while parties were inside, which leave with an error. Arrivals are gated.
    Resetting,
    /// Was aborted. All parties leave with an error, and arrivals get one at once.
    Broken,
}

impl Phase {
    /// Returns asyncio's name of the phase, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filling => "filling",
            Self::Draining => "draining",
            Self::Resetting => "resetting",
            Self::Broken => "broken",
        }
    }
}

/// Writes the [name](Phase::name).
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The state of a barrier. Guarded by the lock of its queue.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) phase: Phase,
    /// The number of parties inside: arrived, and neither returned nor dropped.
    pub(crate) inside: usize,
    /// The index of the next party that is released in this round.
    next_index: usize,
    generation: usize,
}

impl Round {
    pub(crate) const fn new() -> Self {
        let generation = FIRST_GENERATION & Tag::LAST_GENERATION;
        Self { phase: Phase::Filling, inside: 0, next_index: 0, generation }
    }

    /// Returns the number of parties that have arrived and wait for the others.
    pub(crate) const fn arrived(&self) -> usize {
        match self.phase {
            Phase::Filling => self.inside,
            _ => 0,
        }
    }

    const fn tag(&self, kind: Kind) -> Tag {
        Tag(self.generation << 1 | kind as usize)
    }

    /// Returns the tag of the generation before.
    const fn tag_before(&self, kind: Kind) -> Tag {
        Tag((self.generation.wrapping_sub(1) & Tag::LAST_GENERATION) << 1 | kind as usize)
    }

    /// Makes all current waiters older than the generation, so that [`notify_older`] wakes them.
    pub(crate) const fn begin_generation(&mut self) {
        self.generation = (self.generation + 1) & Tag::LAST_GENERATION;
    }

    /// Counts one party less inside. Returns whether that opens the barrier to the gated waiters.
    const fn leave(&mut self) -> bool {
        self.inside -= 1;
        let opens = self.inside == 0 && matches!(self.phase, Phase::Draining | Phase::Resetting);
        if opens {
            self.phase = Phase::Filling;
            self.begin_generation();
        }
        opens
    }
}

/// Why a future waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gated = 0,
    Inside = 1,
}

/// The tag of a waiter: its kind, and above that the generation in which it was enqueued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tag(usize);

impl Tag {
    /// The largest generation. The tag of a waiter has two bits less than a word, and the kind is
    /// one.
    const LAST_GENERATION: usize = usize::MAX >> 3;

    const fn kind(self) -> Kind {
        match self.0 & 1 {
            0 => Kind::Gated,
            _ => Kind::Inside,
        }
    }
}

/// What an arrival comes to that need not wait.
#[derive(Clone, Copy)]
pub(crate) enum Arrival {
    /// It was the last party that was missing: the others are to be woken.
    Trips,
    /// The barrier is broken.
    Fails,
}

/// Arrives if there is nothing to wait for. Otherwise nothing has changed.
#[inline]
pub(crate) fn arrive_last(
    queue: &mut QueueGuard<'_, Guarded<Round>>,
    parties: usize,
) -> Option<Arrival> {
    let round = queue.state_mut();
    match round.phase {
        Phase::Broken => Some(Arrival::Fails),
        Phase::Filling if round.inside + 1 == parties => {
            round.phase = Phase::Draining;
            round.next_index = 0;
            round.begin_generation();
            // The last party comes and goes at once.
            round.inside += 1;
            round.leave();
            Some(Arrival::Trips)
        }
        _ => None,
    }
}

/// Arrives if that means to wait, and returns the tag. Otherwise nothing has changed.
#[inline]
pub(crate) fn arrive_and_wait(
    queue: &mut QueueGuard<'_, Guarded<Round>>,
    parties: usize,
) -> Option<usize> {
    let round = queue.state_mut();
    match round.phase {
        Phase::Broken => None,
        Phase::Filling if round.inside + 1 == parties => None,
        Phase::Filling => {
            round.inside += 1;
            Some(round.tag(Kind::Inside).0)
        }
        Phase::Draining | Phase::Resetting => Some(round.tag(Kind::Gated).0),
    }
}

/// What became of a waiter that may go.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    /// The round is complete, and this is its index.
    Passes(usize),
    /// The barrier was aborted or reset.
    Fails,
    /// It was gated, and arrives again.
    ArrivesAgain,
}

/// What a waiter leaves behind that was removed.
pub(crate) struct Departure {
    pub(crate) outcome: Outcome,
    /// The phase has changed: others are to be woken.
    pub(crate) wakes: bool,
    /// Its waker, if it was not notified: to be dropped after the unlock.
    pub(crate) waker: Option<Waker>,
}

/// Removes a waiter if it may go. Otherwise returns it.
#[inline]
pub(crate) fn depart(
    waiter: LockedWaiter<'_, Guarded<Round>>,
) -> Result<Departure, LockedWaiter<'_, Guarded<Round>>> {
    let kind = Tag(waiter.tag()).kind();
    let outcome = match (kind, waiter.state().phase, waiter.notification()) {
        (Kind::Gated, Phase::Draining | Phase::Resetting, None) => return Err(waiter),
        // Into the new round; or to the end of the queue again, if that round leaves by now.
        (Kind::Gated, _, _) => Outcome::ArrivesAgain,
        (Kind::Inside, Phase::Filling, _) => return Err(waiter),
        // Released, but indices are given in order, and the party that trips has not come to it
        // yet.
        (Kind::Inside, Phase::Draining, None) => return Err(waiter),
        (Kind::Inside, Phase::Draining, Some(index)) => Outcome::Passes(index),
        (Kind::Inside, Phase::Resetting | Phase::Broken, _) => Outcome::Fails,
    };
    let (mut queue, waker) = waiter.remove();
    let opens = kind == Kind::Inside && queue.state_mut().leave();
    let wakes = opens && queue.front().is_some();
    Ok(Departure { outcome, wakes, waker })
}

/// Removes a waiter whose future is dropped, and returns its waker. Wakes the others if that
/// changes the phase, or if the waiter was released and has no index yet.
pub(crate) fn cancel(
    queue: &WaitQueue<Guarded<Round>>,
    mut waiter: LockedWaiter<'_, Guarded<Round>>,
) -> Option<Waker> {
    let inside = Tag(waiter.tag()).kind() == Kind::Inside;
    let opens = inside && waiter.state_mut().leave();
    let mut released_waker = None;
    if inside && waiter.state().phase == Phase::Draining && !waiter.is_notified() {
        // Released, but it has no index yet. Let it and all others have theirs first, or those
        // behind it would get lower ones. Its own task need not be woken. If this panics, the core
        // removes it.
        released_waker = waiter.replace_waker(Waker::noop().clone());
        waiter = waiter.unlocked(|| notify_older(queue.lock()));
    }
    let (guard, waker) = waiter.remove();
    if opens {
        notify_older(guard);
    } else {
        drop(guard);
    }
    // Where there is a `released_waker`, the other can only be its stand-in, which does nothing.
    released_waker.or(waker)
}

/// Wakes all waiters of older generations.
pub(crate) fn notify_older(queue: QueueGuard<'_, Guarded<Round>>) {
    queue.notify_while(|queue| {
        let tag = Tag(queue.front()?);
        let round = queue.state_mut();
        if tag == round.tag(tag.kind()) {
            return None;
        }
        let mut index = 0;
        // The parties of this round were enqueued in the generation before. An older one is about
        // to be removed by its `cancel`.
        let in_round = tag == round.tag_before(Kind::Inside);
        if in_round && round.phase == Phase::Draining {
            index = round.next_index;
            round.next_index += 1;
        }
        queue.notify(index)
    });
}
