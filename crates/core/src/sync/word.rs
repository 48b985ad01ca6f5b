//! Accesses to the state word by a thread that locks or unlocks the queue. A model has its own.

use super::{AtomicUsize, Ordering};

/// Loads the state word before another attempt to lock.
#[inline(always)]
pub(crate) fn load_newest(word: &AtomicUsize) -> usize {
    // Relaxed: the swap that follows decides. A value that is out of date makes it fail.
    word.load(Ordering::Relaxed)
}

/// Stores a word that no other thread changes at this time.
#[inline(always)]
pub(crate) fn store_release(word: &AtomicUsize, value: usize) {
    #[cfg(awaitlist_preempt)]
    super::preempt::preempt();
    // Release: pairs with the Acquire of the next lock, and of the fast paths.
    word.store(value, Ordering::Release);
}
