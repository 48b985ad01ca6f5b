//! How time is measured.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// A clock that runs.
#[derive(Clone, Copy, Debug)]
pub enum Stopwatch {
    /// The processor time of this thread, for work of one thread: other load on the machine does
    /// not count.
    Thread(ThreadTime),
    /// The time that has passed, for work of several threads, since they may wait for each other.
    Wall(Instant),
}

impl Stopwatch {
    /// For one thread.
    #[inline]
    pub fn thread() -> Self {
        Self::Thread(ThreadTime::now())
    }

    /// For several threads.
    #[inline]
    pub fn wall() -> Self {
        Self::Wall(Instant::now())
    }

    /// How long it has run.
    #[inline]
    pub fn elapsed(self) -> Duration {
        match self {
            Self::Thread(start) => start.elapsed(),
            Self::Wall(start) => start.elapsed(),
        }
    }
}
