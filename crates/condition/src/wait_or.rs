//! The future that waits for a notification or for something else.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::{Handle, Waitable};
use awaitlist_lock::{Guard, Lock};

use crate::WaitWith;

pin_project_lite::pin_project! {
    /// Waits for a notification, or until another future is ready. Made by
    /// [`Condition::wait_or`](crate::Condition::wait_or), where it is described.
    ///
    /// # Panics
    ///
    /// If it is polled after it has finished.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct WaitOr<C, T: ?Sized, G, S>
    where
        C: Handle,
        C::Target: Waitable<State = ()>,
        G: Handle<Target = Lock<T>>,
        S: Future,
    {
        #[pin]
        wait: WaitWith<C, T, G>,
        // Until one of the two has happened.
        #[pin]
        stop: Option<S>,
        // What `stop` answered, until the lock is acquired.
        stopped: Option<S::Output>,
    }
}

impl<C, T: ?Sized, G, S> WaitOr<C, T, G, S>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
    S: Future,
{
    #[inline]
    pub(crate) const fn new(wait: WaitWith<C, T, G>, stop: S) -> Self {
        Self {
            wait,
            stop: Some(stop),
            stopped: None,
        }
    }
}

impl<C, T: ?Sized, G, S> Future for WaitOr<C, T, G, S>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
    S: Future,
{
    type Output = (Guard<T, G>, Result<(), S::Output>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(stop) = this.stop.as_mut().as_pin_mut() {
            let notified = this.wait.as_mut().poll_notified(context).is_ready();
            if !notified {
                *this.stopped = Some(ready!(stop.poll(context)));
            }
            // The wait first: should the drop of `stop` panic, it is over all the same.
            if !notified {
                this.wait.as_mut().stop();
            }
            this.stop.set(None);
        }
        let guard = ready!(this.wait.poll_lock(context));
        let outcome = match this.stopped.take() {
            Some(output) => Err(output),
            None => Ok(()),
        };
        Poll::Ready((guard, outcome))
    }
}

impl<C, T: ?Sized, G, S> fmt::Debug for WaitOr<C, T, G, S>
where
    C: Handle<Target: Waitable<State = ()>>,
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
