//! Waits of Python's threads.

use std::{
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use awaitlist_core::block_until;
use pyo3::{exceptions::PyValueError, prelude::*};

use crate::{module, task};

/// How long the main thread waits before it lets Python handle signals, such as Ctrl-C.
const SLICE: Duration = Duration::from_millis(50);
/// How long a thread waits that need not.
const LONG: Duration = Duration::from_secs(3600);

/// Waits for `future` with the GIL released. Returns `None` if that takes longer than `timeout`
/// seconds.
pub(crate) fn block<F>(
    py: Python<'_>,
    timeout: Option<f64>,
    future: F,
) -> PyResult<Option<F::Output>>
where
    F: Future<Output: Send> + Send,
{
    module::refuse_on_loop(py)?;
    task::blocks(py);
    let deadline = match timeout {
        None => None,
        Some(seconds) => {
            let timeout = Duration::try_from_secs_f64(seconds).map_err(|_| {
                PyValueError::new_err("timeout must be a non-negative number of seconds")
            })?;
            Instant::now().checked_add(timeout)
        }
    };
    let slice = if module::on_main_thread(py)? { SLICE } else { LONG };
    let mut future = pin!(future);
    loop {
        let end = Instant::now() + slice;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        if let Some(output) = py.detach(|| block_until(future.as_mut(), end)) {
            return Ok(Some(output));
        }
        py.check_signals()?;
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(None);
        }
    }
}
