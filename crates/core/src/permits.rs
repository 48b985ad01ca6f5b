//! Permits: what `Semaphore` and `BoundedSemaphore` are made of.
//!
//! The word of such a queue counts the permits that are to be had: those that nobody holds and nobody was granted.
//! A grant takes the permits out of the value at once, and the waiter is called; until it runs it counts
//! as a waiter, so nobody gets past the queue in between. That is asyncio's semaphore.

use core::{
    fmt, mem,
    ops::ControlFlow::{Break, Continue},
    task::{Context, Poll, Waker, ready},
};

use crate::{
    Locked, PAYLOAD, Queue, Waitable, drain,
    queue::{LOCKED, WAITERS},
    slot::{Standing, Turn},
    sync::Ordering,
    trace::Probe,
    unwind::or_undo,
    wake::drain_since,
};

const ONE: usize = PAYLOAD;

/// The most permits that a semaphore can have: 2<sup>62</sup> - 1 on targets with 64-bit pointers, 2<sup>30</sup> - 1
/// where they have 32 bits.
pub const MAX_PERMITS: usize = usize::MAX / ONE;

/// Says of a [`Queue`] that its word counts permits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permits;

/// A primitive whose queue hands out permits.
pub trait Pool: Waitable<State = Permits> {
    /// What it is called, in messages and in `Debug`.
    const NAME: &'static str;

    /// The value that a release does not go beyond.
    fn bound(&self) -> usize {
        MAX_PERMITS
    }
}

/// What a release does with permits above the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Refuse the whole release: asyncio's `BoundedSemaphore`.
    Refuse,
    /// Let them go: a guard's drop, which cannot fail.
    Discard,
}

/// A release was refused: it would have gone beyond the bound. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Queue<Permits> {
    crate::const_fn! {
        /// An empty queue with `value` permits to be had.
        ///
        /// # Panics
        ///
        /// If `value` is above [`MAX_PERMITS`].
        #[track_caller]
        pub const fn with_permits(value: usize, probe: Probe) -> Self {
            assert!(value <= MAX_PERMITS, "a semaphore has at most `MAX_PERMITS` permits");
            Self::new(value * ONE, Permits, probe)
        }
    }

    /// How many permits are to be had.
    #[inline]
    pub fn value(&self) -> usize {
        self.payload() / ONE
    }

    /// Whether an acquire would have to wait: no permit is to be had, or somebody is waiting.
    #[inline]
    pub fn would_wait(&self) -> bool {
        let word = self.unlocked_word();
        word / ONE == 0 || word & WAITERS != 0
    }

    /// Takes `need` permits, if nobody waits and they are to be had.
    #[inline]
    pub fn try_take(&self, need: usize) -> bool {
        match self.enter(need) {
            Entry::Taken => true,
            Entry::Full => false,
            Entry::Unclear => self.locked(|queue| queue.take_if_idle(need)),
        }
    }

    /// Takes `need` permits, if nobody waits and they are to be had: one look, one exchange. It may fail while the list is
    /// locked, or if others take or give back permits at the same time.
    #[inline]
    pub(crate) fn take_at_once(&self, need: usize) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        word & (LOCKED | WAITERS) == 0
            && word / ONE >= need
            // Acquire: pairs with the Release with which these permits were given back, here or under the lock.
            && self
                .word
                .compare_exchange(word, word - need * ONE, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    /// Takes `need` permits without the list's lock, if that is possible.
    fn enter(&self, need: usize) -> Entry {
        while !self.take_at_once(need) {
            let word = self.word.load(Ordering::Relaxed);
            if word & LOCKED != 0 {
                return Entry::Unclear;
            }
            if word & WAITERS != 0 || word / ONE < need {
                return Entry::Full;
            }
        }
        Entry::Taken
    }

    /// Gives back `count` permits: so many releases in one step, each of which wakes at most one waiter.
    ///
    /// # Errors
    ///
    /// [`Overflow`], if excess is [refused](Excess::Refuse) and one of the releases would have gone beyond `bound`.
    #[inline]
    pub fn give_back(&self, count: usize, bound: usize, excess: Excess) -> Result<(), Overflow> {
        // Of the caller's choice; and a panic would leave the list locked.
        let bound = bound.min(MAX_PERMITS);
        match self.lock_ahead() {
            Some(word) if word & WAITERS == 0 && has_room(word / ONE, count, bound) => {
                self.unlock(word + count * ONE);
                Ok(())
            }
            word => self.give_back_queued(word, count, bound, excess),
        }
    }

    /// As [`give_back`](Self::give_back), when there is more to it. With the word, if the lock was taken ahead.
    #[inline(never)]
    fn give_back_queued(
        &self,
        word: Option<usize>,
        count: usize,
        bound: usize,
        excess: Excess,
    ) -> Result<(), Overflow> {
        drain_since(
            self,
            word,
            |queue| {
                if excess == Excess::Refuse && !queue.has_room_for(count, bound) {
                    return Err(Overflow);
                }
                Ok(count)
            },
            // What is left of the count is in our hands between two batches, and not in the value yet.
            |queue, left| queue.release_until_grant(left.as_mut().ok()?, bound),
        )
        .map(|_| ())
    }

    /// Grants permits to those in line, as long as the first one's need is met.
    #[cold]
    fn grant_while_fits(&self) {
        drain(self, |_| (), |queue, ()| queue.grant_front());
    }
}

impl Standing<'_, Permits> {
    /// One poll of a future that acquires `need` permits of a semaphore with that bound.
    #[inline]
    pub fn poll_acquire(&mut self, need: usize, bound: usize, context: &Context<'_>) -> Poll<()> {
        if self.queued() {
            self.poll_queued(need, bound, context)
        } else if self.queue().enter(need) == Entry::Taken {
            Poll::Ready(())
        } else {
            self.take_or_join(need, bound, context)
        }
    }

    /// Takes the permits or joins the queue, under the lock.
    fn take_or_join(&mut self, need: usize, bound: usize, context: &Context<'_>) -> Poll<()> {
        let ((), waker) = ready!(self.enter_or_join(context, |queue| {
            match queue.take_if_idle(need) {
                true => Break(()),
                false => Continue(need),
            }
        }));
        self.keeping(need, bound, || drop(waker));
        Poll::Ready(())
    }

    fn poll_queued(&mut self, need: usize, bound: usize, context: &Context<'_>) -> Poll<()> {
        let claimed = self.poll(context, |turn| turn.called().then(|| turn.claim()));
        claimed.map(|others_fit| {
            if others_fit {
                self.keeping(need, bound, || self.queue().grant_while_fits());
            }
        })
    }

    /// Runs user code while `held` permits are in nobody's hands but ours: they go back if it panics.
    fn keeping(&self, held: usize, bound: usize, body: impl FnOnce()) {
        let give_back = || {
            self.tell_of_leave();
            let _ = self.queue().give_back(held, bound, Excess::Discard);
        };
        or_undo(give_back, body);
    }

    /// Takes a place out whose future is dropped, and passes on what it had been granted. `bound` as in
    /// [`give_back`](Queue::give_back).
    pub fn withdraw(mut self, bound: usize) {
        let (waker, others_fit) = self.locked(|turn| {
            if turn.called() {
                let granted = turn.tag().unwrap_or(0);
                turn.add(granted, bound);
            }
            let waker = turn.leave();
            (waker, turn.front_fits())
        });
        if others_fit {
            self.queue().grant_while_fits();
        }
        // Last, for its drop may panic, and the others are awake by now.
        drop(waker);
    }
}

/// What a newcomer finds without taking the lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// The permits, which are its own now.
    Taken,
    /// Not enough permits, or others before it.
    Full,
    /// The lock is held: somebody is changing what there is.
    Unclear,
}

impl Locked<'_, Permits> {
    /// How many permits are to be had.
    pub fn value(&self) -> usize {
        self.payload() / ONE
    }

    fn set_value(&mut self, value: usize) {
        self.set_payload(value * ONE);
    }

    /// Adds `count` permits to the value, up to `bound`.
    fn add(&mut self, count: usize, bound: usize) {
        let value = self.value();
        self.set_value(value.saturating_add(count).min(bound.max(value)));
    }

    /// Takes `need` permits, if nobody waits and they are to be had.
    fn take_if_idle(&mut self, need: usize) -> bool {
        let value = self.value();
        let enters = self.is_idle() && value >= need;
        if enters {
            self.set_value(value - need);
        }
        enters
    }

    /// Whether `count` releases, one after the other and each granting at most one waiter, all stay within `bound`.
    fn has_room_for(&mut self, count: usize, bound: usize) -> bool {
        let mut value = self.value();
        if has_room(value, count, bound) {
            return true;
        }
        let mut left = count;
        for need in self.tags() {
            if left == 0 {
                return true;
            }
            let releases = releases_until_grant(value, need);
            if releases.min(left) > bound.saturating_sub(value) {
                return false;
            }
            if releases > left {
                return true;
            }
            left -= releases;
            value = value + releases - need;
        }
        left <= bound.saturating_sub(value)
    }

    /// Does releases until one grants a waiter, whom it answers, or until none is `left`.
    fn release_until_grant(&mut self, left: &mut usize, bound: usize) -> Option<Waker> {
        if *left == 0 {
            return None;
        }
        let Some(need) = self.front() else {
            self.add(mem::take(left), bound);
            return None;
        };
        let releases = releases_until_grant(self.value(), need);
        if releases > *left {
            self.add(mem::take(left), bound);
            return None;
        }
        *left -= releases;
        self.add(releases, bound);
        self.grant_front()
    }

    /// Whether the need of the first in line is met.
    fn front_fits(&mut self) -> bool {
        let value = self.value();
        self.front().is_some_and(|need| need <= value)
    }

    /// Grants the first in line what it needs, if that is there.
    fn grant_front(&mut self) -> Option<Waker> {
        let need = self.front()?;
        let rest = self.value().checked_sub(need)?;
        self.set_value(rest);
        self.call()
    }
}

/// Whether `count` more than `value` are within `bound`.
#[inline]
fn has_room(value: usize, count: usize, bound: usize) -> bool {
    bound.checked_sub(value).is_some_and(|room| count <= room)
}

/// How many single releases it takes until one grants a waiter who needs `need`. At least one does.
fn releases_until_grant(value: usize, need: usize) -> usize {
    need.saturating_sub(value).max(1)
}

impl Turn<'_, '_, Permits> {
    /// Claims what this place was granted. Answers whether others may be granted something now.
    fn claim(&mut self) -> bool {
        let waker = self.go();
        debug_assert!(waker.is_none(), "a called waiter's waker was taken");
        self.front_fits()
    }
}

/// What semaphores print.
impl Queue<Permits> {
    /// As asyncio's `repr` does, with its text in brackets: `<Semaphore [unlocked, value:2]>`. The value is not shown
    /// when an acquire would have to wait.
    pub fn fmt_as_asyncio(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, waiters) = self.snapshot();
        match (value, waiters) {
            (0, 0) => write!(f, "<{name} [locked]>"),
            (value, 0) => write!(f, "<{name} [unlocked, value:{value}]>"),
            (_, waiters) => write!(f, "<{name} [locked, waiters:{waiters}]>"),
        }
    }

    /// The value and the waiters, as Rust's `Debug` does.
    pub fn fmt_fields<'a, 'b, 'f>(
        &self,
        f: &'a mut fmt::DebugStruct<'b, 'f>,
    ) -> &'a mut fmt::DebugStruct<'b, 'f> {
        let (value, waiters) = self.snapshot();
        f.field("value", &value).field("waiters", &waiters)
    }

    /// The value and the number of waiters, at one and the same moment.
    fn snapshot(&self) -> (usize, usize) {
        self.locked(|queue| (queue.value(), queue.waiters()))
    }
}
