//! Adaptive spinning: decides whether a contended acquire spins before it enqueues.
//!
//! A lock that another thread holds for some nanoseconds is free again before a waiter could be
//! enqueued; and once there is a waiter, each hand-over wakes a task or a thread, since no newcomer
//! passes it. But where the holder runs on the same thread as the newcomer, it cannot run while the
//! newcomer spins. Two kinds of newcomers are told apart:
//!
//! - **A task** spins only if two threads have found *this* lock held, for some microseconds, and
//!   only while there are no waiters: the thread may have other tasks to run, the designated one
//!   among them.
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

use core::{fmt, hint, task::Context};

use awaitlist_core::sync::{
    AtomicU8, Ordering, is_blocking, is_thread_number, thread_number, yield_now,
};

/// The number of newcomers after which a lock tries again whether spinning helps.
const WORTH_IT: u8 = 224;
/// The pauses of a task before each load, in multiples of the processor's own, until it enqueues.
/// Together 213: 5 microseconds where one takes 24 ns, and 14 where it takes 65.
const PAUSES_OF_TASK: [u32; 5] = [1, 4, 16, 64, 128];
/// The pauses of a thread before each load, until it begins to yield. It can afford longer ones, in
/// which the holder acquires the lock many times without losing the cache line.
const PAUSES_OF_THREAD: [u32; 4] = [16, 64, 256, 256];
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
    /// The number of the only thread that has found the lock held; or [`NONE`], or [`SEVERAL`].
    contender: AtomicU8,
}

/// No thread has found the lock held yet.
const NONE: u8 = u8::MAX - 1;
/// Two threads have found the lock held.
const SEVERAL: u8 = u8::MAX;

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
        Self { learned: AtomicU8::new(BEGIN), contender: AtomicU8::new(NONE) }
    }

    /// Repeats `attempt` for a while if that is worth it. Returns whether it acquired the lock.
    ///
    /// Call it only after a failed attempt; otherwise an immediate success would be credited to
    /// spinning.
    #[inline]
    pub(crate) fn acquires(&self, context: &Context<'_>, attempt: impl FnMut() -> Attempt) -> bool {
        (self.several_threads() || is_blocking(context))
            && self.spins(is_blocking(context), attempt)
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

    /// Records that this thread has found the lock held. Returns whether another one has before.
    #[inline]
    fn several_threads(&self) -> bool {
        let known = self.contender.load(Ordering::Relaxed);
        !is_thread_number(known) && self.another_thread(known)
    }

    #[inline(never)]
    fn another_thread(&self, known: u8) -> bool {
        let now = if known == NONE { thread_number() } else { SEVERAL };
        if now != known {
            self.contender.store(now, Ordering::Relaxed);
        }
        known != NONE
    }

    fn learn(&self, learned: u8) {
        self.learned.store(learned, Ordering::Relaxed);
    }
}

fn pause(times: u32) {
    (0..times).for_each(|_| hint::spin_loop());
}

impl fmt::Debug for Spin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spin").field(&self.learned).field(&self.contender).finish()
    }
}
