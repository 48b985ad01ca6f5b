//! The record as it is read, by a snapshot, a watch or the search for deadlocks.

use std::{ops::Deref, sync::atomic::Ordering, time::Instant};

use parking_lot::MutexGuard;

use super::{
    Made, Record,
    entries::Entries,
    holds::{HoldEntry, HoldSeen},
    supply::Supply,
    waits::WaitEntry,
};
use crate::{PrimitiveId, Signals, Site, clock, names};

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

    /// Whether any task waits, or has given up so short a time ago that it may try again.
    pub(crate) fn is_waited_for(&self, now: Instant) -> bool {
        // A wait that begins now is not seen yet.
        self.record.more.has_more()
            && self.more().is_some_and(|more| {
                let hold = self.record.first.number();
                more.as_ref().is_some_and(|entries| {
                    !entries.waits.is_empty()
                        || entries.attempts.unserved(hold, false, now).is_some()
                })
            })
    }

    /// Since when no waiter was served although there was one nearly always, and how many waits
    /// were given up meanwhile.
    pub(crate) fn unserved(&self, now: Instant) -> Option<(Instant, usize)> {
        let more = self.more()?;
        let entries = more.as_ref()?;
        let hold = self.record.first.number();
        entries.attempts.unserved(hold, !entries.waits.is_empty(), now)
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
        let places = (words.at.get(), words.who[1].load(Ordering::Relaxed));
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

    /// All holds, in the order in which they came. Each is true at some moment of the call. With
    /// `marks`, it is kept when they are first seen also where no task waits.
    pub(crate) fn holds(&self, marks: bool) -> Vec<HoldSeen> {
        let record = self.record;
        let mut holds: Vec<HoldSeen> = Vec::new();
        let Some(mut more) = self.more() else { return holds };
        if marks && more.is_none() && record.first.read(|_| ()).is_some() {
            record.more.put(&mut more, Entries::new(self.id.get(), self.size));
        }
        if let Some(entries) = &mut *more {
            record.see(entries, clock::now());
        }
        let first = record.first(more.as_deref());
        // It may be the next primitive's.
        if !record.made.has(self.id.get()) {
            return holds;
        }
        let see = |hold: &HoldEntry| {
            let since = hold.since.unwrap_or_else(clock::now);
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
        let mut waits = Vec::new();
        self.read_waits(|wait| waits.push(wait.clone()));
        waits.sort_unstable_by_key(|wait| wait.number);
        waits
    }

    /// Looks at each wait: since when it lasts, with those that were given up before it, and its
    /// number.
    pub(crate) fn for_each_wait(&self, now: Instant, mut look: impl FnMut(Instant, u64)) {
        let unserved = self.unserved(now).map(|(since, _)| since);
        self.read_waits(|wait| {
            let since = wait.since.checked_sub(wait.before.waited).unwrap_or(wait.since);
            look(unserved.map_or(since, |unserved| unserved.min(since)), wait.number);
        });
    }

    /// Reads the waits, some at a time, so that the users of the primitive need not wait for it
    /// however many there are.
    fn read_waits(&self, mut read: impl FnMut(&WaitEntry)) {
        let mut next = 0;
        while let Some(more) = self.more() {
            let Some(entries) = &*more else { return };
            let end = entries.waits.capacity().min(next + CHUNK);
            (next..end).filter_map(|key| entries.waits.get(key)).for_each(&mut read);
            if end == entries.waits.capacity() {
                return;
            }
            next = end;
        }
    }
}
