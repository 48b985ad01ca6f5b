//! A wait that has lasted too long, and why.

use std::{
    fmt::{self, Display},
    time::{Duration, Instant},
};

use crate::{
    Deadlock, Hold, Kind, Site, Wait,
    record::HoldEntry,
    report::{Brief, HoldAt, Seconds, WaitAt, list},
    snapshot::{Reading, total},
};

/// A wait that has lasted longer than a [watch](crate::watch)'s threshold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stall {
    /// What is waited for.
    pub site: Site,
    /// The wait. If several became too long since the watch last looked, the first of them.
    pub wait: Wait,
    /// How many others did.
    pub others: usize,
    /// Why it lasts.
    pub cause: Cause,
    /// When that was seen.
    pub seen: Instant,
}

/// Why a wait lasts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// The holders can never continue. The waiter may be one of them.
    Deadlocked(Deadlock),
    /// It is this one's turn, or the permits are kept for it: it was woken, and its future has not been polled since. It may be
    /// the wait itself that stalls. Known as *futurelock*.
    WokenButUnpolled(Wait),
    /// These acquired it long ago, and hold it still.
    HolderQuiet(Vec<Hold>),
    /// These were acquired by tasks that have ended, or their guards were forgotten: what is left is not enough.
    Leaked(Vec<Hold>),
    /// Not all parties have come to the barrier.
    BarrierShort {
        /// How many are missing.
        missing: usize,
        /// Who has come.
        arrived: Vec<Wait>,
    },
    /// Nobody has set the event.
    NotSet,
    /// Nobody has notified the condition.
    NotNotified,
    /// Nobody holds a permit: somebody is to make one.
    NoPermits,
    /// It goes on: those who hold it have acquired it not long ago. But the line is long.
    Slow(Vec<Hold>),
}

impl Cause {
    /// How bad it is. A wait is reported again when that gets worse.
    pub(crate) const fn gravity(&self) -> u8 {
        match self {
            Self::Slow(_) => 1,
            Self::HolderQuiet(_)
            | Self::NotSet
            | Self::NotNotified
            | Self::NoPermits
            | Self::BarrierShort { .. } => 2,
            Self::WokenButUnpolled(_) => 3,
            Self::Leaked(_) => 4,
            Self::Deadlocked(_) => 5,
        }
    }

    /// Why those who wait in `reading` do, of whom `told` is the one to be told of.
    pub(crate) fn of(
        reading: &Reading,
        told: &Wait,
        deadlocks: &[Deadlock],
        now: Instant,
        threshold: Duration,
    ) -> Self {
        // A part of the threshold will do: what keeps a wait may have begun a little after it.
        let long_ago = |since: Instant| now.saturating_duration_since(since) >= threshold / 4;
        let site = reading.site();
        let is_stuck = |deadlock: &&Deadlock| {
            let mut edges = deadlock.edges.iter();
            edges.any(|edge| edge.site.id == site.id) || waits_for(reading, deadlock)
        };
        if let Some(deadlock) = deadlocks.iter().find(is_stuck) {
            return Self::Deadlocked(deadlock.clone());
        }
        // Where one waits for its turn, it waits for all whose turn it is. For an event or a notification each waits by itself.
        let by_itself = matches!(site.kind, Kind::Event | Kind::Condition);
        let is_kept = |wait: &Wait| wait.woken().is_some_and(long_ago);
        let woken = match by_itself {
            true => Some(told).filter(|told| is_kept(told)).cloned(),
            false => reading.shown_waits().find(is_kept),
        };
        if let Some(wait) = woken {
            return Self::WokenButUnpolled(wait);
        }
        match site.kind {
            Kind::Event => Self::NotSet,
            Kind::Condition => Self::NotNotified,
            Kind::Barrier => Self::short(reading),
            Kind::Lock | Kind::Semaphore | Kind::BoundedSemaphore => {
                Self::of_permits(reading, long_ago)
            }
        }
    }

    fn short(reading: &Reading) -> Self {
        let arrived: Vec<_> = reading.shown_waits().filter(|wait| wait.woken().is_none()).collect();
        Self::BarrierShort { missing: reading.record.size.saturating_sub(arrived.len()), arrived }
    }

    fn of_permits(reading: &Reading, long_ago: impl Fn(Instant) -> bool) -> Self {
        let holds = reading.holds.iter().map(|hold| reading.hold(hold));
        let (leaked, live): (Vec<_>, Vec<_>) = holds.partition(Hold::is_leaked);
        let lost = total(leaked.iter().map(|hold| hold.permits));
        let need = first_need(reading);
        // Free, or kept for one who was woken just now.
        let moves = live.is_empty()
            && (reading.record.kind == Kind::Lock
                || reading.waits.iter().any(|wait| wait.woken.is_some()));
        if lost > 0 && reading.supply.permits().saturating_sub(lost) < need {
            Self::Leaked(leaked)
        } else if live.is_empty() && !moves {
            // None is held, and none is kept for one who was woken.
            match leaked.is_empty() {
                true => Self::NoPermits,
                false => Self::Leaked(leaked),
            }
        } else if live.iter().any(|hold| long_ago(hold.since)) {
            Self::HolderQuiet(live)
        } else {
            Self::Slow(live)
        }
    }
}

/// How many permits the first in line waits for.
fn first_need(reading: &Reading) -> usize {
    let first = reading.waits.iter().find(|wait| wait.woken.is_none());
    first.map_or(0, |wait| reading.need(wait))
}

/// Whether those in the deadlock hold so much that what is left is not enough.
fn waits_for(reading: &Reading, deadlock: &Deadlock) -> bool {
    let is_theirs = |hold: &&HoldEntry| {
        let mut edges = deadlock.edges.iter();
        !hold.forgotten && edges.any(|edge| edge.who == hold.whose.who)
    };
    let theirs = reading.holds.iter().filter(is_theirs);
    let stuck = total(theirs.map(|hold| hold.permits));
    stuck > 0 && reading.supply.permits().saturating_sub(stuck) < first_need(reading)
}

/// What a person reads who wonders why the program hangs.
impl Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, wait, others, cause, seen } = self;
        write!(
            f,
            "STALL: {} has waited {} for {}, at {}",
            wait.who,
            Seconds(seen.saturating_duration_since(wait.since)),
            Brief(site),
            wait.at
        )?;
        if *others > 0 {
            write!(f, " (and {others} more)")?;
        }
        f.write_str("\n  ")?;
        let holds = |f: &mut fmt::Formatter<'_>, what: &str, holds: &[Hold]| {
            f.write_str(what)?;
            list(f, holds, "    ", |f, hold| HoldAt(hold, *seen).fmt(f))
        };
        match cause {
            Cause::Deadlocked(deadlock) => deadlock.fmt(f),
            Cause::WokenButUnpolled(first) => {
                f.write_str(
                    "WOKEN BUT NOT POLLED (futurelock): it is the turn of a future that nobody polls, and nobody gets past it",
                )?;
                write!(f, "\n    {}", WaitAt(first, *seen))
            }
            Cause::HolderQuiet(live) => {
                holds(f, "HOLDER GONE QUIET: it is held, and not given back", live)
            }
            Cause::Leaked(leaked) => {
                holds(f, "LEAKED: nobody is known who will give these back", leaked)
            }
            Cause::BarrierShort { missing, arrived } => {
                let parties = missing + arrived.len();
                write!(
                    f,
                    "BARRIER SHORT of {missing}: {} of {parties} parties have come",
                    arrived.len()
                )?;
                list(f, arrived, "    ", |f, wait| WaitAt(wait, *seen).fmt(f))
            }
            Cause::NotSet => f.write_str("NOT SET: nobody has set the event"),
            Cause::NotNotified => f.write_str("NOT NOTIFIED: nobody has notified the condition"),
            Cause::NoPermits => {
                f.write_str("NO PERMITS: nobody holds one, so somebody is to release one")
            }
            Cause::Slow(live) => {
                holds(f, "SLOW: it goes from hand to hand, and the line is long", live)
            }
        }
    }
}
