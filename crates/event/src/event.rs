//! The event itself.
//!
//! The payload of the state word is the flag, and above it the *generation*: the number of sets
//! that have released waiters. A waiter's tag is the generation in which it was enqueued. It is
//! released once the generation has changed, even if it was not notified yet.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{
    Brackets, StateWord, WaitQueue, const_fn,
    sync::{FIRST_GENERATION, Ordering},
    trace::{CallSite, PrimitiveTrace},
};

use crate::Wait;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::WaitOwned;

const SET: usize = 1;
const GENERATION: usize = 2;

/// Of an event that is not set.
const FIRST_PAYLOAD: usize = FIRST_GENERATION.wrapping_mul(GENERATION);

/// A flag that any number of tasks and threads wait for: `asyncio.Event` of CPython 3.13, a
/// manual-reset event.
///
/// [`set`](Self::set) releases all waiters, and later waits return at once, until the flag is
/// [cleared](Self::clear). Any thread may set it, from code that is not async too.
///
/// ```
/// use awaitlist::{Block, Event};
///
/// let event = Event::new();
/// event.set();
/// event.wait().block(); // returns at once; in an async function: `event.wait().await`
/// event.clear();
/// assert!(!event.is_set());
/// ```
///
/// An event wakes all waiters and carries no data. To wake one waiter for each signal, use a
/// `Semaphore` with no permits, and `release` it. To wait for a property of shared data, use a
/// `Condition`.
///
/// # Memory ordering
///
/// A `set` synchronizes with every [`wait`](Self::wait) that returns because of it, and with every
/// [`is_set`](Self::is_set) that returns true because of it: what was written before the `set` is
/// visible after them.
///
/// `set` and `clear` also synchronize with each other, even if the flag does not change. So this
/// loop misses no change: clear the event, check the data, wait. The other side changes the data,
/// then sets the event. Either its `set` comes after the `clear`, and the wait returns, or the
/// check sees the change.
///
/// # Examples
///
/// ## Shut down
///
/// A worker that sleeps between its rounds is woken by the shutdown:
///
/// ```
/// use awaitlist::{Block, Event};
/// use std::{thread, time::Duration};
///
/// static SHUTDOWN: Event = Event::new();
///
/// fn worker() -> u32 {
///     let mut rounds = 0;
///     loop {
///         rounds += 1; // work
///         if SHUTDOWN.wait().block_timeout(Duration::from_millis(1)).is_ok() {
///             return rounds;
///         }
///     }
/// }
///
/// let workers = [(); 3].map(|()| thread::spawn(worker));
/// SHUTDOWN.set(); // a worker that starts later stops after its first round
/// for worker in workers {
///     assert!(worker.join().unwrap() >= 1);
/// }
/// ```
///
/// ## Poll by reference, as in `select!`
///
/// A wait that is used in several iterations of a loop is created once, and pinned. It joins the
/// queue once, and is polled through a reference:
///
/// ```
/// use awaitlist::{Block, Event};
/// use std::{
///     future::{Future, poll_fn},
///     pin::pin,
///     task::Poll,
/// };
///
/// /// Runs jobs one by one, and returns how many were finished before the shutdown.
/// async fn run(jobs: &[u32], shutdown: &Event) -> usize {
///     let mut stop = pin!(shutdown.wait());
///     for (finished, &number) in jobs.iter().enumerate() {
///         let mut job = pin!(job(number));
///         let stopped = poll_fn(|cx| match stop.as_mut().poll(cx) {
///             Poll::Ready(()) => Poll::Ready(true),
///             Poll::Pending => job.as_mut().poll(cx).map(|()| false),
///         });
///         if stopped.await {
///             return finished; // the job's future is dropped
///         }
///     }
///     jobs.len()
/// }
///
/// async fn job(_number: u32) {}
///
/// let shutdown = Event::new();
/// assert_eq!(run(&[1, 2, 3], &shutdown).block(), 3);
/// shutdown.set();
/// assert_eq!(run(&[1, 2, 3], &shutdown).block(), 0);
/// ```
///
/// With tokio, the `poll_fn` is `tokio::select! { biased; () = &mut stop => …, () = job(number) =>
/// … }`. The same holds for every future of these crates. A future that is polled once and then
/// kept without being polled keeps its place in the queue; drop it when it is no longer needed.
///
/// # asyncio
///
/// | asyncio | here |
/// |---|---|
/// | `Event()` | [`Event::new()`](Event::new) |
/// | `event.set()`, `clear()`, `is_set()` | the same |
/// | `await event.wait()` | `event.wait().await` |
/// | `repr(event)` | [`Display`](fmt::Display): `<Event [unset, waiters:1]>` |
#[doc(alias = "Notify")]
#[doc(alias = "ManualResetEvent")]
pub struct Event {
    pub(crate) queue: WaitQueue,
}

impl Event {
    const_fn! {
        /// Creates an event that is not set.
        #[track_caller]
        #[must_use]
        pub const fn new() -> Self {
            Self::traced(PrimitiveTrace::event(None))
        }
    }

    const_fn! {
        /// Creates an event that is not set, with a name for the diagnostics. Without the feature
        /// `diagnostics` the name is discarded.
        #[track_caller]
        #[must_use]
        pub const fn named(name: &'static str) -> Self {
            Self::traced(PrimitiveTrace::event(Some(name)))
        }
    }

    const_fn! {
        const fn traced(trace: PrimitiveTrace) -> Self {
            // SAFETY: the methods of this file and of `EventAccess` hold one guard at a time, and
            // drop it before they wake or return.
            Self { queue: unsafe { WaitQueue::new(FIRST_PAYLOAD, (), trace) } }
        }
    }
}

awaitlist_core::described! {
    /// use awaitlist::Event;
    ///
    /// static SHUTDOWN: Event = Event::named("shutdown").may_wait();
    /// let closed = Event::new().with_name(format!("connection {} closed", 17));
    /// # let _ = closed;
    [] Event, |this| this.queue
}

impl Event {
    /// Sets the flag and releases all current waiters. If the flag is set already, it only orders
    /// memory.
    ///
    /// The waiters are woken in the order of their arrival, in steps of 32, and without any lock
    /// held.
    ///
    /// ```
    /// use awaitlist::Event;
    ///
    /// let event = Event::new();
    /// event.set();
    /// assert!(event.is_set());
    /// ```
    #[cfg_attr(feature = "diagnostics", track_caller)]
    pub fn set(&self) {
        self.queue.trace().signalled(CallSite::here());
        if self.set_without_waiters() {
            return;
        }
        let mut queue = self.queue.lock();
        if !is_set(queue.word()) {
            // From here on all waiters are released; those that come later have another tag.
            queue.set_payload((queue.payload() | SET).wrapping_add(GENERATION));
        }
        queue.notify_while(|queue| {
            let released = queue.front()? != generation(queue.word());
            if released { queue.notify(0) } else { None }
        });
    }

    /// Sets the flag if there are no waiters. Returns whether it did.
    #[inline(always)]
    fn set_without_waiters(&self) -> bool {
        // Relaxed, here and in `clear`: the exchange decides.
        let word = self.queue.load(Ordering::Relaxed);
        let set = word.payload() | SET;
        // Even if the flag is set: the exchange orders what this thread did before a later clear.
        // AcqRel: pairs with itself, and with the lock of the queue. It fails if there are waiters;
        // to ask first costs less.
        !word.has_waiters() && self.queue.exchange(word, set, Ordering::AcqRel)
    }

    /// Clears the flag. Waiters already released by [`set`](Self::set) stay released.
    #[cfg_attr(feature = "diagnostics", track_caller)]
    pub fn clear(&self) {
        self.queue.trace().cleared(CallSite::here());
        let word = self.queue.load(Ordering::Relaxed);
        // AcqRel: as in `set`.
        if !self.queue.exchange(word, word.payload() & !SET, Ordering::AcqRel) {
            let mut queue = self.queue.lock();
            queue.set_payload(queue.payload() & !SET);
        }
    }

    /// Returns whether the flag is set.
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        is_set(self.queue.read())
    }

    /// Waits until the flag is set. Returns at once if it is.
    ///
    /// The future joins the queue when it is first polled. A waiter that was released returns even
    /// if the flag has been cleared since.
    ///
    /// # Cancel safety
    ///
    /// Safe in a `select!`: a future that is dropped leaves the queue, with no effect on other
    /// waiters. A wait that is created anew in each iteration of a loop misses a `set` that is
    /// cleared before its first poll. A wait that is pinned outside of the loop, and polled by
    /// reference, does not.
    ///
    /// ```
    /// use awaitlist::{Block, Event};
    /// use std::thread;
    ///
    /// static LOADED: Event = Event::new();
    ///
    /// async fn serve() -> &'static str {
    ///     LOADED.wait().await;
    ///     "ready"
    /// }
    ///
    /// let server = thread::spawn(|| serve().block());
    /// LOADED.set();
    /// assert_eq!(server.join().unwrap(), "ready");
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> Wait<&Self> {
        Wait::new(self)
    }

    /// Like [`wait`](Self::wait), but the future owns the event's `Arc`, so that it can be stored
    /// in a struct. Cancel safe in the same way.
    ///
    /// ```
    /// use awaitlist::{Block, Event};
    /// use std::sync::Arc;
    ///
    /// let event = Arc::new(Event::new());
    /// let wait = event.wait_owned();
    /// event.set();
    /// std::thread::spawn(move || wait.block()).join().unwrap();
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn wait_owned(self: &Arc<Self>) -> WaitOwned {
        Wait::new(Arc::clone(self))
    }

    /// Returns the number of waiters, including those that were released and were not polled since,
    /// as in asyncio.
    #[inline]
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.queue.waiters()
    }

    /// Returns the text that asyncio's `repr` has in brackets: `unset, waiters:2`. A snapshot.
    ///
    /// It locks the queue.
    ///
    /// ```
    /// use awaitlist::Event;
    ///
    /// assert_eq!(Event::new().brackets().to_string(), "unset");
    /// ```
    #[must_use]
    pub fn brackets(&self) -> Brackets {
        let (set, waiters) = self.snapshot();
        Brackets::new(if set { "set" } else { "unset" }, waiters)
    }

    /// Returns the flag and the number of waiters at one moment.
    fn snapshot(&self) -> (bool, usize) {
        let queue = self.queue.lock();
        (is_set(queue.word()), queue.queue().waiters())
    }
}

/// Returns the flag; `false` if the queue is locked.
#[inline(always)]
pub(crate) const fn is_set(word: StateWord) -> bool {
    word.payload() & SET != 0
}

/// Returns the generation, as it is in the tag of a waiter that is enqueued now.
#[inline(always)]
pub(crate) const fn generation(word: StateWord) -> usize {
    word.payload() / GENERATION
}

impl Default for Event {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// Writes the text that asyncio has in brackets: `<Event [unset]>`, `<Event [set, waiters:2]>`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Event [{}]>", self.brackets())
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (set, waiters) = self.snapshot();
        f.debug_struct("Event").field("set", &set).field("waiters", &waiters).finish()
    }
}
