//! Holds: the first one, in words that its holder publishes, and those beside it, as entries.

use std::{
    ops::Deref,
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use super::{
    Attributed, Record,
    entries::{Entries, tick},
    line::Line,
};
use crate::{
    actor::{Asker, Key, Words},
    clock,
    evidence::{self, Seen},
    here,
    static_ref::StaticRef,
};

/// The key of the first hold. Other keys are those of the slab.
pub(crate) const FIRST: usize = usize::MAX - 1;

/// The words of a hold.
///
/// An event and a condition have no holds. Of these, `at` is the place of the last set or
/// notification, the second word of `who` is the address of the place of the last clear, and
/// `permits` counts both: see [`signals`](crate::signals).
pub(super) struct HoldWords {
    pub(super) at: StaticRef<Location<'static>>,
    /// What the holder is known by.
    pub(super) who: [AtomicU64; 2],
    /// The [kind](Words::kind) of the holder, the flags below, and above them the number of
    /// permits.
    pub(super) permits: AtomicU64,
    /// When it was first seen, or granted to a waiter. 0 until then.
    since: AtomicU64,
}

const OWNED: u64 = 1 << 3;
/// Whether the hold was passed on, so that [`Entries::passed`] is right about it.
const PASSED: u64 = 1 << 4;
const PERMITS_SHIFT: u32 = 5;

const MAX_PERMITS: u64 = u64::MAX >> PERMITS_SHIFT;

/// How many permits a hold has, and whether its guard owns the primitive, in one word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount(u64);

impl Amount {
    /// `None` if there are none, or more than a word can say.
    #[inline]
    pub(crate) const fn new(permits: usize, owned: bool) -> Option<Self> {
        let (permits, owned) = (permits as u64, if owned { OWNED } else { 0 });
        match permits {
            1..=MAX_PERMITS => Some(Self(permits << PERMITS_SHIFT | owned)),
            _ => None,
        }
    }
}

/// The number of a hold: how many first holds there were, and how many entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HoldNumber {
    first: u64,
    entry: u64,
}

#[derive(Clone)]
pub(crate) struct HoldEntry {
    pub(crate) number: HoldNumber,
    pub(crate) whose: Attributed,
    pub(crate) at: &'static Location<'static>,
    /// When it was first seen, or granted to a waiter. `None` until then.
    pub(super) since: Option<Instant>,
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

/// A hold as it is read.
#[derive(Clone)]
pub(crate) struct HoldSeen {
    pub(super) entry: HoldEntry,
    pub(crate) since: Instant,
}

impl Deref for HoldSeen {
    type Target = HoldEntry;

    fn deref(&self) -> &HoldEntry {
        &self.entry
    }
}

impl HoldWords {
    pub(super) const fn none() -> Self {
        Self {
            at: StaticRef::none(),
            who: [const { AtomicU64::new(0) }; 2],
            permits: AtomicU64::new(0),
            since: AtomicU64::new(0),
        }
    }

    fn who(&self) -> Words {
        let who = [&self.who[0], &self.who[1]].map(|word| word.load(Ordering::Relaxed));
        Words { kind: self.permits.load(Ordering::Relaxed), who }
    }
}

impl Record {
    /// Returns what the holder of the first hold is known by.
    pub(crate) fn first_holder(&self) -> Option<Words> {
        self.first.read(HoldWords::who).map(|(_, words)| words)
    }

    /// Returns whether there is a first hold, or one is about to be published.
    #[inline]
    pub(crate) fn has_first(&self) -> bool {
        !self.first.is_empty()
    }

    /// Publishes a hold, if it is the only one. `since`: when it was granted, or 0. `is_alone`: no
    /// other thread can do that now. The caller [counts](here::begins_first_hold) it.
    #[inline(always)]
    pub(crate) fn hold_first(
        &self,
        Words { kind, who }: Words,
        at: &'static Location<'static>,
        Amount(amount): Amount,
        since: u64,
        is_alone: bool,
    ) -> bool {
        let claimed = if is_alone { self.first.claim_alone() } else { self.first.claim() };
        let Some(number) = claimed else { return false };
        let words = self.first.words();
        words.at.put(Some(at));
        words.who[0].store(who[0], Ordering::Relaxed);
        words.who[1].store(who[1], Ordering::Relaxed);
        words.permits.store(amount | kind, Ordering::Relaxed);
        words.since.store(since, Ordering::Relaxed);
        self.first.publish(number);
        true
    }

    /// Enters a hold beside the first one.
    #[inline(never)]
    pub(crate) fn hold_another(
        &self,
        asker: &Asker,
        at: &'static Location<'static>,
        permits: usize,
        owned: bool,
    ) -> usize {
        here::acts();
        let whose = asker.attributed();
        self.serve();
        let entries = &mut *self.entries();
        let number = self.tick(entries);
        self.more.flags.is_unseen.store(true, Ordering::Relaxed);
        entries.hold(number, whose, at, None, permits, owned)
    }

    /// The number of a hold that begins now.
    pub(super) fn tick(&self, entries: &mut Entries) -> HoldNumber {
        HoldNumber { first: self.first.number(), entry: tick(&mut entries.next) }
    }

    /// Records that all that there is was seen now, by a waiter that is about to be enqueued.
    #[inline]
    pub(super) fn see(&self, line: &Line, now: u64) {
        if self.kind().has_signals() {
            return self.see_signals(line, now);
        }
        self.see_first(now);
        if self.more.flags.is_unseen.load(Ordering::Relaxed) {
            self.see_entries(&mut self.entries(), clock::instant(now));
        }
    }

    /// Records that the first hold was seen now, if there is one that was not.
    #[inline]
    pub(super) fn see_first(&self, now: u64) {
        let since = &self.first.words().since;
        // Relaxed, here and below: a number that is shown.
        if since.load(Ordering::Relaxed) == 0 && !self.first.is_empty() {
            self.see_first_now(now);
        }
    }

    #[inline(never)]
    fn see_first_now(&self, now: u64) {
        let (number, since) = (self.first.number(), &self.first.words().since);
        let stamped = since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        if stamped.is_ok() && self.first.number() != number {
            // It may be of the next hold, which was not there yet.
            let later = clock::stamp();
            let _ = since.compare_exchange(now, later, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Records that the other holds were seen now.
    pub(super) fn see_entries(&self, entries: &mut Entries, now: Instant) {
        self.more.flags.is_unseen.store(false, Ordering::Relaxed);
        if let Some(passed) = &mut entries.passed {
            passed.since.get_or_insert(now);
        }
        if !entries.unseen.is_empty() {
            entries.see_all(now);
        }
    }

    /// Strikes the first hold out.
    #[inline(never)]
    pub(crate) fn end_first(&self) {
        let words = self.first.words();
        // Relaxed: the words are of the caller's hold.
        let permits = words.permits.load(Ordering::Relaxed);
        if permits & PASSED != 0 {
            return self.end_passed();
        }
        let who = words.who[0].load(Ordering::Relaxed);
        let kind = permits & Words::KIND;
        if kind == Words::TASK || here::is_known() {
            return self.end_first_of_known(kind, who);
        }
        // The usual case makes no calls.
        match here::ends_unnamed_hold(kind, who) {
            true => self.end_moved(),
            false => self.first.clear(self.first.number()),
        }
    }

    /// Does so for a named task, or in a thread that blocks.
    #[inline(never)]
    fn end_first_of_known(&self, kind: u64, who: u64) {
        match here::ends_first_hold(kind, who) {
            true => self.end_moved(),
            false => self.first.clear(self.first.number()),
        }
    }

    /// Strikes out the first hold, which is released elsewhere, and learns that.
    #[cold]
    fn end_moved(&self) {
        if let Some(at) = self.first.words().at.get() {
            evidence::learn(at, Seen::Moved);
        }
        self.first.clear(self.first.number());
    }

    /// Strikes out another hold.
    #[inline(never)]
    pub(crate) fn end_other(&self, key: usize) {
        here::acts();
        let ended = self.entries().holds.try_remove(key);
        learn_of_release(ended);
    }

    #[cold]
    fn end_passed(&self) {
        here::acts();
        let mut entries = self.entries();
        let passed = entries.passed.take();
        self.first.clear(self.first.number());
        drop(entries);
        learn_of_release(passed);
    }

    /// The first hold, as an entry. It is the one of `entries` that was passed on, if it was.
    pub(super) fn first(&self, entries: Option<&Entries>) -> Option<HoldEntry> {
        let (number, (at, who, permits, since)) = self.first.read(|words| {
            let [permits, since] =
                [&words.permits, &words.since].map(|word| word.load(Ordering::Relaxed));
            (words.at.get(), words.who(), permits, since)
        })?;
        if permits & PASSED != 0 {
            let passed = entries.and_then(|entries| entries.passed.as_ref());
            return passed.filter(|passed| passed.number.first == number).cloned();
        }
        Some(HoldEntry {
            number: HoldNumber { first: number, entry: 0 },
            whose: Attributed { who: who.actor()?, sure: permits & Words::SURE != 0 },
            at: at?,
            since: (since != 0).then(|| clock::instant(since)),
            permits: usize::try_from(permits >> PERMITS_SHIFT).unwrap_or(usize::MAX),
            forgotten: false,
            owned: permits & OWNED != 0,
        })
    }

    /// Makes the hold with that key an entry, if it is the first, and returns its key. The caller
    /// owns the hold.
    fn entered(&self, entries: &mut Entries, key: usize) -> usize {
        if key != FIRST {
            return key;
        }
        let first = self.first(Some(entries));
        entries.passed = None;
        let Some(first) = first else { return key };
        self.more.flags.is_unseen.store(true, Ordering::Relaxed);
        let key = entries.insert(first);
        self.first.clear(self.first.number());
        key
    }

    /// Changes how many permits a hold is of, and returns its key from now on.
    pub(crate) fn resize_hold(&self, key: usize, permits: usize) -> usize {
        let entries = &mut *self.entries();
        let key = self.entered(entries, key);
        if let Some(hold) = entries.holds.get_mut(key) {
            hold.permits = permits;
        }
        key
    }

    /// Makes a hold of so many permits that lasts as long as another one, which is an entry.
    pub(crate) fn part_of(
        &self,
        key: usize,
        permits: usize,
        whose: Option<Attributed>,
    ) -> Option<usize> {
        let entries = &mut *self.entries();
        let whole = entries.holds.get(key)?.clone();
        let number = self.tick(entries);
        let whose = whose.unwrap_or(whole.whose);
        self.more.flags.is_unseen.store(true, Ordering::Relaxed);
        Some(entries.hold(number, whose, whole.at, whole.since, permits, whole.owned))
    }

    /// Says that a hold is another's by now. It is another hold then.
    pub(crate) fn pass_hold(&self, key: usize, whose: Attributed) {
        let entries = &mut *self.entries();
        let number = self.tick(entries);
        let first = if key == FIRST { self.first(Some(entries)) } else { None };
        if let Some(first) = first {
            let number = HoldNumber { first: first.number.first, ..number };
            self.more.flags.is_unseen.store(true, Ordering::Relaxed);
            entries.passed = Some(HoldEntry { number, whose, owned: false, ..first });
            // Relaxed: those that read `passed` have the lock.
            self.first.words().permits.fetch_or(PASSED, Ordering::Relaxed);
        } else if let Some(hold) = entries.holds.get_mut(key) {
            hold.number = number;
            hold.whose = whose;
            hold.owned = false;
        }
    }

    /// Says that a hold's guard was forgotten, for anybody to give back.
    pub(crate) fn forget_hold(&self, key: usize, whose: Option<Attributed>) {
        let entries = &mut *self.entries();
        let key = self.entered(entries, key);
        if let Some(hold) = entries.holds.get_mut(key) {
            hold.forgotten = true;
            entries.forgotten.insert(hold.number, key);
            if let Some(whose) = whose {
                hold.whose = whose;
            }
        }
    }
}

/// Learns from the release of a hold where its guard was.
fn learn_of_release(ended: Option<HoldEntry>) {
    let key = ended.as_ref().and_then(|hold| Key::of(&hold.whose.who));
    if let (Some(hold), true) = (ended, key.is_some_and(Key::is_elsewhere)) {
        evidence::learn(hold.at, Seen::Moved);
    }
}
