//! The future that acquires a lock.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::{Handle, Slot};

use crate::{Guard, Lock, raw::Key};

/// What [`Lock::acquire`] makes.
pub type Acquire<'a, T = ()> = AcquireWith<T, &'a Lock<T>>;

/// What [`Lock::acquire_owned`] makes.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type AcquireOwned<T = ()> = AcquireWith<T, Arc<Lock<T>>>;

pin_project_lite::pin_project! {
    /// Waits for a lock, and answers its [`Guard`]. Made by [`Lock::acquire`] and `Lock::acquire_owned`, where its
    /// place in the queue and what its drop does are described.
    ///
    /// # Panics
    ///
    /// If it is polled after it has finished.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct AcquireWith<T: ?Sized, H>
    where
        H: Handle<Target = Lock<T>>,
    {
        #[pin]
        slot: Slot<H>,
        // Owns no T: a future is Send and Sync where its handle is.
        value: PhantomData<fn() -> PhantomData<T>>,
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> AcquireWith<T, H> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(handle: H) -> Self {
        Self {
            slot: Slot::new(handle, Key::new()),
            value: PhantomData,
        }
    }
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> Future for AcquireWith<T, H> {
    type Output = Guard<T, H>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guard<T, H>> {
        let mut slot = self.project().slot;
        slot.as_mut().seat().ask(context);
        let handle = match slot.as_mut().finish_at_once(|queue| queue.take_at_once()) {
            Some(handle) => handle,
            None => ready!(wait(slot.as_mut(), context)),
        };
        let hold = handle.raw.acquired(slot.seat(), context);
        // SAFETY: the permit was taken, for this guard.
        Poll::Ready(unsafe { Guard::new(handle, hold) })
    }
}

/// One poll of a wait that may be longer.
#[inline(never)]
fn wait<T: ?Sized, H>(mut slot: Pin<&mut Slot<H>>, context: &mut Context<'_>) -> Poll<H>
where
    H: Handle<Target = Lock<T>>,
{
    ready!(slot.as_mut().standing("Acquire").poll_acquire(context));
    Poll::Ready(slot.finish())
}

impl<T: ?Sized, H: Handle<Target = Lock<T>>> fmt::Debug for AcquireWith<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("queued", &self.slot.queued())
            .finish_non_exhaustive()
    }
}
