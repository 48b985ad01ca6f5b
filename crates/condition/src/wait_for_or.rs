//! The futures that wait for a predicate or for something else.

use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::Handle;
use awaitlist_lock::{Guard, Lock};

use crate::{
    Wait,
    raw::AnyCondition,
    wait_for::{call, end, poll_until},
    wait_or::poll_notified_or,
};

macro_rules! wait_for_or {
    ($(#[$attribute:meta])* $name:ident) => {
        pin_project_lite::pin_project! {
            $(#[$attribute])*
            ///
            /// # Panics
            ///
            /// Panics if it is polled after completion, or if the predicate panics. A panic of the
            /// predicate releases the lock.
            #[must_use = "futures do nothing unless awaited or polled"]
            pub struct $name<C, T: ?Sized, G, F, S>
            where
                C: Handle,
                C::Target: AnyCondition,
                G: Handle<Target = Lock<T>>,
                S: Future,
            {
                #[pin]
                wait: Wait<C, T, G>,
                // Until it is true, or `stop` is ready.
                predicate: Option<F>,
                // Until it is ready, or the predicate is true.
                #[pin]
                stop: Option<S>,
                // The output of `stop`, until the lock is acquired.
                stopped: Option<S::Output>,
            }
        }

        impl<C, T: ?Sized, G, F, S> $name<C, T, G, F, S>
        where
            C: Handle<Target: AnyCondition>,
            G: Handle<Target = Lock<T>>,
            S: Future,
        {
            #[inline]
            pub(crate) const fn new(wait: Wait<C, T, G>, predicate: F, stop: S) -> Self {
                Self {
                    wait,
                    predicate: Some(predicate),
                    stop: Some(stop),
                    stopped: None,
                }
            }
        }

        awaitlist_core::fused! {
            [C: Handle<Target: AnyCondition>, T: ?Sized, G: Handle<Target = Lock<T>>, F, S: Future]
            $name<C, T, G, F, S>, |this| awaitlist_core::FusedFuture::is_terminated(&this.wait)
        }

        impl<C, T: ?Sized, G, F, S> fmt::Debug for $name<C, T, G, F, S>
        where
            C: Handle<Target: AnyCondition>,
            G: Handle<Target = Lock<T>>,
            S: Future,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("wait", &self.wait)
                    .field("stopped", &self.stopped.is_some())
                    .finish_non_exhaustive()
            }
        }
    };
}

wait_for_or! {
    /// A future that waits until a predicate is true, or until another future is ready. Returned by
    /// [`Condition::wait_for_or`](crate::Condition::wait_for_or).
    WaitForOr
}

wait_for_or! {
    /// A future that waits until a predicate returns `Some`, or until another future is ready.
    /// Returned by [`Condition::wait_for_some_or`](crate::Condition::wait_for_some_or).
    WaitForSomeOr
}

/// The guard, and the output of the predicate or of the stop.
type Outcome<T, G, R, S> = (Guard<T, G>, Result<R, <S as Future>::Output>);

/// Like [`poll_until`], but ends when `stop` is ready. The predicate is not called again then.
fn poll_until_or<C, T: ?Sized, G, R, S>(
    wait: Pin<&mut Wait<C, T, G>>,
    mut predicate: impl FnMut(&mut T) -> Option<R>,
    mut stop: Pin<&mut Option<S>>,
    stopped: &mut Option<S::Output>,
    context: &mut Context<'_>,
) -> Poll<Outcome<T, G, R, S>>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    S: Future,
{
    let stopped = Cell::from_mut(stopped);
    let poll_wait = |wait: Pin<&mut Wait<C, T, G>>, context: &mut Context<'_>| {
        let Some(running) = stop.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        if ready!(poll_notified_or(wait, running, stopped, context)) {
            stop.set(None);
        }
        Poll::Ready(())
    };
    let outcome = ready!(poll_until(wait, context, poll_wait, |value| {
        match stopped.take() {
            Some(output) => Some(Err(output)),
            None => predicate(value).map(Ok),
        }
    }));
    // See `end`.
    stop.set(None);
    Poll::Ready(outcome)
}

impl<C, T: ?Sized, G, F, S> Future for WaitForOr<C, T, G, F, S>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    F: FnMut(&mut T) -> bool,
    S: Future,
{
    type Output = (Guard<T, G>, Result<(), S::Output>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let check = call(this.predicate, |predicate, value| predicate(value).then_some(()));
        let outcome = ready!(poll_until_or(this.wait, check, this.stop, this.stopped, context));
        end(this.predicate);
        Poll::Ready(outcome)
    }
}

impl<C, T: ?Sized, G, R, F, S> Future for WaitForSomeOr<C, T, G, F, S>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    F: FnMut(&mut T) -> Option<R>,
    S: Future,
{
    type Output = (Guard<T, G>, Result<R, S::Output>);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let check = call(this.predicate, |predicate, value| predicate(value));
        let outcome = ready!(poll_until_or(this.wait, check, this.stop, this.stopped, context));
        end(this.predicate);
        Poll::Ready(outcome)
    }
}
