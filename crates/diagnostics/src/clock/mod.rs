//! What time it is: the standard clock, or one that a test moves by hand.

#[cfg(target_os = "linux")]
mod coarse;

use std::{
    error, fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A source of time. See [`set_clock`].
pub trait Clock: Sync {
    /// Returns the time. It must not go backwards, panic, or use the primitives of the suite: it
    /// may be called while the queue of one is locked.
    fn now(&self) -> Instant;
}

static CLOCK: OnceLock<&'static dyn Clock> = OnceLock::new();

/// Has all that is stamped from now on stamped by `clock`. A process does so once, before it uses a
/// primitive, or never: then it is the standard clock, [`Instant::now`], and for
/// [some times](crate#times) the system's coarse one.
///
/// # Errors
///
/// [`ClockIsSet`], if it was set before. Nothing has changed then.
pub fn set_clock(clock: &'static dyn Clock) -> Result<(), ClockIsSet> {
    CLOCK.set(clock).map_err(|_| ClockIsSet)
}

#[inline]
pub(crate) fn now() -> Instant {
    match CLOCK.get() {
        None => Instant::now(),
        Some(clock) => clock.now(),
    }
}

/// Returns the nanoseconds since some instant before the first call.
pub(crate) fn nanos() -> u64 {
    as_nanos(now())
}

/// Returns a time as [nanoseconds](nanos).
pub(crate) fn as_nanos(time: Instant) -> u64 {
    let passed = time.saturating_duration_since(start().0);
    passed.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(passed.subsec_nanos()))
}

/// An instant from which times are counted; and where there is a coarse clock, what it showed then
/// or a moment later.
fn start() -> (Instant, u64) {
    /// How long before the first look that is, so that no time is before it.
    const EARLIER: Duration = Duration::from_secs(24 * 60 * 60);
    static START: OnceLock<(Instant, u64)> = OnceLock::new();
    *START.get_or_init(|| {
        let now = now();
        #[cfg(target_os = "linux")]
        let coarse = coarse::exact_nanos().unwrap_or(0);
        #[cfg(not(target_os = "linux"))]
        let coarse = 0;
        let earlier = [EARLIER, Duration::from_secs(1)].into_iter().find_map(|earlier| {
            let nanos = u64::try_from(earlier.as_nanos()).ok()?;
            // May be before the zero of that clock.
            Some((now.checked_sub(earlier)?, u64::wrapping_sub(coarse, nanos)))
        });
        earlier.unwrap_or((now, coarse))
    })
}

/// Returns the time as [nanoseconds](nanos), which are never 0: of the system's coarse clock, where
/// there is one. That is too early by the [error], and never too late.
#[inline]
pub(crate) fn stamp() -> u64 {
    #[cfg(target_os = "linux")]
    if CLOCK.get().is_none() {
        if let Some(nanos) = coarse::nanos() {
            return nanos.wrapping_sub(start().1);
        }
    }
    exact_stamp()
}

/// Returns how much too early a [stamp] is at most, as a rule.
pub(crate) fn error() -> Duration {
    #[cfg(target_os = "linux")]
    if CLOCK.get().is_none() {
        return coarse::ERROR;
    }
    Duration::ZERO
}

/// Returns the exact time as a [stamp].
pub(crate) fn exact_stamp() -> u64 {
    as_stamp(now())
}

/// Returns a time as a [stamp].
pub(crate) fn as_stamp(time: Instant) -> u64 {
    as_nanos(time).max(1)
}

/// Returns the time of a [stamp].
pub(crate) fn instant(stamp: u64) -> Instant {
    start().0 + Duration::from_nanos(stamp)
}

/// Whether times are of the standard clock, so that a deadline can be slept for.
#[cfg(not(awaitlist_loom))]
pub(crate) fn is_standard() -> bool {
    CLOCK.get().is_none()
}

/// The clock was set before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockIsSet;

impl fmt::Display for ClockIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the clock of the diagnostics is set already")
    }
}

impl error::Error for ClockIsSet {}

/// A clock that stands still until it is moved by hand: for tests.
///
/// ```
/// use awaitlist_diagnostics::{Clock, ManualClock, set_clock};
/// use std::time::Duration;
///
/// static CLOCK: ManualClock = ManualClock::new();
/// set_clock(&CLOCK)?;
/// let before = CLOCK.now();
/// CLOCK.advance(Duration::from_secs(60));
/// assert_eq!(CLOCK.now() - before, Duration::from_secs(60));
/// # Ok::<(), awaitlist_diagnostics::ClockIsSet>(())
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    start: OnceLock<Instant>,
    /// Nanoseconds since then.
    passed: AtomicU64,
}

impl ManualClock {
    /// A clock at the time at which it is first looked at.
    pub const fn new() -> Self {
        Self { start: OnceLock::new(), passed: AtomicU64::new(0) }
    }

    /// Lets time pass, and has every [`Watch`](crate::Watch) look again.
    pub fn advance(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // Relaxed: a number; the bell orders the update before the check of the watch that it
        // wakes. The sum saturates.
        let later = |passed: u64| Some(passed.saturating_add(nanos));
        let _ = self.passed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        crate::bell::ring();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        let start = *self.start.get_or_init(Instant::now);
        start + Duration::from_nanos(self.passed.load(Ordering::Relaxed))
    }
}
