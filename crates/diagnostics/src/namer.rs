//! The hook that names unnamed tasks.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
};

type Namer = fn() -> Option<String>;

static NAMER: OnceLock<Namer> = OnceLock::new();

/// Has `namer` name the tasks that are not named with [`task`](crate::task()): it is called on the
/// task's thread whenever such a task acquires or waits.
///
/// The current `tracing` span and tokio's task id are good names. The name is for people: a task is
/// told apart by its waker as before, and no deadlock of such tasks is certain.
///
/// The hook must not use the primitives of the suite. If it panics, the panic is caught, and the
/// task has no name.
///
/// # Errors
///
/// Returns [`NamerIsSet`] if a hook was set before.
///
/// ```
/// use awaitlist_diagnostics as diagnostics;
///
/// diagnostics::set_namer(|| std::thread::current().name().map(String::from))?;
/// # Ok::<(), diagnostics::NamerIsSet>(())
/// ```
pub fn set_namer(namer: fn() -> Option<String>) -> Result<(), NamerIsSet> {
    NAMER.set(namer).map_err(|_| NamerIsSet)
}

/// The error of [`set_namer`] if a hook was set before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamerIsSet;

impl std::fmt::Display for NamerIsSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a hook that names tasks is set already")
    }
}

impl std::error::Error for NamerIsSet {}

/// Returns whether there is a hook.
#[inline]
pub(crate) fn is_set() -> bool {
    NAMER.get().is_some()
}

/// Returns the name of the unnamed task that runs.
#[inline]
pub(crate) fn label() -> Option<Arc<str>> {
    let namer = NAMER.get()?;
    match catch_unwind(AssertUnwindSafe(namer)) {
        Ok(label) => label.map(Arc::from),
        Err(panic) => {
            // Its drop may panic as well.
            mem::forget(panic);
            None
        }
    }
}
