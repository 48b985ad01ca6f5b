//! How long acquires of a lock wait, and how evenly the lock is shared: fairness and tails.
//!
//! Several threads or tasks acquire one lock again and again for a fixed time. Each counts its
//! acquires and the time that each one took. The clock is read twice an acquire, for all contenders
//! alike.

use std::{
    array,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    harness::{runtime, yield_once},
    lock::steps,
    peers::{BlockingLock, Lock, Peer, each},
};

/// What the acquires of a lock came to.
#[derive(Clone, Debug)]
pub struct Waits {
    /// Nanoseconds an acquire, of all threads or tasks together.
    pub ns: f64,
    /// How many times as many acquires the most served had as the least served.
    pub unevenness: f64,
    /// The median wait, in nanoseconds.
    pub median: f64,
    /// 99 of 100 waits were not longer.
    pub p99: f64,
    /// The longest wait.
    pub longest: f64,
}

impl Waits {
    /// The figures, each with its name in the results.
    pub const fn figures(&self) -> [(&'static str, f64); 5] {
        [
            ("acquire", self.ns),
            ("unevenness", self.unevenness),
            ("median", self.median),
            ("p99", self.p99),
            ("longest", self.longest),
        ]
    }
}

/// One way to contend.
#[derive(Debug)]
pub struct Scenario {
    /// Its name: `waits/hog`.
    pub id: &'static str,
    /// What is done, as the page says it.
    pub title: &'static str,
    /// The most served may be served so many times as often as the least served.
    pub evenness: Option<f64>,
    /// All that take part.
    pub contenders: Vec<(Peer, Run)>,
}

/// How a contender does its part for a time.
pub type Run = fn(&Duration) -> Waits;

macro_rules! threads {
    ($run:ident) => {
        each!($run: Lock of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake, performables,
            event_listener, std, parking_lot)
    };
}

macro_rules! tasks {
    ($run:ident) => {
        each!($run: Lock of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake, performables,
            event_listener)
    };
}

/// All of them.
pub fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario {
            id: "waits/threads-2",
            title: "2 threads, a tiny critical section",
            evenness: None,
            contenders: threads!(two_threads),
        },
        Scenario {
            id: "waits/threads-4",
            title: "4 threads, a tiny critical section",
            evenness: Some(2.0),
            contenders: threads!(four_threads),
        },
        Scenario {
            id: "waits/threads-16",
            title: "16 threads, a tiny critical section",
            evenness: Some(4.0),
            contenders: threads!(sixteen_threads),
        },
        Scenario {
            id: "waits/outside",
            title: "4 threads, 200 steps in the critical section and 1,000 outside",
            evenness: Some(2.0),
            contenders: threads!(mostly_outside),
        },
        Scenario {
            id: "waits/tasks",
            title: "64 tasks on 2 workers, which yield after each release",
            evenness: None,
            contenders: tasks!(two_workers),
        },
        Scenario {
            id: "waits/oversubscribed",
            title: "64 tasks on 8 workers, which yield after each release",
            evenness: None,
            contenders: tasks!(eight_workers),
        },
        Scenario {
            id: "waits/hog",
            title: "8 tasks, and a hog that holds the lock for 20 us again and again, on 2 workers",
            evenness: None,
            contenders: tasks!(hogged),
        },
    ]
}

impl Scenario {
    /// Measures all contenders in so many rounds, each for `time`. A figure is the median of the
    /// rounds.
    pub fn run(&self, rounds: usize, time: Duration) -> Vec<(Peer, Waits)> {
        let mut samples: Vec<Vec<Waits>> = vec![Vec::new(); self.contenders.len()];
        for round in 0..rounds {
            for turn in 0..samples.len() {
                let next = (round + turn) % samples.len();
                samples[next].push((self.contenders[next].1)(&time));
            }
        }
        self.contenders
            .iter()
            .map(|(peer, _)| *peer)
            .zip(samples.iter().map(|all| median(all)))
            .collect()
    }
}

fn median(samples: &[Waits]) -> Waits {
    let of = |figure: fn(&Waits) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Waits {
        ns: of(|waits| waits.ns),
        unevenness: of(|waits| waits.unevenness),
        median: of(|waits| waits.median),
        p99: of(|waits| waits.p99),
        longest: of(|waits| waits.longest),
    }
}

fn two_threads<L: BlockingLock>(time: &Duration) -> Waits {
    threads::<L>(*time, 2, 0, 0)
}

fn four_threads<L: BlockingLock>(time: &Duration) -> Waits {
    threads::<L>(*time, 4, 0, 0)
}

fn sixteen_threads<L: BlockingLock>(time: &Duration) -> Waits {
    threads::<L>(*time, 16, 0, 0)
}

fn mostly_outside<L: BlockingLock>(time: &Duration) -> Waits {
    threads::<L>(*time, 4, 200, 1_000)
}

fn threads<L: BlockingLock>(time: Duration, count: usize, inside: usize, outside: usize) -> Waits {
    let (lock, stop) = (L::free(), AtomicBool::new(false));
    let body = || {
        let mut log = Log::new();
        while !stop.load(Ordering::Relaxed) {
            let begin = Instant::now();
            let held = lock.acquire_blocking();
            log.add(begin.elapsed());
            steps(inside);
            drop(held);
            steps(outside);
        }
        log
    };
    let begin = Instant::now();
    let logs: Vec<Log> = thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(body)).collect();
        thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    summarize(begin.elapsed(), &logs)
}

fn two_workers<L: Lock>(time: &Duration) -> Waits {
    tasks::<L>(*time, 2, 64, None)
}

fn eight_workers<L: Lock>(time: &Duration) -> Waits {
    tasks::<L>(*time, 8, 64, None)
}

fn hogged<L: Lock>(time: &Duration) -> Waits {
    tasks::<L>(*time, 2, 8, Some(Duration::from_micros(20)))
}

/// The acquires of a hog do not count.
fn tasks<L: Lock>(time: Duration, workers: usize, count: usize, hog: Option<Duration>) -> Waits {
    let shared = Arc::new((L::new(), AtomicBool::new(false)));
    let runtime = runtime(workers);
    let begin = Instant::now();
    let hog = hog.map(|hold| runtime.spawn(hold_on(Arc::clone(&shared), hold)));
    let tasks: Vec<_> =
        (0..count).map(|_| runtime.spawn(take_turns(Arc::clone(&shared)))).collect();
    thread::sleep(time);
    shared.1.store(true, Ordering::Relaxed);
    let logs: Vec<Log> = runtime.block_on(async {
        let mut logs = Vec::new();
        for task in tasks {
            logs.push(task.await.expect("no task panics"));
        }
        if let Some(hog) = hog {
            hog.await.expect("no task panics");
        }
        logs
    });
    summarize(begin.elapsed(), &logs)
}

async fn take_turns<L: Lock>(shared: Arc<(L, AtomicBool)>) -> Log {
    let (lock, stop) = &*shared;
    let mut log = Log::new();
    while !stop.load(Ordering::Relaxed) {
        let begin = Instant::now();
        let held = lock.acquire().await;
        log.add(begin.elapsed());
        drop(held);
        yield_once().await;
    }
    log
}

async fn hold_on<L: Lock>(shared: Arc<(L, AtomicBool)>, hold: Duration) {
    let (lock, stop) = &*shared;
    while !stop.load(Ordering::Relaxed) {
        let held = lock.acquire().await;
        let begin = Instant::now();
        while begin.elapsed() < hold {
            black_box(());
        }
        drop(held);
    }
}

/// The waits of one thread or task, by their length: eight classes for each power of two.
#[derive(Debug)]
struct Log {
    classes: Box<[u64; CLASSES]>,
    longest: Duration,
}

const CLASSES: usize = 64 * CLASSES_PER_POWER;
const CLASSES_PER_POWER: usize = 8;

impl Log {
    fn new() -> Self {
        Self { classes: Box::new([0; CLASSES]), longest: Duration::ZERO }
    }

    #[inline]
    fn add(&mut self, wait: Duration) {
        let ns = (wait.as_nanos() as u64).max(CLASSES_PER_POWER as u64);
        let power = ns.ilog2() as usize;
        let part = (ns >> (power - 3)) as usize % CLASSES_PER_POWER;
        self.classes[power * CLASSES_PER_POWER + part] += 1;
        self.longest = self.longest.max(wait);
    }

    fn count(&self) -> u64 {
        self.classes.iter().sum()
    }
}

/// The end of a class, in nanoseconds.
fn end_of(class: usize) -> f64 {
    let part = (class % CLASSES_PER_POWER + 1) as f64 / CLASSES_PER_POWER as f64;
    (class as f64 / CLASSES_PER_POWER as f64).floor().exp2() * (1.0 + part)
}

fn summarize(taken: Duration, logs: &[Log]) -> Waits {
    let classes: [u64; CLASSES] =
        array::from_fn(|class| logs.iter().map(|log| log.classes[class]).sum());
    let all: u64 = classes.iter().sum();
    let below = |share: f64| {
        let mut left = (all as f64 * share).ceil();
        let reached = |count: &u64| {
            left -= *count as f64;
            left <= 0.0
        };
        classes.iter().position(reached).map_or(0.0, end_of)
    };
    let counts = logs.iter().map(Log::count);
    let (least, most) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    let longest = logs.iter().map(|log| log.longest).max().unwrap_or_default();
    Waits {
        ns: taken.as_nanos() as f64 / all.max(1) as f64,
        unevenness: most as f64 / least.max(1) as f64,
        median: below(0.5),
        p99: below(0.99),
        longest: longest.as_nanos() as f64,
    }
}
