//! A wait that has lasted too long, and why.

use std::{
    fmt::{self, Display},
    time::{Duration, Instant, SystemTime},
};

use crate::{
    Actor, Certainty, Deadlock, Edge, Hold, Kind, Signals, Site, ThreadInfo, Wait, clock,
    record::{HoldSeen, WaitEntry},
    report::{Brief, HoldAt, Seconds, SignalAt, TimeOfDay, WaitAt, list},
    snapshot::{Reading, total},
};

/// What a [watch](crate::watch) reports: waits that last longer than its threshold, and their
/// cause.
///
/// One cause is one stall, however many waits it keeps. It is reported when it
/// [begins](Phase::New), from time to time [while it lasts](Phase::Still), and when it
/// [ends](Phase::Ended).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stall {
    /// What is waited for.
    pub site: Site,
    /// The wait. If several became too long since the watch last checked, the first of them.
    pub wait: Wait,
    /// How many others did.
    pub others: usize,
    /// Why it lasts.
    pub cause: Cause,
    /// Of a semaphore: how many permits the first waiter in line needs, and how many are available.
    pub permits: Option<(usize, usize)>,
    /// Of an event or a condition: where and when it was last set, cleared or notified.
    pub signals: Signals,
    /// Of an event or a condition: those that this woke and that have not been polled since.
    pub(crate) woken: Vec<Wait>,
    /// If several waits were given up and no waiter was served meanwhile: since when.
    pub unserved: Option<Unserved>,
    /// If the holder waits itself: for what, and so on. The last of them leads to the root.
    pub chain: Vec<Edge>,
    /// The holder that all wait for, and that waits for nothing that is known.
    pub root: Option<Actor>,
    /// Whether it is new.
    pub phase: Phase,
    /// When that was seen.
    pub seen: Instant,
    /// The same as time of day.
    pub time: SystemTime,
}

/// A time in which no waiter was served, although there was one nearly always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unserved {
    /// When it began.
    pub since: Instant,
    /// How many waits were given up since.
    pub given_up: usize,
}

/// Whether a stall is new.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// It was not reported before, or it was, with a cause that was less bad.
    New,
    /// It was reported, and lasts.
    Still {
        /// How long ago it was reported first.
        lasted: Duration,
        /// How many waits have reached the threshold since.
        more: usize,
        /// How many a second, since the last report.
        per_second: f64,
    },
    /// It was reported, and is over.
    Ended {
        /// How long after its first report.
        lasted: Duration,
        /// How many waits have reached the threshold since then.
        more: usize,
    },
}

/// Why a wait lasts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// The holders can never continue. The waiter may be one of them.
    Deadlocked(Deadlock),
    /// It is this one's turn, or the permits are kept for it: it was woken, and its future has not
    /// been polled since. It may be the wait itself that stalls. Known as *futurelock*.
    WokenButUnpolled(Wait),
    /// These acquired it long ago, and hold it still.
    HolderQuiet(Vec<Hold>),
    /// These were acquired by tasks that have ended, or their guards were forgotten: what is left
    /// is not enough.
    Leaked(Vec<Hold>),
    /// The tasks that acquired these have ended without releasing them. Their guards have no
    /// lifetime, so they were returned, sent elsewhere, or leaked.
    HolderEnded(Vec<Hold>),
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
    /// No permit is held, and there are too few: another task has to release some.
    NoPermits,
    /// It goes on: those who hold it have acquired it not long ago. But the line is long.
    Slow(Vec<Hold>),
}

impl Cause {
    /// Whether it is a deadlock without evidence to the contrary.
    pub(crate) fn is_uncontradicted(&self) -> bool {
        let Self::Deadlocked(deadlock) = self else { return false };
        deadlock.certainty == Certainty::Uncontradicted
    }

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
            Self::Leaked(_) | Self::HolderEnded(_) => 4,
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
        // Where one waits for its turn, it waits for all whose turn it is. For an event or a
        // notification each waits by itself.
        let by_itself = site.kind.has_signals();
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
        let by_hand = reading.record.releases_by_hand();
        // What was seen to be released elsewhere before is no leak.
        let is_lost = |hold: &HoldSeen| match hold.forgotten {
            true => !by_hand,
            false => hold.whose.who.has_ended() && !hold.moves(),
        };
        let (lost, live): (Vec<_>, Vec<_>) = reading.holds.iter().partition(|hold| is_lost(hold));
        let shown = |holds: Vec<&HoldSeen>| -> Vec<_> {
            holds.into_iter().map(|hold| reading.hold(hold)).collect()
        };
        let were_returned = lost.iter().all(|hold| hold.owned && !hold.forgotten);
        let missing = total(lost.iter().map(|hold| hold.permits));
        let (lost, live) = (shown(lost), shown(live));
        let leaked = if were_returned { Self::HolderEnded } else { Self::Leaked };
        let need = first_need(reading);
        // Free, or kept for one that was woken just now.
        let moves = live.is_empty()
            && (reading.record.kind == Kind::Lock
                || reading.waits.iter().any(|wait| wait.woken.is_some()));
        if missing > 0 && reading.supply.permits().saturating_sub(missing) < need {
            leaked(lost)
        } else if live.is_empty() && !moves {
            // None is held, and none is kept for one that was woken.
            match lost.is_empty() {
                true => Self::NoPermits,
                false => leaked(lost),
            }
        } else if live.iter().any(|hold| long_ago(hold.since)) {
            Self::HolderQuiet(live)
        } else {
            Self::Slow(live)
        }
    }

    /// The holds that are waited for.
    fn holds(&self) -> &[Hold] {
        match self {
            Self::HolderQuiet(holds) | Self::Slow(holds) => holds,
            _ => &[],
        }
    }

    /// Follows the first of the holders to what it waits for, and so on. Returns the waits, and the
    /// holder at which they end.
    pub(crate) fn chain(&self, readings: &[Reading]) -> (Vec<Edge>, Option<Actor>) {
        let mut chain: Vec<Edge> = Vec::new();
        let Some(hold) = self.holds().first() else { return (chain, None) };
        let mut who = hold.who.clone();
        while chain.len() < LONGEST_CHAIN {
            let is_its = |wait: &&WaitEntry| wait.whose.who == who && wait.woken.is_none();
            let found = readings
                .iter()
                .find_map(|reading| Some((reading, reading.waits.iter().find(is_its)?)));
            let Some((reading, wait)) = found else { return (chain, Some(who)) };
            let held: Vec<_> = reading.holds.iter().map(|hold| reading.hold(hold)).collect();
            let next = held.first().map(|hold| hold.who.clone());
            let is_known =
                |next: &Actor| *next == who || chain.iter().any(|edge| edge.who == *next);
            let next = next.filter(|next| !is_known(next));
            let (site, held) = (reading.site(), held.into());
            chain.push(Edge { who, waits_at: wait.at, site, held });
            match next {
                Some(next) => who = next,
                None => return (chain, None),
            }
        }
        (chain, None)
    }
}

/// How many waits of holders are followed.
const LONGEST_CHAIN: usize = 32;

/// Of a semaphore: how many permits the first in line needs, and how many are available.
pub(crate) fn permits(reading: &Reading) -> Option<(usize, usize)> {
    let need = first_need(reading);
    let is_semaphore = matches!(reading.record.kind, Kind::Semaphore | Kind::BoundedSemaphore);
    let held = total(reading.holds.iter().map(|hold| hold.permits));
    let granted = reading.waits.iter().filter(|wait| wait.woken.is_some());
    let granted = total(granted.map(|wait| reading.need(wait)));
    let available = reading.supply.permits().saturating_sub(held).saturating_sub(granted);
    (is_semaphore && need > 0).then_some((need, available))
}

/// Of an event or a condition: the waiters that the last set or notification woke and that have not
/// been polled since.
pub(crate) fn woken(reading: &Reading) -> Vec<Wait> {
    let last = reading.signals.set.or(reading.signals.notified).filter(|last| last.woke);
    let Some(last) = last else { return Vec::new() };
    let is_its = |wait: &Wait| wait.woken().is_some_and(|woken| woken >= last.when);
    reading.shown_waits().filter(is_its).collect()
}

/// How many permits the first in line waits for.
fn first_need(reading: &Reading) -> usize {
    let first = reading.waits.iter().find(|wait| wait.woken.is_none());
    first.map_or(0, |wait| reading.need(wait))
}

/// Whether those in the deadlock hold so much that what is left is not enough.
fn waits_for(reading: &Reading, deadlock: &Deadlock) -> bool {
    let is_theirs = |hold: &&HoldSeen| {
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
        write!(f, "[{} pid {}] ", TimeOfDay(self.time), std::process::id())?;
        match self.phase {
            Phase::New => self.fmt_new(f),
            Phase::Still { lasted, more, per_second } => {
                write!(f, "STILL after {}: {}", Seconds(lasted), self.cause.title())?;
                write!(f, "; {} at {}", Brief(&self.site), self.wait.at)?;
                write!(f, "\n  {more} more waits since, {per_second:.0} per second")
            }
            Phase::Ended { lasted, more } => {
                write!(f, "ENDED after {}: {}", Seconds(lasted), self.cause.title())?;
                write!(f, "; {} at {}", Brief(&self.site), self.wait.at)?;
                if more > 0 {
                    write!(f, "\n  {more} more waits since")?;
                }
                if matches!(self.cause, Cause::Deadlocked(_)) {
                    f.write_str(
                        "\n  so it was no deadlock: a wait was given up, a guard was elsewhere, or permits were added",
                    )?;
                }
                Ok(())
            }
        }
    }
}

impl Stall {
    /// Returns the waiters that the last signal woke and that have not been polled since. For the
    /// package for Python.
    #[doc(hidden)]
    pub fn woken(&self) -> &[Wait] {
        &self.woken
    }

    fn fmt_new(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, wait, others, cause, seen, .. } = self;
        let waited = seen.saturating_duration_since(wait.since).saturating_add(wait.waited_before);
        write!(f, "STALL: {} has waited {}", wait.who, Seconds(waited))?;
        if wait.attempts_before > 0 {
            write!(f, " in {} attempts", wait.attempts_before.saturating_add(1))?;
        }
        write!(f, " for {}, at {}", Brief(site), wait.at)?;
        if *others > 0 {
            write!(f, " (and {others} more)")?;
        }
        if let Some(Unserved { since, given_up }) = self.unserved {
            let lasted = Seconds(seen.saturating_duration_since(since));
            write!(f, "\n  no waiter was served for {lasted}; {given_up} waits were given up")?;
        }
        if let Some(root) = &self.root {
            write!(f, "\n  ROOT: {root}{}", Activity(root, *seen))?;
        }
        f.write_str("\n  ")?;
        let holds = |f: &mut fmt::Formatter<'_>, what: &str, holds: &[Hold]| {
            write!(f, "{}: {what}", cause.title())?;
            list(f, holds, "    ", |f, hold| HoldAt(hold, *seen).fmt(f))
        };
        match cause {
            Cause::Deadlocked(deadlock) => deadlock.fmt(f)?,
            Cause::WokenButUnpolled(first) => {
                f.write_str(cause.title())?;
                let by_itself = site.kind.has_signals();
                write!(f, "{}", Unpolled { wait: first, by_itself })?;
                write!(f, "\n    {}", WaitAt(first, *seen))?;
                if by_itself {
                    self.fmt_signals(f)?;
                }
            }
            Cause::HolderQuiet(live) => holds(f, "it is held and not released", live)?,
            Cause::Leaked(leaked) => {
                holds(f, "these were not released by the tasks that acquired them", leaked)?;
            }
            Cause::HolderEnded(ended) => {
                holds(f, "the guards were returned, sent elsewhere, or leaked", ended)?;
            }
            Cause::BarrierShort { missing, arrived } => {
                let parties = missing + arrived.len();
                write!(
                    f,
                    "BARRIER SHORT of {missing}: {} of {parties} parties have come",
                    arrived.len()
                )?;
                list(f, arrived, "    ", |f, wait| WaitAt(wait, *seen).fmt(f))?;
            }
            Cause::NotSet => {
                write!(f, "{}: the event is not set", cause.title())?;
                if self.signals.set.is_none() {
                    f.write_str("\n    it was never set")?;
                }
                self.fmt_signals(f)?;
                list(f, &self.woken, "    ", |f, wait| WaitAt(wait, *seen).fmt(f))?;
            }
            Cause::NotNotified => {
                write!(f, "{}: this wait has received no notification", cause.title())?;
                if self.signals.notified.is_none() {
                    f.write_str("\n    it was never notified")?;
                }
                self.fmt_signals(f)?;
                list(f, &self.woken, "    ", |f, wait| WaitAt(wait, *seen).fmt(f))?;
            }
            Cause::NoPermits => {
                write!(f, "{}: none is held, so another task has to release some", cause.title())?;
            }
            Cause::Slow(live) => {
                holds(f, "it changes hands, but there are many waiters", live)?;
            }
        }
        for edge in &self.chain {
            write!(f, "\n    {edge}")?;
            if let Some(thread) = blocked_by(&edge.who) {
                write!(f, "\n      and blocks {thread}, which sits in `block()`")?;
            }
        }
        match self.permits {
            Some((wanted, available)) if wanted > 1 || available > 0 => {
                write!(f, "\n    the first in line wants {wanted}, {available} are available")?;
            }
            _ => {}
        }
        write!(f, "\n  see docs/hangs.md#{}", cause.anchor())
    }
}

impl Stall {
    /// Writes what was done last to the event or the condition.
    fn fmt_signals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { signals, wait, seen, .. } = self;
        for (did, signal) in signals.each() {
            write!(f, "\n    last {did} {}", SignalAt(&signal, *seen))?;
            if signal.when <= wait.since {
                f.write_str(", before this wait began")?;
            }
            match did {
                "cleared" => {}
                _ if signal.woke => f.write_str("; it woke a waiter")?,
                _ => f.write_str("; it woke no waiter")?,
            }
        }
        Ok(())
    }
}

impl Cause {
    /// The first words of a report.
    pub(crate) const fn title(&self) -> &'static str {
        match self {
            Self::Deadlocked(deadlock) => match deadlock.certainty {
                Certainty::Uncontradicted => "DEADLOCK",
                Certainty::Possible => "POSSIBLE DEADLOCK",
            },
            Self::WokenButUnpolled(_) => "WOKEN BUT NOT POLLED",
            Self::HolderQuiet(_) => "HOLDER GONE QUIET",
            Self::Leaked(_) => "LEAKED",
            Self::HolderEnded(_) => "HOLDER HAS ENDED",
            Self::BarrierShort { .. } => "BARRIER SHORT",
            Self::NotSet => "NOT SET",
            Self::NotNotified => "NOT NOTIFIED",
            Self::NoPermits => "TOO FEW PERMITS",
            Self::Slow(_) => "SLOW",
        }
    }

    /// The section of docs/hangs.md about it.
    const fn anchor(&self) -> &'static str {
        match self {
            Self::Deadlocked(_) => "two-tasks-take-two-locks-in-opposite-order",
            Self::WokenButUnpolled(_) => "a-select-stops-polling-a-designated-future",
            Self::Leaked(_) | Self::HolderEnded(_) => "a-permit-is-never-released",
            Self::BarrierShort { .. } => "a-barrier-waits-for-a-party-that-never-arrives",
            Self::NotSet | Self::NotNotified => "a-signal-that-came-too-early",
            _ => "other-reports",
        }
    }
}

/// What is known of the polls of a task whose future was woken. `by_itself`: others need not wait
/// for it.
struct Unpolled<'a> {
    wait: &'a Wait,
    by_itself: bool,
}

impl Display for Unpolled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let past = if self.by_itself { "" } else { ", and no other gets past it" };
        let (Some(life), Some(woken)) = (self.wait.who.life(), self.wait.woken()) else {
            f.write_str(" (futurelock, or a busy runtime)")?;
            return write!(f, ": it is the turn of a future that is not polled{past}");
        };
        if life.polled_at() >= clock::as_nanos(woken) {
            f.write_str(" (futurelock): its task was polled since, but not this future")?;
            return f.write_str(past);
        }
        f.write_str(": the whole task has not been polled since; its runtime is busy, ")?;
        match life.polled_on().filter(|thread| thread.life().is_blocked()) {
            Some(thread) => {
                write!(f, "or blocked: it was last polled on {thread}, which sits in `block()`")
            }
            None => f.write_str("or its thread is blocked"),
        }
    }
}

/// The thread that a task blocks: its poll is in `block()`.
fn blocked_by(who: &Actor) -> Option<ThreadInfo> {
    let Actor::Task(_) = who else { return None };
    let life = who.life().filter(|life| life.pulse().is_polled())?;
    life.polled_on().filter(|thread| thread.life().is_blocked())
}

/// What an actor does that waits for nothing that is known.
struct Activity<'a>(&'a Actor, Instant);

impl Display for Activity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(who, now) = self;
        let Actor::Task(task) = who else {
            return f.write_str(" waits for nothing that is known here");
        };
        let Some(life) = who.life().filter(|_| !task.has_ended()) else {
            return f.write_str(" has ended");
        };
        let ago = clock::as_nanos(*now).saturating_sub(life.polled_at());
        let ago = Seconds(Duration::from_nanos(ago));
        if !life.pulse().is_polled() {
            return write!(f, " was last polled {ago} ago, and waits for something else");
        }
        write!(f, " has been polled for {ago}")?;
        if let Some(thread) = life.polled_on() {
            write!(f, " on {thread}")?;
            if thread.life().is_blocked() {
                f.write_str(", which sits in `block()`")?;
            }
        }
        Ok(())
    }
}
