//! The queue, locked.

use core::{marker::PhantomData, task::Waker};

use crate::{
    list::List,
    queue::{StateWord, WaitQueue},
    sync::{Guarded, Ordering, Section},
    trace::Timestamp,
};

/// A locked [`WaitQueue`]. Dropping it unlocks the queue and publishes the changes.
///
/// It must be dropped: without an operating system, interrupts are disabled as long as it exists.
/// So primitives never hand it to user code.
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
    pub(crate) const fn new(queue: &'q WaitQueue<S>, word: StateWord, section: Section) -> Self {
        Self { queue, word, now: Timestamp::unknown(), _section: section, _not_send: PhantomData }
    }

    /// Returns the queue.
    pub const fn queue(&self) -> &'q WaitQueue<S> {
        self.queue
    }

    /// Returns the state word, as it will be published.
    pub const fn word(&self) -> StateWord {
        self.word
    }

    /// Returns the payload.
    pub const fn payload(&self) -> usize {
        self.word.payload()
    }

    /// Replaces the payload. Other threads see it after the unlock.
    pub const fn set_payload(&mut self, payload: usize) {
        let waiters = self.word.0 & StateWord::WAITERS;
        self.word = StateWord(payload << StateWord::PAYLOAD_SHIFT | waiters);
    }

    /// Adds to the payload. A sum above [`StateWord::MAX_PAYLOAD`] wraps.
    pub const fn add_payload(&mut self, payload: usize) {
        self.word.0 = self.word.0.wrapping_add(payload << StateWord::PAYLOAD_SHIFT);
    }

    /// Returns the tag of the first waiter that was not notified yet.
    #[inline]
    pub fn front(&self) -> Option<usize> {
        self.list(|list| list.front().map(|node| node.tag()))
    }

    /// Calls `visit` with the tags of the waiters that were not notified yet, in order, until it
    /// returns `false`.
    pub fn visit_tags(&self, visit: impl FnMut(usize) -> bool) {
        self.list(|list| list.visit_tags(visit));
    }

    /// Notifies the first waiter and returns its waker, to be woken after the unlock.
    ///
    /// The waiter counts until its owner polls or drops it. It finds `notification`, whose highest
    /// bit is discarded.
    #[must_use = "the waiter's task does not run until the waker is woken"]
    #[inline]
    pub fn notify(&mut self, notification: usize) -> Option<Waker> {
        self.pop_front(notification << 1)
    }

    /// Notifies the first waiter, removes it from the queue, and returns its waker, to be woken
    /// after the unlock.
    ///
    /// Its owner can find out [without the lock](crate::Waiter::take_removal).
    #[must_use = "the waiter's task does not run until the waker is woken"]
    #[inline]
    pub fn notify_and_remove(&mut self) -> Option<Waker> {
        // Counted before the pop, whose store lets the waiter go.
        self.front()?;
        self.subtract_waiter();
        self.pop_front(REMOVED)
    }

    #[inline]
    fn pop_front(&mut self, notification: usize) -> Option<Waker> {
        let (trace, mut now) = (self.queue.trace(), self.now);
        let waker = self.list_mut(|list| {
            trace.notified(list.front()?.trace(), &mut now);
            list.pop_front(notification)
        });
        self.now = now;
        waker
    }

    fn list<R>(&self, read: impl FnOnce(&List) -> R) -> R {
        // SAFETY: the lock is held (invariant 1), and `&self` excludes changes.
        self.queue.list.with(|list| read(unsafe { &*list }))
    }

    /// Lends out the list.
    #[inline]
    pub(crate) fn list_mut<R>(&mut self, change: impl FnOnce(&mut List) -> R) -> R {
        // SAFETY: the lock is held (invariant 1), and `&mut self` excludes other borrows.
        self.queue.list.with_mut(|list| change(unsafe { &mut *list }))
    }

    /// Counts one waiter more. The caller has checked that there is room.
    #[inline]
    pub(crate) fn add_waiter(&mut self) {
        // Relaxed, here and below: written under the lock, and exact only there.
        let waiters = self.queue.waiters.load(Ordering::Relaxed);
        self.queue.waiters.store(waiters.wrapping_add(1), Ordering::Relaxed);
        self.word.0 |= StateWord::WAITERS;
    }

    /// Counts one waiter less.
    #[inline]
    pub(crate) fn subtract_waiter(&mut self) {
        let waiters = self.queue.waiters.load(Ordering::Relaxed).wrapping_sub(1);
        self.queue.waiters.store(waiters, Ordering::Relaxed);
        if waiters == 0 {
            self.word.0 &= !StateWord::WAITERS;
        }
    }
}

/// What an owner finds whose waiter was notified and removed. Other notifications are even.
pub(crate) const REMOVED: usize = 1;

impl<S> Drop for QueueGuard<'_, S> {
    #[inline]
    fn drop(&mut self) {
        self.queue.unlock(self.word);
    }
}

impl<T> QueueGuard<'_, Guarded<T>> {
    /// Returns the state, to be read.
    pub fn state(&self) -> &T {
        // SAFETY: it is part of the queue whose lock is held, and `&self` excludes changes.
        self.queue.state().0.with(|value| unsafe { &*value })
    }

    /// Returns the state, to be changed.
    pub fn state_mut(&mut self) -> &mut T {
        // SAFETY: it is part of the queue whose lock is held, and `&mut self` excludes other
        // borrows.
        self.queue.state().0.with_mut(|value| unsafe { &mut *value })
    }
}
