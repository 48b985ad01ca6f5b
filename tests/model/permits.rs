//! Both semaphores, with permits by the many, which asyncio has not.

use awaitlist::{
    BoundedSemaphore, Semaphore, bounded_semaphore,
    semaphore::{self, MAX_PERMITS},
};
use proptest::prelude::*;
use std::{collections::VecDeque, sync::Arc, task::Poll};
use tokio_test::task::{Spawn, spawn};

/// What a user can do. Numbers that choose among futures or permits are taken modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Polls a new future that acquires so many, for the first time.
    Acquire(usize),
    TryAcquire(usize),
    /// Polls a future that waits.
    Poll(usize),
    /// Drops a future that waits.
    Cancel(usize),
    /// Drops a permit.
    GiveBack(usize),
    /// Splits so many off a permit, and drops these.
    GiveBackPart(usize, usize),
    Forget(usize),
    ReleaseMany(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0_usize..8;
    let step = prop_oneof![
        4 => (0_usize..5).prop_map(Step::Acquire),
        1 => (0_usize..5).prop_map(Step::TryAcquire),
        3 => which.clone().prop_map(Step::Poll),
        2 => which.clone().prop_map(Step::Cancel),
        2 => which.clone().prop_map(Step::GiveBack),
        1 => (which.clone(), 0_usize..5).prop_map(|(n, part)| Step::GiveBackPart(n, part)),
        1 => which.prop_map(Step::Forget),
        2 => (0_usize..6).prop_map(Step::ReleaseMany),
    ];
    prop::collection::vec(step, 0..60)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    need: usize,
    granted: bool,
}

/// A semaphore as it is promised.
#[derive(Clone, Debug)]
struct Model {
    bound: usize,
    value: usize,
    /// Who waits, first come first, those included that were granted and have not run.
    line: VecDeque<Waiter>,
}

impl Model {
    /// Grants the first that was not, if its need is there.
    fn grant_one(&mut self) -> bool {
        let Some(head) = self.line.iter_mut().find(|waiter| !waiter.granted) else {
            return false;
        };
        head.granted = head.need <= self.value;
        if head.granted {
            self.value -= head.need;
        }
        head.granted
    }

    fn acquire(&mut self, need: usize) -> bool {
        let granted = self.try_acquire(need);
        if !granted {
            self.line.push_back(Waiter { need, granted });
        }
        granted
    }

    fn try_acquire(&mut self, need: usize) -> bool {
        let enters = self.line.is_empty() && need <= self.value;
        if enters {
            self.value -= need;
        }
        enters
    }

    fn poll(&mut self, place: usize) -> bool {
        let granted = self.line[place].granted;
        if granted {
            self.line.remove(place);
            while self.grant_one() {}
        }
        granted
    }

    fn cancel(&mut self, place: usize) {
        let waiter = self.line.remove(place).expect("a place in the line");
        if waiter.granted {
            self.value = self.bound.min(self.value + waiter.need);
        }
        while self.grant_one() {}
    }

    /// A guard's drop: so many releases, each of which is let go where there is no room for it.
    fn give_back(&mut self, count: usize) {
        for _ in 0..count {
            self.value = self.bound.min(self.value + 1);
            self.grant_one();
        }
    }

    fn release_many(&mut self, count: usize) -> bool {
        let before = self.clone();
        for _ in 0..count {
            if self.value == self.bound {
                *self = before;
                return false;
            }
            self.give_back(1);
        }
        true
    }
}

/// What the two semaphores have in common.
trait Subject: Sized {
    type Permit;
    type Acquire: Future<Output = Self::Permit>;

    fn acquire(self: &Arc<Self>, n: usize) -> Self::Acquire;
    fn try_acquire(self: &Arc<Self>, n: usize) -> Option<Self::Permit>;
    fn release(&self, n: usize) -> bool;
    /// The value, how many wait, and whether it is locked.
    fn state(&self) -> (usize, usize, bool);
    fn count(permit: &Self::Permit) -> usize;
    fn split(permit: &mut Self::Permit, n: usize) -> Option<Self::Permit>;
    fn forget(permit: Self::Permit);
}

macro_rules! subject {
    ($semaphore:ident, $module:ident, |$subject:ident, $n:ident| $release:expr) => {
        impl Subject for $semaphore {
            type Permit = $module::OwnedPermit;
            type Acquire = $module::AcquireOwned;

            fn acquire(self: &Arc<Self>, n: usize) -> Self::Acquire {
                self.acquire_many_owned(n)
            }
            fn try_acquire(self: &Arc<Self>, n: usize) -> Option<Self::Permit> {
                self.try_acquire_many_owned(n)
            }
            fn release(&self, $n: usize) -> bool {
                let $subject = self;
                $release
            }
            fn state(&self) -> (usize, usize, bool) {
                (self.value(), self.waiters(), self.locked())
            }
            fn count(permit: &Self::Permit) -> usize {
                permit.count()
            }
            fn split(permit: &mut Self::Permit, n: usize) -> Option<Self::Permit> {
                permit.split(n)
            }
            fn forget(permit: Self::Permit) {
                permit.forget();
            }
        }
    };
}

subject!(Semaphore, semaphore, |semaphore, n| {
    semaphore.release_many(n);
    true
});
subject!(BoundedSemaphore, bounded_semaphore, |semaphore, n| {
    semaphore.release_many(n).is_ok()
});

/// Takes each step with both, and compares all that can be seen.
fn compare<S: Subject>(subject: S, mut model: Model, steps: &[Step]) -> Result<(), TestCaseError> {
    let subject = Arc::new(subject);
    let mut waits: Vec<Spawn<S::Acquire>> = Vec::new();
    let mut permits: Vec<S::Permit> = Vec::new();
    let most = model.bound.clamp(1, 4);
    for step in steps {
        match *step {
            Step::Acquire(need) => {
                let need = need.min(most);
                let mut wait = spawn(subject.acquire(need));
                let permit = match wait.poll() {
                    Poll::Ready(permit) => Some(permit),
                    Poll::Pending => None,
                };
                prop_assert_eq!(permit.is_some(), model.acquire(need));
                if permit.is_none() {
                    waits.push(wait);
                }
                permits.extend(permit);
            }
            Step::TryAcquire(need) => {
                let permit = subject.try_acquire(need);
                prop_assert_eq!(permit.is_some(), model.try_acquire(need));
                permits.extend(permit);
            }
            Step::Poll(n) if !waits.is_empty() => {
                let n = n % waits.len();
                let ready = model.poll(n);
                match waits[n].poll() {
                    Poll::Ready(permit) => {
                        prop_assert!(ready);
                        permits.push(permit);
                        drop(waits.remove(n));
                    }
                    Poll::Pending => prop_assert!(!ready),
                }
            }
            Step::Cancel(n) if !waits.is_empty() => {
                let n = n % waits.len();
                model.cancel(n);
                drop(waits.remove(n));
            }
            Step::GiveBack(n) if !permits.is_empty() => {
                let permit = permits.swap_remove(n % permits.len());
                model.give_back(S::count(&permit));
                drop(permit);
            }
            Step::GiveBackPart(n, part) if !permits.is_empty() => {
                let n = n % permits.len();
                let before = S::count(&permits[n]);
                let split = S::split(&mut permits[n], part);
                prop_assert_eq!(split.is_some(), part <= before);
                if let Some(split) = split {
                    prop_assert_eq!(
                        (S::count(&split), S::count(&permits[n])),
                        (part, before - part)
                    );
                    model.give_back(part);
                }
            }
            Step::Forget(n) if !permits.is_empty() => {
                S::forget(permits.swap_remove(n % permits.len()));
            }
            Step::ReleaseMany(n) => {
                prop_assert_eq!(subject.release(n), model.release_many(n));
            }
            _ => {}
        }
        let locked = model.value == 0 || !model.line.is_empty();
        prop_assert_eq!(
            subject.state(),
            (model.value, model.line.len(), locked),
            "after {:?}",
            step
        );
        let granted: Vec<_> = model.line.iter().map(|waiter| waiter.granted).collect();
        let woken: Vec<_> = waits.iter().map(Spawn::is_woken).collect();
        prop_assert_eq!(woken, granted, "after {:?}", step);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_semaphore_is_as_it_is_promised(value in 0_usize..5, steps in steps()) {
        let model = Model { bound: MAX_PERMITS, value, line: VecDeque::new() };
        compare(Semaphore::new(value), model, &steps)?;
    }

    #[test]
    fn a_bounded_semaphore_is_as_it_is_promised(bound in 0_usize..5, steps in steps()) {
        let model = Model { bound, value: bound, line: VecDeque::new() };
        compare(BoundedSemaphore::new(bound), model, &steps)?;
    }
}
