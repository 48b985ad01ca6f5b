//! The future that waits for an event.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    ops::ControlFlow::{Break, Continue},
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use awaitlist_core::{Handle, Slot, Standing};

use crate::{
    Event,
    event::{self, Flag, KEY, epoch, is_set},
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
    #[track_caller]
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
        match slot.as_mut().finish_at_once(event::shows_set) {
            Some(_) => Poll::Ready(()),
            None => wait(slot, context),
        }
    }
}

/// One poll of a wait that may be longer.
#[inline(never)]
fn wait<H>(mut slot: Pin<&mut Slot<H>>, context: &mut Context<'_>) -> Poll<()>
where
    H: Handle<Target = Event>,
{
    let mut standing = slot.as_mut().standing("Wait");
    let stale = ready!(if standing.queued() {
        poll_queued(&mut standing, context)
    } else {
        join_unless_set(&mut standing, context)
    });
    slot.finish();
    // Last: its drop may panic, and the wait is over.
    drop(stale);
    Poll::Ready(())
}

/// A newcomer that found the flag not set: it looks again under the lock, so that no set falls in between. Answers the waker
/// that is not needed.
#[inline(always)]
fn join_unless_set(
    standing: &mut Standing<'_, Flag>,
    context: &Context<'_>,
) -> Poll<Option<Waker>> {
    let entered = standing.enter_or_join(context, |queue| match is_set(queue) {
        true => Break(()),
        false => Continue(epoch(queue)),
    });
    entered.map(|((), waker)| Some(waker))
}

/// Answers the waker that is not to be woken any more.
#[inline(always)]
fn poll_queued(standing: &mut Standing<'_, Flag>, context: &Context<'_>) -> Poll<Option<Waker>> {
    standing.poll(context, |turn| {
        // Released by a set, though its turn to be woken may not have come yet.
        let released = turn.called() || turn.tag() != Some(epoch(turn));
        released.then(|| turn.leave())
    })
}

impl<H: Handle<Target = Event>> fmt::Debug for WaitWith<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("queued", &self.slot.queued())
            .finish_non_exhaustive()
    }
}
