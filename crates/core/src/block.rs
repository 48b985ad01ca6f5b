//! Waiting on a plain thread, in the same queues as the tasks.

use core::{
    cell::Cell,
    fmt,
    future::Future,
    hint,
    ops::Deref,
    pin::{Pin, pin},
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};
use std::{
    thread, thread_local,
    time::{Duration, Instant},
};

use parking::Parker;

use crate::{sync::Blocking, trace::blocking};

/// Waits for a future on the current thread: for every wait of the suite, and for any other future
/// that needs no runtime.
///
/// ```
/// use awaitlist::Block;
/// use std::time::Duration;
///
/// assert_eq!(async { 1 + 1 }.block(), 2);
/// assert!(std::future::pending::<()>().block_timeout(Duration::ZERO).is_err());
/// ```
///
/// Do not block a thread that runs tasks: none of them can run meanwhile. The program can then hang
/// even if no task holds a lock across an `.await`, since a released lock goes to its first waiter,
/// which may be a task of this thread ([why, and what to do][blocking]). On an async runtime,
/// `.await` instead, or block on a thread that the runtime sets aside for that, such as
/// `spawn_blocking`'s.
///
/// [blocking]: https://github.com/awaitlist/awaitlist/blob/main/docs/guide/blocking.md
///
/// A future that is ready at its first poll costs what its poll costs. Any other is polled again at
/// once, with another waker, before the thread sleeps.
///
/// It also works in the destructor of a thread-local.
pub trait Block: Future + Sized {
    /// Waits until the future is ready.
    #[inline(always)]
    fn block(self) -> Self::Output {
        let output = block_on(pin!(self), None);
        output.expect("without a deadline it waits until the future is ready")
    }

    /// Waits until the future is ready, for at most `timeout`.
    ///
    /// The future is polled at least once, so one that is ready is never late. A timeout that
    /// the clock cannot represent is no limit.
    ///
    /// # Errors
    ///
    /// Returns [`TimedOut`] if the future was not ready in time. The future has been dropped by
    /// then, so its place in a queue is given up, and what it had been given has gone to the next
    /// waiter.
    #[inline(always)]
    fn block_timeout(self, timeout: Duration) -> Result<Self::Output, TimedOut> {
        let deadline = Instant::now().checked_add(timeout);
        block_on(pin!(self), deadline).ok_or(TimedOut)
    }

    /// Waits until the future is ready, until `deadline` at the latest.
    ///
    /// The future is polled at least once, so one that is ready is never late.
    ///
    /// # Errors
    ///
    /// Returns [`TimedOut`] if the future was not ready in time, and has been dropped.
    #[inline(always)]
    fn block_deadline(self, deadline: Instant) -> Result<Self::Output, TimedOut> {
        block_on(pin!(self), Some(deadline)).ok_or(TimedOut)
    }
}

impl<F: Future> Block for F {}

/// The error of a wait that was not over in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl core::error::Error for TimedOut {}

/// Waits for `future` on the current thread until `deadline`. Returns `None` if it is not ready by
/// then; it can be polled again.
#[doc(hidden)]
pub fn block_until<F: Future>(future: Pin<&mut F>, deadline: Instant) -> Option<F::Output> {
    block_on(future, Some(deadline))
}

// Inlined, and so are the callers that take the future by value: it would be copied, and the copy
// would wait for the stores that have just made it.
#[inline(always)]
fn block_on<F: Future>(future: Pin<&mut F>, deadline: Option<Instant>) -> Option<F::Output> {
    let mut future = pin!(blocking(future));
    let _blocking = Blocking::enter(may_spin(deadline).then_some(&FIRST));
    match future.as_mut().poll(&mut Context::from_waker(&FIRST)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => wait(future, deadline),
    }
}

/// A yield may take as long as another thread's time slice, so a wait with a deadline makes none.
const fn may_spin(deadline: Option<Instant>) -> bool {
    deadline.is_none()
}

/// The waker of the first poll, which does nothing. If the future is ready, the thread needs none;
/// otherwise it is polled again at once with the thread's own, so no wake-up is lost.
///
/// It is not [`Waker::noop`], which points to nothing and is used for other polls as well.
static FIRST: Waker = {
    const WAKER: RawWaker = RawWaker::new((&raw const VTABLE).cast(), &VTABLE);
    static VTABLE: RawWakerVTable = RawWakerVTable::new(|_| WAKER, |_| {}, |_| {}, |_| {});
    // SAFETY: the functions of the table may run on any thread, and use the pointer for nothing.
    unsafe { Waker::from_raw(WAKER) }
};

/// Polls with the thread's own waker until the future is ready, and sleeps in between.
#[inline(never)]
fn wait<F: Future>(mut future: Pin<&mut F>, deadline: Option<Instant>) -> Option<F::Output> {
    let may_spin = may_spin(deadline);
    let parked = Parked::of_this_thread();
    // A wake-up that came after the wait before says nothing about this one.
    parked.parker.park_timeout(Duration::ZERO);
    let _blocking = Blocking::enter(may_spin.then_some(&parked.waker));
    let mut context = Context::from_waker(&parked.waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        if may_spin && parked.wakes_while_spinning() {
            continue;
        }
        match deadline {
            None => parked.parker.park(),
            Some(deadline) => {
                if !parked.parker.park_deadline(deadline) && Instant::now() >= deadline {
                    return None;
                }
            }
        }
    }
}

/// How often a thread checks whether it was woken before it begins to yield.
const CHECKS: u32 = 32;
/// How often it yields before it sleeps. If several threads share a processor, each yield lets one
/// of them run, perhaps the one that is waited for.
const YIELDS: u32 = 16;
/// The most failures in a row before a thread stops spinning, and how many waits it makes then
/// before it tries again.
const PATIENCE: i8 = 4;
const WAITS_WITHOUT: i8 = 16;

/// A thread's parker, and the waker that ends its sleep.
struct Parked {
    parker: Parker,
    waker: Waker,
    /// What this thread has learned. From 0 on: spinning helps, and may fail so many times more.
    /// Below: it has not helped, and so many waits follow without it.
    patience: Cell<i8>,
}

impl Parked {
    /// Waits for a wake-up without sleeping, if that helps as a rule. Returns whether there was
    /// one.
    ///
    /// To wake a thread that sleeps takes a system call, and tens of microseconds until it runs.
    fn wakes_while_spinning(&self) -> bool {
        let patience = self.patience.get();
        if patience < 0 {
            self.patience.set(patience + 1);
            return false;
        }
        let woken = (0..CHECKS + YIELDS).any(|check| {
            if check < CHECKS {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
            // Consumes a wake-up, and does not sleep.
            self.parker.park_timeout(Duration::ZERO)
        });
        self.patience.set(match patience {
            _ if woken => PATIENCE.min(patience + 1),
            0 => -WAITS_WITHOUT,
            _ => patience - 1,
        });
        woken
    }
}

thread_local! {
    /// Kept from one wait to the next. Empty while a wait uses it: a wait inside its poll makes
    /// another.
    static SPARE: Cell<Option<Parked>> = const { Cell::new(None) };
}

impl Parked {
    fn of_this_thread() -> Borrowed {
        let kept = SPARE.try_with(Cell::take).ok().flatten();
        Borrowed(Some(kept.unwrap_or_else(|| {
            let parker = Parker::new();
            let waker = parker.unparker().into();
            Self { parker, waker, patience: Cell::new(0) }
        })))
    }
}

/// A parker that is returned to its thread when it is dropped.
struct Borrowed(Option<Parked>);

impl Deref for Borrowed {
    type Target = Parked;

    fn deref(&self) -> &Parked {
        self.0.as_ref().expect("empty only while it is dropped")
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let parked = self.0.take();
        // The thread-locals of a thread that is ending may be gone.
        let _ = SPARE.try_with(|spare| spare.set(parked));
    }
}
