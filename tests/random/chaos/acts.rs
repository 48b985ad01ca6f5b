//! What is done to the primitives, apart from waiting, and what becomes of what a wait returns.

use std::{
    mem,
    sync::{Arc, PoisonError, atomic::Ordering::SeqCst},
};

use super::{
    waits::Output,
    world::{BOUNDS, Flaw, NEEDS, PERMITS, World},
};
use crate::support::Rng;
use awaitlist::{OwnedLockGuard, bounded_semaphore, semaphore};

impl World {
    /// Does something to a primitive.
    pub(super) fn act(self: &Arc<Self>, rng: &mut Rng) {
        match rng.below(12) {
            0..3 => self.act_on_the_lock(rng),
            3..5 => self.notify(rng),
            5..7 => self.act_on_the_semaphore(rng),
            7..9 => self.act_on_the_bounded_semaphore(rng),
            9 => self.guarded(|| self.event.set()),
            10 => self.guarded(|| self.event.clear()),
            _ => self.act_on_the_barrier(rng),
        }
    }

    pub(super) fn take_guard(&self) -> Option<OwnedLockGuard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn act_on_the_lock(&self, rng: &mut Rng) {
        match rng.below(4) {
            0 => {
                let guard = self.take_guard();
                self.guarded(|| drop(guard));
            }
            // Of a forgotten hold, if there is one.
            1 => self.guarded(|| {
                let _ = self.lock.release();
            }),
            2 => {
                if let Ok(guard) = self.lock.adopt_owned() {
                    self.keep(Output::Guard(guard));
                }
            }
            _ => {
                if let Some(guard) = self.lock.try_acquire_owned() {
                    self.keep(Output::Guard(guard));
                }
            }
        }
    }

    fn notify(&self, rng: &mut Rng) {
        let held = self.take_guard().or_else(|| self.lock.try_acquire_owned());
        if let Some(guard) = held {
            self.guarded(|| match rng.below(4) {
                0 => self.condition.notify_all(&guard),
                n => self.condition.notify(&guard, n),
            });
            self.guarded(|| drop(guard));
        }
    }

    fn act_on_the_semaphore(&self, rng: &mut Rng) {
        match rng.below(4) {
            0 => {
                let permit = pop(&self.permits);
                self.guarded(|| drop(permit));
            }
            1 => self.release_the_forgotten(),
            2 => {
                if let Some(permit) = self.semaphore.try_acquire_many_owned(rng.below(NEEDS)) {
                    self.keep(Output::Permit(permit));
                }
            }
            _ => {
                if let Some(mut permit) = pop(&self.permits) {
                    if let Some(part) = permit.split(rng.below(NEEDS)) {
                        self.permits().push(part);
                    }
                    if let Some(other) = pop(&self.permits) {
                        permit.merge(other);
                    }
                    self.permits().push(permit);
                }
            }
        }
    }

    fn act_on_the_bounded_semaphore(&self, rng: &mut Rng) {
        match rng.below(4) {
            0 => {
                let permit = pop(&self.bounded_permits);
                self.guarded(|| drop(permit));
            }
            1 => self.release_the_forgotten(),
            2 => {
                if let Some(permit) = self.bounded.try_acquire_many_owned(rng.below(NEEDS)) {
                    self.keep(Output::Bounded(permit));
                }
            }
            _ => self.guarded(|| self.bounded.set_bound(BOUNDS[rng.below(BOUNDS.len())])),
        }
    }

    fn release_the_forgotten(&self) {
        let forgotten = self.forgotten.swap(0, SeqCst);
        self.guarded(|| {
            let released = self.semaphore.try_release_many(forgotten);
            assert!(released.is_ok(), "there is room for what was taken");
        });
        let forgotten = self.bounded_forgotten.swap(0, SeqCst);
        self.guarded(|| {
            let released = self.bounded.release_many(forgotten);
            assert!(released.is_ok(), "the bound counts what was taken");
        });
    }

    fn act_on_the_barrier(&self, rng: &mut Rng) {
        match rng.below(6) {
            0 => self.guarded(|| self.barrier.abort()),
            1..4 => self.guarded(|| self.barrier.reset()),
            _ => self.ensure(self.barrier.n_waiting() < self.barrier.parties(), || {
                "a full barrier has not tripped".to_owned()
            }),
        }
    }

    /// Keeps what a wait or an attempt returned, or forgets it.
    pub(super) fn keep(&self, output: Output) {
        let forgets = self.rng().one_in(4);
        match output {
            Output::Guard(guard) if forgets => OwnedLockGuard::forget(guard),
            Output::Guard(guard) => {
                let mut held = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
                let other = held.replace(guard);
                drop(held);
                self.ensure(other.is_none(), || "two hold the lock".to_owned());
                self.guarded(|| drop(other));
            }
            Output::Permit(permit) if self.has_flaw(Flaw::LosesAPermit) => permit.forget(),
            Output::Permit(permit) if forgets => {
                let count = permit.count();
                permit.forget();
                self.forgotten.fetch_add(count, SeqCst);
            }
            Output::Permit(permit) => {
                let mut permits = self.permits();
                permits.push(permit);
                let out: usize = permits.iter().map(semaphore::OwnedPermit::count).sum();
                drop(permits);
                self.ensure(out <= PERMITS, || format!("{out} of {PERMITS} permits are held"));
            }
            Output::Bounded(permit) if forgets => {
                let count = permit.count();
                permit.forget();
                self.bounded_forgotten.fetch_add(count, SeqCst);
            }
            Output::Bounded(permit) => {
                let mut permits = self.bounded_permits();
                permits.push(permit);
                let out: usize = permits.iter().map(bounded_semaphore::OwnedPermit::count).sum();
                drop(permits);
                let most = BOUNDS[BOUNDS.len() - 1];
                self.ensure(out <= most, || format!("{out} of {most} permits are held"));
            }
            Output::Set | Output::Index(Err(_)) => {}
            Output::Index(Ok(index)) => self.ensure(index < self.barrier.parties(), || {
                format!("index {index} of {}", self.barrier.parties())
            }),
        }
    }

    /// Releases everything, so that all waits can finish, but for one that has the lock.
    pub(super) fn open(&self) {
        drop(self.take_guard());
        let _ = self.lock.release();
        if let Some(guard) = self.lock.try_acquire_owned() {
            self.condition.notify_all(&guard);
        }
        drop(mem::take(&mut *self.permits()));
        drop(mem::take(&mut *self.bounded_permits()));
        self.bounded.set_bound(BOUNDS[BOUNDS.len() - 1]);
        self.release_the_forgotten();
        self.event.set();
        if !self.barrier.broken() {
            self.barrier.abort();
        }
    }
}

fn pop<T>(all: &std::sync::Mutex<Vec<T>>) -> Option<T> {
    all.lock().unwrap_or_else(PoisonError::into_inner).pop()
}
