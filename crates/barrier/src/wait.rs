//! The future that waits at a barrier.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::{Handle, Slot, Standing};

use crate::{
    Barrier, BrokenBarrier,
    barrier::KEY,
    round::{Arrival, Ended, Look, Round, arrive, look},
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
        let parties = slot.handle().map_or(0, |barrier| barrier.parties());
        let mut standing = slot.as_mut().standing("Wait");
        let ended = if standing.queued() {
            ready!(poll_queued(&mut standing, context, parties))
        } else {
            ready!(poll_arrival(&mut standing, context, parties))
        };
        // The wait is over before others are woken: a panic of a waker must not make this one arrive again.
        let barrier = slot.finish();
        if ended.wakes {
            barrier.wake_older();
        }
        // Last, for its drop may panic, and the others are awake by now.
        drop(ended.waker);
        Poll::Ready(ended.result)
    }
}

/// Arrives, for the first time or again.
fn poll_arrival(
    standing: &mut Standing<'_, Round>,
    context: &Context<'_>,
    parties: usize,
) -> Poll<Ended> {
    // Cloned before the lock, and dropped after it if it is not needed.
    let mut waker = Some(context.waker().clone());
    let (result, wakes) = match standing.locked(|turn| arrive(turn, &mut waker, parties)) {
        Arrival::Sleeps => return Poll::Pending,
        Arrival::Fails(error) => (Err(error), false),
        Arrival::Trips(index) => (Ok(index), true),
    };
    Poll::Ready(Ended {
        result,
        wakes,
        waker,
    })
}

fn poll_queued(
    standing: &mut Standing<'_, Round>,
    context: &Context<'_>,
    parties: usize,
) -> Poll<Ended> {
    match ready!(standing.poll(context, look)) {
        Look::ComesAgain(waker) => {
            // Before it arrives: a panic of the waker must not cost the arrival.
            drop(waker);
            poll_arrival(standing, context, parties)
        }
        Look::Leaves(ended) => Poll::Ready(ended),
    }
}

impl<H: Handle<Target = Barrier>> fmt::Debug for WaitWith<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("queued", &self.slot.queued())
            .finish_non_exhaustive()
    }
}
