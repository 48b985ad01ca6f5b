//! In a model: a thread that finds a queue locked sleeps until it is unlocked. It must not spin,
//! since loom could not tell that from a deadlock.

use ::std::{mem, sync::Mutex, vec::Vec};
use core::task::Context;

use ::loom::thread::{self, Thread};

use super::{AtomicUsize, Ordering};

/// Where threads sleep until a queue is unlocked.
///
/// The list of sleepers is not loom's. As long as no thread sleeps here, nothing of it is part of
/// the model, so it hides no ordering of the state word.
pub(crate) struct ParkingSpot {
    sleepers: Mutex<Vec<Thread>>,
}

impl ParkingSpot {
    pub(crate) fn new() -> Self {
        Self { sleepers: Mutex::new(Vec::new()) }
    }

    /// Repeats `attempt` until it succeeds.
    pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        loop {
            // Between a `load_newest` that finds the queue locked and the sleep, loom runs no other
            // thread.
            if let Some(result) = attempt() {
                return result;
            }
            let this_thread = thread::current();
            self.with_sleepers(|sleepers| sleepers.push(this_thread));
            thread::park();
        }
    }

    /// Called after the unlock: wakes the sleepers.
    pub(crate) fn unlocked(&self) {
        for sleeper in self.with_sleepers(mem::take) {
            sleeper.unpark();
        }
    }

    /// The mutex is a real one: loom must not run another thread while it is held.
    fn with_sleepers<R>(&self, access: impl FnOnce(&mut Vec<Thread>) -> R) -> R {
        let mut sleepers = self.sleepers.lock().expect("no panic while it is held");
        access(&mut sleepers)
    }
}

/// The time in which a queue is locked. Nothing happens at its ends.
pub(crate) struct Section;

impl Section {
    pub(crate) const fn enter() -> Self {
        Self
    }
}

/// Loads the state word before another attempt to lock: the newest value, as a read-modify-write
/// sees it, since the thread sleeps if that is locked.
pub(crate) fn load_newest(word: &AtomicUsize) -> usize {
    word.fetch_add(0, Ordering::Relaxed)
}

/// Stores a word that no other thread changes at this time: by a swap, for the sake of
/// `load_newest`.
pub(crate) fn store_release(word: &AtomicUsize, value: usize) {
    word.swap(value, Ordering::Release);
}

/// Returns the number of no thread, so that no lock spins in a model. To spin is to try the
/// same exchange again, and each attempt multiplies the interleavings.
pub const fn current_thread() -> u8 {
    0
}

/// Returns the same.
pub const fn thread_number() -> u8 {
    current_thread()
}

/// Does nothing.
pub const fn yield_now() {}

/// Returns false: there is no `block`.
pub const fn is_blocking(_: &Context<'_>) -> bool {
    false
}
