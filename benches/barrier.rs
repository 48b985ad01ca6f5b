//! The rows of Barrier.

use std::time::Duration;

use crate::{
    floors,
    harness::{Load, Part, Row, Stopwatch, together},
    peers::{Barrier, BlockingBarrier, each},
};

/// All rows.
pub fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "barrier/pair",
            "Barrier: rounds of two",
            "party",
            each!(rounds: Barrier of awaitlist, tokio, async_lock, asyncband, saa, performables),
        )
        .sizes(&[2])
        .floor("bare wake-ups", floors::bare_wake_ups),
        Row::new(
            "barrier/crowd",
            "Barrier: rounds of *n*",
            "party",
            each!(rounds: Barrier of awaitlist, tokio, async_lock, asyncband, performables),
        )
        .sizes(&[64, 10_000, 1_000_000])
        .floor("bare wake-ups", floors::bare_wake_ups),
        Row::new(
            "barrier/threads",
            "Barrier: rounds of *n* threads that block",
            "round and party",
            each!(rounds_of_threads: Barrier of awaitlist, tokio, async_lock, asyncband, saa, performables, std, plain),
        )
        .sizes(&[2, 4])
        .stretch(10),
    ]
}

fn rounds_of_threads<B: BlockingBarrier>(load: &Load) -> Duration {
    let barrier = B::of(load.waiters);
    let repeats = load.repeats;
    let thread = || (0..repeats).for_each(|_| barrier.wait_blocking());
    together((0..load.waiters).map(|_| Box::new(thread) as Part<'_>).collect())
}

fn rounds<B: Barrier>(load: &Load) -> Duration {
    let barrier = B::new(load.waiters);
    let mut line = load.line();
    let last = load.waiters - 1;
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        for task in 0..last {
            line.queue(task, barrier.wait());
        }
        assert!(line.start(last, barrier.wait()).is_some(), "the last one opens it");
        line.run(last);
    }
    watch.elapsed()
}
