//! The futures that wait for a predicate.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::{Handle, Waitable};
use awaitlist_lock::{Guard, Lock};

use crate::WaitWith;

/// Asks `predicate` at once, and again whenever `poll_wait` is ready and the lock is acquired, until it answers.
pub(crate) fn poll_until<C, T: ?Sized, G, R>(
    mut wait: Pin<&mut WaitWith<C, T, G>>,
    context: &mut Context<'_>,
    mut poll_wait: impl FnMut(Pin<&mut WaitWith<C, T, G>>, &mut Context<'_>) -> Poll<()>,
    mut predicate: impl FnMut(&mut T) -> Option<R>,
) -> Poll<(Guard<T, G>, R)>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
{
    // Only before the first wait: from the first question on, whoever asked in vain waits again.
    let mut held = wait.as_mut().take_guard();
    loop {
        let mut guard = match held.take() {
            Some(guard) => guard,
            None => {
                ready!(poll_wait(wait.as_mut(), context));
                ready!(wait.as_mut().poll_lock(context))
            }
        };
        // The guard is in nobody's hands but ours, so a panic here releases the lock.
        if let Some(answer) = predicate(&mut guard) {
            return Poll::Ready((guard, answer));
        }
        wait.as_mut().restart(guard);
    }
}

macro_rules! wait_for {
    ($(#[$attribute:meta])* $name:ident) => {
        pin_project_lite::pin_project! {
            $(#[$attribute])*
            ///
            /// # Panics
            ///
            /// If it is polled after it has finished, or if the predicate panics.
            #[must_use = "futures do nothing unless awaited or polled"]
            pub struct $name<C, T: ?Sized, G, F>
            where
                C: Handle,
                C::Target: Waitable<State = ()>,
                G: Handle<Target = Lock<T>>,
            {
                #[pin]
                wait: WaitWith<C, T, G>,
                predicate: F,
            }
        }

        impl<C, T: ?Sized, G, F> $name<C, T, G, F>
        where
            C: Handle<Target: Waitable<State = ()>>,
            G: Handle<Target = Lock<T>>,
        {
            #[inline]
            pub(crate) const fn new(wait: WaitWith<C, T, G>, predicate: F) -> Self {
                Self { wait, predicate }
            }
        }

        impl<C, T: ?Sized, G, F> fmt::Debug for $name<C, T, G, F>
        where
            C: Handle<Target: Waitable<State = ()>>,
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
    /// Waits until a predicate is true. Made by [`Condition::wait_for`](crate::Condition::wait_for).
    WaitFor
}

wait_for! {
    /// Waits until a predicate answers `Some`. Made by [`Condition::wait_for_some`](crate::Condition::wait_for_some).
    WaitForSome
}

impl<C, T: ?Sized, G, F> Future for WaitFor<C, T, G, F>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
    F: FnMut(&mut T) -> bool,
{
    type Output = Guard<T, G>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guard<T, G>> {
        let this = self.project();
        let predicate = this.predicate;
        let ask = |value: &mut T| predicate(value).then_some(());
        poll_until(this.wait, context, WaitWith::poll_notified, ask).map(|(guard, ())| guard)
    }
}

impl<C, T: ?Sized, G, R, F> Future for WaitForSome<C, T, G, F>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
    F: FnMut(&mut T) -> Option<R>,
{
    type Output = (Guard<T, G>, R);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<(Guard<T, G>, R)> {
        let this = self.project();
        poll_until(this.wait, context, WaitWith::poll_notified, this.predicate)
    }
}
