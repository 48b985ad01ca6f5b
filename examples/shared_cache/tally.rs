//! Counts requests.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the requests that arrive and the ones in flight.
///
/// Each change is one read-modify-write of one number, and the numbers are read together only when
/// no request is in flight: `Relaxed` is enough.
#[derive(Default)]
pub(crate) struct Tally {
    hits: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

/// What a [`Tally`] has counted.
pub(crate) struct Count {
    /// How many requests arrived.
    pub(crate) hits: usize,
    /// How many of them were in flight at one moment, at most.
    pub(crate) most_in_flight: usize,
}

/// A request in flight, for as long as this lives.
pub(crate) struct InFlight<'a> {
    tally: &'a Tally,
}

impl Tally {
    /// Counts a request that has just arrived.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        self.hits.fetch_add(1, Ordering::Relaxed);
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        InFlight { tally: self }
    }

    /// Returns what was counted, and starts again at 0. To be called when nothing is in flight.
    pub(crate) fn take(&self) -> Count {
        Count {
            hits: self.hits.swap(0, Ordering::Relaxed),
            most_in_flight: self.most_in_flight.swap(0, Ordering::Relaxed),
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.tally.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
