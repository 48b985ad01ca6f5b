//! What the program can be asked for.

use std::{path::PathBuf, time::Duration};

use benches::{harness::Budget, python::Effort};
use clap::{Parser, ValueEnum};

/// A part of the diagnostics that is off until it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptIn {
    /// The lock order.
    LockOrder,
    /// The profile.
    Profile,
}

/// What this program asks of its builds with the diagnostics, beside rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Nanoseconds with the lock order and the profile, by row and mode.
    OptIn,
    /// Bytes of a lock.
    LockBytes,
}

/// Measures awaitlist beside its peers, and writes the figures as CSV.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Measure less, and not as exactly.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Fail if a target is missed.
    #[arg(long)]
    pub(crate) check: bool,

    /// Measure only rows whose name begins like that, and print them instead of writing the file.
    #[arg(long, value_name = "ROW")]
    pub(crate) only: Vec<String>,

    /// Measure only what the diagnostics cost, and replace that part of the file.
    #[arg(long, conflicts_with = "only")]
    pub(crate) diagnostics: bool,

    /// Measure ours alone, and print a line for each row: what this program asks of its other
    /// build.
    #[arg(long, hide = true, requires = "only")]
    pub(crate) own: bool,

    /// With `--own`: what is started that the program would have to ask for.
    #[arg(long, hide = true, requires = "own", value_name = "PART")]
    pub(crate) start: Option<OptIn>,

    /// Measure a part of what the diagnostics cost, and print it: what this program asks of its
    /// other builds.
    #[arg(long, hide = true, conflicts_with_all = ["only", "own"], value_name = "PART")]
    pub(crate) print: Option<Part>,

    /// The CPython whose asyncio is measured. Without it, python3.13 or python3 is looked for.
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,

    /// Where the file is written. Its name is that of the machine.
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/lab/performance")
    )]
    pub(crate) results: PathBuf,
}

impl Args {
    /// Whether so many waiters are wanted.
    pub(crate) fn wants_size(&self, waiters: usize) -> bool {
        !(self.quick && matches!(waiters, 100 | 100_000))
    }

    /// How much is measured with so many waiters.
    pub(crate) fn budget(&self, waiters: usize) -> Budget {
        let large = waiters >= 1_000_000;
        if self.quick {
            Budget {
                time: Duration::from_millis(300),
                rounds: if large { 1 } else { 5 },
                rounds_at_most: 101,
                sample: Duration::from_millis(2),
                patience: Duration::from_millis(400),
            }
        } else {
            Budget {
                time: Duration::from_secs(if large { 15 } else { 7 }),
                rounds: if large { 5 } else { 11 },
                rounds_at_most: 501,
                sample: Duration::from_millis(5),
                patience: Duration::from_secs(1),
            }
        }
    }

    /// How many rounds of waits are measured, and how long each lasts.
    pub(crate) const fn waits(&self) -> (usize, Duration) {
        if self.quick { (1, Duration::from_millis(50)) } else { (7, Duration::from_millis(300)) }
    }

    /// How many rounds of the lock order and the profile are measured, and how many acquisitions in
    /// each.
    pub(crate) const fn opt_in(&self) -> (usize, u32) {
        if self.quick { (15, 20_000) } else { (51, 20_000) }
    }

    /// How much asyncio does.
    pub(crate) fn effort(&self) -> Effort {
        if self.quick {
            Effort { seconds: 0.05, waiters: 10_000 }
        } else {
            Effort { seconds: 0.5, waiters: 100_000 }
        }
    }

    /// Whether a row is wanted.
    pub(crate) fn wants(&self, row: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| row.starts_with(only))
    }
}
