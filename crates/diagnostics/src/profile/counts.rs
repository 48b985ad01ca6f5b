//! What is counted: numbers that only grow, a row for each call site.

use std::{
    cell::Cell,
    collections::HashMap,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::RwLock;

use super::{Histogram, Profile, ProfileRow};
use crate::{
    Site,
    class::{Class, address},
    clock,
    opt_in::Part,
};

/// The numbers of one row. They are Relaxed: what reads them reads each at some moment.
#[derive(Debug)]
pub(crate) struct Counts {
    site: Site,
    at: &'static Location<'static>,
    acquired: AtomicU64,
    given_up: AtomicU64,
    waits: Times,
    holds: Times,
}

#[derive(Debug, Default)]
struct Times {
    sum: AtomicU64,
    longest: AtomicU64,
    buckets: [AtomicU64; 15],
}

impl Times {
    fn add(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.sum.fetch_add(nanos, Ordering::Relaxed);
        self.longest.fetch_max(nanos, Ordering::Relaxed);
        let bucket = Histogram::LIMITS.partition_point(|limit| *limit < time);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> Histogram {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let buckets: [u64; 15] = std::array::from_fn(|index| load(&self.buckets[index]));
        Histogram {
            count: buckets.iter().sum(),
            sum: Duration::from_nanos(load(&self.sum)),
            longest: Duration::from_nanos(load(&self.longest)),
            buckets,
        }
    }
}

impl Counts {
    fn new(site: Site, at: &'static Location<'static>) -> Self {
        Self {
            site,
            at,
            acquired: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            waits: Times::default(),
            holds: Times::default(),
        }
    }

    fn read(&self) -> ProfileRow {
        ProfileRow {
            site: self.site.clone(),
            at: self.at,
            acquired: self.acquired.load(Ordering::Relaxed),
            given_up: self.given_up.load(Ordering::Relaxed),
            waits: self.waits.read(),
            holds: self.holds.read(),
        }
    }
}

/// By the class of the primitive and the address of the call site. One call site may have several
/// addresses: its rows are added up when they are read.
#[derive(Default)]
struct Rows {
    rows: HashMap<(Class, usize), Arc<Counts>>,
    /// Since when it counts, and for how long it had counted before.
    since: Option<Instant>,
    before: Duration,
}

static ROWS: RwLock<Option<Rows>> = RwLock::new(None);

fn write<R>(write: impl FnOnce(&mut Rows) -> R) -> R {
    write(ROWS.write().get_or_insert_default())
}

pub(super) fn begin() {
    let now = clock::now();
    write(|rows| rows.since = rows.since.or(Some(now)));
}

pub(super) fn pause() {
    let now = clock::now();
    write(|rows| rows.before = rows.lasted(now));
    write(|rows| rows.since = None);
}

pub(super) fn clear(goes_on: bool) {
    let since = goes_on.then(clock::now);
    let old = write(|rows| std::mem::replace(rows, Rows { since, ..Rows::default() }));
    drop(old);
}

impl Rows {
    fn lasted(&self, now: Instant) -> Duration {
        let passed = self.since.map(|since| now.saturating_duration_since(since));
        self.before.saturating_add(passed.unwrap_or_default())
    }
}

pub(super) fn read() -> Profile {
    let now = clock::now();
    let (lasted, counts) = match &*ROWS.read() {
        Some(rows) => {
            (rows.lasted(now), rows.rows.iter().map(|(k, v)| (*k, Arc::clone(v))).collect())
        }
        None => (Duration::ZERO, Vec::new()),
    };
    let mut rows: HashMap<(Class, Location<'static>), ProfileRow> = HashMap::new();
    for ((class, _), counts) in &counts {
        let row = counts.read();
        rows.entry((*class, *row.at)).and_modify(|sum| sum.merge(&row)).or_insert(row);
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by(|one, other| {
        let rank = |row: &ProfileRow| (row.waits.sum, row.holds.sum, row.acquired);
        rank(other).cmp(&rank(one)).then_with(|| one.at.cmp(other.at))
    });
    Profile { lasted, rows }
}

impl ProfileRow {
    fn merge(&mut self, other: &Self) {
        self.acquired += other.acquired;
        self.given_up += other.given_up;
        self.waits.merge(&other.waits);
        self.holds.merge(&other.holds);
    }
}

/// Returns the row of a call site.
fn row(site: &Site, at: &'static Location<'static>) -> Arc<Counts> {
    let key = (Class::of(site), address(at));
    let known = ROWS.read().as_ref().and_then(|rows| rows.rows.get(&key).cloned());
    known.unwrap_or_else(|| {
        let new = Arc::new(Counts::new(site.clone(), at));
        write(|rows| Arc::clone(rows.rows.entry(key).or_insert(new)))
    })
}

/// When a wait began, if that is counted. The owner's alone.
#[derive(Debug, Default)]
pub(crate) struct WaitBegan(Cell<Option<Instant>>);

impl WaitBegan {
    pub(crate) const fn never() -> Self {
        Self(Cell::new(None))
    }

    /// Notes that a wait begins.
    #[inline]
    pub(crate) fn now(&self) {
        if Part::Profile.is_started() {
            self.0.set(Some(clock::now()));
        }
    }

    /// Ends the wait. Returns when it began, if that was noted.
    #[inline]
    pub(crate) fn take(&self) -> Option<Instant> {
        self.0.take()
    }
}

/// Counts a wait that ended with no hold: it was given up, or there is nothing to hold.
#[cold]
pub(crate) fn waited(site: &Site, at: &'static Location<'static>, began: Instant) {
    let row = row(site, at);
    row.waits.add(clock::now().saturating_duration_since(began));
    let ended = if site.kind.has_permits() { &row.given_up } else { &row.acquired };
    ended.fetch_add(1, Ordering::Relaxed);
}

/// A hold that is counted when this is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Timer {
    row: Arc<Counts>,
    since: Instant,
}

impl Timer {
    /// Counts an acquisition, and the wait before it, if there was one. `None` if nothing counts.
    pub(crate) fn begin(
        site: &Site,
        at: &'static Location<'static>,
        began: Option<Instant>,
    ) -> Option<Self> {
        if !Part::Profile.is_started() {
            return None;
        }
        let (row, since) = (row(site, at), clock::now());
        row.acquired.fetch_add(1, Ordering::Relaxed);
        if let Some(began) = began {
            row.waits.add(since.saturating_duration_since(began));
        }
        Some(Self { row, since })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.row.holds.add(clock::now().saturating_duration_since(self.since));
    }
}
