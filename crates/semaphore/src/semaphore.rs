//! The semaphore itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{
    Brackets, const_fn,
    trace::{CallSite, PrimitiveTrace},
};

use crate::{
    Acquire, MAX_PERMITS, Permit, SemaphorePermit,
    raw::{AnySemaphore, RawSemaphore, TooManyPermits, Unbounded},
};
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::{AcquireOwned, OwnedPermit};

/// A number of permits, which tasks and threads acquire and release: `asyncio.Semaphore` of CPython
/// 3.13.
///
/// A permit is released when it is dropped. While none is available, an acquire waits. The queue is
/// fair: permits are granted in the order in which the futures were first polled. That includes
/// [`acquire_many`](Self::acquire_many): a waiter for many permits at the front of the queue holds
/// up all waiters behind it, even if there are enough permits for them.
///
/// ```
/// use awaitlist::{Block, Semaphore};
///
/// let semaphore = Semaphore::new(3);
/// let mut permit = semaphore.acquire_many(3).block();
/// assert!(semaphore.try_acquire().is_none());
/// let one = permit.split(1);
/// drop(permit);
/// assert_eq!(semaphore.value(), 2);
/// # drop(one);
/// ```
///
/// [`release`](Semaphore::release) can also add permits that were never acquired. A
/// `BoundedSemaphore` reports that as an error. A semaphore is never closed: to stop waiters at
/// shutdown, wait for an `Event` beside the acquire, or abort their tasks. A poll function keeps an
/// [`acquire_owned`](Self::acquire_owned) in a [`PollSlot`](awaitlist_core::PollSlot).
///
/// # Memory ordering
///
/// An acquire synchronizes with the releases of the permits that it takes: what was written before
/// a permit was released is visible after it was acquired. So a semaphore can hand data over: write
/// it, release a permit; acquire the permit, read it. A `try_acquire` that returns `None`, and
/// [`value`](Self::value), synchronize with nothing.
///
/// # Examples
///
/// ## Limit how many requests are in flight
///
/// ```
/// use awaitlist::{Block, Semaphore};
/// use std::thread;
///
/// const LIMIT: usize = 4;
/// static REQUESTS: Semaphore = Semaphore::new(LIMIT);
///
/// async fn request(page: u32) -> u32 {
///     let _permit = REQUESTS.acquire().await; // waits while `LIMIT` requests are in flight
///     send(page).await
/// } // released here: after a return, a `?`, a panic, and if the future is dropped
///
/// async fn send(page: u32) -> u32 {
///     page * 2
/// }
///
/// let requests = [1, 2, 3, 4, 5, 6].map(|page| thread::spawn(move || request(page).block()));
/// let responses = requests.map(|request| request.join().unwrap());
/// assert_eq!(responses, [2, 4, 6, 8, 10, 12]);
///
/// // To shut down, wait until no request is in flight.
/// let _all = REQUESTS.acquire_many(LIMIT).block();
/// ```
///
/// ## Limit how many connections are served
///
/// The permit is acquired before the connection is accepted, and moves into the task that serves
/// it.
///
/// ```
/// use awaitlist::{Block, Semaphore};
/// use std::{
///     io::{self, Read, Write},
///     net::{TcpListener, TcpStream},
///     sync::Arc,
///     thread,
/// };
///
/// fn serve(listener: TcpListener) -> io::Result<()> {
///     let connections = Arc::new(Semaphore::new(100));
///     loop {
///         // With 100 connections open, the next ones wait in the listener's backlog.
///         let permit = connections.acquire_owned().block(); // in an async function: `.await`
///         let (stream, _) = listener.accept()?;
///         thread::spawn(move || {
///             let _permit = permit;
///             handle(stream)
///         });
///     }
/// }
///
/// fn handle(mut stream: TcpStream) -> io::Result<()> {
///     stream.write_all(b"hello")
/// }
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// thread::spawn(|| serve(listener));
///
/// let mut greeting = String::new();
/// TcpStream::connect(address)?.read_to_string(&mut greeting)?;
/// assert_eq!(greeting, "hello");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// ## Limit how many requests are sent per second
///
/// Each request uses up a token, and only a timer makes new ones. At most `BURST` tokens are kept.
///
/// ```
/// use awaitlist::{Block, Semaphore};
/// use std::{thread, time::Duration};
///
/// const BURST: usize = 3;
/// static TOKENS: Semaphore = Semaphore::new(BURST);
///
/// fn refill(interval: Duration) {
///     loop {
///         thread::sleep(interval); // in a task: the timer of your runtime
///         if TOKENS.value() < BURST {
///             TOKENS.release();
///         }
///     }
/// }
///
/// async fn request(page: u32) -> u32 {
///     TOKENS.acquire().await.forget(); // the token is not returned
///     page * 2
/// }
///
/// thread::spawn(|| refill(Duration::from_millis(1)));
/// let responses = [1, 2, 3, 4, 5].map(|page| request(page).block());
/// assert_eq!(responses, [2, 4, 6, 8, 10]);
/// ```
///
/// # asyncio
///
/// | asyncio | here |
/// |---|---|
/// | `Semaphore(value=1)` | [`Semaphore::new(value)`](Semaphore::new), [`Semaphore::default()`](Default) |
/// | `async with semaphore:` | `let permit = semaphore.acquire().await;` |
/// | `semaphore.release()` | drop the permit; or [`release`](Semaphore::release), from anywhere |
/// | `semaphore.locked()` | [`locked`](Semaphore::locked) |
/// | `repr(semaphore)` | [`Display`](fmt::Display): `<Semaphore [unlocked, value:2]>` |
pub struct Semaphore {
    raw: RawSemaphore<Unbounded>,
}

impl Semaphore {
    const_fn! {
        /// Creates a semaphore with `value` permits.
        ///
        /// # Panics
        ///
        /// Panics if `value` exceeds [`MAX_PERMITS`]. asyncio raises a `ValueError` for negative
        /// values, which a `usize` cannot have.
        ///
        /// ```
        /// use awaitlist::Semaphore;
        ///
        /// static DOWNLOADS: Semaphore = Semaphore::new(4);
        /// assert_eq!(DOWNLOADS.value(), 4);
        /// ```
        #[track_caller]
        #[must_use]
        pub const fn new(value: usize) -> Self {
            Self { raw: RawSemaphore::new(value, Unbounded, PrimitiveTrace::semaphore(None, value)) }
        }
    }

    const_fn! {
        /// Creates a semaphore with `value` permits and a name for the diagnostics. Without the
        /// feature `diagnostics` the name is discarded.
        ///
        /// # Panics
        ///
        /// Panics if `value` exceeds [`MAX_PERMITS`].
        #[track_caller]
        #[must_use]
        pub const fn named(name: &'static str, value: usize) -> Self {
            Self {
                raw: RawSemaphore::new(value, Unbounded, PrimitiveTrace::semaphore(Some(name), value)),
            }
        }
    }
}

awaitlist_core::described! {
    /// use awaitlist::Semaphore;
    ///
    /// static SIGNALS: Semaphore = Semaphore::named("signals", 0).may_wait();
    /// let pool = Semaphore::new(4).with_name(format!("pool {}", 17));
    /// # let _ = pool;
    [] Semaphore, |this| this.raw
}

impl Semaphore {
    /// Acquires a permit. The output of the future is a [`SemaphorePermit`], which releases the
    /// permit when it is dropped.
    ///
    /// The future joins the queue when it is first polled. If a permit is available and there are
    /// no waiters, that poll is ready: an uncontended acquire never suspends.
    ///
    /// It is an `Acquire`: it synchronizes with the releases of the permits that it takes.
    ///
    /// # Cancel safety
    ///
    /// Safe in a `select!`: nothing is lost but the place in the queue. A permit that had been
    /// granted to a future that is dropped goes to the next waiter at once.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::Semaphore;
    /// # async {
    ///
    /// let semaphore = Semaphore::new(2);
    /// let permit = semaphore.acquire().await;
    /// assert_eq!(semaphore.value(), 1);
    /// # drop(permit);
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Acquire<&Self> {
        Acquire::new(self, 1)
    }

    /// Acquires `n` permits at once.
    ///
    /// The waiters behind it wait until it has all of them, even if there are enough for them. An
    /// acquire of 0 permits waits for its turn as well.
    ///
    /// # Cancel safety
    ///
    /// Safe in a `select!`: nothing is lost but the place in the queue. Permits that had been
    /// granted to a future that is dropped go to the next waiters at once. If it was the first in
    /// the queue, the waiters behind it get what they need.
    ///
    /// # Panics
    ///
    /// Panics if `n` exceeds [`MAX_PERMITS`], which would never be available.
    ///
    /// ```
    /// # use awaitlist::Block;
    /// use awaitlist::Semaphore;
    /// # async {
    ///
    /// let semaphore = Semaphore::new(3);
    /// let permits = semaphore.acquire_many(2).await;
    /// assert_eq!((permits.count(), semaphore.value()), (2, 1));
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, n: usize) -> Acquire<&Self> {
        Acquire::new(self, n)
    }

    /// Acquires a permit if one is available and there are no waiters. Otherwise returns `None`.
    ///
    /// If another thread has the queue locked, it waits for that, some nanoseconds as a rule. So do
    /// not call it from a signal handler.
    ///
    /// ```
    /// use awaitlist::Semaphore;
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire();
    /// assert!(permit.is_some() && semaphore.try_acquire().is_none());
    /// ```
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires a permit, dropping that releases it at once"]
    pub fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        Permit::try_take(self, 1, CallSite::here())
    }

    /// Acquires `n` permits if they are available and there are no waiters. Otherwise returns
    /// `None`, as it always does if `n` exceeds [`MAX_PERMITS`].
    ///
    /// If another thread has the queue locked, it waits for that.
    ///
    /// ```
    /// use awaitlist::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// let two = semaphore.try_acquire_many(2).expect("three are available");
    /// assert!(semaphore.try_acquire_many(2).is_none());
    /// # drop(two);
    /// ```
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires permits, dropping them releases them at once"]
    pub fn try_acquire_many(&self, n: usize) -> Option<SemaphorePermit<'_>> {
        Permit::try_take(self, n, CallSite::here())
    }

    /// Like [`acquire`](Self::acquire), but the permit owns the semaphore's `Arc`, so that it can
    /// be stored in a struct or moved into a task. Cancel safe in the same way.
    ///
    /// ```
    /// use awaitlist::{Block, Semaphore};
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = semaphore.acquire_owned().block();
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(semaphore.value(), 1);
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_owned(self: &Arc<Self>) -> AcquireOwned {
        Acquire::new(Arc::clone(self), 1)
    }

    /// Like [`acquire_many`](Self::acquire_many), but the permit owns the semaphore's `Arc`. Cancel
    /// safe in the same way.
    ///
    /// # Panics
    ///
    /// Panics if `n` exceeds [`MAX_PERMITS`], which would never be available.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn acquire_many_owned(self: &Arc<Self>, n: usize) -> AcquireOwned {
        Acquire::new(Arc::clone(self), n)
    }

    /// Like [`try_acquire`](Self::try_acquire), but the permit owns the semaphore's `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires a permit, dropping that releases it at once"]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Option<OwnedPermit> {
        Permit::try_take(Arc::clone(self), 1, CallSite::here())
    }

    /// Like [`try_acquire_many`](Self::try_acquire_many), but the permit owns the semaphore's
    /// `Arc`.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    #[must_use = "if it acquires permits, dropping them releases them at once"]
    pub fn try_acquire_many_owned(self: &Arc<Self>, n: usize) -> Option<OwnedPermit> {
        Permit::try_take(Arc::clone(self), n, CallSite::here())
    }

    /// Releases a permit that was [forgotten](Permit::forget), or adds one.
    ///
    /// # Panics
    ///
    /// Panics if the value is [`MAX_PERMITS`] already. Nothing has changed then.
    ///
    /// ```
    /// use awaitlist::Semaphore;
    ///
    /// let semaphore = Semaphore::new(0);
    /// semaphore.release();
    /// assert_eq!(semaphore.value(), 1);
    /// ```
    #[inline]
    #[track_caller]
    pub fn release(&self) {
        self.release_many(1);
    }

    /// Makes `n` releases in one step. Each grants at most one waiter, as asyncio's does.
    ///
    /// If more than 32 waiters are granted, it wakes them in steps of 32.
    ///
    /// # Panics
    ///
    /// Panics if one of the releases would take the value above [`MAX_PERMITS`]. Nothing has
    /// changed then.
    ///
    /// ```
    /// use awaitlist::Semaphore;
    ///
    /// let semaphore = Semaphore::new(0);
    /// semaphore.release_many(3);
    /// assert_eq!(semaphore.value(), 3);
    /// ```
    #[doc(alias = "add_permits")]
    #[inline]
    #[track_caller]
    pub fn release_many(&self, n: usize) {
        if let Err(TooManyPermits) = self.try_release_many(n) {
            too_many(n);
        }
    }

    /// Like [`release`](Self::release), but returns an error where that panics.
    ///
    /// # Errors
    ///
    /// Returns [`TooManyPermits`] if the value is [`MAX_PERMITS`] already. Nothing has changed
    /// then.
    #[inline]
    pub fn try_release(&self) -> Result<(), TooManyPermits> {
        self.try_release_many(1)
    }

    /// Like [`release_many`](Self::release_many), but returns an error where that panics.
    ///
    /// # Errors
    ///
    /// Returns [`TooManyPermits`] if one of the releases would take the value above
    /// [`MAX_PERMITS`]. Nothing has changed then.
    ///
    /// ```
    /// use awaitlist::{MAX_PERMITS, Semaphore, semaphore::TooManyPermits};
    ///
    /// let semaphore = Semaphore::new(1);
    /// assert_eq!(semaphore.try_release_many(MAX_PERMITS), Err(TooManyPermits));
    /// assert_eq!(semaphore.try_release_many(2), Ok(()));
    /// assert_eq!(semaphore.value(), 3);
    /// ```
    #[inline]
    pub fn try_release_many(&self, n: usize) -> Result<(), TooManyPermits> {
        let trace = self.raw.trace().releasing(n);
        self.raw.release(n).inspect_err(|_| trace.refused())
    }

    /// Returns whether an acquire would have to wait: no permit is available, or there are waiters.
    #[inline]
    #[must_use]
    pub fn locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Returns the number of available permits: those that are neither held nor granted to a
    /// waiter.
    #[doc(alias = "available_permits")]
    #[inline]
    #[must_use]
    pub fn value(&self) -> usize {
        self.raw.value()
    }

    /// Returns the number of waiters, those included that were granted their permits and were not
    /// polled since.
    #[inline]
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.raw.waiters()
    }

    /// Returns the text that asyncio's `repr` has in brackets: `unlocked, value:2`. A snapshot.
    ///
    /// It locks the queue.
    ///
    /// ```
    /// use awaitlist::Semaphore;
    ///
    /// assert_eq!(Semaphore::new(2).brackets().to_string(), "unlocked, value:2");
    /// ```
    #[must_use]
    pub fn brackets(&self) -> Brackets {
        self.raw.brackets()
    }
}

#[cold]
#[track_caller]
fn too_many(n: usize) -> ! {
    panic!("a release of {n} would take the semaphore above `MAX_PERMITS` ({MAX_PERMITS})")
}

// SAFETY: it is a field.
unsafe impl AnySemaphore for Semaphore {
    const NAME: &'static str = "Semaphore";

    type Bound = Unbounded;

    #[inline(always)]
    fn as_raw(&self) -> &RawSemaphore<Unbounded> {
        &self.raw
    }
}

/// A semaphore with one permit, like asyncio's.
impl Default for Semaphore {
    #[track_caller]
    fn default() -> Self {
        Self::new(1)
    }
}

/// Writes the text that asyncio has in brackets: `<Semaphore [unlocked, value:2]>`,
/// `<Semaphore [locked, waiters:1]>`.
impl fmt::Display for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Semaphore [{}]>", self.brackets())
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, waiters) = self.raw.snapshot();
        f.debug_struct("Semaphore").field("value", &value).field("waiters", &waiters).finish()
    }
}
