//! The lock without its value: one permit, handed to waiters by designation.
//!
//! | payload bit | meaning |
//! |---|---|
//! | 0 `HELD` | newcomers cannot acquire: the lock is held, or a waiter is designated |
//! | 1 `FORGOTTEN` | it is held, and its guard was forgotten |
//!
//! - **Acquire**: if the payload is 0 and there are no waiters, set `HELD`. Otherwise spin for a
//!   moment if the holder may run on another thread, then enqueue.
//! - **Release**: without waiters, clear `HELD`. Otherwise leave it set, and *designate* the first
//!   waiter: notify it and remove it from the queue. Until it is polled the lock is meant for it,
//!   but shows as not locked, and the waiter still shows as a waiter. That is what asyncio does.
//! - **The designated waiter** acquires the lock when it is polled: it finds that it was removed,
//!   and clears `designated`. That takes neither the lock of the queue nor a compare-exchange.
//! - **Cancel**: if the designated waiter is dropped, the next waiter is designated.
//!
//! At most one waiter is designated at a time, since only the holder releases.

use core::{fmt, task::Context};

use awaitlist_core::{
    QueueGuard, StateWord, WaitQueue, const_fn,
    sync::{AtomicBool, Ordering, current_thread, is_blocking, thread_number},
    trace::{CallSite, HoldTrace, PrimitiveTrace},
};

use crate::spin::{Attempt, Spin};

const HELD: usize = 1;
const FORGOTTEN: usize = 2;

/// A [`Lock`](crate::Lock) without its value: what a guard of a part of the value still borrows.
///
/// It has no methods; the guard uses it to release the lock.
pub struct RawLock {
    pub(crate) queue: WaitQueue<Hints>,
}

/// What is kept in the spare bytes of the queue.
#[derive(Debug)]
pub(crate) struct Hints {
    /// Whether a waiter is designated. Set under the lock of the queue, cleared by that waiter
    /// without it.
    designated: AtomicBool,
    spin: Spin,
}

impl RawLock {
    const_fn! {
        #[track_caller]
        pub(crate) const fn new(name: Option<&'static str>) -> Self {
            let hints = Hints { designated: AtomicBool::new(false), spin: Spin::new() };
            // SAFETY: the methods of this file and of `LockAccess` hold one guard at a time, and
            // drop it before they wake or return.
            let queue = unsafe { WaitQueue::new(0, hints, PrimitiveTrace::lock(name)) };
            Self { queue }
        }
    }

    #[inline(always)]
    pub(crate) const fn trace(&self) -> &PrimitiveTrace {
        self.queue.trace()
    }

    /// Acquires the lock if it is free and there are no waiters. Fails if the queue is locked.
    #[inline(always)]
    pub(crate) fn try_acquire_once(&self) -> bool {
        // Loaded before the exchange: the processor would delay a later load until that is done.
        let thread = current_thread();
        // Load first: a failed exchange costs as much as a successful one.
        let acquired = self.queue.load(Ordering::Relaxed).idle_payload() == Some(0)
            // Acquire: pairs with the Release of the unlock that made the lock free.
            && self.queue.exchange(StateWord::idle(0), HELD, Ordering::Acquire);
        if acquired {
            self.queue.state().spin.acquired_by(thread);
        }
        acquired
    }

    /// Acquires the lock if it is free and there are no waiters. Waits while the queue is locked.
    #[inline]
    pub(crate) fn try_acquire(&self) -> bool {
        self.try_acquire_once() || self.try_acquire_slow()
    }

    fn try_acquire_slow(&self) -> bool {
        // A locked queue shows payload 0. Relaxed: nothing is read in consequence of a failure.
        let held = self.queue.load(Ordering::Relaxed).payload() & HELD != 0;
        !held && self.acquire_locked(&mut self.queue.lock())
    }

    /// Acquires the lock for a future that is polled, if that succeeds at once or after spinning.
    pub(crate) fn acquires_by_spinning(&self, context: &Context<'_>) -> bool {
        match self.attempt() {
            Attempt::Acquired => true,
            Attempt::MustWait if !is_blocking(context) => false,
            Attempt::Held | Attempt::MustWait => {
                self.queue.state().spin.acquires(context, || self.attempt())
            }
        }
    }

    #[inline]
    fn attempt(&self) -> Attempt {
        let word = self.queue.load(Ordering::Relaxed);
        match word.idle_payload() {
            Some(0) if self.try_acquire_once() => Attempt::Acquired,
            Some(0 | HELD) => Attempt::Held,
            // Most likely a release.
            None if word.is_locked() => Attempt::Held,
            _ => Attempt::MustWait,
        }
    }

    /// Acquires the lock if it is free. There are no waiters then: while there are, `HELD` is set.
    pub(crate) fn acquire_locked(&self, queue: &mut QueueGuard<'_, Hints>) -> bool {
        let free = queue.payload() & HELD == 0;
        if free {
            queue.set_payload(HELD);
        }
        free
    }

    /// Acquires the lock for the designated waiter.
    #[inline(always)]
    pub(crate) fn acquire_designated(&self) {
        // Relaxed: only the release of this waiter, or what comes after that, sets it again.
        self.queue.state().designated.store(false, Ordering::Relaxed);
        self.record_holder();
    }

    /// Records that this thread was the last to acquire the lock.
    #[inline(always)]
    pub(crate) fn record_holder(&self) {
        self.queue.state().spin.acquired_by(thread_number());
    }

    /// Releases the lock.
    #[inline]
    pub(crate) fn release(&self, hold: &mut HoldTrace) {
        self.trace().released(hold);
        let mut queue = self.queue.lock();
        if queue.word().idle_payload() == Some(HELD) {
            queue.set_payload(0);
        } else {
            self.hand_over(queue);
        }
    }

    /// Designates the first waiter, or frees the lock if there is none. The caller is the holder,
    /// or has dropped the designated waiter.
    #[inline(never)]
    pub(crate) fn hand_over(&self, mut queue: QueueGuard<'_, Hints>) {
        let waiter = queue.front().is_some();
        if !waiter {
            queue.set_payload(0);
        }
        // Relaxed: published by the unlock, and to the waiter by its notification. Stored before
        // that: from then on the waiter may clear it.
        self.queue.state().designated.store(waiter, Ordering::Relaxed);
        let waker = queue.notify_and_remove();
        queue.unlock_and_wake(waker);
    }

    /// Returns whether the lock is held: a designated waiter does not hold it yet.
    #[inline]
    pub(crate) fn is_held(&self) -> bool {
        self.queue.read().payload() & HELD != 0 && !self.is_designated()
    }

    #[inline]
    fn is_designated(&self) -> bool {
        // Relaxed: nothing is read in consequence.
        self.queue.state().designated.load(Ordering::Relaxed)
    }

    /// Returns whether the lock is held, and the number of waiters, at one moment.
    pub(crate) fn snapshot(&self) -> (bool, usize) {
        let queue = self.queue.lock();
        // Loaded once, since the designated waiter clears it without the lock.
        let designated = self.is_designated();
        let held = queue.payload() & HELD != 0 && !designated;
        (held, queue.queue().waiters() + usize::from(designated))
    }

    /// Records that no guard will release the lock.
    pub(crate) fn forget(&self, mut hold: HoldTrace) {
        self.trace().forgotten(&mut hold);
        let mut queue = self.queue.lock();
        queue.set_payload(queue.payload() | FORGOTTEN);
    }

    /// Takes over a hold whose guard was forgotten. Returns `None` if there is none.
    pub(crate) fn adopt(&self, site: CallSite, owned: bool) -> Option<HoldTrace> {
        let mut queue = self.queue.lock();
        let payload = queue.payload();
        queue.set_payload(payload & !FORGOTTEN);
        drop(queue);
        let forgotten = payload & FORGOTTEN != 0;
        forgotten.then(|| self.trace().adopted(site, 1, owned))
    }
}

impl fmt::Debug for RawLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (held, waiters) = self.snapshot();
        f.debug_struct("RawLock").field("locked", &held).field("waiters", &waiters).finish()
    }
}
