//! One permit: what a lock is made of.
//!
//! | bits of the word | meaning |
//! |---|---|
//! | 2 `HELD` | the permit is taken: somebody holds it, or was designated to hold it next |
//! | 3 `FORGOTTEN` | it is held, and its guard was forgotten |
//!
//! A release calls the first in line and leaves `HELD` set, so nobody gets past it. Until that one runs it is
//! *designated*: it counts as a waiter, and the lock is not locked, as in asyncio. To run on it needs neither the lock of
//! the list nor an exchange: it finds the note that it was left, and takes the mark of the designated back.

use core::{
    mem,
    ops::ControlFlow::{Break, Continue},
    task::{Context, Poll, Waker, ready},
};

use crate::{
    Locked, PAYLOAD, Queue, patience::Look, queue::LOCKED, slot::Standing, sync::Ordering,
    trace::Probe, unwind::or_undo, wake::drain_since,
};

const HELD: usize = PAYLOAD;
const FORGOTTEN: usize = PAYLOAD << 1;

/// The tag of one who waits: there is nothing to say of it.
const NO_TAG: usize = 0;
/// The note that one who was designated finds. It is odd, see `Standing::called_with`.
const DESIGNATED: usize = 1;

/// Says of a [`Queue`] that its word is the state of one permit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sole;

impl Queue<Sole> {
    crate::const_fn! {
        /// An empty queue whose permit is free.
        pub const fn with_one_permit(probe: Probe) -> Self {
            Self::new(0, Sole, probe)
        }
    }

    /// Takes the permit, if it is free and nobody waits: one look, one exchange. It may fail while the list is locked.
    #[inline]
    pub fn take_at_once(&self) -> bool {
        // A look before the exchange: one that fails costs as much as one that succeeds.
        self.word.load(Ordering::Relaxed) == 0
            // Acquire: pairs with the Release of the unlock in `give_back` and elsewhere.
            && self
                .word
                .compare_exchange(0, HELD, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    /// Takes the permit if it is free after a moment, and nobody waits. For who has just found it held.
    #[inline(never)]
    fn take_soon(&self) -> bool {
        self.patience.look_on(|| self.look())
    }

    /// Takes the permit, if it is seen to be free.
    #[inline]
    fn look(&self) -> Look {
        match self.word.load(Ordering::Relaxed) {
            0 if self.take_at_once() => Look::Taken,
            0 | HELD => Look::Held,
            // Most likely it is being given back.
            word if word & LOCKED != 0 => Look::Held,
            // Others wait, or it is held for good.
            _ => Look::Queue,
        }
    }

    /// Takes the permit, if it is free and nobody waits.
    #[inline]
    pub fn try_take(&self) -> bool {
        self.take_at_once() || self.try_take_locked()
    }

    /// As [`try_take`](Self::try_take), when the word is not simply that of a free lock.
    fn try_take_locked(&self) -> bool {
        // Held, as far as this thread can know: then it is.
        let held = self.payload_at_a_glance() & HELD != 0;
        !held && self.locked(|queue| queue.take_if_idle())
    }

    /// Gives the permit back, to the first in line if there is one.
    #[inline]
    pub fn give_back(&self) {
        match self.lock_ahead() {
            Some(HELD) => self.unlock(0),
            word => self.hand_on(word),
        }
    }

    /// Designates the first in line, or frees the permit. With the word, if the lock was taken ahead.
    #[inline(never)]
    fn hand_on(&self, word: Option<usize>) {
        drain_since(
            self,
            word,
            |queue| {
                // Not so but where it was the designated one who was dropped.
                queue.queue().set_designated(false);
                true
            },
            |queue, once| mem::take(once).then(|| queue.designate())?,
        );
    }

    /// Whether the permit is taken: not free, and not meant for one who has not run yet.
    #[inline]
    pub fn is_held(&self) -> bool {
        self.payload() & HELD != 0 && !self.is_designated()
    }

    /// Marks the hold as forgotten: no guard will give it back.
    pub fn forget_hold(&self) {
        self.locked(|queue| queue.set_payload(queue.payload() | FORGOTTEN));
    }

    /// Takes a forgotten hold over, for a guard to give back. Answers whether there was one.
    #[must_use]
    pub fn adopt_hold(&self) -> bool {
        self.locked(|queue| {
            let payload = queue.payload();
            queue.set_payload(payload & !FORGOTTEN);
            payload & FORGOTTEN != 0
        })
    }
}

impl Locked<'_, Sole> {
    /// Whether the permit is taken, as [`Queue::is_held`] says, and how many wait for it, at one and the same moment.
    pub fn snapshot(&self) -> (bool, usize) {
        // Looked at once: the designated one takes its mark back without the lock.
        let designated = self.queue().is_designated();
        let held = self.payload() & HELD != 0 && !designated;
        (held, self.counted() + usize::from(designated))
    }

    fn take_if_idle(&mut self) -> bool {
        let enters = self.payload() & HELD == 0 && self.is_idle();
        if enters {
            self.set_payload(HELD);
        }
        enters
    }

    /// Designates the first in line, whom it answers, or frees the permit.
    fn designate(&mut self) -> Option<Waker> {
        if self.front().is_none() {
            self.set_payload(0);
            return None;
        }
        // Counted as the designated one from here on. All that before the call: from then on it may go, without the lock.
        self.strike_off();
        self.queue().set_designated(true);
        self.call_with(DESIGNATED)
    }
}

impl Standing<'_, Sole> {
    /// One poll of a future that acquires the permit.
    #[inline]
    pub fn poll_acquire(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.called_with(DESIGNATED) {
            self.claim();
            Poll::Ready(())
        } else if self.queued() {
            self.poll_in_line(context)
        } else {
            match self.queue().look() {
                Look::Taken => Poll::Ready(()),
                Look::Held if self.queue().take_soon() => Poll::Ready(()),
                Look::Held | Look::Queue => self.take_or_join(context),
            }
        }
    }

    /// Takes what this place was designated to have.
    #[inline]
    fn claim(&mut self) {
        self.queue().set_designated(false);
        // SAFETY: the note says that it was called.
        unsafe { self.forget_called() };
    }

    /// Takes the permit or joins the queue, under the lock.
    fn take_or_join(&mut self, context: &Context<'_>) -> Poll<()> {
        let ((), waker) = ready!(
            self.enter_or_join(context, |queue| match queue.take_if_idle() {
                true => Break(()),
                false => Continue(NO_TAG),
            })
        );
        or_undo(|| self.queue().give_back(), || drop(waker));
        Poll::Ready(())
    }

    fn poll_in_line(&mut self, context: &Context<'_>) -> Poll<()> {
        let called = self.poll(context, |turn| turn.called().then_some(()));
        called.map(|()| self.claim())
    }

    /// Takes a place out whose future is dropped, and passes on what it was designated to have.
    pub fn withdraw(mut self) {
        let waker = self.locked(|turn| match turn.called() {
            true => None,
            false => turn.leave(),
        });
        if self.queued() {
            // SAFETY: it was called, since it has not left.
            unsafe { self.forget_called() };
            self.tell_of_leave();
            self.queue().hand_on(None);
        }
        // A waker that was not to be woken is dropped last: that may panic, and the others are awake by now.
        drop(waker);
    }
}
