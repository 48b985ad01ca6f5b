//! With an operating system: a thread that finds a queue locked retries, then yields, then sleeps.

use ::std::{thread, thread_local};
use core::{
    cell::Cell,
    ptr,
    task::{Context, Waker},
    time::Duration,
};

use super::{AtomicU8, Ordering, pause};

/// The pauses of a thread before each retry, until it begins to yield its processor: 376 together,
/// or 9 microseconds where one takes 24 ns.
///
/// A queue is locked for some twenty nanoseconds, but each retry takes the cache line of its word
/// from the threads that use it. Between two retries one of them can do several operations.
const PAUSES: [u32; 8] = [8, 16, 32, 64, 64, 64, 64, 64];
/// How often it yields before it sleeps.
const YIELDS: u32 = 128;
/// The longest sleep.
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// How threads wait for the lock of a queue whose holder was preempted: each yields its processor
/// to the holder, and finally sleeps, so that it never starves a holder of lower priority.
///
/// They do not wait for each other: a child process that is forked meanwhile would wait for a
/// thread that it does not have.
pub(crate) struct ParkingSpot;

impl ParkingSpot {
    pub(crate) const fn new() -> Self {
        Self
    }

    /// Repeats `attempt` until it succeeds.
    #[allow(clippy::unused_self, reason = "a model has something to do here")]
    pub(crate) fn wait<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        for pauses in PAUSES {
            pause(pauses);
            if let Some(result) = attempt() {
                return result;
            }
        }
        for _ in 0..YIELDS {
            thread::yield_now();
            if let Some(result) = attempt() {
                return result;
            }
        }
        let mut sleep = Duration::from_micros(1);
        loop {
            thread::sleep(sleep);
            if let Some(result) = attempt() {
                return result;
            }
            sleep = LONGEST_SLEEP.min(sleep * 2);
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

/// Returns the number of the current thread, or 0 if it has none yet.
#[inline(always)]
pub fn current_thread() -> u8 {
    NUMBER.get()
}

/// Returns the number of the current thread, which gets one if it has none: from 1 to 255, and
/// different for the first 255 threads that call this.
#[inline]
pub fn thread_number() -> u8 {
    match current_thread() {
        0 => number_this_thread(),
        number => number,
    }
}

#[cold]
fn number_this_thread() -> u8 {
    static LAST: AtomicU8 = AtomicU8::new(0);
    // Relaxed: nothing is read in consequence.
    let number = 1 + LAST.fetch_add(1, Ordering::Relaxed) % u8::MAX;
    NUMBER.set(number);
    number
}

/// Lets another thread run, if one is ready to.
pub fn yield_now() {
    thread::yield_now();
}

// Neither has a destructor, so both can be reached as long as the thread runs.
thread_local! {
    /// The number of this thread, or 0.
    static NUMBER: Cell<u8> = const { Cell::new(0) };
    /// What the waker points to of the innermost `block` that may spin on this thread, or null.
    static BLOCKING: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// Returns whether the future that is polled with `context` blocks the current thread in `block`,
/// and may spin: no other task of this thread runs in any case until the future is ready.
#[inline]
pub fn is_blocking(context: &Context<'_>) -> bool {
    let own = BLOCKING.get();
    // A waker that points to nothing, such as `Waker::noop()`, is not one of `block`.
    !own.is_null() && own == context.waker().data()
}

/// The time in which a `block` runs on this thread.
pub(crate) struct Blocking {
    outer: *const (),
}

impl Blocking {
    /// `waker` is the one that `block` polls with. Without one, the future must not spin.
    pub(crate) fn enter(waker: Option<&Waker>) -> Self {
        let own = waker.map_or(ptr::null(), Waker::data);
        Self { outer: BLOCKING.replace(own) }
    }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        BLOCKING.set(self.outer);
    }
}
