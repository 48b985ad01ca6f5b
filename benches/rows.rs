//! All rows, and the sizes that several of them have.

use crate::{barrier, condition, event, harness::Row, lock, semaphore};

/// From ten waiters to a million.
pub const GROWTH: &[usize] = &[10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// The same, and a single waiter.
pub const BROADCAST: &[usize] = &[1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// The growth of dropping waiters.
pub const CANCEL: &[usize] = &[10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// The same, where no chart shows it.
pub const CANCEL_LARGE: &[usize] = &[1_000, 10_000, 100_000, 1_000_000];
/// The growth of handing on by mixed sizes.
pub const MIXED: &[usize] = &[1_000, 10_000, 1_000_000];
/// How many threads contend.
pub const THREADS: &[usize] = &[2, 4, 16];
/// How many tasks contend on a runtime.
pub const TASKS: &[usize] = &[64];

/// All rows, in the order of the page.
pub fn all() -> Vec<Row> {
    [lock::rows(), semaphore::rows(), event::rows(), condition::rows(), barrier::rows()]
        .into_iter()
        .flatten()
        .collect()
}
