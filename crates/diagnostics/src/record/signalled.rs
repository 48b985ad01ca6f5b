//! How many times an event was set and cleared, or a condition notified, and where last: in the
//! words that are a hold's in other primitives.

use std::{panic::Location, sync::atomic::Ordering};

use super::Record;
use crate::{class::address, names};

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
}
