//! The event itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{
    Locked, PAYLOAD, Pass, Queue, Standing, Waitable, const_fn, drain, trace::Probe,
};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::WaitOwned;
use crate::{Wait, WaitWith};

/// The bit of the word that is the flag.
const SET: usize = PAYLOAD;
/// The rest of the word counts the sets that released somebody. A waiter is tagged with the epoch in which it came,
/// and was released if the epoch has changed since.
const EPOCH: usize = PAYLOAD << 1;

/// Says of a queue that its word holds an event's flag and epoch.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Flag;

/// What opens the queue of an event.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Key(());

pub(crate) const KEY: Key = Key(());

/// A flag that futures and threads wait for: `asyncio.Event` of CPython 3.13.
///
/// | asyncio | here |
/// |---|---|
/// | `Event()` | [`Event::new()`](Event::new) |
/// | `event.set()`, `clear()`, `is_set()` | the same |
/// | `await event.wait()` | `event.wait().await` |
/// | `repr(event)` | [`Display`](fmt::Display): `<Event [unset, waiters:1]>` |
///
/// # Memory ordering
///
/// What a thread did before [`set`](Self::set) is seen by whoever returns from a [`wait`](Self::wait), or finds
/// [`is_set`](Self::is_set), because of it. Setting an event that is set already counts: of a `set` after a
/// change, and a `clear` before a look at it, one sees the other, so clear-look-wait loops lose nothing.
///
/// ```
/// use awaitlist_event::{Block, Event};
///
/// let event = Event::new();
/// event.set();
/// event.wait().block(); // returns at once
/// event.clear();
/// assert!(!event.is_set());
/// ```
pub struct Event {
    queue: Queue<Flag>,
}

impl Event {
    const_fn! {
        /// An event that is not set.
        #[track_caller]
        pub const fn new() -> Self {
            Self { queue: Queue::new(0, Flag, Probe::event(None)) }
        }
    }

    const_fn! {
        /// An event that is not set, with a name for diagnostics. Without those the name is not kept.
        #[track_caller]
        pub const fn named(name: &'static str) -> Self {
            Self { queue: Queue::new(0, Flag, Probe::event(Some(name))) }
        }
    }

    /// Sets the flag, and releases all who wait at this moment. Does nothing more if it is set already.
    ///
    /// They are woken in the order in which they came, in batches, outside of any lock.
    pub fn set(&self) {
        let payload = self.queue.payload_at_a_glance();
        // Even if the flag is set: the exchange puts what this thread did before in front of a clear to come.
        if self.queue.is_empty() && self.queue.exchange(payload, payload | SET) {
            return;
        }
        drain(
            &self.queue,
            |queue| {
                let payload = queue.payload();
                if payload & SET == 0 {
                    // Released from here on: those who come later are tagged with another epoch.
                    queue.set_payload((payload | SET).wrapping_add(EPOCH));
                }
            },
            |queue, ()| {
                let came = queue.front()?;
                if came == epoch(queue) {
                    return None;
                }
                queue.call()
            },
        );
    }

    /// Takes the flag back. Who was released by a [`set`](Self::set) before stays so.
    pub fn clear(&self) {
        let payload = self.queue.payload_at_a_glance();
        if !self.queue.exchange(payload, payload & !SET) {
            self.queue
                .locked(|queue| queue.set_payload(queue.payload() & !SET));
        }
    }

    /// Whether the flag is set.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.queue.payload() & SET != 0
    }

    /// Waits until the flag is set. Returns at once if it is.
    ///
    /// The place in the queue is taken when the future is first polled. Who is released returns, even if the flag was
    /// cleared meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up its place, and has no effect on others.
    ///
    /// ```
    /// # use awaitlist_event::{Block, Event};
    /// # async {
    /// # let event = Event::new(); event.set();
    /// event.wait().await;
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> Wait<'_> {
        WaitWith::new(self)
    }

    /// [`wait`](Self::wait), with a future that owns the event's `Arc`, to be kept in a struct.
    ///
    /// ```
    /// # use awaitlist_event::{Block, Event};
    /// # use std::sync::Arc;
    /// let event = Arc::new(Event::new());
    /// let wait = event.wait_owned();
    /// event.set();
    /// std::thread::spawn(move || wait.block()).join().unwrap();
    /// ```
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn wait_owned(self: &Arc<Self>) -> WaitOwned {
        WaitWith::new(Arc::clone(self))
    }

    /// How many wait: those released that have not run yet included, as in asyncio.
    #[inline]
    pub fn waiters(&self) -> usize {
        self.queue.waiters()
    }
}

/// Whether the event is seen to be set, at a glance that may miss it.
#[inline]
pub(crate) fn shows_set(queue: &Queue<Flag>) -> bool {
    queue.payload_at_a_glance() & SET != 0
}

/// The epoch in which a waiter comes now, in the form in which it is tagged.
pub(crate) fn epoch(queue: &Locked<'_, Flag>) -> usize {
    queue.payload() / EPOCH
}

/// Whether a newcomer need not wait.
pub(crate) fn is_set(queue: &Locked<'_, Flag>) -> bool {
    queue.payload() & SET != 0
}

// SAFETY: the queue is a field of the event, the same each time, and `withdraw` has the place leave.
unsafe impl Waitable for Event {
    type State = Flag;
    type Key = Key;

    #[inline]
    fn queue(&self, _: Pass) -> &Queue<Flag> {
        &self.queue
    }

    fn withdraw(&self, mut standing: Standing<'_, Flag>) {
        // A release is not used up: nothing is to be passed on. The waker is dropped after the lock.
        drop(standing.locked(|turn| turn.leave()));
    }
}

impl Default for Event {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// What asyncio prints in brackets: `<Event [unset]>`, `<Event [set, waiters:2]>`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (set, waiters) = self.snapshot();
        let state = if set { "set" } else { "unset" };
        match waiters {
            0 => write!(f, "<Event [{state}]>"),
            waiters => write!(f, "<Event [{state}, waiters:{waiters}]>"),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (set, waiters) = self.snapshot();
        f.debug_struct("Event")
            .field("set", &set)
            .field("waiters", &waiters)
            .finish()
    }
}

impl Event {
    /// The flag and the number of waiters, at one and the same moment.
    fn snapshot(&self) -> (bool, usize) {
        self.queue.locked(|queue| (is_set(queue), queue.waiters()))
    }
}
