//! Dropping futures that wait.

use std::time::Duration;

use super::{Load, Stopwatch};

/// Measures how long it takes to drop waiting futures in a random order: as many as there are
/// waiters, and that repeated. `wait` makes one, for the repeat that it is given. All are queued
/// off the clock.
pub fn cancelling<F: Future>(load: &Load, wait: impl Fn(usize) -> F) -> Duration {
    let mut line = load.line_for_all();
    for repeat in 0..load.repeats {
        for waiter in 0..load.waiters {
            line.queue(repeat * load.waiters + waiter, wait(repeat));
        }
    }
    let watch = Stopwatch::thread();
    for task in load.shuffled() {
        line.cancel(task);
    }
    watch.elapsed()
}
