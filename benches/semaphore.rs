//! The rows of Semaphore. What they say of it holds for BoundedSemaphore, which has the same core.

use std::{hint::black_box, sync::Arc, time::Duration};

use crate::{
    floors,
    harness::{Load, Row, Stopwatch, cancelling, now, race, yield_once},
    peers::{Many, Semaphore, each},
    rows::{CANCEL_LARGE, GROWTH, MIXED, TASKS},
};

macro_rules! semaphores {
    ($run:ident) => {
        each!($run: Semaphore of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake,
            event_listener)
    };
}

macro_rules! semaphores_of_many {
    ($run:ident) => {
        each!($run: Semaphore of awaitlist, tokio, asyncband, saa, futures_intrusive, maitake)
    };
}

/// All rows.
pub fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "semaphore/uncontended",
            "Semaphore: acquire and release",
            "pair",
            semaphores!(uncontended),
        )
        .batch(20_000)
        .floor("CAS pair", floors::cas_pair)
        .floor("with a look before each", floors::cas_pair_with_looks),
        Row::new(
            "semaphore/many",
            "Semaphore: acquire three at once and release them",
            "pair",
            semaphores_of_many!(many_uncontended),
        )
        .batch(20_000)
        .floor("CAS pair", floors::cas_pair)
        .floor("with a look before each", floors::cas_pair_with_looks),
        Row::new(
            "semaphore/hand-over",
            "Semaphore: queue *n*, then hand a permit from one to the next",
            "waiter",
            semaphores!(hand_over),
        )
        .sizes(GROWTH)
        .floor("bare wake-ups", floors::bare_wake_ups),
        Row::new(
            "semaphore/mixed-hand-over",
            "Semaphore: queue *n* that need one, two or three permits, then hand those on",
            "waiter",
            semaphores_of_many!(mixed_hand_over),
        )
        .sizes(MIXED)
        .floor("bare wake-ups", floors::bare_wake_ups),
        Row::new(
            "semaphore/contended-1",
            "Semaphore: 64 tasks on one thread, every acquire contended",
            "acquire",
            semaphores!(contended),
        )
        .sizes(TASKS)
        .above_floor("two yields", floors::two_yields)
        .bound("bare ring", floors::bare_ring),
        Row::new(
            "semaphore/contended-2",
            "Semaphore: 64 tasks on two threads, every acquire contended",
            "acquire",
            semaphores!(contended),
        )
        .sizes(TASKS)
        .threads(2)
        .above_floor("two yields", floors::two_yields)
        .bound("bare ring", floors::bare_ring),
        Row::new(
            "semaphore/cancel",
            "Semaphore: drop each of *n* waiters, in random order",
            "waiter",
            semaphores!(cancel),
        )
        .sizes(CANCEL_LARGE)
        .floor("wakers", floors::wakers)
        .floor("boxes", floors::boxes)
        .bound("bare list", floors::bare_list),
        Row::new(
            "semaphore/eight-1",
            "Semaphore of 8 permits: 64 tasks on one thread, again and again",
            "acquire",
            semaphores!(eight),
        )
        .sizes(TASKS)
        .bound("bare ring", floors::bare_ring_of_eight),
        Row::new(
            "semaphore/eight-2",
            "Semaphore of 8 permits: 64 tasks on two threads, again and again",
            "acquire",
            semaphores!(eight),
        )
        .sizes(TASKS)
        .threads(2)
        .bound("bare ring", floors::bare_ring_of_eight),
        Row::new(
            "semaphore/pool-1",
            "A pool of eight workers for *n* jobs, on one thread",
            "job",
            semaphores!(pool),
        )
        .sizes(JOBS),
        Row::new(
            "semaphore/pool-2",
            "A pool of eight workers for *n* jobs, on two threads",
            "job",
            semaphores!(pool),
        )
        .sizes(JOBS)
        .threads(2),
    ]
}

const JOBS: &[usize] = &[1_000];
const WORKERS: usize = 8;

fn uncontended<S: Semaphore>(load: &Load) -> Duration {
    let semaphore = S::new(WORKERS);
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        drop(now(black_box(&semaphore).acquire()));
    }
    watch.elapsed()
}

fn many_uncontended<S: Many>(load: &Load) -> Duration {
    let semaphore = S::new(WORKERS);
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        drop(now(black_box(&semaphore).acquire_many(3)));
    }
    watch.elapsed()
}

fn hand_over<S: Semaphore>(load: &Load) -> Duration {
    let semaphore = S::new(1);
    let mut line = load.line();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        let mut permit = now(semaphore.acquire());
        for task in 0..load.waiters {
            line.queue(task, semaphore.acquire());
        }
        for _ in 0..load.waiters {
            drop(permit);
            permit = line.run_one();
        }
    }
    watch.elapsed()
}

fn mixed_hand_over<S: Many>(load: &Load) -> Duration {
    const MOST: usize = 3;
    let semaphore = S::new(MOST);
    let mut line = load.line();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        let all = now(semaphore.acquire_many(MOST));
        for task in 0..load.waiters {
            line.queue(task, semaphore.acquire_many(1 + task % MOST));
        }
        drop(all);
        line.run(load.waiters);
    }
    watch.elapsed()
}

/// Each task lets the others run while it holds the permit, so that all of them queue for it.
fn contended<S: Semaphore>(load: &Load) -> Duration {
    take_turns::<S>(load, 1)
}

/// The same with several permits.
fn eight<S: Semaphore>(load: &Load) -> Duration {
    take_turns::<S>(load, WORKERS)
}

fn take_turns<S: Semaphore>(load: &Load, permits: usize) -> Duration {
    let semaphore = Arc::new(S::new(permits));
    let turns = load.repeats;
    race(load.threads, load.waiters, |_| {
        let semaphore = Arc::clone(&semaphore);
        async move {
            for _ in 0..turns {
                let permit = semaphore.acquire().await;
                yield_once().await;
                drop(permit);
            }
        }
    })
}

fn cancel<S: Semaphore>(load: &Load) -> Duration {
    let semaphores = load.repeat(|| S::new(0));
    cancelling(load, |repeat| semaphores[repeat].acquire())
}

/// Each job is a task: it waits for one of the workers, which then does something in three steps.
fn pool<S: Semaphore>(load: &Load) -> Duration {
    (0..load.repeats)
        .map(|_| {
            let workers = Arc::new(S::new(WORKERS));
            race(load.threads, load.waiters, |_| {
                let workers = Arc::clone(&workers);
                async move {
                    let worker = workers.acquire().await;
                    for _ in 0..3 {
                        yield_once().await;
                    }
                    drop(worker);
                }
            })
        })
        .sum()
}
