//! The condition itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::{borrow::Borrow, fmt, future::Future, marker::PhantomData, ops::Deref, ptr};

use awaitlist_core::{
    Brackets, Handle, WaitQueue, const_fn,
    sync::Ordering,
    trace::{CallSite, PrimitiveTrace},
};
use awaitlist_lock::{Acquire, Guard, Lock, LockGuard};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use awaitlist_lock::{AcquireOwned, OwnedLockGuard};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::WaitOwned;
use crate::{
    Wait, WaitFor, WaitForOr, WaitForSome, WaitForSomeOr, WaitOr,
    raw::{AnyCondition, RawCondition, sealed::Sealed},
};

/// A condition variable with its lock and its data: tasks and threads wait until the data has a
/// property. It is `asyncio.Condition` of CPython 3.13.
///
/// A task that waits passes the lock's guard in, and gets it back when it has been notified and has
/// acquired the lock again. A task that changes the data notifies, and shows its guard: without the
/// lock, neither compiles. A condition owns its lock, or shares one
/// ([`with_lock`](Condition::with_lock)).
///
/// ```
/// use awaitlist::{Block, Condition};
///
/// let ready = Condition::new(false);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut guard = ready.acquire().block();
///         *guard = true;
///         ready.notify_all(&guard);
///     });
///     let guard = ready.acquire().block(); // in an async function: `ready.acquire().await`
///     let guard = ready.wait_for(guard, |ready| *ready).block();
///     assert!(*guard);
/// });
/// ```
///
/// A notified waiter acquires the lock like any other, from the back of its queue. By the time it
/// has the lock, what it waited for may no longer be true. So wait for a predicate, or check in a
/// loop. What the notifier wrote before it released the lock is visible to the waiter.
///
/// # Examples
///
/// ## A bounded queue
///
/// Two conditions share a lock, so that a `put` wakes only a `get`:
///
/// ```
/// use awaitlist::{Block, Condition, Lock};
/// use std::{collections::VecDeque, sync::Arc, thread};
///
/// type Items<T> = VecDeque<T>;
///
/// struct Queue<T> {
///     not_empty: Condition<Items<T>, Arc<Lock<Items<T>>>>,
///     not_full: Condition<Items<T>, Arc<Lock<Items<T>>>>,
///     capacity: usize,
/// }
///
/// impl<T> Queue<T> {
///     fn new(capacity: usize) -> Self {
///         let items = Arc::new(Lock::new(VecDeque::new()));
///         Self {
///             not_empty: Condition::with_lock(Arc::clone(&items)),
///             not_full: Condition::with_lock(items),
///             capacity,
///         }
///     }
///
///     async fn put(&self, item: T) {
///         let items = self.not_full.acquire().await;
///         let has_room = |items: &mut Items<T>| items.len() < self.capacity;
///         let mut items = self.not_full.wait_for(items, has_room).await;
///         items.push_back(item);
///         self.not_empty.notify(&items, 1);
///     }
///
///     async fn get(&self) -> T {
///         let items = self.not_empty.acquire().await;
///         let (items, item) = self.not_empty.wait_for_some(items, Items::pop_front).await;
///         self.not_full.notify(&items, 1);
///         item
///     }
/// }
///
/// let queue = Queue::new(2);
/// thread::scope(|scope| {
///     scope.spawn(|| (1..=5).for_each(|item| queue.put(item).block()));
///     let received: Vec<u32> = (1..=5).map(|_| queue.get().block()).collect();
///     assert_eq!(received, [1, 2, 3, 4, 5]);
/// });
/// ```
///
/// ## Stop waiting, and keep the guard
///
/// [`wait_or`](Self::wait_or) and its kin take a second future: a timer of your runtime, or a
/// shutdown.
///
/// ```
/// use awaitlist::{Block, Condition, Event};
///
/// /// Returns the next job, or `None` after the shutdown if there is none.
/// async fn next(jobs: &Condition<Vec<u32>>, shutdown: &Event) -> Option<u32> {
///     let guard = jobs.acquire().await;
///     let (_guard, job) = jobs.wait_for_some_or(guard, Vec::pop, shutdown.wait()).await;
///     job.ok()
/// }
///
/// let (jobs, shutdown) = (Condition::new(vec![7]), Event::new());
/// shutdown.set();
/// assert_eq!(next(&jobs, &shutdown).block(), Some(7));
/// assert_eq!(next(&jobs, &shutdown).block(), None);
/// ```
///
/// ## Wait as the last statement of a function
///
/// The guard that a wait returns must be used. If nothing comes after the wait, drop it:
///
/// ```
/// use awaitlist::{Block, Condition};
///
/// async fn until_empty(jobs: &Condition<Vec<u32>>) {
///     let guard = jobs.acquire().await;
///     drop(jobs.wait_for(guard, |jobs| jobs.is_empty()).await);
/// }
///
/// until_empty(&Condition::new(Vec::new())).block();
/// ```
///
/// # asyncio
///
/// | asyncio | here |
/// |---|---|
/// | `Condition()` | [`Condition::new(value)`](Condition::new): it has a lock of its own, with the value |
/// | `Condition(lock)` | [`Condition::with_lock`], with a reference, an `Arc` or the lock itself: several conditions may share one |
/// | `async with condition:` | `let guard = condition.acquire().await;` |
/// | `await condition.wait()` | `guard = condition.wait(guard).await;` |
/// | `await condition.wait_for(p)` | [`wait_for`](Self::wait_for), and [`wait_for_some`](Self::wait_for_some) for the predicate's value |
/// | a timeout around `wait()` | [`wait_or`](Self::wait_or), with the timer's future |
/// | `condition.release()` | drop the guard; or `condition.lock().release()` for a forgotten hold |
/// | `condition.notify(n)`, `notify_all()` | `condition.notify(&guard, n)`, `notify_all(&guard)` |
/// | `RuntimeError` without the lock | a type error: the guard proves that the lock is held |
/// | `repr(condition)` | [`Display`](fmt::Display): `<Condition [locked, waiters:3]>` |
#[doc(alias = "Condvar")]
pub struct Condition<T: ?Sized = (), L = Lock<T>> {
    /// The waiters for a notification. Those that were notified and polled wait in the queue of the
    /// lock.
    raw: RawCondition,
    lock: L,
    value: PhantomData<fn(PhantomData<T>) -> PhantomData<T>>,
}

impl<T> Condition<T> {
    const_fn! {
        /// Creates a condition with a lock of its own around `value`.
        #[track_caller]
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self::traced(PrimitiveTrace::condition(None), Lock::new(value).of_condition())
        }
    }

    const_fn! {
        /// Creates a condition with a lock of its own around `value`, and a name for the
        /// diagnostics. Without the feature `diagnostics` the name is discarded.
        #[track_caller]
        #[must_use]
        pub const fn named(name: &'static str, value: T) -> Self {
            let lock = Lock::named(name, value).of_condition();
            Self::traced(PrimitiveTrace::condition(Some(name)), lock)
        }
    }
}

impl<T: ?Sized, L> Condition<T, L> {
    const_fn! {
        const fn traced(trace: PrimitiveTrace, lock: L) -> Self {
            // SAFETY: `RawCondition` and `ConditionAccess` hold one guard at a time, and drop it
            // before they wake or return.
            let raw = RawCondition { queue: unsafe { WaitQueue::new(0, (), trace) } };
            Self { raw, lock, value: PhantomData }
        }
    }
}

awaitlist_core::described! {
    /// use awaitlist::Condition;
    ///
    /// static JOBS: Condition<u32> = Condition::named("jobs", 0).may_wait();
    /// let inbox = Condition::new(0).with_name(format!("inbox {}", 17));
    /// # let _ = inbox;
    [T: ?Sized, L] Condition<T, L>, |this| this.raw.queue
}

impl<T> Condition<T> {
    /// Consumes the condition and returns the value. No guard can exist any more.
    #[must_use = "the value is dropped otherwise"]
    pub fn into_inner(self) -> T {
        self.lock.into_inner()
    }

    /// Returns the value. No guard can exist, since the condition is borrowed mutably.
    pub fn get_mut(&mut self) -> &mut T {
        self.lock.get_mut()
    }
}

impl<T: ?Sized, L: Borrow<Lock<T>>> Condition<T, L> {
    const_fn! {
        /// Creates a condition on what `lock` guards: a `&Lock<T>`, an `Arc<Lock<T>>`, or a
        /// `Lock<T>`.
        ///
        /// Several conditions may share a lock:
        ///
        /// ```
        /// use awaitlist::{Condition, Lock};
        ///
        /// let buffer = Lock::new(Vec::<u8>::new());
        /// let not_full = Condition::with_lock(&buffer);
        /// let not_empty = Condition::with_lock(&buffer);
        /// # let _ = (not_full, not_empty);
        /// ```
        #[track_caller]
        #[must_use]
        pub const fn with_lock(lock: L) -> Self {
            Self::traced(PrimitiveTrace::condition(None), lock)
        }
    }

    const_fn! {
        /// Like [`with_lock`](Self::with_lock), with a name for the diagnostics. Without the
        /// feature `diagnostics` the name is discarded.
        #[track_caller]
        #[must_use]
        pub const fn named_with_lock(name: &'static str, lock: L) -> Self {
            Self::traced(PrimitiveTrace::condition(Some(name)), lock)
        }
    }

    /// Returns the lock.
    pub fn lock(&self) -> &Lock<T> {
        self.lock.borrow()
    }

    /// Acquires the lock: [`Lock::acquire`].
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<T, &Lock<T>> {
        self.lock().acquire()
    }

    /// Acquires the lock if it is free and there are no waiters for it: [`Lock::try_acquire`].
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires the lock, dropping the guard releases it at once"]
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        self.lock().try_acquire()
    }

    /// Returns whether the lock is held: [`Lock::locked`].
    #[must_use]
    pub fn locked(&self) -> bool {
        self.lock().locked()
    }

    /// Returns the number of waiters for a notification. It includes those that were notified and
    /// were not polled since, but not those that wait for the lock by now.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.raw.queue.waiters()
    }

    /// Returns the text that asyncio's `repr` has in brackets: `locked, waiters:2`. A snapshot.
    ///
    /// It locks the queue.
    ///
    /// ```
    /// use awaitlist::Condition;
    ///
    /// assert_eq!(Condition::new(()).brackets().to_string(), "unlocked");
    /// ```
    #[must_use]
    pub fn brackets(&self) -> Brackets {
        let state = if self.locked() { "locked" } else { "unlocked" };
        Brackets::new(state, self.waiters())
    }

    /// Releases the lock, waits for a notification, and acquires the lock again. The output of the
    /// future is the guard.
    ///
    /// The lock is released when the future is first polled. It joins the queue before that, so no
    /// notification can come in between.
    ///
    /// # Cancel safety
    ///
    /// Not safe in a `select!` that needs the guard: dropping the future loses it, so the lock is
    /// released, or is not acquired again. No notification is lost: one that the future had
    /// received goes to the next waiter. To stop waiting and keep the guard, use
    /// [`wait_or`](Self::wait_or).
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock, which is released.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::Condition;
    /// # async {
    ///
    /// let condition = Condition::new(0);
    /// let mut guard = condition.acquire().await;
    /// while *guard < 3 {
    ///     guard = condition.wait(guard).await;
    /// }
    /// # };
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait<G>(&self, guard: Guard<T, G>) -> Wait<&Self, T, G>
    where
        G: Handle<Target = Lock<T>>,
    {
        self.assert_own(&guard);
        Wait::new(self, guard)
    }

    /// Waits until `predicate` is true of the data, which it may change.
    ///
    /// The predicate is called at once and after each notification, always with the lock held. A
    /// notification after which it is false is used up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the guard, as with [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock. A panic of the predicate releases the lock.
    ///
    /// ```
    /// use awaitlist::{Block, Condition};
    /// use std::thread;
    ///
    /// static STOCK: Condition<u32> = Condition::new(0);
    ///
    /// async fn order() {
    ///     let stock = STOCK.acquire().await;
    ///     let mut stock = STOCK.wait_for(stock, |stock| *stock >= 3).await;
    ///     *stock -= 3;
    /// }
    ///
    /// let order = thread::spawn(|| order().block());
    /// let mut stock = STOCK.acquire().block();
    /// *stock += 5;
    /// STOCK.notify_all(&stock);
    /// drop(stock);
    /// order.join().unwrap();
    /// assert_eq!(*STOCK.acquire().block(), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait_for<G, F>(&self, guard: Guard<T, G>, predicate: F) -> WaitFor<&Self, T, G, F>
    where
        G: Handle<Target = Lock<T>>,
        F: FnMut(&mut T) -> bool,
    {
        WaitFor::new(self.wait(guard), predicate)
    }

    /// Waits until `predicate` returns `Some` for the data, which it may change. Returns the guard
    /// and the value, as asyncio's `wait_for` returns the predicate's value. Otherwise like
    /// [`wait_for`](Self::wait_for).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the guard, as with [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock. A panic of the predicate releases the lock.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::Condition;
    /// # async {
    ///
    /// let jobs = Condition::new(vec![7]);
    /// let guard = jobs.acquire().await;
    /// let (guard, job) = jobs.wait_for_some(guard, |jobs| jobs.pop()).await;
    /// assert_eq!((guard.len(), job), (0, 7));
    /// # }.block();
    /// ```
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

    /// Waits for a notification, or until `stop` is ready: a timer, a shutdown signal. Acquires the
    /// lock again either way. Returns the guard, with `Ok` if it was notified, or `Err` with the
    /// output of `stop`.
    ///
    /// Each poll checks for the notification first. The lock is released before `stop` is polled
    /// for the first time, and `stop` is not polled again after either has happened. If `stop` is
    /// ready, its output is returned in any case, and a notification that came meanwhile goes to
    /// the next waiter.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the guard, as with [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::Condition;
    /// # async {
    ///
    /// let condition = Condition::new(0);
    /// let guard = condition.acquire().await;
    /// let (guard, outcome) = condition.wait_or(guard, async { "time is up" }).await;
    /// assert_eq!(outcome, Err("time is up"));
    /// assert_eq!(*guard, 0);
    /// # }.block();
    /// ```
    ///
    /// There is no owned form of this wait or of those with a predicate. To spawn or store one,
    /// write an `async move` block that owns the `Arc` of the condition:
    ///
    /// ```
    /// use awaitlist::{Block, Condition};
    /// use std::sync::Arc;
    ///
    /// let condition = Arc::new(Condition::new(0));
    /// let wait = async move {
    ///     let guard = condition.acquire().await;
    ///     let (guard, outcome) = condition.wait_or(guard, async { "time is up" }).await;
    ///     outcome.map(|()| *guard)
    /// };
    /// let handle = std::thread::spawn(|| wait.block()); // it is `Send` and `'static`
    /// assert_eq!(handle.join().unwrap(), Err("time is up"));
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait_or<G, S>(&self, guard: Guard<T, G>, stop: S) -> WaitOr<&Self, T, G, S>
    where
        G: Handle<Target = Lock<T>>,
        S: Future,
    {
        WaitOr::new(self.wait(guard), stop)
    }

    /// Waits until `predicate` is true of the data, or until `stop` is ready: a timer, a shutdown
    /// signal. Acquires the lock again either way. Returns the guard, with `Ok` if the predicate is
    /// true, or `Err` with the output of `stop`.
    ///
    /// The predicate is called first, so it may be true without `stop` having been polled. It is
    /// not called again after `stop` was ready. This is asyncio's
    /// `wait_for(condition.wait_for(predicate), timeout)`, except that the guard comes back.
    /// Otherwise like [`wait_for`](Self::wait_for) and [`wait_or`](Self::wait_or).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the guard, as with [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock. A panic of the predicate releases the lock.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::Condition;
    /// # async {
    ///
    /// let condition = Condition::new(3);
    /// let guard = condition.acquire().await;
    /// let time_is_up = async { "time is up" };
    /// let (guard, outcome) = condition.wait_for_or(guard, |n| *n > 3, time_is_up).await;
    /// assert_eq!((*guard, outcome), (3, Err("time is up")));
    /// # }.block();
    /// ```
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

    /// Like [`wait_for_or`](Self::wait_for_or), until `predicate` returns `Some`. `Ok` contains
    /// that value.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the guard, as with [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock. A panic of the predicate releases the lock.
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

    /// Like [`wait`](Self::wait), but the future owns the condition's `Arc`, so that it can be
    /// stored in a struct. Dropping it loses the guard in the same way.
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn wait_owned<G>(self: &Arc<Self>, guard: Guard<T, G>) -> WaitOwned<T, L, G>
    where
        G: Handle<Target = Lock<T>>,
    {
        self.assert_own(&guard);
        Wait::new(Arc::clone(self), guard)
    }

    /// Notifies the first `n` waiters that were not notified yet. If there are none, nothing is
    /// remembered.
    ///
    /// They continue when they have acquired the lock, which is after `guard` is dropped.
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock. No waiter is notified then.
    ///
    /// ```
    /// use awaitlist::{Block, Condition};
    ///
    /// let jobs = Condition::new(Vec::new());
    /// let mut guard = jobs.acquire().block();
    /// guard.push(7);
    /// jobs.notify(&guard, 1);
    /// ```
    #[doc(alias = "notify_one")]
    #[doc(alias = "notify_n")]
    #[inline]
    #[track_caller]
    pub fn notify<G>(&self, guard: &Guard<T, G>, n: usize)
    where
        G: Handle<Target = Lock<T>>,
    {
        self.assert_own(guard);
        self.raw.queue.trace().signalled(CallSite::here());
        // Relaxed: waiters enqueue before they release the lock, which the caller holds.
        if self.raw.queue.load(Ordering::Relaxed).has_waiters() {
            self.raw.notify(n);
        }
    }

    /// Notifies all waiters.
    ///
    /// If there are more than 32, it wakes them in steps of 32. No waiter can join in between,
    /// since that takes the lock.
    ///
    /// # Panics
    ///
    /// Panics if the guard is of another lock. No waiter is notified then.
    #[inline]
    #[track_caller]
    pub fn notify_all<G>(&self, guard: &Guard<T, G>)
    where
        G: Handle<Target = Lock<T>>,
    {
        self.notify(guard, usize::MAX);
    }

    /// Panics if the guard is of another lock. `Borrow` is user code, so what it returns is
    /// compared and not used otherwise.
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
    /// Acquires the lock: `Lock::acquire_owned`.
    #[inline]
    #[track_caller]
    pub fn acquire_owned(&self) -> AcquireOwned<T> {
        self.lock.acquire_owned()
    }

    /// Acquires the lock if it is free and there are no waiters for it: `Lock::try_acquire_owned`.
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires the lock, dropping the guard releases it at once"]
    pub fn try_acquire_owned(&self) -> Option<OwnedLockGuard<T>> {
        self.lock.try_acquire_owned()
    }
}

impl<T: ?Sized, L> Sealed for Condition<T, L> {}

impl<T: ?Sized, L> AnyCondition for Condition<T, L> {
    #[inline(always)]
    fn as_raw(&self) -> &RawCondition {
        &self.raw
    }
}

/// Creates a condition with a lock of its own around `T::default()`.
impl<T: Default> Default for Condition<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Creates a condition with a lock of its own around `value`.
impl<T> From<T> for Condition<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Writes the text that asyncio has in brackets: `<Condition [unlocked]>`, `<Condition [locked,
/// waiters:3]>`.
impl<T: ?Sized, L: Borrow<Lock<T>>> fmt::Display for Condition<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Condition [{}]>", self.brackets())
    }
}

/// Writes the number of waiters and the lock.
impl<T: ?Sized + fmt::Debug, L: Borrow<Lock<T>>> fmt::Debug for Condition<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("waiters", &self.waiters())
            .field("lock", &self.lock())
            .finish()
    }
}
