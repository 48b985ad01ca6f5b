//! The lock itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{
    Brackets, const_fn,
    sync::UnsafeCell,
    trace::{CallSite, PrimitiveTrace},
};

use crate::{Acquire, Guard, LockGuard, raw::RawLock};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::{AcquireOwned, OwnedLockGuard};

/// A fair mutual exclusion lock that owns its data: an async mutex, `asyncio.Lock` of CPython 3.13.
///
/// [`acquire`](Self::acquire) returns a guard that gives access to the data and releases the lock
/// when it is dropped. The guard may be held across an `.await`, and moved to another thread. Tasks
/// of any executor and threads wait in one queue, first come, first served: a task that releases
/// the lock and acquires it again goes to the back.
///
/// ```
/// use awaitlist::{Block, Lock};
///
/// let lock = Lock::new(41);
/// *lock.acquire().block() += 1; // in an async function: `lock.acquire().await`
/// assert_eq!(lock.into_inner(), 42);
/// ```
///
/// It is not reentrant: a task that acquires a lock it holds waits for itself. It is not poisoned:
/// a panic that drops the guard releases the lock, and may leave the data inconsistent.
///
/// # `Lock` or `std::sync::Mutex`?
///
/// If no `.await` comes between the acquire and the release, prefer `std::sync::Mutex`, in async
/// code too: it is faster. Do not hold its guard across an `.await`: a thread that blocks for the
/// mutex cannot run the task that holds it. A `Lock` is for data that must stay consistent across
/// an `.await`: a connection, a file, a value that is checked, fetched and stored. To share a
/// connection, a task that owns it and receives requests through a channel is often simpler still.
///
/// # Memory ordering
///
/// An acquire synchronizes with every earlier release: what a holder wrote, in the data or
/// elsewhere, is visible to each later holder. A `try_acquire` that returns `None`, and
/// [`locked`](Self::locked), synchronize with nothing.
///
/// # Examples
///
/// ## Single flight: one caller fetches, the others wait for its result
///
/// ```
/// use awaitlist::{Block, Lock};
/// use std::thread;
///
/// static CONFIG: Lock<Option<String>> = Lock::new(None);
///
/// async fn config() -> String {
///     let mut config = CONFIG.acquire().await;
///     if let Some(config) = &*config {
///         return config.clone();
///     }
///     // The lock is held across the await, so the fetch happens once.
///     config.insert(fetch().await).clone()
/// } // if this future is dropped while it fetches, the next caller fetches
///
/// async fn fetch() -> String {
///     "from the server".to_owned()
/// }
///
/// let callers = [(); 3].map(|()| thread::spawn(|| config().block()));
/// for caller in callers {
///     assert_eq!(caller.join().unwrap(), "from the server");
/// }
/// ```
///
/// ## A lock per key
///
/// ```
/// use awaitlist::{Block, Lock};
/// use std::{
///     collections::HashMap,
///     sync::{Arc, Mutex},
/// };
///
/// #[derive(Default)]
/// struct Accounts {
///     balances: Mutex<HashMap<u32, Arc<Lock<u64>>>>,
/// }
///
/// impl Accounts {
///     async fn deposit(&self, account: u32, amount: u64) -> u64 {
///         let balance = self.balance(account);
///         let mut balance = balance.acquire().await; // other accounts are not locked
///         *balance += amount;
///         *balance
///     }
///
///     /// Holds the mutex to find the lock, and never across an `.await`.
///     fn balance(&self, account: u32) -> Arc<Lock<u64>> {
///         let mut balances = self.balances.lock().unwrap();
///         Arc::clone(balances.entry(account).or_default())
///     }
/// }
///
/// let accounts = Accounts::default();
/// accounts.deposit(1, 30).block();
/// assert_eq!(accounts.deposit(1, 12).block(), 42);
/// ```
///
/// If keys come and go, store `Weak<Lock<T>>` in the map: a lock then lives as long as it is in
/// use.
///
/// # asyncio
///
/// | asyncio | here |
/// |---|---|
/// | `Lock()` | [`Lock::new(())`](Lock::new), or with the value that it guards |
/// | `async with lock:` | `let guard = lock.acquire().await;` |
/// | `lock.release()` | drop the guard; or [`release`](Lock::release), from elsewhere |
/// | `lock.locked()` | [`locked`](Lock::locked) |
/// | `repr(lock)` | [`Display`](fmt::Display): `<Lock [locked, waiters:2]>` |
#[doc(alias = "Mutex")]
#[repr(C)]
pub struct Lock<T: ?Sized = ()> {
    pub(crate) raw: RawLock,
    /// Reached through a guard, which holds the lock, or through `&mut self`.
    pub(crate) data: UnsafeCell<T>,
}

// SAFETY: sending the lock sends the value; the queue may be sent too.
unsafe impl<T: ?Sized + Send> Send for Lock<T> {}
// SAFETY: through a shared lock one thread at a time reaches the value, which needs it to be Send.
// It need not be Sync: a guard gives out `&T`, but is itself Sync only if T is.
unsafe impl<T: ?Sized + Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    const_fn! {
        /// Creates a free lock around `value`.
        ///
        /// ```
        /// use awaitlist::Lock;
        ///
        /// static CACHE: Lock<Option<String>> = Lock::new(None);
        /// assert!(!CACHE.locked());
        /// ```
        #[track_caller]
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self { raw: RawLock::new(None), data: UnsafeCell::new(value) }
        }
    }

    const_fn! {
        /// Creates a free lock around `value`, with a name for the diagnostics. Without the feature
        /// `diagnostics` the name is discarded.
        #[track_caller]
        #[must_use]
        pub const fn named(name: &'static str, value: T) -> Self {
            Self { raw: RawLock::new(Some(name)), data: UnsafeCell::new(value) }
        }
    }

    /// Consumes the lock and returns the value. No guard can exist any more.
    ///
    /// ```
    /// use awaitlist::Lock;
    ///
    /// assert_eq!(Lock::new(1).into_inner(), 1);
    /// ```
    #[must_use = "the value is dropped otherwise"]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

awaitlist_core::described! {
    /// use awaitlist::Lock;
    ///
    /// static UPLOADS: Lock = Lock::named("uploads", ()).may_wait();
    /// let account = Lock::new(0).with_name(format!("account {}", 17));
    /// # let _ = account;
    [T] Lock<T>, |this| this.raw.queue
}

/// For a condition, which owns the lock or shares it.
#[doc(hidden)]
impl<T> Lock<T> {
    const_fn! {
        /// Tells the diagnostics that the lock was made as a condition's.
        #[inline(always)]
        pub const fn of_condition(mut self) -> Self {
            self.raw.queue.trace_mut().is_of_condition();
            self
        }
    }
}

impl<T: ?Sized> Lock<T> {
    /// Returns what the diagnostics know of the lock: for a condition.
    #[doc(hidden)]
    #[inline(always)]
    pub const fn trace(&self) -> &PrimitiveTrace {
        self.raw.trace()
    }

    /// Acquires the lock. The output of the future is a [`LockGuard`], which gives access to the
    /// value and releases the lock when it is dropped.
    ///
    /// The future joins the queue when it is first polled. If the lock is free and there are no
    /// waiters, that poll is ready: an uncontended acquire never suspends. If it is held, the poll
    /// may spin before it joins; a thread in [`block`](crate::Block::block) yields its processor as
    /// well, which can take as long as the operating system lets other threads run. Futures that
    /// join meanwhile are ahead of it.
    ///
    /// It is an `Acquire`: it synchronizes with the releases before it.
    ///
    /// # Cancel safety
    ///
    /// Safe in a `select!`: nothing is lost but the place in the queue. If the lock was meant for a
    /// future that is dropped, the next waiter is woken. To keep the place from one iteration of a
    /// loop to the next, pin the future outside of the loop and poll it by reference.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::Lock;
    /// # async {
    ///
    /// let lock = Lock::new(String::new());
    /// let mut text = lock.acquire().await;
    /// text.push_str("mine");
    /// drop(text);
    /// # }.block();
    /// ```
    #[doc(alias = "lock")]
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<T, &Self> {
        Acquire::new(self)
    }

    /// Acquires the lock if it is free and there are no waiters. Otherwise returns `None`.
    ///
    /// If another thread has the queue locked, it waits for that, some nanoseconds as a rule. So do
    /// not call it from a signal handler.
    ///
    /// ```
    /// use awaitlist::Lock;
    ///
    /// let lock = Lock::new(1);
    /// let guard = lock.try_acquire().expect("it is free");
    /// assert!(lock.try_acquire().is_none());
    /// # drop(guard);
    /// ```
    #[doc(alias = "try_lock")]
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires the lock, dropping the guard releases it at once"]
    pub fn try_acquire(&self) -> Option<LockGuard<'_, T>> {
        let site = CallSite::here();
        self.raw.try_acquire().then(|| {
            let hold = self.raw.trace().acquired_at(site, 1, false);
            // SAFETY: it was acquired, for this guard.
            unsafe { Guard::new(self, hold) }
        })
    }

    /// Like [`acquire`](Self::acquire), but the guard owns the lock's `Arc`, so that it can be
    /// stored in a struct or moved into a task. Cancel safe in the same way.
    ///
    /// ```
    /// use awaitlist::{Block, Lock};
    /// use std::sync::Arc;
    ///
    /// let lock = Arc::new(Lock::new(1));
    /// let guard = lock.acquire_owned().block();
    /// std::thread::spawn(move || drop(guard)).join().unwrap();
    /// assert!(!lock.locked());
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_owned(self: &Arc<Self>) -> AcquireOwned<T> {
        Acquire::new(Arc::clone(self))
    }

    /// Like [`try_acquire`](Self::try_acquire), but the guard owns the lock's `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires the lock, dropping the guard releases it at once"]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedLockGuard<T>> {
        let site = CallSite::here();
        self.raw.try_acquire().then(|| {
            let hold = self.raw.trace().acquired_at(site, 1, true);
            // SAFETY: it was acquired, for this guard.
            unsafe { Guard::new(Arc::clone(self), hold) }
        })
    }

    /// Returns whether the lock is held. As asyncio's `locked()`, this is false from a release
    /// until the first waiter is polled.
    #[doc(alias = "is_locked")]
    #[inline]
    #[must_use]
    pub fn locked(&self) -> bool {
        self.raw.is_held()
    }

    /// Returns the number of waiters, including one that was woken and was not polled since.
    ///
    /// It locks the queue.
    #[inline]
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.raw.snapshot().1
    }

    /// Returns the text that asyncio's `repr` has in brackets: `locked, waiters:2`. A snapshot.
    ///
    /// It locks the queue.
    ///
    /// ```
    /// use awaitlist::Lock;
    ///
    /// assert_eq!(Lock::new(()).brackets().to_string(), "unlocked");
    /// ```
    #[must_use]
    pub fn brackets(&self) -> Brackets {
        let (held, waiters) = self.raw.snapshot();
        Brackets::new(if held { "locked" } else { "unlocked" }, waiters)
    }

    /// Returns the value. No guard can exist, since the lock is borrowed mutably.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` excludes guards.
        self.data.with_mut(|data| unsafe { &mut *data })
    }
}

/// The error of a release or an adoption of a hold whose guard was not [forgotten](Guard::forget).
/// Nothing has changed.
///
/// asyncio raises a `RuntimeError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NotAcquired;

impl NotAcquired {
    /// Returns asyncio's text for this error, to be printed by a ported program:
    /// `Lock is not acquired.`
    #[must_use]
    pub const fn asyncio_message(self) -> &'static str {
        "Lock is not acquired."
    }
}

impl fmt::Display for NotAcquired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is free or held by a guard")
    }
}

impl core::error::Error for NotAcquired {}

/// asyncio's way to acquire in one place and release in another: in a callback, in another task.
///
/// It needs a lock that guards no value, and a hold whose guard was [forgotten](Guard::forget). As
/// long as a guard exists, only the guard releases.
impl Lock<()> {
    /// Releases a hold whose guard was forgotten. Any thread or task may do so.
    ///
    /// ```
    /// use awaitlist::{Block, Lock, LockGuard};
    ///
    /// let lock = Lock::new(());
    /// LockGuard::forget(lock.acquire().block());
    /// assert!(lock.locked());
    /// lock.release()?;
    /// assert!(lock.release().is_err());
    /// # Ok::<(), awaitlist::NotAcquired>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`NotAcquired`] if the lock is free or held by a guard. Nothing has changed then.
    pub fn release(&self) -> Result<(), NotAcquired> {
        self.adopt().map(drop)
    }

    /// Makes a guard for a forgotten hold: the inverse of [`Guard::forget`].
    ///
    /// # Errors
    ///
    /// Returns [`NotAcquired`] if the lock is free or held by a guard.
    #[track_caller]
    pub fn adopt(&self) -> Result<LockGuard<'_>, NotAcquired> {
        let hold = self.raw.adopt(CallSite::here(), false).ok_or(NotAcquired)?;
        // SAFETY: the hold had no guard, and belongs to this one now.
        Ok(unsafe { Guard::new(self, hold) })
    }

    /// Like [`adopt`](Self::adopt), but the guard owns the lock's `Arc`.
    ///
    /// # Errors
    ///
    /// Returns [`NotAcquired`] if the lock is free or held by a guard.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[track_caller]
    pub fn adopt_owned(self: &Arc<Self>) -> Result<OwnedLockGuard, NotAcquired> {
        let hold = self.raw.adopt(CallSite::here(), true).ok_or(NotAcquired)?;
        // SAFETY: the hold had no guard, and belongs to this one now.
        Ok(unsafe { Guard::new(Arc::clone(self), hold) })
    }
}

/// Creates a free lock around `T::default()`. For a lock without a value, write
/// `<Lock>::default()`.
impl<T: Default> Default for Lock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Lock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Writes the text that asyncio has in brackets: `<Lock [unlocked]>`, `<Lock [locked, waiters:2]>`.
impl<T: ?Sized> fmt::Display for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Lock [{}]>", self.brackets())
    }
}

/// Writes the state, the waiters and the value. To show the value it acquires the lock if that is
/// free, for as long as the value takes to print; meanwhile `try_acquire` returns `None` elsewhere.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (held, waiters) = self.raw.snapshot();
        let mut lock = f.debug_struct("Lock");
        lock.field("locked", &held).field("waiters", &waiters);
        match self.try_acquire() {
            Some(value) => lock.field("value", &&*value),
            None => lock.field("value", &format_args!("<locked>")),
        };
        lock.finish()
    }
}
