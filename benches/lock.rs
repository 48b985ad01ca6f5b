//! The rows of Lock.

use std::{
    hint::black_box,
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_lite::future::block_on;

use crate::{
    floors,
    harness::{Load, Part, Row, Stopwatch, cancelling, now, race, together, yield_once},
    peers::{BlockingLock, Lock, each},
    rows::{CANCEL, GROWTH, TASKS},
};

macro_rules! locks {
    ($run:ident) => {
        each!($run: Lock of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake, performables,
            event_listener)
    };
}

/// All of them.
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
            "Lock: two threads that block, a tiny critical section",
            "acquire",
            locks!(convoy_of_threads),
        )
        .sizes(&[2]),
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

/// Lets the other tasks run while it has the lock, so they all queue for it.
async fn take_turns<L: Lock>(lock: Arc<L>, turns: usize) {
    for _ in 0..turns {
        let held = lock.acquire().await;
        yield_once().await;
        drop(held);
    }
}

/// What the lock of a convoy guards: a count, by which a lock is caught that lets two in.
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

fn convoy_of_threads<L: Lock>(load: &Load) -> Duration {
    let (lock, guarded) = (L::new(), Guarded::default());
    let turns = load.repeats;
    let thread = || block_on(hammer(&lock, &guarded, turns));
    let threads = (0..load.waiters).map(|_| Box::new(thread) as Part<'_>);
    let taken = together(threads.collect());
    assert_eq!(guarded.0.load(Ordering::Relaxed), load.units());
    taken
}

fn cancel<L: Lock>(load: &Load) -> Duration {
    let locks = load.repeat(|| {
        let lock = L::new();
        // Held for good.
        mem::forget(now(lock.acquire()));
        lock
    });
    cancelling(load, |repeat| locks[repeat].acquire())
}

/// How many of those who take part in the blocking row are threads.
const THREADS: usize = 2;

/// Tasks let others run while they have the lock, so threads find it held, and block until it is their turn.
fn blocking<L: BlockingLock>(load: &Load) -> Duration {
    let lock = Arc::new(L::new());
    let (turns, tasks) = (load.repeats, load.waiters - THREADS);
    let thread = || {
        for _ in 0..turns {
            drop(black_box(lock.acquire_blocking()));
        }
    };
    let runtime = || {
        race(1, tasks, |_| take_turns(Arc::clone(&lock), turns));
    };
    let threads = (0..THREADS).map(|_| Box::new(thread) as Part<'_>);
    together(threads.chain([Box::new(runtime) as Part<'_>]).collect())
}
