//! Waking: the one place where user code is called, after the lock, in batches, and with nobody forgotten.

use core::task::Waker;

use crate::{Locked, Queue};

/// How many wakers are taken under one hold of the lock: half a kilobyte of stack.
#[cfg(not(awaitlist_loom))]
const BATCH: usize = 32;
#[cfg(awaitlist_loom)]
const BATCH: usize = 2;

/// Changes a queue, and wakes whom the change calls.
///
/// `prepare` makes the change; then `take` is asked for one [called](Locked::call) waiter after the other until it
/// answers `None`. Both run under the lock. The wakers are woken outside it, a bounded number at a time, so the
/// lock is never held for as long as there are waiters. Between two batches others may change the queue: what is
/// still to be done lives in the state that `prepare` made, and `take` must not rely on anything else being as it was.
///
/// A waker that panics costs nobody else's wake-up: with std each panic is caught, and the first resumes when all are
/// woken (or ends there, if this thread is unwinding already); without std the rest are woken while it unwinds.
#[inline]
pub fn drain<S, T>(
    queue: &Queue<S>,
    prepare: impl FnOnce(&mut Locked<'_, S>) -> T,
    mut take: impl FnMut(&mut Locked<'_, S>, &mut T) -> Option<Waker>,
) -> T {
    let mut state = None;
    // One waiter, or none, is the common case: it needs no batch.
    let (first, second) = queue.locked(|queue| {
        let state = state.insert(prepare(queue));
        let Some(first) = take(queue, state) else {
            return (None, None);
        };
        (Some(first), take(queue, state))
    });
    let mut state = state.expect("filled under the lock");
    match (first, second) {
        (Some(first), Some(second)) => {
            wake_batches(queue, [first, second], |queue| take(queue, &mut state));
        }
        (Some(only), _) => wake(only),
        (None, _) => {}
    }
    state
}

/// Wakes `begun` and whom `take` has left.
#[cold]
fn wake_batches<S>(
    queue: &Queue<S>,
    begun: [Waker; 2],
    take: impl FnMut(&mut Locked<'_, S>) -> Option<Waker>,
) {
    let mut round = Round {
        queue,
        take,
        batch: [const { None }; BATCH],
        more: true,
    };
    for (place, waker) in round.batch.iter_mut().zip(begun) {
        *place = Some(waker);
    }
    round.run();
}

/// The waking of one drain. Goes on when it is dropped by a waker's panic.
struct Round<'q, S, F: FnMut(&mut Locked<'_, S>) -> Option<Waker>> {
    queue: &'q Queue<S>,
    take: F,
    /// Taken under the lock, and not woken yet.
    batch: [Option<Waker>; BATCH],
    /// Whether there may be others to take.
    more: bool,
}

impl<S, F: FnMut(&mut Locked<'_, S>) -> Option<Waker>> Round<'_, S, F> {
    fn run(&mut self) {
        let mut panics = Panics::default();
        loop {
            for waker in self.batch.iter_mut().filter_map(Option::take) {
                panics.wake(waker);
            }
            if !self.more {
                break;
            }
            self.refill();
        }
    }

    fn refill(&mut self) {
        self.more = self.queue.locked(|queue| {
            self.batch.iter_mut().all(|place| {
                *place = (self.take)(queue);
                place.is_some()
            })
        });
    }
}

impl<S, F: FnMut(&mut Locked<'_, S>) -> Option<Waker>> Drop for Round<'_, S, F> {
    fn drop(&mut self) {
        if self.more || self.batch.iter().any(Option::is_some) {
            self.run();
        }
    }
}

/// Wakes one waiter, when there is no other to be forgotten.
#[inline]
fn wake(waker: Waker) {
    Panics::default().wake(waker);
}

/// With std: the first panic of a waker, to be resumed when all are woken.
#[cfg(feature = "std")]
#[derive(Default)]
struct Panics(Option<std::boxed::Box<dyn core::any::Any + Send>>);

#[cfg(feature = "std")]
impl Panics {
    #[inline]
    fn wake(&mut self, waker: Waker) {
        // Nothing of ours is borrowed or half done while the waker runs, so there is nothing to see broken.
        let woken = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| waker.wake()));
        if let Err(panic) = woken {
            self.0.get_or_insert(panic);
        }
    }
}

#[cfg(feature = "std")]
impl Drop for Panics {
    #[inline]
    fn drop(&mut self) {
        if let Some(panic) = self.0.take() {
            if !std::thread::panicking() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Without std a panic cannot be caught: it unwinds at once, if this target unwinds at all.
#[cfg(not(feature = "std"))]
#[derive(Default)]
struct Panics;

#[cfg(not(feature = "std"))]
impl Panics {
    #[inline]
    fn wake(&mut self, waker: Waker) {
        waker.wake();
    }
}
