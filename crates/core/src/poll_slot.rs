//! A place for the future of a poll function.

use alloc::boxed::Box;
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

/// A place for a future that a poll function starts, polls and starts again: for a hand-written
/// `Future`, `Stream` or `Service` that waits for a primitive.
///
/// A waiter must not move while it is queued, so the slot has a box, which is allocated once. It is
/// meant for the futures of the owned forms, such as `semaphore::AcquireOwned`, but takes any.
///
/// ```
/// use awaitlist::{PollSlot, Semaphore, semaphore::{AcquireOwned, OwnedPermit}};
/// use std::{sync::Arc, task::{Context, Poll, Waker}};
///
/// struct Limit {
///     semaphore: Arc<Semaphore>,
///     acquire: PollSlot<AcquireOwned>,
/// }
///
/// impl Limit {
///     fn poll_permit(&mut self, context: &mut Context<'_>) -> Poll<OwnedPermit> {
///         self.acquire.poll(context, || self.semaphore.acquire_owned())
///     }
/// }
///
/// let mut limit = Limit { semaphore: Arc::new(Semaphore::new(1)), acquire: PollSlot::new() };
/// let mut context = Context::from_waker(Waker::noop());
/// let Poll::Ready(permit) = limit.poll_permit(&mut context) else { panic!("one is available") };
/// assert!(limit.poll_permit(&mut context).is_pending());
/// drop(permit);
/// assert!(limit.poll_permit(&mut context).is_ready());
/// ```
#[doc(alias = "PollSemaphore")]
#[doc(alias = "ReusableBoxFuture")]
pub struct PollSlot<F> {
    future: Pin<Box<Option<F>>>,
}

impl<F: Future> PollSlot<F> {
    /// Creates an empty slot. Allocates.
    #[must_use]
    pub fn new() -> Self {
        Self { future: Box::pin(None) }
    }

    /// Polls the future in the slot. If the slot is empty, first puts in what `start` returns.
    ///
    /// When the future is ready, the slot is empty again, as it is if the future panics. A panic of
    /// `start` leaves it empty.
    ///
    /// # Cancel safety
    ///
    /// A future that is pending stays in the slot, with its place in the queue.
    /// [`clear`](Self::clear) and the drop of the slot cancel it. Without either it keeps its place
    /// even if it is never polled again, and all waiters behind it wait.
    pub fn poll(
        &mut self,
        context: &mut Context<'_>,
        start: impl FnOnce() -> F,
    ) -> Poll<F::Output> {
        if self.future.is_none() {
            self.future.set(Some(start()));
        }
        let mut ended = Ended(self.future.as_mut());
        let poll = match ended.0.as_mut().as_pin_mut() {
            Some(future) => future.poll(context),
            None => unreachable!("it was filled above"),
        };
        if poll.is_pending() {
            mem::forget(ended);
        }
        poll
    }

    /// Drops the future in the slot, if there is one, which cancels its wait.
    pub fn clear(&mut self) {
        self.future.set(None);
    }

    /// Returns whether there is no future in the slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.future.is_none()
    }
}

/// Empties the slot when it is dropped: when the future is ready, or has panicked.
struct Ended<'a, F>(Pin<&'a mut Option<F>>);

impl<F> Drop for Ended<'_, F> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// Creates an empty slot.
impl<F: Future> Default for PollSlot<F> {
    fn default() -> Self {
        Self::new()
    }
}

/// Creates an empty slot: the clone of a service waits for itself.
impl<F: Future> Clone for PollSlot<F> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<F> fmt::Debug for PollSlot<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollSlot").field("empty", &self.future.is_none()).finish_non_exhaustive()
    }
}
