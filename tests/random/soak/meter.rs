//! What was done at a site, counted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::visitor::Home;

/// The counts of one primitive.
#[derive(Debug)]
pub(crate) struct Meter {
    name: &'static str,
    done: [AtomicU64; Home::ALL.len()],
    cancelled: AtomicU64,
    timed_out: AtomicU64,
}

impl Meter {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            done: [const { AtomicU64::new(0) }; Home::ALL.len()],
            cancelled: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// An operation came to its end.
    pub(crate) fn done(&self, home: Home) {
        self.done[home as usize].fetch_add(1, Relaxed);
    }

    /// A wait was dropped.
    pub(crate) fn cancelled(&self) {
        self.cancelled.fetch_add(1, Relaxed);
    }

    /// A wait was given up when its time was over.
    pub(crate) fn timed_out(&self) {
        self.timed_out.fetch_add(1, Relaxed);
    }

    /// How many operations came to their end, at home here and there.
    pub(crate) fn total(&self) -> u64 {
        self.done.iter().map(|done| done.load(Relaxed)).sum()
    }

    /// The head of the table that [`row`](Self::row) fills.
    pub(crate) fn head() -> String {
        let homes = Home::ALL.map(|home| format!(" {:>12} |", format!("on {home}")));
        let names = format!(
            "| {:16} | {:>13} |{} {:>12} | {:>12} |\n",
            "",
            "operations",
            homes.concat(),
            "cancelled",
            "timed out"
        );
        let rule: String =
            names.trim_end().chars().map(|letter| if letter == '|' { '|' } else { '-' }).collect();
        names + &rule
    }

    pub(crate) fn row(&self) -> String {
        let homes = self.done.each_ref().map(|done| format!(" {:>12} |", done.load(Relaxed)));
        format!(
            "| {:16} | {:>13} |{} {:>12} | {:>12} |",
            self.name,
            self.total(),
            homes.concat(),
            self.cancelled.load(Relaxed),
            self.timed_out.load(Relaxed),
        )
    }
}
