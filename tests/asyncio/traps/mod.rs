//! Forty-five places where a port of asyncio's locks goes wrong if it does what seems natural.
//!
//! Each test is a script with what CPython 3.13 was seen to do: which task continues, in which
//! order, with which error, and what is printed between the brackets at that moment. A script
//! spawns tasks and changes primitives while no task runs. `tick` runs the tasks that are ready,
//! `settle` runs until none is, and both return what the tasks have logged: a name says that the
//! task has got what it waited for, and what follows the name is what that was.
//!
//! A cancellation is a drop, which takes effect at once. In CPython it does one turn of the loop
//! later, and until then the brackets count a waiter that is cancelled. Where more than that is
//! different, the test asserts what we do, and its comment says why.
//!
//! What the API cannot express, and the scripts leave out:
//!
//! - `notify(-1)`, which does nothing in Python (22): the number is unsigned.
//! - The message of a cancellation, of which the last one is kept (18): a drop has none. What a
//!   `stop` returns comes out of `wait_or` instead.
//! - A hold released while another task's guard lives: only a forgotten hold can be. The scripts
//!   forget all their guards, as a Python program does that does not use `async with`.

use std::{cell::RefCell, fmt::Display, future::Future};

use awaitlist::{Barrier, Condition, Event, Lock, LockGuard, Semaphore};
use awaitlist_tests::executor::{Executor, Task};

mod barrier;
mod condition;
mod event;
mod lock;
mod semaphore;

/// What the tasks of a script have done since it last asked.
#[derive(Default)]
struct Log(RefCell<Vec<String>>);

impl Log {
    fn push(&self, entry: impl Display) {
        self.0.borrow_mut().push(entry.to_string());
    }
}

/// The tasks of a script.
struct Stage<'a> {
    tasks: Executor<'a>,
    log: &'a Log,
}

impl<'a> Stage<'a> {
    fn new(log: &'a Log) -> Self {
        let tasks = Executor::new();
        Self { tasks, log }
    }

    /// A task that logs `name` at its end.
    fn spawn(&self, name: &'a str, future: impl Future<Output = ()> + 'a) -> Task<'a, ()> {
        let log = self.log;
        self.tasks.spawn(async move {
            future.await;
            log.push(name);
        })
    }

    /// Acquires, for others to release.
    fn acquire(&self, name: &'a str, lock: &'a Lock) -> Task<'a, ()> {
        self.spawn(name, async { LockGuard::forget(lock.acquire().await) })
    }

    /// Acquires a permit, for others to release.
    fn acquire_permit(&self, name: &'a str, semaphore: &'a Semaphore) -> Task<'a, ()> {
        self.spawn(name, async { semaphore.acquire().await.forget() })
    }

    /// Waits for a notification, and leaves the lock held for others to release.
    fn wait_and_hold(&self, name: &'a str, condition: &'a Condition) -> Task<'a, ()> {
        self.spawn(name, async {
            let guard = condition.acquire().await;
            LockGuard::forget(condition.wait(guard).await);
        })
    }

    /// Waits for a notification, and releases the lock.
    fn wait_and_release(&self, name: &'a str, condition: &'a Condition) -> Task<'a, ()> {
        self.spawn(name, async {
            let guard = condition.acquire().await;
            drop(condition.wait(guard).await);
        })
    }

    /// Waits for a notification or for `stop`, logs which it was, and leaves the lock held for
    /// others to release.
    fn wait_or_stop(
        &self,
        name: &'a str,
        condition: &'a Condition,
        stop: &'a Event,
    ) -> Task<'a, ()> {
        let log = self.log;
        self.tasks.spawn(async move {
            let guard = condition.acquire().await;
            let (guard, outcome) = condition.wait_or(guard, stop.wait()).await;
            LockGuard::forget(guard);
            log.push(match outcome {
                Ok(()) => format!("{name}: notified"),
                Err(()) => format!("{name}: stopped"),
            });
        })
    }

    /// Arrives at a barrier, and logs its index or its error.
    fn arrive(&self, name: &'a str, barrier: &'a Barrier) -> Task<'a, ()> {
        let log = self.log;
        self.tasks.spawn(async move {
            match barrier.wait().await {
                Ok(index) => log.push(format_args!("{name}: {index}")),
                Err(error) => log.push(format_args!("{name}: {}", error.asyncio_message())),
            }
        })
    }

    /// One turn of the loop. Returns what was logged in it.
    fn tick(&self) -> Vec<String> {
        self.tasks.tick();
        self.log.0.take()
    }

    /// Turns until no task is ready. Returns what was logged meanwhile.
    #[track_caller]
    fn settle(&self) -> Vec<String> {
        self.tasks.settle();
        self.log.0.take()
    }
}

/// Nothing was logged.
const NOTHING: [&str; 0] = [];
