//! What the core and the primitives tell the diagnostics. For them only: it changes as they do.
//!
//! Each of these types has a twin in the core that is empty and does nothing, for when the feature
//! is off.

mod acquiring;
mod holding;
mod releasing;
mod waiting;

use std::{borrow::Cow, fmt, panic::Location};

pub use self::{holding::HoldTrace, releasing::ReleaseTrace, waiting::WaitTrace};
use crate::{
    ConditionSite, Kind, Site,
    actor::Blocking,
    clock,
    console::Resource,
    record::{Made, Record},
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

/// The future that a thread blocks on, so that polls of it are known as that thread's.
pub const fn blocking<F>(future: F) -> Blocking<F> {
    Blocking::new(future)
}

/// When waiters are notified: loaded once under one hold of a queue's lock, when the first one is.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp {
    /// A [stamp](clock::stamp), or 0.
    at: u64,
    is_exact: bool,
}

impl Timestamp {
    /// Not loaded yet.
    #[inline]
    pub const fn unknown() -> Self {
        Self { at: 0, is_exact: false }
    }

    #[inline]
    fn get(&mut self, is_exact: bool) -> u64 {
        if self.at == 0 || is_exact && !self.is_exact {
            self.at = if is_exact { clock::exact_stamp() } else { clock::stamp() };
            self.is_exact = is_exact;
        }
        self.at
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
}

impl fmt::Debug for PrimitiveTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrimitiveTrace")
            .field("kind", &self.made.kind)
            .field("name", &self.made.name)
            .finish_non_exhaustive()
    }
}

/// The key of no entry.
const NONE: usize = usize::MAX;
