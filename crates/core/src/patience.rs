//! Patience: whether who finds a lock held is to look again for a moment, before it queues.
//!
//! A lock that another thread holds for some nanoseconds is free again before a waiter could be queued; and once
//! somebody is queued, each hand-over wakes a task, since no newcomer gets past. On a single-thread runtime, though, the
//! holder cannot let go while the newcomer looks: there every look is wasted. So nobody looks again as long as all who
//! ever found a lock held were on one thread; and after that each lock learns from what came of it. In the byte that it
//! costs:
//!
//! | value | meaning |
//! |---|---|
//! | below [`WORTH_IT`] | it did not help: so many newcomers have queued at once since then |
//! | from there on | look again, the longer the more often that has helped |
//!
//! Each look takes the word's cache line from the holder, who needs it to let go. So the pauses between looks double.

use core::hint;

use crate::sync::{AtomicU8, Ordering, others_run};

/// Where a lock comes back to after that many newcomers have queued at once: a short attempt.
const WORTH_IT: u8 = 224;
/// How many looks an attempt has at least.
const LOOKS: u8 = 3;
/// How much credit makes a look more.
const CREDIT_PER_LOOK: u8 = 3;
/// The longest pause before a look, in multiples of the processor's own. So an attempt lasts for 7 of those at least, and for
/// 1,535 at most: half a microsecond and a hundred where one takes 65 ns. A thread takes as long to wake, and a line of those
/// that sleep ends only if somebody looks on for so long.
const LONGEST_PAUSE: u32 = 256;
/// What an attempt teaches that helped.
const GAIN: u8 = 8;
/// What an attempt teaches that did not.
const LOSS: u8 = 2;
/// What a new lock knows: enough for 767 pauses. It is not all that there is, since many locks are found held once in their
/// life, and then for long.
const BEGIN: u8 = WORTH_IT + 21;

/// What a lock has learned. It orders nothing, and lessons that race may overwrite each other.
pub(crate) struct Patience(AtomicU8);

/// What one look found.
pub(crate) enum Look {
    /// It is ours.
    Taken,
    /// It is held, and nobody is seen to wait for it.
    Held,
    /// Others wait, or it is held for good: looking on would be of no use.
    Queue,
}

impl Patience {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(BEGIN))
    }

    /// Looks again and again, if that is worth it. Answers whether the lock was taken. For who has just found it held, or it
    /// would learn from a success that patience had no part in.
    pub(crate) fn look_on(&self, mut look: impl FnMut() -> Look) -> bool {
        if !others_run() {
            return false;
        }
        // Relaxed: a number to go by.
        let learned = self.0.load(Ordering::Relaxed);
        let Some(credit) = learned.checked_sub(WORTH_IT) else {
            self.learn(learned + 1);
            return false;
        };
        let mut pause = 1;
        for _ in 0..LOOKS + credit / CREDIT_PER_LOOK {
            (0..pause).for_each(|_| hint::spin_loop());
            pause = LONGEST_PAUSE.min(pause * 2);
            match look() {
                Look::Taken => {
                    self.learn(learned.saturating_add(GAIN));
                    return true;
                }
                Look::Held => {}
                Look::Queue => return false,
            }
        }
        let less = credit.checked_sub(LOSS);
        self.learn(less.map_or(0, |credit| WORTH_IT + credit));
        false
    }

    fn learn(&self, lesson: u8) {
        self.0.store(lesson, Ordering::Relaxed);
    }
}
