//! The reports of the diagnostics, with the places of Python's code.
//!
//! They have the layout of those of Rust. A place that is in this crate is no place that a user of
//! Python knows: it is replaced by the place of the task, or left out.

use std::{
    fmt::Write,
    panic::Location,
    path::Path,
    time::{Duration, Instant},
};

use awaitlist::diagnostics::{
    Actor, Cause, Certainty, Deadlock, Doubt, Edge, Hold, Phase, Signal, Signals, Site, Snapshot,
    Stall, Wait, WaitState,
};
use pyo3::prelude::*;

use crate::task;

/// How many of a kind are listed, before the rest are only counted.
const LISTED: usize = 12;

/// A deadlock, or a wait that lasts too long. Its `str` is the report.
#[pyclass(frozen, module = "awaitlist.diagnostics")]
pub(crate) struct Report {
    pub(crate) text: String,
    title: &'static str,
    tasks: Vec<String>,
}

#[pymethods]
impl Report {
    fn __str__(&self) -> &str {
        &self.text
    }

    /// The first words of the report, like `DEADLOCK`, `LEAKED` or `ENDED`.
    #[getter]
    fn title(&self) -> &'static str {
        self.title
    }

    /// The tasks and threads in it: those that wait first.
    #[getter]
    fn tasks(&self) -> Vec<String> {
        self.tasks.clone()
    }
}

impl Report {
    pub(crate) fn of_deadlock(found: &Deadlock) -> Self {
        Self {
            text: deadlock(found),
            title: title_of_deadlock(found),
            tasks: found.edges.iter().map(|edge| name(&edge.who)).collect(),
        }
    }

    pub(crate) fn of_stall(stall: &Stall) -> Self {
        let mut tasks = vec![name(&stall.wait.who)];
        match &stall.cause {
            Cause::Deadlocked(found) => tasks = found.edges.iter().map(|e| name(&e.who)).collect(),
            Cause::HolderQuiet(holds)
            | Cause::Leaked(holds)
            | Cause::HolderEnded(holds)
            | Cause::Slow(holds) => tasks.extend(holds.iter().map(|hold| name(&hold.who))),
            _ => {}
        }
        let title = match stall.phase {
            Phase::Ended { .. } => "ENDED",
            Phase::Still { .. } => "STILL",
            _ => title(&stall.cause),
        };
        Self { text: stalled(stall), title, tasks }
    }
}

/// The name of a task or a thread: as Python calls it, if it is Python's.
pub(crate) fn name(who: &Actor) -> String {
    match who {
        Actor::Task(task) => task.name().to_owned(),
        Actor::Thread(thread) | Actor::Unknown(thread) => {
            match task::thread(thread.thread().id()) {
                Some((name, _)) => name.to_string(),
                None => who.to_string(),
            }
        }
        _ => who.to_string(),
    }
}

/// In words. What ran outside of any task is a caller: another one may release what it acquired.
fn actor(who: &Actor) -> String {
    let known = match who {
        Actor::Thread(thread) => Some(("", thread)),
        Actor::Unknown(thread) => Some(("a caller on ", thread)),
        _ => None,
    };
    let name = known.and_then(|(what, thread)| {
        let (name, _) = task::thread(thread.thread().id())?;
        Some(format!("{what}thread {name:?}"))
    });
    name.unwrap_or_else(|| who.to_string())
}

/// Whether a place is in this crate.
fn is_ours(at: &Location<'_>) -> bool {
    Path::new(at.file()).parent() == Path::new(file!()).parent()
}

fn or_rusts(found: Option<std::sync::Arc<str>>, at: &Location<'_>) -> String {
    match found {
        Some(place) => place.to_string(),
        None if is_ours(at) => String::new(),
        None => at.to_string(),
    }
}

pub(crate) fn place_of_wait(who: &Actor, at: &Location<'_>) -> String {
    let found = match who {
        Actor::Task(task) => task::place_of_wait(task),
        Actor::Thread(thread) => task::thread(thread.thread().id()).map(|(_, place)| place),
        _ => None,
    };
    or_rusts(found.filter(|_| is_ours(at)), at)
}

pub(crate) fn place_of_hold(primitive: Option<&str>, hold: &Hold) -> String {
    let found = task::place_of_hold(primitive, &hold.who);
    or_rusts(found.filter(|_| is_ours(hold.at)), hold.at)
}

/// What was done to an event or a condition: what it was, and when and where.
pub(crate) fn each_signal(signals: &Signals) -> impl Iterator<Item = (&'static str, Signal)> {
    let each = [("set", signals.set), ("cleared", signals.cleared), ("notified", signals.notified)];
    each.into_iter().filter_map(|(did, signal)| Some((did, signal?)))
}

pub(crate) fn place_of_signal(primitive: Option<&str>, did: &str, signal: &Signal) -> String {
    let found = task::place_of_signal(primitive, did);
    or_rusts(found.filter(|_| is_ours(signal.at)), signal.at)
}

/// `last set 20 ms ago at bank.py:12`.
fn signalled(primitive: Option<&str>, did: &str, signal: &Signal, now: Instant) -> String {
    let least = if signal.woke { "" } else { "at least " };
    let place = at(&place_of_signal(primitive, did, signal));
    format!("last {did} {least}{} ago{place}", age(now, signal.when))
}

/// ` at bank.py:12`, or nothing.
fn at(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" at {place}") }
}

/// `Lock "bank.py:12" #1`.
fn brief(site: &Site) -> String {
    match site.name.as_deref() {
        Some(name) => format!("{} {name:?} {}", site.kind, site.id),
        None if is_ours(site.created) => format!("{} {}", site.kind, site.id),
        None => format!("{} {} (made at {})", site.kind, site.id, site.created),
    }
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 100.0 => format!("{seconds:.0} s"),
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.0} ms", seconds * 1e3),
    }
}

fn age(now: Instant, since: Instant) -> String {
    seconds(now.saturating_duration_since(since))
}

fn list<T>(text: &mut String, items: &[T], indent: &str, line: impl Fn(&T) -> String) {
    for item in items.iter().take(LISTED) {
        let _ = write!(text, "\n{indent}{}", line(item));
    }
    if let more @ 1.. = items.len().saturating_sub(LISTED) {
        let _ = write!(text, "\n{indent}... and {more} more");
    }
}

fn held(primitive: Option<&str>, hold: &Hold, now: Instant) -> String {
    let mut text = format!("held by {} for {}", actor(&hold.who), age(now, hold.since));
    if hold.permits > 1 {
        let _ = write!(text, " ({} permits)", hold.permits);
    }
    let place = place_of_hold(primitive, hold);
    if !place.is_empty() {
        let _ = write!(text, ", acquired at {place}");
    }
    if hold.who.has_ended() {
        text.push_str(", which has ended since");
    }
    text
}

fn waiting(wait: &Wait, now: Instant) -> String {
    let (who, place) = (actor(&wait.who), place_of_wait(&wait.who, wait.at));
    let comma = if place.is_empty() { "" } else { "," };
    match wait.state {
        WaitState::Queued { position } => {
            let age = age(now, wait.since);
            format!("{position}. {who} waits for {age}{comma}{}", at(&place))
        }
        WaitState::Woken { since } => format!(
            "-> {who} was woken {} ago and has not run since; it waits{}",
            age(now, since),
            at(&place)
        ),
    }
}

pub(crate) fn snapshot(snapshot: &Snapshot) -> String {
    if snapshot.primitives.is_empty() {
        return "Nothing is held or waited for.".to_owned();
    }
    let mut text = String::new();
    for (index, primitive) in snapshot.primitives.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&brief(&primitive.site));
        if primitive.parties > 0 {
            let _ = write!(text, ", for {} parties", primitive.parties);
        } else if primitive.permits > 1 {
            let _ = write!(text, ", with {} permits", primitive.permits);
        }
        let name = primitive.site.name.as_deref();
        for (did, signal) in each_signal(&primitive.signals) {
            let _ = write!(text, "\n    {}", signalled(name, did, &signal, snapshot.taken));
        }
        list(&mut text, &primitive.holds, "    ", |hold| held(name, hold, snapshot.taken));
        list(&mut text, &primitive.waits, "    ", |wait| waiting(wait, snapshot.taken));
    }
    text
}

fn edge(edge: &Edge) -> String {
    let place = place_of_wait(&edge.who, edge.waits_at);
    let mut text = format!("{} waits{} for {}", actor(&edge.who), at(&place), brief(&edge.site));
    for (index, hold) in edge.held.iter().take(LISTED).enumerate() {
        let also = if index == 0 { "," } else { ", and" };
        let itself = if hold.who == edge.who { " itself" } else { "" };
        let place = place_of_hold(edge.site.name.as_deref(), hold);
        let who = actor(&hold.who);
        let _ = write!(text, "{also}\n      which {who}{itself} acquired{}", at(&place));
    }
    text
}

fn title_of_deadlock(found: &Deadlock) -> &'static str {
    match found.certainty {
        Certainty::Uncontradicted => "DEADLOCK",
        Certainty::Possible => "POSSIBLE DEADLOCK",
    }
}

fn deadlock(found: &Deadlock) -> String {
    let mut text = title_of_deadlock(found).to_owned();
    text.push_str(match found.certainty {
        Certainty::Uncontradicted => {
            ": none of these can go on; there is no evidence to the contrary in this run"
        }
        Certainty::Possible => ": none of these may be able to go on",
    });
    list(&mut text, &found.edges, "    ", edge);
    match found.certainty {
        Certainty::Uncontradicted => {
            text.push_str(
                "\n    assumed:\n      no caller cancels one of these tasks, or releases what it \
                 has not acquired",
            );
        }
        Certainty::Possible => {
            text.push_str("\n    but:");
            list(&mut text, &found.doubts, "      ", doubt);
        }
    }
    text
}

fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Unnamed(who) => format!("{} is no task", actor(who)),
        Doubt::Owned(_) => "a thread may have passed on what it acquired".to_owned(),
        Doubt::Moved(at) if is_ours(at) => {
            "another task than the one that acquired has released before".to_owned()
        }
        Doubt::GivenUp(at) if is_ours(at) => {
            "a wait of this kind was cancelled or timed out before".to_owned()
        }
        Doubt::Signal(site) => format!("another task may release permits of the {}", brief(site)),
        other => other.to_string(),
    }
}

fn title(cause: &Cause) -> &'static str {
    match cause {
        Cause::Deadlocked(found) => title_of_deadlock(found),
        Cause::WokenButUnpolled(_) => "WOKEN BUT NOT RUN",
        Cause::HolderQuiet(_) => "HOLDER GONE QUIET",
        Cause::Leaked(_) => "LEAKED",
        Cause::HolderEnded(_) => "HOLDER HAS ENDED",
        Cause::BarrierShort { .. } => "BARRIER SHORT",
        Cause::NotSet => "NOT SET",
        Cause::NotNotified => "NOT NOTIFIED",
        Cause::NoPermits => "TOO FEW PERMITS",
        Cause::Slow(_) => "SLOW",
        _ => "STALL",
    }
}

fn stalled(stall: &Stall) -> String {
    let site = brief(&stall.site);
    let title = title(&stall.cause);
    let place = at(&place_of_wait(&stall.wait.who, stall.wait.at));
    let pid = std::process::id();
    match stall.phase {
        Phase::Still { lasted, more, .. } => {
            let lasted = seconds(lasted);
            format!(
                "[pid {pid}] STILL after {lasted}: {title}; {site}{place}\n  {more} more waits since"
            )
        }
        Phase::Ended { lasted, .. } => {
            format!("[pid {pid}] ENDED after {}: {title}; {site}{place}", seconds(lasted))
        }
        _ => {
            let mut text = format!(
                "[pid {pid}] STALL: {} has waited {} for {site}{place}",
                actor(&stall.wait.who),
                age(stall.seen, stall.wait.since),
            );
            if stall.others > 0 {
                let _ = write!(text, " (and {} more)", stall.others);
            }
            text.push_str("\n  ");
            cause(&mut text, stall);
            list(&mut text, &stall.chain, "    ", edge);
            if let Some(root) = &stall.root {
                let _ = write!(text, "\n  ROOT: {}{}", actor(root), task::stack(root));
            }
            text
        }
    }
}

/// Writes what was done last to the event or the condition.
fn done_last(text: &mut String, stall: &Stall) {
    for (did, signal) in each_signal(&stall.signals) {
        let name = stall.site.name.as_deref();
        let _ = write!(text, "\n    {}", signalled(name, did, &signal, stall.seen));
        if signal.when <= stall.wait.since {
            text.push_str(", before this wait began");
        }
        match did {
            "cleared" => {}
            _ if signal.woke => text.push_str("; it woke a waiter"),
            _ => text.push_str("; it woke no waiter"),
        }
    }
}

fn cause(text: &mut String, stall: &Stall) {
    let (name, now) = (stall.site.name.as_deref(), stall.seen);
    let mut holds = |what: &str, holds: &[Hold]| {
        let _ = write!(text, "{}: {what}", title(&stall.cause));
        list(text, holds, "    ", |hold| held(name, hold, now));
    };
    match &stall.cause {
        Cause::Deadlocked(found) => text.push_str(&deadlock(found)),
        Cause::HolderQuiet(live) => holds("it is held and not released", live),
        Cause::Leaked(lost) => holds("these were not released by what acquired them", lost),
        Cause::HolderEnded(lost) => {
            holds("the tasks that acquired these have ended without a release", lost);
        }
        Cause::Slow(live) => holds("it changes hands, but there are many waiters", live),
        Cause::WokenButUnpolled(first) => {
            text.push_str("WOKEN BUT NOT RUN: its loop is busy or blocked, or has ended");
            let _ = write!(text, "\n    {}", waiting(first, now));
            done_last(text, stall);
        }
        Cause::BarrierShort { missing, arrived } => {
            let (come, parties) = (arrived.len(), missing + arrived.len());
            let _ = write!(text, "BARRIER SHORT of {missing}: {come} of {parties} have come");
            list(text, arrived, "    ", |wait| waiting(wait, now));
        }
        Cause::NotSet => {
            text.push_str("NOT SET: the event is not set");
            if stall.signals.set.is_none() {
                text.push_str("\n    it was never set");
            }
            done_last(text, stall);
            list(text, stall.woken(), "    ", |wait| waiting(wait, now));
        }
        Cause::NotNotified => {
            text.push_str("NOT NOTIFIED: the wait has received no notification");
            if stall.signals.notified.is_none() {
                text.push_str("\n    it was never notified");
            }
            done_last(text, stall);
            list(text, stall.woken(), "    ", |wait| waiting(wait, now));
        }
        Cause::NoPermits => {
            text.push_str("TOO FEW PERMITS: none is held, so another task has to release some");
        }
        other => text.push_str(title(other)),
    }
}
