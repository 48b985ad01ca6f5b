//! How a program is drawn: what to do next, out of four bytes and of what there is at that moment.
//!
//! The same for proptest and the fuzzer. Whatever the bytes are, they make a program; a command
//! that is not possible at its moment (a guard dropped when there is none) is left out.

use super::{
    command::{
        Command, ConditionId, Form, Id, LockId, SemaphoreId, Until, WAKERS, Wait, WakerNumber,
    },
    reference::{Holding, Reference, What},
};
use crate::support::Rng;
use awaitlist::semaphore::MAX_PERMITS;
use std::array;

/// How many futures there are at most at a time.
const FUTURES: usize = 8;

/// What one step is drawn from.
pub type Draw = [u8; 4];

/// With which primitives a program works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// One lock.
    Lock,
    /// One semaphore.
    Semaphore,
    /// One bounded semaphore.
    BoundedSemaphore,
    /// One event.
    Event,
    /// A condition with a lock of its own, and two that share one.
    Condition,
    /// One barrier.
    Barrier,
    /// All of them.
    All,
}

impl Focus {
    /// Each alone.
    pub const ALONE: [Self; 6] = [
        Self::Lock,
        Self::Semaphore,
        Self::BoundedSemaphore,
        Self::Event,
        Self::Condition,
        Self::Barrier,
    ];
}

/// A random schedule.
///
/// `Debug` writes it as the script that it makes, with what the reference says to each step.
#[derive(Clone)]
pub struct Program {
    /// With which primitives.
    pub focus: Focus,
    /// Out of which the numbers are drawn that the primitives begin with.
    pub setup: [u8; 3],
    /// The steps.
    pub draws: Vec<Draw>,
}

impl Program {
    /// The program of a seed: with one primitive, or with all of them.
    pub fn of_seed(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        // Small seeds differ in few bits.
        rng.below(1);
        let mut byte = || rng.below(256) as u8;
        let focus = match usize::from(byte() % 8) {
            alone if alone < Focus::ALONE.len() => Focus::ALONE[alone],
            _ => Focus::All,
        };
        let setup = array::from_fn(|_| byte());
        let draws = (0..byte() % 120).map(|_| array::from_fn(|_| byte())).collect();
        Self { focus, setup, draws }
    }
}

/// What the primitives begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    /// Of the semaphore.
    pub(super) value: usize,
    /// Of the bounded semaphore.
    pub(super) bound: usize,
    /// Of the barrier.
    pub(super) parties: usize,
}

impl Setup {
    pub(super) fn drawn([value, bound, parties]: [u8; 3]) -> Self {
        Self {
            value: [1, 2, 3, 4, 5, 0, 1, MAX_PERMITS - 2][usize::from(value % 8)],
            bound: [1, 2, 3, 4, 5, 0][usize::from(bound % 6)],
            parties: [2, 3, 4, 5, 1][usize::from(parties % 5)],
        }
    }
}

/// The next step of a program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Polls the futures that were woken, in that order, each with this waker.
    Tick(WakerNumber),
    /// Makes a future, and polls it.
    Begin(Command, Id, WakerNumber),
    One(Command),
}

/// Draws the next step. `next` is the number of the next future, guard or permit.
pub(super) fn draw(draw: Draw, focus: Focus, now: &Reference, next: Id) -> Option<Step> {
    let [verb, which, how, much] = draw;
    let picks = Picks { now, next, which: usize::from(which), much: usize::from(much) };
    let waker = how % WAKERS;
    let focus = match focus {
        Focus::All => Focus::ALONE[usize::from(how) % Focus::ALONE.len()],
        alone => alone,
    };
    let detail = usize::from(verb / 16);
    let command = match verb % 16 {
        0..=4 => Command::Poll(picks.future()?, waker),
        5..=6 => return Some(Step::Tick(waker)),
        7..=8 => return Some(Step::Begin(picks.start(focus, detail)?, next, waker)),
        9 => picks.start(focus, detail)?,
        10 => Command::Cancel(picks.future()?),
        _ => picks.act(focus, detail)?,
    };
    Some(Step::One(command))
}

/// Picks among what there is.
struct Picks<'a> {
    now: &'a Reference,
    next: Id,
    which: usize,
    much: usize,
}

impl Picks<'_> {
    /// One of `all`.
    fn one<T>(&self, all: impl Iterator<Item = T> + Clone) -> Option<T> {
        let count = all.clone().count();
        let place = self.which.checked_rem(count)?;
        all.clone().nth(place)
    }

    fn future(&self) -> Option<Id> {
        self.one(self.now.futures.iter().map(|future| future.id))
    }

    /// A guard that is not mapped, or any.
    fn guard(&self, or_mapped: bool) -> Option<(Id, LockId)> {
        let held = self.now.holdings.iter();
        self.one(held.filter_map(|held| match held.what {
            What::Guard { lock, mapped } if or_mapped || !mapped => Some((held.id, lock)),
            _ => None,
        }))
    }

    /// Permits of a semaphore.
    fn permits(&self, of: SemaphoreId) -> impl Iterator<Item = &Holding> + Clone {
        let held = self.now.holdings.iter();
        held.filter(move |held| matches!(held.what, What::Permit { of: its, .. } if its == of))
    }

    fn permit(&self, of: SemaphoreId) -> Option<Id> {
        self.one(self.permits(of)).map(|permit| permit.id)
    }

    fn form(&self) -> Form {
        match self.which % 2 {
            0 => Form::Borrowed,
            _ => Form::Owned,
        }
    }

    /// There is no `Arc` of the lock that is part of a condition.
    fn lock_form(&self, lock: LockId) -> Form {
        match lock {
            LockId::Shared => self.form(),
            LockId::Own => Form::Borrowed,
        }
    }

    fn lock(&self, focus: Focus) -> LockId {
        match focus {
            Focus::Condition if self.much % 4 == 3 => LockId::Own,
            _ => LockId::Shared,
        }
    }

    /// The semaphore of a focus.
    fn semaphore(focus: Focus) -> SemaphoreId {
        match focus {
            Focus::BoundedSemaphore => SemaphoreId::Bounded,
            _ => SemaphoreId::Plain,
        }
    }

    /// How many permits to acquire: no more than can be had.
    fn need(&self, of: SemaphoreId) -> usize {
        let all = self.now.value(of);
        [1, 1, 1, 2, 2, 3, 0, all][self.much % 8].min(self.now.ceiling(of))
    }

    /// How many permits to release.
    fn surplus(&self) -> usize {
        match self.much {
            255 => MAX_PERMITS - 1,
            much => [1, 1, 1, 2, 3, 5, 0, 4][much % 8],
        }
    }

    fn start(&self, focus: Focus, detail: usize) -> Option<Command> {
        if self.now.futures.len() >= FUTURES {
            return None;
        }
        let mut form = self.form();
        let wait = match focus {
            Focus::Lock | Focus::All => Wait::Lock(LockId::Shared),
            Focus::Semaphore | Focus::BoundedSemaphore => {
                let of = Self::semaphore(focus);
                Wait::Permits(of, self.need(of))
            }
            Focus::Event => Wait::Event,
            Focus::Barrier => Wait::Barrier,
            Focus::Condition => match self.guard(false).filter(|_| detail % 4 < 3) {
                Some((guard, lock)) => self.wait_with(guard, lock, detail),
                None => {
                    let lock = self.lock(focus);
                    form = self.lock_form(lock);
                    Wait::Lock(lock)
                }
            },
        };
        Some(Command::Start(self.next, wait, form))
    }

    fn wait_with(&self, guard: Id, lock: LockId, detail: usize) -> Wait {
        let until = match (detail, self.much / 16 % 2) {
            (0..=4, _) => Until::Notified,
            (5..=6, 0) => Until::Stocked,
            (5..=6, _) => Until::StockedOrStopped,
            (7..=8, 0) => Until::Left,
            (7..=8, _) => Until::LeftOrStopped,
            (9..=12, _) => Until::Stopped,
            _ => Until::StoppedWithANotify,
        };
        Wait::Condition(self.condition(lock), until, guard)
    }

    fn condition(&self, lock: LockId) -> ConditionId {
        match (lock, self.much % 4) {
            (LockId::Own, _) => ConditionId::Own,
            (LockId::Shared, 3) => ConditionId::Right,
            (LockId::Shared, _) => ConditionId::Left,
        }
    }

    fn act(&self, focus: Focus, detail: usize) -> Option<Command> {
        match focus {
            Focus::Lock | Focus::All => self.act_on_lock(LockId::Shared, detail),
            Focus::Semaphore | Focus::BoundedSemaphore => {
                self.act_on_semaphore(Self::semaphore(focus), detail)
            }
            Focus::Event => Some(match detail % 2 {
                0 => Command::Set,
                _ => Command::Clear,
            }),
            Focus::Condition => self.act_on_condition(detail),
            Focus::Barrier => match detail {
                0 => Some(Command::Abort),
                1..=2 => Some(Command::Reset),
                _ => self.start(focus, detail),
            },
        }
    }

    fn act_on_lock(&self, lock: LockId, detail: usize) -> Option<Command> {
        let (next, form) = (self.next, self.lock_form(lock));
        Some(match detail {
            0..=6 => Command::DropHolding(self.guard(true)?.0),
            7..=8 => Command::TryAcquire(next, lock, form),
            9..=10 => Command::Forget(self.guard(false)?.0),
            11..=12 => Command::ReleaseForgotten(lock),
            13 => Command::Adopt(next, lock, form),
            _ => Command::Map(self.guard(true)?.0),
        })
    }

    fn act_on_condition(&self, detail: usize) -> Option<Command> {
        if detail < 3 {
            // One of the sixteen that there are, whichever of the details this was.
            return self.act_on_lock(self.lock(Focus::Condition), self.much / 4 % 16);
        }
        if detail < 5 {
            let futures = self.now.futures.iter();
            let stops = futures.filter(
                |future| matches!(future.wait, Wait::Condition(_, until, _) if until.has_stop()),
            );
            return Some(Command::Fire(self.one(stops.map(|future| future.id))?));
        }
        let Some((guard, lock)) = self.guard(detail < 8) else {
            let lock = self.lock(Focus::Condition);
            return Some(Command::TryAcquire(self.next, lock, self.lock_form(lock)));
        };
        let on = self.condition(lock);
        Some(match detail {
            5..=7 => Command::DropHolding(guard),
            8..=12 => Command::Notify(on, [1, 1, 2, 0][self.much / 4 % 4], guard),
            13 => Command::NotifyAll(on, guard),
            _ => Command::Stock(lock, [1, 2, 0][self.much % 3]),
        })
    }

    fn act_on_semaphore(&self, of: SemaphoreId, detail: usize) -> Option<Command> {
        Some(match detail {
            0..=5 => Command::DropHolding(self.permit(of)?),
            6..=8 => match (of, self.surplus()) {
                (SemaphoreId::Plain, n) if self.which % 2 == 1 => Command::TryRelease(n),
                (SemaphoreId::Plain, n) if self.now.refuses(of, n) => Command::ReleaseTooMany(n),
                (_, n) => Command::Release(of, n),
            },
            9..=10 => Command::TryAcquireMany(self.next, of, self.need(of), self.form()),
            11 => Command::Forget(self.permit(of)?),
            12 if of == SemaphoreId::Bounded => {
                Command::SetBound([0, 1, 2, 3, 4, 6, 9, MAX_PERMITS][self.much % 8])
            }
            12..=13 => Command::Split(self.next, self.permit(of)?, self.much % 3),
            _ => {
                let into = self.one(self.permits(of))?;
                // One of the same type.
                let mut others = self.permits(of).filter(|other| other.form == into.form);
                let from = others.find(|other| other.id != into.id)?;
                Command::Merge(into.id, from.id)
            }
        })
    }
}
