//! The rows of Lock.

use std::{
    hint::black_box,
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use futures_lite::future::block_on;
use tokio::time::{Instant, timeout_at};

use crate::{
    floors,
    harness::{Load, Part, Row, Stopwatch, cancelling, now, race, together, yield_once},
    peers::{BlockingLock, Lock, each},
    rows::{CANCEL, GROWTH, TASKS, THREADS},
};

macro_rules! locks {
    ($run:ident) => {
        each!($run: Lock of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake, performables,
            event_listener)
    };
}

macro_rules! locks_of_threads {
    ($run:ident) => {
        each!($run: Lock of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake, performables,
            event_listener, std, parking_lot)
    };
}

/// All rows.
pub fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "lock/uncontended",
            "Lock: acquire and release",
            "pair",
            locks!(uncontended),
        )
        .batch(20_000)
        .floor("CAS pair", floors::cas_pair)
        .floor("with a look before each", floors::cas_pair_with_looks),
        Row::new(
            "lock/hand-over",
            "Lock: queue *n*, then hand it from one to the next",
            "waiter",
            locks!(hand_over),
        )
        .sizes(GROWTH)
        .floor("bare wake-ups", floors::bare_wake_ups),
        Row::new(
            "lock/contended-1",
            "Lock: 64 tasks on one thread, every acquire contended",
            "acquire",
            locks!(contended),
        )
        .sizes(TASKS)
        .above_floor("two yields", floors::two_yields)
        .bound("bare ring", floors::bare_ring),
        Row::new(
            "lock/contended-2",
            "Lock: 64 tasks on two threads, every acquire contended",
            "acquire",
            locks!(contended),
        )
        .sizes(TASKS)
        .threads(2)
        .above_floor("two yields", floors::two_yields)
        .bound("bare ring", floors::bare_ring),
        Row::new(
            "lock/convoy-tasks",
            "Lock: 64 tasks on two threads, a tiny critical section",
            "acquire",
            locks!(convoy_of_tasks),
        )
        .sizes(TASKS)
        .threads(2),
        Row::new(
            "lock/convoy-threads",
            "Lock: *n* threads that block, a tiny critical section",
            "acquire",
            locks_of_threads!(convoy_of_threads),
        )
        .sizes(THREADS)
        .batch(2_000_000)
        .stretch(10),
        Row::new(
            "lock/outside",
            "Lock: *n* threads that block, 200 steps in the critical section and 1,000 outside",
            "acquire",
            locks_of_threads!(mostly_outside),
        )
        .sizes(&[4])
        .batch(200_000)
        .stretch(10),
        Row::new(
            "lock/fresh",
            "Lock: queue *n* for a fresh lock and hand it over, after two threads have contended for another",
            "waiter",
            locks!(fresh),
        )
        .sizes(&[1, 12]),
        Row::new(
            "lock/timeouts",
            "Lock: *n* waits on two threads time out at once",
            "waiter",
            // Without saa, each of whose waiters takes 80 us to leave.
            each!(timeouts: Lock of awaitlist, tokio, async_lock, asyncband, futures_intrusive, maitake, performables,
                event_listener),
        )
        .sizes(&[10_000])
        .threads(2)
        .above_floor("bare timers", floors::timers),
        Row::new(
            "lock/many",
            "Lock: *n* locks, acquired and released in random order",
            "pair",
            locks!(many_locks),
        )
        .sizes(&[100_000]),
        Row::new(
            "lock/short-lived",
            "Lock: *n* threads make a lock each, acquire and release it, and drop it",
            "lock",
            locks!(short_lived),
        )
        .sizes(&[1, 2])
        .batch(200_000)
        .stretch(10),
        Row::new(
            "lock/cancel",
            "Lock: drop each of *n* waiters, in random order",
            "waiter",
            locks!(cancel),
        )
        .sizes(CANCEL)
        .floor("wakers", floors::wakers)
        .floor("boxes", floors::boxes)
        .bound("bare list", floors::bare_list),
        Row::new(
            "lock/blocking",
            "Lock: two threads that block, 62 tasks on a third, one queue",
            "acquire",
            each!(blocking: Lock of awaitlist, tokio, async_lock, asyncband, saa, performables, event_listener),
        )
        .sizes(TASKS)
        .batch(5_000),
    ]
}

fn uncontended<L: Lock>(load: &Load) -> Duration {
    let lock = L::new();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        drop(now(black_box(&lock).acquire()));
    }
    watch.elapsed()
}

fn hand_over<L: Lock>(load: &Load) -> Duration {
    let lock = L::new();
    let mut line = load.line();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        let mut held = now(lock.acquire());
        for task in 0..load.waiters {
            line.queue(task, lock.acquire());
        }
        for _ in 0..load.waiters {
            drop(held);
            held = line.run_one();
        }
    }
    watch.elapsed()
}

fn contended<L: Lock>(load: &Load) -> Duration {
    let lock = Arc::new(L::new());
    let turns = load.repeats;
    race(load.threads, load.waiters, |_| take_turns(Arc::clone(&lock), turns))
}

/// Lets the other tasks run while it holds the lock, so that all of them queue for it.
async fn take_turns<L: Lock>(lock: Arc<L>, turns: usize) {
    for _ in 0..turns {
        let held = lock.acquire().await;
        yield_once().await;
        drop(held);
    }
}

/// What the lock of a convoy guards: a count that detects a lock with two holders.
#[derive(Default)]
struct Guarded(AtomicUsize);

impl Guarded {
    #[inline]
    fn increment(&self) {
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

async fn hammer<L: Lock>(lock: &L, guarded: &Guarded, turns: usize) {
    for _ in 0..turns {
        let held = lock.acquire().await;
        guarded.increment();
        drop(held);
    }
}

fn convoy_of_tasks<L: Lock>(load: &Load) -> Duration {
    let shared = Arc::new((L::new(), Guarded::default()));
    let turns = load.repeats;
    let taken = race(load.threads, load.waiters, |_| {
        let shared = Arc::clone(&shared);
        async move { hammer(&shared.0, &shared.1, turns).await }
    });
    assert_eq!(shared.1.0.load(Ordering::Relaxed), load.units());
    taken
}

fn convoy_of_threads<L: BlockingLock>(load: &Load) -> Duration {
    let (lock, guarded) = (L::free(), Guarded::default());
    let turns = load.repeats;
    let thread = || {
        for _ in 0..turns {
            let held = lock.acquire_blocking();
            guarded.increment();
            drop(held);
        }
    };
    let threads = (0..load.waiters).map(|_| Box::new(thread) as Part<'_>);
    let taken = together(threads.collect());
    assert_eq!(guarded.0.load(Ordering::Relaxed), load.units());
    taken
}

fn mostly_outside<L: BlockingLock>(load: &Load) -> Duration {
    let lock = L::free();
    let turns = load.repeats;
    let thread = || {
        for _ in 0..turns {
            let held = lock.acquire_blocking();
            steps(200);
            drop(held);
            steps(1_000);
        }
    };
    let threads = (0..load.waiters).map(|_| Box::new(thread) as Part<'_>);
    together(threads.collect())
}

/// Work that takes about as many cycles.
#[inline]
pub(crate) fn steps(count: usize) {
    for step in 0..count {
        black_box(step);
    }
}

/// As hand-over, with another lock each time.
fn fresh<L: Lock>(load: &Load) -> Duration {
    contend_once::<L>();
    let locks = load.repeat(L::new);
    let mut line = load.line();
    let watch = Stopwatch::thread();
    for lock in &locks {
        let mut held = now(lock.acquire());
        for task in 0..load.waiters {
            line.queue(task, lock.acquire());
        }
        for _ in 0..load.waiters {
            drop(held);
            held = line.run_one();
        }
        drop(held);
    }
    watch.elapsed()
}

/// Has two threads find a lock of this kind held.
fn contend_once<L: Lock>() {
    let lock = L::new();
    let thread = || {
        for _ in 0..4 {
            let held = block_on(lock.acquire());
            thread::sleep(Duration::from_micros(50));
            drop(held);
        }
    };
    together((0..2).map(|_| Box::new(thread) as Part<'_>).collect());
}

/// The time from the deadline until all waits have returned.
fn timeouts<L: Lock>(load: &Load) -> Duration {
    (0..load.repeats)
        .map(|_| {
            let lock = Arc::new(L::new());
            let held = now(lock.acquire());
            let deadline = floors::deadline();
            race(load.threads, load.waiters, |_| {
                let lock = Arc::clone(&lock);
                async move { assert!(timeout_at(deadline, lock.acquire()).await.is_err()) }
            });
            let late = Instant::now() - deadline;
            drop(held);
            late
        })
        .sum()
}

/// Each lock is used once, by the thread that makes and drops it.
fn short_lived<L: Lock>(load: &Load) -> Duration {
    let turns = load.repeats;
    let thread = || {
        for _ in 0..turns {
            let lock = black_box(L::new());
            drop(now(black_box(&lock).acquire()));
        }
    };
    together((0..load.waiters).map(|_| Box::new(thread) as Part<'_>).collect())
}

fn many_locks<L: Lock>(load: &Load) -> Duration {
    let locks: Vec<L> = (0..load.waiters).map(|_| L::new()).collect();
    let watch = Stopwatch::thread();
    for place in load.shuffled() {
        drop(now(locks[place % load.waiters].acquire()));
    }
    watch.elapsed()
}

fn cancel<L: Lock>(load: &Load) -> Duration {
    let locks = load.repeat(|| {
        let lock = L::new();
        // Held to the end.
        mem::forget(now(lock.acquire()));
        lock
    });
    cancelling(load, |repeat| locks[repeat].acquire())
}

/// How many participants of the blocking row are threads.
const BLOCKED: usize = 2;

/// Tasks let others run while they hold the lock, so threads find it held, and block until it is
/// their turn.
fn blocking<L: Lock + BlockingLock>(load: &Load) -> Duration {
    let lock = Arc::new(L::new());
    let (turns, tasks) = (load.repeats, load.waiters - BLOCKED);
    let thread = || {
        for _ in 0..turns {
            drop(black_box(lock.acquire_blocking()));
        }
    };
    let runtime = || {
        race(1, tasks, |_| take_turns(Arc::clone(&lock), turns));
    };
    let threads = (0..BLOCKED).map(|_| Box::new(thread) as Part<'_>);
    together(threads.chain([Box::new(runtime) as Part<'_>]).collect())
}
