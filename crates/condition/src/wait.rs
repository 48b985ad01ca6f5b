//! The future that waits for a notification, and then for the lock.

use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use awaitlist_core::{Access, Handle, LockedWaiter, WaitQueue, Waiter, trace::CallSite};
use awaitlist_lock::{Acquire, Guard, Lock};

use crate::raw::{AnyCondition, RawCondition};

/// The future that [`Condition::wait_owned`](crate::Condition::wait_owned) returns: a [`Wait`] that
/// owns the condition's `Arc`.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type WaitOwned<T, L, G> = Wait<alloc::sync::Arc<crate::Condition<T, L>>, T, G>;

/// Waiters of a condition differ in nothing.
const NO_TAG: usize = 0;

pin_project_lite::pin_project! {
    /// A future that releases a condition's lock, waits for a notification, acquires the lock
    /// again, and returns the guard.
    ///
    /// Returned by [`Condition::wait`](crate::Condition::wait), where `C` is a reference to the
    /// condition, and by `Condition::wait_owned`, where it is an `Arc`. `G` is the handle of the
    /// guard.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place in the queue, and a notification that it had received
    /// goes to the next waiter. The guard is lost: the lock is released, or is not acquired again.
    ///
    /// # Panics
    ///
    /// Panics if it is polled after completion.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Wait<C, T: ?Sized, G>
    where
        C: Handle,
        C::Target: AnyCondition,
        G: Handle<Target = Lock<T>>,
    {
        #[pin]
        state: State<C, T, G>,
        // Where the user's code asked for it.
        site: CallSite,
    }
}

pin_project_lite::pin_project! {
    #[project = StateProjection]
    enum State<C, T: ?Sized, G>
    where
        C: Handle,
        C::Target: AnyCondition,
        G: Handle<Target = Lock<T>>,
    {
        /// Waits for a notification. The waiter is not queued before the first poll; until then
        /// there is a guard. A drop releases the lock; or the waiter leaves the queue, and passes
        /// on a notification that it has received.
        Waiting {
            #[pin]
            waiter: Waiter<C, ConditionAccess>,
            guard: Option<Guard<T, G>>,
            lock: G,
        },
        /// Acquires the lock. A drop passes the notification on, and leaves the queue of the lock.
        Relocking {
            notification: Notification<C>,
            #[pin]
            acquire: Acquire<T, G>,
        },
    }
}

impl<C: Handle<Target: AnyCondition>, T: ?Sized, G: Handle<Target = Lock<T>>> Wait<C, T, G> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(condition: C, guard: Guard<T, G>) -> Self {
        let site = CallSite::here();
        Guard::lock(&guard).trace().belongs_to(condition.as_raw().queue.trace());
        let state = State::new(site, condition, guard);
        Self { state, site }
    }

    /// Polls until the wait was notified. Releases the lock first.
    pub(crate) fn poll_notified(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let StateProjection::Waiting { mut waiter, guard, .. } = this.state.as_mut().project() {
            if !waiter.is_queued() {
                // Enqueued before the lock is released, so that no notification can come in
                // between. `Condition::notify` relies on it.
                let enqueue = waiter.as_mut().admit_or_enqueue(context, |_, _| Err(NO_TAG));
                let _: Poll<((), _)> = enqueue;
                drop(guard.take());
                return Poll::Pending;
            }
            ready!(waiter.as_mut().poll_queued(context, |_, waiter| {
                if !waiter.is_notified() {
                    return Err(waiter);
                }
                drop(waiter.remove());
                Ok(())
            }));
            let condition = waiter.take_handle();
            let notification = Notification(Some(condition));
            this.state.relock(*this.site, notification);
        }
        Poll::Ready(())
    }

    /// Stops waiting for a notification. One that has come goes to the next waiter.
    pub(crate) fn stop(self: Pin<&mut Self>) {
        // Drops the waiter, which leaves the queue as if the future had been dropped.
        let this = self.project();
        this.state.relock(*this.site, Notification(None));
    }

    /// Acquires the lock, once the wait was notified or stopped. Returns the condition as well if
    /// it was notified.
    pub(crate) fn poll_lock(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<(Guard<T, G>, Option<C>)> {
        match self.project().state.project() {
            StateProjection::Relocking { notification, acquire } => {
                acquire.poll(context).map(|guard| (guard, notification.use_up()))
            }
            // Its guard was taken, which ended it.
            StateProjection::Waiting { .. } => panic!("`Wait` was polled after completion"),
        }
    }

    /// Returns the guard of a wait that was not polled yet, and the condition. The wait is over
    /// then, until it is [started again](Self::restart).
    pub(crate) fn take_guard(self: Pin<&mut Self>) -> Option<(Guard<T, G>, Option<C>)> {
        match self.project().state.project() {
            StateProjection::Waiting { waiter, guard, .. } => {
                let guard = guard.take()?;
                Some((guard, Some(waiter.take_handle())))
            }
            StateProjection::Relocking { .. } => None,
        }
    }

    /// Starts another wait.
    pub(crate) fn restart(self: Pin<&mut Self>, condition: C, guard: Guard<T, G>) {
        let mut this = self.project();
        this.state.set(State::new(*this.site, condition, guard));
    }
}

impl<C: Handle<Target: AnyCondition>, T: ?Sized, G: Handle<Target = Lock<T>>> State<C, T, G> {
    #[inline]
    fn new(site: CallSite, condition: C, guard: Guard<T, G>) -> Self {
        Self::Waiting {
            waiter: Waiter::asked_for_at(site, condition, NO_TAG),
            lock: Guard::lock(&guard).clone(),
            guard: Some(guard),
        }
    }

    /// Goes on to acquire the lock.
    fn relock(mut self: Pin<&mut Self>, site: CallSite, notification: Notification<C>) {
        if let StateProjection::Waiting { lock, .. } = self.as_mut().project() {
            let acquire = Acquire::asked_for_at(site, lock.clone());
            self.set(Self::Relocking { notification, acquire });
        }
    }
}

/// A notification that a wait has received and not used up yet. Dropped, it goes to the next
/// waiter.
struct Notification<C: Handle<Target: AnyCondition>>(Option<C>);

impl<C: Handle<Target: AnyCondition>> Notification<C> {
    /// Uses the notification up, and returns the condition if there was one.
    fn use_up(&mut self) -> Option<C> {
        mem::take(&mut self.0)
    }
}

impl<C: Handle<Target: AnyCondition>> Drop for Notification<C> {
    fn drop(&mut self) {
        if let Some(condition) = &self.0 {
            condition.as_raw().notify(1);
        }
    }
}

impl<C, T: ?Sized, G> Future for Wait<C, T, G>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
{
    type Output = Guard<T, G>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guard<T, G>> {
        ready!(self.as_mut().poll_notified(context));
        let (guard, condition) = ready!(self.poll_lock(context));
        // Dropped here, where a panic of its drop drops the guard: it may be the last `Arc`.
        drop(condition);
        Poll::Ready(guard)
    }
}

awaitlist_core::fused! {
    [C: Handle<Target: AnyCondition>, T: ?Sized, G: Handle<Target = Lock<T>>]
    Wait<C, T, G>, |this| match &this.state {
        State::Waiting { waiter, .. } => waiter.is_over(),
        State::Relocking { acquire, .. } => awaitlist_core::FusedFuture::is_terminated(acquire),
    }
}

#[cfg(all(feature = "std", not(awaitlist_loom)))]
impl<C: Handle<Target: AnyCondition>, T: ?Sized, G: Handle<Target = Lock<T>>> Wait<C, T, G> {
    /// Waits on the current thread: for a notification until `timeout` has passed, and then for the
    /// lock as long as it takes. Returns the guard, and whether it was notified.
    ///
    /// # Errors
    ///
    /// Returns [`TimedOut`](crate::TimedOut) beside the guard if it was not notified in time.
    pub fn block_or_timeout(
        self,
        timeout: core::time::Duration,
    ) -> (Guard<T, G>, Result<(), crate::TimedOut>) {
        use awaitlist_core::{Block, block_until};
        use core::{future::poll_fn, pin::pin};

        extern crate std;
        let mut this = pin!(self);
        let Some(deadline) = std::time::Instant::now().checked_add(timeout) else {
            // The clock cannot represent it: no timeout.
            return (this.block(), Ok(()));
        };
        let notified = pin!(poll_fn(|context| this.as_mut().poll_notified(context)));
        let outcome = block_until(notified, deadline).ok_or(crate::TimedOut);
        if outcome.is_err() {
            this.as_mut().stop();
        }
        let (guard, _) = poll_fn(|context| this.as_mut().poll_lock(context)).block();
        (guard, outcome)
    }
}

/// How the core reaches the queue of a condition.
struct ConditionAccess;

// SAFETY: `AnyCondition` is sealed, and its only implementation returns the same field each time,
// of which the queue is a field, whatever the lifetimes in `C` are. `cancel` removes the waiter.
unsafe impl<C: AnyCondition + ?Sized> Access<C> for ConditionAccess {
    const FUTURE: &'static str = "Wait";

    type State = ();

    #[inline(always)]
    fn queue(condition: &C) -> &WaitQueue {
        &condition.as_raw().queue
    }

    #[inline]
    fn cancel(_: &C, waiter: LockedWaiter<'_>) -> Option<Waker> {
        let notified = waiter.is_notified();
        let (queue, waker) = waiter.remove();
        if notified {
            RawCondition::notify_locked(queue, 1);
        } else {
            drop(queue);
        }
        waker
    }
}

impl<C, T: ?Sized, G> fmt::Debug for Wait<C, T, G>
where
    C: Handle<Target: AnyCondition>,
    G: Handle<Target = Lock<T>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match &self.state {
            State::Waiting { guard: Some(_), .. } => "holding the lock",
            State::Waiting { .. } => "waiting",
            State::Relocking { .. } => "acquiring the lock",
        };
        f.debug_struct("Wait").field("step", &format_args!("{step}")).finish_non_exhaustive()
    }
}
