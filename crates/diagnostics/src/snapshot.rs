//! What there is to see: every primitive that is held or waited for, as plain data.

use std::{
    fmt,
    panic::Location,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    Actor, ConditionSite, Name, Signals, Site, clock,
    record::{HoldSeen, Live, Made, Supply, WaitEntry},
    registry::records,
};

/// What sort of primitive it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Lock,
    Event,
    Condition,
    Semaphore,
    BoundedSemaphore,
    Barrier,
}

impl Kind {
    /// All, in the order of their numbers.
    pub(crate) const ALL: [Self; 8] = [
        Self::Lock,
        Self::Event,
        Self::Condition,
        Self::Semaphore,
        Self::BoundedSemaphore,
        Self::Barrier,
        // No kind has these numbers.
        Self::Lock,
        Self::Lock,
    ];

    /// The type's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lock => "Lock",
            Self::Event => "Event",
            Self::Condition => "Condition",
            Self::Semaphore => "Semaphore",
            Self::BoundedSemaphore => "BoundedSemaphore",
            Self::Barrier => "Barrier",
        }
    }

    /// Whether it hands out permits, which somebody holds.
    pub const fn has_permits(self) -> bool {
        matches!(self, Self::Lock | Self::Semaphore | Self::BoundedSemaphore)
    }

    /// Whether it has no permits and no parties: tasks wait until another one sets or notifies it.
    pub(crate) const fn has_signals(self) -> bool {
        matches!(self, Self::Event | Self::Condition)
    }

    /// Returns the time as a [stamp](clock::stamp).
    ///
    /// A set, clear or notification is shown as before or after a wait, so these are timed exactly.
    #[inline]
    pub(crate) fn stamp(self) -> u64 {
        if self.has_signals() { clock::exact_stamp() } else { clock::stamp() }
    }

    /// How many permits one needs who joined the queue with that tag.
    pub(crate) const fn need(self, tag: usize) -> usize {
        match self {
            Self::Semaphore | Self::BoundedSemaphore => tag,
            _ => 1,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The number of a primitive. Those that one thread uses first are numbered in that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrimitiveId(pub(crate) u64);

impl PrimitiveId {
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PrimitiveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A primitive that is held or waited for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Primitive {
    /// Which it is.
    pub site: Site,
    /// Of a semaphore: how many permits there are, in whosever hands. Of a lock: 1. Of others: 0.
    pub permits: usize,
    /// Of a barrier: how many parties it takes. Of others: 0.
    pub parties: usize,
    /// Its holders, in the order in which they acquired it.
    pub holds: Vec<Hold>,
    /// Its waiters, in the order in which they were enqueued.
    pub waits: Vec<Wait>,
    /// Of an event or a condition: where and when it was last set, cleared or notified.
    pub signals: Signals,
}

/// One acquisition that lasts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Hold {
    /// Who acquired it, or [adopted](crate::adopt) it.
    pub who: Actor,
    /// Where it was acquired: where `acquire` was called.
    pub at: &'static Location<'static>,
    /// When it was first seen: it has lasted at least since then. No clock is read for a hold that
    /// begins while no task waits; it is seen when a task begins to wait, or when a watch or a
    /// snapshot looks.
    pub since: Instant,
    /// How many permits these are. 1 for a lock.
    pub permits: usize,
    /// Whether its guard was forgotten: it is held until any task releases it.
    pub forgotten: bool,
    /// Whether its guard has no lifetime and was not [adopted](crate::adopt): it may have been sent
    /// elsewhere.
    pub owned: bool,
}

impl Hold {
    /// Returns whether no task is known to release it: its guard was forgotten, or the task that
    /// acquired it has ended.
    pub fn is_leaked(&self) -> bool {
        self.forgotten || self.who.has_ended()
    }
}

/// One wait.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Wait {
    /// The waiter.
    pub who: Actor,
    /// Where the wait was asked for: where `acquire` or `wait` was called.
    pub at: &'static Location<'static>,
    /// When it joined the queue. On Linux it may be up to 10 ms too early, see the
    /// [crate's page](crate#times).
    pub since: Instant,
    /// How many waits the same task has given up before at the same place, each not longer ago than
    /// it had lasted.
    pub attempts_before: usize,
    /// How long these lasted together.
    pub waited_before: Duration,
    /// How many permits it waits for. 1 for a lock.
    pub permits: usize,
    /// Whether it stands in line.
    pub state: WaitState,
}

/// How far a wait has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitState {
    /// It stands in line.
    Queued {
        /// At which place; the first is 1.
        position: usize,
    },
    /// It was woken, and its future has not been polled since.
    Woken {
        /// When.
        since: Instant,
    },
}

impl Wait {
    /// When it was woken, if it was.
    pub const fn woken(&self) -> Option<Instant> {
        match self.state {
            WaitState::Woken { since } => Some(since),
            WaitState::Queued { .. } => None,
        }
    }
}

/// Every primitive that is held or waited for, at about one moment: what is said of each hold and
/// each wait is true at some moment while the snapshot is taken.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub taken: Instant,
    /// The same as time of day.
    pub time: SystemTime,
    /// The primitives, in the order of their numbers.
    pub primitives: Vec<Primitive>,
}

/// Lists every primitive that has a holder or a waiter.
///
/// It can be called anywhere: in a waker, with locks held, while every thread blocks. It acquires
/// none of the locks that it lists, and runs no user code.
///
/// ```
/// use awaitlist_diagnostics::snapshot;
///
/// for primitive in snapshot().primitives {
///     println!("{} {}", primitive.site.kind, primitive.waits.len());
/// }
/// ```
pub fn snapshot() -> Snapshot {
    let primitives = readings().iter().map(Reading::primitive).collect();
    Snapshot { taken: clock::now(), time: SystemTime::now(), primitives }
}

impl Snapshot {
    /// How long ago it was at the time of the snapshot.
    pub fn age(&self, since: Instant) -> Duration {
        self.taken.saturating_duration_since(since)
    }
}

/// What was read of one record.
pub(crate) struct Reading {
    pub(crate) record: Live,
    pub(crate) supply: Supply,
    pub(crate) holds: Vec<HoldSeen>,
    pub(crate) waits: Vec<WaitEntry>,
    pub(crate) signals: Signals,
}

impl Reading {
    /// Reads a primitive.
    pub(crate) fn of(record: Live) -> Self {
        Self {
            holds: record.holds(),
            waits: record.waits(),
            supply: record.supply(),
            signals: record.signals(),
            record,
        }
    }

    pub(crate) fn site(&self) -> Site {
        self.record.site()
    }

    pub(crate) fn need(&self, wait: &WaitEntry) -> usize {
        self.record.kind.need(wait.tag)
    }

    pub(crate) fn hold(&self, hold: &HoldSeen) -> Hold {
        Hold {
            who: hold.whose.who.clone(),
            at: hold.at,
            since: hold.since,
            permits: hold.permits,
            forgotten: hold.forgotten,
            owned: hold.owned,
        }
    }

    pub(crate) fn wait(&self, wait: &WaitEntry, position: usize) -> Wait {
        Wait {
            who: wait.whose.who.clone(),
            at: wait.at,
            since: wait.since,
            attempts_before: wait.before.attempts,
            waited_before: wait.before.waited,
            permits: self.need(wait),
            state: match wait.woken {
                Some(since) => WaitState::Woken { since },
                None => WaitState::Queued { position },
            },
        }
    }

    /// All waits, as they are shown.
    pub(crate) fn shown_waits(&self) -> impl Iterator<Item = Wait> + '_ {
        let mut position = 0;
        self.waits.iter().map(move |wait| {
            position += usize::from(wait.woken.is_none());
            self.wait(wait, position)
        })
    }

    fn primitive(&self) -> Primitive {
        let kind = self.record.kind;
        Primitive {
            site: self.site(),
            permits: if kind.has_permits() { self.supply.permits() } else { 0 },
            parties: if kind == Kind::Barrier { self.record.size } else { 0 },
            holds: self.holds.iter().map(|hold| self.hold(hold)).collect(),
            waits: self.shown_waits().collect(),
            signals: self.signals.clone(),
        }
    }
}

impl Made {
    pub(crate) fn site(&self, id: PrimitiveId) -> Site {
        let Self { kind, created, may_wait, of_condition, .. } = *self;
        let name = self.name.map(Name::of_static);
        // It has the name of its condition, and was made with it.
        let condition = of_condition.then(|| ConditionSite { name: name.clone(), created });
        Site { id, kind, name, created, may_wait, condition }
    }
}

/// So many permits together.
pub(crate) fn total(permits: impl Iterator<Item = usize>) -> usize {
    permits.fold(0, usize::saturating_add)
}

/// Reads all that are held or waited for.
pub(crate) fn readings() -> Vec<Reading> {
    records()
        .into_iter()
        .map(Reading::of)
        .filter(|reading| !(reading.holds.is_empty() && reading.waits.is_empty()))
        .collect()
}
