//! The primitives of a program, seen as asyncio's: any task may release, and errors are asyncio's
//! texts.

use std::sync::Arc;

use awaitlist::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, LockGuard, NotAcquired, Semaphore,
    lock::Guard,
};
use serde_json::{Map, Value, json};

use super::program::{Program, Spec};

/// A condition of a program: its lock may be another's.
pub(super) type SharedCondition = Condition<(), Arc<Lock>>;

/// A primitive of a program.
#[derive(Clone)]
pub(super) enum Prim {
    Lock(Arc<Lock>),
    Event(Arc<Event>),
    Condition(Arc<SharedCondition>),
    Semaphore(Arc<Semaphore>),
    Bounded(Arc<BoundedSemaphore>),
    Barrier(Arc<Barrier>),
}

/// What asyncio raises, as the oracle prints it.
pub(super) type Raised = String;

fn not_acquired(error: NotAcquired) -> Raised {
    format!("RuntimeError: {}", error.asyncio_message())
}

impl Prim {
    pub(super) fn release(&self) -> Result<(), Raised> {
        match self {
            Self::Lock(lock) => lock.release().map_err(not_acquired),
            Self::Condition(condition) => condition.lock().release().map_err(not_acquired),
            Self::Semaphore(semaphore) => {
                semaphore.release();
                Ok(())
            }
            Self::Bounded(semaphore) => {
                let released = semaphore.release();
                released.map_err(|error| format!("ValueError: {}", error.asyncio_message()))
            }
            Self::Event(_) | Self::Barrier(_) => unreachable!("checked when it was read"),
        }
    }

    /// Acquires, and forgets the hold so that any task can release it, as after asyncio's
    /// `acquire`. Odd callers use the owned forms.
    pub(super) async fn acquire(&self, owned: bool) {
        match self {
            Self::Lock(lock) => acquire_lock(lock, owned).await,
            Self::Condition(condition) if owned => {
                Guard::forget(condition.acquire_owned().await);
            }
            Self::Condition(condition) => LockGuard::forget(condition.acquire().await),
            Self::Semaphore(semaphore) if owned => semaphore.acquire_owned().await.forget(),
            Self::Semaphore(semaphore) => semaphore.acquire().await.forget(),
            Self::Bounded(semaphore) if owned => semaphore.acquire_owned().await.forget(),
            Self::Bounded(semaphore) => semaphore.acquire().await.forget(),
            Self::Event(_) | Self::Barrier(_) => unreachable!("checked when it was read"),
        }
    }

    pub(super) fn notify(&self, n: usize) -> Result<(), Raised> {
        let condition = self.condition();
        let guard = adopt(condition, "cannot notify on un-acquired lock")?;
        condition.notify(&guard, n);
        LockGuard::forget(guard);
        Ok(())
    }

    pub(super) fn condition(&self) -> &SharedCondition {
        match self {
            Self::Condition(condition) => condition,
            _ => unreachable!("checked when it was read"),
        }
    }

    /// What the oracle shows of it, and a drop-based port has.
    fn observe(&self) -> Value {
        let repr = bracket(self);
        match self {
            Self::Lock(lock) => {
                json!({"waiters": lock.waiters(), "locked": lock.locked(), "repr": repr})
            }
            Self::Event(event) => {
                json!({"waiters": event.waiters(), "set": event.is_set(), "repr": repr})
            }
            Self::Condition(condition) => {
                let (waiters, lock) = (condition.waiters(), condition.lock());
                json!({"waiters": waiters, "locked": condition.locked(), "lockq": lock.waiters(), "repr": repr})
            }
            Self::Semaphore(semaphore) => {
                let waiters = semaphore.waiters();
                json!({"waiters": waiters, "locked": semaphore.locked(), "value": semaphore.value(), "repr": repr})
            }
            Self::Bounded(semaphore) => {
                let waiters = semaphore.waiters();
                json!({"waiters": waiters, "locked": semaphore.locked(), "value": semaphore.value(), "repr": repr})
            }
            Self::Barrier(barrier) => {
                let state = repr.split(',').next().unwrap_or_default();
                json!({"state": state, "n_waiting": barrier.n_waiting(), "broken": barrier.broken(), "parties": barrier.parties(), "repr": repr})
            }
        }
    }
}

async fn acquire_lock(lock: &Arc<Lock>, owned: bool) {
    if owned {
        Guard::forget(lock.acquire_owned().await);
    } else {
        LockGuard::forget(lock.acquire().await);
    }
}

/// Adopts a hold of a condition's lock, whichever task has it: asyncio checks only whether it is
/// locked.
pub(super) fn adopt<'a>(
    condition: &'a SharedCondition,
    otherwise: &str,
) -> Result<LockGuard<'a>, Raised> {
    condition.lock().adopt().map_err(|_| format!("RuntimeError: {otherwise}"))
}

/// The text in brackets that `Display` prints.
fn bracket(prim: &Prim) -> String {
    let shown = match prim {
        Prim::Lock(lock) => lock.to_string(),
        Prim::Event(event) => event.to_string(),
        Prim::Condition(condition) => condition.to_string(),
        Prim::Semaphore(semaphore) => semaphore.to_string(),
        Prim::Bounded(semaphore) => semaphore.to_string(),
        Prim::Barrier(barrier) => barrier.to_string(),
    };
    let inside = shown.split_once('[').and_then(|(_, rest)| rest.strip_suffix("]>"));
    inside.unwrap_or(&shown).to_owned()
}

/// The primitives of a program.
pub(super) struct World {
    prims: Vec<(String, Prim)>,
}

impl World {
    pub(super) fn new(program: &Program) -> Self {
        let mut world = Self { prims: Vec::new() };
        for (name, spec) in &program.prims {
            let prim = match spec {
                Spec::Lock => Prim::Lock(Arc::new(Lock::new(()))),
                Spec::Event => Prim::Event(Arc::new(Event::new())),
                Spec::Condition(lock) => {
                    let lock = match lock.as_deref().map(|name| world.prim(name)) {
                        Some(Prim::Lock(lock)) => lock,
                        _ => Arc::new(Lock::new(())),
                    };
                    Prim::Condition(Arc::new(Condition::with_lock(lock)))
                }
                Spec::Semaphore(value) => Prim::Semaphore(Arc::new(Semaphore::new(*value))),
                Spec::Bounded(value) => Prim::Bounded(Arc::new(BoundedSemaphore::new(*value))),
                Spec::Barrier(parties) => Prim::Barrier(Arc::new(Barrier::new(*parties))),
            };
            world.prims.push((name.clone(), prim));
        }
        world
    }

    pub(super) fn prim(&self, name: &str) -> Prim {
        let mut named = self.prims.iter().filter(|(own, _)| own == name);
        named.next().expect("checked when it was read").1.clone()
    }

    /// Sets or clears an event.
    pub(super) fn set(&self, name: &str, to: bool) {
        match self.prim(name) {
            Prim::Event(event) if to => event.set(),
            Prim::Event(event) => event.clear(),
            _ => unreachable!("checked when it was read"),
        }
    }

    pub(super) fn observe(&self) -> Map<String, Value> {
        let shown = self.prims.iter();
        shown.map(|(name, prim)| (name.clone(), prim.observe())).collect()
    }
}
