//! Adaptive spinning: decides whether a contended acquire spins before it enqueues.
//!
//! A lock that another thread holds for some nanoseconds is free again before a waiter could be
//! enqueued; and once there is a waiter, each hand-over wakes a task or a thread, since no newcomer
//! passes it. But where the holder runs on the same thread as the newcomer, it cannot run while the
//! newcomer spins. Two kinds of newcomers are told apart:
//!
//! - **A task** spins only if another thread was the last to acquire the lock, and only while there
//!   are no waiters, for some microseconds: the thread may have other tasks to run, the designated
//!   one among them.
//! - **A thread in `block`** has nothing else to do. It spins even while there are waiters, until
//!   they have been served, and yields its processor between attempts. So a queue of sleeping
//!   threads, in which each hand-over takes a system call and a switch, empties again.
//!
//! Neither ever acquires the lock while there are waiters.
//!
//! Each lock learns from its attempts. It keeps what it has learned in one byte:
//!
//! | value | meaning |
//! |---|---|
//! | below [`WORTH_IT`] | spinning did not help; the number of newcomers that have enqueued without spinning since |
//! | from there on | spin; a success adds [`GAIN`], a failure subtracts [`LOSS`] |
//!
//! Each load takes the cache line of the word from the holder, which needs it for the release. So
//! the pauses between loads grow at first.

use core::{fmt, task::Context};

use awaitlist_core::sync::{AtomicU8, Ordering, is_blocking, pause, thread_number, yield_now};

/// The number of newcomers after which a lock tries again whether spinning helps.
const WORTH_IT: u8 = 224;
/// The pauses of a task before each load, in multiples of the processor's own, until it enqueues.
/// Together 469: 11 microseconds where one takes 24 ns, and 30 where it takes 65.
const PAUSES_OF_TASK: [u32; 6] = [1, 4, 16, 64, 128, 256];
/// The pauses of a thread before each load, until it begins to yield. It can afford long ones, in
/// which the holder acquires the lock many times without losing the cache line.
const PAUSES_OF_THREAD: [u32; 4] = [1, 64, 256, 256];
/// How often a thread yields at most before it enqueues. If many threads share a processor, each
/// yield lets several of them run.
const YIELDS: u32 = 24;
/// The pause between a yield and the next.
const PAUSE_AFTER_YIELD: u32 = 32;
/// What an attempt adds that succeeded.
const GAIN: u8 = 8;
/// What an attempt subtracts that failed.
const LOSS: u8 = 4;
/// What a new lock begins with: enough for five failures. Not the maximum, since many locks are
/// found held once in their life, and then for long.
const BEGIN: u8 = WORTH_IT + 16;

/// What a lock has learned. It orders nothing, and concurrent updates may overwrite each other.
pub(crate) struct Spin {
    learned: AtomicU8,
    /// The number of the thread that was the last to acquire the lock, or 0.
    holder: AtomicU8,
}

/// What one load of the lock's state found.
pub(crate) enum Attempt {
    /// The lock was free, and is now acquired.
    Acquired,
    /// The lock is held, and there are no waiters as far as can be seen.
    Held,
    /// There are waiters, or the lock is held indefinitely: for a task, spinning is pointless.
    MustWait,
}

impl Spin {
    pub(crate) const fn new() -> Self {
        Self { learned: AtomicU8::new(BEGIN), holder: AtomicU8::new(0) }
    }

    /// Repeats `attempt` for a while if that is worth it. Returns whether it acquired the lock.
    ///
    /// Call it only after a failed attempt; otherwise an immediate success would be credited to
    /// spinning.
    #[inline]
    pub(crate) fn acquires(&self, context: &Context<'_>, attempt: impl FnMut() -> Attempt) -> bool {
        let blocking = is_blocking(context);
        // Asked first: the thread gets a number, by which others know it when it holds the lock.
        (self.is_held_elsewhere() || blocking) && self.spins(blocking, attempt)
    }

    #[inline(never)]
    fn spins(&self, blocking: bool, mut attempt: impl FnMut() -> Attempt) -> bool {
        // Relaxed, here and below: a heuristic.
        let learned = self.learned.load(Ordering::Relaxed);
        if learned < WORTH_IT {
            self.learn(learned + 1);
            return false;
        }
        let mut finished = || match attempt() {
            Attempt::Acquired => {
                self.learn(learned.saturating_add(GAIN));
                Some(true)
            }
            Attempt::MustWait if !blocking => Some(false),
            Attempt::Held | Attempt::MustWait => None,
        };
        let pauses: &[u32] = if blocking { &PAUSES_OF_THREAD } else { &PAUSES_OF_TASK };
        for &times in pauses {
            pause(times);
            if let Some(acquired) = finished() {
                return acquired;
            }
        }
        for _ in 0..if blocking { YIELDS } else { 0 } {
            yield_now();
            if let Some(acquired) = finished() {
                return acquired;
            }
            pause(PAUSE_AFTER_YIELD);
        }
        let less = (learned - WORTH_IT).checked_sub(LOSS);
        self.learn(less.map_or(0, |credit| WORTH_IT + credit));
        false
    }

    /// Records that the thread with this number, 0 if it has none, has acquired the lock.
    #[inline(always)]
    pub(crate) fn acquired_by(&self, thread: u8) {
        self.holder.store(thread, Ordering::Relaxed);
    }

    /// Returns whether another thread was the last to acquire the lock. A thread is not known until
    /// it has its number, which it gets when it finds a lock held, or acquires one as a waiter.
    #[inline]
    fn is_held_elsewhere(&self) -> bool {
        let (thread, holder) = (thread_number(), self.holder.load(Ordering::Relaxed));
        holder != thread && holder != 0
    }

    fn learn(&self, learned: u8) {
        self.learned.store(learned, Ordering::Relaxed);
    }
}

impl fmt::Debug for Spin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spin").field(&self.learned).field(&self.holder).finish()
    }
}
