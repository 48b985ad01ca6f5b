//! What CPython's own tests of `asyncio.locks` assert (`Lib/test/test_asyncio/test_locks.py`,
//! 3.13), asserted of ours.
//!
//! A test here bears the name of the one there, in a module for its class. `docs/cpython-tests.md`
//! pairs all 75, and says which have no pair and why; `table` keeps that page honest.
//!
//! Two habits of those tests are translated throughout. Acquiring without `async with` is a guard
//! that is forgotten, or kept by the script. Cancelling a task is dropping its future; where a test
//! needs the lock back after a cancelled `Condition.wait`, it is `wait_or`, whose stop stands for
//! the cancellation.

use std::cell::RefCell;

mod barrier;
mod condition;
mod event;
mod lock;
mod semaphore;
mod table;

/// What the tasks of a script have done, in order.
#[derive(Default)]
struct Log<T>(RefCell<Vec<T>>);

impl<T: Clone> Log<T> {
    fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    fn push(&self, entry: T) {
        self.0.borrow_mut().push(entry);
    }

    fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    fn so_far(&self) -> Vec<T> {
        self.0.borrow().clone()
    }
}

/// Whether a type implements a trait, as the compiler sees it.
macro_rules! implements {
    ($type:ty: $trait:path) => {{
        #[allow(dead_code, reason = "asked if the bound below is not met")]
        trait Otherwise {
            const ANSWER: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        #[allow(dead_code, reason = "a place for the constant")]
        struct Is<T: ?Sized>(std::marker::PhantomData<T>);
        // An inherent constant goes before a trait's, where its bound is met.
        #[allow(dead_code, reason = "asked if the bound is met")]
        impl<T: ?Sized + $trait> Is<T> {
            const ANSWER: bool = true;
        }
        <Is<$type>>::ANSWER
    }};
}
use implements;
