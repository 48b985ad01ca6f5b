//! For the soak: a thread that holds the lock of a queue is preempted at random, as the operating
//! system may do at any time but seldom does.

use ::std::{cell::Cell, thread, thread_local, time::Duration};
use core::ptr;

/// Yields or sleeps now and then. Called while a queue is locked, right before it is unlocked: by
/// then the waiter that was notified may run, and all that other threads can see has changed but
/// the state word.
pub(crate) fn preempt() {
    thread_local! {
        static RANDOM: Cell<u64> = const { Cell::new(0) };
    }
    // The thread-locals of a thread that is ending may be gone.
    let _ = RANDOM.try_with(|random| {
        // xorshift64, with a seed that differs from thread to thread.
        let mut next = match random.get() {
            0 => ptr::from_ref(random).addr() as u64 | 1,
            last => last,
        };
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        random.set(next);
        match next % 2048 {
            0 => thread::sleep(Duration::from_micros(next >> 32 & 0xff)),
            1..=32 => thread::yield_now(),
            _ => {}
        }
    });
}
