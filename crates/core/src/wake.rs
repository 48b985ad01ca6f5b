//! Waking: the one place where user code is called, after the lock, in batches, and with nobody forgotten.

use core::{mem::MaybeUninit, task::Waker};

use crate::{Locked, Queue, trace::Moment};

/// How many wakers are taken under one hold of the lock: half a kilobyte of stack.
#[cfg(not(awaitlist_loom))]
const BATCH: usize = 32;
#[cfg(awaitlist_loom)]
const BATCH: usize = 2;
// A batch has room for more than the first, or `drain` would take a first that fills it for the only one.
const _: () = assert!(BATCH >= 2);

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
    take: impl FnMut(&mut Locked<'_, S>, &mut T) -> Option<Waker>,
) -> T {
    drain_since(queue, None, prepare, take)
}

/// As [`drain`], if need be with a lock that was [taken ahead](Queue::lock_ahead).
#[inline]
pub(crate) fn drain_since<S, T>(
    queue: &Queue<S>,
    word: Option<usize>,
    prepare: impl FnOnce(&mut Locked<'_, S>) -> T,
    mut take: impl FnMut(&mut Locked<'_, S>, &mut T) -> Option<Waker>,
) -> T {
    let mut batch = Batch::new();
    let now = match word {
        Some(_) => Moment::unknown(),
        None => Moment::now(),
    };
    let (mut state, first) = queue.locked_since(word, |queue| {
        queue.set_now(now);
        let mut state = prepare(queue);
        let first = take(queue, &mut state);
        if first.is_some() {
            batch.fill(BATCH - 1, || take(queue, &mut state));
        }
        (state, first)
    });
    // One waiter, or none, is the common case: its waker never sees the batch.
    if let Some(first) = first {
        if batch.is_empty() {
            Panics::default().wake(first);
        } else {
            let more = |batch: &mut Batch| {
                queue.locked(|queue| {
                    queue.set_now(now);
                    batch.fill(BATCH, || take(queue, &mut state));
                });
            };
            wake_all(first, &mut batch, more);
        }
    }
    state
}

/// Wakers that were taken under one hold of the lock, and not woken yet.
struct Batch {
    /// Those from `woken` up to `taken` are there.
    wakers: [MaybeUninit<Waker>; BATCH],
    woken: usize,
    taken: usize,
    /// Whether there may be more than there was room for.
    more: bool,
}

impl Batch {
    /// An empty one, in which nothing is written.
    #[inline]
    const fn new() -> Self {
        Self {
            wakers: [const { MaybeUninit::uninit() }; BATCH],
            woken: 0,
            taken: 0,
            more: false,
        }
    }

    /// Takes up to `room` wakers into an empty batch.
    #[inline]
    fn fill(&mut self, room: usize, mut take: impl FnMut() -> Option<Waker>) {
        (self.woken, self.taken) = (0, 0);
        for place in &mut self.wakers[..room] {
            let Some(waker) = take() else {
                self.more = false;
                return;
            };
            place.write(waker);
            self.taken += 1;
        }
        self.more = true;
    }

    #[inline]
    const fn is_empty(&self) -> bool {
        self.woken == self.taken
    }
}

impl Iterator for Batch {
    type Item = Waker;

    #[inline]
    fn next(&mut self) -> Option<Waker> {
        if self.is_empty() {
            return None;
        }
        let place = &self.wakers[self.woken];
        self.woken += 1;
        // SAFETY: it was written, being one of those up to `taken`; and it is not read again, since `woken` is past it.
        Some(unsafe { place.assume_init_read() })
    }
}

/// Wakes `first`, then the batch, and fills that again with `more` as long as there are more.
#[cold]
fn wake_all(first: Waker, batch: &mut Batch, more: impl FnMut(&mut Batch)) {
    Round {
        first: Some(first),
        batch,
        more,
    }
    .run();
}

/// The waking of one drain. Goes on when it is dropped by a waker's panic.
struct Round<'b, F: FnMut(&mut Batch)> {
    first: Option<Waker>,
    batch: &'b mut Batch,
    more: F,
}

impl<F: FnMut(&mut Batch)> Round<'_, F> {
    #[inline]
    fn run(&mut self) {
        let mut panics = Panics::default();
        if let Some(first) = self.first.take() {
            panics.wake(first);
        }
        loop {
            for waker in &mut *self.batch {
                panics.wake(waker);
            }
            if !self.batch.more {
                break;
            }
            (self.more)(self.batch);
        }
    }
}

impl<F: FnMut(&mut Batch)> Drop for Round<'_, F> {
    #[inline]
    fn drop(&mut self) {
        // Otherwise a waker's panic unwinds.
        let done = self.batch.is_empty() && !self.batch.more;
        if !done {
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
