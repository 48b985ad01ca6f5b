//! What the tasks of a program do: the bodies of the oracle's, on the real crates.
//!
//! A cancellation is asyncio's: it puts the task into the queue of those that can run, and when the
//! task runs, the future that it awaits is dropped and its body goes on with an error. A wait for a
//! condition, which has the lock when asyncio's raises, is a `wait_or` whose stop is the
//! cancellation.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::Poll,
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
    /// What the tasks have logged since the driver last took it.
    pub(super) log: RefCell<Vec<Value>>,
    pub(super) flags: RefCell<HashMap<String, i64>>,
    /// Whether the program cancels tasks. Otherwise the tasks use the forms that cannot be stopped.
    pub(super) cancels: bool,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    New,
    /// It was cancelled before it began.
    NeverStarted,
    /// The same, and the log has it.
    NeverStartedLogged,
    Started,
}

/// An `asyncio.CancelledError` that is raised when its task runs.
#[derive(Clone)]
pub(super) struct Cancellation {
    message: Option<String>,
    /// Whether it cancelled the future that the task awaits. The future keeps its message.
    fixed: bool,
}

impl Cancellation {
    fn into_raised(self) -> Raised {
        match self.message {
            Some(message) => format!("CancelledError: {message}"),
            None => "CancelledError".to_owned(),
        }
    }
}

/// A task: its name, and what its body and the driver both need of it.
pub(super) struct Task {
    pub(super) name: String,
    pub(super) progress: Cell<Progress>,
    pending: RefCell<Option<Cancellation>>,
    /// Uses the owned forms, as every other task does.
    owned: bool,
    shared: Rc<Shared>,
}

impl Task {
    pub(super) fn new(name: &str, owned: bool, shared: &Rc<Shared>) -> Self {
        Self {
            name: name.to_owned(),
            progress: Cell::new(Progress::New),
            pending: RefCell::default(),
            owned,
            shared: Rc::clone(shared),
        }
    }

    /// asyncio's `Task.cancel`, but for putting it into the queue. `is_ready` says whether it is
    /// there already, so that it was notified, or has yielded.
    pub(super) fn cancel(&self, message: Option<&str>, is_ready: bool) {
        let mut pending = self.pending.borrow_mut();
        if !pending.as_ref().is_some_and(|earlier| earlier.fixed) {
            let message = message.map(str::to_owned);
            *pending = Some(Cancellation { message, fixed: !is_ready });
        }
    }

    fn log(&self, event: &str) {
        self.shared.log.borrow_mut().push(json!([self.name, event]));
    }

    pub(super) fn log_value(&self, event: &str, value: Value) {
        let entry = json!([self.name, event, value]);
        self.shared.log.borrow_mut().push(entry);
    }

    /// The whole of a task.
    pub(super) async fn run(self: Rc<Self>, job: Job, prim: Prim) {
        if self.pending.take().is_some() {
            self.progress.set(Progress::NeverStarted);
            return;
        }
        self.progress.set(Progress::Started);
        self.log("start");
        match self.body(job, &prim).await {
            Ok(value) => self.log_value("ok", value),
            Err(raised) => self.log_value("err", json!(raised)),
        }
    }

    async fn body(&self, job: Job, prim: &Prim) -> Result<Value, Raised> {
        match (job, prim) {
            (Job::Acquire(_), prim) => {
                self.acquire(prim).await?;
                Ok(json!(true))
            }
            (Job::With(_, yields), prim) => {
                self.acquire(prim).await?;
                self.log("enter");
                for _ in 0..yields {
                    if let Err(raised) = self.unless_cancelled(yield_now()).await {
                        return exit(prim, Err(raised));
                    }
                }
                self.log("exit");
                exit(prim, Ok(Value::Null))
            }
            (Job::CondWait(_), prim) => {
                self.acquire(prim).await?;
                self.log("acq");
                let waited = self.cond_wait(prim).await;
                exit(prim, waited.inspect(|_| self.log("woke")))
            }
            (Job::CondHold(_), prim) => {
                self.acquire(prim).await?;
                self.log("acq");
                self.cond_wait(prim).await
            }
            (Job::CondFor(_, flag), prim) => {
                self.acquire(prim).await?;
                self.log("acq");
                let waited = self.cond_for(prim, &flag).await;
                exit(prim, waited.inspect(|_| self.log("woke")))
            }
            (Job::CondWaitDrop(_), prim) => {
                self.acquire(prim).await?;
                self.log("acq");
                let guard = adopt(prim.condition(), "cannot wait on un-acquired lock")?;
                LockGuard::forget(self.unless_cancelled(prim.condition().wait(guard)).await?);
                self.log("woke");
                exit(prim, Ok(json!(true)))
            }
            (Job::CondForDrop(_, flag), prim) => {
                self.acquire(prim).await?;
                self.log("acq");
                let value = match self.flag(&flag) {
                    Some(value) => value,
                    None => {
                        let guard = adopt(prim.condition(), "cannot wait on un-acquired lock")?;
                        let wait = prim.condition().wait_for_some(guard, |()| self.flag(&flag));
                        let (guard, value) = self.unless_cancelled(wait).await?;
                        LockGuard::forget(guard);
                        value
                    }
                };
                self.log("woke");
                exit(prim, Ok(value))
            }
            (Job::Wait(_), Prim::Event(event)) => {
                if self.owned {
                    self.unless_cancelled(event.wait_owned()).await?;
                } else {
                    self.unless_cancelled(event.wait()).await?;
                }
                Ok(json!(true))
            }
            (Job::BarWait(_), Prim::Barrier(barrier)) => {
                let index = match self.owned {
                    true => self.unless_cancelled(barrier.wait_owned()).await?,
                    false => self.unless_cancelled(barrier.wait()).await?,
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

    /// `await prim.acquire()`, whose hold any task may release.
    async fn acquire(&self, prim: &Prim) -> Result<(), Raised> {
        self.unless_cancelled(prim.acquire(self.owned)).await
    }

    /// Awaits `future`. Drops it when the task runs with a cancellation pending, which is raised.
    async fn unless_cancelled<F: Future>(&self, future: F) -> Result<F::Output, Raised> {
        let mut future = Some(Box::pin(future));
        poll_fn(|context| {
            if let Some(cancellation) = self.pending.take() {
                future = None;
                return Poll::Ready(Err(cancellation.into_raised()));
            }
            let future = future.as_mut().expect("polled again after a cancellation");
            future.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// `await condition.wait()`, with a hold of any task. The lock is held afterwards, even if the
    /// task was cancelled.
    async fn cond_wait(&self, prim: &Prim) -> Result<Value, Raised> {
        let condition = prim.condition();
        let guard = adopt(condition, "cannot wait on un-acquired lock")?;
        if !self.shared.cancels {
            LockGuard::forget(condition.wait(guard).await);
            return Ok(json!(true));
        }
        // The last cancellation counts, as in asyncio.
        let cancelled = RefCell::new(None);
        let stop = poll_fn(|_| match *cancelled.borrow() {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        });
        let mut wait = pin!(condition.wait_or(guard, stop));
        let (guard, outcome) = poll_fn(|context| {
            if let Some(cancellation) = self.pending.take() {
                cancelled.replace(Some(cancellation));
            }
            wait.as_mut().poll(context)
        })
        .await;
        let cancelled = cancelled.take();
        if cancelled.is_some() && outcome.is_ok() {
            // It was notified, and gives up all the same.
            condition.notify(&guard, 1);
        }
        LockGuard::forget(guard);
        cancelled.map_or(Ok(json!(true)), |cancellation| Err(cancellation.into_raised()))
    }

    /// `await condition.wait_for(lambda: flags[flag])`. asyncio calls the predicate first, without
    /// the lock.
    async fn cond_for(&self, prim: &Prim, flag: &str) -> Result<Value, Raised> {
        if !self.shared.cancels {
            if let Some(value) = self.flag(flag) {
                return Ok(value);
            }
            let condition = prim.condition();
            let guard = adopt(condition, "cannot wait on un-acquired lock")?;
            let (guard, value) = condition.wait_for_some(guard, |()| self.flag(flag)).await;
            LockGuard::forget(guard);
            return Ok(value);
        }
        loop {
            match self.flag(flag) {
                Some(value) => return Ok(value),
                None => self.cond_wait(prim).await?,
            };
        }
    }

    /// The flag, if it is truthy.
    fn flag(&self, name: &str) -> Option<Value> {
        match self.shared.flags.borrow().get(name) {
            None | Some(0) => None,
            Some(value) => Some(json!(value)),
        }
    }
}

/// Leaves an `async with prim`. What the release raises takes the place of what came before.
fn exit(prim: &Prim, outcome: Result<Value, Raised>) -> Result<Value, Raised> {
    prim.release().and(outcome)
}
