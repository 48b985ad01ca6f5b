//! The wait queue: a state word, a list of waiters, and a lock that is part of the word.
//!
//! # How it works
//!
//! An uncontended acquire is one compare-exchange of the state word, a *fast path*. Everything else
//! happens with the queue locked. Locking is one swap and unlocking is a plain store, so an
//! uncontended release costs as much as a fast path.
//!
//! | bits of the state word | meaning | written by |
//! |---|---|---|
//! | 0 `LOCKED` | the queue is locked; **the other bits do not show its state** | the thread that locks it, and unlocks it |
//! | 1 `WAITERS` | there are waiters | the holder of the lock |
//! | the rest | the payload, such as a count of permits | the holder of the lock; or, **while bits 0 and 1 are clear**, any thread by a compare-exchange of the whole word |
//!
//! - **Lock**: swap in `LOCKED_WORD`, which has both flags and payload 0. If the old value has
//!   `LOCKED`, another thread holds the lock, and the swap has replaced `LOCKED_WORD` by the same
//!   value: nothing has changed. Otherwise the old value is the state, and only this thread knows
//!   it until it unlocks.
//! - **Unlock**: store the new state. No other thread changes the word meanwhile: swaps leave a
//!   locked word as it is, and every compare-exchange expects a word without flags.
//! - **No newcomer passes a waiter**: every fast path expects a word without `WAITERS`.
//!   `LOCKED_WORD` contains that flag, so a thread that loads a locked word errs on the safe side.
//! - **Wait**: a future locks the queue, checks again whether it must wait, pushes its node, and
//!   unlocks. The node is part of the future, so waiting never allocates.
//! - **Notify**: the notifier locks the queue, unlinks the first node, takes its waker, unlocks,
//!   and only then wakes. The waiter still counts as one until its owner, the future, is polled or
//!   dropped. `WAITERS` stays set for so long, so no newcomer passes it.
//! - **Cancel**: dropping a queued future removes its node under the lock, and the primitive passes
//!   on what the waiter had been given.
//!
//! Locking is an `Acquire`, unlocking a `Release`. They pair with each other and with the fast
//! paths, which are `Acquire` where they take something and `Release` where they give something.
//!
//! # Glossary
//!
//! | term | meaning |
//! |---|---|
//! | [`WaitQueue`] | the state word, the list of waiters, and state of the primitive |
//! | [`StateWord`] | a value of the atomic word in front of the queue |
//! | payload | the bits of the state word that belong to the primitive |
//! | [`QueueGuard`] | the queue, locked; unlocks when dropped |
//! | [`Waiter`](crate::Waiter) | a future's node and its handle to the primitive |
//! | [`LockedWaiter`](crate::LockedWaiter) | a queued waiter and its queue, locked |
//! | `List`, `Node` | the intrusive list, and a waiter's entry in it, which is *linked* as long as it is on the list. The *first waiter* is the first linked one |
//! | queued | a waiter is queued while it is linked, and after that until its future was polled or dropped |
//! | tag | a number that a primitive keeps in a queued waiter, such as the permits it needs |
//! | notify | unlink the first waiter, take its waker, and leave a number in its node, the *notification*. It is one of the [`waiters`](WaitQueue::waiters) as long as it is queued, unless the notifier [removes](QueueGuard::notify_and_remove) it |
//! | `WakeBatch` | the wakers that are woken after one unlock |
//! | `Evict` | removes a waiter if the cancel of its primitive panics |
//! | [`Handle`](crate::Handle) | how a future holds its primitive: `&P` or `Arc<P>` |
//! | [`Access`](crate::Access) | how the core reaches the queue of a primitive; private to the primitive's crate |

use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::{
    guard::QueueGuard,
    list::List,
    sync::{
        AtomicU32, AtomicUsize, Ordering, ParkingSpot, Section, UnsafeCell, load_newest,
        store_release,
    },
    trace::PrimitiveTrace,
};

/// A value of the state word. What its bits mean is said at the top of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateWord(pub(crate) usize);

impl StateWord {
    const LOCKED: usize = 1;
    pub(crate) const WAITERS: usize = 2;
    const FLAGS: usize = Self::LOCKED | Self::WAITERS;
    pub(crate) const PAYLOAD_SHIFT: u32 = 2;

    /// The word while the queue is locked.
    const LOCKED_WORD: Self = Self(Self::FLAGS);

    /// The largest payload.
    pub const MAX_PAYLOAD: usize = usize::MAX >> Self::PAYLOAD_SHIFT;

    /// The word of a queue that is neither locked nor waited for.
    pub const fn idle(payload: usize) -> Self {
        Self(payload << Self::PAYLOAD_SHIFT)
    }

    /// Returns whether the queue is locked. If so, the rest of the word means nothing.
    pub const fn is_locked(self) -> bool {
        self.0 & Self::LOCKED != 0
    }

    /// Returns whether there are waiters, or the queue is locked.
    pub const fn has_waiters(self) -> bool {
        self.0 & Self::WAITERS != 0
    }

    /// Returns the payload, or 0 if the queue is locked.
    pub const fn payload(self) -> usize {
        self.0 >> Self::PAYLOAD_SHIFT
    }

    /// Returns the payload if there are no waiters and the queue is not locked.
    pub const fn idle_payload(self) -> Option<usize> {
        let idle = self.0 & Self::FLAGS == 0;
        if idle { Some(self.payload()) } else { None }
    }
}

/// A first-in-first-out queue of futures. A primitive keeps its own state in the payload of the
/// state word, and in a value of type `S`.
///
/// On 64-bit targets an `S` of four bytes fits into the padding.
pub struct WaitQueue<S = ()> {
    word: AtomicUsize,
    /// Guarded by the lock.
    pub(crate) list: UnsafeCell<List>,
    /// The number of waiters. Written under the lock.
    pub(crate) waiters: AtomicU32,
    /// Where threads wait for the lock.
    parking_spot: ParkingSpot,
    state: S,
    /// What the diagnostics know of the primitive: see `trace.rs`.
    pub(crate) trace: PrimitiveTrace,
}

// SAFETY: the list, which is Send, is reached by one thread at a time (invariant 1 of list.rs).
// Everything else is Sync itself.
unsafe impl<S: Sync> Sync for WaitQueue<S> {}

// No user code runs while the queue is locked, so a panic never leaves it half changed.
impl<S> UnwindSafe for WaitQueue<S> {}
impl<S> RefUnwindSafe for WaitQueue<S> {}

impl<S> WaitQueue<S> {
    crate::const_fn! {
        /// Creates a queue without waiters.
        ///
        /// # Safety
        ///
        /// The code that can reach the queue drops each guard that it gets: on the same thread,
        /// innermost first, and before it runs code that it does not know. Without an operating
        /// system, a guard disables interrupts as long as it exists.
        pub const unsafe fn new(payload: usize, state: S, trace: PrimitiveTrace) -> Self {
            Self {
                word: AtomicUsize::new(StateWord::idle(payload).0),
                list: UnsafeCell::new(List::new()),
                waiters: AtomicU32::new(0),
                parking_spot: ParkingSpot::new(),
                state,
                trace,
            }
        }
    }

    /// Returns the state of the primitive.
    pub const fn state(&self) -> &S {
        &self.state
    }

    /// Loads the state word, which may show that the queue is locked.
    pub fn load(&self, order: Ordering) -> StateWord {
        StateWord(self.word.load(order))
    }

    /// Returns the state word once the queue is not locked.
    ///
    /// An `Acquire`: it pairs with the `Release` of the operation that wrote the state.
    pub fn read(&self) -> StateWord {
        let word = self.load(Ordering::Acquire);
        if word.is_locked() { self.lock().word() } else { word }
    }

    /// Replaces the payload of `from` by `to` if there are no waiters and the queue is not locked.
    /// Returns whether it did.
    pub fn exchange(&self, from: StateWord, to: usize, success: Ordering) -> bool {
        // The expected word has no flags, whatever those of `from`.
        let (from, to) = (from.0 & !StateWord::FLAGS, StateWord::idle(to).0);
        self.word.compare_exchange(from, to, success, Ordering::Relaxed).is_ok()
    }

    /// Returns the number of waiters. Exact only under the lock.
    pub fn waiters(&self) -> usize {
        // Relaxed: the number is out of date as soon as it is returned.
        self.waiters.load(Ordering::Relaxed) as usize
    }

    /// Locks the queue.
    ///
    /// No user code may run until the guard is dropped: no waker is cloned, woken or dropped.
    #[inline]
    pub fn lock(&self) -> QueueGuard<'_, S> {
        let section = Section::enter();
        let word = self.try_lock().unwrap_or_else(|| self.lock_contended());
        QueueGuard::new(self, word, section)
    }

    fn try_lock(&self) -> Option<StateWord> {
        // Acquire: pairs with the Release of `unlock` and of the fast paths.
        let word = StateWord(self.word.swap(StateWord::LOCKED_WORD.0, Ordering::Acquire));
        (!word.is_locked()).then_some(word)
    }

    #[cold]
    fn lock_contended(&self) -> StateWord {
        self.parking_spot.wait(|| {
            let locked = StateWord(load_newest(&self.word)).is_locked();
            if locked { None } else { self.try_lock() }
        })
    }

    /// Unlocks the queue, which the caller has locked, and publishes `word`.
    pub(crate) fn unlock(&self, word: StateWord) {
        store_release(&self.word, word.0);
        self.parking_spot.unlocked();
    }
}
