//! The stall watch: it says which waits last too long, and why, and sleeps as long as there is nothing to watch.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    iter::FusedIterator,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use event_listener::{Event, Listener};
use futures_lite::Stream;
use parking_lot::Mutex;

use crate::{
    Cause, PrimitiveId, Stall, Wait, bell, clock, deadlock::deadlocks_among, registry::records,
    snapshot::readings,
};

/// The shortest time between two checks.
const PAUSE: Duration = Duration::from_millis(1);

/// Watches every primitive of the process, and reports each wait that has lasted for `threshold`: as an
/// iterator, whose `next` blocks until there is one; [in a thread](Watch::spawn); or
/// [as a stream](Watch::stream).
///
/// A wait is reported once, and again if its cause has become worse. Several waits for one primitive that
/// are found at the same time are reported as one. A threshold of zero reports every wait that lasts long
/// enough to be seen.
///
/// While no task waits, the watch sleeps. While one waits, the watch checks when the oldest wait reaches
/// the threshold. The watch costs a task that does not wait nothing, and a waiter a fence and a load.
///
/// ```no_run
/// use awaitlist_diagnostics::watch;
/// use std::time::Duration;
///
/// // At the start of `main`:
/// watch(Duration::from_secs(10)).print().detach();
/// ```
pub fn watch(threshold: Duration) -> Watch {
    Watch { threshold, known: HashMap::new(), pending: VecDeque::new(), halt: Arc::default() }
}

/// What [`watch`] makes.
///
/// Dropping it ends it; stalls that were seen and not told of are forgotten.
pub struct Watch {
    threshold: Duration,
    /// The primitives that have been told of, as long as somebody waits.
    known: HashMap<PrimitiveId, Told>,
    pending: VecDeque<Stall>,
    halt: Arc<Halt>,
}

/// What has been told of one primitive.
#[derive(Clone, Copy, Default)]
struct Told {
    /// The last wait that was told of, by its number.
    up_to: u64,
    gravity: u8,
}

/// How a watch that sleeps is ended.
#[derive(Default)]
struct Halt {
    halted: AtomicBool,
    event: Event,
}

impl Halt {
    fn halt(&self) {
        // Release: pairs with the Acquire of `is_halted`, so that a thread that sees it also sees what came before.
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

    /// Watches in a thread of its own, and hands each stall to `report`, until what this answers is dropped. If `report`
    /// panics, the watch has ended.
    ///
    /// # Panics
    ///
    /// If the system has no thread left.
    pub fn spawn(self, mut report: impl FnMut(Stall) + Send + 'static) -> WatchThread {
        let halt = Arc::clone(&self.halt);
        thread::Builder::new()
            .name(String::from("awaitlist-watch"))
            .spawn(move || self.for_each(&mut report))
            .expect("the system has a thread for the watch");
        WatchThread(Some(halt))
    }

    /// Watches in a thread of its own, and prints each stall on the standard error.
    ///
    /// # Panics
    ///
    /// As [`spawn`](Self::spawn).
    pub fn print(self) -> WatchThread {
        self.spawn(|stall| eprintln!("{stall}\n"))
    }

    /// Watches in a thread of its own, and returns the stalls as a stream, which needs no runtime. The
    /// stream never ends.
    ///
    /// # Panics
    ///
    /// As [`spawn`](Self::spawn).
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

    /// Looks at all waits, puts the stalls among them with the pending, and answers when to look again. `None` if nobody
    /// waits.
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
        for record in records.iter().filter(|record| record.is_waited_for()) {
            let told = self.known.get(&record.id).copied().unwrap_or_default();
            let mut suspect = Suspect::default();
            record.for_each_wait(|since, number| {
                if number <= told.up_to {
                    suspect.again = true;
                } else if now.saturating_duration_since(since) >= self.threshold {
                    suspect.enter(number);
                } else {
                    look_at(since.checked_add(self.threshold));
                }
            });
            if suspect.again || suspect.count > 0 {
                suspects.insert(record.id, suspect);
                known.insert(record.id, told);
                look_at(now.checked_add(pause));
            }
        }
        self.known = known;
        drop(records);
        self.report(&suspects, now);
        // Counted from the end of the look, which takes its time where many wait.
        due.map(|due| due.max(clock::now() + PAUSE))
    }

    /// Finds out why the suspects wait, and puts what is new with the pending.
    fn report(&mut self, suspects: &HashMap<PrimitiveId, Suspect>, now: Instant) {
        if suspects.is_empty() {
            return;
        }
        let threshold = self.threshold;
        // Is about to go on.
        let just_woken = |wait: &Wait| {
            let woken = wait.woken();
            woken.is_some_and(|at| now.saturating_duration_since(at) < threshold)
        };
        let readings = readings();
        let deadlocks = deadlocks_among(&readings);
        for reading in &readings {
            let id = reading.record.id;
            let (Some(suspect), Some(told)) = (suspects.get(&id), self.known.get_mut(&id)) else {
                continue;
            };
            let is_meant = |number: u64| match suspect.count {
                0 => number <= told.up_to,
                _ => (suspect.first..=suspect.last).contains(&number),
            };
            let waits = reading.waits.iter().zip(reading.shown_waits());
            let told_of =
                waits.into_iter().find(|(entry, wait)| is_meant(entry.number) && !just_woken(wait));
            let Some((_, wait)) = told_of else {
                continue;
            };
            let cause = Cause::of(reading, &wait, &deadlocks, now, threshold);
            let gravity = cause.gravity();
            if suspect.count > 0 || gravity > told.gravity {
                told.up_to = told.up_to.max(suspect.last);
                told.gravity = gravity;
                self.pending.push_back(Stall {
                    site: reading.site(),
                    wait,
                    others: suspect.count.saturating_sub(1),
                    cause,
                    seen: now,
                });
            }
        }
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
    /// How many have reached the threshold and have not been told of; and the numbers of the first and the last of these.
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

/// A watch in a thread of its own. Dropping it ends the watch, unless it was [detached](Self::detach).
#[must_use = "dropped at once, the watch ends at once"]
pub struct WatchThread(Option<Arc<Halt>>);

impl WatchThread {
    /// Lets the watch go on for as long as the process does.
    pub fn detach(mut self) {
        self.0 = None;
    }
}

impl Drop for WatchThread {
    fn drop(&mut self) {
        if let Some(halt) = &self.0 {
            halt.halt();
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
