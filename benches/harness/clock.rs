//! How time is taken.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// A clock that runs.
#[derive(Clone, Copy, Debug)]
pub enum Stopwatch {
    /// What this thread has computed. Work of one thread is timed so: what else the machine does
    /// does not count.
    Thread(ThreadTime),
    /// What has passed. Work of several threads is timed so, for they may wait for each other.
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
