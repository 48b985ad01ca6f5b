//! The stall watch: it says which waits last too long, and why, and sleeps as long as there is
//! nothing to watch.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    io::{self, Write},
    iter::FusedIterator,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant, SystemTime},
};

use event_listener::{Event, Listener};
use futures_lite::Stream;
use parking_lot::Mutex;

use crate::{
    Cause, Phase, PrimitiveId, Site, Stall, Unserved, Wait,
    actor::Key,
    bell, clock,
    deadlock::deadlocks_among,
    evidence::{self, Seen},
    registry::records,
    snapshot::readings,
    stall::{permits, woken},
};

/// The shortest time between two checks.
const PAUSE: Duration = Duration::from_millis(1);

/// Watches every primitive of the process, and reports each wait that has lasted for `threshold`:
/// as an iterator, whose `next` blocks until there is one; [in a thread](Watch::spawn); or [as a
/// stream](Watch::stream).
///
/// One cause is one [`Stall`], however many tasks it keeps waiting: it is reported in full when it
/// is first seen, and again if it becomes worse. While it lasts, it is counted at intervals that
/// double. When it is over, that is reported too. A cause that comes and goes faster than the
/// intervals is counted as one that lasts. A deadlock of five tasks is one stall. A threshold of
/// zero reports every wait that lasts long enough to be seen.
///
/// Waits for an [`Event`](crate::Kind::Event) or a [`Condition`](crate::Kind::Condition) are meant
/// to be long as a rule: workers are idle, and a server waits for its shutdown. They are reported
/// only if the waiter holds something meanwhile, or if the watch [asks for
/// them](Watch::with_idle_waits).
///
/// Waits for a primitive that [`may_wait`](Site::may_wait) are reported only as part of a deadlock
/// without evidence to the contrary.
///
/// While no task waits, the watch sleeps. While one waits, the watch checks when the oldest wait
/// reaches the threshold. The watch costs a task that does not wait nothing, and a waiter a fence
/// and a load.
///
/// ```no_run
/// use awaitlist_diagnostics::watch;
/// use std::time::Duration;
///
/// // At the start of `main`:
/// watch(Duration::from_secs(10)).print().detach();
/// ```
pub fn watch(threshold: Duration) -> Watch {
    Watch {
        threshold,
        idle: false,
        filter: None,
        known: HashMap::new(),
        incidents: HashMap::new(),
        pending: VecDeque::new(),
        halt: Arc::default(),
    }
}

/// What [`watch`] makes.
///
/// Dropping it ends it; stalls that were seen and not told of are forgotten.
pub struct Watch {
    threshold: Duration,
    /// Whether it reports waits for an event or a condition of tasks that hold nothing.
    idle: bool,
    filter: Option<Filter>,
    /// The primitives whose waits have reached the threshold: the number of the last of these waits
    /// that was counted.
    known: HashMap<PrimitiveId, u64>,
    incidents: HashMap<Subject, Incident>,
    pending: VecDeque<Stall>,
    halt: Arc<Halt>,
}

/// Returns whether waits for a primitive are reported.
type Filter = Box<dyn FnMut(&Site) -> bool + Send>;

/// What makes one cause one.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Subject {
    /// The primitive that is waited for.
    Primitive(PrimitiveId),
    /// The primitives in a deadlock.
    Deadlock(Vec<PrimitiveId>),
}

impl Subject {
    fn of(site: &Site, cause: &Cause) -> Self {
        match cause {
            Cause::Deadlocked(deadlock) => {
                let mut sites: Vec<_> = deadlock.edges.iter().map(|edge| edge.site.id).collect();
                sites.sort_unstable();
                sites.dedup();
                Self::Deadlock(sites)
            }
            _ => Self::Primitive(site.id),
        }
    }
}

/// A cause that was reported.
struct Incident {
    /// As it was reported.
    stall: Stall,
    /// Whether it lasts, as far as was reported.
    open: bool,
    /// When it was reported first.
    began: Instant,
    /// When it was reported last, and how long to wait until it is reported again.
    told: Instant,
    interval: Duration,
    /// How many waits have reached the threshold since it began, and how many until it was last
    /// told.
    more: usize,
    more_told: usize,
    /// Whether the look that is under way has seen it.
    seen: bool,
}

impl Incident {
    fn new(stall: Stall, interval: Duration) -> Self {
        let now = stall.seen;
        Self {
            stall,
            open: true,
            began: now,
            told: now,
            interval,
            more: 0,
            more_told: 0,
            seen: true,
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.told) >= self.interval
    }

    /// What is reported of it now.
    fn tell(&self, phase: Phase, now: Instant) -> Stall {
        Stall { phase, seen: now, time: SystemTime::now(), ..self.stall.clone() }
    }

    /// Returns the reminder that is due.
    fn remind(&mut self, now: Instant) -> Option<Stall> {
        if !self.open || !self.is_due(now) {
            return None;
        }
        let passed = now.saturating_duration_since(self.told).as_secs_f64();
        let phase = Phase::Still {
            lasted: now.saturating_duration_since(self.began),
            more: self.more,
            per_second: (self.more - self.more_told) as f64 / passed.max(f64::MIN_POSITIVE),
        };
        self.told = now;
        self.more_told = self.more;
        self.interval = self.interval.saturating_mul(2).min(LONGEST_INTERVAL);
        Some(self.tell(phase, now))
    }

    /// Returns the report that it is over.
    fn end(&mut self, now: Instant) -> Option<Stall> {
        if !std::mem::replace(&mut self.open, false) {
            return None;
        }
        if let Cause::Deadlocked(deadlock) = &self.stall.cause {
            // It was none, or is none any more: the same waits are not certain again.
            for edge in &deadlock.edges {
                evidence::learn(edge.waits_at, Seen::GivenUp);
            }
        }
        let lasted = now.saturating_duration_since(self.began);
        Some(self.tell(Phase::Ended { lasted, more: self.more }, now))
    }
}

/// The shortest interval between two reports of one cause, and the longest.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(5);
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);

/// How a watch that sleeps is ended.
#[derive(Default)]
struct Halt {
    halted: AtomicBool,
    event: Event,
    /// Whether the thread has ended.
    ended: AtomicBool,
}

impl Halt {
    fn halt(&self) {
        // Release: pairs with the Acquire of `is_halted`, so that a thread that sees it also sees
        // what came before.
        self.halted.store(true, Ordering::Release);
        self.event.notify(usize::MAX);
        bell::ring();
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Acquire)
    }
}

impl Watch {
    /// Checks now, and returns the stalls that were not reported yet. Does not wait.
    pub fn check(&mut self) -> Vec<Stall> {
        self.look();
        self.pending.drain(..).collect()
    }

    /// Reports waits for an event or a condition also where the waiter holds nothing, unless it
    /// [`may_wait`](Site::may_wait).
    #[must_use]
    pub fn with_idle_waits(mut self) -> Self {
        self.idle = true;
        self
    }

    /// Reports only waits for primitives of which `filter` returns true. If it panics, the panic is
    /// caught and the waits are reported.
    ///
    /// ```
    /// use awaitlist_diagnostics::watch;
    /// use std::time::Duration;
    ///
    /// let all_but_one = watch(Duration::from_secs(10))
    ///     .filter(|site| site.name.as_deref() != Some("shutdown"));
    /// # drop(all_but_one);
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl FnMut(&Site) -> bool + Send + 'static) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// Watches in a thread of its own, and passes each stall to `report`, until what this returns
    /// is dropped. If `report` panics, the panic is caught, and the watch goes on.
    ///
    /// # Panics
    ///
    /// Panics if the system cannot start a thread.
    pub fn spawn(mut self, mut report: impl FnMut(Stall) + Send + 'static) -> WatchThread {
        /// Records the end of the thread, also by a panic.
        struct Ends(Arc<Halt>);

        impl Drop for Ends {
            fn drop(&mut self) {
                // Release: pairs with the Acquire of `is_alive`.
                self.0.ended.store(true, Ordering::Release);
            }
        }

        let halt = Arc::clone(&self.halt);
        let ends = Ends(Arc::clone(&halt));
        thread::Builder::new()
            .name(String::from("awaitlist-watch"))
            .spawn(move || {
                let _ends = ends;
                for stall in &mut self {
                    let reported = catch_unwind(AssertUnwindSafe(|| report(stall)));
                    // Its drop may panic as well.
                    reported.unwrap_or_else(std::mem::forget);
                }
            })
            .expect("the system has a thread for the watch");
        WatchThread { halt, halts: true }
    }

    /// Watches in a thread of its own, and prints each stall to standard error. If standard error
    /// is closed, the report is lost, and the watch goes on.
    ///
    /// # Panics
    ///
    /// Panics if the system cannot start a thread.
    pub fn print(self) -> WatchThread {
        self.spawn(|stall| {
            let _ = writeln!(io::stderr(), "{stall}\n");
        })
    }

    /// Watches in a thread of its own, and returns the stalls as a stream, which needs no runtime.
    /// The stream never ends.
    ///
    /// # Panics
    ///
    /// Panics if the system cannot start a thread.
    pub fn stream(self) -> Stalls {
        let told = Arc::new(Mutex::new(Queue::default()));
        let queue = Arc::clone(&told);
        let thread = self.spawn(move |stall| {
            let waker = {
                let mut queue = queue.lock();
                queue.stalls.push_back(stall);
                queue.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        Stalls { told, _thread: thread }
    }

    /// Checks all waits, adds what is to be reported to the pending, and returns when to check
    /// again. `None` if there is no wait.
    fn look(&mut self) -> Option<Instant> {
        let now = clock::now();
        let pause = self.threshold.max(PAUSE);
        let records = records();
        let mut known = HashMap::new();
        let mut due: Option<Instant> = None;
        let mut look_at = |time: Option<Instant>| {
            // A threshold that is too long for the clock is never reached.
            due = [due, time].into_iter().flatten().min();
        };
        let mut suspects = HashMap::new();
        for record in records.iter().filter(|record| record.is_waited_for(now)) {
            let told = self.known.get(&record.id).copied().unwrap_or_default();
            // Between two attempts: neither new nor over.
            let again = told > 0 && record.unserved(now).is_some();
            let mut suspect = Suspect { again, ..Suspect::default() };
            record.for_each_wait(now, |since, number| {
                if number <= told {
                    suspect.again = true;
                } else if now.saturating_duration_since(since) >= self.threshold {
                    suspect.enter(number);
                } else {
                    look_at(since.checked_add(self.threshold));
                }
            });
            if suspect.again || suspect.count > 0 {
                known.insert(record.id, told.max(suspect.last));
                suspects.insert(record.id, suspect);
                look_at(now.checked_add(pause));
            }
        }
        drop(records);
        self.report(&suspects, now);
        self.known = known;
        if self.incidents.values().any(|incident| incident.open) {
            look_at(now.checked_add(pause));
        }
        // Counted from the end of the look, which takes its time where many wait.
        due.map(|due| due.max(clock::now() + PAUSE))
    }

    /// Finds out why the suspects wait, and adds what is new to the pending.
    fn report(&mut self, suspects: &HashMap<PrimitiveId, Suspect>, now: Instant) {
        if suspects.is_empty() && self.incidents.is_empty() {
            return;
        }
        for incident in self.incidents.values_mut() {
            incident.seen = false;
        }
        let threshold = self.threshold;
        // Is about to go on.
        let just_woken = |wait: &Wait| {
            let woken = wait.woken();
            woken.is_some_and(|at| now.saturating_duration_since(at) < threshold)
        };
        let readings = if suspects.is_empty() { Vec::new() } else { readings() };
        let deadlocks = deadlocks_among(&readings);
        let holders: HashSet<Key> = readings
            .iter()
            .flat_map(|reading| &reading.holds)
            .filter_map(|hold| Key::of(&hold.whose.who))
            .collect();
        for reading in &readings {
            let id = reading.record.id;
            let Some(suspect) = suspects.get(&id) else {
                continue;
            };
            let told = self.known.get(&id).copied().unwrap_or_default();
            let is_meant = |number: u64| match suspect.count {
                0 => number <= told,
                _ => (suspect.first..=suspect.last).contains(&number),
            };
            let is_idle = |wait: &Wait| {
                !self.idle
                    && reading.record.kind.has_signals()
                    && wait.woken().is_none()
                    && !Key::of(&wait.who).is_some_and(|key| holders.contains(&key))
            };
            let waits = reading.waits.iter().zip(reading.shown_waits());
            let told_of = waits.into_iter().find(|(entry, wait)| {
                is_meant(entry.number) && !just_woken(wait) && !is_idle(wait)
            });
            let Some((_, wait)) = told_of else {
                // Neither new nor over.
                if let Some(incident) = self.incidents.get_mut(&Subject::Primitive(id)) {
                    incident.seen |= suspect.again;
                }
                continue;
            };
            let site = reading.site();
            if !self.filter.as_mut().is_none_or(|filter| passes(filter, &site)) {
                continue;
            }
            let mut cause = Cause::of(reading, &wait, &deadlocks, now, threshold);
            if let Cause::Deadlocked(deadlock) = &mut cause {
                deadlock.begin_with(&wait.who);
            }
            if site.may_wait && !cause.is_uncontradicted() {
                continue;
            }
            let (chain, root) = cause.chain(&readings);
            let stall = Stall {
                site,
                wait,
                others: suspect.count.saturating_sub(1),
                permits: permits(reading),
                signals: reading.signals.clone(),
                woken: woken(reading),
                unserved: reading
                    .record
                    .unserved(now)
                    .map(|(since, given_up)| Unserved { since, given_up }),
                cause,
                chain,
                root,
                phase: Phase::New,
                seen: now,
                time: SystemTime::now(),
            };
            self.enter(stall, suspect);
        }
        self.tell_of_the_known(now);
    }

    /// Reports a stall, unless its cause is known.
    fn enter(&mut self, stall: Stall, suspect: &Suspect) {
        let now = stall.seen;
        let subject = Subject::of(&stall.site, &stall.cause);
        if let Subject::Deadlock(_) = subject {
            // What was reported as something else has become worse. That is no end.
            self.incidents.remove(&Subject::Primitive(stall.site.id));
        }
        let interval = self.threshold.max(SHORTEST_INTERVAL).min(LONGEST_INTERVAL);
        let Some(incident) = self.incidents.get_mut(&subject) else {
            self.pending.push_back(stall.clone());
            self.incidents.insert(subject, Incident::new(stall, interval));
            return;
        };
        let goes_on = suspect.again || matches!(subject, Subject::Deadlock(_));
        incident.seen = true;
        if stall.cause.gravity() > incident.stall.cause.gravity() {
            self.pending.push_back(stall.clone());
            incident.stall = stall;
            incident.told = now;
            incident.open = true;
        } else if incident.open && !goes_on && incident.is_due(now) {
            // All waits that it was reported of are over, and it has begun anew.
            self.pending.extend(incident.end(now));
            self.pending.push_back(stall.clone());
            *incident = Incident::new(stall, interval);
        } else if !incident.open && incident.is_due(now) {
            self.pending.push_back(stall.clone());
            *incident = Incident::new(stall, interval);
        } else {
            incident.more += suspect.count;
        }
    }

    /// Reports what lasts, from time to time, and what is over.
    fn tell_of_the_known(&mut self, now: Instant) {
        for incident in self.incidents.values_mut() {
            self.pending.extend(match incident.seen {
                true => incident.remind(now),
                false => incident.end(now),
            });
        }
        self.incidents.retain(|_, incident| incident.seen || !incident.is_due(now));
    }

    /// Sleeps until it is time to look again.
    fn sleep(&self, due: Option<Instant>, rung: event_listener::EventListener) {
        let Some(due) = due.filter(|_| clock::is_standard()) else {
            if !self.halt.is_halted() {
                rung.wait();
            }
            return;
        };
        // No waiter needs to ring until then: a new wait is due later.
        drop(rung);
        let halted = self.halt.event.listen();
        if !self.halt.is_halted() {
            halted.wait_deadline(due);
        }
    }
}

/// The waits on one primitive that may have to be told of.
#[derive(Default)]
struct Suspect {
    /// How many have reached the threshold and have not been told of; and the numbers of the first
    /// and the last of these.
    count: usize,
    first: u64,
    last: u64,
    /// Whether one that was told of waits still.
    again: bool,
}

impl Suspect {
    fn enter(&mut self, number: u64) {
        self.first = match self.count {
            0 => number,
            _ => self.first.min(number),
        };
        self.last = self.last.max(number);
        self.count += 1;
    }
}

/// Blocks until there is a stall. It ends only if the thread that it runs in is told to.
impl Iterator for Watch {
    type Item = Stall;

    fn next(&mut self) -> Option<Stall> {
        loop {
            if self.halt.is_halted() {
                return None;
            }
            if let Some(stall) = self.pending.pop_front() {
                return Some(stall);
            }
            // Before the look: a wait that begins after it rings.
            let rung = bell::listen();
            let due = self.look();
            if self.pending.is_empty() {
                self.sleep(due, rung);
            }
        }
    }
}

impl FusedIterator for Watch {}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("threshold", &self.threshold)
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}

/// Calls the user's filter.
fn passes(filter: &mut Filter, site: &Site) -> bool {
    match catch_unwind(AssertUnwindSafe(|| filter(site))) {
        Ok(passes) => passes,
        Err(panic) => {
            // Its drop may panic as well.
            std::mem::forget(panic);
            true
        }
    }
}

/// A watch in a thread of its own. Dropping it ends the watch, unless it was
/// [detached](Self::detach).
#[must_use = "dropped at once, the watch ends at once"]
pub struct WatchThread {
    halt: Arc<Halt>,
    /// Whether its drop ends the watch.
    halts: bool,
}

impl WatchThread {
    /// Lets the watch go on for as long as the process does.
    pub fn detach(mut self) {
        self.halts = false;
    }

    /// Returns whether the thread still watches. It is not there in a child of `fork`.
    pub fn is_alive(&self) -> bool {
        // Acquire: pairs with the Release at the end of the thread.
        !self.halt.ended.load(Ordering::Acquire)
    }
}

impl Drop for WatchThread {
    fn drop(&mut self) {
        if self.halts {
            self.halt.halt();
        }
    }
}

impl fmt::Debug for WatchThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchThread").finish_non_exhaustive()
    }
}

/// The stalls that a watch sees, made by [`Watch::stream`]. Dropping it ends the watch.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Stalls {
    told: Arc<Mutex<Queue>>,
    _thread: WatchThread,
}

/// Between the watch's thread and the stream.
#[derive(Debug, Default)]
struct Queue {
    stalls: VecDeque<Stall>,
    waker: Option<Waker>,
}

impl Stream for Stalls {
    type Item = Stall;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Stall>> {
        // Wakers are cloned before the lock, and dropped after it.
        let waker = context.waker().clone();
        let (stall, stale) = {
            let mut queue = self.told.lock();
            match queue.stalls.pop_front() {
                Some(stall) => (Some(stall), Some(waker)),
                None => (None, queue.waker.replace(waker)),
            }
        };
        drop(stale);
        stall.map_or(Poll::Pending, |stall| Poll::Ready(Some(stall)))
    }
}
