//! The text of the reports.

use std::{
    fmt::{self, Display},
    time::{Duration, Instant, SystemTime},
};

use crate::{
    Certainty, ConditionSite, Deadlock, Edge, Hold, Primitive, PrimitiveId, Signal, Site, Snapshot,
    Wait, WaitState,
};

/// How many of a kind are listed, before the rest are only counted.
const LISTED: usize = 12;

/// `Lock "cache" #3 (made at src/main.rs:7:13)`, and a condition's: `Lock "jobs" #3 (the lock of
/// Condition "jobs", made at src/main.rs:7:13)`.
impl Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, name, created, condition, .. } = self;
        write!(f, "{kind} ")?;
        if let Some(name) = name {
            write!(f, "{name:?} ")?;
        }
        match condition {
            Some(condition) => write!(f, "{id} ({}, made at {created})", LockOf(condition)),
            None => write!(f, "{id} (made at {created})"),
        }
    }
}

/// `the lock of Condition "jobs"`, `the lock of the Condition made at src/main.rs:7:13`.
struct LockOf<'a>(&'a ConditionSite);

impl Display for LockOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.name {
            Some(name) => write!(f, "the lock of Condition {name:?}"),
            None => write!(f, "the lock of the Condition made at {}", self.0.created),
        }
    }
}

/// `Lock "cache" #3`, `Lock #3 (made at src/main.rs:7:13)`, `Lock #3 (the lock of Condition
/// "jobs")`.
pub(crate) struct Brief<'a>(pub(crate) &'a Site);

impl Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Site { id, kind, name, created, condition, .. } = self.0;
        match (name, condition) {
            (Some(name), None) => write!(f, "{kind} {name:?} {id}"),
            (Some(name), Some(of)) => write!(f, "{kind} {name:?} {id} ({})", LockOf(of)),
            (None, Some(of)) => write!(f, "{kind} {id} ({})", LockOf(of)),
            (None, None) => write!(f, "{kind} {id} (made at {created})"),
        }
    }
}

/// `1.5 s`, `20 ms`.
pub(crate) struct Seconds(pub(crate) Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs_f64() {
            seconds if seconds >= 100.0 => write!(f, "{seconds:.0} s"),
            seconds if seconds >= 1.0 => write!(f, "{seconds:.1} s"),
            seconds => write!(f, "{:.0} ms", seconds * 1e3),
        }
    }
}

/// `2026-11-27 05:04:01Z`.
pub(crate) struct TimeOfDay(pub(crate) SystemTime);

impl Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let (days, seconds) = (since / 86400, since % 86400);
        // Howard Hinnant's algorithm. The year begins in March, so that the leap day is its last.
        let days = days + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year + u64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02} ")?;
        write!(f, "{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// Writes the first of `items` with `write`, and counts the rest.
pub(crate) fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    indent: &str,
    mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for item in items.iter().take(LISTED) {
        write!(f, "\n{indent}")?;
        write(f, item)?;
    }
    match items.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => write!(f, "\n{indent}... and {more} more"),
    }
}

/// Several permits are worth a word.
struct Permits(usize);

impl Display for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => Ok(()),
            permits => write!(f, " ({permits} permits)"),
        }
    }
}

/// A hold, as seen at a time.
pub(crate) struct HoldAt<'a>(pub(crate) &'a Hold, pub(crate) Instant);

impl Display for HoldAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(hold, now) = self;
        write!(
            f,
            "held by {} for at least {}{}, acquired at {}",
            hold.who,
            Seconds(now.saturating_duration_since(hold.since)),
            Permits(hold.permits),
            hold.at,
        )?;
        if hold.forgotten {
            f.write_str(" and its guard forgotten")
        } else if hold.who.has_ended() {
            f.write_str(", which has ended since")
        } else {
            Ok(())
        }
    }
}

/// A wait, as seen at a time.
pub(crate) struct WaitAt<'a>(pub(crate) &'a Wait, pub(crate) Instant);

impl Display for WaitAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(wait, now) = self;
        let age = |since| Seconds(now.saturating_duration_since(since));
        let Wait { who, at, since, permits, state, .. } = wait;
        let (age_of_wait, permits) = (age(*since), Permits(*permits));
        match state {
            WaitState::Queued { position } => {
                write!(f, "{position}. {who} waits for {age_of_wait}{permits}, at {at}")
            }
            WaitState::Woken { since } => write!(
                f,
                "-> {who} was woken {} ago and has not been polled since{permits}; it waits at {at}",
                age(*since)
            ),
        }
    }
}

/// When and where a signal was given, as seen at a time.
pub(crate) struct SignalAt<'a>(pub(crate) &'a Signal, pub(crate) Instant);

impl Display for SignalAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Signal { at, when, woke, .. }, now) = self;
        let least = if *woke { "" } else { "at least " };
        write!(f, "{least}{} ago at {at}", Seconds(now.saturating_duration_since(*when)))
    }
}

/// All that is held or waited for, a paragraph each.
impl Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.primitives.is_empty() {
            f.write_str("Nothing is held or waited for.")?;
            return match PrimitiveId::any() {
                true => Ok(()),
                false => f.write_str(
                    " No primitive has ever reported anything: \
                     is the feature `diagnostics` of awaitlist enabled?",
                ),
            };
        }
        for (index, primitive) in self.primitives.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write_primitive(f, primitive, self.taken)?;
        }
        Ok(())
    }
}

fn write_primitive(f: &mut fmt::Formatter<'_>, primitive: &Primitive, now: Instant) -> fmt::Result {
    let Primitive { site, permits, parties, holds, waits, signals } = primitive;
    write!(f, "{site}")?;
    if *parties > 0 {
        write!(f, ", for {parties} parties")?;
    } else if *permits > 1 {
        write!(f, ", with {permits} permits")?;
    }
    if site.may_wait {
        f.write_str(", waits may be long")?;
    }
    for (did, signal) in signals.each() {
        write!(f, "\n    last {did} {}", SignalAt(&signal, now))?;
    }
    list(f, holds, "    ", |f, hold| HoldAt(hold, now).fmt(f))?;
    list(f, waits, "    ", |f, wait| WaitAt(wait, now).fmt(f))
}

/// Each waiter, what it waits for and where, the holders and where they acquired it; and how sure
/// that is.
impl Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.certainty {
            Certainty::Uncontradicted => {
                "DEADLOCK: none of these can go on; there is no evidence to the contrary in this run"
            }
            Certainty::Possible => "POSSIBLE DEADLOCK: none of these may be able to go on",
        })?;
        list(f, &self.edges, "    ", |f, edge| edge.fmt(f))?;
        if self.is_of_one() {
            f.write_str("\n    unless these are branches of one `join!` or `select!`")?;
        }
        match self.certainty {
            Certainty::Uncontradicted => {
                f.write_str("\n    assumed:")?;
                list(f, &Self::ASSUMPTIONS, "      ", |f, assumption| f.write_str(assumption))
            }
            Certainty::Possible => {
                f.write_str("\n    but:")?;
                let (shown, rest) = self.doubts.split_at(self.doubts.len().min(4));
                list(f, shown, "      ", |f, doubt| doubt.fmt(f))?;
                match rest.len() {
                    0 => Ok(()),
                    more => write!(f, "\n      ... and {more} more doubts"),
                }
            }
        }
    }
}

impl Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, waits_at, site, held } = self;
        write!(f, "{who} waits at {waits_at} for {}", Brief(site))?;
        for (index, hold) in held.iter().take(LISTED).enumerate() {
            let also = if index == 0 { "," } else { ", and" };
            let itself = if hold.who == *who { " itself" } else { "" };
            write!(f, "{also}\n      which {}{itself} acquired at {}", hold.who, hold.at)?;
        }
        Ok(())
    }
}
