//! What was done to an event or a condition last. That explains a wait that lasts because no task
//! has set or notified it *since*.
//!
//! A record of these has no holds. The words of the first hold are used instead: for the places,
//! and to count. The count tells what was seen from what was not. Neither a set nor a notification
//! reads the clock; it is timed when it wakes a waiter, or else when it is first seen, like a hold.

use std::{panic::Location, time::Instant};

use crate::Kind;

/// What was done last to an event or a condition: nothing is known of other primitives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signals {
    /// Of an event: its last `set`.
    pub set: Option<Signal>,
    /// Of an event: its last `clear`.
    pub cleared: Option<Signal>,
    /// Of a condition: its last `notify` or `notify_all`.
    pub notified: Option<Signal>,
}

/// A call of `set`, `clear`, `notify` or `notify_all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signal {
    /// Where it was called.
    pub at: &'static Location<'static>,
    /// When. If it woke no waiter, no clock was read, and this is when it was first seen: when a
    /// waiter began to wait, or when a watch or a snapshot looked.
    pub when: Instant,
    /// Whether it woke a waiter.
    pub woke: bool,
}

impl Signals {
    pub(crate) fn of(kind: Kind, signalled: Option<Signal>, cleared: Option<Signal>) -> Self {
        match kind {
            Kind::Event => Self { set: signalled, cleared, notified: None },
            _ => Self { set: None, cleared: None, notified: signalled },
        }
    }
}

impl Signals {
    /// Those that there are, in words.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static str, Signal)> + use<> {
        let each = [("set", self.set), ("cleared", self.cleared), ("notified", self.notified)];
        each.into_iter().filter_map(|(did, signal)| Some((did, signal?)))
    }
}

/// How many signals of one sort there were when it was last looked.
#[derive(Clone, Copy, Default)]
pub(crate) struct LastSeen {
    count: u32,
    when: Option<Instant>,
    woke: bool,
}

impl LastSeen {
    /// Records that there were so many by now.
    pub(crate) fn see(&mut self, count: u32, now: Instant) {
        if self.count != count {
            *self = Self { count, when: Some(now), woke: false };
        }
    }

    /// Records that the last of so many wakes a waiter now.
    pub(crate) fn wakes(&mut self, count: u32, now: Instant) {
        // Of several waiters, the first.
        if self.count != count || !self.woke {
            *self = Self { count, when: Some(now), woke: true };
        }
    }

    /// The last one, which was called there.
    pub(crate) fn last(self, at: Option<&'static Location<'static>>) -> Option<Signal> {
        Some(Signal { at: at?, when: self.when?, woke: self.woke })
    }
}
