//! The wait queue: a state word, a list of waiters, and a lock that is part of the word.
//!
//! # How it works
//!
//! Uncontended operations are one compare-exchange of the state word. Everything else happens with
//! the queue locked. Locking is one swap and unlocking is a plain store.
//!
//! | bits of the state word | meaning | written by |
//! |---|---|---|
//! | 0 `LOCKED` | the queue is locked; **the other bits mean nothing** | the holder of the lock |
//! | 1 `WAITERS` | there are waiters | the holder of the lock |
//! | the rest | the payload: a flag, a count of permits | the holder of the lock; or, **while both flags are clear**, any thread by a compare-exchange of the whole word |
//!
//! - **Lock**: swap in `LOCKED_WORD`. If the old value has `LOCKED`, another thread holds the lock and
//!   the swap replaced `LOCKED_WORD` by itself, so nothing has changed. Otherwise the old value is the
//!   state, and only this thread knows it until it unlocks. The swap needs no load before it.
//! - **Unlock**: store the new state. No other thread changes the word meanwhile: swaps leave a locked
//!   word as it is, and every compare-exchange expects a word without flags.
//! - **No newcomer passes a waiter**: every fast path expects a word without `WAITERS`. `LOCKED_WORD`
//!   contains that flag, so a thread that loads a locked word errs on the safe side.
//! - **Wait**: a future locks the queue, checks again whether it must wait, pushes its node, and
//!   unlocks. The node is part of the future, so waiting never allocates.
//! - **Notify**: the notifier locks the queue, unlinks the first node, takes its waker, unlocks, and
//!   only then wakes. The waiter counts until its owner polls it, so newcomers stay behind it.
//! - **Cancel**: dropping a queued future removes its node under the lock. Then the primitive passes on
//!   what the waiter had been given.
//!
//! Locking is an `Acquire`, unlocking a `Release`. They pair with each other and with the fast paths,
//! which are `Acquire` where they take something and `Release` where they give something.
//!
//! # Glossary
//!
//! | term | meaning |
//! |---|---|
//! | [`WaitQueue`] | the state word, the list of waiters, and state of the primitive |
//! | [`StateWord`] | a value of the atomic word in front of the queue |
//! | payload | the bits of the state word that belong to the primitive |
//! | [`QueueGuard`] | the queue, locked; unlocks when dropped |
//! | [`Guarded`](crate::Guarded) | state of a primitive that only the holder of the lock can access |
//! | [`Waiter`](crate::Waiter) | a future's node and its handle to the primitive |
//! | [`LockedWaiter`](crate::LockedWaiter) | a waiter and its queue, locked |
//! | `Node`, `List` | the intrusive list, and a waiter's entry in it |
//! | tag | a number that a primitive keeps in a queued waiter, such as the permits it needs |
//! | queued | a waiter is queued from its enqueueing until its owner finds that it was notified, or drops it |
//! | notify | take the first waiter off the list and its waker with it; the waiter still counts until its owner polls it |
//! | notification | the number that the notifier leaves in the node |
//! | [`Handle`](crate::Handle) | how a future holds its primitive: `&P` or `Arc<P>` |
//! | [`Access`](crate::Access) | how the core reaches the queue of a primitive; private to the primitive's crate |
//! | `WakeBatch`, `FirstPanic` | the wakers that are woken after one unlock, and the first panic among them |

use core::{
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
};

use crate::{
    guard::QueueGuard,
    list::List,
    sync::{AtomicU32, AtomicUsize, Ordering, ParkingSpot, Section, UnsafeCell, load_newest},
    trace::PrimitiveTrace,
};

/// A value of the state word. What its bits mean is said in the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateWord(usize);

impl StateWord {
    const LOCKED: usize = 1;
    const WAITERS: usize = 2;
    const FLAGS: usize = Self::LOCKED | Self::WAITERS;
    const PAYLOAD_SHIFT: u32 = 2;

    /// The word while the queue is locked.
    const LOCKED_WORD: Self = Self(Self::FLAGS);

    /// The largest payload.
    pub const MAX_PAYLOAD: usize = usize::MAX >> Self::PAYLOAD_SHIFT;

    /// The word of a queue that is neither locked nor waited for.
    #[inline(always)]
    const fn idle(payload: usize) -> Self {
        Self(payload << Self::PAYLOAD_SHIFT)
    }

    /// Returns whether the queue is locked. If so, the rest of the word means nothing.
    #[inline(always)]
    pub const fn is_locked(self) -> bool {
        self.0 & Self::LOCKED != 0
    }

    /// Returns whether there are waiters, or the queue is locked.
    #[inline(always)]
    pub const fn has_waiters(self) -> bool {
        self.0 & Self::WAITERS != 0
    }

    /// Returns the payload, or 0 if the queue is locked.
    #[inline(always)]
    pub const fn payload(self) -> usize {
        self.0 >> Self::PAYLOAD_SHIFT
    }

    /// Returns the payload if there are no waiters and the queue is not locked.
    #[inline(always)]
    pub const fn idle_payload(self) -> Option<usize> {
        if self.0 & Self::FLAGS == 0 {
            Some(self.payload())
        } else {
            None
        }
    }

    #[inline(always)]
    pub(crate) const fn with_payload(self, payload: usize) -> Self {
        Self(payload << Self::PAYLOAD_SHIFT | self.0 & Self::WAITERS)
    }

    /// Adds to the payload. A sum above `MAX_PAYLOAD` wraps.
    #[inline(always)]
    pub(crate) const fn plus(self, payload: usize) -> Self {
        Self(self.0.wrapping_add(payload << Self::PAYLOAD_SHIFT))
    }

    #[inline(always)]
    pub(crate) const fn with_waiters(self, waiters: bool) -> Self {
        if waiters {
            Self(self.0 | Self::WAITERS)
        } else {
            Self(self.0 & !Self::WAITERS)
        }
    }
}

/// A first-in-first-out queue of futures, with a payload in its state word and state of type `S`
/// beside it.
///
/// `S` costs no room if it fits into the two bytes that are left.
pub struct WaitQueue<S = ()> {
    word: AtomicUsize,
    /// Guarded by the lock.
    pub(crate) list: UnsafeCell<List>,
    /// The number of waiters. Written under the lock.
    pub(crate) waiters: AtomicU32,
    /// Where threads wait for the lock.
    parking_spot: ParkingSpot,
    state: S,
    trace: PrimitiveTrace,
}

// SAFETY: the list, which is Send, is reached by one thread at a time (invariant 1). Everything else
// is Sync itself.
unsafe impl<S: Sync> Sync for WaitQueue<S> {}

// No user code runs while the queue is locked, so a panic never leaves it half changed.
impl<S> UnwindSafe for WaitQueue<S> {}
impl<S> RefUnwindSafe for WaitQueue<S> {}

impl<S> WaitQueue<S> {
    crate::const_fn! {
        /// Creates a queue without waiters.
        pub const fn new(payload: usize, state: S, trace: PrimitiveTrace) -> Self {
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
    #[inline(always)]
    pub const fn state(&self) -> &S {
        &self.state
    }

    /// Returns what the diagnostics know of the primitive.
    #[inline(always)]
    pub const fn trace(&self) -> &PrimitiveTrace {
        &self.trace
    }

    /// Loads the state word, which may show that the queue is locked.
    #[inline(always)]
    pub fn load(&self, order: Ordering) -> StateWord {
        StateWord(self.word.load(order))
    }

    /// Returns the state, waiting until the queue is not locked.
    ///
    /// An `Acquire`: it pairs with the `Release` of the operation that wrote the state.
    #[inline]
    pub fn read(&self) -> StateWord {
        let word = self.load(Ordering::Acquire);
        if word.is_locked() {
            self.lock().word()
        } else {
            word
        }
    }

    /// Replaces the payload `from` by `to` if there are no waiters and the queue is not locked.
    /// Returns whether it did.
    #[inline(always)]
    pub fn exchange(&self, from: usize, to: usize, success: Ordering) -> bool {
        let (from, to) = (StateWord::idle(from).0, StateWord::idle(to).0);
        self.word
            .compare_exchange(from, to, success, Ordering::Relaxed)
            .is_ok()
    }

    /// Returns the number of waiters. Exact only under the lock.
    #[inline]
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
        let word = match self.try_lock() {
            Some(word) => word,
            None => self.lock_contended(),
        };
        QueueGuard::new(self, word, section)
    }

    #[inline(always)]
    fn try_lock(&self) -> Option<StateWord> {
        // Acquire: pairs with the Release of `unlock` and of the fast paths.
        let word = StateWord(self.word.swap(StateWord::LOCKED_WORD.0, Ordering::Acquire));
        (!word.is_locked()).then_some(word)
    }

    #[cold]
    fn lock_contended(&self) -> StateWord {
        self.parking_spot.wait(|| {
            let word = StateWord(load_newest(&self.word));
            if word.is_locked() {
                None
            } else {
                self.try_lock()
            }
        })
    }

    /// Unlocks the queue, which the caller has locked, and publishes `word`.
    #[inline(always)]
    pub(crate) fn unlock(&self, word: StateWord) {
        crate::sync::store_release(&self.word, word.0);
        self.parking_spot.unlocked();
    }
}

impl<S> fmt::Debug for WaitQueue<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitQueue")
            .field("waiters", &self.waiters())
            .finish_non_exhaustive()
    }
}
