//! The condition itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{borrow::Borrow, fmt, future::Future, marker::PhantomData, ops::Deref, ptr};

use awaitlist_core::{Handle, Pass, Queue, Standing, Waitable, const_fn, drain, trace::Probe};
use awaitlist_lock::{Acquire, Guard, Lock, LockGuard};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use awaitlist_lock::{AcquireOwned, OwnedLockGuard};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::WaitOwned;
use crate::{Wait, WaitFor, WaitForOr, WaitForSome, WaitForSomeOr, WaitOr, WaitWith};

/// What opens the queue of a condition.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Key(());

pub(crate) const KEY: Key = Key(());

/// A condition on data that a lock guards: `asyncio.Condition` of CPython 3.13.
///
/// | asyncio | here |
/// |---|---|
/// | `Condition()` | [`Condition::new(value)`](Condition::new): it has a lock of its own, with the value |
/// | `Condition(lock)` | [`Condition::with_lock`], with a reference, an `Arc` or the lock itself: several may share one |
/// | `async with condition:` | `let guard = condition.acquire().await;` |
/// | `await condition.wait()` | `guard = condition.wait(guard).await;` |
/// | `await condition.wait_for(p)` | [`wait_for`](Self::wait_for), and [`wait_for_some`](Self::wait_for_some) for the predicate's value |
/// | a timeout around `wait()` | [`wait_or`](Self::wait_or), with the timer's future |
/// | `condition.release()` | drop the guard; or `condition.lock().release()`, of a forgotten hold |
/// | `condition.notify(n)`, `notify_all()` | `condition.notify(&guard, n)`, `notify_all(&guard)` |
/// | `RuntimeError` without the lock | a type error: the guard is the proof that the lock is held |
/// | `repr(condition)` | [`Display`](fmt::Display): `<Condition [locked, waiters:3]>` |
///
/// A waiter that was notified acquires the lock as everybody does, from the back of its queue. So when it has the lock,
/// the property it waited for may be gone again: wait for a predicate, or look in a loop.
///
/// ```
/// use awaitlist_condition::{Block, Condition};
///
/// let ready = Condition::new(false);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut guard = ready.acquire().block();
///         *guard = true;
///         ready.notify_all(&guard);
///     });
///     let guard = ready.acquire().block();
///     let guard = ready.wait_for(guard, |ready| *ready).block();
///     assert!(*guard);
/// });
/// ```
pub struct Condition<T: ?Sized = (), L = Lock<T>> {
    /// Who waits for a notification. Who was notified and waits for the lock stands in the lock's queue.
    queue: Queue,
    lock: L,
    value: PhantomData<fn(PhantomData<T>) -> PhantomData<T>>,
}

impl<T> Condition<T> {
    const_fn! {
        /// A condition with a lock of its own around `value`.
        #[track_caller]
        pub const fn new(value: T) -> Self {
            Self::told_of(Probe::condition(None), Lock::new(value))
        }
    }

    const_fn! {
        /// A condition with a lock of its own around `value`, and a name for diagnostics. Without those the name is not
        /// kept.
        #[track_caller]
        pub const fn named(name: &'static str, value: T) -> Self {
            Self::told_of(Probe::condition(Some(name)), Lock::named(name, value))
        }
    }
}

impl<T: ?Sized, L> Condition<T, L> {
    const_fn! {
        const fn told_of(probe: Probe, lock: L) -> Self {
            Self { queue: Queue::new(0, (), probe), lock, value: PhantomData }
        }
    }
}

impl<T> Condition<T> {
    /// The value. No guard can be reached any more, since the condition is yours.
    pub fn into_inner(self) -> T {
        self.lock.into_inner()
    }

    /// The value. No guard can be reached any more, since the condition is yours.
    pub fn get_mut(&mut self) -> &mut T {
        self.lock.get_mut()
    }
}

impl<T: ?Sized, L: Borrow<Lock<T>>> Condition<T, L> {
    const_fn! {
        /// A condition on what `lock` guards: a `&Lock<T>`, an `Arc<Lock<T>>`, or a `Lock<T>`.
        ///
        /// Several conditions may share a lock:
        ///
        /// ```
        /// use awaitlist_condition::Condition;
        /// use awaitlist_lock::Lock;
        ///
        /// let buffer = Lock::new(Vec::<u8>::new());
        /// let (not_full, not_empty) = (Condition::with_lock(&buffer), Condition::with_lock(&buffer));
        /// # let _ = (not_full, not_empty);
        /// ```
        #[track_caller]
        pub const fn with_lock(lock: L) -> Self {
            Self::told_of(Probe::condition(None), lock)
        }
    }

    const_fn! {
        /// [`with_lock`](Self::with_lock), with a name for diagnostics. Without those the name is not kept.
        #[track_caller]
        pub const fn named_with_lock(name: &'static str, lock: L) -> Self {
            Self::told_of(Probe::condition(Some(name)), lock)
        }
    }

    /// The lock.
    #[inline]
    pub fn lock(&self) -> &Lock<T> {
        self.lock.borrow()
    }

    /// Waits for the lock, as [`Lock::acquire`].
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_, T> {
        self.lock().acquire()
    }

    /// Acquires the lock if it is free and nobody waits for it, as [`Lock::try_acquire`].
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        self.lock().try_acquire()
    }

    /// Whether somebody holds the lock, as [`Lock::locked`].
    #[inline]
    pub fn locked(&self) -> bool {
        self.lock().locked()
    }

    /// How many wait for a notification: those included that were notified and have not run yet, but not those who
    /// wait for the lock by now.
    #[inline]
    pub fn waiters(&self) -> usize {
        self.queue.waiters()
    }

    /// Lets the lock go, waits for a notification, and acquires the lock again.
    ///
    /// The lock is let go when the future is first polled, with the place in the queue already taken, so no
    /// notification falls in between.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the guard is gone: the lock is not held, or is released if it was. A notification that
    /// had reached it goes to the next waiter. To give up and have the guard, use [`wait_or`](Self::wait_or).
    ///
    /// # Panics
    ///
    /// If the guard is of another lock. It is dropped, which releases that.
    #[inline]
    #[track_caller]
    pub fn wait<G>(&self, guard: Guard<T, G>) -> Wait<'_, T, L, G>
    where
        G: Handle<Target = Lock<T>>,
    {
        self.assert_own(&guard);
        WaitWith::new(self, KEY, guard)
    }

    /// Waits until `predicate` is true of the data, which it may change. It is asked at once, and after each
    /// notification, always with the lock held. A notification after which it is false is used up.
    ///
    /// ```
    /// # use awaitlist_condition::{Block, Condition};
    /// # async {
    /// let condition = Condition::new(3);
    /// let guard = condition.acquire().await;
    /// let guard = condition.wait_for(guard, |n| *n == 3).await;
    /// # drop(guard);
    /// # }.block();
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// If the guard is of another lock. A panic of the predicate releases the lock.
    #[inline]
    #[track_caller]
    pub fn wait_for<G, F>(&self, guard: Guard<T, G>, predicate: F) -> WaitFor<&Self, T, G, F>
    where
        G: Handle<Target = Lock<T>>,
        F: FnMut(&mut T) -> bool,
    {
        WaitFor::new(self.wait(guard), predicate)
    }

    /// Waits until `predicate` answers `Some` of the data, which it may change, and answers that with the guard, as
    /// asyncio's `wait_for` answers the predicate's value. For the rest it is as [`wait_for`](Self::wait_for).
    #[inline]
    #[track_caller]
    pub fn wait_for_some<G, R, F>(
        &self,
        guard: Guard<T, G>,
        predicate: F,
    ) -> WaitForSome<&Self, T, G, F>
    where
        G: Handle<Target = Lock<T>>,
        F: FnMut(&mut T) -> Option<R>,
    {
        WaitForSome::new(self.wait(guard), predicate)
    }

    /// Waits for a notification, or until `stop` is ready (a timer, a shutdown signal); acquires the lock again either way,
    /// and answers the guard with `Ok` if it was notified, or `Err` with what `stop` answered.
    ///
    /// ```
    /// # use awaitlist_condition::{Block, Condition};
    /// # async {
    /// let condition = Condition::new(0);
    /// let guard = condition.acquire().await;
    /// let (guard, outcome) = condition.wait_or(guard, async { "time is up" }).await;
    /// assert_eq!(outcome, Err("time is up"));
    /// assert_eq!(*guard, 0);
    /// # }.block();
    /// ```
    ///
    /// At each poll the notification is looked at first. The lock is let go before `stop` is polled for the first
    /// time; once either has happened, `stop` is not polled again. If `stop` is ready it is always its output that is
    /// answered, and a notification that came meanwhile goes to the next waiter.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// If the guard is of another lock.
    #[inline]
    #[track_caller]
    pub fn wait_or<G, S>(&self, guard: Guard<T, G>, stop: S) -> WaitOr<&Self, T, G, S>
    where
        G: Handle<Target = Lock<T>>,
        S: Future,
    {
        WaitOr::new(self.wait(guard), stop)
    }

    /// Waits until `predicate` is true of the data, as [`wait_for`](Self::wait_for), or until `stop` is ready (a timer, a
    /// shutdown signal); acquires the lock again either way, and answers the guard with `Ok` if the predicate is true, or
    /// `Err` with what `stop` answered.
    ///
    /// ```
    /// # use awaitlist_condition::{Block, Condition};
    /// # async {
    /// let condition = Condition::new(3);
    /// let guard = condition.acquire().await;
    /// let (guard, outcome) = condition.wait_for_or(guard, |n| *n > 3, async { "time is up" }).await;
    /// assert_eq!((*guard, outcome), (3, Err("time is up")));
    /// # }.block();
    /// ```
    ///
    /// The predicate is asked first, so it may be true without `stop` ever having been polled; and it is not asked again
    /// once `stop` was ready. That is asyncio's `wait_for(condition.wait_for(predicate), timeout)`, but for the guard, which
    /// comes back. For the rest it is as [`wait_or`](Self::wait_or).
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// If the guard is of another lock. A panic of the predicate releases the lock.
    #[inline]
    #[track_caller]
    pub fn wait_for_or<G, F, S>(
        &self,
        guard: Guard<T, G>,
        predicate: F,
        stop: S,
    ) -> WaitForOr<&Self, T, G, F, S>
    where
        G: Handle<Target = Lock<T>>,
        F: FnMut(&mut T) -> bool,
        S: Future,
    {
        WaitForOr::new(self.wait(guard), predicate, stop)
    }

    /// [`wait_for_or`](Self::wait_for_or) until `predicate` answers `Some`, which is answered in `Ok`.
    #[inline]
    #[track_caller]
    pub fn wait_for_some_or<G, R, F, S>(
        &self,
        guard: Guard<T, G>,
        predicate: F,
        stop: S,
    ) -> WaitForSomeOr<&Self, T, G, F, S>
    where
        G: Handle<Target = Lock<T>>,
        F: FnMut(&mut T) -> Option<R>,
        S: Future,
    {
        WaitForSomeOr::new(self.wait(guard), predicate, stop)
    }

    /// [`wait`](Self::wait), with a future that owns the condition's `Arc`, to be kept in a struct.
    ///
    /// # Panics
    ///
    /// If the guard is of another lock.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn wait_owned<G>(self: &Arc<Self>, guard: Guard<T, G>) -> WaitOwned<T, L, G>
    where
        G: Handle<Target = Lock<T>>,
    {
        self.assert_own(&guard);
        WaitWith::new(Arc::clone(self), KEY, guard)
    }

    /// Notifies the first `n` who wait and have not been notified yet. If there are none, nothing is remembered.
    ///
    /// They go on when they have got the lock, which is after `guard` is dropped.
    ///
    /// # Panics
    ///
    /// If the guard is of another lock. Nobody is notified then.
    #[inline]
    #[track_caller]
    pub fn notify<G>(&self, guard: &Guard<T, G>, n: usize)
    where
        G: Handle<Target = Lock<T>>,
    {
        self.assert_own(guard);
        // Who waits took its place before it let the lock go that we hold, so it is seen here.
        if !self.queue.is_empty() {
            wake(&self.queue, n);
        }
    }

    /// Notifies all who wait.
    ///
    /// # Panics
    ///
    /// If the guard is of another lock. Nobody is notified then.
    #[inline]
    #[track_caller]
    pub fn notify_all<G>(&self, guard: &Guard<T, G>)
    where
        G: Handle<Target = Lock<T>>,
    {
        self.notify(guard, usize::MAX);
    }

    /// `Borrow` is the user's code, so what it answers serves to tell locks apart, and for nothing else.
    #[inline]
    #[track_caller]
    fn assert_own<G>(&self, guard: &Guard<T, G>)
    where
        G: Handle<Target = Lock<T>>,
    {
        let held: &Lock<T> = Deref::deref(Guard::lock(guard));
        assert!(
            ptr::addr_eq(self.lock(), held),
            "the guard is of another lock than the condition's"
        );
    }
}

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
impl<T: ?Sized> Condition<T, Arc<Lock<T>>> {
    /// Waits for the lock, as `Lock::acquire_owned`.
    #[inline]
    #[track_caller]
    pub fn acquire_owned(&self) -> AcquireOwned<T> {
        self.lock.acquire_owned()
    }

    /// Acquires the lock if it is free and nobody waits for it, as `Lock::try_acquire_owned`.
    #[inline]
    #[track_caller]
    pub fn try_acquire_owned(&self) -> Option<OwnedLockGuard<T>> {
        self.lock.try_acquire_owned()
    }
}

/// Calls the first `n` in line.
pub(crate) fn wake(queue: &Queue, n: usize) {
    drain(
        queue,
        |_| n,
        |queue, left| {
            *left = left.checked_sub(1)?;
            queue.call()
        },
    );
}

// SAFETY: the queue is a field of the condition, the same each time, and `withdraw` has the place leave.
unsafe impl<T: ?Sized, L> Waitable for Condition<T, L> {
    type State = ();
    type Key = Key;

    #[inline]
    fn queue(&self, _: Pass) -> &Queue {
        &self.queue
    }

    fn withdraw(&self, mut standing: Standing<'_>) {
        let (notified, waker) = standing.locked(|turn| (turn.called(), turn.leave()));
        if notified {
            wake(&self.queue, 1);
        }
        // Last, for its drop may panic, and the other is awake by now.
        drop(waker);
    }
}

impl<T: Default> Default for Condition<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// A condition with a lock of its own around `value`.
impl<T> From<T> for Condition<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// What asyncio prints in brackets: `<Condition [unlocked]>`, `<Condition [locked, waiters:3]>`.
impl<T: ?Sized, L: Borrow<Lock<T>>> fmt::Display for Condition<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.locked() { "locked" } else { "unlocked" };
        match self.waiters() {
            0 => write!(f, "<Condition [{state}]>"),
            waiters => write!(f, "<Condition [{state}, waiters:{waiters}]>"),
        }
    }
}

/// The waiters and the lock. For the lock's value see there.
impl<T: ?Sized + fmt::Debug, L: Borrow<Lock<T>>> fmt::Debug for Condition<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("waiters", &self.waiters())
            .field("lock", &self.lock())
            .finish()
    }
}
