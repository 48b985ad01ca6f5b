//! The crates, as a machine that does what commands say.

mod future;
mod holding;
mod primitives;
mod stop;
mod waker;

use super::command::{
    Answer, Command, ConditionId, Family, Form, Id, Machine, SemaphoreId, Wait, WakerNumber, Woken,
};
use crate::support::{caught, poll};
use future::{Boxed, Outcome};
use holding::Holding;
pub(super) use primitives::Primitives;
use std::{collections::BTreeMap, fmt::Write, rc::Rc, task::Poll};
use stop::Trigger;
use waker::{Log, Wakers};

/// A future that has not finished.
struct Task<'p> {
    future: Boxed<'p>,
    wakers: Wakers,
    /// If it waits for a condition with a stop.
    stop: Option<Rc<Trigger>>,
}

pub(super) struct Subject<'p> {
    pub(super) primitives: &'p Primitives,
    futures: BTreeMap<Id, Task<'p>>,
    holdings: BTreeMap<Id, Holding<'p>>,
    log: Log,
    /// How many wakers were kept when their futures were gone.
    pub(super) left_behind: usize,
}

impl<'p> Subject<'p> {
    pub(super) fn new(primitives: &'p Primitives) -> Self {
        Self {
            primitives,
            futures: BTreeMap::new(),
            holdings: BTreeMap::new(),
            log: Log::default(),
            left_behind: 0,
        }
    }

    fn start(&mut self, id: Id, wait: Wait, form: Form) {
        let (future, stop) = match wait {
            Wait::Condition(on, until, guard) => {
                let guard = self.take(guard);
                let (future, trigger) = future::wait_with(self.primitives, on, until, guard, form);
                (future, until.has_stop().then_some(trigger))
            }
            _ => (future::wait(self.primitives, wait, form), None),
        };
        let wakers = Wakers::new(id, &self.log);
        self.futures.insert(id, Task { future, wakers, stop });
    }

    fn poll(&mut self, id: Id, waker: WakerNumber) -> Answer {
        let task = self.futures.get_mut(&id).expect("it is alive");
        let Poll::Ready(outcome) = poll(&mut task.future, &task.wakers.waker(waker)) else {
            return Answer::Pending;
        };
        self.end(id);
        self.keep(id, Some(outcome))
    }

    /// Drops a future.
    fn end(&mut self, id: Id) {
        let task = self.futures.remove(&id).expect("it is alive");
        drop(task.future);
        self.left_behind += task.wakers.kept();
    }

    fn take(&mut self, id: Id) -> Holding<'p> {
        self.holdings.remove(&id).expect("it is held")
    }

    /// Keeps what was got, if it was.
    fn keep(&mut self, id: Id, outcome: Option<Outcome<'p>>) -> Answer {
        let Some((answer, held)) = outcome else {
            return Answer::Refused;
        };
        self.holdings.extend(held.map(|held| (id, held)));
        answer
    }

    fn act(&mut self, command: Command) -> Answer {
        let all = self.primitives;
        match command {
            Command::Start(id, wait, form) => self.start(id, wait, form),
            Command::Poll(id, waker) => return self.poll(id, waker),
            Command::Cancel(id) => self.end(id),
            Command::Fire(id) => {
                let stop = self.futures.get(&id).and_then(|task| task.stop.as_ref());
                stop.expect("it has a stop").fire();
            }
            Command::TryAcquire(id, lock, form) => {
                let guard = match form {
                    Form::Borrowed => all.lock(lock).try_acquire().map(Holding::Guard),
                    Form::Owned => all.lock.try_acquire_owned().map(Holding::OwnedGuard),
                };
                return self.keep(id, guard.map(|guard| (Answer::Guard(lock), Some(guard))));
            }
            Command::Adopt(id, lock, form) => {
                let guard = match form {
                    Form::Borrowed => all.lock(lock).adopt().map(Holding::Guard),
                    Form::Owned => all.lock.adopt_owned().map(Holding::OwnedGuard),
                };
                let guard = guard.ok().map(|guard| (Answer::Guard(lock), Some(guard)));
                return self.keep(id, guard);
            }
            Command::ReleaseForgotten(lock) => return done(all.lock(lock).release().is_ok()),
            Command::Map(id) => {
                let mapped = self.take(id).map();
                self.holdings.insert(id, mapped);
            }
            Command::Forget(id) => self.take(id).forget(),
            Command::DropHolding(id) => drop(self.take(id)),
            Command::Notify(on, n, guard) => self.notify(on, Some(n), guard),
            Command::NotifyAll(on, guard) => self.notify(on, None, guard),
            Command::Stock(lock, amount) => all.stock[lock as usize].set(amount),
            Command::TryAcquireMany(id, of, n, form) => return self.try_acquire(id, of, n, form),
            Command::Release(SemaphoreId::Plain, n) => all.semaphore.release_many(n),
            Command::Release(SemaphoreId::Bounded, n) => {
                return done(all.bounded.release_many(n).is_ok());
            }
            Command::TryRelease(n) => return done(all.semaphore.try_release_many(n).is_ok()),
            Command::SetBound(bound) => all.bounded.set_bound(bound),
            Command::ReleaseTooMany(n) => {
                caught(|| all.semaphore.release_many(n));
                return Answer::Panicked;
            }
            Command::Split(id, from, n) => {
                let from = self.holdings.get_mut(&from).expect("it is held");
                let split = from.split(n);
                let of = match from {
                    Holding::Bounded(_) | Holding::OwnedBounded(_) => SemaphoreId::Bounded,
                    _ => SemaphoreId::Plain,
                };
                let split = split.map(|split| (Answer::Permit(of, split.count()), Some(split)));
                return self.keep(id, split);
            }
            Command::Merge(into, from) => {
                let from = self.take(from);
                self.holdings.get_mut(&into).expect("it is held").merge(from);
            }
            Command::Set => all.event.set(),
            Command::Clear => all.event.clear(),
            Command::Abort => all.barrier.abort(),
            Command::Reset => all.barrier.reset(),
        }
        Answer::Done
    }

    fn try_acquire(&mut self, id: Id, of: SemaphoreId, n: usize, form: Form) -> Answer {
        let all = self.primitives;
        let permit = match (of, form) {
            (SemaphoreId::Plain, Form::Borrowed) => {
                all.semaphore.try_acquire_many(n).map(Holding::Permit)
            }
            (SemaphoreId::Plain, Form::Owned) => {
                all.semaphore.try_acquire_many_owned(n).map(Holding::OwnedPermit)
            }
            (SemaphoreId::Bounded, Form::Borrowed) => {
                all.bounded.try_acquire_many(n).map(Holding::Bounded)
            }
            (SemaphoreId::Bounded, Form::Owned) => {
                all.bounded.try_acquire_many_owned(n).map(Holding::OwnedBounded)
            }
        };
        let permit = permit.map(|permit| (Answer::Permit(of, permit.count()), Some(permit)));
        self.keep(id, permit)
    }

    /// Notifies so many, or all.
    fn notify(&self, on: ConditionId, n: Option<usize>, guard: Id) {
        let all = self.primitives;
        macro_rules! notify {
            ($condition:expr, $guard:expr) => {
                match n {
                    Some(n) => $condition.notify($guard, n),
                    None => $condition.notify_all($guard),
                }
            };
        }
        match (on, &self.holdings[&guard]) {
            (ConditionId::Left, Holding::Guard(guard)) => notify!(all.left, guard),
            (ConditionId::Left, Holding::OwnedGuard(guard)) => notify!(all.left, guard),
            (ConditionId::Right, Holding::Guard(guard)) => notify!(all.right, guard),
            (ConditionId::Right, Holding::OwnedGuard(guard)) => notify!(all.right, guard),
            (ConditionId::Own, Holding::Guard(guard)) => notify!(all.own, guard),
            _ => unreachable!("a guard that is not mapped notifies"),
        }
    }
}

const fn done(done: bool) -> Answer {
    if done { Answer::Done } else { Answer::Refused }
}

impl Machine for Subject<'_> {
    fn apply(&mut self, command: Command, woken: &mut Vec<Woken>) -> Answer {
        let answer = self.act(command);
        woken.append(&mut self.log.lock().unwrap());
        answer
    }

    fn describe(&self, family: Family, text: &mut String) {
        for &line in family.lines() {
            self.primitives.describe(line, text);
        }
        if family == Family::Locks {
            for (id, task) in &self.futures {
                let polls = task.stop.as_ref().and_then(|stop| stop.polls());
                if let Some(polls) = polls {
                    let _ = writeln!(text, "stop of #{id}: polled {polls} times");
                }
            }
        }
    }
}
