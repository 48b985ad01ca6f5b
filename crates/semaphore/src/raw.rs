//! The raw semaphore: a value and a bound on a wait queue. [`Permit`](crate::Permit) adds what
//! releases itself.
//!
//! The payload of the state word is the *value*, a signed number in two's complement: the permits
//! that are available. Permits that are held, and permits that were granted to a waiter, are not
//! part of it. Releases do not take the value above the *bound*. A bound that is lowered lowers the
//! value by as much, so the value is negative while more permits are out than the bound allows.
//!
//! - **Acquire**: if there are no waiters and the value is large enough, subtract from it.
//!   Otherwise enqueue, with the number of permits needed as the tag.
//! - **Release** adds one permit to the value. If that is enough for the first waiter, its permits
//!   are subtracted again (a *grant*) and it is notified. A first waiter that needs more holds up
//!   all behind it. A release of `n` permits has the effect of `n` such releases one after the
//!   other, so it grants at most `n` waiters, in order.
//! - **A granted waiter** is one of the waiters until it is polled, so no newcomer passes it. Its
//!   poll removes it, and then grants the first waiters as long as the value is large enough.
//! - **Cancel**: the permits of a granted waiter return to the value, up to the bound. A waiter
//!   that was not granted leaves. In both cases the first waiters are granted as long as the value
//!   is large enough.
//!
//! asyncio's semaphore does the same, one permit at a time.
//!
//! The names: `take` is the acquire of a raw semaphore. It is `try_take_once` (one exchange, may
//! fail spuriously), `try_take_idle` (repeats that, does not wait for the queue's lock), `try_take`
//! (waits for it) and `try_take_locked` (has it).

use core::{fmt, mem, task::Waker};

use awaitlist_core::{
    Brackets, QueueGuard, StateWord, WaitQueue, const_fn,
    sync::{AtomicUsize, Ordering},
    trace::PrimitiveTrace,
};

/// The most permits that a semaphore can have: 2<sup>61</sup> - 1 on targets with 64-bit pointers,
/// 2<sup>29</sup> - 1 where they have 32 bits.
pub const MAX_PERMITS: usize = StateWord::MAX_PAYLOAD >> 1;

/// The value that releases do not exceed.
pub trait Bound: sealed::Sealed {
    /// Returns the bound, which is at most [`MAX_PERMITS`].
    fn get(&self) -> usize;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unbounded {}
    impl Sealed for super::Bounded {}
}

/// The bound of a `Semaphore`: [`MAX_PERMITS`].
#[derive(Clone, Copy, Debug)]
pub struct Unbounded;

impl Bound for Unbounded {
    #[inline(always)]
    fn get(&self) -> usize {
        MAX_PERMITS
    }
}

/// The bound of a `BoundedSemaphore`. Written under the lock of the queue, and exact only there.
#[derive(Debug)]
pub struct Bounded(AtomicUsize);

impl Bounded {
    const_fn! {
        /// Creates a bound of at most [`MAX_PERMITS`].
        pub const fn new(bound: usize) -> Self {
            Self(AtomicUsize::new(if bound < MAX_PERMITS { bound } else { MAX_PERMITS }))
        }
    }
}

impl Bound for Bounded {
    #[inline(always)]
    fn get(&self) -> usize {
        // Relaxed, as in `set_bound`: the lock of the queue orders what needs to be ordered.
        self.0.load(Ordering::Relaxed)
    }
}

/// A `Semaphore` or a `BoundedSemaphore`. [`Acquire`](crate::Acquire) and [`Permit`](crate::Permit)
/// are generic over it.
///
/// # Safety
///
/// `as_raw` returns the same field of `self` each time, and does not panic. Types that differ only
/// in lifetimes, higher-ranked ones included, return the same field.
pub unsafe trait AnySemaphore {
    /// The name of the type, for messages and `Debug`.
    #[doc(hidden)]
    const NAME: &'static str;

    /// The bound.
    #[doc(hidden)]
    type Bound: Bound;

    /// Returns the semaphore itself.
    #[doc(hidden)]
    fn as_raw(&self) -> &RawSemaphore<Self::Bound>;
}

/// The error of a release that would take the value above the bound, which is [`MAX_PERMITS`] for a
/// `Semaphore`. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TooManyPermits;

impl fmt::Display for TooManyPermits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the release would take the semaphore above its bound")
    }
}

impl core::error::Error for TooManyPermits {}

/// A value and a bound on a wait queue.
pub struct RawSemaphore<B> {
    pub(crate) queue: WaitQueue,
    bound: B,
}

impl<B> RawSemaphore<B> {
    const_fn! {
        /// Creates a semaphore with `value` permits, which the caller keeps within the bound.
        ///
        /// # Panics
        ///
        /// Panics if `value` exceeds [`MAX_PERMITS`].
        #[track_caller]
        pub const fn new(value: usize, bound: B, trace: PrimitiveTrace) -> Self {
            assert!(value <= MAX_PERMITS, "a semaphore has at most `MAX_PERMITS` permits");
            // SAFETY: the code of this crate holds one guard at a time, and drops it before it
            // wakes or returns.
            let queue = unsafe { WaitQueue::new(value, (), trace) };
            Self { queue, bound }
        }
    }

    /// Returns what the diagnostics know of the semaphore.
    pub const fn trace(&self) -> &PrimitiveTrace {
        self.queue.trace()
    }

    /// Returns the same, to be changed before the semaphore is used.
    pub const fn trace_mut(&mut self) -> &mut PrimitiveTrace {
        self.queue.trace_mut()
    }

    /// Returns the value, or 0 if it is negative. Waits while the queue is locked.
    pub fn value(&self) -> usize {
        shown(value_of(self.queue.read().payload()))
    }

    /// Returns whether an acquire of one permit would have to wait: the value is not above 0, or
    /// there are waiters.
    pub fn is_locked(&self) -> bool {
        let word = self.queue.read();
        value_of(word.payload()) <= 0 || word.has_waiters()
    }

    /// Returns the number of waiters, those included that were granted their permits and were not
    /// polled since.
    pub fn waiters(&self) -> usize {
        self.queue.waiters()
    }

    /// Returns the value, or 0 if it is negative, and the number of waiters at one moment.
    pub fn snapshot(&self) -> (usize, usize) {
        let queue = self.queue.lock();
        (shown(value_of(queue.payload())), queue.queue().waiters())
    }

    /// Returns what asyncio's `repr` has in brackets. Like asyncio, it shows the value only if an
    /// acquire need not wait.
    pub fn brackets(&self) -> Brackets {
        match self.snapshot() {
            (value @ 1.., 0) => Brackets::new("unlocked", 0).with_value(value),
            (_, waiters) => Brackets::new("locked", waiters),
        }
    }
}

impl<B: Bound> RawSemaphore<B> {
    /// Returns the bound.
    #[inline(always)]
    pub fn bound(&self) -> usize {
        self.bound.get()
    }

    /// Takes `need` permits if there are that many and no waiters. Waits while the queue is locked.
    #[inline]
    pub fn try_take(&self, need: usize) -> bool {
        if need > MAX_PERMITS {
            return false;
        }
        while !self.try_take_once(need) {
            if !available(self.queue.read(), need) {
                return false;
            }
        }
        true
    }

    /// Takes `need` permits if there are that many and no waiters, without waiting for the lock of
    /// the queue. It fails if another thread changes the state at the same time.
    #[inline(always)]
    pub(crate) fn try_take_once(&self, need: usize) -> bool {
        // Load first: a failed exchange costs as much as a successful one.
        let word = self.queue.load(Ordering::Relaxed);
        // Acquire: pairs with the Release of the unlock by which the permits were released.
        available(word, need)
            && self.queue.exchange(word, word.payload().wrapping_sub(need), Ordering::Acquire)
    }

    /// Takes `need` permits if there are that many and no waiters. It fails if the queue is locked.
    pub(crate) fn try_take_idle(&self, need: usize) -> bool {
        while available(self.queue.load(Ordering::Relaxed), need) {
            if self.try_take_once(need) {
                return true;
            }
        }
        false
    }

    /// Takes `need` permits if there are that many and no waiters.
    pub(crate) fn try_take_locked(&self, queue: &mut QueueGuard<'_>, need: usize) -> bool {
        let available = available(queue.word(), need);
        if available {
            queue.set_payload(queue.payload().wrapping_sub(need));
        }
        available
    }

    /// Releases `count` permits.
    ///
    /// # Errors
    ///
    /// Returns [`TooManyPermits`] if one of the `count` releases would exceed the bound.
    #[inline]
    pub fn release(&self, count: usize) -> Result<(), TooManyPermits> {
        self.release_without_waiters(count).or_else(|queue| self.release_checked(queue, count))
    }

    /// Releases `count` permits, and discards those that exceed the bound.
    #[inline]
    pub fn release_saturating(&self, count: usize) {
        if let Err(queue) = self.release_without_waiters(count) {
            self.release_queued(queue, count);
        }
    }

    /// Releases `count` permits if there are no waiters and the bound is not exceeded. Otherwise
    /// returns the locked queue.
    #[inline(always)]
    fn release_without_waiters(&self, count: usize) -> Result<(), QueueGuard<'_>> {
        let mut queue = self.queue.lock();
        match queue.word().idle_payload() {
            Some(payload) if has_room(value_of(payload), count, self.bound()) => {
                queue.add_payload(count);
                Ok(())
            }
            _ => Err(queue),
        }
    }

    #[inline(never)]
    fn release_checked(&self, queue: QueueGuard<'_>, count: usize) -> Result<(), TooManyPermits> {
        if !self.all_have_room(&queue, count) {
            return Err(TooManyPermits);
        }
        self.release_queued(queue, count);
        Ok(())
    }

    #[inline(never)]
    fn release_queued(&self, queue: QueueGuard<'_>, mut count: usize) {
        // `notify_while` unlocks the queue after every 32 grants. What is left of the count then is
        // here, and not in the value yet. If other releases fill the value to its bound meanwhile,
        // it is discarded.
        queue.notify_while(|queue| self.release_until_grant(queue, &mut count));
    }

    /// Makes single releases until one grants the first waiter, or until `count` is used up, as it
    /// is at once if there is no waiter, or the first one needs more.
    fn release_until_grant(&self, queue: &mut QueueGuard<'_>, count: &mut usize) -> Option<Waker> {
        if *count == 0 {
            return None;
        }
        let releases = queue
            .front()
            .map(|need| releases_until_grant(value_of(queue.payload()), need))
            .filter(|releases| releases <= count);
        let Some(releases) = releases else {
            self.add(queue, mem::take(count));
            return None;
        };
        *count -= releases;
        self.add(queue, releases);
        self.grant_front(queue)
    }

    /// Grants the first waiter what it needs, if the value is large enough.
    fn grant_front(&self, queue: &mut QueueGuard<'_>) -> Option<Waker> {
        if !self.front_is_grantable(queue) {
            return None;
        }
        queue.set_payload(queue.payload().wrapping_sub(queue.front()?));
        queue.notify(0)
    }

    /// Adds permits that are returned, and grants waiters in order as long as the value is large
    /// enough for the first one.
    #[cold]
    pub(crate) fn return_and_grant(&self, mut queue: QueueGuard<'_>, returned: usize) {
        self.add(&mut queue, returned);
        queue.notify_while(|queue| self.grant_front(queue));
    }

    /// Returns whether the value is large enough for the first waiter.
    #[inline]
    pub(crate) fn front_is_grantable(&self, queue: &QueueGuard<'_>) -> bool {
        queue.front().is_some_and(|need| covers(value_of(queue.payload()), need))
    }

    /// Adds permits to the value, up to the bound.
    fn add(&self, queue: &mut QueueGuard<'_>, count: usize) {
        queue.add_payload(count.min(room(value_of(queue.payload()), self.bound())));
    }

    /// Returns whether each of `count` single releases would stay within the bound, given that each
    /// may grant a waiter.
    fn all_have_room(&self, queue: &QueueGuard<'_>, count: usize) -> bool {
        let bound = self.bound();
        let mut value = value_of(queue.payload());
        let mut left = count;
        let mut fits = true;
        if !has_room(value, count, bound) {
            queue.visit_tags(|need| {
                let releases = releases_until_grant(value, need);
                fits = has_room(value, releases.min(left), bound);
                let granted = fits && releases <= left;
                if granted {
                    left -= releases;
                    value = value.wrapping_add_unsigned(releases).wrapping_sub_unsigned(need);
                }
                granted && left > 0
            });
            fits = fits && has_room(value, left, bound);
        }
        fits
    }
}

/// Returns whether `need` permits are available, there are no waiters, and the queue is not locked.
#[inline(always)]
const fn available(word: StateWord, need: usize) -> bool {
    match word.idle_payload() {
        Some(payload) => covers(value_of(payload), need),
        None => false,
    }
}

/// Returns the value that a payload stands for.
#[inline(always)]
const fn value_of(payload: usize) -> isize {
    // The payload is narrower than the type: its highest bit is the sign.
    let unused = StateWord::MAX_PAYLOAD.leading_zeros();
    (payload << unused) as isize >> unused
}

/// Returns a value as users see it.
#[inline(always)]
const fn shown(value: isize) -> usize {
    if value.is_negative() { 0 } else { value as usize }
}

/// Returns whether `need` permits are available. `need` is at most [`MAX_PERMITS`].
#[inline(always)]
const fn covers(value: isize, need: usize) -> bool {
    value >= need as isize
}

/// Returns how many releases fit below the bound, which the value never exceeds.
#[inline(always)]
const fn room(value: isize, bound: usize) -> usize {
    (bound as isize - value) as usize
}

/// Returns whether `count` more than `value` are within `bound`.
#[inline(always)]
const fn has_room(value: isize, count: usize, bound: usize) -> bool {
    count <= room(value, bound)
}

/// Returns how many single releases it takes until one grants a waiter that needs `need`: one at
/// least.
fn releases_until_grant(value: isize, need: usize) -> usize {
    shown(need as isize - value).max(1)
}

impl RawSemaphore<Bounded> {
    /// Replaces the bound, and grants waiters in order if that makes permits available. The permits
    /// that are out stay out.
    ///
    /// # Panics
    ///
    /// Panics if `bound` exceeds [`MAX_PERMITS`].
    #[track_caller]
    pub fn set_bound(&self, bound: usize) {
        assert!(bound <= MAX_PERMITS, "a semaphore has at most `MAX_PERMITS` permits");
        let mut queue = self.queue.lock();
        let old = self.bound();
        self.bound.0.store(bound, Ordering::Relaxed);
        queue.set_payload(queue.payload().wrapping_add(bound).wrapping_sub(old));
        self.queue.trace().bound_changed(old, bound);
        self.return_and_grant(queue, 0);
        self.queue.trace().bound_has_changed(old, bound);
    }
}

impl<B: fmt::Debug> fmt::Debug for RawSemaphore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, waiters) = self.snapshot();
        f.debug_struct("RawSemaphore")
            .field("value", &value)
            .field("waiters", &waiters)
            .field("bound", &self.bound)
            .finish()
    }
}
