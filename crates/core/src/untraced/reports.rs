//! The types of reports. They have the fields that they have with the feature, and no values.

use core::{convert::Infallible, fmt, panic::Location, time::Duration};
use std::{
    sync::Arc,
    time::{Instant, SystemTime},
    vec::Vec,
};

use super::{Actor, Histogram};

macro_rules! reports {
    ($(
        #[doc = $doc:literal]
        $name:ident [$($derive:ident),*] { $($field:ident: $type:ty = $about:literal,)* }
    )*) => {$(
        #[doc = $doc]
        ///
        /// It has no value without the feature.
        #[derive(Clone, Debug, PartialEq $(, $derive)*)]
        #[non_exhaustive]
        pub struct $name {
            $(#[doc = $about] pub $field: $type,)*
            never: Infallible,
        }
    )*};
}

reports! {
    /// Which primitive it is.
    Site [Eq] {
        id: PrimitiveId = "Its number.",
        kind: Kind = "Its type.",
        name: Option<Name> = "Its name.",
        created: &'static Location<'static> = "Where it was made.",
        may_wait: bool = "Whether waits for it are meant to be long.",
        condition: Option<ConditionSite> = "Of a lock: its condition.",
    }
    /// The condition that a lock belongs to.
    ConditionSite [Eq] {
        name: Option<Name> = "Its name.",
        created: &'static Location<'static> = "Where it was made.",
    }
    /// What was done last to an event or a condition.
    Signals [Eq] {
        set: Option<Signal> = "The last `set`.",
        cleared: Option<Signal> = "The last `clear`.",
        notified: Option<Signal> = "The last notification.",
    }
    /// A call of `set`, `clear`, `notify` or `notify_all`.
    Signal [Eq, Copy] {
        at: &'static Location<'static> = "Where it was called.",
        when: Instant = "When.",
        woke: bool = "Whether it woke a waiter.",
    }
    /// A primitive that is held or waited for.
    Primitive [] {
        site: Site = "Which it is.",
        permits: usize = "How many permits there are.",
        parties: usize = "How many parties it takes.",
        holds: Vec<Hold> = "Its holders.",
        waits: Vec<Wait> = "Its waiters.",
        signals: Signals = "What was done to it last.",
    }
    /// One acquisition that lasts.
    Hold [] {
        who: Actor = "The holder.",
        at: &'static Location<'static> = "Where it was acquired.",
        since: Instant = "When.",
        permits: usize = "How many permits these are.",
        forgotten: bool = "Whether its guard was forgotten.",
        owned: bool = "Whether its guard owns the primitive and was not adopted.",
    }
    /// One wait.
    Wait [] {
        who: Actor = "The waiter.",
        at: &'static Location<'static> = "Where the wait was asked for.",
        since: Instant = "When it joined the queue.",
        permits: usize = "How many permits it waits for.",
        state: WaitState = "How far it has come.",
        attempts_before: usize = "How many waits the same task has given up before.",
        waited_before: Duration = "How long these lasted together.",
    }
    /// Tasks and threads that wait for each other, or for themselves, and what they wait for.
    Deadlock [] {
        certainty: Certainty = "How strong the evidence is.",
        edges: Vec<Edge> = "Its waits.",
        doubts: Vec<Doubt> = "Why it may be none.",
    }
    /// A waiter in a deadlock, and the holders of what it waits for.
    Edge [] {
        who: Actor = "The waiter.",
        waits_at: &'static Location<'static> = "Where it asked for the wait.",
        site: Site = "What it waits for.",
        held: Arc<[Hold]> = "The holders.",
    }
    /// What a watch reports.
    Stall [] {
        site: Site = "What is waited for.",
        wait: Wait = "The wait.",
        others: usize = "How many others there are.",
        cause: Cause = "Why it lasts.",
        permits: Option<(usize, usize)> = "How many permits are needed, and available.",
        signals: Signals = "What was done to it last.",
        unserved: Option<Unserved> = "Since when no waiter was served.",
        chain: Vec<Edge> = "What the holder waits for.",
        root: Option<Actor> = "The holder that all wait for.",
        phase: Phase = "Whether it is new.",
        seen: Instant = "When that was seen.",
        time: SystemTime = "The same as time of day.",
    }
    /// A time in which no waiter was served.
    Unserved [Eq, Copy] {
        since: Instant = "When it began.",
        given_up: usize = "How many waits were given up since.",
    }
    /// Locks that were acquired in orders that do not agree.
    Inversion [] {
        steps: Vec<OrderStep> = "Its steps.",
    }
    /// A request, made by a task that held something else.
    OrderStep [] {
        who: Actor = "The task or thread.",
        held: Site = "What it held.",
        held_at: &'static Location<'static> = "Where it had acquired that.",
        asked: Site = "What it asked for.",
        asked_at: &'static Location<'static> = "Where.",
    }
    /// What one call site did.
    ProfileRow [] {
        site: Site = "The primitive.",
        at: &'static Location<'static> = "Where `acquire` or `wait` was called.",
        acquired: u64 = "How many times it was acquired.",
        given_up: u64 = "How many waits for permits were given up.",
        waits: Histogram = "The waits.",
        holds: Histogram = "The holds that have ended.",
    }
}

macro_rules! displayed {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.never {}
            }
        }
    )*};
}

displayed! { Site Deadlock Edge Stall Inversion }

macro_rules! data {
    ($($name:ident)*) => {$(
        impl $name {
            /// Never returns: there is no value.
            pub const fn to_json(&self) -> std::string::String {
                match self.never {}
            }
        }

        #[cfg(feature = "serde")]
        impl serde_core::Serialize for $name {
            fn serialize<S: serde_core::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                match self.never {}
            }
        }
    )*};
}

data! { Deadlock Stall Inversion }

impl Hold {
    /// Never returns: there is no hold.
    pub const fn is_leaked(&self) -> bool {
        match self.never {}
    }
}

impl Wait {
    /// Never returns: there is no wait.
    pub const fn woken(&self) -> Option<Instant> {
        match self.never {}
    }
}

impl Deadlock {
    /// What is assumed of a deadlock.
    pub const ASSUMPTIONS: [&str; 2] = [
        "guards are where they were acquired, or were passed on with `diagnostics::adopt`",
        "no caller cancels one of these tasks, or releases permits that it has not acquired",
    ];
}

impl Inversion {
    /// Never returns: there is no inversion.
    pub const fn is_of_one(&self) -> bool {
        match self.never {}
    }
}

#[cfg(feature = "tracing")]
impl Inversion {
    /// Never returns: there is no inversion.
    pub const fn trace(&self) {
        match self.never {}
    }
}

#[cfg(feature = "tracing")]
impl Stall {
    /// Never returns: there is no stall.
    pub const fn trace(&self) {
        match self.never {}
    }
}

/// The number of a primitive. It has no value without the feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrimitiveId(Infallible);

impl PrimitiveId {
    /// Never returns: there is no number.
    pub const fn get(self) -> u64 {
        match self.0 {}
    }
}

impl fmt::Display for PrimitiveId {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

/// The name of a primitive. It has no value without the feature.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Infallible);

impl core::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self.0 {}
    }
}

impl fmt::Display for Name {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

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
    /// Returns the type's name.
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

    /// Returns whether it has permits, which tasks hold.
    pub const fn has_permits(self) -> bool {
        matches!(self, Self::Lock | Self::Semaphore | Self::BoundedSemaphore)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
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

/// How strong the evidence for a deadlock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented with the feature")]
pub enum Certainty {
    Uncontradicted,
    Possible,
}

/// A reason why a deadlock may be none.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "documented with the feature")]
pub enum Doubt {
    Unnamed(Actor),
    OtherWakers(Actor),
    Running(Actor),
    Branches(Actor),
    Nested(Actor),
    Ended(Actor),
    Owned(&'static Location<'static>),
    Moved(&'static Location<'static>),
    GivenUp(&'static Location<'static>),
    Signal(Site),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::DISABLED)
    }
}

/// Whether a stall is new.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "documented with the feature")]
pub enum Phase {
    New,
    Still { lasted: Duration, more: usize, per_second: f64 },
    Ended { lasted: Duration, more: usize },
}

/// Why a wait lasts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "documented with the feature")]
pub enum Cause {
    Deadlocked(Deadlock),
    WokenButUnpolled(Wait),
    HolderQuiet(Vec<Hold>),
    Leaked(Vec<Hold>),
    HolderEnded(Vec<Hold>),
    BarrierShort { missing: usize, arrived: Vec<Wait> },
    NotSet,
    NotNotified,
    NoPermits,
    Slow(Vec<Hold>),
}
