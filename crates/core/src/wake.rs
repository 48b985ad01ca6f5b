//! The one loop that wakes: after the unlock, in batches, and to the end even if a waker panics.

use core::{mem::MaybeUninit, task::Waker};

use crate::{
    guard::QueueGuard,
    queue::WaitQueue,
    sync::{FirstPanic, WAKE_BATCH},
};

impl<'q, S> QueueGuard<'q, S> {
    /// Unlocks the queue, then wakes `waker` if there is one.
    ///
    /// With std, a panic of the waker is dropped if this thread is unwinding already.
    #[inline]
    pub fn unlock_and_wake(self, waker: Option<Waker>) {
        drop(self);
        if let Some(waker) = waker {
            FirstPanic::default().wake(waker);
        }
    }

    /// Notifies waiters with `next` until it returns `None`, unlocks the queue, and wakes them.
    ///
    /// `next` must not panic: the first waiter would not be woken.
    ///
    /// At most 32 waiters are notified before the queue is unlocked and they are woken; then it is
    /// locked again for the next ones. So the lock is never held for as long as there are waiters,
    /// and `next` must expect that others have changed the queue in between.
    ///
    /// A panic of a waker prevents no other wake-up. With std it is caught, and the first one
    /// resumes when all are woken (or is dropped if this thread is unwinding already). Without std
    /// the rest are woken during unwinding, so a second panic aborts.
    ///
    /// A waker that polls its task inside `wake` recurses once for each hand-over.
    #[inline]
    pub fn notify_while(self, mut next: impl FnMut(&mut Self) -> Option<Waker>) {
        // Declared before the guard: if `next` panics, the queue is unlocked before this is
        // dropped.
        let first: Option<Waker>;
        let mut guard = self;
        first = next(&mut guard);
        let second = if first.is_some() { next(&mut guard) } else { None };
        match (first, second) {
            (Some(first), Some(second)) => WakeBatch::run(guard, first, second, next),
            (first, _) => guard.unlock_and_wake(first),
        }
    }
}

/// Wakers that were taken under one hold of the lock, and what it takes to get more. If it is
/// dropped because a waker panicked, it wakes the rest.
struct WakeBatch<'q, S, F: FnMut(&mut QueueGuard<'q, S>) -> Option<Waker>> {
    queue: &'q WaitQueue<S>,
    next: F,
    /// Initialized from `woken` up to `taken`.
    wakers: [MaybeUninit<Waker>; WAKE_BATCH],
    woken: usize,
    taken: usize,
    /// Whether there may be more than there was room for.
    more: bool,
}

impl<'q, S, F: FnMut(&mut QueueGuard<'q, S>) -> Option<Waker>> WakeBatch<'q, S, F> {
    /// Wakes two waiters that were notified, and goes on notifying and waking until there are no
    /// more.
    #[inline(never)]
    fn run(guard: QueueGuard<'q, S>, first: Waker, second: Waker, next: F) {
        let wakers = [const { MaybeUninit::uninit() }; WAKE_BATCH];
        let (queue, woken, taken, more) = (guard.queue(), 0, 0, true);
        let mut batch = Self { queue, next, wakers, woken, taken, more };
        batch.push(first);
        batch.push(second);
        batch.fill(guard);
        batch.wake_all();
    }

    fn push(&mut self, waker: Waker) {
        self.wakers[self.taken].write(waker);
        self.taken += 1;
    }

    /// Takes wakers as long as there are any and there is room, and unlocks the queue.
    fn fill(&mut self, mut guard: QueueGuard<'q, S>) {
        while self.taken < WAKE_BATCH {
            // If `next` panics, it is not called again.
            self.more = false;
            let Some(waker) = (self.next)(&mut guard) else {
                return;
            };
            self.push(waker);
            self.more = true;
        }
    }

    fn wake_all(&mut self) {
        let mut panics = FirstPanic::default();
        loop {
            while self.woken < self.taken {
                self.woken += 1;
                // SAFETY: it is one of those up to `taken`, so it was written; and it is not read
                // again, since `woken` is past it.
                panics.wake(unsafe { self.wakers[self.woken - 1].assume_init_read() });
            }
            if !self.more {
                return;
            }
            (self.woken, self.taken) = (0, 0);
            self.fill(self.queue.lock());
        }
    }
}

impl<'q, S, F: FnMut(&mut QueueGuard<'q, S>) -> Option<Waker>> Drop for WakeBatch<'q, S, F> {
    fn drop(&mut self) {
        self.wake_all();
    }
}
