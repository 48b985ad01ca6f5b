//! What the core and the primitives tell the diagnostics. For them only: it changes as they do.
//!
//! Each of these types has a twin in the core that is empty and does nothing, for when the feature is off.

use std::{
    cell::Cell,
    fmt, mem,
    panic::Location,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::Context,
    time::Instant,
};

use crate::{
    Actor, Kind,
    actor::{Blocking, Kept, Key},
    bell, clock,
    record::{Attributed, Record},
    registry::Registered,
};

/// Where something was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Origin(&'static Location<'static>);

impl Origin {
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

/// When something happens.
#[derive(Clone, Copy, Debug)]
pub struct Moment(Option<Instant>);

impl Moment {
    /// Whether anybody wants to know it.
    pub const IS_KEPT: bool = true;

    /// None that is known.
    #[inline]
    pub const fn unknown() -> Self {
        Self(None)
    }

    /// This one. Not to be asked for under a lock: the clock may be the user's.
    #[inline]
    pub fn now() -> Self {
        Self(Some(clock::now()))
    }
}

/// Who asks, and when. Not to be made or dropped under a lock: wakers are the user's.
#[derive(Debug)]
struct Asker {
    /// `Some` until it is written down.
    who: Option<Actor>,
    /// Whether it is sure who that is.
    sure: bool,
    kept: Kept,
    at: Instant,
    /// Whether it waits by now, and the watches are to know.
    joined: bool,
}

impl Asker {
    fn new((who, sure, kept): (Actor, bool, Kept)) -> Self {
        Self {
            who: Some(who),
            sure,
            kept,
            at: clock::now(),
            joined: false,
        }
    }

    /// Who polls with this context.
    #[inline]
    fn polling(context: &Context<'_>) -> Self {
        Self::new(Actor::polling(context))
    }

    /// Who calls a function, outside of any poll.
    #[inline]
    fn calling() -> Self {
        Self::new((Actor::here(), true, Kept::NOTHING))
    }

    fn take_who(&mut self) -> Attributed {
        Attributed {
            who: self.who.take().unwrap_or_else(Actor::here),
            sure: self.sure,
        }
    }
}

impl Drop for Asker {
    #[inline]
    fn drop(&mut self) {
        if self.joined {
            bell::ring();
        }
    }
}

/// What is told of one primitive.
pub struct Probe {
    kind: Kind,
    name: Option<&'static str>,
    created: &'static Location<'static>,
    size: usize,
    /// Made when the primitive is first acquired or waited for.
    record: OnceLock<Registered>,
}

impl Probe {
    #[track_caller]
    const fn new(kind: Kind, name: Option<&'static str>, size: usize) -> Self {
        Self {
            kind,
            name,
            created: Location::caller(),
            size,
            record: OnceLock::new(),
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

    #[inline]
    fn record(&self) -> &Record {
        self.record.get_or_init(|| self.register()).record()
    }

    #[cold]
    fn register(&self) -> Registered {
        Registered::new(Record::new(self.kind, self.name, self.created, self.size))
    }

    /// Somebody joined the queue. Under its lock.
    #[inline]
    pub fn join(&self, seat: &Seat, tag: usize) {
        seat.with_asker(|asker| {
            let whose = seat.attribute(asker);
            let key = self.record().wait(whose, seat.origin.0, asker.at, tag);
            // Relaxed: written and read under the lock of the queue, or by the owner.
            seat.key.store(key, Ordering::Relaxed);
            asker.joined = true;
        });
    }

    /// Another task polls one who waits.
    pub fn pass_on(&self, seat: &Seat) {
        seat.with_asker(|asker| {
            if let Some(key) = seat.key() {
                self.record().pass_wait(key, seat.attribute(asker));
            }
        });
    }

    /// One who waits is polled, maybe by another task than before, though with the same waker. Outside the lock.
    #[inline]
    pub fn polled(&self, seat: &Seat, context: &Context<'_>) {
        if seat.key().is_some() && seat.whose.get() != Key::polling(context) {
            seat.expect(context);
            self.pass_on(seat);
            seat.settle();
        }
    }

    /// Somebody was called. Under the queue's lock, so no clock is asked if it is not known when: it is as if at once.
    #[inline]
    pub fn call(&self, seat: &Seat, Moment(now): Moment) {
        if let Some(key) = seat.key() {
            self.record().call(key, now);
        }
    }

    /// Somebody left the queue, by its own doing.
    #[inline]
    pub fn leave(&self, seat: &Seat) {
        if let Some(key) = seat.key() {
            seat.key.store(NONE, Ordering::Relaxed);
            self.record().end_wait(key);
        }
    }

    /// Permits were acquired by the future that sits there, in this poll of it.
    #[inline]
    pub fn acquired(&self, seat: &Seat, context: &Context<'_>, permits: usize) -> Hold {
        // It was woken for who polled it last, and is had by who polls it now.
        self.polled(seat, context);
        match seat.key() {
            Some(key) => self.granted(seat, key, permits),
            None => {
                let asker = seat.asker.take();
                let asker = asker.unwrap_or_else(|| Asker::polling(context));
                self.hold(seat.origin, asker, permits)
            }
        }
    }

    /// Permits were acquired by who waited for them: it has them since it was woken.
    fn granted(&self, seat: &Seat, key: usize, permits: usize) -> Hold {
        if permits == 0 {
            self.leave(seat);
            return Hold::none();
        }
        seat.key.store(NONE, Ordering::Relaxed);
        Hold {
            key: self.record().grant(key, permits),
            kept: seat.kept.take(),
        }
    }

    /// Permits were acquired outside of any poll.
    #[inline]
    pub fn taken(&self, origin: Origin, permits: usize) -> Hold {
        self.hold(origin, Asker::calling(), permits)
    }

    #[inline]
    fn hold(&self, Origin(at): Origin, mut asker: Asker, permits: usize) -> Hold {
        if permits == 0 {
            return Hold::none();
        }
        Hold {
            key: self.record().hold(asker.take_who(), at, asker.at, permits),
            kept: mem::take(&mut asker.kept),
        }
    }

    /// Permits are about to be given back.
    #[inline]
    pub fn end(&self, hold: &mut Hold) {
        if let Some(key) = hold.take() {
            self.record().end_hold(key);
        }
    }

    /// Permits stay acquired, and are nobody's by now.
    pub fn forget(&self, hold: &mut Hold) {
        if let Some(key) = hold.take() {
            // Its waker is not kept for as long as that may last.
            let who = hold
                .kept
                .is_some()
                .then(|| Attributed::surely(Actor::here()));
            self.record().forget_hold(key, who);
            drop(mem::take(&mut hold.kept));
        }
    }

    /// Forgotten permits are somebody's again.
    pub fn take_over(&self, origin: Origin, permits: usize) -> Hold {
        self.record().take_over(permits);
        self.taken(origin, permits)
    }

    /// So many permits of one hold are another hold from now on.
    pub fn split(&self, hold: &mut Hold, permits: usize, rest: usize) -> Hold {
        if rest == 0 {
            return mem::replace(hold, Hold::none());
        }
        let found = hold.key().and_then(|key| {
            let record = self.record();
            record.resize_hold(key, rest);
            record.holder(key)
        });
        let Some((who, at, since)) = found.filter(|_| permits > 0) else {
            return Hold::none();
        };
        let (who, kept) = match hold.kept.again() {
            Some(kept) => (who, kept),
            None => (Attributed::surely(Actor::here()), Kept::NOTHING),
        };
        Hold {
            key: self.record().hold(who, at, since, permits),
            kept,
        }
    }

    /// The permits of two holds are one's, which has `permits` by now.
    pub fn merge(&self, hold: &mut Hold, other: &mut Hold, permits: usize) {
        if hold.key().is_none() {
            mem::swap(hold, other);
        }
        if let Some(key) = hold.key() {
            self.record().resize_hold(key, permits);
        }
        self.end(other);
    }

    /// So many permits are about to be given back that were forgotten, or were never acquired.
    pub fn release(&self, permits: usize) -> Releasing<'_> {
        let record = self.record();
        record.expect(permits);
        Releasing { record, permits }
    }

    /// Who calls this has the hold by now.
    pub fn adopt(&self, hold: &Hold) {
        if let Some(key) = hold.key() {
            self.record()
                .pass_hold(key, Attributed::surely(Actor::adopter()));
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A release under way. Dropped, it was done.
#[must_use = "it is done when this is dropped"]
pub struct Releasing<'a> {
    record: &'a Record,
    permits: usize,
}

impl Releasing<'_> {
    /// It was refused.
    pub fn refuse(mut self) {
        self.record.expect_less(mem::take(&mut self.permits));
    }
}

impl Drop for Releasing<'_> {
    fn drop(&mut self) {
        self.record.release(self.permits);
    }
}

impl fmt::Debug for Releasing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Releasing")
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}

const NONE: usize = usize::MAX;

/// What a waiter's node knows of its entry.
pub struct Seat {
    origin: Origin,
    /// The entry's key, while it waits.
    key: AtomicUsize,
    /// Whose the entry is, and whether that is sure. The owner's alone.
    whose: Cell<(Option<Key>, bool)>,
    /// The waker that its entry is known by. The owner's alone.
    kept: Cell<Kept>,
    /// Who polls it now, until that is written down. The owner's alone.
    asker: Cell<Option<Asker>>,
}

impl Seat {
    /// That of a wait that was asked for there.
    #[inline]
    pub const fn new(origin: Origin) -> Self {
        Self {
            origin,
            key: AtomicUsize::new(NONE),
            whose: Cell::new((None, false)),
            kept: Cell::new(Kept::NOTHING),
            asker: Cell::new(None),
        }
    }

    /// Says who polls it, before it looks whether it has to wait: so that a hold which comes of that is not made longer. One
    /// who waits already is known.
    #[inline]
    pub fn ask(&self, context: &Context<'_>) {
        if self.key().is_none() {
            self.asker.set(Some(Asker::polling(context)));
        }
    }

    /// Says who polls it, if it has not been said before in this poll.
    #[inline]
    pub fn expect(&self, context: &Context<'_>) {
        let asker = self.asker.take();
        self.asker
            .set(Some(asker.unwrap_or_else(|| Asker::polling(context))));
    }

    /// Lets go of who polls it, outside the lock.
    #[inline]
    pub fn settle(&self) {
        drop(self.asker.take());
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

    /// Has the entry be the asker's from now on, whose waker is kept. The asker gets the one that was kept before.
    #[inline]
    fn attribute(&self, asker: &mut Asker) -> Attributed {
        let whose = asker.take_who();
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

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// What a guard knows of its entry.
#[derive(Debug)]
pub struct Hold {
    key: usize,
    /// The waker that its entry is known by.
    kept: Kept,
}

impl Hold {
    /// Of nothing.
    #[inline]
    pub const fn none() -> Self {
        Self {
            key: NONE,
            kept: Kept::NOTHING,
        }
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
