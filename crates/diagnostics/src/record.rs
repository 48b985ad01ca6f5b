//! The record of one primitive: its holders and its waiters, written by the primitive as they change.
//!
//! A record is its own lock, held for a few steps at a time: no user code runs under it, no primitive is
//! used under it, and in a model nothing that is modelled happens under it. So it can be read from
//! anywhere: inside a waker, or while every thread blocks.
//!
//! It never records more than is true. A hold is added after the permits were taken, and removed before
//! they are released. A wait is added, and marked as notified, under the lock of its queue. It is removed
//! under that lock as well; or, once it was notified, by the task that finds the notification. Until then
//! the record says that it was notified.

use std::{
    collections::BTreeMap,
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use parking_lot::Mutex;
use slab::Slab;

use crate::{
    Actor, Kind, PrimitiveId,
    actor::{self, Key},
    evidence::{self, Seen},
    life::Life,
};

/// How many entries are read under one hold of a lock.
const CHUNK: usize = 512;

pub(crate) struct Record {
    pub(crate) id: PrimitiveId,
    pub(crate) kind: Kind,
    pub(crate) name: Option<&'static str>,
    pub(crate) created: &'static Location<'static>,
    /// Of a semaphore: how many permits it began with. Of a barrier: how many parties it takes.
    pub(crate) size: usize,
    entries: Mutex<Entries>,
}

struct Entries {
    holds: Slab<HoldEntry>,
    /// The holds that were forgotten: their keys, by their numbers.
    forgotten: BTreeMap<u64, usize>,
    waits: Slab<WaitEntry>,
    supply: Supply,
    /// Whether forgotten permits were released.
    released_by_hand: bool,
    /// Numbers holds and waits in the order in which they came.
    next: u64,
}

/// The permits that there are, in whosever hands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Supply {
    /// Wider than what can be released at once, so that a release which is refused takes back just what it had announced.
    permits: u128,
    /// Whether some were made up, by a release of what nobody had acquired: then more may be.
    pub(crate) made_up: bool,
}

impl Supply {
    /// How many there are.
    pub(crate) fn permits(self) -> usize {
        usize::try_from(self.permits).unwrap_or(usize::MAX)
    }
}

/// Whose something is.
#[derive(Clone)]
pub(crate) struct Attributed {
    pub(crate) who: Actor,
    /// Whether that is sure enough for a deadlock to be certain.
    pub(crate) sure: bool,
}

impl Attributed {
    pub(crate) const fn surely(who: Actor) -> Self {
        Self { who, sure: true }
    }

    /// Whether it is known to be polled now.
    fn is_polled(&self) -> bool {
        self.who.life().is_some_and(|life| life.pulse().is_polled())
    }
}

#[derive(Clone)]
pub(crate) struct HoldEntry {
    pub(crate) number: u64,
    pub(crate) whose: Attributed,
    pub(crate) at: &'static Location<'static>,
    pub(crate) since: Instant,
    pub(crate) permits: usize,
    /// The guard was forgotten: anybody may give it back.
    pub(crate) forgotten: bool,
    /// The guard owns its primitive, and was not adopted: it may have been sent elsewhere.
    pub(crate) owned: bool,
}

impl HoldEntry {
    /// Whether holds of this call site were seen to be released elsewhere.
    pub(crate) fn moves(&self) -> bool {
        evidence::was_seen(self.at, Seen::Moved)
    }
}

#[derive(Clone)]
pub(crate) struct WaitEntry {
    pub(crate) number: u64,
    pub(crate) whose: Attributed,
    pub(crate) at: &'static Location<'static>,
    pub(crate) since: Instant,
    /// When it was woken, if it was.
    pub(crate) woken: Option<Instant>,
    /// The tag that it joined with.
    pub(crate) tag: usize,
}

/// The number of the next record.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl PrimitiveId {
    fn next() -> Self {
        // Relaxed: all that matters is that no two are equal.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns whether any primitive has reported anything in this process.
    pub(crate) fn any() -> bool {
        // Relaxed: nothing is read in consequence.
        NEXT.load(Ordering::Relaxed) > 1
    }
}

impl Record {
    pub(crate) fn new(
        kind: Kind,
        name: Option<&'static str>,
        created: &'static Location<'static>,
        size: usize,
    ) -> Self {
        Self {
            id: PrimitiveId::next(),
            kind,
            name,
            created,
            size,
            entries: Mutex::new(Entries {
                holds: Slab::new(),
                forgotten: BTreeMap::new(),
                waits: Slab::new(),
                supply: Supply { permits: size as u128, made_up: false },
                released_by_hand: false,
                next: 0,
            }),
        }
    }

    /// Enters a hold, and answers its key.
    #[inline]
    pub(crate) fn hold(
        &self,
        whose: Attributed,
        at: &'static Location<'static>,
        since: Instant,
        permits: usize,
        owned: bool,
    ) -> usize {
        actor::acts_here();
        self.entries.lock().hold(whose, at, since, permits, owned)
    }

    /// Makes a hold of a wait, and answers its key.
    #[inline]
    pub(crate) fn grant(&self, key: usize, permits: usize, owned: bool) -> usize {
        let entries = &mut *self.entries.lock();
        let wait = entries.waits.remove(key);
        self.count_wait(&wait.whose, Life::end_wait);
        actor::acts_here();
        let since = wait.woken.unwrap_or(wait.since);
        entries.hold(wait.whose, wait.at, since, permits, owned)
    }

    /// Tells the life of an actor of a wait for permits.
    fn count_wait(&self, whose: &Attributed, count: impl FnOnce(&Life)) {
        if let Some(life) = whose.who.life().filter(|_| self.kind.has_permits()) {
            count(life);
        }
    }

    /// Strikes a hold out.
    #[inline]
    pub(crate) fn end_hold(&self, key: usize) {
        actor::acts_here();
        let ended = self.entries.lock().holds.try_remove(key);
        let key = ended.as_ref().and_then(|hold| Key::of(&hold.whose.who));
        if let (Some(hold), true) = (ended, key.is_some_and(Key::is_elsewhere)) {
            evidence::learn(hold.at, Seen::Moved);
        }
    }

    /// Records another bound of a semaphore. It may change again, so the permits count as made up: a
    /// wait for them is not called certain to be in vain.
    pub(crate) fn change_bound(&self, from: usize, to: usize) {
        let supply = &mut self.entries.lock().supply;
        supply.permits = supply.permits.saturating_add(to as u128).saturating_sub(from as u128);
        supply.made_up = true;
    }

    /// Changes how many permits a hold is of.
    pub(crate) fn resize_hold(&self, key: usize, permits: usize) {
        if let Some(hold) = self.entries.lock().holds.get_mut(key) {
            hold.permits = permits;
        }
    }

    /// Who has that hold, and where and when it was acquired.
    pub(crate) fn holder(&self, key: usize) -> Option<HoldEntry> {
        self.entries.lock().holds.get(key).cloned()
    }

    /// Says that a hold is another's by now. It is another hold then.
    pub(crate) fn pass_hold(&self, key: usize, whose: Attributed) {
        let entries = &mut *self.entries.lock();
        let number = tick(&mut entries.next);
        if let Some(hold) = entries.holds.get_mut(key) {
            hold.number = number;
            hold.whose = whose;
            hold.owned = false;
        }
    }

    /// Says that a hold's guard was forgotten, for anybody to give back.
    pub(crate) fn forget_hold(&self, key: usize, whose: Option<Attributed>) {
        let entries = &mut *self.entries.lock();
        if let Some(hold) = entries.holds.get_mut(key) {
            hold.forgotten = true;
            entries.forgotten.insert(hold.number, key);
            if let Some(whose) = whose {
                hold.whose = whose;
            }
        }
    }

    /// Strikes out `permits` that were forgotten, the oldest first, and are somebody's again.
    pub(crate) fn take_over(&self, permits: usize) {
        let entries = &mut *self.entries.lock();
        entries.released_by_hand |= entries.end_forgotten(permits) < permits;
    }

    /// Says that `permits` are about to be given back that no guard holds. Until it is known whose they were, they count as
    /// if they were made up: never too few are counted.
    pub(crate) fn expect(&self, permits: usize) {
        let supply = &mut self.entries.lock().supply;
        supply.permits = supply.permits.saturating_add(permits as u128);
    }

    /// Says that they were not given back after all.
    pub(crate) fn expect_less(&self, permits: usize) {
        let supply = &mut self.entries.lock().supply;
        supply.permits = supply.permits.saturating_sub(permits as u128);
    }

    /// Says that `permits` that were expected have been given back: those that were forgotten, the oldest first, and for the
    /// rest made up.
    pub(crate) fn release(&self, permits: usize) {
        let entries = &mut *self.entries.lock();
        let made_up = entries.end_forgotten(permits);
        entries.released_by_hand |= made_up < permits;
        let supply = &mut entries.supply;
        supply.permits = supply.permits.saturating_sub((permits - made_up) as u128);
        supply.made_up |= made_up > 0;
    }

    /// Enters a wait, and answers its key.
    #[inline]
    pub(crate) fn wait(
        &self,
        whose: Attributed,
        at: &'static Location<'static>,
        since: Instant,
        tag: usize,
    ) -> usize {
        self.count_wait(&whose, Life::begin_wait);
        let entries = &mut *self.entries.lock();
        entries.waits.insert(WaitEntry {
            number: tick(&mut entries.next),
            whose,
            at,
            since,
            woken: None,
            tag,
        })
    }

    /// Says that a wait is another's by now.
    pub(crate) fn pass_wait(&self, key: usize, whose: Attributed) {
        if let Some(wait) = self.entries.lock().waits.get_mut(key) {
            self.count_wait(&whose, Life::begin_wait);
            self.count_wait(&wait.whose, Life::end_wait);
            wait.whose = whose;
        }
    }

    /// Says that a waiter was called.
    #[inline]
    pub(crate) fn call(&self, key: usize, now: Instant) {
        if let Some(wait) = self.entries.lock().waits.get_mut(key) {
            wait.woken = Some(now);
        }
    }

    /// Strikes a wait out. `granted`: it has come to its end.
    #[inline]
    pub(crate) fn end_wait(&self, key: usize, granted: bool) {
        let ended = self.entries.lock().waits.try_remove(key);
        let Some(wait) = ended else { return };
        self.count_wait(&wait.whose, Life::end_wait);
        // A task that is dropped with its wait does not go on: that shows nothing of the program.
        if !granted && self.kind.has_permits() && wait.whose.is_polled() {
            evidence::learn(wait.at, Seen::GivenUp);
        }
    }

    /// Whether anybody waits.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.entries.lock().waits.is_empty()
    }

    /// Whether forgotten permits were ever released: then those that are forgotten now are no leak.
    pub(crate) fn releases_by_hand(&self) -> bool {
        self.entries.lock().released_by_hand
    }

    pub(crate) fn supply(&self) -> Supply {
        self.entries.lock().supply
    }

    /// All holds, in the order in which they came. Each is true at some moment of the call.
    pub(crate) fn holds(&self) -> Vec<HoldEntry> {
        let mut holds = self.read(|entries| &entries.holds, HoldEntry::clone);
        holds.sort_unstable_by_key(|hold| hold.number);
        holds
    }

    /// All waits, in the order in which they came. Each is true at some moment of the call.
    pub(crate) fn waits(&self) -> Vec<WaitEntry> {
        let mut waits = self.read(|entries| &entries.waits, WaitEntry::clone);
        waits.sort_unstable_by_key(|wait| wait.number);
        waits
    }

    /// Looks at each wait: since when it lasts, and its number.
    pub(crate) fn for_each_wait(&self, mut look: impl FnMut(Instant, u64)) {
        self.read(|entries| &entries.waits, |wait| look(wait.since, wait.number));
    }

    /// Reads a slab, some entries at a time, so that its users need not wait for it however many there are.
    fn read<T, R>(
        &self,
        slab: impl Fn(&Entries) -> &Slab<T>,
        mut read: impl FnMut(&T) -> R,
    ) -> Vec<R> {
        let mut found = Vec::new();
        let mut next = 0;
        loop {
            let entries = self.entries.lock();
            let slab = slab(&entries);
            let end = slab.capacity().min(next + CHUNK);
            found.extend((next..end).filter_map(|key| slab.get(key)).map(&mut read));
            if end == slab.capacity() {
                return found;
            }
            next = end;
        }
    }
}

impl Entries {
    #[inline]
    fn hold(
        &mut self,
        whose: Attributed,
        at: &'static Location<'static>,
        since: Instant,
        permits: usize,
        owned: bool,
    ) -> usize {
        self.holds.insert(HoldEntry {
            number: tick(&mut self.next),
            whose,
            at,
            since,
            permits,
            forgotten: false,
            owned,
        })
    }

    /// Strikes out `permits` that were forgotten, the oldest first. Answers how many there were fewer.
    fn end_forgotten(&mut self, mut permits: usize) -> usize {
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
fn tick(next: &mut u64) -> u64 {
    *next += 1;
    *next
}
