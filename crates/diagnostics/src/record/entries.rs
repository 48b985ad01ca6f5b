//! What is beside the first hold: further holds, and what is said of few waits. In a box behind
//! the record's lock.

use std::{collections::BTreeMap, panic::Location, time::Instant};

use slab::Slab;

use super::{
    Attributed,
    holds::{HoldEntry, HoldNumber},
    supply::Supply,
    told::Told,
    waits::BesideWait,
};
use crate::{Site, attempts::Attempts, beside::OfPrimitive, signals::LastSeen};

/// What there is beside the first hold.
pub(super) struct Entries {
    /// The number of the primitive that they are of.
    pub(super) of: u64,
    pub(super) holds: Slab<HoldEntry>,
    /// The holds that were forgotten: their keys, by their numbers.
    pub(super) forgotten: BTreeMap<HoldNumber, usize>,
    /// What there is about some waits that their slots have no words for, by their numbers.
    pub(super) waits: BTreeMap<u64, BesideWait>,
    /// The first hold, if it was passed on.
    pub(super) passed: Option<HoldEntry>,
    /// The keys of holds that have not been seen since they began. Some may be over.
    pub(super) unseen: Vec<usize>,
    pub(super) supply: Supply,
    /// Whether forgotten permits were released.
    pub(super) released_by_hand: bool,
    /// The waits that were given up, and since when no waiter was served.
    pub(super) attempts: Attempts,
    /// What was said of the primitive after it was made.
    pub(super) told: Option<Box<Told>>,
    /// What was seen of the sets or notifications, and of the clears.
    pub(super) signalled: LastSeen,
    pub(super) cleared: LastSeen,
    /// Numbers holds in the order in which they came.
    pub(super) next: u64,
}

impl OfPrimitive for Entries {
    fn of(&self) -> u64 {
        self.of
    }
}

impl Entries {
    /// Those of a primitive with that number and size: none yet.
    pub(super) fn new(number: u64, size: usize) -> Self {
        Self {
            of: number,
            holds: Slab::new(),
            forgotten: BTreeMap::new(),
            waits: BTreeMap::new(),
            passed: None,
            unseen: Vec::new(),
            supply: Supply::new(size),
            released_by_hand: false,
            attempts: Attempts::default(),
            told: None,
            signalled: LastSeen::default(),
            cleared: LastSeen::default(),
            next: 0,
        }
    }

    /// Adds to `site` what was said of the primitive after it was made.
    pub(super) fn add_to(&self, site: &mut Site) {
        if let Some(told) = &self.told {
            site.name = told.name.clone().or(site.name.take());
            site.may_wait |= told.may_wait;
            site.condition = told.condition.clone().or(site.condition.take());
        }
    }

    pub(super) fn hold(
        &mut self,
        number: HoldNumber,
        whose: Attributed,
        at: &'static Location<'static>,
        since: Option<Instant>,
        permits: usize,
        owned: bool,
    ) -> usize {
        let forgotten = false;
        self.insert(HoldEntry { number, whose, at, since, permits, forgotten, owned })
    }

    pub(super) fn insert(&mut self, entry: HoldEntry) -> usize {
        let is_seen = entry.since.is_some();
        let key = self.holds.insert(entry);
        if !is_seen {
            if self.unseen.len() > self.most_unseen() {
                self.forget_ended();
            }
            self.unseen.push(key);
        }
        key
    }

    /// Records that all holds were seen now.
    pub(super) fn see_all(&mut self, now: Instant) {
        let Self { holds, unseen, .. } = self;
        for key in unseen.drain(..) {
            if let Some(hold) = holds.get_mut(key) {
                hold.since.get_or_insert(now);
            }
        }
        self.give_back();
    }

    /// How many keys are kept in `unseen` before those of ended holds are struck out.
    fn most_unseen(&self) -> usize {
        2 * self.holds.len() + 8
    }

    /// Strikes out of `unseen` what is over.
    #[cold]
    fn forget_ended(&mut self) {
        let Self { holds, unseen, .. } = self;
        unseen.retain(|key| holds.get(*key).is_some_and(|hold| hold.since.is_none()));
        unseen.sort_unstable();
        unseen.dedup();
        self.give_back();
    }

    /// Gives the memory of `unseen` back after a peak.
    fn give_back(&mut self) {
        let most = self.most_unseen();
        if self.unseen.capacity() > 4 * most {
            self.unseen.shrink_to(most);
        }
    }

    /// Strikes out `permits` that were forgotten, the oldest first. Answers how many there were
    /// fewer.
    pub(super) fn end_forgotten(&mut self, mut permits: usize) -> usize {
        while permits > 0 {
            let Some(oldest) = self.forgotten.first_entry() else {
                break;
            };
            let key = *oldest.get();
            let hold = &mut self.holds[key];
            let part = permits.min(hold.permits);
            hold.permits -= part;
            permits -= part;
            if hold.permits == 0 {
                oldest.remove();
                self.holds.remove(key);
            }
        }
        permits
    }
}

#[inline]
pub(super) fn tick(next: &mut u64) -> u64 {
    *next += 1;
    *next
}
