//! The future that waits for a notification, and for the lock after it.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use awaitlist_core::{Handle, KeyOf, Relay, Waitable, trace::Hold};
use awaitlist_lock::{Guard, Lock, raw};

use crate::{Condition, condition::wake};

/// What [`Condition::wait`] makes.
pub type Wait<'a, T, L, G> = WaitWith<&'a Condition<T, L>, T, G>;

/// What [`Condition::wait_owned`] makes.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type WaitOwned<T, L, G> = WaitWith<Arc<Condition<T, L>>, T, G>;

/// How far a wait has come, and what its drop has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Not begun: it has the hold of the lock. A drop releases that.
    Holds,
    /// In the condition's queue. A drop leaves it, and passes a notification on that has come.
    Waits,
    /// Notified; acquires the lock. A drop leaves the lock's queue, and passes the notification on.
    Notified,
    /// Stopped; acquires the lock. A drop leaves the lock's queue.
    Stopped,
}

pin_project_lite::pin_project! {
    /// Waits for a notification, with the lock let go, and answers the lock's guard. Made by [`Condition::wait`] and
    /// `Condition::wait_owned`, where its place in the queue and what its drop does are described.
    ///
    /// # Panics
    ///
    /// If it is polled after it has finished.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct WaitWith<C, T: ?Sized, G>
    where
        C: Handle,
        C::Target: Waitable<State = ()>,
        G: Handle<Target = Lock<T>>,
    {
        // First the condition's queue, then the lock's. The lock's handle is there until the wait is over.
        #[pin]
        relay: Relay<C, G, Step>,
        // What the diagnostics know of the hold, as long as it is `Step::Holds`.
        hold: Hold,
        // Becomes a guard, so it is Send as a guard is.
        value: PhantomData<T>,
    }

    impl<C, T: ?Sized, G> PinnedDrop for WaitWith<C, T, G>
    where
        C: Handle,
        C::Target: Waitable<State = ()>,
        G: Handle<Target = Lock<T>>,
    {
        fn drop(this: Pin<&mut Self>) {
            this.abandon();
        }
    }
}

impl<C, T: ?Sized, G> WaitWith<C, T, G>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
{
    #[inline]
    #[track_caller]
    pub(crate) fn new(condition: C, key: KeyOf<C>, guard: Guard<T, G>) -> Self {
        // SAFETY: what is done with the key is to acquire the permit, and to leave the queue.
        let lock_key = unsafe { raw::Key::new_for_suite() };
        let (lock, hold) = raw::into_hold(guard);
        Self {
            relay: Relay::new((condition, key), (lock, lock_key), Step::Holds),
            hold,
            value: PhantomData,
        }
    }

    /// Waits until it was notified, having let the lock go.
    pub(crate) fn poll_notified(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut relay = this.relay;
        match relay.note() {
            Step::Holds => {
                relay.as_mut().first("Wait").join(context, 0);
                // Queued before the lock is let go, so that no notification can fall between. `Condition::notify`
                // relies on it.
                relay.as_mut().set_note(Step::Waits);
                release(relay, this.hold);
                Poll::Pending
            }
            Step::Waits => {
                let mut standing = relay.as_mut().first("Wait");
                ready!(standing.poll(context, |turn| turn.called().then(|| turn.leave())));
                relay.set_note(Step::Notified);
                Poll::Ready(())
            }
            Step::Notified | Step::Stopped => Poll::Ready(()),
        }
    }

    /// Ends the wait for a notification, which goes to the next in line if it has come.
    pub(crate) fn stop(self: Pin<&mut Self>) {
        let mut relay = self.project().relay;
        // The note first: withdrawing may wake another, and its waker may panic.
        relay.as_mut().set_note(Step::Stopped);
        relay.withdraw();
    }

    /// Acquires the lock again, after the notification or the stop.
    pub(crate) fn poll_lock(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guard<T, G>> {
        let mut relay = self.project().relay;
        ready!(relay.as_mut().second("Wait").poll_acquire(context));
        let lock = relay.as_mut().finish();
        let hold = raw::acquired(&lock, relay.seat(), context);
        // SAFETY: the permit was taken, for this guard.
        Poll::Ready(unsafe { raw::from_hold(lock, hold) })
    }

    /// The guard, of a wait that has not begun. The wait is over then, until it is [restarted](Self::restart).
    pub(crate) fn take_guard(self: Pin<&mut Self>) -> Option<Guard<T, G>> {
        let this = self.project();
        let relay = this.relay;
        let holds = *relay.note() == Step::Holds && relay.second_handle().is_some();
        holds.then(|| {
            let hold = mem::replace(this.hold, Hold::none());
            // SAFETY: a wait that has not begun has the hold that it was made of, which goes to this guard.
            unsafe { raw::from_hold(relay.finish(), hold) }
        })
    }

    /// Begins to wait again.
    pub(crate) fn restart(self: Pin<&mut Self>, guard: Guard<T, G>) {
        let this = self.project();
        let (lock, hold) = raw::into_hold(guard);
        this.relay.restart(lock, Step::Holds);
        *this.hold = hold;
    }

    /// What a drop does.
    fn abandon(self: Pin<&mut Self>) {
        let this = self.project();
        let relay = this.relay;
        if relay.second_handle().is_none() {
            return;
        }
        match relay.note() {
            Step::Holds => release(relay, this.hold),
            // The relay's own drop leaves the queue that it stands in: the condition's, which passes on a notification that
            // has come, or the lock's. It does so even if the waker of the next one panics here.
            Step::Waits | Step::Stopped => {}
            Step::Notified => wake(relay.first_queue(), 1),
        }
    }
}

/// Gives back the hold that the wait was made of.
fn release<C, T: ?Sized, G>(relay: Pin<&mut Relay<C, G, Step>>, hold: &mut Hold)
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
{
    if let Some(lock) = relay.second_handle() {
        // SAFETY: called once for the hold that the wait was made of: when it begins, or when it is dropped before.
        unsafe { raw::release_hold(lock, hold) };
        // Nothing is known of it any more: not its waker either, which would be kept for as long as the wait lasts.
        *hold = Hold::none();
    }
}

impl<C, T: ?Sized, G> Future for WaitWith<C, T, G>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
{
    type Output = Guard<T, G>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guard<T, G>> {
        ready!(self.as_mut().poll_notified(context));
        self.poll_lock(context)
    }
}

#[cfg(all(feature = "std", not(awaitlist_loom)))]
impl<C, T: ?Sized, G> WaitWith<C, T, G>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
{
    /// Waits on this thread, for a notification until `timeout` has passed, and then for the lock as long as it takes.
    /// Answers the guard, and whether it was notified.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::TimedOut), beside the guard, if it was not notified in time.
    pub fn block_or_timeout(
        self,
        timeout: core::time::Duration,
    ) -> (Guard<T, G>, Result<(), crate::TimedOut>) {
        use awaitlist_core::{Block, block_until};
        use core::{future::poll_fn, pin::pin};

        extern crate std;
        let mut this = pin!(self);
        let Some(deadline) = std::time::Instant::now().checked_add(timeout) else {
            // Longer than the clock goes: no timeout at all.
            return (this.block(), Ok(()));
        };
        let notified = pin!(poll_fn(|context| this.as_mut().poll_notified(context)));
        let outcome = block_until(notified, deadline).ok_or(crate::TimedOut);
        if outcome.is_err() {
            this.as_mut().stop();
        }
        let guard = poll_fn(|context| this.as_mut().poll_lock(context)).block();
        (guard, outcome)
    }
}

impl<C, T: ?Sized, G> fmt::Debug for WaitWith<C, T, G>
where
    C: Handle<Target: Waitable<State = ()>>,
    G: Handle<Target = Lock<T>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("step", self.relay.note())
            .finish_non_exhaustive()
    }
}
