//! What can be done to the primitives, one step at a time, and what may come of it.

use awaitlist::BrokenBarrier;

/// The number of a future, of a guard or of a permit, used once in a program. The output of a
/// future keeps its number.
pub(super) type Id = u32;

/// Which of a future's wakers.
pub(super) type WakerNumber = u8;

/// How many wakers each future has.
pub(super) const WAKERS: WakerNumber = 3;

/// By reference or by `Arc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Borrowed,
    Owned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockId {
    /// Two conditions share it.
    Shared,
    /// A condition has it for its own.
    Own,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConditionId {
    /// One of the two on the shared lock.
    Left,
    /// The other one.
    Right,
    /// With a lock of its own.
    Own,
}

impl ConditionId {
    pub(super) const fn lock(self) -> LockId {
        match self {
            Self::Left | Self::Right => LockId::Shared,
            Self::Own => LockId::Own,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SemaphoreId {
    Plain,
    Bounded,
}

/// A line in which futures wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineId {
    Lock(LockId),
    Semaphore(SemaphoreId),
    Event,
    Condition(ConditionId),
    Barrier,
}

impl LineId {
    pub(super) const fn family(self) -> Family {
        match self {
            Self::Lock(_) | Self::Condition(_) => Family::Locks,
            Self::Semaphore(SemaphoreId::Plain) => Family::Plain,
            Self::Semaphore(SemaphoreId::Bounded) => Family::Bounded,
            Self::Event => Family::Event,
            Self::Barrier => Family::Barrier,
        }
    }
}

/// What one command may change: a primitive, or the locks and the conditions on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Locks,
    Plain,
    Bounded,
    Event,
    Barrier,
}

impl Family {
    pub(super) const ALL: [Self; 5] =
        [Self::Locks, Self::Plain, Self::Bounded, Self::Event, Self::Barrier];

    /// The lines of which it consists.
    pub(super) const fn lines(self) -> &'static [LineId] {
        match self {
            Self::Locks => &[
                LineId::Lock(LockId::Shared),
                LineId::Lock(LockId::Own),
                LineId::Condition(ConditionId::Left),
                LineId::Condition(ConditionId::Right),
                LineId::Condition(ConditionId::Own),
            ],
            Self::Plain => &[LineId::Semaphore(SemaphoreId::Plain)],
            Self::Bounded => &[LineId::Semaphore(SemaphoreId::Bounded)],
            Self::Event => &[LineId::Event],
            Self::Barrier => &[LineId::Barrier],
        }
    }
}

/// What a future waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Lock(LockId),
    Permits(SemaphoreId, usize),
    Event,
    /// With the guard of that number, which is gone then.
    Condition(ConditionId, Until, Id),
    Barrier,
}

impl Wait {
    /// The line that it joins first.
    pub(super) const fn line(self) -> LineId {
        match self {
            Self::Lock(lock) => LineId::Lock(lock),
            Self::Permits(semaphore, _) => LineId::Semaphore(semaphore),
            Self::Event => LineId::Event,
            Self::Condition(condition, ..) => LineId::Condition(condition),
            Self::Barrier => LineId::Barrier,
        }
    }
}

/// Until when a condition is waited for. There is a stock of goods under each lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// `wait`.
    Notified,
    /// `wait_for`: until something is in stock, and takes it.
    Stocked,
    /// `wait_for_some`: the same, and returns how much is left.
    Left,
    /// `wait_for_or`: as `Stocked`, or until its stop is fired.
    StockedOrStopped,
    /// `wait_for_some_or`: as `Left`, or until its stop is fired.
    LeftOrStopped,
    /// `wait_or`: until its stop is fired.
    Stopped,
    /// The same, with a stop that as its last word notifies the condition itself, if it can have
    /// the lock.
    StoppedWithANotify,
}

impl Until {
    pub(super) const fn has_stop(self) -> bool {
        !matches!(self, Self::Notified | Self::Stocked | Self::Left)
    }

    /// Whether there is a predicate, which is called before the wait begins.
    pub(super) const fn has_predicate(self) -> bool {
        !matches!(self, Self::Notified | Self::Stopped | Self::StoppedWithANotify)
    }
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Makes a future.
    Start(Id, Wait, Form),
    Poll(Id, WakerNumber),
    /// Drops a future.
    Cancel(Id),
    /// Makes the stop of a wait ready, and wakes the task that polled it.
    Fire(Id),

    TryAcquire(Id, LockId, Form),
    /// Makes a guard of a hold of the shared lock that was forgotten.
    Adopt(Id, LockId, Form),
    /// Releases a hold that was forgotten.
    ReleaseForgotten(LockId),
    /// Makes a mapped guard of a guard.
    Map(Id),
    /// Forgets a guard or a permit.
    Forget(Id),
    /// Drops a guard or a permit.
    DropHolding(Id),
    /// Notifies so many, with that guard.
    Notify(ConditionId, usize, Id),
    NotifyAll(ConditionId, Id),
    /// Puts so much into stock.
    Stock(LockId, u8),

    TryAcquireMany(Id, SemaphoreId, usize, Form),
    Release(SemaphoreId, usize),
    /// `try_release_many` of the plain semaphore.
    TryRelease(usize),
    /// A release of the plain semaphore beyond `MAX_PERMITS`, which panics.
    ReleaseTooMany(usize),
    /// Changes the bound of the bounded semaphore.
    SetBound(usize),
    /// So many out of the permit of the second number, as a permit of the first.
    Split(Id, Id, usize),
    /// The permit of the second number into that of the first.
    Merge(Id, Id),

    Set,
    Clear,

    Abort,
    Reset,
}

impl Command {
    /// What it may change. `of` says of which family a future, a guard or a permit is.
    pub(super) fn family(self, of: impl Fn(Id) -> Family) -> Family {
        match self {
            Self::Start(_, wait, _) => wait.line().family(),
            Self::Poll(id, _)
            | Self::Cancel(id)
            | Self::Fire(id)
            | Self::Map(id)
            | Self::Forget(id)
            | Self::DropHolding(id)
            | Self::Split(_, id, _)
            | Self::Merge(id, _) => of(id),
            Self::TryAcquire(..)
            | Self::Adopt(..)
            | Self::ReleaseForgotten(_)
            | Self::Notify(..)
            | Self::NotifyAll(..)
            | Self::Stock(..) => Family::Locks,
            Self::TryAcquireMany(_, semaphore, ..) | Self::Release(semaphore, _) => {
                LineId::Semaphore(semaphore).family()
            }
            Self::TryRelease(_) | Self::ReleaseTooMany(_) => Family::Plain,
            Self::SetBound(_) => Family::Bounded,
            Self::Set | Self::Clear => Family::Event,
            Self::Abort | Self::Reset => Family::Barrier,
        }
    }

    /// The number of what it makes.
    pub(super) const fn makes(self) -> Option<Id> {
        match self {
            Self::Start(id, ..)
            | Self::TryAcquire(id, ..)
            | Self::Adopt(id, ..)
            | Self::TryAcquireMany(id, ..)
            | Self::Split(id, ..) => Some(id),
            _ => None,
        }
    }
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing to return.
    Done,
    /// Not ready.
    Pending,
    /// `None`, or an error, and nothing has changed.
    Refused,
    /// A panic, and nothing has changed.
    Panicked,
    /// A guard of a lock.
    Guard(LockId),
    /// A guard, after the predicate's result.
    GuardAndLeft(LockId, u8),
    /// A guard, and whether the wait was ended by its stop.
    GuardAndStopped(LockId, bool),
    /// A permit, and its count.
    Permit(SemaphoreId, usize),
    /// The event was set.
    Set,
    /// The index of an arrival.
    Index(usize),
    /// An arrival failed.
    Broken(BrokenBarrier),
}

impl Answer {
    /// Whether a future has finished with it.
    pub(super) const fn is_ready(self) -> bool {
        !matches!(self, Self::Pending)
    }
}

/// A future that was woken, and the number of the waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Woken(pub(super) Id, pub(super) WakerNumber);

/// A machine that does what commands say.
pub(super) trait Machine {
    /// Runs it, and appends the futures that were woken to `woken`.
    fn apply(&mut self, command: Command, woken: &mut Vec<Woken>) -> Answer;

    /// Writes down all that can be seen of a family.
    fn describe(&self, family: Family, text: &mut String);
}
