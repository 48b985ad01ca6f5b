//! Runs a program on the crates, and writes its trace.

use std::{mem, rc::Rc};

use serde_json::{Value, json};

use super::{
    program::{Op, Program},
    tasks::{Shared, Task},
    trace::{Step, Trace},
    world::World,
};
use crate::support::executor::{self, Executor};

/// Runs `program` from its first operation to its last.
pub fn run(program: &Program) -> Trace {
    let mut driver = Driver {
        world: World::new(program),
        shared: Rc::default(),
        executor: Executor::new(),
        tasks: Vec::new(),
    };
    let steps = program.ops.iter().map(|(op, source)| driver.step(op, source)).collect();
    let undone = driver.tasks.iter().filter(|(_, run)| !run.is_over());
    Trace {
        id: program.id.clone(),
        version: format!("awaitlist {}", env!("CARGO_PKG_VERSION")),
        steps,
        blocked: undone.map(|(task, _)| json!(task.name)).collect(),
    }
}

/// The driver, which runs operations outside of all tasks.
struct Driver {
    world: World,
    shared: Rc<Shared>,
    executor: Executor<'static>,
    /// The tasks, and the executor's handles of them.
    tasks: Vec<(Rc<Task>, executor::Task<'static, ()>)>,
}

impl Driver {
    fn step(&mut self, op: &Op, source: &Value) -> Step {
        let (ret, err) = match self.perform(op) {
            Ok(ret) => (ret, None),
            Err(raised) => (None, Some(json!(raised))),
        };
        Step {
            op: source.clone(),
            ret,
            err,
            log: mem::take(&mut *self.shared.log.borrow_mut()),
            obs: self.world.observe(),
        }
    }

    fn perform(&mut self, op: &Op) -> Result<Option<Value>, String> {
        match op {
            Op::Spawn(name, job) => {
                let task = Rc::new(Task::new(name, self.tasks.len() % 2 == 1, &self.shared));
                let prim = self.world.prim(job.prim());
                let body = Rc::clone(&task).run(job.clone(), prim);
                self.tasks.push((task, self.executor.spawn(body)));
            }
            Op::Release(name) => self.world.prim(name).release()?,
            Op::Set(name) => self.world.set(name, true),
            Op::Clear(name) => self.world.set(name, false),
            Op::Notify(name, n) => self.world.prim(name).notify(*n)?,
            Op::NotifyAll(name) => self.world.prim(name).notify(usize::MAX)?,
            Op::Flag(name, value) => {
                self.shared.flags.borrow_mut().insert(name.clone(), *value);
            }
            Op::Cancel(name, message) => {
                return Ok(Some(json!(self.cancel(name, message.as_deref()))));
            }
            Op::Tick => drop(self.executor.tick()),
            Op::Settle => self.executor.settle(),
        }
        Ok(None)
    }

    /// Drops a task, which is what a cancellation is here. Returns whether it was not done yet.
    fn cancel(&mut self, name: &str, message: Option<&str>) -> bool {
        let mut named = self.tasks.iter().filter(|(task, _)| task.name == name);
        let (task, run) = named.next().expect("checked when it was read");
        let dropped = run.cancel();
        if dropped {
            let raised_by_exit = self.shared.raised_by_exit.borrow_mut().take();
            let cancelled = match message {
                _ if !task.started.get() => "CancelledError (never started)".to_owned(),
                Some(message) => format!("CancelledError: {message}"),
                None => "CancelledError".to_owned(),
            };
            task.log_value("err", json!(raised_by_exit.unwrap_or(cancelled)));
        }
        dropped
    }
}
