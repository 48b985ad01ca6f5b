//! Waits: each is an entry from the time at which its task is enqueued until it is over.

use std::{panic::Location, time::Instant};

use super::{
    Attributed, Record,
    entries::{Entries, tick},
};
use crate::{
    actor::Key,
    attempts::Before,
    clock,
    evidence::{self, Seen},
    life::Life,
};

#[derive(Clone)]
pub(crate) struct WaitEntry {
    pub(crate) number: u64,
    pub(crate) whose: Attributed,
    pub(crate) at: &'static Location<'static>,
    pub(crate) since: Instant,
    /// What was given up before it, at the same place and by the same task.
    pub(crate) before: Before,
    /// When it was woken, if it was.
    pub(crate) woken: Option<Instant>,
    /// The tag that it joined with.
    pub(crate) tag: usize,
}

impl Record {
    /// Enters a wait that begins now, and returns its key.
    #[inline]
    pub(crate) fn wait(
        &self,
        whose: Attributed,
        at: &'static Location<'static>,
        tag: usize,
    ) -> usize {
        self.count_wait(&whose, Life::begin_wait);
        let now = clock::now();
        let entries = &mut *self.entries();
        self.see(entries, now);
        let number = tick(&mut entries.next);
        let before = match self.kind().has_permits() {
            true => {
                let is_first = entries.waits.is_empty();
                entries.attempts.begin(self.first.number(), is_first, now);
                Key::of(&whose.who).map(|key| entries.attempts.take(key, at, now))
            }
            false => None,
        };
        let before = before.unwrap_or_default();
        entries.waits.insert(WaitEntry { number, whose, at, since: now, before, woken: None, tag })
    }

    /// Says that a wait is another's by now.
    pub(crate) fn pass_wait(&self, key: usize, whose: Attributed) {
        if let Some(wait) = self.entries().waits.get_mut(key) {
            self.count_wait(&whose, Life::begin_wait);
            self.count_wait(&wait.whose, Life::end_wait);
            wait.whose = whose;
        }
    }

    /// Says that a waiter was called.
    #[inline]
    pub(crate) fn call(&self, key: usize, now: Instant) {
        let entries = &mut *self.entries();
        if let Some(wait) = entries.waits.get_mut(key) {
            wait.woken = Some(now);
        }
        if self.kind().has_signals() {
            entries.signalled.wakes(self.counts().0, now);
        }
    }

    /// Strikes a wait out. `granted`: it has come to its end.
    #[inline]
    pub(crate) fn end_wait(&self, key: usize, granted: bool) {
        let has_permits = self.kind().has_permits();
        let mut entries = self.entries();
        let ended = entries.waits.try_remove(key);
        let Some(wait) = ended else { return };
        if !granted && has_permits && wait.woken.is_none() {
            entries.attempts.give_up(&wait, clock::now());
        }
        drop(entries);
        self.count_wait(&wait.whose, Life::end_wait);
        // A task that is dropped with its wait does not go on: that shows nothing of the program.
        if !granted && has_permits && wait.whose.is_polled() {
            evidence::learn(wait.at, Seen::GivenUp);
        }
    }

    /// Records that all that there is was seen now.
    pub(super) fn see(&self, entries: &mut Entries, now: Instant) {
        if self.kind().has_signals() {
            let (signalled, cleared) = self.counts();
            entries.signalled.see(signalled, now);
            entries.cleared.see(cleared, now);
            return;
        }
        let number = self.first.number();
        if entries.seen.is_none_or(|(seen, _)| seen != number) {
            entries.seen = Some((number, now));
        }
        if let Some(passed) = &mut entries.passed {
            passed.since.get_or_insert(now);
        }
        if !entries.unseen.is_empty() {
            entries.see_all(now);
        }
    }

    /// Tells the life of an actor of a wait for permits.
    pub(super) fn count_wait(&self, whose: &Attributed, count: impl FnOnce(&Life)) {
        if let Some(life) = whose.who.life().filter(|_| self.kind().has_permits()) {
            count(life);
        }
    }
}
