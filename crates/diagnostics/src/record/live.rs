//! The record as it is read, by a snapshot, a watch or the search for deadlocks.

use std::{ops::Deref, sync::atomic::Ordering, time::Instant};

use parking_lot::MutexGuard;

use super::{
    Attributed, Made, Record,
    entries::Entries,
    holds::{HoldEntry, HoldSeen},
    line::{Line, WaitSeen},
    supply::Supply,
    waits::{BESIDE, BesideWait, LABELLED, WaitEntry, words_of},
};
use crate::{PrimitiveId, Signals, Site, actor::Words, clock, names};

/// How many entries are read under one hold of a lock.
const CHUNK: usize = 512;

/// A primitive that lived when its record was looked at.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub(super) record: &'static Record,
    pub(crate) id: PrimitiveId,
    pub(super) made: Made,
}

impl Deref for Live {
    type Target = Made;

    fn deref(&self) -> &Made {
        &self.made
    }
}

impl Live {
    /// Locks what there is beside the first hold, if the primitive still lives.
    fn more(&self) -> Option<MutexGuard<'static, Option<Box<Entries>>>> {
        let record = self.record;
        record.more.of_live(self.id.get(), || record.made.has(self.id.get()))
    }

    /// The line of its waits. It may be the next primitive's.
    fn line(&self) -> Option<&'static Line> {
        self.record.line.get()
    }

    fn lives(&self) -> bool {
        self.record.made.has(self.id.get())
    }

    /// Whether any task waits, or has given up so short a time ago that it may try again.
    pub(crate) fn is_waited_for(&self, now: Instant) -> bool {
        // A wait that begins now is not seen yet.
        self.line().is_some_and(|line| line.is_waited_for())
            || self.unserved_for(|_| false, now).is_some()
    }

    /// Since when no waiter was served although there was one nearly always, and how many waits
    /// were given up meanwhile.
    pub(crate) fn unserved(&self, now: Instant) -> Option<(Instant, usize)> {
        self.unserved_for(Line::is_waited_for, now)
    }

    fn unserved_for(
        &self,
        is_waited_for: impl FnOnce(&Line) -> bool,
        now: Instant,
    ) -> Option<(Instant, usize)> {
        let line = self.line()?;
        // Relaxed: a hint. What was given up is read under the lock.
        if !line.is_retried.load(Ordering::Relaxed) {
            return None;
        }
        // Before the lock: it looks at all slots.
        let is_waited_for = is_waited_for(line);
        let more = self.more()?;
        let hold = self.record.first.number();
        more.as_ref()?.attempts.unserved(hold, is_waited_for, now)
    }

    /// Whether forgotten permits were ever released: then those that are forgotten now are no leak.
    pub(crate) fn releases_by_hand(&self) -> bool {
        self.more().is_some_and(|more| more.as_ref().is_some_and(|more| more.released_by_hand))
    }

    /// Which primitive it is, with what was said of it later.
    pub(crate) fn site(&self) -> Site {
        let mut site = self.made.site(self.id);
        if self.record.was_told() {
            if let Some(entries) = self.more().as_ref().and_then(|more| more.as_ref()) {
                entries.add_to(&mut site);
            }
        }
        site
    }

    /// Its last set and clear, or its last notification.
    pub(crate) fn signals(&self) -> Signals {
        if !self.kind.has_signals() {
            return Signals::default();
        }
        let Some(more) = self.more() else { return Signals::default() };
        let (signalled, cleared) = match more.as_ref() {
            Some(entries) => (entries.signalled, entries.cleared),
            None => Default::default(),
        };
        let words = self.record.first.words();
        // Acquire: a later owner's word is not seen with this owner's number, which is loaded next.
        let places = (words.at.get(), words.who[1].load(Ordering::Acquire));
        // They may be the next primitive's.
        if !self.record.made.has(self.id.get()) {
            return Signals::default();
        }
        drop(more);
        let cleared_at = usize::try_from(places.1).ok().and_then(names::place);
        Signals::of(self.kind, signalled.last(places.0), cleared.last(cleared_at))
    }

    pub(crate) fn supply(&self) -> Supply {
        let more = self.more();
        let entries = more.as_ref().and_then(|more| more.as_ref());
        entries.map_or(Supply::new(self.size), |entries| entries.supply)
    }

    /// All holds, in the order in which they came. Each is true at some moment of the call.
    pub(crate) fn holds(&self) -> Vec<HoldSeen> {
        let record = self.record;
        let mut holds: Vec<HoldSeen> = Vec::new();
        let Some(mut more) = self.more() else { return holds };
        let now = self.kind.stamp();
        if self.kind.has_signals() {
            if record.counts() != (0, 0) && self.line().is_some() {
                let entries =
                    record.more.fill(&mut more, || Entries::new(self.id.get(), self.size));
                record.see_signals_in(entries, clock::instant(now));
            }
            return holds;
        }
        record.see_first(now);
        if let Some(entries) = &mut *more {
            record.see_entries(entries, clock::instant(now));
        }
        let first = record.first(more.as_deref());
        // It may be the next primitive's.
        if !record.made.has(self.id.get()) {
            return holds;
        }
        let see = |hold: &HoldEntry| {
            let since = hold.since.unwrap_or_else(|| clock::instant(now));
            HoldSeen { entry: hold.clone(), since }
        };
        holds.extend(first.as_ref().map(see));
        let mut next = 0;
        while let Some(entries) = more.as_deref() {
            let end = entries.holds.capacity().min(next + CHUNK);
            let found = (next..end).filter_map(|key| entries.holds.get(key));
            holds.extend(found.map(see));
            if end == entries.holds.capacity() {
                break;
            }
            next = end;
            drop(more);
            match self.more() {
                Some(again) => more = again,
                None => break,
            }
        }
        holds.sort_by_key(|hold| hold.number);
        // The first may have become an entry meanwhile.
        holds.dedup_by_key(|hold| hold.number);
        holds
    }

    /// All waits, in the order in which they came. Each is true at some moment of the call.
    pub(crate) fn waits(&self) -> Vec<WaitEntry> {
        let mut seen = Vec::new();
        self.read_waits(|wait| seen.push(*wait));
        seen.sort_unstable_by_key(|wait| wait.number);
        seen.iter().filter_map(|wait| self.entry(wait)).collect()
    }

    /// A wait in full. `None` if it is over by now.
    fn entry(&self, wait: &WaitSeen) -> Option<WaitEntry> {
        let WaitSeen { number, facts, woken } = *wait;
        let BesideWait { whose, before } = self.beside(wait)?;
        // A wait that was passed on may have the label of its former owner for a moment.
        let whose = match whose.filter(|_| facts.flags & LABELLED != 0) {
            Some(whose) => whose,
            None => {
                let words = words_of(&facts);
                Attributed { who: words.actor()?, sure: words.kind & Words::SURE != 0 }
            }
        };
        let (since, woken) =
            (clock::instant(facts.since), (woken != 0).then(|| clock::instant(woken)));
        Some(WaitEntry { number, whose, at: facts.at, since, before, woken, tag: facts.tag })
    }

    /// What is said of a wait beside its slot. `None` if it is over by now.
    fn beside(&self, wait: &WaitSeen) -> Option<BesideWait> {
        match wait.facts.flags & BESIDE {
            0 => Some(BesideWait::default()),
            _ => self.more()?.as_ref()?.waits.get(&wait.number).cloned(),
        }
    }

    /// Looks at each wait: since when it lasts, with those that were given up before it, and its
    /// number.
    pub(crate) fn for_each_wait(&self, now: Instant, mut look: impl FnMut(Instant, u64)) {
        let unserved = self.unserved(now).map(|(since, _)| since);
        self.read_waits(|wait| {
            let since = clock::instant(wait.facts.since);
            let before = self.beside(wait).unwrap_or_default().before;
            let since = since.checked_sub(before.waited).unwrap_or(since);
            look(unserved.map_or(since, |unserved| unserved.min(since)), wait.number);
        });
    }

    /// Reads the waits, in no order.
    fn read_waits(&self, read: impl FnMut(&WaitSeen)) {
        if let Some(line) = self.line() {
            line.read(|| self.lives(), read);
        }
    }
}
