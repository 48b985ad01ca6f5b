//! The clock: it can be set, and is not read.

use core::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use std::{sync::OnceLock, time::Instant};

/// A source of time. See [`set_clock`].
pub trait Clock: Sync {
    /// Returns the time.
    fn now(&self) -> Instant;
}

/// Does nothing. With the feature, has all that is recorded from now on stamped by `clock`.
///
/// # Errors
///
/// Never fails without the feature.
pub fn set_clock(clock: &'static dyn Clock) -> Result<(), ClockIsSet> {
    let _ = clock;
    Ok(())
}

/// The clock was set before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockIsSet;

impl fmt::Display for ClockIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the clock of the diagnostics is set already")
    }
}

impl std::error::Error for ClockIsSet {}

/// A clock that stands still until it is moved by hand: for tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    start: OnceLock<Instant>,
    /// Nanoseconds since then.
    passed: AtomicU64,
}

impl ManualClock {
    /// A clock at the time at which it is first read.
    pub const fn new() -> Self {
        Self { start: OnceLock::new(), passed: AtomicU64::new(0) }
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let later = |passed: u64| Some(passed.saturating_add(nanos));
        // Relaxed: a number. The sum saturates.
        let _ = self.passed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        let start = *self.start.get_or_init(Instant::now);
        start + Duration::from_nanos(self.passed.load(Ordering::Relaxed))
    }
}
