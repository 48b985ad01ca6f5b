//! The lock order, the profile and the reports on a signal: they can be started, and record
//! nothing.

use core::{fmt, time::Duration};
use std::{string::String, vec::Vec};

use super::{DISABLED, Inversion, NO_DATA, ProfileRow, Site};

/// Returns a record of nothing. With the feature, that of the order in which tasks acquire locks.
pub const fn lock_order() -> LockOrder {
    LockOrder(())
}

/// What [`lock_order`] returns.
#[derive(Clone, Copy, Debug)]
pub struct LockOrder(());

#[allow(clippy::must_use_candidate, reason = "with the feature, they do something")]
impl LockOrder {
    /// Does nothing.
    pub const fn start(self) -> Self {
        self
    }

    /// Does nothing.
    pub const fn stop(self) {}

    /// Returns false.
    pub const fn is_started(self) -> bool {
        false
    }

    /// Does nothing.
    pub const fn print(self) -> Self {
        self
    }

    /// Does nothing.
    #[cfg(feature = "tracing")]
    pub const fn trace(self) -> Self {
        self
    }

    /// Does nothing. `report` is dropped.
    pub fn on_inversion(self, report: impl Fn(&Inversion) + Send + Sync + 'static) -> Self {
        drop(report);
        self
    }

    /// Does nothing. `filter` is dropped.
    pub fn apart(self, filter: impl Fn(&Site) -> bool + Send + Sync + 'static) -> Self {
        drop(filter);
        self
    }

    /// Does nothing.
    pub const fn clear(self) {}

    /// Returns no inversion.
    pub const fn inversions(self) -> Vec<Inversion> {
        Vec::new()
    }

    /// Does nothing: without the feature nothing is known. A test suite that relies on it has to be
    /// run with the feature.
    pub const fn assert_none(self) {}
}

/// Returns what counts nothing. With the feature, the profile of the process.
pub const fn profile() -> Profiler {
    Profiler(())
}

/// What [`profile`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Profiler(());

#[allow(clippy::must_use_candidate, reason = "with the feature, they do something")]
impl Profiler {
    /// Does nothing.
    pub const fn start(self) -> Self {
        self
    }

    /// Does nothing.
    pub const fn stop(self) {}

    /// Returns false.
    pub const fn is_started(self) -> bool {
        false
    }

    /// Does nothing.
    pub const fn clear(self) {}

    /// Returns a profile of nothing.
    pub const fn read(self) -> Profile {
        Profile { lasted: Duration::ZERO, rows: Vec::new() }
    }
}

/// Where tasks wait. Displayed, it says that the feature is disabled.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// Zero.
    pub lasted: Duration,
    /// None.
    pub rows: Vec<ProfileRow>,
}

impl Profile {
    /// Returns no metrics.
    pub const fn to_prometheus(&self) -> String {
        String::new()
    }

    /// Returns that the feature is disabled, as JSON.
    pub fn to_json(&self) -> String {
        String::from(NO_DATA)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DISABLED)
    }
}

#[cfg(feature = "serde")]
impl serde_core::Serialize for Profile {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("disabled", true)])
    }
}

/// Times, counted by their length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Histogram {
    /// How many there were.
    pub count: u64,
    /// How long they lasted in all.
    pub sum: Duration,
    /// How long the longest lasted.
    pub longest: Duration,
    /// How many were at most as long as each of the [`LIMITS`](Self::LIMITS), and longer than the
    /// one before. The last are those that were longer than all of them.
    pub buckets: [u64; 15],
}

impl Histogram {
    /// The upper limits of the buckets but the last: 1 µs, and four times as much each.
    pub const LIMITS: [Duration; 14] = {
        let mut limits = [Duration::ZERO; 14];
        let mut index = 0;
        while index < limits.len() {
            limits[index] = Duration::from_micros(1 << (2 * index));
            index += 1;
        }
        limits
    };

    /// Returns their mean. Zero if there were none.
    pub fn mean(&self) -> Duration {
        match self.count {
            0 => Duration::ZERO,
            count => Duration::from_secs_f64(self.sum.as_secs_f64() / count as f64),
        }
    }
}

/// Does nothing, and catches no signal. `action` is dropped. With the feature, calls it each time
/// the process gets `signal`.
///
/// # Errors
///
/// Never fails without the feature.
#[cfg(all(unix, feature = "signal"))]
pub fn on_signal(
    signal: i32,
    action: impl FnMut() + Send + 'static,
) -> std::io::Result<SignalThread> {
    let _ = signal;
    drop(action);
    Ok(SignalThread(()))
}

/// Prints to standard error that the feature is disabled.
#[cfg(all(unix, feature = "signal"))]
pub fn print_report() {
    use std::io::Write;
    let _ = std::writeln!(std::io::stderr(), "{DISABLED}");
}

/// What [`on_signal`] returns. There is no thread.
#[cfg(all(unix, feature = "signal"))]
#[derive(Debug)]
#[must_use = "with the feature, the thread ends when this is dropped"]
pub struct SignalThread(());

#[cfg(all(unix, feature = "signal"))]
impl SignalThread {
    /// Does nothing.
    pub const fn detach(self) {}
}
