//! Waiting on a plain thread, in the same queues as the tasks.

use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use std::{
    thread_local,
    time::{Duration, Instant},
};

use parking::Parker;

use crate::trace::blocking;

/// Waits for a future on this thread: every wait of the suite, and any other future that needs no runtime.
///
/// ```
/// use awaitlist_core::Block;
/// use std::time::Duration;
///
/// assert_eq!(async { 1 + 1 }.block(), 2);
/// assert!(std::future::pending::<()>().block_timeout(Duration::ZERO).is_err());
/// ```
///
/// Blocking a thread that runs tasks keeps all of them from running: on an async runtime, `await` instead, or block
/// on a thread that the runtime sets aside for it.
pub trait Block: Future + Sized {
    /// Waits until the future is ready.
    fn block(self) -> Self::Output {
        futures_lite::future::block_on(blocking(self))
    }

    /// Waits until the future is ready, for `timeout` at most.
    ///
    /// The future is polled at least once, so one that is ready is never late. A timeout too long for the clock
    /// is none.
    ///
    /// # Errors
    ///
    /// [`TimedOut`]. The future has been dropped then, with all that this means for it: its place in a queue is given
    /// up, and what it had been given went to the next.
    fn block_timeout(self, timeout: Duration) -> Result<Self::Output, TimedOut> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.block_deadline(deadline),
            None => Ok(self.block()),
        }
    }

    /// Waits until the future is ready, until `deadline` at the latest.
    ///
    /// The future is polled at least once, so one that is ready is never late.
    ///
    /// # Errors
    ///
    /// As for [`block_timeout`](Self::block_timeout).
    fn block_deadline(self, deadline: Instant) -> Result<Self::Output, TimedOut> {
        block_until(pin!(self), deadline).ok_or(TimedOut)
    }
}

impl<F: Future> Block for F {}

/// A wait was given up when its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl core::error::Error for TimedOut {}

/// Waits for `future` on this thread until `deadline`. `None` says that it is not ready; it can be polled again.
pub fn block_until<F: Future>(future: Pin<&mut F>, deadline: Instant) -> Option<F::Output> {
    let mut future = pin!(blocking(future));
    let parked = Parked::of_this_thread();
    let mut context = Context::from_waker(&parked.waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        if !parked.parker.park_deadline(deadline) && Instant::now() >= deadline {
            return None;
        }
    }
}

/// A thread's parker, and the waker that ends its sleep.
struct Parked {
    parker: Parker,
    waker: Waker,
}

thread_local! {
    /// Kept from one wait to the next. Empty while a wait uses it: one inside its poll makes another.
    static SPARE: Cell<Option<Parked>> = const { Cell::new(None) };
}

impl Parked {
    fn of_this_thread() -> Borrowed {
        let kept = SPARE.try_with(Cell::take).ok().flatten();
        Borrowed(Some(kept.unwrap_or_else(|| {
            let parker = Parker::new();
            let waker = parker.unparker().into();
            Self { parker, waker }
        })))
    }
}

/// A parker that goes back to its thread when it is dropped.
struct Borrowed(Option<Parked>);

impl core::ops::Deref for Borrowed {
    type Target = Parked;

    fn deref(&self) -> &Parked {
        self.0.as_ref().expect("empty only while it is dropped")
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let parked = self.0.take();
        // A thread that is ending has nowhere to keep it.
        let _ = SPARE.try_with(|spare| spare.set(parked));
    }
}
