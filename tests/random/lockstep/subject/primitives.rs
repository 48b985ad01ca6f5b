//! The primitives of a program.

use crate::lockstep::{
    command::{ConditionId, LineId, LockId, SemaphoreId},
    draw::Setup,
};
use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use std::{
    cell::Cell,
    fmt::{self, Write},
    sync::Arc,
};

pub(in crate::lockstep) struct Primitives {
    pub(super) lock: Arc<Lock<()>>,
    pub(super) left: Arc<Condition<(), Arc<Lock<()>>>>,
    pub(super) right: Arc<Condition<(), Arc<Lock<()>>>>,
    pub(super) own: Arc<Condition<()>>,
    /// What the locks guard, each its own. Outside of them, so that a guard of either is of one
    /// type.
    pub(super) stock: [Cell<u8>; 2],
    pub(super) semaphore: Arc<Semaphore>,
    pub(super) bounded: Arc<BoundedSemaphore>,
    pub(super) event: Arc<Event>,
    pub(super) barrier: Arc<Barrier>,
}

impl Primitives {
    pub(in crate::lockstep) fn new(setup: Setup) -> Self {
        let lock = Arc::new(Lock::new(()));
        Self {
            left: Arc::new(Condition::with_lock(Arc::clone(&lock))),
            right: Arc::new(Condition::with_lock(Arc::clone(&lock))),
            lock,
            own: Arc::new(Condition::new(())),
            stock: Default::default(),
            semaphore: Arc::new(Semaphore::new(setup.value)),
            bounded: Arc::new(BoundedSemaphore::new(setup.bound)),
            event: Arc::new(Event::new()),
            barrier: Arc::new(Barrier::new(setup.parties)),
        }
    }

    pub(super) fn lock(&self, lock: LockId) -> &Lock<()> {
        match lock {
            LockId::Shared => &self.lock,
            LockId::Own => self.own.lock(),
        }
    }

    /// Whether it is locked: a lock, or a condition by its lock, or a semaphore.
    pub(in crate::lockstep) fn locked(&self, line: LineId) -> bool {
        match line {
            LineId::Lock(lock) => self.lock(lock).locked(),
            LineId::Semaphore(SemaphoreId::Plain) => self.semaphore.locked(),
            LineId::Semaphore(SemaphoreId::Bounded) => self.bounded.locked(),
            LineId::Condition(ConditionId::Left) => self.left.locked(),
            LineId::Condition(ConditionId::Right) => self.right.locked(),
            LineId::Condition(ConditionId::Own) => self.own.locked(),
            LineId::Event | LineId::Barrier => false,
        }
    }

    /// How many wait. A barrier says it of those inside only, and while it is filling.
    pub(in crate::lockstep) fn waiters(&self, line: LineId) -> usize {
        match line {
            LineId::Lock(lock) => self.lock(lock).waiters(),
            LineId::Semaphore(SemaphoreId::Plain) => self.semaphore.waiters(),
            LineId::Semaphore(SemaphoreId::Bounded) => self.bounded.waiters(),
            LineId::Event => self.event.waiters(),
            LineId::Condition(ConditionId::Left) => self.left.waiters(),
            LineId::Condition(ConditionId::Right) => self.right.waiters(),
            LineId::Condition(ConditionId::Own) => self.own.waiters(),
            LineId::Barrier => self.barrier.n_waiting(),
        }
    }

    pub(in crate::lockstep) fn value(&self, semaphore: SemaphoreId) -> usize {
        match semaphore {
            SemaphoreId::Plain => self.semaphore.value(),
            SemaphoreId::Bounded => self.bounded.value(),
        }
    }

    pub(in crate::lockstep) fn is_set(&self) -> bool {
        self.event.is_set()
    }

    /// Writes down all that can be seen of a line, as the reference does.
    pub(super) fn describe(&self, line: LineId, text: &mut String) {
        let locked = self.locked(line);
        let waiters = self.waiters(line);
        let written = match line {
            LineId::Lock(lock) => describe_lock(self.lock(lock), locked, waiters, text),
            LineId::Condition(ConditionId::Left) => {
                describe_lock(&self.left, locked, waiters, text)
            }
            LineId::Condition(ConditionId::Right) => {
                describe_lock(&self.right, locked, waiters, text)
            }
            LineId::Condition(ConditionId::Own) => describe_lock(&self.own, locked, waiters, text),
            LineId::Semaphore(SemaphoreId::Plain) => writeln!(
                text,
                "{} locked: {locked}, value: {}, waiters: {waiters}",
                self.semaphore,
                self.semaphore.value()
            ),
            LineId::Semaphore(SemaphoreId::Bounded) => writeln!(
                text,
                "{} locked: {locked}, value: {}, waiters: {waiters}\nbound: {}",
                self.bounded,
                self.bounded.value(),
                self.bounded.bound()
            ),
            LineId::Event => {
                writeln!(text, "{} set: {}, waiters: {waiters}", self.event, self.event.is_set())
            }
            LineId::Barrier => writeln!(
                text,
                "{} n_waiting: {waiters}, inside: {}, broken: {}, parties: {}",
                self.barrier,
                self.barrier.inside(),
                self.barrier.broken(),
                self.barrier.parties()
            ),
        };
        written.expect("a text takes all that is written");
    }
}

fn describe_lock(
    primitive: &dyn fmt::Display,
    locked: bool,
    waiters: usize,
    text: &mut String,
) -> fmt::Result {
    writeln!(text, "{primitive} locked: {locked}, waiters: {waiters}")
}
