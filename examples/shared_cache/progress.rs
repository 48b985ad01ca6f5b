//! How far the clients are: a bar on a terminal, else a line for each round.

use std::io::{self, Write};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// The progress of one way, on stderr.
pub(crate) struct Progress {
    way: &'static str,
    rounds: usize,
    bar: ProgressBar,
}

impl Progress {
    /// Starts at 0 of `wanted` pages.
    pub(crate) fn new(way: &'static str, rounds: usize, wanted: u64) -> Result<Self> {
        let style = ProgressStyle::with_template("{prefix:10} {wide_bar} {pos}/{len} pages")?;
        let bar = ProgressBar::new(wanted).with_style(style).with_prefix(way);
        Ok(Self { way, rounds, bar })
    }

    /// One client has got one page.
    pub(crate) fn page(&self) {
        self.bar.inc(1);
    }

    /// All clients have got all pages of a round.
    pub(crate) fn round(&self, round: usize) {
        // The bar hides where stderr is no terminal.
        if self.bar.is_hidden() {
            // An error here is no reason to stop: it is only the progress.
            let _ = writeln!(io::stderr(), "{}: round {round} of {} done", self.way, self.rounds);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
