//! The one loop that wakes: after the unlock, in batches, and to the end even if a waker panics.

use core::{mem::MaybeUninit, task::Waker};

use crate::{guard::QueueGuard, queue::WaitQueue};

/// How many wakers are taken under one hold of the lock: half a kilobyte of stack.
#[cfg(not(awaitlist_loom))]
const BATCH: usize = 32;
#[cfg(awaitlist_loom)]
const BATCH: usize = 2;

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
    /// At most 32 waiters are notified before the queue is unlocked and they are woken; then it is
    /// locked again for the next ones. So the lock is never held for as long as there are waiters, and
    /// `next` must expect that others have changed the queue in between.
    ///
    /// A panic of a waker prevents no other wake-up. With std it is caught, and the first one resumes
    /// when all are woken (or is dropped if this thread is unwinding already). Without std the rest are
    /// woken during unwinding, so a second panic aborts.
    ///
    /// A waker that polls its task inside `wake` recurses once for each hand-over.
    #[inline]
    pub fn notify_while(mut self, mut next: impl FnMut(&mut Self) -> Option<Waker>) {
        let Some(first) = next(&mut self) else {
            return;
        };
        match next(&mut self) {
            None => self.unlock_and_wake(Some(first)),
            Some(second) => wake_batches(self, [first, second], next),
        }
    }
}

/// Wakes the waiters that were notified, and goes on notifying and waking until there are no more.
#[inline(never)]
fn wake_batches<'q, S, F>(mut guard: QueueGuard<'q, S>, notified: [Waker; 2], next: F)
where
    F: FnMut(&mut QueueGuard<'q, S>) -> Option<Waker>,
{
    let mut batch = WakeBatch {
        queue: guard.queue(),
        next,
        wakers: [const { MaybeUninit::uninit() }; BATCH],
        woken: 0,
        taken: 0,
        more: true,
    };
    for waker in notified {
        batch.push(waker);
    }
    batch.fill(&mut guard);
    drop(guard);
    batch.wake_all();
}

/// Wakers that were taken under one hold of the lock, and what it takes to get more. If it is dropped
/// because a waker panicked, it wakes the rest.
struct WakeBatch<'q, S, F>
where
    F: FnMut(&mut QueueGuard<'q, S>) -> Option<Waker>,
{
    queue: &'q WaitQueue<S>,
    next: F,
    /// Initialized from `woken` up to `taken`.
    wakers: [MaybeUninit<Waker>; BATCH],
    woken: usize,
    taken: usize,
    /// Whether there may be more than there was room for.
    more: bool,
}

impl<'q, S, F> WakeBatch<'q, S, F>
where
    F: FnMut(&mut QueueGuard<'q, S>) -> Option<Waker>,
{
    #[inline(always)]
    fn push(&mut self, waker: Waker) {
        self.wakers[self.taken].write(waker);
        self.taken += 1;
    }

    /// Takes wakers as long as there are any and there is room.
    #[inline(always)]
    fn fill(&mut self, guard: &mut QueueGuard<'q, S>) {
        while self.taken < BATCH {
            let Some(waker) = (self.next)(guard) else {
                self.more = false;
                return;
            };
            self.push(waker);
        }
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<Waker> {
        if self.woken == self.taken {
            return None;
        }
        let waker = &self.wakers[self.woken];
        self.woken += 1;
        // SAFETY: it is one of those up to `taken`, so it was written; and it is not read again, since
        // `woken` is past it.
        Some(unsafe { waker.assume_init_read() })
    }

    fn wake_all(&mut self) {
        let mut panics = FirstPanic::default();
        loop {
            while let Some(waker) = self.pop() {
                panics.wake(waker);
            }
            if !self.more {
                return;
            }
            (self.woken, self.taken) = (0, 0);
            let mut guard = self.queue.lock();
            self.fill(&mut guard);
        }
    }
}

impl<'q, S, F> Drop for WakeBatch<'q, S, F>
where
    F: FnMut(&mut QueueGuard<'q, S>) -> Option<Waker>,
{
    #[inline]
    fn drop(&mut self) {
        if self.woken < self.taken || self.more {
            self.wake_all();
        }
    }
}

/// With std: the first panic of a waker. It resumes when this is dropped.
#[cfg(feature = "std")]
#[derive(Default)]
struct FirstPanic(Option<std::boxed::Box<dyn core::any::Any + Send>>);

#[cfg(feature = "std")]
impl FirstPanic {
    #[inline]
    fn wake(&mut self, waker: Waker) {
        // Nothing of ours is borrowed or half changed while the waker runs.
        let woken = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| waker.wake()));
        match woken {
            Ok(()) => {}
            Err(panic) if self.0.is_none() => self.0 = Some(panic),
            // Leaked, since the drop of a payload may panic as well.
            Err(panic) => core::mem::forget(panic),
        }
    }
}

#[cfg(feature = "std")]
impl Drop for FirstPanic {
    #[inline]
    fn drop(&mut self) {
        if let Some(panic) = self.0.take() {
            if std::thread::panicking() {
                core::mem::forget(panic);
            } else {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Without std a panic cannot be caught: it unwinds at once, if the target unwinds at all.
#[cfg(not(feature = "std"))]
#[derive(Default)]
struct FirstPanic;

#[cfg(not(feature = "std"))]
impl FirstPanic {
    #[inline]
    fn wake(&mut self, waker: Waker) {
        waker.wake();
    }
}
