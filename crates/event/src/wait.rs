//! The future that waits for an event.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use awaitlist_core::{Access, Handle, LockedWaiter, WaitQueue, Waiter, sync::Ordering};

use crate::{
    Event,
    event::{generation, is_set},
};

/// The future that [`Event::wait_owned`] returns: a [`Wait`] that owns the event's `Arc`.
///
/// It has no lifetime, so it can be stored in a struct.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type WaitOwned = Wait<Arc<Event>>;

pin_project_lite::pin_project! {
    /// A future that waits until an event is set.
    ///
    /// Returned by [`Event::wait`], where `H` is a reference to the event, and by
    /// `Event::wait_owned`, where it is an `Arc`. It joins the queue when it is first polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place in the queue. It has no effect on other waiters.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after completion.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Wait<H>
    where
        H: Handle<Target = Event>,
    {
        #[pin]
        waiter: Waiter<H, EventAccess>,
    }
}

impl<H: Handle<Target = Event>> Wait<H> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(event: H) -> Self {
        Self { waiter: Waiter::new(event, 0) }
    }
}

impl<H: Handle<Target = Event>> Future for Wait<H> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut waiter = self.project().waiter;
        // Acquire: pairs with the Release of the `set`.
        let set = waiter.as_mut().try_fast(|event| is_set(event.queue.load(Ordering::Acquire)));
        match set {
            Some(_) => Poll::Ready(()),
            None => poll_slow(waiter, context),
        }
    }
}

/// Polls a wait that did not succeed at once.
#[inline(never)]
fn poll_slow<H>(mut waiter: Pin<&mut Waiter<H, EventAccess>>, context: &Context<'_>) -> Poll<()>
where
    H: Handle<Target = Event>,
{
    let unused_waker = ready!(if waiter.is_queued() {
        waiter.as_mut().poll_queued(context, |_, waiter| {
            // Released by a set, which may not have come to notify it yet.
            let released = waiter.is_notified() || waiter.tag() != generation(waiter.word());
            if released { Ok(waiter.remove().1) } else { Err(waiter) }
        })
    } else {
        let admitted = waiter.as_mut().admit_or_enqueue(context, |_, queue| {
            // Checked again, so that no set can come in between.
            let word = queue.word();
            if is_set(word) { Ok(()) } else { Err(generation(word)) }
        });
        admitted.map(|((), waker)| Some(waker))
    });
    waiter.take_handle();
    // Dropped last: its drop may panic.
    drop(unused_waker);
    Poll::Ready(())
}

/// How the core reaches the queue of an event.
struct EventAccess;

// SAFETY: the queue is a field of the event, and `cancel` removes the waiter first.
unsafe impl Access<Event> for EventAccess {
    const FUTURE: &'static str = "Wait";

    type State = ();

    #[inline(always)]
    fn queue(event: &Event) -> &WaitQueue {
        &event.queue
    }

    #[inline]
    fn cancel(_: &Event, waiter: LockedWaiter<'_>) -> Option<Waker> {
        // A release is not used up, so there is nothing to pass on.
        let (queue, waker) = waiter.remove();
        drop(queue);
        waker
    }
}

awaitlist_core::fused!([H: Handle<Target = Event>] Wait<H>, |this| this.waiter.is_over());

impl<H: Handle<Target = Event>> fmt::Debug for Wait<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("queued", &self.waiter.is_queued()).finish_non_exhaustive()
    }
}
