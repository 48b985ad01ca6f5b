//! The future that waits for an event.

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
    Event,
    event::{Flag, KEY, epoch, is_set},
};

/// What [`Event::wait`] makes.
pub type Wait<'a> = WaitWith<&'a Event>;

/// What [`Event::wait_owned`] makes.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type WaitOwned = WaitWith<Arc<Event>>;

pin_project_lite::pin_project! {
    /// Waits until an event is set. Made by [`Event::wait`] and `Event::wait_owned`, where its place in the queue
    /// and what its drop does are described.
    ///
    /// # Panics
    ///
    /// If it is polled after it has finished.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct WaitWith<H>
    where
        H: Handle<Target = Event>,
    {
        #[pin]
        slot: Slot<H>,
    }
}

impl<H: Handle<Target = Event>> WaitWith<H> {
    #[inline]
    pub(crate) fn new(handle: H) -> Self {
        Self {
            slot: Slot::new(handle, KEY),
        }
    }
}

impl<H: Handle<Target = Event>> Future for WaitWith<H> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut slot = self.project().slot;
        let set = slot.handle().is_some_and(|event| event.is_set());
        if !set || slot.queued() {
            let mut standing = slot.as_mut().standing("Wait");
            ready!(if standing.queued() {
                poll_queued(&mut standing, context)
            } else {
                join_unless_set(&mut standing, context)
            });
        }
        slot.finish();
        Poll::Ready(())
    }
}

/// A newcomer that found the flag not set: it looks again under the lock, so that no set falls in between.
fn join_unless_set(standing: &mut Standing<'_, Flag>, context: &Context<'_>) -> Poll<()> {
    // Cloned before the lock, and dropped after it if it is not needed.
    let mut waker = Some(context.waker().clone());
    standing.locked(|turn| {
        if is_set(turn) {
            return Poll::Ready(());
        }
        let epoch = epoch(turn);
        if let Some(waker) = waker.take() {
            turn.join(waker, epoch);
        }
        Poll::Pending
    })
}

fn poll_queued(standing: &mut Standing<'_, Flag>, context: &Context<'_>) -> Poll<()> {
    let released = standing.poll(context, |turn| {
        // Released by a set, though its turn to be woken may not have come yet.
        let released = turn.called() || turn.tag() != Some(epoch(turn));
        released.then(|| turn.leave())
    });
    // A waker that is not to be woken any more is dropped here, after the lock.
    released.map(drop)
}

impl<H: Handle<Target = Event>> fmt::Debug for WaitWith<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("queued", &self.slot.queued())
            .finish_non_exhaustive()
    }
}
