//! What the core and the primitives tell the diagnostics. For them only: it changes as they do.
//!
//! Each of these types has a twin in the core that is empty and does nothing, for when the feature
//! is off.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell, RefCell},
    fmt, mem,
    panic::Location,
    sync::atomic::{AtomicUsize, Ordering},
    task::Context,
    time::Instant,
};

use crate::{
    Actor, ConditionSite, Kind, Site,
    actor::{Asker, Blocking, Kept, KeptWaker, RawId, Words},
    bell, clock,
    console::{Operation, Resource, Taken},
    here,
    lock_order::Ask,
    opt_in::{self, Acquired, HoldLedger},
    profile::WaitBegan,
    record::{Amount, Attributed, FIRST, Made, Record},
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
            registry::free(record);
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
                registry::free(record);
                other
            },
            |()| record,
        )
    }

    /// Somebody joined the queue. Under its lock.
    #[inline]
    pub fn enqueued(&self, wait: &WaitTrace, tag: usize) {
        let Some(own) = wait.own.get() else { return };
        let whose = own.attribute();
        let record = self.record();
        if self.made.may_wait {
            // It may have been said after the record was taken, for the name.
            record.may_wait();
        }
        if opt_in::is_any_started() {
            own.ask.set(opt_in::asks(&whose, || self.site(), wait.site.0));
            own.began.now();
        }
        let key = record.wait(whose, wait.site.0, tag);
        // Relaxed: written and read under the lock of the queue, or by the owner.
        wait.key.store(key, Ordering::Relaxed);
        own.joined.set(true);
        wait.operation.asks_for(self.made.kind.need(tag));
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
        let (Some(key), Some(own)) = (wait.key(), wait.own.get()) else { return };
        self.record().pass_wait(key, own.attribute());
    }

    /// A waiter is polled, maybe by another task than before although with the same waker. Called
    /// outside the lock.
    #[inline]
    pub fn still_waiting(&self, wait: &WaitTrace, context: &Context<'_>) {
        if wait.key().is_some() {
            self.is_polled_by(wait, here::polling(RawId::of(context.waker())), context);
        }
        self.resource.waits(&self.made, &wait.operation, wait.site.0);
    }

    /// A waiter is polled by `who`.
    #[inline]
    fn is_polled_by(&self, wait: &WaitTrace, who: Words, context: &Context<'_>) {
        if wait.own.get().is_some_and(|own| !own.words().is_same(who)) {
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
            if let Some(own) = wait.own.get() {
                opt_in::ended(&own.began, || self.site(), wait.site.0);
            }
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
        let is_first =
            wait.key().is_none() && self.acquired_first(wait.site, Some(context), permits, owned);
        let mut hold = match is_first {
            true => HoldTrace::FIRST,
            false => self.acquired_slow(wait, context, permits, owned),
        };
        // A wait is shown only of a primitive that is.
        if !self.resource.is_hidden() {
            hold.taken = self.resource.acquired(&self.made, permits);
            wait.operation.ends();
        }
        hold
    }

    /// Records the usual case: it has not waited, and its hold is the only one. Returns whether it
    /// is that case. Without a context it was acquired outside of any poll.
    #[inline]
    fn acquired_first(
        &self,
        site: CallSite,
        context: Option<&Context<'_>>,
        permits: usize,
        owned: bool,
    ) -> bool {
        Amount::new(permits, owned).is_some_and(|amount| self.is_first(site, context, amount))
    }

    // Not inlined: a thread-local of another crate is found by a call, and this makes one.
    #[inline(never)]
    fn is_first(&self, site: CallSite, context: Option<&Context<'_>>, amount: Amount) -> bool {
        if opt_in::is_any_started() {
            return false;
        }
        let Some(record) = self.record.get() else {
            return self.is_first_use(site, context, amount);
        };
        if here::is_known() {
            return self.is_first_of_known(site, context, amount);
        }
        // The usual case makes no calls.
        let who = here::unnamed(context);
        let is_first = who.has_number() && record.hold_first(who, site.0, amount, self.is_alone());
        if is_first {
            here::count_hold();
        }
        is_first
    }

    /// As [`is_first`](Self::is_first), when the primitive is first used.
    #[inline(never)]
    fn is_first_use(&self, site: CallSite, context: Option<&Context<'_>>, amount: Amount) -> bool {
        self.register();
        self.is_first(site, context, amount)
    }

    /// As [`is_first`](Self::is_first), for a named task or in a thread that blocks.
    #[inline(never)]
    fn is_first_of_known(
        &self,
        site: CallSite,
        context: Option<&Context<'_>>,
        amount: Amount,
    ) -> bool {
        let record = self.record();
        let who = match context {
            Some(context) => here::polling(RawId::of(context.waker())),
            None => here::calling(),
        };
        let is_first = who.has_number() && record.hold_first(who, site.0, amount, self.is_alone());
        if is_first {
            here::begins_first_hold(who);
        }
        is_first
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
            let began = wait.own.get().and_then(|own| own.began.take());
            hold.ledger = HoldLedger::polled(&acquired, context, has_waited, began);
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
        let (Some(key), Some(own)) = (wait.key(), wait.own.get()) else { return HoldTrace::none() };
        let who = here::polling(RawId::of(context.waker()));
        self.is_polled_by(wait, who, context);
        wait.key.store(NONE, Ordering::Relaxed);
        if permits == 0 {
            self.record().end_wait(key, true);
            return HoldTrace::none();
        }
        let kept = mem::take(&mut own.asker.borrow_mut().kept);
        let is_words = who.has_number() || matches!(kept, Kept::Waker(_));
        let key = self.record().grant(key, is_words.then_some(who), permits, owned);
        HoldTrace::of(key, kept.into_waker())
    }

    /// Permits were acquired outside of any poll.
    #[inline]
    pub fn acquired_at(&self, site: CallSite, permits: usize, owned: bool) -> HoldTrace {
        let mut hold = match self.acquired_first(site, None, permits, owned) {
            true => HoldTrace::FIRST,
            false => self.acquired_slow_at(site, permits, owned),
        };
        if !self.resource.is_hidden() {
            hold.taken = self.resource.acquired(&self.made, permits);
        }
        hold
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
        let amount = Amount::new(permits, owned).filter(|_| asker.is_words());
        let first = amount
            .is_some_and(|amount| record.hold_first(asker.words, at, amount, self.is_alone()));
        if first {
            here::begins_first_hold(asker.words);
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
            match key {
                FIRST => self.record().end_first(),
                _ => self.record().end_other(key),
            }
        }
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
    /// What its owner alone looks at. Made when it is about to be enqueued: most never are.
    own: OnceCell<OwnTrace>,
    /// What tokio-console shows of it. The owner's alone.
    operation: Operation,
}

/// What the owner of a waiter knows of its entry.
struct OwnTrace {
    /// Whose the entry is, with the waker that it is known by.
    asker: RefCell<Asker>,
    /// The task or thread that polls it now, until `asker` is that one. After that, the former.
    next: Cell<Option<Asker>>,
    /// Whether it waits by now, and the watches are to know.
    joined: Cell<bool>,
    /// What it asks for, if the lock order is recorded.
    ask: Cell<Option<Ask>>,
    /// When it was enqueued, if there is a profile.
    began: WaitBegan,
}

impl OwnTrace {
    /// Of a wait that `asker` is about to begin.
    fn new(asker: Asker) -> Self {
        Self {
            asker: RefCell::new(asker),
            next: Cell::new(None),
            joined: Cell::new(false),
            ask: Cell::new(None),
            began: WaitBegan::never(),
        }
    }

    /// Returns whose the entry is from now on: of what polls it now. What was kept before is
    /// dropped after the lock.
    #[inline]
    fn attribute(&self) -> Attributed {
        if let Some(next) = self.next.take() {
            self.next.set(Some(self.asker.replace(next)));
        }
        self.asker.borrow().attributed()
    }

    #[inline]
    fn words(&self) -> Words {
        self.asker.borrow().words
    }
}

impl WaitTrace {
    /// That of a wait that was asked for there.
    #[inline]
    pub const fn new(site: CallSite) -> Self {
        Self {
            site,
            key: AtomicUsize::new(NONE),
            own: OnceCell::new(),
            operation: Operation::new(),
        }
    }

    /// Records which task polls it, before the queue is locked.
    pub fn before_enqueue(&self, context: &Context<'_>) {
        let asker = Asker::polling(context);
        match self.own.get() {
            Some(own) => own.next.set(Some(asker)),
            None => drop(self.own.set(OwnTrace::new(asker))),
        }
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
        let Some(own) = self.own.get() else { return false };
        drop(own.next.take());
        drop(own.ask.take());
        let has_joined = own.joined.take();
        if has_joined {
            bell::ring();
        }
        has_joined
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
///
/// Guards are moved sixteen bytes at a time. Aligned to that, a move loads what was stored as one:
/// processors stall on a load that covers two stores which are still under way.
#[derive(Debug)]
#[repr(align(16))]
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
