//! With an operating system: a thread that finds a queue locked retries, then waits at a mutex.

use ::std::{thread, thread_local};
use core::{hint, ptr, time::Duration};

use super::{AtomicUsize, Ordering};

/// How often a thread retries before it waits at the mutex. A queue is locked for some twenty
/// nanoseconds.
const SPINS: u32 = 64;
/// How often the thread that owns the mutex yields its processor before it starts to sleep.
const YIELDS: u32 = 128;
/// The longest sleep, in case the holder of the queue's lock cannot run while this thread can, as
/// with real-time priorities.
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// Where threads wait for the lock of a queue whose holder was preempted.
///
/// All but one of them sleep at the mutex. The one that owns it yields its processor to the holder
/// of the queue's lock, and finally sleeps as well, so that it never starves a holder of lower
/// priority.
pub(crate) struct ParkingSpot(parking_lot::Mutex<()>);

impl ParkingSpot {
    pub(crate) const fn new() -> Self {
        Self(parking_lot::Mutex::new(()))
    }

    /// Repeats `attempt` until it succeeds.
    pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        for _ in 0..SPINS {
            hint::spin_loop();
            if let Some(result) = attempt() {
                return result;
            }
        }
        let _turn = self.0.lock();
        let mut yields = 0;
        let mut sleep = Duration::from_micros(1);
        loop {
            if let Some(result) = attempt() {
                return result;
            }
            if yields < YIELDS {
                yields += 1;
                thread::yield_now();
            } else {
                thread::sleep(sleep);
                sleep = LONGEST_SLEEP.min(sleep * 2);
            }
        }
    }

    /// Called after the unlock. Waiting threads retry by themselves.
    #[inline(always)]
    #[allow(clippy::unused_self, reason = "a model has something to do here")]
    pub(crate) const fn unlocked(&self) {}
}

/// The time in which a queue is locked. Nothing happens at its ends.
pub(crate) struct Section;

impl Section {
    #[inline(always)]
    pub(crate) const fn enter() -> Self {
        Self
    }
}

/// Returns whether more than one thread has called this. A thread calls it when it finds a lock
/// held: as long as only one thread ever does, spinning cannot help.
pub fn multi_threaded() -> bool {
    /// The value of `CALLER` once two threads have called.
    const SEVERAL: usize = 1;
    /// 0, or the only thread that has called, by the address of a thread-local; or `SEVERAL`. A new
    /// thread may get the address of one that has ended, and is then taken for that one.
    static CALLER: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static ADDRESS: u16 = const { 0 };
    }

    // Relaxed: nothing is read in consequence.
    let caller = CALLER.load(Ordering::Relaxed);
    if caller == SEVERAL {
        return true;
    }
    // The thread-locals of a thread that is ending may be gone.
    match ADDRESS.try_with(|address| ptr::from_ref(address).addr()) {
        Ok(this_thread) if caller != this_thread => {
            let now = if caller == 0 { this_thread } else { SEVERAL };
            CALLER.store(now, Ordering::Relaxed);
            caller != 0
        }
        _ => false,
    }
}
