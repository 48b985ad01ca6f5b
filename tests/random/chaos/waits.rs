//! The futures of a round: what they wait for, and what comes of a poll.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering::Relaxed},
    task::{Context, Poll},
};

use super::world::{Flaw, NEEDS, World};
use crate::support::{Rng, TestWaker, poll};
use awaitlist::{BrokenBarrier, OwnedLockGuard, bounded_semaphore, semaphore};
use awaitlist_core::FusedFuture;

/// How many futures there are at most.
const MOST: usize = 40;

/// What a future returns.
pub(super) enum Output {
    Guard(OwnedLockGuard),
    Permit(semaphore::OwnedPermit),
    Bounded(bounded_semaphore::OwnedPermit),
    Set,
    Index(Result<usize, BrokenBarrier>),
}

macro_rules! output {
    ($($variant:ident($inner:ty);)*) => {$(
        impl From<$inner> for Output {
            fn from(inner: $inner) -> Self {
                Self::$variant(inner)
            }
        }
    )*};
}

output! {
    Guard(OwnedLockGuard);
    Permit(semaphore::OwnedPermit);
    Bounded(bounded_semaphore::OwnedPermit);
    Index(Result<usize, BrokenBarrier>);
}

impl From<()> for Output {
    fn from((): ()) -> Self {
        Self::Set
    }
}

/// A future that has not finished.
pub(super) struct Wait {
    future: Boxed,
    waker: TestWaker,
    /// How many wakes came before the last poll.
    answered: usize,
    /// The last poll panicked, so the future is polled again without a wake.
    owed: bool,
}

type Boxed = Pin<Box<dyn Waiting>>;

trait Waiting: Future<Output = Output> + Send {
    /// Whether it still waits after a poll that panicked.
    fn outlives_a_panic(&self) -> bool;
}

/// A future of the crates, whose output becomes one of a round.
struct Direct<F>(Pin<Box<F>>);

impl<F: Future<Output: Into<Output>>> Future for Direct<F> {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Output> {
        self.0.as_mut().poll(context).map(Into::into)
    }
}

impl<F: FusedFuture<Output: Into<Output>> + Send> Waiting for Direct<F> {
    fn outlives_a_panic(&self) -> bool {
        !self.0.is_terminated()
    }
}

fn direct<F: FusedFuture<Output: Into<Output>> + Send + 'static>(future: F) -> Boxed {
    Box::pin(Direct(Box::pin(future)))
}

/// An `async` block, which a panic ends.
struct Block<F>(Pin<Box<F>>);

impl<F: Future<Output = OwnedLockGuard>> Future for Block<F> {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Output> {
        self.0.as_mut().poll(context).map(Output::Guard)
    }
}

impl<F: Future<Output = OwnedLockGuard> + Send> Waiting for Block<F> {
    fn outlives_a_panic(&self) -> bool {
        false
    }
}

fn block<F: Future<Output = OwnedLockGuard> + Send + 'static>(future: F) -> Boxed {
    Box::pin(Block(Box::pin(future)))
}

impl World {
    /// Starts a wait, and polls it.
    pub(super) fn start(self: &Arc<Self>, rng: &mut Rng) {
        if self.waits().len() >= MOST {
            return self.drop_one(rng);
        }
        let future = match rng.below(8) {
            0..2 => self.wait_with_the_lock(rng),
            2 => direct(self.lock.acquire_owned()),
            3..5 => direct(self.semaphore.acquire_many_owned(rng.below(NEEDS))),
            5 => direct(self.bounded.acquire_many_owned(rng.below(NEEDS))),
            6 => direct(self.event.wait_owned()),
            _ => direct(self.barrier.wait_owned()),
        };
        let waker = self.waker();
        self.poll(Wait { future, waker, answered: 0, owed: false });
    }

    /// A wait for the condition, if the lock is available, or else for the lock.
    fn wait_with_the_lock(self: &Arc<Self>, rng: &mut Rng) -> Boxed {
        let held = self.take_guard().or_else(|| self.lock.try_acquire_owned());
        let Some(guard) = held else {
            return direct(self.lock.acquire_owned());
        };
        let condition = Arc::clone(&self.condition);
        let predicate = self.predicate();
        // Made where it is used, since its drop is user code.
        let world = Arc::clone(self);
        let stop = move || world.stop();
        match rng.below(6) {
            0..2 => direct(condition.wait_owned(guard)),
            2 => block(async move { condition.wait_for(guard, |()| predicate()).await }),
            3 => block(async move { condition.wait_or(guard, stop()).await.0 }),
            4 => {
                block(async move { condition.wait_for_or(guard, |()| predicate(), stop()).await.0 })
            }
            _ => block(async move {
                let some = |(): &mut ()| predicate().then_some(1);
                condition.wait_for_some_or(guard, some, stop()).await.0
            }),
        }
    }

    pub(super) fn poll_one(self: &Arc<Self>, rng: &mut Rng) {
        if let Some(wait) = self.take(rng) {
            self.poll(wait);
        }
    }

    pub(super) fn drop_one(&self, rng: &mut Rng) {
        if let Some(wait) = self.take(rng) {
            self.bury(wait);
        }
    }

    /// Takes one out of the table, so that nothing else polls or drops it.
    fn take(&self, rng: &mut Rng) -> Option<Wait> {
        let mut waits = self.waits();
        let count = waits.len();
        (count > 0).then(|| waits.swap_remove(rng.below(count)))
    }

    /// Takes one that must be polled.
    pub(super) fn take_awake(&self) -> Option<Wait> {
        let mut waits = self.waits();
        let is_awake = |wait: &Wait| wait.owed || wait.waker.wakes() > wait.answered;
        let place = waits.iter().position(is_awake)?;
        Some(waits.swap_remove(place))
    }

    pub(super) fn poll(self: &Arc<Self>, mut wait: Wait) {
        wait.answered = wait.waker.wakes();
        wait.owed = false;
        // Outside of the closure, so that it is not lost if the drop of the waker panics.
        let mut polled = None;
        self.guarded(|| {
            let waker = wait.waker.waker();
            polled = Some(poll(&mut wait.future, &waker));
            drop(waker);
        });
        match polled {
            Some(Poll::Ready(output)) => {
                self.bury(wait);
                self.keep(output);
            }
            Some(Poll::Pending) => {
                if self.has_flaw(Flaw::LosesAWakeUp) {
                    wait.answered += 1;
                }
                self.waits().push(wait);
            }
            None if wait.future.outlives_a_panic() && self.rng().one_in(2) => {
                wait.owed = true;
                self.waits().push(wait);
            }
            None => self.bury(wait),
        }
    }

    /// Drops a future. Its wakers must be gone at the end of the round: others may have one in
    /// their hands now.
    pub(super) fn bury(&self, wait: Wait) {
        let Wait { future, waker, .. } = wait;
        self.guarded(|| drop(future));
        if self.has_flaw(Flaw::KeepsAWaker) {
            mem::forget(waker.waker());
        }
        let mut buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        buried.push(waker);
    }

    /// Whether this is the moment for a flaw.
    pub(super) fn has_flaw(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw) && self.unrest.load(Relaxed) && self.rng().one_in(20)
    }
}
