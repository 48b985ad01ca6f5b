//! What the core and the primitives tell the diagnostics. For them only: it changes as they do.
//!
//! Each of these types has a twin in the core that is empty and does nothing, for when the feature
//! is off.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt, mem,
    panic::Location,
    sync::atomic::{AtomicUsize, Ordering},
    task::Context,
    time::Instant,
};

use crate::{
    Actor, ConditionSite, Kind, Site,
    actor::{self, Asker, Blocking, Kept, KeptWaker, Key, Words},
    bell, clock,
    console::{Operation, Resource, Taken},
    lock_order::Ask,
    opt_in::{self, Acquired, HoldLedger},
    profile::WaitBegan,
    record::{Attributed, FIRST, Made, Record},
    registry,
    static_ref::StaticRef,
};

/// Where something was asked for.
#[derive(Clone, Copy, Debug)]
pub struct CallSite(&'static Location<'static>);

impl CallSite {
    /// Where this is called.
    #[inline]
    #[track_caller]
    pub const fn here() -> Self {
        Self(Location::caller())
    }
}

/// What a thread blocks on, so that the thread is known as who polls.
pub const fn blocking<F>(future: F) -> Blocking<F> {
    Blocking::new(future)
}

/// When waiters are notified: loaded once under one hold of a queue's lock, when the first one is.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(Option<Instant>);

impl Timestamp {
    /// Not loaded yet.
    #[inline]
    pub const fn unknown() -> Self {
        Self(None)
    }

    #[inline]
    fn get(&mut self) -> Instant {
        *self.0.get_or_insert_with(clock::now)
    }
}

/// What one primitive reports.
pub struct PrimitiveTrace {
    made: Made,
    /// Taken when the primitive is first acquired or waited for.
    record: StaticRef<Record>,
    /// What tokio-console shows of it.
    resource: Resource,
}

impl Drop for PrimitiveTrace {
    #[inline]
    fn drop(&mut self) {
        if let Some(record) = self.record.get() {
            record.close();
            registry::give(record);
        }
    }
}

impl PrimitiveTrace {
    #[track_caller]
    const fn new(kind: Kind, name: Option<&'static str>, size: usize) -> Self {
        let created = Location::caller();
        Self {
            made: Made { kind, name, created, size, may_wait: false, of_condition: false },
            record: StaticRef::none(),
            resource: Resource::new(),
        }
    }

    /// A lock's.
    #[track_caller]
    pub const fn lock(name: Option<&'static str>) -> Self {
        Self::new(Kind::Lock, name, 1)
    }

    /// An event's.
    #[track_caller]
    pub const fn event(name: Option<&'static str>) -> Self {
        Self::new(Kind::Event, name, 0)
    }

    /// A condition's.
    #[track_caller]
    pub const fn condition(name: Option<&'static str>) -> Self {
        Self::new(Kind::Condition, name, 0)
    }

    /// A semaphore's.
    #[track_caller]
    pub const fn semaphore(name: Option<&'static str>, value: usize) -> Self {
        Self::new(Kind::Semaphore, name, value)
    }

    /// A bounded semaphore's.
    #[track_caller]
    pub const fn bounded_semaphore(name: Option<&'static str>, value: usize) -> Self {
        Self::new(Kind::BoundedSemaphore, name, value)
    }

    /// A barrier's.
    #[track_caller]
    pub const fn barrier(name: Option<&'static str>, parties: usize) -> Self {
        Self::new(Kind::Barrier, name, parties)
    }

    /// Waits for it are meant to be long. It was not used yet.
    pub const fn may_wait(&mut self) {
        self.made.may_wait = true;
    }

    /// It is a lock that was made as a condition's. It was not used yet.
    pub const fn is_of_condition(&mut self) {
        self.made.of_condition = true;
    }

    /// Names it.
    pub fn set_name(&self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        self.resource.renamed(&self.made, &name);
        self.record().set_name(name);
    }

    /// It is a lock with which a condition waits.
    #[inline]
    pub fn belongs_to(&self, condition: &Self) {
        // A condition that has a name already at this place has given it to its lock.
        if !self.made.of_condition || condition.record().was_told() {
            self.record().set_condition(|| ConditionSite::of(condition.site()));
        }
    }

    /// An event is about to be set, or a condition to be notified.
    #[inline]
    pub fn signalled(&self, CallSite(at): CallSite) {
        // The waiters of a condition are notified with its lock held.
        self.record().signalled(at, matches!(self.made.kind, Kind::Condition));
        self.resource.sets(&self.made, true);
    }

    /// An event is about to be cleared.
    #[inline]
    pub fn cleared(&self, CallSite(at): CallSite) {
        self.record().cleared(at);
        self.resource.sets(&self.made, false);
    }

    /// Records that the bound of a semaphore has changed: there are more permits, or fewer.
    pub fn bound_changed(&self, from: usize, to: usize) {
        self.record().change_bound(from, to);
    }

    /// Shows that the bound has changed. Called outside the lock.
    pub fn bound_has_changed(&self, from: usize, to: usize) {
        self.resource.changes(&self.made, to, from);
    }

    #[inline]
    fn record(&self) -> &'static Record {
        match self.record.get() {
            Some(record) => record,
            None => self.register(),
        }
    }

    fn site(&self) -> Site {
        let record = self.record();
        record.add_what_was_told(self.made.site(record.id()))
    }

    #[inline(never)]
    fn register(&self) -> &'static Record {
        let (record, number) = registry::take();
        record.open(number, self.made);
        self.record.set(record).map_or_else(
            |other| {
                record.close();
                registry::give(record);
                other
            },
            |()| record,
        )
    }

    /// Somebody joined the queue. Under its lock.
    #[inline]
    pub fn enqueued(&self, wait: &WaitTrace, tag: usize) {
        wait.with_asker(|asker| {
            if self.made.may_wait {
                // It may have been said after the record was taken, for the name.
                self.record().may_wait();
            }
            let whose = wait.attribute(asker);
            wait.ask.set(opt_in::asks(&whose, || self.site(), wait.site.0));
            wait.began.now();
            let key = self.record().wait(whose, wait.site.0, tag);
            // Relaxed: written and read under the lock of the queue, or by the owner.
            wait.key.store(key, Ordering::Relaxed);
            wait.joined.set(true);
            wait.operation.asks_for(self.made.kind.need(tag));
        });
    }

    /// Drops what was recorded of the task that polls, and shows the wait if it has just begun.
    /// Called outside the lock.
    #[inline]
    pub fn after_enqueue(&self, wait: &WaitTrace) {
        if wait.after_enqueue() {
            self.resource.waits(&self.made, &wait.operation, wait.site.0);
        }
    }

    /// Another task polls a waiter.
    pub fn waker_changed(&self, wait: &WaitTrace) {
        wait.with_asker(|asker| {
            if let Some(key) = wait.key() {
                self.record().pass_wait(key, wait.attribute(asker));
            }
        });
    }

    /// A waiter is polled, maybe by another task than before although with the same waker. Called
    /// outside the lock.
    #[inline]
    pub fn still_waiting(&self, wait: &WaitTrace, context: &Context<'_>) {
        self.still_waits(wait, context);
        self.resource.waits(&self.made, &wait.operation, wait.site.0);
    }

    #[inline]
    fn still_waits(&self, wait: &WaitTrace, context: &Context<'_>) {
        if wait.key().is_some() && wait.whose.get() != Key::polling(context) {
            wait.before_enqueue(context);
            self.waker_changed(wait);
            wait.after_enqueue();
        }
    }

    /// A waiter is notified. Called under the lock of the queue.
    #[inline]
    pub fn notified(&self, wait: &WaitTrace, now: &mut Timestamp) {
        if let Some(key) = wait.key() {
            self.record().call(key, now.get());
        }
    }

    /// Somebody left the queue, by its own doing.
    #[inline]
    pub fn abandoned(&self, wait: &WaitTrace) {
        if let Some(key) = wait.key() {
            wait.key.store(NONE, Ordering::Relaxed);
            self.record().end_wait(key, false);
            opt_in::ended(&wait.began, || self.site(), wait.site.0);
        }
    }

    /// Permits were acquired by the future that sits there, in this poll of it.
    #[inline]
    pub fn acquired(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        let mut hold = match self.acquired_first(wait, context, permits, owned) {
            true => HoldTrace::FIRST,
            false => self.acquired_slow(wait, context, permits, owned),
        };
        hold.taken = self.resource.acquired(&self.made, permits);
        wait.operation.ends();
        hold
    }

    /// Records the usual case: it has not waited, and its hold is the only one. Returns whether it
    /// is that case.
    // Not inlined: a thread-local of another crate is found by a call, and this makes one.
    #[inline(never)]
    fn acquired_first(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> bool {
        if wait.key().is_some() || permits == 0 || opt_in::is_any_started() {
            return false;
        }
        let record = self.record();
        let hold = |words| record.hold_first(words, wait.site.0, permits, owned, self.is_alone());
        actor::holds_first(context, hold)
    }

    #[cold]
    fn acquired_slow(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        let has_waited = wait.key().is_some();
        let mut hold = match has_waited {
            false => self.hold(wait.site, Asker::polling(context), permits, owned),
            true => self.granted(wait, context, permits, owned),
        };
        if opt_in::is_any_started() && permits > 0 {
            let acquired = Acquired { site: self.site(), at: wait.site.0, owned };
            hold.ledger = HoldLedger::polled(&acquired, context, has_waited, &wait.began);
        }
        hold
    }

    /// Whether a hold of the primitive is always the only one.
    #[inline]
    fn is_alone(&self) -> bool {
        matches!(self.made.kind, Kind::Lock)
    }

    /// Permits were acquired by who waited for them: it has them since it was woken.
    #[inline(never)]
    fn granted(
        &self,
        wait: &WaitTrace,
        context: &Context<'_>,
        permits: usize,
        owned: bool,
    ) -> HoldTrace {
        // The wake-up was for the task that polled it last; the permits are of the one that polls
        // now.
        self.still_waits(wait, context);
        let Some(key) = wait.key() else { return HoldTrace::none() };
        wait.key.store(NONE, Ordering::Relaxed);
        if permits == 0 {
            self.record().end_wait(key, true);
            return HoldTrace::none();
        }
        let kept = wait.kept.take();
        let words = match (wait.whose.get(), &kept) {
            ((Some(Key::Waker(id)), _), Kept::Waker(_)) => Some(Words::of_waker(id)),
            ((Some(Key::Waker(_)), _), _) => None,
            _ => Words::polling(context),
        };
        let key = self.record().grant(key, words, permits, owned);
        HoldTrace::of(key, kept.into_waker())
    }

    /// Permits were acquired outside of any poll.
    #[inline]
    pub fn acquired_at(&self, site: CallSite, permits: usize, owned: bool) -> HoldTrace {
        let mut hold = match self.acquired_first_at(site, permits, owned) {
            true => HoldTrace::FIRST,
            false => self.acquired_slow_at(site, permits, owned),
        };
        hold.taken = self.resource.acquired(&self.made, permits);
        hold
    }

    /// As [`acquired_first`](Self::acquired_first).
    #[inline(never)]
    fn acquired_first_at(&self, site: CallSite, permits: usize, owned: bool) -> bool {
        if permits == 0 || opt_in::is_any_started() {
            return false;
        }
        let record = self.record();
        actor::calls_first(|who| record.hold_first(who, site.0, permits, owned, self.is_alone()))
    }

    #[cold]
    fn acquired_slow_at(&self, site: CallSite, permits: usize, owned: bool) -> HoldTrace {
        let mut hold = self.hold(site, Asker::calling(), permits, owned);
        if opt_in::is_any_started() && permits > 0 {
            hold.ledger = HoldLedger::tried(&Acquired { site: self.site(), at: site.0, owned });
        }
        hold
    }

    #[inline]
    fn hold(&self, CallSite(at): CallSite, asker: Asker, permits: usize, owned: bool) -> HoldTrace {
        if permits == 0 {
            return HoldTrace::none();
        }
        let record = self.record();
        let first =
            asker.is_words() && record.hold_first(asker.words, at, permits, owned, self.is_alone());
        if first {
            actor::begins_first_hold(asker.words);
        }
        let key = if first { FIRST } else { record.hold_another(&asker, at, permits, owned) };
        HoldTrace::of(key, asker.kept.into_waker())
    }

    /// Permits are about to be given back.
    #[inline]
    pub fn released(&self, hold: &mut HoldTrace) {
        self.resource.released(&self.made, &mut hold.taken);
        hold.ledger.end();
        if let Some(key) = hold.take() {
            self.end_hold(key);
        }
    }

    #[inline(never)]
    fn end_hold(&self, key: usize) {
        self.record().end_hold(key);
    }

    /// Permits stay acquired, and are nobody's by now.
    pub fn forgotten(&self, hold: &mut HoldTrace) {
        // Whatever releases them says so.
        hold.taken = Taken::NOTHING;
        hold.ledger.end();
        if let Some(key) = hold.take() {
            // Its waker is not kept for as long as that may last.
            let who = hold.kept.is_some().then(|| Attributed::surely(Actor::here()));
            self.record().forget_hold(key, who);
            drop(mem::take(&mut hold.kept));
        }
    }

    /// Forgotten permits are somebody's again.
    pub fn adopted(&self, site: CallSite, permits: usize, owned: bool) -> HoldTrace {
        self.record().take_over(permits);
        self.acquired_at(site, permits, owned)
    }

    /// So many permits of one hold are another hold from now on.
    pub fn split(&self, hold: &mut HoldTrace, permits: usize, rest: usize) -> HoldTrace {
        if rest == 0 {
            return mem::replace(hold, HoldTrace::none());
        }
        let (Some(key), record) = (hold.key(), self.record()) else { return HoldTrace::none() };
        hold.key = record.resize_hold(key, rest);
        if permits == 0 {
            return HoldTrace::none();
        }
        let (whose, kept) = match hold.kept.again() {
            Some(kept) => (None, kept),
            None => (Some(Attributed::surely(Actor::here())), KeptWaker::NONE),
        };
        match record.part_of(hold.key, permits, whose) {
            Some(key) => {
                let taken = hold.taken.split(permits);
                HoldTrace { key, kept, ledger: hold.ledger.split(), taken }
            }
            None => HoldTrace::none(),
        }
    }

    /// The permits of two holds are one's, which has `permits` by now.
    pub fn merged(&self, hold: &mut HoldTrace, other: &mut HoldTrace, permits: usize) {
        hold.taken.merge(&mut other.taken);
        if hold.key().is_none() {
            mem::swap(hold, other);
            mem::swap(&mut hold.taken, &mut other.taken);
        }
        if let Some(key) = hold.key() {
            hold.key = self.record().resize_hold(key, permits);
        }
        self.released(other);
    }

    /// So many permits are about to be given back that were forgotten, or were never acquired.
    pub fn releasing(&self, permits: usize) -> ReleaseTrace<'_> {
        let record = self.record();
        record.expect(permits);
        self.resource.changes(&self.made, permits, 0);
        ReleaseTrace { trace: self, permits }
    }

    /// Who calls this has the hold by now.
    pub fn adopt(&self, hold: &HoldTrace) {
        hold.ledger.adopt();
        if let Some(key) = hold.key() {
            self.record().pass_hold(key, Attributed::surely(Actor::here()));
        }
    }
}

impl fmt::Debug for PrimitiveTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrimitiveTrace")
            .field("kind", &self.made.kind)
            .field("name", &self.made.name)
            .finish_non_exhaustive()
    }
}

/// A release under way. Dropped, it was done.
#[must_use = "it is done when this is dropped"]
pub struct ReleaseTrace<'a> {
    trace: &'a PrimitiveTrace,
    permits: usize,
}

impl ReleaseTrace<'_> {
    /// It was refused.
    pub fn refused(mut self) {
        let permits = mem::take(&mut self.permits);
        self.trace.record().expect_less(permits);
        self.trace.resource.changes(&self.trace.made, 0, permits);
    }
}

impl Drop for ReleaseTrace<'_> {
    fn drop(&mut self) {
        self.trace.record().release(self.permits);
    }
}

impl fmt::Debug for ReleaseTrace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleaseTrace").field("permits", &self.permits).finish_non_exhaustive()
    }
}

const NONE: usize = usize::MAX;

/// What a waiter's node knows of its entry.
pub struct WaitTrace {
    site: CallSite,
    /// The entry's key, while it waits.
    key: AtomicUsize,
    /// Whose the entry is, and whether that is sure. The owner's alone.
    whose: Cell<(Option<Key>, bool)>,
    /// The waker that its entry is known by. The owner's alone.
    kept: Cell<Kept>,
    /// Who polls it now, until that is written down. The owner's alone.
    asker: Cell<Option<Asker>>,
    /// Whether it waits by now, and the watches are to know. The owner's alone.
    joined: Cell<bool>,
    /// What it asks for, if the lock order is recorded. The owner's alone.
    ask: Cell<Option<Ask>>,
    /// When it was enqueued, if there is a profile. The owner's alone.
    began: WaitBegan,
    /// What tokio-console shows of it. The owner's alone.
    operation: Operation,
}

impl WaitTrace {
    /// That of a wait that was asked for there.
    #[inline]
    pub const fn new(site: CallSite) -> Self {
        Self {
            site,
            key: AtomicUsize::new(NONE),
            whose: Cell::new((None, false)),
            kept: Cell::new(Kept::Nothing),
            asker: Cell::new(None),
            joined: Cell::new(false),
            ask: Cell::new(None),
            began: WaitBegan::never(),
            operation: Operation::new(),
        }
    }

    /// Records which task polls it, before the queue is locked.
    pub fn before_enqueue(&self, context: &Context<'_>) {
        self.asker.set(Some(Asker::polling(context)));
    }

    /// Records that a poll of the waiter found its wait to be over. Called outside the lock.
    #[inline]
    pub fn ended(&self) {
        self.operation.ends();
    }

    /// Drops what was recorded of that task, outside the lock. Returns whether the wait has just
    /// begun.
    #[inline]
    fn after_enqueue(&self) -> bool {
        drop(self.asker.take());
        drop(self.ask.take());
        let has_joined = self.joined.take();
        if has_joined {
            bell::ring();
        }
        has_joined
    }

    /// Writes something down of who polls it.
    #[inline]
    fn with_asker(&self, write: impl FnOnce(&mut Asker)) {
        if let Some(mut asker) = self.asker.take() {
            write(&mut asker);
            // To be dropped after the lock.
            self.asker.set(Some(asker));
        }
    }

    /// Has the entry be the asker's from now on, whose waker is kept. The asker gets the one that
    /// was kept before.
    #[inline]
    fn attribute(&self, asker: &mut Asker) -> Attributed {
        let whose = asker.attributed();
        self.whose.set((Key::of(&whose.who), whose.sure));
        asker.kept = self.kept.replace(mem::take(&mut asker.kept));
        whose
    }

    #[inline]
    fn key(&self) -> Option<usize> {
        // Relaxed: as where it is written.
        let key = self.key.load(Ordering::Relaxed);
        (key != NONE).then_some(key)
    }
}

impl fmt::Debug for WaitTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitTrace").field("site", &self.site).finish_non_exhaustive()
    }
}

/// What a guard knows of its entry.
#[derive(Debug)]
pub struct HoldTrace {
    key: usize,
    /// The waker that its holder is known by.
    kept: KeptWaker,
    /// What is recorded only if it was asked for.
    ledger: HoldLedger,
    /// What tokio-console shows of it.
    taken: Taken,
}

impl HoldTrace {
    /// That of the first hold, whose holder is known by its number.
    const FIRST: Self = Self::of(FIRST, KeptWaker::NONE);

    /// Of nothing.
    #[inline]
    pub const fn none() -> Self {
        Self::of(NONE, KeptWaker::NONE)
    }

    #[inline]
    const fn of(key: usize, kept: KeptWaker) -> Self {
        Self { key, kept, ledger: HoldLedger::NOTHING, taken: Taken::NOTHING }
    }

    #[inline]
    fn key(&self) -> Option<usize> {
        (self.key != NONE).then_some(self.key)
    }

    #[inline]
    fn take(&mut self) -> Option<usize> {
        let key = self.key();
        self.key = NONE;
        key
    }
}
