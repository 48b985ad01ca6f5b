//! Adaptive spinning: decides whether a contended acquire spins before it enqueues.
//!
//! A lock that another thread holds for some nanoseconds is free again before a waiter could be
//! enqueued; and once there is a waiter, each hand-over wakes a task, since no newcomer passes it.
//! On a single-threaded runtime, though, the holder cannot run while the newcomer spins. So no lock
//! spins as long as only one thread has ever found a lock held, and after that each lock learns
//! from its attempts. It keeps what it has learned in one byte:
//!
//! | value | meaning |
//! |---|---|
//! | below [`WORTH_IT`] | spinning did not help; the number of newcomers that have enqueued without spinning since |
//! | from there on | spin, the longer the more often it has helped |
//!
//! Each load takes the cache line of the word from the holder, which needs it for the release. So
//! the pauses between loads double.

use core::{fmt, hint};

use awaitlist_core::sync::{AtomicU8, Ordering, multi_threaded};

/// The number of newcomers after which a lock tries again whether spinning helps.
const WORTH_IT: u8 = 224;
/// The least number of loads in an attempt.
const LOADS: u8 = 3;
/// How much credit makes one load more.
const CREDIT_PER_LOAD: u8 = 3;
/// The longest pause before a load, in multiples of the processor's own. An attempt lasts for 7 of
/// those at least and 1,535 at most: half a microsecond and 100 where one takes 65 ns. A thread
/// takes as long to wake, and a queue of sleeping threads only ends if one of them spins for that
/// long.
const LONGEST_PAUSE: u32 = 256;
/// What an attempt adds that succeeded.
const GAIN: u8 = 8;
/// What an attempt subtracts that failed.
const LOSS: u8 = 2;
/// What a new lock begins with: enough for 767 pauses. Not the maximum, since many locks are found
/// held once in their life, and then for long.
const BEGIN: u8 = WORTH_IT + 21;

/// What a lock has learned. It orders nothing, and concurrent updates may overwrite each other.
pub(crate) struct Spin(AtomicU8);

/// What one load of the lock's state found.
pub(crate) enum Attempt {
    /// The lock was free, and is now acquired.
    Acquired,
    /// The lock is held, and there are no waiters as far as can be seen.
    Held,
    /// There are waiters, or the lock is held indefinitely: spinning is pointless.
    MustWait,
}

impl Spin {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(BEGIN))
    }

    /// Repeats `attempt` for a while if that is worth it. Returns whether it acquired the lock.
    ///
    /// Call it only after a failed attempt; otherwise an immediate success would be credited to
    /// spinning.
    #[inline(never)]
    pub(crate) fn acquires(&self, mut attempt: impl FnMut() -> Attempt) -> bool {
        if !multi_threaded() {
            return false;
        }
        // Relaxed: a heuristic.
        let learned = self.0.load(Ordering::Relaxed);
        let Some(credit) = learned.checked_sub(WORTH_IT) else {
            self.learn(learned + 1);
            return false;
        };
        let mut pause = 1;
        for _ in 0..LOADS + credit / CREDIT_PER_LOAD {
            (0..pause).for_each(|_| hint::spin_loop());
            pause = LONGEST_PAUSE.min(pause * 2);
            match attempt() {
                Attempt::Acquired => {
                    self.learn(learned.saturating_add(GAIN));
                    return true;
                }
                Attempt::Held => {}
                Attempt::MustWait => return false,
            }
        }
        let less = credit.checked_sub(LOSS);
        self.learn(less.map_or(0, |credit| WORTH_IT + credit));
        false
    }

    fn learn(&self, learned: u8) {
        self.0.store(learned, Ordering::Relaxed);
    }
}

impl fmt::Debug for Spin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spin").field(&self.0).finish()
    }
}
