//! Step 2: one function in Rust, under the same lock as its callers in Python.

use std::sync::LazyLock;

use awaitlist::Lock;
use awaitlist_python::{Shared, Wait, awaitable};
use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyDict};
use tokio::{runtime::Runtime, task::JoinHandle};
use wordcount::{Counts, count};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("the system has threads for tokio"));

/// A task that is aborted when the caller in Python is cancelled.
struct Aborted<T>(JoinHandle<T>);

impl<T> Drop for Aborted<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// `await add(lock, counts, page)`: counts the words of a page on another thread, without the GIL,
/// then adds them to the dict with the lock held.
#[pyfunction]
fn add(py: Python<'_>, lock: Shared<Lock>, counts: Py<PyDict>, page: String) -> PyResult<Wait> {
    let task = RUNTIME.spawn(async move {
        let counted = count(&page);
        let _guard = lock.acquire().await;
        Python::attach(|py| merge(counts.bind(py), counted))
    });
    let mut task = Aborted(task);
    awaitable(py, async move {
        let added = (&mut task.0).await;
        added.unwrap_or_else(|error| Err(PyRuntimeError::new_err(error.to_string())))
    })
}

fn merge(counts: &Bound<'_, PyDict>, counted: Counts) -> PyResult<()> {
    for (word, count) in counted {
        let before = counts.get_item(&word)?.map_or(Ok(0), |before| before.extract::<u64>())?;
        counts.set_item(word, before + count)?;
    }
    Ok(())
}

#[pymodule]
fn wordcount_python(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("awaitlist", awaitlist_python::module(module.py())?)?;
    module.add_function(wrap_pyfunction!(add, module)?)
}
