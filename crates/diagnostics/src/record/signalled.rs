//! How many times an event was set and cleared, or a condition notified, and where last: in the
//! words that are a hold's in other primitives.

use std::{panic::Location, sync::atomic::Ordering, time::Instant};

use super::{Record, entries::Entries, line::Line};
use crate::{class::address, clock, names};

/// Of an event or a condition: one set or notification, and one clear. The counts are the halves of
/// a word; the lower one may overflow into the higher, which then counts a clear that was none.
const SIGNALLED: u64 = 1;
const CLEARED: u64 = 1 << 32;

impl Record {
    /// Counts a set or a notification. `is_alone`: no other thread does that now.
    #[inline]
    pub(crate) fn signalled(&self, at: &'static Location<'static>, is_alone: bool) {
        let words = self.first.words();
        words.at.put(Some(at));
        // Relaxed, here and below: a reader may see the place of one and the count of another.
        if is_alone {
            let count = words.permits.load(Ordering::Relaxed);
            words.permits.store(count.wrapping_add(SIGNALLED), Ordering::Relaxed);
        } else {
            words.permits.fetch_add(SIGNALLED, Ordering::Relaxed);
        }
    }

    /// Counts a clear.
    #[inline]
    pub(crate) fn cleared(&self, at: &'static Location<'static>) {
        let words = self.first.words();
        let address = address(at) as u64;
        if words.who[1].load(Ordering::Relaxed) != address {
            names::know(at);
            words.who[1].store(address, Ordering::Relaxed);
        }
        words.permits.fetch_add(CLEARED, Ordering::Relaxed);
    }

    /// How many sets or notifications there were, and how many clears.
    pub(super) fn counts(&self) -> (u32, u32) {
        let counts = self.first.words().permits.load(Ordering::Relaxed);
        (counts as u32, (counts >> 32) as u32)
    }

    /// Records that all sets, notifications and clears were seen now, by a waiter.
    #[inline]
    pub(super) fn see_signals(&self, line: &Line, now: u64) {
        let counts = self.first.words().permits.load(Ordering::Relaxed);
        // Relaxed: a hint. What was seen is stored under the lock.
        if line.seen_counts.load(Ordering::Relaxed) != counts {
            let entries = &mut *self.entries();
            self.see_signals_in(entries, clock::instant(now));
            line.seen_counts.store(counts, Ordering::Relaxed);
        }
    }

    /// Does so with the entries locked.
    pub(super) fn see_signals_in(&self, entries: &mut Entries, now: Instant) {
        let (signalled, cleared) = self.counts();
        entries.signalled.see(signalled, now);
        entries.cleared.see(cleared, now);
    }

    /// Records that a waiter is woken now.
    #[inline]
    pub(super) fn signal_wakes(&self, now: u64) {
        let Some(line) = self.line.get() else { return };
        let count = self.counts().0;
        let woke = u64::from(count) << 1 | 1;
        // Relaxed: as above.
        if line.woke_count.load(Ordering::Relaxed) != woke {
            self.entries().signalled.wakes(count, clock::instant(now));
            line.woke_count.store(woke, Ordering::Relaxed);
        }
    }
}
