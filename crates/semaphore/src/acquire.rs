//! The future that acquires permits.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use awaitlist_core::{Access, Handle, LockedWaiter, WaitQueue, Waiter};

use crate::{Permit, raw::AnySemaphore};

/// The future that [`Semaphore::acquire_owned`](crate::Semaphore::acquire_owned) returns: an
/// [`Acquire`] that owns the semaphore's `Arc`.
///
/// It has no lifetime, so it can be stored in a struct.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type AcquireOwned = Acquire<alloc::sync::Arc<crate::Semaphore>>;

pin_project_lite::pin_project! {
    /// A future that acquires permits and returns them as a [`Permit`].
    ///
    /// Returned by `acquire` and `acquire_many`, where `H` is a reference to the semaphore, and by
    /// `acquire_owned` and `acquire_many_owned`, where it is an `Arc`. It joins the queue when it
    /// is first polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place in the queue. Permits that it had been granted are
    /// released at once.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after completion.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Acquire<H>
    where
        H: Handle,
        H::Target: AnySemaphore,
    {
        // The tag is the number of permits needed.
        #[pin]
        waiter: Waiter<H, SemaphoreAccess>,
    }
}

impl<H: Handle<Target: AnySemaphore>> Acquire<H> {
    /// Creates a future that acquires `need` permits.
    ///
    /// # Panics
    ///
    /// Panics if `need` exceeds the bound: it would never be available. An acquire of one permit is
    /// allowed even if the bound is 0; as in asyncio, it waits for ever.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn new(semaphore: H, need: usize) -> Self {
        let bound = semaphore.as_raw().bound();
        if need > bound.max(1) {
            never_available(H::Target::NAME, need, bound);
        }
        Self { waiter: Waiter::new(semaphore, need) }
    }
}

#[cold]
#[track_caller]
fn never_available(name: &str, need: usize, bound: usize) -> ! {
    panic!("acquire_many({need}) would wait for ever: the bound of this {name} is {bound}")
}

impl<H: Handle<Target: AnySemaphore>> Future for Acquire<H> {
    type Output = Permit<H>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit<H>> {
        let mut waiter = self.project().waiter;
        let need = waiter.tag();
        let taken = waiter.as_mut().try_fast(|semaphore| semaphore.as_raw().try_take_once(need));
        Poll::Ready(match taken {
            Some(semaphore) => Permit::acquired(semaphore, need, waiter.trace(), context),
            None => ready!(poll_slow(waiter, context)).of(need),
        })
    }
}

/// Polls an acquire that did not succeed at once.
#[inline(never)]
fn poll_slow<H>(
    mut waiter: Pin<&mut Waiter<H, SemaphoreAccess>>,
    context: &Context<'_>,
) -> Poll<Permit<H>>
where
    H: Handle<Target: AnySemaphore>,
{
    let need = waiter.tag();
    if waiter.is_queued() {
        let next_is_grantable =
            ready!(waiter.as_mut().poll_queued(context, |semaphore, waiter| {
                if !waiter.is_notified() {
                    return Err(waiter);
                }
                // Granted: the permits are this waiter's, and the notifier has taken its waker.
                let (queue, _none) = waiter.complete();
                Ok(semaphore.as_raw().front_is_grantable(&queue))
            }));
        let permit = permit(waiter, need, context);
        if next_is_grantable {
            // Wakes, so it may panic. Then the drop of the permit releases what it holds.
            let raw = permit.semaphore().as_raw();
            raw.return_and_grant(raw.queue.lock(), 0);
        }
        return Poll::Ready(permit);
    }
    // Only other newcomers may have interfered, and a retry is cheaper than the queue's lock.
    let taken = waiter.as_mut().try_fast(|semaphore| semaphore.as_raw().try_take_idle(need));
    if let Some(semaphore) = taken {
        let permit = Permit::acquired(semaphore, need, waiter.trace(), context);
        return Poll::Ready(permit);
    }
    let ((), unused_waker) =
        ready!(waiter.as_mut().admit_or_enqueue(context, |semaphore, queue| {
            let taken = semaphore.as_raw().try_take_locked(queue, need);
            if taken { Ok(()) } else { Err(need) }
        }));
    let permit = permit(waiter, need, context);
    // May panic. Then the drop of the permit releases what it holds.
    drop(unused_waker);
    Poll::Ready(permit)
}

/// Makes a permit of what was taken for `waiter`.
#[inline]
fn permit<H>(
    mut waiter: Pin<&mut Waiter<H, SemaphoreAccess>>,
    need: usize,
    context: &Context<'_>,
) -> Permit<H>
where
    H: Handle<Target: AnySemaphore>,
{
    let semaphore = waiter.as_mut().take_handle();
    Permit::acquired(semaphore, need, waiter.trace(), context)
}

/// How the core reaches the queue of a semaphore.
struct SemaphoreAccess;

// SAFETY: `AnySemaphore` promises all this of the field that `as_raw` returns, and the queue is a
// field of that. `cancel` removes the waiter first.
unsafe impl<S: AnySemaphore + ?Sized> Access<S> for SemaphoreAccess {
    const FUTURE: &'static str = "Acquire";

    type State = ();

    #[inline(always)]
    fn queue(semaphore: &S) -> &WaitQueue {
        &semaphore.as_raw().queue
    }

    #[inline]
    fn cancel(semaphore: &S, waiter: LockedWaiter<'_>) -> Option<Waker> {
        let raw = semaphore.as_raw();
        // A notified waiter has been granted what it needs: its tag.
        let returned = if waiter.is_notified() { waiter.tag() } else { 0 };
        let (queue, waker) = waiter.remove();
        if returned > 0 || raw.front_is_grantable(&queue) {
            raw.return_and_grant(queue, returned);
        } else {
            drop(queue);
        }
        waker
    }
}

awaitlist_core::fused!([H: Handle<Target: AnySemaphore>] Acquire<H>, |this| this.waiter.is_over());

impl<H: Handle<Target: AnySemaphore>> fmt::Debug for Acquire<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("of", &H::Target::NAME)
            .field("need", &self.waiter.tag())
            .field("queued", &self.waiter.is_queued())
            .finish_non_exhaustive()
    }
}
