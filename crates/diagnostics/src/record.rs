//! The record of one primitive: its holders and its waiters, written by the primitive as they
//! change.
//!
//! The first hold is [published](Published) in a few atomic words. What comes beside it is an entry
//! in a box behind a lock: a second hold, a wait, a hold that changes. So a primitive that is
//! acquired and released without any task waiting takes no lock here, reads no clock, and allocates
//! nothing.
//!
//! The lock is held for a few steps at a time: no user code runs under it, no primitive is used
//! under it, and in a model nothing that is modelled happens under it. So a record can be read from
//! anywhere: inside a waker, or while every thread blocks.
//!
//! It never records more than is true. A hold is added after the permits were taken, and removed
//! before they are released. A wait is added, and marked as notified, under the lock of its queue.
//! It is removed under that lock as well; or, once it was notified, by the task that finds the
//! notification. Until then the record says that it was notified.
//!
//! When a primitive is dropped, its record is used for another one. Readers compare the number of
//! the primitive before and after.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::Deref,
    panic::Location,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use parking_lot::{Mutex, MutexGuard};
use slab::Slab;

use crate::{
    Actor, ConditionSite, Kind, Name, PrimitiveId, Signals, Site,
    actor::{Asker, Key, Words},
    attempts::{Attempts, Before},
    beside::{Beside, OfPrimitive},
    class::address,
    clock,
    evidence::{self, Seen},
    here,
    life::Life,
    names::{self, Label},
    published::Published,
    signals::LastSeen,
    static_ref::StaticRef,
};

/// How many entries are read under one hold of a lock.
const CHUNK: usize = 512;

/// The key of the first hold. Other keys are those of the slab.
pub(crate) const FIRST: usize = usize::MAX - 1;

/// The record of a primitive, or a free one.
pub(crate) struct Record {
    /// The primitive. The number of the value is the primitive's.
    made: Published<MadeWords>,
    /// The first hold.
    first: Published<HoldWords>,
    /// Everything else.
    more: Beside<Entries>,
    /// Whether there is something in [`Entries::told`]. Stored under the lock.
    was_told: AtomicBool,
}

/// What a primitive is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) name: Option<&'static str>,
    pub(crate) created: &'static Location<'static>,
    /// Of a semaphore: how many permits it began with. Of a barrier: how many parties it takes.
    pub(crate) size: usize,
    /// Whether waits for it are meant to be long.
    pub(crate) may_wait: bool,
    /// Whether it is a lock that was made as a condition's.
    pub(crate) of_condition: bool,
}

/// The words of [`Made`].
struct MadeWords {
    created: StaticRef<Location<'static>>,
    label: StaticRef<Label>,
    /// The size, and in the lowest bits the kind.
    size: AtomicU64,
}

const KIND: u64 = 7;
const SIZE_SHIFT: u32 = 3;

/// The words of a hold.
///
/// An event and a condition have no holds. Of these, `at` is the place of the last set or
/// notification, the second word of `who` is the address of the place of the last clear, and
/// `permits` counts both: see [`signals`](crate::signals).
struct HoldWords {
    at: StaticRef<Location<'static>>,
    /// What the holder is known by.
    who: [AtomicU64; 2],
    /// The [kind](Words::kind) of the holder, the flags below, and above them the number of
    /// permits.
    permits: AtomicU64,
}

const OWNED: u64 = 1 << 3;
/// Whether the hold was passed on, so that [`Entries::passed`] is right about it.
const PASSED: u64 = 1 << 4;
const PERMITS_SHIFT: u32 = 5;

/// Of an event or a condition: one set or notification, and one clear. The counts are the halves of
/// a word; the lower one may overflow into the higher, which then counts a clear that was none.
const SIGNALLED: u64 = 1;
const CLEARED: u64 = 1 << 32;
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

/// What there is beside the first hold.
struct Entries {
    /// The number of the primitive that they are of.
    of: u64,
    holds: Slab<HoldEntry>,
    /// The holds that were forgotten: their keys, by their numbers.
    forgotten: BTreeMap<HoldNumber, usize>,
    waits: Slab<WaitEntry>,
    /// The first hold, if it was passed on.
    passed: Option<HoldEntry>,
    /// The last first hold that was seen: its number, and when.
    seen: Option<(u64, Instant)>,
    /// The keys of holds that have not been seen since they began. Some may be over.
    unseen: Vec<usize>,
    supply: Supply,
    /// Whether forgotten permits were released.
    released_by_hand: bool,
    /// The waits that were given up, and since when no waiter was served.
    attempts: Attempts,
    /// What was said of the primitive after it was made.
    told: Option<Box<Told>>,
    /// What was seen of the sets or notifications, and of the clears.
    signalled: LastSeen,
    cleared: LastSeen,
    /// Numbers holds and waits in the order in which they came.
    next: u64,
}

/// What was said of a primitive after it was made.
#[derive(Default)]
struct Told {
    name: Option<Name>,
    condition: Option<ConditionSite>,
    may_wait: bool,
}

/// The number of a hold: how many first holds there were, and how many entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HoldNumber {
    first: u64,
    entry: u64,
}

/// The permits that there are, in whosever hands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Supply {
    /// Wider than what can be released at once, so that a release which is refused takes back just
    /// what it had announced.
    permits: u128,
    /// Whether some were made up, by a release of what nobody had acquired: then more may be.
    pub(crate) made_up: bool,
}

impl Supply {
    const fn new(size: usize) -> Self {
        Self { permits: size as u128, made_up: false }
    }

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
    pub(crate) number: HoldNumber,
    pub(crate) whose: Attributed,
    pub(crate) at: &'static Location<'static>,
    /// When it was first seen, or granted to a waiter. `None` until then.
    since: Option<Instant>,
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
    entry: HoldEntry,
    pub(crate) since: Instant,
}

impl Deref for HoldSeen {
    type Target = HoldEntry;

    fn deref(&self) -> &HoldEntry {
        &self.entry
    }
}

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

impl HoldWords {
    fn who(&self) -> Words {
        let who = [&self.who[0], &self.who[1]].map(|word| word.load(Ordering::Relaxed));
        Words { kind: self.permits.load(Ordering::Relaxed), who }
    }
}

impl Record {
    pub(crate) const fn free() -> Self {
        let made = MadeWords {
            created: StaticRef::none(),
            label: StaticRef::none(),
            size: AtomicU64::new(0),
        };
        let first = HoldWords {
            at: StaticRef::none(),
            who: [const { AtomicU64::new(0) }; 2],
            permits: AtomicU64::new(0),
        };
        Self {
            made: Published::new(AtomicU64::new(0), made),
            first: Published::new(AtomicU64::new(0), first),
            more: Beside::new(Mutex::new(None), AtomicBool::new(false)),
            was_told: AtomicBool::new(false),
        }
    }

    /// Makes this free record the record of a primitive.
    #[inline]
    pub(crate) fn open(&self, number: u64, made: Made) {
        self.made.begin(number);
        let words = self.made.words();
        words.created.put(Some(made.created));
        let Made { name, may_wait, of_condition, .. } = made;
        words.label.put(names::interned(Label { name, may_wait, of_condition }));
        words.size.store((made.size as u64) << SIZE_SHIFT | made.kind as u64, Ordering::Relaxed);
        if made.kind.has_signals() {
            let words = self.first.words();
            words.at.put(None);
            words.who[1].store(0, Ordering::Relaxed);
            words.permits.store(0, Ordering::Relaxed);
        }
        self.made.publish(number);
    }

    /// Makes it a free one: the primitive is dropped.
    #[inline]
    pub(crate) fn close(&self) {
        self.made.clear(self.made.number());
        // Of a guard that was leaked.
        self.first.clear(self.first.number());
        if self.more.has_more() {
            // Relaxed: for the users of the next primitive.
            self.was_told.store(false, Ordering::Relaxed);
        }
        self.more.clear();
    }

    /// Returns the primitive, if this is not a free record.
    pub(crate) fn live(&'static self) -> Option<Live> {
        let (number, (created, label, size)) = self.made.read(|words| {
            (words.created.get(), words.label.get(), words.size.load(Ordering::Relaxed))
        })?;
        let Label { name, may_wait, of_condition } = label.copied().unwrap_or_default();
        let (kind, created, size) = (kind_of(size), created?, size_of(size));
        let made = Made { kind, name, created, size, may_wait, of_condition };
        Some(Live { record: self, id: PrimitiveId(number), made })
    }

    /// Returns the number of the primitive.
    pub(crate) fn id(&self) -> PrimitiveId {
        PrimitiveId(self.made.number())
    }

    fn kind(&self) -> Kind {
        // Relaxed: for the users of the primitive, who see what was stored when it was opened.
        kind_of(self.made.words().size.load(Ordering::Relaxed))
    }

    /// Locks the entries, which are made if there are none.
    fn entries(&self) -> parking_lot::MappedMutexGuard<'_, Entries> {
        // The caller uses the primitive, so the number and the size are its.
        let number = self.made.number();
        let more = self.more.own(number, || {
            let size = size_of(self.made.words().size.load(Ordering::Relaxed));
            Entries::new(number, size)
        });
        MutexGuard::map(more, |more| &mut **more.as_mut().expect("there are some now"))
    }

    /// Names the primitive.
    pub(crate) fn set_name(&self, name: Cow<'static, str>) {
        let name = Name::new(name);
        let mut entries = self.entries();
        let told = entries.told.get_or_insert_default();
        let old = told.name.replace(name);
        self.was_told.store(true, Ordering::Relaxed);
        drop(entries);
        drop(old);
    }

    /// Records that waits may be long, unless the label says so.
    #[cold]
    pub(crate) fn may_wait(&self) {
        if self.made.words().label.get().is_none_or(|label| !label.may_wait) {
            self.entries().told.get_or_insert_default().may_wait = true;
            self.was_told.store(true, Ordering::Relaxed);
        }
    }

    /// Whether something was said of the primitive after it was made.
    #[inline]
    pub(crate) fn was_told(&self) -> bool {
        // Relaxed: for the users of the primitive, or nothing but a hint.
        self.was_told.load(Ordering::Relaxed)
    }

    /// Records the condition that waits with this lock, if none has before.
    #[inline]
    pub(crate) fn set_condition(&self, condition: impl FnOnce() -> ConditionSite) {
        if !self.was_told() || !self.has_condition() {
            self.add_condition(condition());
        }
    }

    #[cold]
    fn has_condition(&self) -> bool {
        self.entries().told.as_ref().is_some_and(|told| told.condition.is_some())
    }

    #[cold]
    fn add_condition(&self, condition: ConditionSite) {
        let mut entries = self.entries();
        entries.told.get_or_insert_default().condition.get_or_insert(condition);
        self.was_told.store(true, Ordering::Relaxed);
    }

    /// Adds to `site` what was said of the primitive after it was made. The caller uses it.
    pub(crate) fn add_what_was_told(&self, mut site: Site) -> Site {
        if self.was_told() {
            self.entries().add_to(&mut site);
        }
        site
    }

    /// Counts a set or a notification. `is_alone`: no other thread does that now.
    #[inline]
    pub(crate) fn signalled(&self, at: &'static Location<'static>, is_alone: bool) {
        let words = self.first.words();
        words.at.put(Some(at));
        // Relaxed, here and below: a reader may see the place of one and the count of another.
        if is_alone {
            let count = words.permits.load(Ordering::Relaxed);
            words.permits.store(count.wrapping_add(SIGNALLED), Ordering::Relaxed);
        } else {
            words.permits.fetch_add(SIGNALLED, Ordering::Relaxed);
        }
    }

    /// Counts a clear.
    #[inline]
    pub(crate) fn cleared(&self, at: &'static Location<'static>) {
        let words = self.first.words();
        let address = address(at) as u64;
        if words.who[1].load(Ordering::Relaxed) != address {
            names::know(at);
            words.who[1].store(address, Ordering::Relaxed);
        }
        words.permits.fetch_add(CLEARED, Ordering::Relaxed);
    }

    /// How many sets or notifications there were, and how many clears.
    fn counts(&self) -> (u32, u32) {
        let counts = self.first.words().permits.load(Ordering::Relaxed);
        (counts as u32, (counts >> 32) as u32)
    }

    /// Returns what the holder of the first hold is known by.
    pub(crate) fn first_holder(&self) -> Option<Words> {
        self.first.read(HoldWords::who).map(|(_, words)| words)
    }

    /// Publishes a hold, if it is the only one. `is_alone`: no other thread can do that now. The
    /// caller [counts](here::begins_first_hold) it.
    #[inline(always)]
    pub(crate) fn hold_first(
        &self,
        Words { kind, who }: Words,
        at: &'static Location<'static>,
        Amount(amount): Amount,
        is_alone: bool,
    ) -> bool {
        let claimed = if is_alone { self.first.claim_alone() } else { self.first.claim() };
        let Some(number) = claimed else { return false };
        let words = self.first.words();
        words.at.put(Some(at));
        words.who[0].store(who[0], Ordering::Relaxed);
        words.who[1].store(who[1], Ordering::Relaxed);
        words.permits.store(amount | kind, Ordering::Relaxed);
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
        let entries = &mut *self.entries();
        let number = self.tick(entries);
        entries.attempts.served();
        entries.hold(number, whose, at, None, permits, owned)
    }

    /// Makes a hold of a wait that `asker` ends, and returns its key.
    #[inline]
    pub(crate) fn grant(
        &self,
        key: usize,
        words: Option<Words>,
        permits: usize,
        owned: bool,
    ) -> usize {
        let entries = &mut *self.entries();
        let wait = entries.waits.remove(key);
        self.count_wait(&wait.whose, Life::end_wait);
        let since = wait.woken.unwrap_or(wait.since);
        entries.attempts.served();
        if let (Some(words), Some(amount)) = (words, Amount::new(permits, owned)) {
            if self.hold_first(words, wait.at, amount, self.kind() == Kind::Lock) {
                here::begins_first_hold(words);
                entries.seen = Some((self.first.number(), since));
                return FIRST;
            }
        }
        here::acts();
        let number = self.tick(entries);
        entries.hold(number, wait.whose, wait.at, Some(since), permits, owned)
    }

    /// The number of a hold that begins now.
    fn tick(&self, entries: &mut Entries) -> HoldNumber {
        HoldNumber { first: self.first.number(), entry: tick(&mut entries.next) }
    }

    /// Records that all that there is was seen now.
    fn see(&self, entries: &mut Entries, now: Instant) {
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
    fn count_wait(&self, whose: &Attributed, count: impl FnOnce(&Life)) {
        if let Some(life) = whose.who.life().filter(|_| self.kind().has_permits()) {
            count(life);
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
    fn first(&self, entries: Option<&Entries>) -> Option<HoldEntry> {
        let (number, (at, who, permits)) = self
            .first
            .read(|words| (words.at.get(), words.who(), words.permits.load(Ordering::Relaxed)))?;
        if permits & PASSED != 0 {
            let passed = entries.and_then(|entries| entries.passed.as_ref());
            return passed.filter(|passed| passed.number.first == number).cloned();
        }
        let seen = entries.and_then(|entries| entries.seen).filter(|(seen, _)| *seen == number);
        Some(HoldEntry {
            number: HoldNumber { first: number, entry: 0 },
            whose: Attributed { who: who.actor()?, sure: permits & Words::SURE != 0 },
            at: at?,
            since: seen.map(|(_, since)| since),
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
        let key = entries.insert(first);
        self.first.clear(self.first.number());
        key
    }

    /// Records another bound of a semaphore. It may change again, so the permits count as made up:
    /// a wait for them is not called certain to be in vain.
    pub(crate) fn change_bound(&self, from: usize, to: usize) {
        let supply = &mut self.entries().supply;
        supply.permits = supply.permits.saturating_add(to as u128).saturating_sub(from as u128);
        supply.made_up = true;
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
        Some(entries.hold(number, whose, whole.at, whole.since, permits, whole.owned))
    }

    /// Says that a hold is another's by now. It is another hold then.
    pub(crate) fn pass_hold(&self, key: usize, whose: Attributed) {
        let entries = &mut *self.entries();
        let number = self.tick(entries);
        let first = if key == FIRST { self.first(Some(entries)) } else { None };
        if let Some(first) = first {
            let number = HoldNumber { first: first.number.first, ..number };
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

    /// Strikes out `permits` that were forgotten, the oldest first, and are somebody's again.
    pub(crate) fn take_over(&self, permits: usize) {
        let entries = &mut *self.entries();
        entries.released_by_hand |= entries.end_forgotten(permits) < permits;
    }

    /// Says that `permits` are about to be given back that no guard holds. Until it is known whose
    /// they were, they count as if they were made up: never too few are counted.
    pub(crate) fn expect(&self, permits: usize) {
        let supply = &mut self.entries().supply;
        supply.permits = supply.permits.saturating_add(permits as u128);
    }

    /// Says that they were not given back after all.
    pub(crate) fn expect_less(&self, permits: usize) {
        let supply = &mut self.entries().supply;
        supply.permits = supply.permits.saturating_sub(permits as u128);
    }

    /// Says that `permits` that were expected have been given back: those that were forgotten, the
    /// oldest first, and for the rest made up.
    pub(crate) fn release(&self, permits: usize) {
        let entries = &mut *self.entries();
        let made_up = entries.end_forgotten(permits);
        entries.released_by_hand |= made_up < permits;
        let supply = &mut entries.supply;
        supply.permits = supply.permits.saturating_sub((permits - made_up) as u128);
        supply.made_up |= made_up > 0;
    }

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
}

/// Learns from the release of a hold where its guard was.
fn learn_of_release(ended: Option<HoldEntry>) {
    let key = ended.as_ref().and_then(|hold| Key::of(&hold.whose.who));
    if let (Some(hold), true) = (ended, key.is_some_and(Key::is_elsewhere)) {
        evidence::learn(hold.at, Seen::Moved);
    }
}

fn kind_of(size: u64) -> Kind {
    Kind::ALL[(size & KIND) as usize]
}

fn size_of(size: u64) -> usize {
    usize::try_from(size >> SIZE_SHIFT).unwrap_or(usize::MAX)
}

/// A primitive that lived when its record was looked at.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    record: &'static Record,
    pub(crate) id: PrimitiveId,
    made: Made,
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

impl OfPrimitive for Entries {
    fn of(&self) -> u64 {
        self.of
    }
}

impl Entries {
    /// Those of a primitive with that number and size: none yet.
    fn new(number: u64, size: usize) -> Self {
        Self {
            of: number,
            holds: Slab::new(),
            forgotten: BTreeMap::new(),
            waits: Slab::new(),
            passed: None,
            seen: None,
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
    fn add_to(&self, site: &mut Site) {
        if let Some(told) = &self.told {
            site.name = told.name.clone().or(site.name.take());
            site.may_wait |= told.may_wait;
            site.condition = told.condition.clone().or(site.condition.take());
        }
    }

    fn hold(
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

    fn insert(&mut self, entry: HoldEntry) -> usize {
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
    fn see_all(&mut self, now: Instant) {
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
