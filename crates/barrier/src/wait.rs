//! The future that waits at a barrier.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use awaitlist_core::{Access, Guarded, Handle, LockedWaiter, WaitQueue, Waiter};

use crate::{
    Barrier, BrokenBarrier,
    phase::{self, Arrival, Outcome, Round, arrive_and_wait, depart, notify_older},
};

/// The future that [`Barrier::wait_owned`] returns: a [`Wait`] that owns the barrier's `Arc`.
///
/// It has no lifetime, so it can be stored in a struct.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type WaitOwned = Wait<Arc<Barrier>>;

pin_project_lite::pin_project! {
    /// A future that waits until all parties have arrived at a barrier.
    ///
    /// Returned by [`Barrier::wait`], where `H` is a reference to the barrier, and by
    /// `Barrier::wait_owned`, where it is an `Arc`. It arrives when it is first polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the arrival: the barrier waits for another one. If the round
    /// was complete already, the others keep their indices.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after completion.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Wait<H>
    where
        H: Handle<Target = Barrier>,
    {
        #[pin]
        waiter: Waiter<H, BarrierAccess>,
    }
}

impl<H: Handle<Target = Barrier>> Wait<H> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(barrier: H) -> Self {
        Self { waiter: Waiter::new(barrier, 0) }
    }
}

impl<H: Handle<Target = Barrier>> Future for Wait<H> {
    type Output = Result<usize, BrokenBarrier>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut waiter = self.project().waiter;
        if !waiter.is_queued() {
            return poll_arrival(waiter, context);
        }
        let departure = ready!(waiter.as_mut().poll_queued(context, |_, waiter| depart(waiter)));
        let result = match departure.outcome {
            Outcome::Passes(index) => Ok(index),
            Outcome::Fails => Err(BrokenBarrier::AbortOrReset),
            Outcome::ArrivesAgain => {
                // Before it arrives: a panic of the waker must not cost the arrival.
                drop(departure.waker);
                return poll_arrival(waiter, context);
            }
        };
        // The wait is over before others are woken: after a panic of a waker it must not arrive
        // again.
        let barrier = waiter.take_handle();
        if departure.wakes {
            notify_older(barrier.queue.lock());
        }
        // Dropped last: its drop may panic, and by now the others have been woken.
        drop(departure.waker);
        Poll::Ready(result)
    }
}

fn poll_arrival<H>(
    mut waiter: Pin<&mut Waiter<H, BarrierAccess>>,
    context: &Context<'_>,
) -> Poll<Result<usize, BrokenBarrier>>
where
    H: Handle<Target = Barrier>,
{
    let mut need_not_wait = false;
    loop {
        let mut arrival = None;
        // The last party needs no waker, and wakes the others under the same lock. Its wait is over
        // before that: after a panic of a waker it must not arrive again.
        let barrier = waiter.as_mut().try_fast(|barrier| {
            if need_not_wait || barrier.seems_last() {
                arrival = barrier.arrive_and_wake();
            }
            arrival.is_some()
        });
        if let (Some(barrier), Some(arrival)) = (barrier, arrival) {
            return Poll::Ready(match arrival {
                Arrival::Trips => Ok(barrier.parties() - 1),
                Arrival::Fails => Err(BrokenBarrier::Aborted),
            });
        }
        let admitted = waiter.as_mut().admit_or_enqueue(context, |barrier, queue| {
            arrive_and_wait(queue, barrier.parties()).map_or(Ok(()), Err)
        });
        // There was nothing to wait for, and nothing has changed.
        let ((), unused_waker) = ready!(admitted);
        drop(unused_waker);
        need_not_wait = true;
    }
}

/// How the core reaches the queue of a barrier.
struct BarrierAccess;

// SAFETY: the queue is a field of the barrier, and `phase::cancel` removes the waiter.
unsafe impl Access<Barrier> for BarrierAccess {
    const FUTURE: &'static str = "Wait";

    type State = Guarded<Round>;

    #[inline(always)]
    fn queue(barrier: &Barrier) -> &WaitQueue<Guarded<Round>> {
        &barrier.queue
    }

    #[inline]
    fn cancel(barrier: &Barrier, waiter: LockedWaiter<'_, Guarded<Round>>) -> Option<Waker> {
        phase::cancel(&barrier.queue, waiter)
    }
}

awaitlist_core::fused!([H: Handle<Target = Barrier>] Wait<H>, |this| this.waiter.is_over());

impl<H: Handle<Target = Barrier>> fmt::Debug for Wait<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("queued", &self.waiter.is_queued()).finish_non_exhaustive()
    }
}
