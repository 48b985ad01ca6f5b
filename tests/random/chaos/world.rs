//! The primitives of a round, what is held of them, and what must hold at its end.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use super::{Round, waits::Wait};
use crate::support::{Rng, TestWaker};
use awaitlist::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, OwnedLockGuard, Semaphore,
    bounded_semaphore, semaphore,
};

/// Of the semaphore.
pub(super) const PERMITS: usize = 4;
/// A wait needs fewer permits than this: no more than the smallest bound.
pub(super) const NEEDS: usize = 3;
/// Of the bounded semaphore. The last is the highest, and the first and final one.
pub(super) const BOUNDS: [usize; 3] = [2, 3, 5];

/// A mistake in the books of a round, to show that a round finds such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A wake is not followed by a poll.
    LosesAWakeUp,
    /// A permit is forgotten and never released.
    LosesAPermit,
    /// A clone of a waker is never dropped.
    KeepsAWaker,
}

pub(super) struct World {
    pub(super) lock: Arc<Lock>,
    pub(super) condition: Arc<Condition<(), Arc<Lock>>>,
    pub(super) semaphore: Arc<Semaphore>,
    pub(super) bounded: Arc<BoundedSemaphore>,
    pub(super) event: Arc<Event>,
    pub(super) barrier: Arc<Barrier>,

    /// No future is in here while it is polled or dropped. Nothing that may run user code is called
    /// while this or another mutex is locked.
    waits: Mutex<Vec<Wait>>,
    /// The wakers of futures that are gone.
    pub(super) buried: Mutex<Vec<TestWaker>>,
    pub(super) guard: Mutex<Option<OwnedLockGuard>>,
    pub(super) permits: Mutex<Vec<semaphore::OwnedPermit>>,
    pub(super) bounded_permits: Mutex<Vec<bounded_semaphore::OwnedPermit>>,
    /// How many permits were forgotten and not released since.
    pub(super) forgotten: AtomicUsize,
    pub(super) bounded_forgotten: AtomicUsize,

    /// Whether user code takes steps and panics.
    pub(super) unrest: AtomicBool,
    pub(super) flaw: Option<Flaw>,
    rng: Mutex<Rng>,
    pub(super) operations: AtomicU64,
    pub(super) panics: AtomicU64,
    found: Mutex<Vec<String>>,
}

impl World {
    pub(super) fn new(round: &Round) -> Arc<Self> {
        let lock: Arc<Lock> = Arc::default();
        Arc::new(Self {
            condition: Arc::new(Condition::with_lock(Arc::clone(&lock))),
            lock,
            semaphore: Arc::new(Semaphore::new(PERMITS)),
            bounded: Arc::new(BoundedSemaphore::new(BOUNDS[BOUNDS.len() - 1])),
            event: Arc::default(),
            barrier: Arc::new(Barrier::new(1 + (round.seed % 5) as usize)),
            waits: Mutex::default(),
            buried: Mutex::default(),
            guard: Mutex::default(),
            permits: Mutex::default(),
            bounded_permits: Mutex::default(),
            forgotten: AtomicUsize::new(0),
            bounded_forgotten: AtomicUsize::new(0),
            unrest: AtomicBool::new(true),
            flaw: round.flaw,
            rng: Mutex::new(Rng::new(round.seed)),
            operations: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            found: Mutex::default(),
        })
    }

    /// The random numbers of one step, so that the mutex is free while the step runs.
    pub(super) fn rng(&self) -> Rng {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        Rng::new(rng.below(1 << 30) as u64)
    }

    pub(super) fn waits(&self) -> MutexGuard<'_, Vec<Wait>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn permits(&self) -> MutexGuard<'_, Vec<semaphore::OwnedPermit>> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bounded_permits(&self) -> MutexGuard<'_, Vec<bounded_semaphore::OwnedPermit>> {
        self.bounded_permits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One random step. It does not panic.
    pub(super) fn step(self: &Arc<Self>) {
        self.operations.fetch_add(1, Relaxed);
        let mut rng = self.rng();
        match rng.below(8) {
            0..3 => self.start(&mut rng),
            3..5 => self.poll_one(&mut rng),
            5 => self.drop_one(&mut rng),
            _ => self.act(&mut rng),
        }
    }

    pub(super) fn find(&self, what: String) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(super) fn finds(&self) -> Vec<String> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn ensure(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.find(what());
        }
    }

    /// Ends the unrest, has all waits finish, and checks that nothing was lost.
    pub(super) fn come_to_rest(self: &Arc<Self>) {
        self.unrest.store(false, Relaxed);
        self.open();
        while let Some(wait) = self.take_awake() {
            self.poll(wait);
            self.open();
        }
        let asleep = self.waits().len();
        self.ensure(asleep == 0, || format!("{asleep} futures were never woken: {}", self.shown()));
        while let Some(wait) = { self.waits().pop() } {
            self.bury(wait);
        }
        self.open();
        self.check_at_rest();
    }

    fn check_at_rest(&self) {
        let top = BOUNDS[BOUNDS.len() - 1];
        self.barrier.reset();
        let parties = self.barrier.parties();
        let expected = format!(
            "<Lock [unlocked]> <Condition [unlocked]> <Semaphore [unlocked, value:{PERMITS}]> \
             <BoundedSemaphore [unlocked, value:{top}]> <Event [set]> \
             <Barrier [filling, waiters:0/{parties}]>"
        );
        let shown = self.shown();
        self.ensure(shown == expected, || format!("expected {expected}, saw {shown}"));
        let kept: usize = {
            let buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
            buried.iter().map(TestWaker::alive).sum()
        };
        self.ensure(kept == 0, || format!("{kept} wakers were never dropped"));
        let handles = [
            Arc::strong_count(&self.lock) - 1,
            Arc::strong_count(&self.condition),
            Arc::strong_count(&self.semaphore),
            Arc::strong_count(&self.bounded),
            Arc::strong_count(&self.event),
            Arc::strong_count(&self.barrier),
        ];
        self.ensure(handles == [1; 6], || format!("handles were leaked: {handles:?}"));
    }

    fn shown(&self) -> String {
        format!(
            "{} {} {} {} {} {}",
            self.lock, self.condition, self.semaphore, self.bounded, self.event, self.barrier
        )
    }
}
