//! A few words that their owner publishes, and that any thread reads without waiting for it: a
//! sequence lock.
//!
//! | bits of the state | meaning |
//! |---|---|
//! | 0 and 1 | the phase: `EMPTY`, `WRITING` or `FULL` |
//! | the rest | a number, which is another for each value |
//!
//! - **Claim**: the owner of a new value changes the state from `EMPTY` to `WRITING`, with a new
//!   number. Of several threads one succeeds.
//! - **Publish**: the owner stores the words, and then the state `FULL`.
//! - **Clear**: the owner stores `EMPTY`.
//! - **Read**: load the state, the words, and the state again. If it was `FULL` with one number
//!   both times, the words are those of that value.
//!
//! `tests/loom/published.rs` models this file.

use super::atomics::{AtomicU64, Ordering, fence};

const EMPTY: u64 = 0;
const WRITING: u64 = 1;
const FULL: u64 = 2;

const PHASE: u64 = 3;
const NUMBER_SHIFT: u32 = 2;

/// How often a value is read that changes meanwhile.
const ATTEMPTS: usize = 8;

/// The words of one value or of none.
#[derive(Debug)]
pub(crate) struct Published<W> {
    state: AtomicU64,
    /// Stored Relaxed by the owner of the value between claim and publish.
    words: W,
}

impl<W> Published<W> {
    pub(crate) const fn new(state: AtomicU64, words: W) -> Self {
        Self { state, words }
    }

    /// Claims the place for a value, and returns its number, which is the last one's plus 1. `None`
    /// if there is a value, or another thread is about to publish one.
    #[inline(always)]
    pub(crate) fn claim(&self) -> Option<u64> {
        let state = self.state.load(Ordering::Relaxed);
        if state & PHASE != EMPTY {
            return None;
        }
        let number = (state >> NUMBER_SHIFT) + 1;
        let writing = number << NUMBER_SHIFT | WRITING;
        // Acquire: pairs with the Release of `clear`, so that the words of this value come after
        // those of the last one.
        self.state.compare_exchange(state, writing, Ordering::Acquire, Ordering::Relaxed).ok()?;
        // Pairs with the Acquire fence of `read`: a reader that loads a word of this value does not
        // load the state of the last value after that.
        fence(Ordering::Release);
        Some(number)
    }

    /// Like [`claim`](Self::claim), for a caller that is the only one that can: the last value was
    /// cleared before this in the caller's view.
    #[inline(always)]
    pub(crate) fn claim_alone(&self) -> Option<u64> {
        let state = self.state.load(Ordering::Relaxed);
        let number = (state >> NUMBER_SHIFT) + 1;
        (state & PHASE == EMPTY).then(|| {
            self.begin(number);
            number
        })
    }

    /// Begins a value with that number. The caller is the only one that can: the last value was
    /// cleared before this in the caller's view.
    #[inline(always)]
    pub(crate) fn begin(&self, number: u64) {
        self.state.store(number << NUMBER_SHIFT | WRITING, Ordering::Relaxed);
        // As in `claim`.
        fence(Ordering::Release);
    }

    /// Publishes the words that were stored since the claim.
    #[inline(always)]
    pub(crate) fn publish(&self, number: u64) {
        // Release: pairs with the Acquire of `read`.
        self.state.store(number << NUMBER_SHIFT | FULL, Ordering::Release);
    }

    /// Ends the value with that number.
    #[inline(always)]
    pub(crate) fn clear(&self, number: u64) {
        // Release: pairs with the Acquire of `claim`.
        self.state.store(number << NUMBER_SHIFT | EMPTY, Ordering::Release);
    }

    /// Makes it as if there had been no value yet, and no other thread can begin one.
    #[inline]
    pub(crate) fn reset(&self) {
        // Relaxed: a hint that spares the store.
        if !self.is_unused() {
            self.clear(0);
        }
    }

    /// Returns whether there was no value since the last reset.
    #[inline]
    pub(crate) fn is_unused(&self) -> bool {
        self.state.load(Ordering::Relaxed) == EMPTY
    }

    /// Returns the words: for the owner of the value, or for [`read`](Self::read).
    #[inline]
    pub(crate) const fn words(&self) -> &W {
        &self.words
    }

    /// Returns the number of the value, or of the last one.
    #[inline]
    pub(crate) fn number(&self) -> u64 {
        // Relaxed: nothing is read in consequence.
        self.state.load(Ordering::Relaxed) >> NUMBER_SHIFT
    }

    /// Returns whether there is no value, and none is about to be published.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Acquire: pairs with the Release of `clear`, so that the words of a value that the caller
        // begins come after those of the last one.
        self.state.load(Ordering::Acquire) & PHASE == EMPTY
    }

    /// Returns whether the value with that number is there.
    pub(crate) fn has(&self, number: u64) -> bool {
        // Acquire: pairs with the Release of `publish`.
        self.state.load(Ordering::Acquire) == number << NUMBER_SHIFT | FULL
    }

    /// Reads the value: its number, and what `load` makes of its words. `None` if there is no
    /// value, or another one each time.
    pub(crate) fn read<R>(&self, load: impl Fn(&W) -> R) -> Option<(u64, R)> {
        for _ in 0..ATTEMPTS {
            // Acquire: pairs with the Release of `publish`.
            let state = self.state.load(Ordering::Acquire);
            if state & PHASE != FULL {
                return None;
            }
            let value = load(&self.words);
            // Pairs with the Release fence of `claim`.
            fence(Ordering::Acquire);
            if self.state.load(Ordering::Relaxed) == state {
                return Some((state >> NUMBER_SHIFT, value));
            }
        }
        None
    }
}
