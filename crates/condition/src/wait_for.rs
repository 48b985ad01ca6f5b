//! The futures that wait for a predicate.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::Handle;
use awaitlist_lock::{Guard, Lock};

use crate::{Wait, raw::AnyCondition};

/// Calls `predicate` at once, and again whenever `poll_wait` is ready and the lock is acquired,
/// until it returns `Some`.
pub(crate) fn poll_until<C, T: ?Sized, G, R>(
    mut wait: Pin<&mut Wait<C, T, G>>,
    context: &mut Context<'_>,
    mut poll_wait: impl FnMut(Pin<&mut Wait<C, T, G>>, &mut Context<'_>) -> Poll<()>,
    mut predicate: impl FnMut(&mut T) -> Option<R>,
) -> Poll<(Guard<T, G>, R)>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
{
    // There is a guard only before the first wait.
    let mut held = wait.as_mut().take_guard();
    loop {
        let (mut guard, condition) = match held.take() {
            Some(held) => held,
            None => {
                ready!(poll_wait(wait.as_mut(), context));
                ready!(wait.as_mut().poll_lock(context))
            }
        };
        // A panic of the predicate drops the guard, which releases the lock.
        if let Some(result) = predicate(&mut guard) {
            // Dropped here, where a panic of its drop drops the guard: it may be the last `Arc`.
            drop(condition);
            return Poll::Ready((guard, result));
        }
        // A wait that was stopped has no condition, and its predicate returns `Some`.
        if let Some(condition) = condition {
            wait.as_mut().restart(condition, guard);
        }
    }
}

/// Returns a function that calls the predicate.
pub(crate) fn call<'a, T: ?Sized, F, R>(
    predicate: &'a mut Option<F>,
    mut call: impl FnMut(&mut F, &mut T) -> Option<R> + 'a,
) -> impl FnMut(&mut T) -> Option<R> + 'a {
    move |value| {
        let predicate = predicate.as_mut().expect("it is called before completion only");
        call(predicate, value)
    }
}

/// Drops what a completed wait does not need any more, while the caller has the guard: a panic of
/// its drop drops the guard, which releases the lock. The drop of the future is too late, since the
/// guard is on its way to the caller by then, and would be leaked.
pub(crate) fn end<F>(unneeded: &mut Option<F>) {
    *unneeded = None;
}

macro_rules! wait_for {
    ($(#[$attribute:meta])* $name:ident) => {
        pin_project_lite::pin_project! {
            $(#[$attribute])*
            ///
            /// # Panics
            ///
            /// Panics if it is polled after completion, or if the predicate panics. A panic of the
            /// predicate releases the lock.
            #[must_use = "futures do nothing unless awaited or polled"]
            pub struct $name<C, T: ?Sized, G, F>
            where
                C: Handle,
                C::Target: AnyCondition,
                G: Handle<Target = Lock<T>>,
            {
                #[pin]
                wait: Wait<C, T, G>,
                // Until it is true.
                predicate: Option<F>,
            }
        }

        impl<C, T: ?Sized, G, F> $name<C, T, G, F>
        where
            C: Handle<Target: AnyCondition>,
            G: Handle<Target = Lock<T>>,
        {
            #[inline]
            pub(crate) const fn new(wait: Wait<C, T, G>, predicate: F) -> Self {
                Self { wait, predicate: Some(predicate) }
            }
        }

        awaitlist_core::fused! {
            [C: Handle<Target: AnyCondition>, T: ?Sized, G: Handle<Target = Lock<T>>, F]
            $name<C, T, G, F>, |this| awaitlist_core::FusedFuture::is_terminated(&this.wait)
        }

        impl<C, T: ?Sized, G, F> fmt::Debug for $name<C, T, G, F>
        where
            C: Handle<Target: AnyCondition>,
            G: Handle<Target = Lock<T>>,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("wait", &self.wait)
                    .finish_non_exhaustive()
            }
        }
    };
}

wait_for! {
    /// A future that waits until a predicate is true. Returned by
    /// [`Condition::wait_for`](crate::Condition::wait_for).
    WaitFor
}

wait_for! {
    /// A future that waits until a predicate returns `Some`. Returned by
    /// [`Condition::wait_for_some`](crate::Condition::wait_for_some).
    WaitForSome
}

impl<C, T: ?Sized, G, F> Future for WaitFor<C, T, G, F>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    F: FnMut(&mut T) -> bool,
{
    type Output = Guard<T, G>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guard<T, G>> {
        let this = self.project();
        let check = call(this.predicate, |predicate, value| predicate(value).then_some(()));
        let (guard, ()) = ready!(poll_until(this.wait, context, Wait::poll_notified, check));
        end(this.predicate);
        Poll::Ready(guard)
    }
}

impl<C, T: ?Sized, G, R, F> Future for WaitForSome<C, T, G, F>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
    F: FnMut(&mut T) -> Option<R>,
{
    type Output = (Guard<T, G>, R);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<(Guard<T, G>, R)> {
        let this = self.project();
        let check = call(this.predicate, |predicate, value| predicate(value));
        let outcome = ready!(poll_until(this.wait, context, Wait::poll_notified, check));
        end(this.predicate);
        Poll::Ready(outcome)
    }
}
