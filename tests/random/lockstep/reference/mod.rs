//! The reference model: what CPython 3.13's `asyncio.locks` does, with the differences that
//! docs/guarantees.md lists.
//!
//! Nothing in it is clever. Each primitive is asyncio's: some numbers, and a list of waiters,
//! walked from its start. A drop does what a `CancelledError` does there, at once.

mod barrier;
mod condition;
mod describe;
mod event;
mod line;
mod lock;
mod semaphore;

use super::{
    command::{
        Answer, Command, ConditionId, Family, Form, Id, LockId, Machine, SemaphoreId, Wait,
        WakerNumber, Woken,
    },
    draw::Setup,
    rules::{Rule, Rules},
};
use awaitlist::semaphore::MAX_PERMITS;
use barrier::Barrier;
use condition::Place;
use event::Event;
use line::Line;
use lock::Lock;
use semaphore::Semaphore;

#[derive(Debug)]
pub(super) struct Reference {
    rules: Rules,
    locks: [Lock; 2],
    /// What the locks guard.
    stock: [u8; 2],
    conditions: [Line; 3],
    semaphores: [Semaphore; 2],
    event: Event,
    barrier: Barrier,
    pub(super) futures: Vec<Future>,
    pub(super) holdings: Vec<Holding>,
}

/// A future that has not finished.
#[derive(Debug)]
pub(super) struct Future {
    pub(super) id: Id,
    pub(super) wait: Wait,
    /// Of what it returns.
    form: Form,
    /// With which waker it was polled last. `None`: not polled yet, and in no line.
    pub(super) waker: Option<WakerNumber>,
    /// If it waits for a condition.
    condition: Option<condition::Wait>,
}

/// A guard or a permit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub(super) id: Id,
    pub(super) form: Form,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Guard { lock: LockId, mapped: bool },
    Permit { of: SemaphoreId, count: usize },
}

impl Reference {
    pub(super) fn new(setup: Setup, rules: Rules) -> Self {
        Self {
            rules,
            locks: [Lock::new(), Lock::new()],
            stock: [0; 2],
            conditions: [Line::new(), Line::new(), Line::new()],
            semaphores: [
                Semaphore::new(setup.value, MAX_PERMITS, rules),
                Semaphore::new(setup.bound, setup.bound, rules),
            ],
            event: Event::new(),
            barrier: Barrier::new(setup.parties),
            futures: Vec::new(),
            holdings: Vec::new(),
        }
    }

    /// The most permits that can be acquired at once.
    pub(super) fn ceiling(&self, semaphore: SemaphoreId) -> usize {
        self.semaphores[semaphore as usize].ceiling()
    }

    pub(super) fn value(&self, semaphore: SemaphoreId) -> usize {
        self.semaphores[semaphore as usize].value()
    }

    pub(super) fn is_forgotten(&self, lock: LockId) -> bool {
        self.locks[lock as usize].is_forgotten()
    }

    /// Whether so many releases would be too many.
    pub(super) fn refuses(&self, semaphore: SemaphoreId, n: usize) -> bool {
        self.semaphores[semaphore as usize].refuses(n)
    }

    fn future_of(&self, id: Id) -> &Future {
        let mut futures = self.futures.iter();
        futures.find(|future| future.id == id).expect("it is alive")
    }

    fn future_mut(&mut self, id: Id) -> &mut Future {
        let mut futures = self.futures.iter_mut();
        futures.find(|future| future.id == id).expect("it is alive")
    }

    fn holding_mut(&mut self, id: Id) -> &mut Holding {
        let mut holdings = self.holdings.iter_mut();
        holdings.find(|held| held.id == id).expect("it is held")
    }

    fn start(&mut self, id: Id, wait: Wait, form: Form) {
        let mut future = Future { id, wait, form, waker: None, condition: None };
        if let Wait::Condition(_, until, guard) = wait {
            // What comes back is the same kind of guard.
            future.form = take(&mut self.holdings, |held| held.id == guard).form;
            future.condition = Some(condition::Wait::new(until));
        }
        self.futures.push(future);
    }

    fn poll(&mut self, id: Id, waker: WakerNumber, woken: &mut Vec<Id>) -> Answer {
        let future = self.future_mut(id);
        let first = future.waker.replace(waker).is_none();
        match future.wait {
            Wait::Lock(lock) => match self.locks[lock as usize].poll(id, first) {
                true => Answer::Guard(lock),
                false => Answer::Pending,
            },
            Wait::Permits(semaphore, need) => {
                match self.semaphores[semaphore as usize].poll(id, need, first, woken) {
                    true => Answer::Permit(semaphore, need),
                    false => Answer::Pending,
                }
            }
            Wait::Event => match self.event.poll(id, first) {
                true => Answer::Set,
                false => Answer::Pending,
            },
            Wait::Condition(on, ..) => self.at_condition(id, on, woken, condition::Wait::poll),
            Wait::Barrier => match self.barrier.poll(id, first, woken) {
                Some(Ok(index)) => Answer::Index(index),
                Some(Err(error)) => Answer::Broken(error),
                None => Answer::Pending,
            },
        }
    }

    /// What a drop does to the lines. One that was never polled is in none.
    fn cancel(&mut self, id: Id, woken: &mut Vec<Id>) {
        let future = self.future_mut(id);
        let queued = future.waker.is_some();
        match future.wait {
            Wait::Condition(on, ..) => self.at_condition(id, on, woken, condition::Wait::abandon),
            _ if !queued => {}
            Wait::Lock(lock) => self.locks[lock as usize].cancel(id, woken),
            Wait::Permits(of, _) => self.semaphores[of as usize].cancel(id, woken),
            Wait::Event => drop(self.event.line.leave(id)),
            Wait::Barrier => self.barrier.cancel(id, woken),
        }
    }

    /// Does something to a wait for a condition.
    fn at_condition<R>(
        &mut self,
        who: Id,
        on: ConditionId,
        woken: &mut Vec<Id>,
        action: impl FnOnce(&mut condition::Wait, &mut Place<'_>) -> R,
    ) -> R {
        let future = self.future_of(who);
        let waker = future.waker;
        let lock_id = on.lock();
        let mut place = Place {
            rules: self.rules,
            who,
            waker,
            line: &mut self.conditions[on as usize],
            lock: &mut self.locks[lock_id as usize],
            stock: &mut self.stock[lock_id as usize],
            lock_id,
            woken,
        };
        let mut future = self.futures.iter_mut().find(|future| future.id == who);
        let wait = future.as_mut().and_then(|future| future.condition.as_mut());
        action(wait.expect("it waits for one"), &mut place)
    }

    /// Makes a stop ready. Returns the waker that it wakes.
    fn fire(&mut self, id: Id) -> Option<WakerNumber> {
        let wait = self.future_mut(id).condition.as_mut();
        wait.expect("it has a stop").fire()
    }

    /// Keeps what an answer holds.
    fn keep(&mut self, id: Id, form: Form, answer: Answer) {
        let what = match answer {
            Answer::Guard(lock)
            | Answer::GuardAndLeft(lock, _)
            | Answer::GuardAndStopped(lock, _) => What::Guard { lock, mapped: false },
            Answer::Permit(of, count) => What::Permit { of, count },
            _ => return,
        };
        self.holdings.push(Holding { id, form, what });
    }

    /// What a command does, except for what its answer holds, and for a future that it ends.
    fn act(&mut self, command: Command, woken: &mut Vec<Id>) -> Answer {
        match command {
            Command::Start(id, wait, form) => self.start(id, wait, form),
            Command::Poll(id, waker) => return self.poll(id, waker, woken),
            Command::Cancel(id) => self.cancel(id, woken),
            Command::Fire(_) => unreachable!("see `fire`"),
            Command::TryAcquire(_, lock, _) => {
                return match self.locks[lock as usize].enter() {
                    true => Answer::Guard(lock),
                    false => Answer::Refused,
                };
            }
            Command::Adopt(_, lock, _) => {
                let stays = !self.rules.has(Rule::AdoptedHoldIsGuarded);
                let lock_state = &mut self.locks[lock as usize];
                let adopted = lock_state.adopt();
                if adopted && stays {
                    lock_state.forget();
                }
                return match adopted {
                    true => Answer::Guard(lock),
                    false => Answer::Refused,
                };
            }
            Command::ReleaseForgotten(lock) => {
                let lock = &mut self.locks[lock as usize];
                if !lock.adopt() {
                    return Answer::Refused;
                }
                lock.release(woken);
            }
            Command::Map(id) => {
                if let What::Guard { mapped, .. } = &mut self.holding_mut(id).what {
                    *mapped = true;
                }
            }
            Command::Forget(id) => {
                if let What::Guard { lock, .. } =
                    take(&mut self.holdings, |held| held.id == id).what
                {
                    let lock = &mut self.locks[lock as usize];
                    match self.rules.has(Rule::ForgottenHoldStays) {
                        true => lock.forget(),
                        false => lock.release(woken),
                    }
                }
            }
            Command::DropHolding(id) => match take(&mut self.holdings, |held| held.id == id).what {
                What::Guard { lock, .. } => self.locks[lock as usize].release(woken),
                What::Permit { of, count } => self.semaphores[of as usize].give_back(count, woken),
            },
            Command::Notify(on, n, _) => self.conditions[on as usize].wake(n, woken),
            Command::NotifyAll(on, _) => self.conditions[on as usize].wake_all(woken),
            Command::Stock(lock, amount) => self.stock[lock as usize] = amount,
            Command::TryAcquireMany(_, of, need, _) => {
                return match self.semaphores[of as usize].enter(need) {
                    true => Answer::Permit(of, need),
                    false => Answer::Refused,
                };
            }
            Command::Release(of, n) => {
                if !self.semaphores[of as usize].release(n, woken) {
                    return Answer::Refused;
                }
            }
            Command::TryRelease(n) => {
                if !self.semaphores[SemaphoreId::Plain as usize].release(n, woken) {
                    return Answer::Refused;
                }
            }
            Command::ReleaseTooMany(_) => return Answer::Panicked,
            Command::SetBound(bound) => {
                self.semaphores[SemaphoreId::Bounded as usize].set_bound(bound, woken);
            }
            Command::Split(_, from, n) => {
                let rules = self.rules;
                let What::Permit { of, count } = &mut self.holding_mut(from).what else {
                    unreachable!("a permit is split");
                };
                let rest = match rules.has(Rule::SplitsWhatIsThere) {
                    true => count.checked_sub(n),
                    false => Some(count.saturating_sub(n)),
                };
                return match rest {
                    Some(rest) => {
                        *count = rest;
                        Answer::Permit(*of, n)
                    }
                    None => Answer::Refused,
                };
            }
            Command::Merge(into, from) => {
                let from = take(&mut self.holdings, |held| held.id == from).what;
                if let (What::Permit { count, .. }, What::Permit { count: more, .. }) =
                    (&mut self.holding_mut(into).what, from)
                {
                    *count = count.saturating_add(more);
                }
            }
            Command::Set => self.event.set(woken),
            Command::Clear => self.event.set = false,
            Command::Abort => self.barrier.abort(woken),
            Command::Reset => self.barrier.reset(woken),
        }
        Answer::Done
    }
}

/// Takes out the one that `is` it. There is one.
fn take<T>(all: &mut Vec<T>, is: impl FnMut(&T) -> bool) -> T {
    let place = all.iter().position(is);
    all.remove(place.expect("it is there"))
}

impl Machine for Reference {
    fn apply(&mut self, command: Command, woken: &mut Vec<Woken>) -> Answer {
        if let Command::Fire(id) = command {
            woken.extend(self.fire(id).map(|waker| Woken(id, waker)));
            return Answer::Done;
        }
        let mut awake = Vec::new();
        let answer = self.act(command, &mut awake);
        woken.extend(awake.into_iter().map(|who| {
            let waker = self.future_mut(who).waker;
            Woken(who, waker.expect("only who was polled is woken"))
        }));
        match command {
            Command::Cancel(id) => drop(take(&mut self.futures, |future| future.id == id)),
            Command::Poll(id, _) if answer.is_ready() => {
                let future = take(&mut self.futures, |future| future.id == id);
                self.keep(id, future.form, answer);
            }
            Command::Split(id, from, _) => {
                let form = self.holding_mut(from).form;
                self.keep(id, form, answer);
            }
            Command::TryAcquire(id, _, form)
            | Command::Adopt(id, _, form)
            | Command::TryAcquireMany(id, _, _, form) => self.keep(id, form, answer),
            _ => {}
        }
        answer
    }

    fn describe(&self, family: Family, text: &mut String) {
        for &line in family.lines() {
            self.describe_line(line, text);
        }
        if family == Family::Locks {
            self.describe_stops(text);
        }
    }
}
