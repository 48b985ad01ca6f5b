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
/// woken (or ends there, if this thread is unwinding already); without std the rest are woken while it unwinds, so that a
/// second panic aborts.
///
/// A waker that polls its task inline from `wake` nests as deeply as such tasks hand on to each other.
#[inline]
pub fn drain<S, T>(
    queue: &Queue<S>,
    prepare: impl FnOnce(&mut Locked<'_, S>) -> T,
    mut take: impl FnMut(&mut Locked<'_, S>, &mut T) -> Option<Waker>,
) -> T {
    let mut state = None;
    // One waiter, or none, is the common case: it needs no batch.
    let mut batch = None;
    let only = queue.locked(|queue| {
        let state = state.insert(prepare(queue));
        let first = take(queue, state)?;
        let Some(second) = take(queue, state) else {
            return Some(first);
        };
        batch = Some(Batch::begin([first, second], || take(queue, state)));
        None
    });
    let mut state = state.expect("filled under the lock");
    if let Some(batch) = batch {
        wake_batches(queue, batch, |queue| take(queue, &mut state));
    } else if let Some(only) = only {
        Panics::default().wake(only);
    }
    state
}

/// Wakers that were taken under one hold of the lock, and not woken yet.
struct Batch {
    wakers: [Option<Waker>; BATCH],
    /// Whether there was room for all.
    complete: bool,
}

impl Batch {
    #[cold]
    fn begin(begun: [Waker; 2], take: impl FnMut() -> Option<Waker>) -> Self {
        let mut batch = Self {
            wakers: [const { None }; BATCH],
            complete: false,
        };
        for (place, waker) in batch.wakers.iter_mut().zip(begun) {
            *place = Some(waker);
        }
        batch.fill(take);
        batch
    }

    /// Takes as many as there is room for.
    fn fill(&mut self, mut take: impl FnMut() -> Option<Waker>) {
        let mut free = self.wakers.iter_mut().filter(|place| place.is_none());
        self.complete = !free.all(|place| {
            *place = take();
            place.is_some()
        });
    }

    fn is_woken(&self) -> bool {
        self.complete && self.wakers.iter().all(Option::is_none)
    }
}

/// Wakes a batch and whom `take` has left.
fn wake_batches<S>(
    queue: &Queue<S>,
    batch: Batch,
    take: impl FnMut(&mut Locked<'_, S>) -> Option<Waker>,
) {
    Round { queue, take, batch }.run();
}

/// The waking of one drain. Goes on when it is dropped by a waker's panic.
struct Round<'q, S, F: FnMut(&mut Locked<'_, S>) -> Option<Waker>> {
    queue: &'q Queue<S>,
    take: F,
    batch: Batch,
}

impl<S, F: FnMut(&mut Locked<'_, S>) -> Option<Waker>> Round<'_, S, F> {
    fn run(&mut self) {
        let mut panics = Panics::default();
        loop {
            for waker in self.batch.wakers.iter_mut().filter_map(Option::take) {
                panics.wake(waker);
            }
            if self.batch.complete {
                break;
            }
            let (batch, take) = (&mut self.batch, &mut self.take);
            self.queue.locked(|queue| batch.fill(|| take(queue)));
        }
    }
}

impl<S, F: FnMut(&mut Locked<'_, S>) -> Option<Waker>> Drop for Round<'_, S, F> {
    fn drop(&mut self) {
        if !self.batch.is_woken() {
            self.run();
        }
    }
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
        match woken {
            Ok(()) => {}
            Err(panic) if self.0.is_none() => self.0 = Some(panic),
            // Not dropped, for that may panic as well.
            Err(panic) => core::mem::forget(panic),
        }
    }
}

#[cfg(feature = "std")]
impl Drop for Panics {
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
