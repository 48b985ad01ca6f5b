//! What the lock order and the profile cost: nanoseconds for an acquire and a release, with neither
//! started, with each, and with both. Without the diagnostics, all four are the same.
//!
//! The modes take turns, so that a busy machine is busy for all of them. The figures are medians.

use std::{hint::black_box, pin::pin, sync::Arc, time::Instant};

use awaitlist::{
    Lock,
    diagnostics::{lock_order, profile, task},
};
use futures_lite::future::{block_on, yield_now, zip};

/// A mode: its name, and whether the lock order and the profile are started.
const MODES: [(&str, bool, bool); 4] = [
    ("off", false, false),
    ("lock order", true, false),
    ("profile", false, true),
    ("both", true, true),
];

/// The names of the modes, in the order of the figures.
pub const NAMES: [&str; 4] = [MODES[0].0, MODES[1].0, MODES[2].0, MODES[3].0];

/// What is measured: does its work so many times.
type Row = (&'static str, fn(u32));

const ROWS: &[Row] = &[
    ("uncontended, in an unnamed task", |times| {
        let lock = Lock::new(0);
        block_on(async {
            for _ in 0..times {
                *lock.acquire().await += 1;
            }
        });
        black_box(lock.into_inner());
    }),
    ("uncontended, in a named task", |times| {
        let lock = Lock::new(0);
        block_on(task("measured", async {
            for _ in 0..times {
                *lock.acquire().await += 1;
            }
        }));
        black_box(lock.into_inner());
    }),
    ("inside another lock, in a named task", |times| {
        let (outer, lock) = (Lock::new(()), Lock::new(0));
        block_on(task("measured", async {
            let _outer = outer.acquire().await;
            for _ in 0..times {
                *lock.acquire().await += 1;
            }
        }));
        black_box(lock.into_inner());
    }),
    ("handed over between two named tasks", |times| {
        let lock = Arc::new(Lock::new(0));
        let worker = |name: &'static str| {
            let lock = Arc::clone(&lock);
            task(name, async move {
                for _ in 0..times / 2 {
                    let mut guard = lock.acquire().await;
                    *guard += 1;
                    yield_now().await;
                    drop(guard);
                }
            })
        };
        let both = pin!(zip(worker("one"), worker("other")));
        block_on(both);
    }),
];

fn start(order: bool, counts: bool) {
    if order {
        lock_order().start();
    } else {
        lock_order().stop();
    }
    if counts {
        profile().start();
    } else {
        profile().stop();
    }
}

/// Returns the rows, and nanoseconds for each of the [modes](NAMES). In each round, each mode
/// acquires so many times.
pub fn measure(rounds: usize, times: u32) -> Vec<(&'static str, [f64; 4])> {
    let measured = ROWS.iter().map(|(row, work)| {
        let mut figures = [const { Vec::new() }; MODES.len()];
        for _ in 0..rounds.max(1) {
            for ((_, order, counts), figures) in MODES.iter().zip(&mut figures) {
                start(*order, *counts);
                let start = Instant::now();
                work(times);
                figures.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(times));
            }
        }
        let medians = figures.map(|mut figures| {
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        });
        (*row, medians)
    });
    let measured = measured.collect();
    start(false, false);
    measured
}
