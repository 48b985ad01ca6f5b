//! Wake-ups on threads that Python does not know, while the interpreter ends.
//!
//! Until Python 3.14, a thread that waits for the GIL when the interpreter ends is terminated in
//! the middle of what it does, which ends the process. So a function that runs at exit waits for
//! the wake-ups that are under way, and later ones of other threads do nothing: no task runs any
//! more.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use pyo3::prelude::*;

/// The wake-ups that are under way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// Whether the end has begun.
static ENDED: AtomicBool = AtomicBool::new(false);

/// The thread that ends the interpreter. Set before `ENDED`.
static ENDS: OnceLock<ThreadId> = OnceLock::new();

/// One wake-up that is under way.
struct Entered;

impl Entered {
    fn new() -> Self {
        // SeqCst: pairs with `_end`. Either this thread loads `ENDED` as true afterwards, or `_end`
        // loads this count.
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs `function` with the interpreter attached, unless it ends.
pub(crate) fn attach(function: impl FnOnce(Python<'_>)) {
    let _entered = Entered::new();
    if ENDED.load(Ordering::SeqCst) && ENDS.get() != Some(&thread::current().id()) {
        return;
    }
    let _: Option<()> = Python::try_attach(function);
}

/// Waits for the wake-ups that are under way. Runs at exit.
#[pyfunction]
pub(crate) fn _end(py: Python<'_>) {
    let _ = ENDS.set(thread::current().id());
    ENDED.store(true, Ordering::SeqCst);
    py.detach(|| {
        while UNDER_WAY.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Forgets the wake-ups of threads that a child process does not have.
pub(crate) fn forked() {
    UNDER_WAY.store(0, Ordering::SeqCst);
}
