//! Waits that are given up and begun again: a deadlock that is retried with a timeout, a `select!`
//! that makes its wait anew, requests that all time out.
//!
//! Each such wait is young. Those that one task begins at one place, one soon after the other, are
//! added up. And it is recorded since when no waiter was served, whichever tasks waited.

use std::{
    panic::Location,
    time::{Duration, Instant},
};

use crate::actor::Key;

/// How many tasks are remembered that gave up.
const MOST: usize = 64;

/// How many waits must be given up, and no waiter served, for that to count as one wait.
const MANY: usize = 3;

/// What one task gave up at one place before a wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(crate) attempts: usize,
    /// How long it has waited in all of these.
    pub(crate) waited: Duration,
}

struct GivenUp {
    who: Key,
    at: &'static Location<'static>,
    before: Before,
    /// When the last wait was given up, and how long it had lasted.
    ended: Instant,
    last: Duration,
}

/// A time in which no waiter was served.
struct Unserved {
    /// The number of the first hold then: with another one, the primitive has changed hands.
    hold: u64,
    since: Instant,
    given_up: usize,
    /// When the last wait was given up, and how long the longest of them had lasted.
    ended: Instant,
    longest: Duration,
}

/// The waits of one primitive that were given up.
#[derive(Default)]
pub(crate) struct Attempts {
    given_up: Vec<GivenUp>,
    unserved: Option<Unserved>,
}

impl Attempts {
    /// A wait begins. `is_first`: there is no other.
    pub(crate) fn begin(&mut self, hold: u64, is_first: bool, now: Instant) {
        let goes_on = self.unserved.as_ref().is_some_and(|unserved| {
            let gap = now.saturating_duration_since(unserved.ended);
            unserved.hold == hold && (!is_first || gap <= unserved.longest)
        });
        if !goes_on {
            let (given_up, longest) = (0, Duration::ZERO);
            self.unserved = Some(Unserved { hold, since: now, given_up, ended: now, longest });
        }
    }

    /// Returns what `who` has given up there, if it was not longer ago than that had lasted. So the
    /// task has waited for the greater part of the time.
    pub(crate) fn take(
        &mut self,
        who: Key,
        at: &'static Location<'static>,
        now: Instant,
    ) -> Before {
        let is_its = |given_up: &GivenUp| given_up.who == who && given_up.at == at;
        let Some(index) = self.given_up.iter().position(is_its) else { return Before::default() };
        let given_up = self.given_up.swap_remove(index);
        let gap = now.saturating_duration_since(given_up.ended);
        if gap <= given_up.last { given_up.before } else { Before::default() }
    }

    /// Sets since when no waiter was served, and with which first hold; or that one was just now.
    /// For the first wait that is given up after a while without.
    pub(crate) fn resume(&mut self, unserved: Option<(u64, Instant)>) {
        self.unserved = unserved.map(|(hold, since)| {
            let (given_up, longest) = (0, Duration::ZERO);
            Unserved { hold, since, given_up, ended: since, longest }
        });
    }

    /// A wait is given up that was not served, and began then.
    pub(crate) fn give_up(
        &mut self,
        who: Option<Key>,
        at: &'static Location<'static>,
        since: Instant,
        before: Before,
        now: Instant,
    ) {
        let last = now.saturating_duration_since(since);
        if let Some(unserved) = &mut self.unserved {
            unserved.given_up += 1;
            unserved.ended = now;
            unserved.longest = unserved.longest.max(last);
        }
        let Some(who) = who else { return };
        self.forget_old(now);
        if self.given_up.len() < MOST {
            let Before { attempts, waited } = before;
            let before = Before { attempts: attempts + 1, waited: waited.saturating_add(last) };
            self.given_up.push(GivenUp { who, at, before, ended: now, last });
        }
    }

    fn forget_old(&mut self, now: Instant) {
        self.given_up.retain(|one| now.saturating_duration_since(one.ended) <= one.last);
    }

    /// Returns since when no waiter was served, if a wait has begun and none was given up that
    /// counts.
    pub(crate) fn has_none(&mut self, now: Instant) -> Option<Instant> {
        self.forget_old(now);
        let unserved = self.unserved.as_ref().filter(|unserved| unserved.given_up == 0)?;
        self.given_up.is_empty().then_some(unserved.since)
    }

    /// A waiter is served.
    pub(crate) fn served(&mut self) {
        self.unserved = None;
    }

    /// Returns since when no waiter was served, and how many waits were given up meanwhile, if they
    /// are many. `hold`: the number of the first hold now. `is_waited_for`: there is a wait now.
    /// Otherwise the last one was given up not longer ago than the longest had lasted.
    pub(crate) fn unserved(
        &self,
        hold: u64,
        is_waited_for: bool,
        now: Instant,
    ) -> Option<(Instant, usize)> {
        let unserved = self.unserved.as_ref().filter(|unserved| {
            let gap = now.saturating_duration_since(unserved.ended);
            unserved.hold == hold
                && unserved.given_up >= MANY
                && (is_waited_for || gap <= unserved.longest)
        });
        unserved.map(|unserved| (unserved.since, unserved.given_up))
    }
}
