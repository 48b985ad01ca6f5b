//! The futures of a program, boxed: what each returns, and what the program then holds.

use super::{
    holding::Holding,
    primitives::Primitives,
    stop::{Stop, Trigger},
};
use crate::lockstep::command::{Answer, ConditionId, Form, LockId, SemaphoreId, Until, Wait};
use awaitlist::semaphore::{AnySemaphore, Handle, Permit};
use awaitlist::{BrokenBarrier, Condition, Lock, lock::Guard};
use std::{borrow::Borrow, cell::Cell, future::Future, pin::Pin, rc::Rc, sync::Arc};

pub(super) type Outcome<'p> = (Answer, Option<Holding<'p>>);
pub(super) type Boxed<'p> = Pin<Box<dyn Future<Output = Outcome<'p>> + 'p>>;

/// A future that waits for something else than a condition.
pub(super) fn wait<'p>(primitives: &'p Primitives, wait: Wait, form: Form) -> Boxed<'p> {
    match (wait, form) {
        (Wait::Lock(id), Form::Borrowed) => guard(id, primitives.lock(id).acquire()),
        (Wait::Lock(id), Form::Owned) => guard(id, primitives.lock.acquire_owned()),
        (Wait::Permits(id @ SemaphoreId::Plain, n), Form::Borrowed) => {
            permit(id, primitives.semaphore.acquire_many(n))
        }
        (Wait::Permits(id @ SemaphoreId::Plain, n), Form::Owned) => {
            permit(id, primitives.semaphore.acquire_many_owned(n))
        }
        (Wait::Permits(id @ SemaphoreId::Bounded, n), Form::Borrowed) => {
            permit(id, primitives.bounded.acquire_many(n))
        }
        (Wait::Permits(id @ SemaphoreId::Bounded, n), Form::Owned) => {
            permit(id, primitives.bounded.acquire_many_owned(n))
        }
        (Wait::Event, Form::Borrowed) => set(primitives.event.wait()),
        (Wait::Event, Form::Owned) => set(primitives.event.wait_owned()),
        (Wait::Barrier, Form::Borrowed) => index(primitives.barrier.wait()),
        (Wait::Barrier, Form::Owned) => index(primitives.barrier.wait_owned()),
        (Wait::Condition(..), _) => unreachable!("see `wait_with`"),
    }
}

fn guard<'p, G>(id: LockId, future: impl Future<Output = G> + 'p) -> Boxed<'p>
where
    G: Into<Holding<'p>>,
{
    Box::pin(async move { (Answer::Guard(id), Some(future.await.into())) })
}

fn permit<'p, H>(id: SemaphoreId, future: impl Future<Output = Permit<H>> + 'p) -> Boxed<'p>
where
    H: Handle<Target: AnySemaphore> + 'p,
    Permit<H>: Into<Holding<'p>>,
{
    Box::pin(async move {
        let permit = future.await;
        (Answer::Permit(id, permit.count()), Some(permit.into()))
    })
}

fn set<'p>(future: impl Future<Output = ()> + 'p) -> Boxed<'p> {
    Box::pin(async move {
        future.await;
        (Answer::Set, None)
    })
}

fn index<'p>(future: impl Future<Output = Result<usize, BrokenBarrier>> + 'p) -> Boxed<'p> {
    Box::pin(async move {
        match future.await {
            Ok(index) => (Answer::Index(index), None),
            Err(error) => (Answer::Broken(error), None),
        }
    })
}

/// A future that waits for a condition, and its trigger.
pub(super) fn wait_with<'p>(
    primitives: &'p Primitives,
    condition: ConditionId,
    until: Until,
    guard: Holding<'p>,
    form: Form,
) -> (Boxed<'p>, Rc<Trigger>) {
    let lock = condition.lock();
    let waiting = Waiting {
        lock,
        stock: &primitives.stock[lock as usize],
        until,
        form,
        trigger: Rc::default(),
    };
    let trigger = Rc::clone(&waiting.trigger);
    let on_shared = match condition {
        ConditionId::Left => &primitives.left,
        _ => &primitives.right,
    };
    let boxed = match (condition, guard) {
        (ConditionId::Own, Holding::Guard(guard)) => waiting.on(&primitives.own, guard),
        (_, Holding::Guard(guard)) => waiting.on(on_shared, guard),
        (_, Holding::OwnedGuard(guard)) => waiting.on(on_shared, guard),
        _ => unreachable!("a guard that is not mapped waits"),
    };
    (boxed, trigger)
}

/// How a condition is waited for.
struct Waiting<'p> {
    lock: LockId,
    stock: &'p Cell<u8>,
    until: Until,
    form: Form,
    trigger: Rc<Trigger>,
}

impl<'p> Waiting<'p> {
    fn on<L, G>(self, condition: &'p Arc<Condition<(), L>>, guard: Guard<(), G>) -> Boxed<'p>
    where
        L: Borrow<Lock<()>> + 'p,
        G: Handle<Target = Lock<()>> + 'p,
        Guard<(), G>: Into<Holding<'p>>,
    {
        let Self { lock, stock, until, form, trigger } = self;
        let take = move || {
            let left = stock.get().checked_sub(1)?;
            stock.set(left);
            Some(left)
        };
        let stop = Stop {
            trigger,
            last_word: (until == Until::StoppedWithANotify).then_some(&**condition),
        };
        match (until, form) {
            (Until::Notified, Form::Borrowed) => self::guard(lock, condition.wait(guard)),
            (Until::Notified, Form::Owned) => self::guard(lock, condition.wait_owned(guard)),
            (Until::Stocked, _) => {
                self::guard(lock, condition.wait_for(guard, move |()| take().is_some()))
            }
            (Until::Left, _) => {
                let future = condition.wait_for_some(guard, move |()| take());
                Box::pin(async move {
                    let (guard, left) = future.await;
                    (Answer::GuardAndLeft(lock, left), Some(guard.into()))
                })
            }
            (Until::StockedOrStopped, _) => {
                let future = condition.wait_for_or(guard, move |()| take().is_some(), stop);
                Box::pin(async move {
                    let (guard, outcome) = future.await;
                    let answer = Answer::GuardAndStopped(lock, outcome.is_err());
                    (answer, Some(guard.into()))
                })
            }
            (Until::LeftOrStopped, _) => {
                let future = condition.wait_for_some_or(guard, move |()| take(), stop);
                Box::pin(async move {
                    let (guard, outcome) = future.await;
                    let answer = match outcome {
                        Ok(left) => Answer::GuardAndLeft(lock, left),
                        Err(()) => Answer::GuardAndStopped(lock, true),
                    };
                    (answer, Some(guard.into()))
                })
            }
            (Until::Stopped | Until::StoppedWithANotify, _) => {
                let future = condition.wait_or(guard, stop);
                Box::pin(async move {
                    let (guard, outcome) = future.await;
                    let answer = Answer::GuardAndStopped(lock, outcome.is_err());
                    (answer, Some(guard.into()))
                })
            }
        }
    }
}
