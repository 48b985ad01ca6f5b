//! What the lock order and the profile cost: nanoseconds for an acquire and a release, with neither
//! started, with each, and with both.
//!
//! ```text
//! cargo run --release -p benches --features diagnostics --bin opt_in
//! ```
//!
//! The modes take turns, so that a busy machine is busy for all of them. The figures are medians.

use std::{hint::black_box, pin::pin, sync::Arc, time::Instant};

use awaitlist::{
    Lock,
    diagnostics::{lock_order, profile, task},
};
use futures_lite::future::{block_on, yield_now, zip};

const ROUNDS: usize = 15;
const TIMES: u32 = 20_000;

/// What is measured: does its work so many times.
type Row = (&'static str, fn(u32));

const ROWS: &[Row] = &[
    ("uncontended, unnamed", |times| {
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

/// A mode: its name, and whether the lock order and the profile are started.
const MODES: [(&str, bool, bool); 4] = [
    ("off", false, false),
    ("lock order", true, false),
    ("profile", false, true),
    ("both", true, true),
];

fn set(order: bool, counts: bool) {
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

fn main() {
    print!("{:<40}", "ns for an acquire and a release");
    MODES.iter().for_each(|(mode, ..)| print!("{mode:>12}"));
    println!();
    for (row, work) in ROWS {
        let mut figures = [const { Vec::new() }; MODES.len()];
        for _ in 0..ROUNDS {
            for ((_, order, counts), figures) in MODES.iter().zip(&mut figures) {
                set(*order, *counts);
                let start = Instant::now();
                work(TIMES);
                figures.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
            }
        }
        print!("{row:<40}");
        for figures in &mut figures {
            figures.sort_by(f64::total_cmp);
            print!("{:>12.1}", figures[ROUNDS / 2]);
        }
        println!();
    }
}
