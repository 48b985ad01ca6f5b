//! The future that acquires a lock.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use awaitlist_core::{Access, Handle, LockedWaiter, WaitQueue, Waiter, trace::CallSite};

use crate::{Guard, Lock, raw::Hints};

/// The future that [`Lock::acquire_owned`] returns: an [`Acquire`] that owns the lock's `Arc`.
///
/// It has no lifetime, so it can be stored in a struct.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type AcquireOwned<T = ()> = Acquire<T, Arc<Lock<T>>>;

/// Waiters of a lock differ in nothing.
const NO_TAG: usize = 0;

pin_project_lite::pin_project! {
    /// A future that acquires a lock and returns its [`Guard`].
    ///
    /// Returned by [`Lock::acquire`], where `H` is a reference to the lock, and by
    /// `Lock::acquire_owned`, where it is an `Arc`. It joins the queue when it is first polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place in the queue. If the lock was meant for it, the next
    /// waiter is woken.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after completion.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Acquire<T: ?Sized, H>
    where
        H: Handle<Target = Lock<T>>,
    {
        #[pin]
        waiter: Waiter<H, LockAccess>,
        // Owns no T: a future is Send and Sync if its handle is.
        value: PhantomData<fn() -> PhantomData<T>>,
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Acquire<T, H> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(lock: H) -> Self {
        Self::asked_for_at(CallSite::here(), lock)
    }

    /// Creates a future that acquires `lock`, of a wait that the diagnostics attribute to `site`.
    #[doc(hidden)]
    #[inline]
    pub fn asked_for_at(site: CallSite, lock: H) -> Self {
        Self { waiter: Waiter::asked_for_at(site, lock, NO_TAG), value: PhantomData }
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Future for Acquire<T, H> {
    type Output = Guard<T, H>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guard<T, H>> {
        let mut waiter = self.project().waiter;
        match waiter.as_mut().try_fast(|lock| lock.raw.try_acquire_once()) {
            // SAFETY: it was acquired, for this guard.
            Some(lock) => Poll::Ready(unsafe { guard(lock, waiter, context) }),
            None => poll_slow(waiter, context),
        }
    }
}

/// Polls an acquire that did not succeed at once.
#[inline(never)]
fn poll_slow<T: ?Sized, H>(
    mut waiter: Pin<&mut Waiter<H, LockAccess>>,
    context: &Context<'_>,
) -> Poll<Guard<T, H>>
where
    H: Handle<Target = Lock<T>>,
{
    if waiter.as_mut().take_removal() {
        let lock = waiter.as_mut().take_handle();
        lock.raw.acquire_designated();
        // SAFETY: this waiter was designated, so the lock is its own.
        return Poll::Ready(unsafe { guard(lock, waiter, context) });
    }
    if waiter.is_queued() {
        ready!(waiter.as_mut().poll_queued(context, |lock, waiter| {
            if !waiter.is_notified() {
                return Err(waiter);
            }
            // Designated: the lock is this waiter's, and the notifier has taken its waker.
            let (_queue, _none) = waiter.complete();
            lock.raw.acquire_designated();
            Ok(())
        }));
        let lock = waiter.as_mut().take_handle();
        // SAFETY: as above.
        return Poll::Ready(unsafe { guard(lock, waiter, context) });
    }
    let acquired = waiter.as_mut().try_fast(|lock| lock.raw.acquires_by_spinning(context));
    if let Some(lock) = acquired {
        // SAFETY: it was acquired, for this guard.
        return Poll::Ready(unsafe { guard(lock, waiter, context) });
    }
    let ((), unused_waker) = ready!(waiter.as_mut().admit_or_enqueue(context, |lock, queue| {
        let acquired = lock.raw.acquire_locked(queue);
        if acquired { Ok(()) } else { Err(NO_TAG) }
    }));
    let lock = waiter.as_mut().take_handle();
    lock.raw.record_holder();
    // SAFETY: it was acquired, for this guard.
    let guard = unsafe { guard(lock, waiter, context) };
    // May panic. Then the drop of the guard releases the lock.
    drop(unused_waker);
    Poll::Ready(guard)
}

/// Makes a guard for `waiter`, which has acquired `lock`.
///
/// # Safety
///
/// The lock was acquired, and belongs to no other guard.
#[inline(always)]
unsafe fn guard<T: ?Sized, H: Handle<Target = Lock<T>>>(
    lock: H,
    waiter: Pin<&mut Waiter<H, LockAccess>>,
    context: &Context<'_>,
) -> Guard<T, H> {
    let hold = lock.raw.trace().acquired(waiter.trace(), context, 1, mem::needs_drop::<H>());
    // SAFETY: forwarded to the caller.
    unsafe { Guard::new(lock, hold) }
}

/// How the core reaches the queue of a lock.
struct LockAccess;

// SAFETY: the queue is a field of a field of the lock, whatever its type, and `cancel` removes the
// waiter first.
unsafe impl<T: ?Sized> Access<Lock<T>> for LockAccess {
    const FUTURE: &'static str = "Acquire";

    type State = Hints;

    #[inline(always)]
    fn queue(lock: &Lock<T>) -> &WaitQueue<Hints> {
        &lock.raw.queue
    }

    #[inline]
    fn cancel(lock: &Lock<T>, waiter: LockedWaiter<'_, Hints>) -> Option<Waker> {
        let designated = waiter.is_notified();
        let (queue, waker) = waiter.remove();
        if designated {
            lock.raw.hand_over(queue);
        } else {
            drop(queue);
        }
        waker
    }
}

awaitlist_core::fused!([T: ?Sized, H: Handle<Target = Lock<T>>] Acquire<T, H>, |this| this.waiter.is_over());

impl<T: ?Sized, H: Handle<Target = Lock<T>>> fmt::Debug for Acquire<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("queued", &self.waiter.is_queued()).finish_non_exhaustive()
    }
}
