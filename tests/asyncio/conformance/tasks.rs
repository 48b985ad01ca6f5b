//! What the tasks of a program do: the bodies of the oracle's, on the real crates.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use awaitlist::LockGuard;
use serde_json::{Value, json};

use super::{
    program::Job,
    world::{Prim, Raised, adopt},
};
use crate::support::executor::yield_now;

/// What the tasks and the driver share.
#[derive(Default)]
pub(super) struct Shared {
    /// What the tasks have said since the driver last looked.
    pub(super) log: RefCell<Vec<Value>>,
    pub(super) flags: RefCell<HashMap<String, i64>>,
    /// What the release raised that a task did while it was cancelled: asyncio shows that in the
    /// place of the cancellation.
    pub(super) raised_by_exit: RefCell<Option<Raised>>,
}

impl Shared {
    fn flag(&self, name: &str) -> i64 {
        self.flags.borrow().get(name).copied().unwrap_or(0)
    }
}

/// A task: what it is called, and whether it has begun.
pub(super) struct Task {
    pub(super) name: String,
    pub(super) started: Cell<bool>,
    /// Uses the owned forms, as every other task does.
    owned: bool,
    shared: Rc<Shared>,
}

impl Task {
    pub(super) fn new(name: &str, owned: bool, shared: &Rc<Shared>) -> Self {
        Self { name: name.to_owned(), started: Cell::new(false), owned, shared: Rc::clone(shared) }
    }

    pub(super) fn log(&self, event: &str) {
        self.shared.log.borrow_mut().push(json!([self.name, event]));
    }

    pub(super) fn log_value(&self, event: &str, value: Value) {
        let entry = json!([self.name, event, value]);
        self.shared.log.borrow_mut().push(entry);
    }

    /// The whole of a task.
    pub(super) async fn run(self: Rc<Self>, job: Job, prim: Prim) {
        self.started.set(true);
        self.log("start");
        match self.body(job, &prim).await {
            Ok(value) => self.log_value("ok", value),
            Err(raised) => self.log_value("err", json!(raised)),
        }
    }

    async fn body(&self, job: Job, prim: &Prim) -> Result<Value, Raised> {
        match (job, prim) {
            (Job::Acquire(_), prim) => {
                prim.acquire(self.owned).await;
                Ok(json!(true))
            }
            (Job::With(_, yields), prim) => {
                let held = self.enter(prim).await;
                self.log("enter");
                for _ in 0..yields {
                    yield_now().await;
                }
                self.log("exit");
                held.exit(Ok(Value::Null))
            }
            (Job::CondWait(_), prim) => {
                let held = self.enter(prim).await;
                self.log("acq");
                let waited = self.cond_wait(prim, &held).await;
                held.exit(waited.inspect(|_| self.log("woke")))
            }
            (Job::CondHold(_), prim) => {
                let held = self.enter(prim).await;
                self.log("acq");
                let waited = self.cond_wait(prim, &held).await;
                held.keep();
                waited
            }
            (Job::CondFor(_, flag), prim) => {
                let held = self.enter(prim).await;
                self.log("acq");
                let waited = self.cond_for(prim, &flag, &held).await;
                held.exit(waited.inspect(|_| self.log("woke")))
            }
            (Job::Wait(_), Prim::Event(event)) => {
                if self.owned {
                    event.wait_owned().await;
                } else {
                    event.wait().await;
                }
                Ok(json!(true))
            }
            (Job::BarWait(_), Prim::Barrier(barrier)) => {
                let index = match self.owned {
                    true => barrier.wait_owned().await,
                    false => barrier.wait().await,
                };
                match index {
                    Ok(index) => Ok(json!(index)),
                    Err(error) => Err(format!("BrokenBarrierError: {}", error.asyncio_message())),
                }
            }
            (Job::BarReset(_), Prim::Barrier(barrier)) => {
                barrier.reset();
                Ok(Value::Null)
            }
            (Job::BarAbort(_), Prim::Barrier(barrier)) => {
                barrier.abort();
                Ok(Value::Null)
            }
            _ => unreachable!("checked when it was read"),
        }
    }

    /// `async with prim:`
    async fn enter<'a>(&'a self, prim: &'a Prim) -> Held<'a> {
        prim.acquire(self.owned).await;
        Held { prim, shared: &self.shared, armed: Cell::new(true) }
    }

    /// `await condition.wait()`, with a hold of any task.
    async fn cond_wait(&self, prim: &Prim, held: &Held<'_>) -> Result<Value, Raised> {
        let guard = adopt(prim.condition(), "cannot wait on un-acquired lock")?;
        // While it waits the hold is the guard's. A drop ends it there.
        held.armed.set(false);
        let guard = prim.condition().wait(guard).await;
        LockGuard::forget(guard);
        held.armed.set(true);
        Ok(json!(true))
    }

    /// `await condition.wait_for(lambda: flags[flag])`. asyncio asks the predicate first, without
    /// the lock.
    async fn cond_for(&self, prim: &Prim, flag: &str, held: &Held<'_>) -> Result<Value, Raised> {
        let answer = || match self.shared.flag(flag) {
            0 => None,
            value => Some(json!(value)),
        };
        if let Some(value) = answer() {
            return Ok(value);
        }
        let guard = adopt(prim.condition(), "cannot wait on un-acquired lock")?;
        held.armed.set(false);
        let (guard, value) = prim.condition().wait_for_some(guard, |()| answer()).await;
        LockGuard::forget(guard);
        held.armed.set(true);
        Ok(value)
    }
}

/// The inside of an `async with`: however it is left, it releases.
struct Held<'a> {
    prim: &'a Prim,
    shared: &'a Shared,
    armed: Cell<bool>,
}

impl Held<'_> {
    /// Leaves it. What the release raises takes the place of what came before.
    fn exit(self, outcome: Result<Value, Raised>) -> Result<Value, Raised> {
        self.armed.set(false);
        self.prim.release().and(outcome)
    }

    /// Leaves the hold to another task.
    fn keep(self) {
        self.armed.set(false);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.armed.get() {
            *self.shared.raised_by_exit.borrow_mut() = self.prim.release().err();
        }
    }
}
