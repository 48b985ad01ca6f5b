//! The future that waits at a barrier.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use awaitlist_core::{Handle, Slot};

use crate::{
    Barrier, BrokenBarrier,
    barrier::KEY,
    round::{Arrival, Outcome, arrive, look},
};

/// What [`Barrier::wait`] makes.
pub type Wait<'a> = WaitWith<&'a Barrier>;

/// What [`Barrier::wait_owned`] makes.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type WaitOwned = WaitWith<Arc<Barrier>>;

pin_project_lite::pin_project! {
    /// Waits until all parties have arrived at a barrier. Made by [`Barrier::wait`] and `Barrier::wait_owned`, where
    /// its arrival and what its drop does are described.
    ///
    /// # Panics
    ///
    /// If it is polled after it has finished.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct WaitWith<H>
    where
        H: Handle<Target = Barrier>,
    {
        #[pin]
        slot: Slot<H>,
    }
}

impl<H: Handle<Target = Barrier>> WaitWith<H> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(handle: H) -> Self {
        Self {
            slot: Slot::new(handle, KEY),
        }
    }
}

impl<H: Handle<Target = Barrier>> Future for WaitWith<H> {
    type Output = Result<usize, BrokenBarrier>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.project().slot;
        let mut standing = slot.as_mut().standing("Wait");
        if standing.queued() {
            let look = ready!(standing.poll(context, look));
            let result = match look.outcome {
                Outcome::Passes => Ok(look.index),
                Outcome::Fails => Err(BrokenBarrier::AbortOrReset),
                Outcome::ComesAgain => {
                    // Before it arrives: a panic of the waker must not cost the arrival.
                    drop(look.waker);
                    return poll_arrival(slot, context);
                }
            };
            end(slot, look.wakes, look.waker);
            return Poll::Ready(result);
        }
        poll_arrival(slot, context)
    }
}

fn poll_arrival<H>(
    mut slot: Pin<&mut Slot<H>>,
    context: &Context<'_>,
) -> Poll<Result<usize, BrokenBarrier>>
where
    H: Handle<Target = Barrier>,
{
    let parties = slot.handle().map_or(0, |barrier| barrier.parties());
    if slot.handle().is_some_and(|barrier| barrier.seems_last()) {
        // The last one needs no waker, and wakes the others under the same lock. Its wait is over before it does, see `end`.
        let barrier = slot.as_mut().finish();
        match barrier.arrive_and_wake() {
            Some(Arrival::Fails) => return Poll::Ready(Err(BrokenBarrier::Aborted)),
            Some(Arrival::Trips) => return Poll::Ready(Ok(parties - 1)),
            None => slot.as_mut().restart(barrier),
        }
    }
    let mut standing = slot.as_mut().standing("Wait");
    let entered = standing.enter_or_join(context, |queue| arrive(queue, parties));
    let (arrival, waker) = ready!(entered);
    let (result, wakes) = match arrival {
        Arrival::Fails => (Err(BrokenBarrier::Aborted), false),
        Arrival::Trips => (Ok(parties - 1), true),
    };
    end(slot, wakes, Some(waker));
    Poll::Ready(result)
}

/// Ends a wait whose place has left the queue.
#[inline]
fn end<H: Handle<Target = Barrier>>(slot: Pin<&mut Slot<H>>, wakes: bool, waker: Option<Waker>) {
    // The wait is over before others are woken: a panic of a waker must not make this one arrive again.
    let barrier = slot.finish();
    if wakes {
        barrier.wake_older();
    }
    // Last, for its drop may panic, and the others are awake by now.
    drop(waker);
}

impl<H: Handle<Target = Barrier>> fmt::Debug for WaitWith<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("queued", &self.slot.queued())
            .finish_non_exhaustive()
    }
}
