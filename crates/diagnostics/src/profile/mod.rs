//! Where the time goes: how often, and for how long, each call site waits for what and holds it.

mod counts;
mod prometheus;

use std::{fmt, panic::Location, time::Duration};

pub(crate) use counts::{Timer, WaitBegan, waited};

use crate::{Site, opt_in::Part};

/// Returns the profile of the process: where its tasks wait for the primitives, and where they hold
/// them.
///
/// Once [started](Profiler::start), it counts the acquisitions of each call site, and adds up its
/// waits and holds. Primitives are told apart by their names, or without a name by the place where
/// they were made. What Go's mutex profile is for threads this is for tasks.
///
/// Each acquisition then reads the clock twice and looks up its call site. Nothing but a relaxed
/// load until it is started.
///
/// ```
/// use awaitlist_diagnostics::profile;
///
/// profile().start();
/// // … run …
/// println!("{}", profile().read()); // the worst, as a table
/// std::fs::write("/dev/null", profile().read().to_prometheus())?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub const fn profile() -> Profiler {
    Profiler(())
}

/// What counts, made by [`profile`]. A process has one.
#[derive(Clone, Copy, Debug)]
pub struct Profiler(());

impl Profiler {
    /// Starts to count. Of what is held or waited for already nothing is counted.
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn start(self) -> Self {
        counts::begin();
        Part::Profile.start();
        self
    }

    /// Stops. What was counted is kept, and holds that began before are counted to their end.
    pub fn stop(self) {
        Part::Profile.stop();
        counts::pause();
    }

    /// Returns whether it is started.
    pub fn is_started(self) -> bool {
        Part::Profile.is_started()
    }

    /// Forgets what was counted.
    pub fn clear(self) {
        counts::clear(self.is_started());
    }

    /// Returns what was counted so far.
    pub fn read(self) -> Profile {
        counts::read()
    }
}

/// What a [`Profiler`] has counted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// For how long it counted.
    pub lasted: Duration,
    /// A row for each call site and what it acquires. Those that waited longest come first.
    pub rows: Vec<ProfileRow>,
}

/// What one call site did with the primitives of one name, or that were made at one place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProfileRow {
    /// The primitive. If there are several, the first of them that was acquired.
    pub site: Site,
    /// Where `acquire` or `wait` was called.
    pub at: &'static Location<'static>,
    /// How many times it was acquired. Of an event, a condition and a barrier: how many waits have
    /// ended.
    pub acquired: u64,
    /// How many waits for permits were given up.
    pub given_up: u64,
    /// The waits, from the time at which a task was enqueued until it was polled with what it
    /// waited for, or gave up. What was available at once is no wait.
    pub waits: Histogram,
    /// The holds that have ended.
    pub holds: Histogram,
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

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.longest = self.longest.max(other.longest);
        self.buckets.iter_mut().zip(other.buckets).for_each(|(own, other)| *own += other);
    }
}

/// How many rows the table has at most.
const ROWS: usize = 20;

/// A table of the call sites that waited longest.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            let never = if profile().is_started() { "" } else { " It is not started." };
            return write!(f, "PROFILE: nothing was acquired.{never}");
        }
        write!(f, "PROFILE of {}", Short(self.lasted))?;
        if self.rows.len() > ROWS {
            write!(f, ": the {ROWS} call sites of {} that waited longest", self.rows.len())?;
        }
        f.write_str("\n   waited     waits   longest      held   longest  acquired  call site")?;
        for row in self.rows.iter().take(ROWS) {
            let [waited, longest_wait] = [row.waits.sum, row.waits.longest].map(shown);
            let [held, longest_hold] = [row.holds.sum, row.holds.longest].map(shown);
            write!(f, "\n{waited:>9} {:>9} {longest_wait:>9} ", row.waits.count)?;
            write!(f, "{held:>9} {longest_hold:>9} {:>9}  ", row.acquired)?;
            write!(f, "{} for {}", row.at, Class(&row.site))?;
            if row.given_up > 0 {
                write!(f, " ({} given up)", row.given_up)?;
            }
        }
        Ok(())
    }
}

/// `Lock "cache"`, `Lock (made at src/main.rs:7:13)`.
struct Class<'a>(&'a Site);

impl fmt::Display for Class<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Site { kind, name, created, .. } = self.0;
        match name {
            Some(name) => write!(f, "{kind} {name:?}"),
            None => write!(f, "{kind} (made at {created})"),
        }
    }
}

/// `1.5 s`, `20 ms`, `3 µs`.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let (number, unit) = match seconds {
            1.0.. => (seconds, "s"),
            1e-3.. => (seconds * 1e3, "ms"),
            1e-6.. => (seconds * 1e6, "µs"),
            0.0 => return f.write_str("0"),
            _ => (seconds * 1e9, "ns"),
        };
        match number {
            100.0.. => write!(f, "{number:.0} {unit}"),
            _ => write!(f, "{number:.1} {unit}"),
        }
    }
}

fn shown(time: Duration) -> String {
    Short(time).to_string()
}
