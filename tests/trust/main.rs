//! How far a report can be trusted: healthy programs are never called deadlocked without a doubt,
//! programs that hang are reported, and pure cycles of named tasks are uncontradicted.
//!
//! The programs are those of an independent review of the diagnostics, and random ones.

mod hangs;
mod healthy;
mod ordinary;
mod random;
mod retries;

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use awaitlist::diagnostics::{Deadlock, deadlocks, task};
use awaitlist_tests::executor::{Executor, Task};

/// The deadlocks in which the primitive with that name is.
fn deadlocks_at(name: &str) -> Vec<Deadlock> {
    let is_there = |deadlock: &Deadlock| {
        deadlock.edges.iter().any(|edge| edge.site.name.as_deref() == Some(name))
    };
    deadlocks().into_iter().filter(is_there).collect()
}

/// Has one test run at a time: some look at all that is there.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

type Job = Pin<Box<dyn Future<Output = ()>>>;

/// What a program runs on: tasks, which are named or not, and a time that passes once.
#[derive(Clone, Default)]
struct World {
    named: bool,
    jobs: Rc<RefCell<Vec<Job>>>,
    late: Rc<Cell<bool>>,
    timers: Rc<RefCell<Vec<Waker>>>,
}

impl World {
    fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + 'static) {
        self.jobs.borrow_mut().push(match self.named {
            true => Box::pin(task(name, future)),
            false => Box::pin(future),
        });
    }

    /// A sleep. As a timer does, it keeps the waker.
    fn sleep(&self) -> impl Future<Output = ()> + use<> {
        let Self { late, timers, .. } = self.clone();
        poll_fn(move |context| {
            if late.get() {
                return Poll::Ready(());
            }
            timers.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
    }

    /// Runs until no task can go on before the time has passed.
    fn settle(&self, executor: &Executor<'static>, tasks: &mut Vec<Task<'static, ()>>) {
        loop {
            executor.settle();
            let jobs = std::mem::take(&mut *self.jobs.borrow_mut());
            if jobs.is_empty() {
                return;
            }
            tasks.extend(jobs.into_iter().map(|job| executor.spawn(job)));
        }
    }

    fn pass_time(&self) {
        self.late.set(true);
        for waker in self.timers.take() {
            waker.wake();
        }
    }
}
