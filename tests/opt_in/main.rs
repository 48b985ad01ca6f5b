//! What is recorded only after the program has asked for it. It is recorded for the whole process,
//! so these tests have one of their own, and run one after the other.

mod lock_order;
mod profile;

use std::sync::{Mutex, MutexGuard, PoisonError};

use awaitlist_tests::executor::Executor;

/// Has one test run at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a future to its end, alone.
fn run(future: impl Future<Output = ()> + 'static) {
    let executor = Executor::new();
    let task = executor.spawn(future);
    executor.settle();
    assert!(task.is_done(), "it goes on");
}
