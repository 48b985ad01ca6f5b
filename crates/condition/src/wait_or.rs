//! The future that waits for a notification or for something else.

use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::Handle;
use awaitlist_lock::{Guard, Lock};

use crate::{Wait, raw::AnyCondition};

pin_project_lite::pin_project! {
    /// A future that waits for a notification, or until another future is ready. Returned by
    /// [`Condition::wait_or`](crate::Condition::wait_or).
    ///
    /// # Panics
    ///
    /// Panics if it is polled after completion.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct WaitOr<C, T: ?Sized, G, S>
    where
        C: Handle,
        C::Target: AnyCondition,
        G: Handle<Target = Lock<T>>,
        S: Future,
    {
        #[pin]
        wait: Wait<C, T, G>,
        // Until one of the two has happened.
        #[pin]
        stop: Option<S>,
        // The output of `stop`, until the lock is acquired.
        stopped: Option<S::Output>,
    }
}

impl<C, T: ?Sized, G, S> WaitOr<C, T, G, S>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    S: Future,
{
    #[inline]
    pub(crate) const fn new(wait: Wait<C, T, G>, stop: S) -> Self {
        Self { wait, stop: Some(stop), stopped: None }
    }
}

impl<C, T: ?Sized, G, S> Future for WaitOr<C, T, G, S>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    S: Future,
{
    type Output = (Guard<T, G>, Result<(), S::Output>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(stop) = this.stop.as_mut().as_pin_mut() {
            let stopped = Cell::from_mut(this.stopped);
            ready!(poll_notified_or(this.wait.as_mut(), stop, stopped, context));
            this.stop.set(None);
        }
        let (guard, _) = ready!(this.wait.poll_lock(context));
        let outcome = match this.stopped.take() {
            Some(output) => Err(output),
            None => Ok(()),
        };
        Poll::Ready((guard, outcome))
    }
}

/// Polls until the wait was notified or `stop` is ready, and returns whether it is the latter. If
/// so, the wait is stopped and the output is in `stopped`, before the caller drops `stop`, which
/// may panic.
pub(crate) fn poll_notified_or<C, T: ?Sized, G, S>(
    mut wait: Pin<&mut Wait<C, T, G>>,
    stop: Pin<&mut S>,
    stopped: &Cell<Option<S::Output>>,
    context: &mut Context<'_>,
) -> Poll<bool>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    S: Future,
{
    let stops = wait.as_mut().poll_notified(context).is_pending();
    if stops {
        stopped.set(Some(ready!(stop.poll(context))));
        wait.stop();
    }
    Poll::Ready(stops)
}

awaitlist_core::fused! {
    [C: Handle<Target: AnyCondition>, T: ?Sized, G: Handle<Target = Lock<T>>, S: Future]
    WaitOr<C, T, G, S>, |this| awaitlist_core::FusedFuture::is_terminated(&this.wait)
}

impl<C, T: ?Sized, G, S> fmt::Debug for WaitOr<C, T, G, S>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    S: Future,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOr")
            .field("wait", &self.wait)
            .field("stopped", &self.stopped.is_some())
            .finish_non_exhaustive()
    }
}
