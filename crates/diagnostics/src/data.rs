//! The reports as data: the one place that says what their fields are called. It is written as JSON
//! by `to_json`, and by serde with the feature `serde`.
//!
//! Times are seconds. Places are `file:line:column`. The JSON is written by hand, so that `to_json`
//! needs no dependency; `tests/diagnostics/outputs.rs` compares it with what serde_json writes.

use std::{
    fmt::{self, Display, Write},
    panic::Location,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    Actor, Cause, Certainty, ConditionSite, Deadlock, Edge, Histogram, Hold, Inversion, OrderStep,
    Phase, Primitive, Profile, ProfileRow, Signal, Signals, Site, Snapshot, Stall, Wait, WaitState,
};

/// A value of JSON.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(u64),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
}

/// Makes a map.
macro_rules! map {
    ($($name:literal: $value:expr),* $(,)?) => {
        Value::Map(vec![$(($name, Value::from($value))),*])
    };
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Integer(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Integer(value as u64)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Duration> for Value {
    fn from(value: Duration) -> Self {
        Self::Float(value.as_secs_f64())
    }
}

/// Seconds since 1970.
impl From<SystemTime> for Value {
    fn from(value: SystemTime) -> Self {
        Self::from(value.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }
}

impl From<&Location<'_>> for Value {
    fn from(value: &Location<'_>) -> Self {
        Self::Text(value.to_string())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

fn list<'a, T: 'a>(
    values: impl IntoIterator<Item = &'a T>,
    value: impl FnMut(&'a T) -> Value,
) -> Value {
    Value::List(values.into_iter().map(value).collect())
}

impl From<&Actor> for Value {
    fn from(who: &Actor) -> Self {
        let (sort, id, name) = match who {
            Actor::Task(task) => ("task", Some(task.id()), Some(task.name().to_owned())),
            Actor::Thread(thread) => {
                ("thread", Some(thread.number()), thread.thread().name().map(str::to_owned))
            }
            Actor::Waker(waker) => ("unnamed", None, waker.label().map(str::to_owned)),
            Actor::Unknown(thread) => ("caller", None, thread.thread().name().map(str::to_owned)),
        };
        let (text, ended) = (who.to_string(), who.has_ended());
        map! { "sort": sort, "id": id, "name": name, "text": text, "ended": ended }
    }
}

impl From<&Site> for Value {
    fn from(site: &Site) -> Self {
        map! {
            "id": site.id.get(),
            "kind": site.kind.name(),
            "name": site.name.as_deref(),
            "made_at": site.created,
            "may_wait": site.may_wait,
            "condition": site.condition.as_ref(),
        }
    }
}

impl From<&ConditionSite> for Value {
    fn from(condition: &ConditionSite) -> Self {
        map! { "name": condition.name.as_deref(), "made_at": condition.created }
    }
}

fn signals(signals: &Signals, now: Instant) -> Value {
    let signal = |signal: Option<Signal>| {
        signal.map(|Signal { at, when, woke }| {
            map! { "at": at, "seconds": now.saturating_duration_since(when), "woke": woke }
        })
    };
    let Signals { set, cleared, notified } = *signals;
    map! { "set": signal(set), "cleared": signal(cleared), "notified": signal(notified) }
}

fn hold(hold: &Hold, now: Instant) -> Value {
    map! {
        "who": &hold.who,
        "at": hold.at,
        "seconds": now.saturating_duration_since(hold.since),
        "permits": hold.permits,
        "forgotten": hold.forgotten,
        "owned": hold.owned,
        "leaked": hold.is_leaked(),
    }
}

fn wait(wait: &Wait, now: Instant) -> Value {
    let (position, woken) = match wait.state {
        WaitState::Queued { position } => (Some(position), None),
        WaitState::Woken { since } => (None, Some(now.saturating_duration_since(since))),
    };
    map! {
        "who": &wait.who,
        "at": wait.at,
        "seconds": now.saturating_duration_since(wait.since),
        "permits": wait.permits,
        "position": position,
        "woken_seconds": woken,
        "attempts_before": wait.attempts_before,
        "waited_before_seconds": wait.waited_before,
    }
}

fn primitive(primitive: &Primitive, now: Instant) -> Value {
    map! {
        "site": &primitive.site,
        "permits": primitive.permits,
        "parties": primitive.parties,
        "holds": list(&primitive.holds, |one| hold(one, now)),
        "waits": list(&primitive.waits, |one| wait(one, now)),
        "last": signals(&primitive.signals, now),
    }
}

impl From<&Snapshot> for Value {
    fn from(snapshot: &Snapshot) -> Self {
        map! {
            "time": snapshot.time,
            "pid": u64::from(std::process::id()),
            "primitives": list(&snapshot.primitives, |one| primitive(one, snapshot.taken)),
        }
    }
}

fn edge(edge: &Edge, now: Instant) -> Value {
    map! {
        "who": &edge.who,
        "at": edge.waits_at,
        "site": &edge.site,
        "held": list(edge.held.iter(), |one| hold(one, now)),
    }
}

fn deadlock(deadlock: &Deadlock, now: Instant) -> Value {
    let certainty = match deadlock.certainty {
        Certainty::Uncontradicted => "uncontradicted",
        Certainty::Possible => "possible",
    };
    map! {
        "certainty": certainty,
        "edges": list(&deadlock.edges, |one| edge(one, now)),
        "doubts": list(&deadlock.doubts, |doubt| Value::from(doubt.to_string())),
    }
}

impl From<&Deadlock> for Value {
    fn from(one: &Deadlock) -> Self {
        deadlock(one, crate::clock::now())
    }
}

fn cause(cause: &Cause, now: Instant) -> Value {
    let holds = |holds: &[Hold]| list(holds, |one| hold(one, now));
    let waits = |waits: &[Wait]| list(waits, |one| wait(one, now));
    let title = cause.title();
    match cause {
        Cause::Deadlocked(one) => map! { "title": title, "deadlock": deadlock(one, now) },
        Cause::WokenButUnpolled(one) => map! { "title": title, "wait": wait(one, now) },
        Cause::HolderQuiet(held)
        | Cause::Leaked(held)
        | Cause::HolderEnded(held)
        | Cause::Slow(held) => map! { "title": title, "holds": holds(held) },
        Cause::BarrierShort { missing, arrived } => {
            map! { "title": title, "missing": *missing, "arrived": waits(arrived) }
        }
        Cause::NotSet | Cause::NotNotified | Cause::NoPermits => map! { "title": title },
    }
}

impl From<&Stall> for Value {
    fn from(stall: &Stall) -> Self {
        let now = stall.seen;
        let (phase, lasted, more) = match stall.phase {
            Phase::New => ("new", None, None),
            Phase::Still { lasted, more, .. } => ("still", Some(lasted), Some(more)),
            Phase::Ended { lasted, more } => ("ended", Some(lasted), Some(more)),
        };
        map! {
            "time": stall.time,
            "pid": u64::from(std::process::id()),
            "phase": phase,
            "lasted_seconds": lasted,
            "more": more,
            "site": &stall.site,
            "wait": wait(&stall.wait, now),
            "others": stall.others,
            "cause": cause(&stall.cause, now),
            "wanted_permits": stall.permits.map(|(wanted, _)| wanted),
            "available_permits": stall.permits.map(|(_, available)| available),
            "last": signals(&stall.signals, now),
            "woken": list(&stall.woken, |one| wait(one, now)),
            "unserved_seconds":
                stall.unserved.map(|unserved| now.saturating_duration_since(unserved.since)),
            "given_up": stall.unserved.map(|unserved| unserved.given_up),
            "chain": list(&stall.chain, |one| edge(one, now)),
            "root": stall.root.as_ref(),
        }
    }
}

impl From<&OrderStep> for Value {
    fn from(step: &OrderStep) -> Self {
        map! {
            "who": &step.who,
            "held": &step.held,
            "held_at": step.held_at,
            "asked": &step.asked,
            "asked_at": step.asked_at,
        }
    }
}

impl From<&Inversion> for Value {
    fn from(inversion: &Inversion) -> Self {
        map! { "steps": list(&inversion.steps, Value::from), "is_of_one": inversion.is_of_one() }
    }
}

impl From<&Histogram> for Value {
    fn from(times: &Histogram) -> Self {
        map! {
            "count": times.count,
            "sum_seconds": times.sum,
            "longest_seconds": times.longest,
            "buckets": list(&times.buckets, |count| Value::Integer(*count)),
        }
    }
}

impl From<&ProfileRow> for Value {
    fn from(row: &ProfileRow) -> Self {
        map! {
            "site": &row.site,
            "at": row.at,
            "acquired": row.acquired,
            "given_up": row.given_up,
            "waits": &row.waits,
            "holds": &row.holds,
        }
    }
}

impl From<&Profile> for Value {
    fn from(profile: &Profile) -> Self {
        map! {
            "lasted_seconds": profile.lasted,
            "bucket_limits_seconds": list(&Histogram::LIMITS, |limit| Value::from(*limit)),
            "rows": list(&profile.rows, Value::from),
        }
    }
}

/// As JSON, on one line.
impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            // All are finite, so this is a number of JSON, with a point or an exponent.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => quoted(f, text),
            Self::List(values) => {
                f.write_char('[')?;
                for (index, value) in values.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    value.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Map(entries) => {
                f.write_char('{')?;
                for (index, (name, value)) in entries.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    quoted(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            // So that it can stand in a page's script.
            '<' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                write!(f, "\\u{:04x}", u32::from(char))?;
            }
            char => f.write_char(char)?,
        }
    }
    f.write_char('"')
}

/// Gives the types `to_json`, and with the feature `serde` `Serialize`.
macro_rules! reports {
    ($($name:ident: $what:literal, $example:literal;)*) => {$(
        impl $name {
            #[doc = concat!("Returns ", $what, " as JSON, on one line. With the feature `serde`, it")]
            /// can be serialized, with the same fields.
            ///
            /// Times are seconds, also those since 1970 (`time`). Places are `file:line:column`.
            ///
            /// ```
            #[doc = $example]
            /// ```
            pub fn to_json(&self) -> String {
                Value::from(self).to_string()
            }
        }

        #[cfg(feature = "serde")]
        impl serde_core::Serialize for $name {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Value::from(self).serialize(serializer)
            }
        }
    )*};
}

reports! {
    Snapshot: "the snapshot",
        "assert!(awaitlist_diagnostics::snapshot().to_json().starts_with(\"{\\\"time\\\":\"));";
    Deadlock: "the deadlock",
        "for deadlock in awaitlist_diagnostics::deadlocks() { println!(\"{}\", deadlock.to_json()); }";
    Stall: "the stall",
        "# use std::time::Duration;\n\
         for stall in awaitlist_diagnostics::watch(Duration::from_secs(10)).check() {\n    \
         println!(\"{}\", stall.to_json());\n}";
    Inversion: "the inversion",
        "for one in awaitlist_diagnostics::lock_order().inversions() { println!(\"{}\", one.to_json()); }";
    Profile: "the profile",
        "assert!(awaitlist_diagnostics::profile().read().to_json().contains(\"\\\"rows\\\":[]\"));";
}

#[cfg(feature = "serde")]
mod serializing {
    use serde_core::{
        Serialize, Serializer,
        ser::{SerializeMap, SerializeSeq},
    };

    use super::Value;

    impl Serialize for Value {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Null => serializer.serialize_none(),
                Self::Bool(value) => serializer.serialize_bool(*value),
                Self::Integer(value) => serializer.serialize_u64(*value),
                Self::Float(value) => serializer.serialize_f64(*value),
                Self::Text(text) => serializer.serialize_str(text),
                Self::List(values) => {
                    let mut list = serializer.serialize_seq(Some(values.len()))?;
                    values.iter().try_for_each(|value| list.serialize_element(value))?;
                    list.end()
                }
                Self::Map(entries) => {
                    let mut map = serializer.serialize_map(Some(entries.len()))?;
                    entries
                        .iter()
                        .try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                    map.end()
                }
            }
        }
    }
}
