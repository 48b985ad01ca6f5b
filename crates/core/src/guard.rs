//! The queue, locked.

use core::{fmt, marker::PhantomData, task::Waker};

use crate::{
    list::List,
    queue::{StateWord, WaitQueue},
    sync::{Ordering, Section, UnsafeCell},
    trace::Timestamp,
};

/// A locked [`WaitQueue`]. Dropping it unlocks the queue and publishes the changes.
///
/// It must be dropped: without an operating system, interrupts are disabled as long as it exists. So
/// primitives never hand it to user code.
pub struct QueueGuard<'q, S = ()> {
    queue: &'q WaitQueue<S>,
    /// The state that the drop publishes.
    word: StateWord,
    /// When the waiters are notified that are notified now.
    now: Timestamp,
    /// Dropped after the unlock.
    _section: Section,
    /// The lock belongs to this thread.
    _not_send: PhantomData<*const ()>,
}

impl<'q, S> QueueGuard<'q, S> {
    /// Takes over the lock of `queue`, whose state is `word`.
    #[inline(always)]
    pub(crate) const fn new(queue: &'q WaitQueue<S>, word: StateWord, section: Section) -> Self {
        Self {
            queue,
            word,
            now: Timestamp::unknown(),
            _section: section,
            _not_send: PhantomData,
        }
    }

    /// Returns the queue.
    #[inline(always)]
    pub const fn queue(&self) -> &'q WaitQueue<S> {
        self.queue
    }

    /// Returns the state word, as it will be published.
    #[inline(always)]
    pub const fn word(&self) -> StateWord {
        self.word
    }

    /// Returns the payload.
    #[inline(always)]
    pub const fn payload(&self) -> usize {
        self.word.payload()
    }

    /// Replaces the payload. Other threads see it after the unlock.
    #[inline(always)]
    pub const fn set_payload(&mut self, payload: usize) {
        self.word = self.word.with_payload(payload);
    }

    /// Adds to the payload. A sum above [`StateWord::MAX_PAYLOAD`] wraps.
    #[inline(always)]
    pub const fn add_payload(&mut self, payload: usize) {
        self.word = self.word.plus(payload);
    }

    /// Returns whether there are waiters, be they linked or notified.
    #[inline(always)]
    pub const fn has_waiters(&self) -> bool {
        self.word.has_waiters()
    }

    /// Returns the number of waiters.
    #[inline]
    pub fn waiters(&self) -> usize {
        self.queue.waiters()
    }

    /// Returns the tag of the first waiter that was not notified yet.
    #[inline(always)]
    pub fn front(&self) -> Option<usize> {
        self.list(|list| list.front().map(|node| node.tag()))
    }

    /// Calls `visit` with the tags of the waiters that were not notified yet, in order, until it
    /// returns `false`.
    pub fn visit_tags(&self, visit: impl FnMut(usize) -> bool) {
        self.list(|list| {
            list.tags().all(visit);
        });
    }

    /// Notifies the first waiter and returns its waker, to be woken after the unlock.
    ///
    /// The waiter counts until its owner polls or drops it. It finds `notification`, whose highest bit
    /// is discarded.
    #[inline]
    #[must_use = "the waiter's task does not run until the waker is woken"]
    pub fn notify(&mut self, notification: usize) -> Option<Waker> {
        self.pop_front(notification << 1)
    }

    /// Notifies the first waiter, removes it from the queue, and returns its waker, to be woken after
    /// the unlock.
    ///
    /// Its owner can find out [without the lock](crate::Waiter::take_removal).
    #[inline]
    #[must_use = "the waiter's task does not run until the waker is woken"]
    pub fn notify_and_remove(&mut self) -> Option<Waker> {
        // Counted before the pop, whose store lets the waiter go.
        self.front()?;
        self.subtract_waiter();
        self.pop_front(REMOVED)
    }

    #[inline(always)]
    fn pop_front(&mut self, notification: usize) -> Option<Waker> {
        let trace = self.queue.trace();
        let now = &mut self.now;
        self.queue.list.with_mut(|list| {
            // SAFETY: the lock is held (invariant 1), and `&mut self` excludes other borrows.
            let list = unsafe { &mut *list };
            if let Some(node) = list.front() {
                trace.notified(node.trace(), now);
            }
            list.pop_front(notification)
        })
    }

    #[inline(always)]
    fn list<R>(&self, read: impl FnOnce(&List) -> R) -> R {
        // SAFETY: the lock is held (invariant 1), and `&self` excludes changes.
        self.queue.list.with(|list| read(unsafe { &*list }))
    }

    /// Lends out the list.
    #[inline(always)]
    pub(crate) fn list_mut<R>(&mut self, change: impl FnOnce(&mut List) -> R) -> R {
        // SAFETY: the lock is held (invariant 1), and `&mut self` excludes other borrows.
        self.queue
            .list
            .with_mut(|list| change(unsafe { &mut *list }))
    }

    /// Counts one waiter more.
    #[inline(always)]
    pub(crate) fn add_waiter(&mut self) {
        // Relaxed, here and below: written under the lock, and exact only there.
        let waiters = self.queue.waiters.load(Ordering::Relaxed);
        let more = waiters.checked_add(1);
        let more = more.expect("more than u32::MAX futures wait in one queue");
        self.queue.waiters.store(more, Ordering::Relaxed);
        self.word = self.word.with_waiters(true);
    }

    /// Counts one waiter less.
    #[inline(always)]
    pub(crate) fn subtract_waiter(&mut self) {
        let waiters = self.queue.waiters.load(Ordering::Relaxed);
        let less = waiters.wrapping_sub(1);
        self.queue.waiters.store(less, Ordering::Relaxed);
        self.word = self.word.with_waiters(less != 0);
    }
}

/// What an owner finds whose waiter was notified and removed. Other notifications are even.
pub(crate) const REMOVED: usize = 1;

impl<S> Drop for QueueGuard<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        self.queue.unlock(self.word);
    }
}

impl<S> fmt::Debug for QueueGuard<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueGuard")
            .field("waiters", &self.waiters())
            .finish_non_exhaustive()
    }
}

/// State of a primitive that only the holder of the queue's lock can access: the `S` of a
/// `WaitQueue<S>`.
pub struct Guarded<T>(UnsafeCell<T>);

// SAFETY: the value is reached by one thread at a time, which needs it to be Send.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    crate::const_fn! {
        /// Creates the state.
        pub const fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }
    }
}

impl<T> QueueGuard<'_, Guarded<T>> {
    /// Returns the state, to be read.
    #[inline(always)]
    pub fn state(&self) -> &T {
        let Guarded(cell) = self.queue.state();
        // SAFETY: it is part of the queue whose lock is held, and `&self` excludes changes.
        cell.with(|value| unsafe { &*value })
    }

    /// Returns the state, to be changed.
    #[inline(always)]
    pub fn state_mut(&mut self) -> &mut T {
        let Guarded(cell) = self.queue.state();
        // SAFETY: it is part of the queue whose lock is held, and `&mut self` excludes other borrows.
        cell.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guarded").finish_non_exhaustive()
    }
}
