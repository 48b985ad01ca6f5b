//! The lock without its value: one permit, and who waits for it.
//!
//! Public for the condition's crate, which lets a lock go and takes it again; hidden, since it is part of
//! the suite's machinery.

use core::{ops::Deref, task::Context};

use awaitlist_core::{
    Handle, Pass, Queue, Sole, Standing, Waitable, const_fn,
    trace::{Hold, Origin, Probe, Seat},
};

use crate::{Guard, Lock};

/// What opens the queue of a lock.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "it says nothing")]
pub struct Key(());

impl Key {
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// The key, for another crate of the suite.
    ///
    /// # Safety
    ///
    /// What is done with it leaves every hold to whom it belongs: permits are taken only by acquiring, and given
    /// back only by who acquired them.
    pub const unsafe fn new_for_suite() -> Self {
        Self(())
    }
}

/// The one permit of a lock. What a mapped guard gives back.
#[derive(Debug)]
pub struct RawLock {
    queue: Queue<Sole>,
}

impl RawLock {
    const_fn! {
        #[track_caller]
        pub(crate) const fn new(name: Option<&'static str>) -> Self {
            Self { queue: Queue::with_one_permit(Probe::lock(name)) }
        }
    }

    #[inline]
    pub(crate) fn try_take(&self) -> bool {
        self.queue.try_take()
    }

    /// Tells of the hold that a future has got in this poll.
    #[inline]
    pub(crate) fn acquired(&self, seat: &Seat, context: &Context<'_>) -> Hold {
        self.probe().acquired(seat, context, 1)
    }

    /// Tells of the hold that somebody has taken.
    #[inline]
    pub(crate) fn taken(&self, origin: Origin) -> Hold {
        self.probe().taken(origin, 1)
    }

    /// Gives the hold back that the caller has.
    #[inline]
    pub(crate) fn give_back(&self, hold: &mut Hold) {
        self.probe().end(hold);
        self.queue.give_back();
    }

    #[inline]
    pub(crate) const fn probe(&self) -> &Probe {
        self.queue.probe()
    }

    #[inline]
    pub(crate) fn is_held(&self) -> bool {
        self.queue.is_held()
    }

    #[inline]
    pub(crate) fn waiters(&self) -> usize {
        self.snapshot().1
    }

    /// Whether the lock is held, and how many wait for it, at one and the same moment.
    pub(crate) fn snapshot(&self) -> (bool, usize) {
        self.queue.locked(|queue| queue.snapshot())
    }

    pub(crate) fn forget_hold(&self, mut hold: Hold) {
        self.probe().forget(&mut hold);
        self.queue.forget_hold();
    }

    /// Takes a forgotten hold over. `None` if there is none.
    pub(crate) fn adopt_hold(&self, origin: Origin) -> Option<Hold> {
        let adopted = self.queue.adopt_hold();
        adopted.then(|| self.probe().take_over(origin, 1))
    }
}

// SAFETY: the queue is a field of the lock, the same each time, and `withdraw` of the core has the place leave.
unsafe impl<T: ?Sized> Waitable for Lock<T> {
    type State = Sole;
    type Key = Key;

    #[inline]
    fn queue(&self, _: Pass) -> &Queue<Sole> {
        &self.raw.queue
    }

    fn withdraw(&self, standing: Standing<'_, Sole>) {
        standing.withdraw();
    }
}

/// Takes a guard apart: the hold goes on, and is the caller's to give back or to make a guard of again.
#[inline]
pub fn into_hold<T: ?Sized, H: Handle<Target = Lock<T>>>(guard: Guard<T, H>) -> (H, Hold) {
    guard.into_parts()
}

/// Tells of a hold that was got in this poll of the lock's queue.
#[inline]
pub fn acquired<T: ?Sized>(lock: &Lock<T>, seat: &Seat, context: &Context<'_>) -> Hold {
    lock.raw.acquired(seat, context)
}

/// A guard for a hold.
///
/// # Safety
///
/// The caller has a hold of this lock, got by [`into_hold`] or by a poll of its queue, and gives it to the guard.
#[inline]
pub unsafe fn from_hold<T: ?Sized, H: Handle<Target = Lock<T>>>(
    handle: H,
    hold: Hold,
) -> Guard<T, H> {
    // SAFETY: the caller's word.
    unsafe { Guard::new(handle, hold) }
}

/// Gives a hold back.
///
/// # Safety
///
/// The caller has a hold of this lock, got as for [`from_hold`], and has it no more afterwards.
#[inline]
pub unsafe fn release_hold<T: ?Sized, H: Handle<Target = Lock<T>>>(handle: &H, hold: &mut Hold) {
    Deref::deref(handle).raw.give_back(hold);
}
