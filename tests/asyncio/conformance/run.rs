//! Runs a program on the crates, and writes its trace.

use std::{mem, rc::Rc};

use serde_json::{Value, json};

use super::{
    program::{Op, Program},
    tasks::{Progress, Shared, Task},
    trace::{Step, Trace},
    world::World,
};
use crate::support::executor::{self, Executor};

/// Runs `program` from its first operation to its last.
pub fn run(program: &Program) -> Trace {
    let mut driver = Driver {
        world: World::new(program),
        shared: Rc::new(Shared { cancels: program.cancels(), ..Shared::default() }),
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
            Op::Tick => drop(self.tick()),
            Op::Settle => {
                let settled = (0..10_000).any(|_| self.tick() == 0);
                assert!(settled, "the tasks keep waking each other");
            }
        }
        Ok(None)
    }

    /// Cancels a task, and returns whether it was not done yet.
    fn cancel(&self, name: &str, message: Option<&str>) -> bool {
        let mut named = self.tasks.iter().filter(|(task, _)| task.name == name);
        let (task, run) = named.next().expect("checked when it was read");
        if run.is_over() {
            return false;
        }
        task.cancel(message, run.is_ready());
        run.wake();
        true
    }

    /// One turn of the loop, and how many tasks ran in it.
    fn tick(&self) -> usize {
        let ran = self.executor.tick();
        for (task, _) in &self.tasks {
            if task.progress.get() == Progress::NeverStarted {
                task.progress.set(Progress::NeverStartedLogged);
                task.log_value("err", json!("CancelledError (never started)"));
            }
        }
        ran
    }
}
