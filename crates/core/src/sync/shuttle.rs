//! On shuttle's scheduler, for many threads in random orders: a thread that finds a queue locked
//! sleeps until it is unlocked, so that a queue that stays locked shows as a deadlock.

use ::std::{mem, sync::Mutex, vec::Vec};
use core::task::Context;

use ::shuttle::thread::{self, Thread};

/// Where threads sleep until a queue is unlocked.
///
/// The list of sleepers is guarded by a real mutex: shuttle runs no other thread while it is held.
pub(crate) struct ParkingSpot {
    sleepers: Mutex<Vec<Thread>>,
}

impl ParkingSpot {
    pub(crate) const fn new() -> Self {
        Self { sleepers: Mutex::new(Vec::new()) }
    }

    /// Repeats `attempt` until it succeeds.
    pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        loop {
            // shuttle runs other threads before an atomic operation and not after it, so the queue
            // is not unlocked between a failed attempt and the sleep.
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

/// Returns a number of the current thread.
pub fn current_thread() -> u8 {
    let id = usize::from(thread::current().id()) % usize::from(u8::MAX);
    u8::try_from(id).unwrap_or_default() + 1
}

/// Returns the same number.
pub fn thread_number() -> u8 {
    current_thread()
}

/// Lets another thread run.
pub fn yield_now() {
    thread::yield_now();
}

/// Returns false: there is no `block` on shuttle's threads.
pub const fn is_blocking(_: &Context<'_>) -> bool {
    false
}
