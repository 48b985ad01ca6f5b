//! All six primitives under random load, shared by three kinds of runtimes: tokio's threads,
//! async-executor's threads, and plain threads that block. Waits are cancelled and timed out at
//! random.
//!
//! Each primitive has a site, in a file of its own that says what must hold there. Visitors come to
//! it from each runtime until the run ends: after a time in the [soak](run), after a number of
//! operations in its [quick form](quick).

mod barrier;
mod condition;
mod crew;
mod event;
mod handover;
mod lock;
mod meter;
mod semaphore;
mod visitor;
mod watch;

use std::{process::ExitCode, time::Duration};

use crew::Crew;

/// A primitive, with the visitors of its site.
#[derive(Clone, Copy, Debug)]
pub enum Site {
    /// Locks: acquired, forgotten, adopted.
    Lock,
    /// Events that are set and cleared all the time.
    Event,
    /// Conditions: a bounded buffer, and handovers.
    Condition,
    /// Semaphores: permits acquired, split, merged, forgotten.
    Semaphore,
    /// Bounded semaphores: the same.
    BoundedSemaphore,
    /// Barriers: one that is never broken, one with cancelled arrivals, aborts and resets.
    Barrier,
}

impl Site {
    const ALL: [Self; 6] = [
        Self::Lock,
        Self::Event,
        Self::Condition,
        Self::Semaphore,
        Self::BoundedSemaphore,
        Self::Barrier,
    ];

    fn enlist(self, crew: &mut Crew) {
        match self {
            Self::Lock => crew.enlist(lock::Locks::default()),
            Self::Event => crew.enlist(event::Events::default()),
            Self::Condition => crew.enlist(condition::Buffers::default()),
            Self::Semaphore => crew.enlist(semaphore::Semaphores::default()),
            Self::BoundedSemaphore => crew.enlist(semaphore::BoundedSemaphores::default()),
            Self::Barrier => crew.enlist(barrier::Barriers::default()),
        }
    }
}

/// Keeps all sites under load for a time. Prints a line a minute, and a table at the end. Fails if
/// something was found: a visitor that makes no progress for `stall`, for example.
pub fn run(time: Duration, stall: Duration, seed: u64) -> ExitCode {
    watch::listen_for_panics();
    let mut crew = Crew::new(seed, u64::MAX);
    Site::ALL.iter().for_each(|site| site.enlist(&mut crew));
    watch::watch(crew, time, stall)
}

/// Keeps one site under load for a number of operations.
///
/// # Panics
///
/// If something did not hold.
pub fn quick(site: Site, operations: u64) {
    let mut crew = Crew::new(1, operations);
    site.enlist(&mut crew);
    crew.join();
}
