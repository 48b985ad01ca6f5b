//! An extension as users write them: it registers the module `awaitlist` itself, and runs tokio.
//!
//! test_extension.py and soak.py call it.

mod soak;

use std::{
    future::Future,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use awaitlist::{Barrier, Block, BoundedSemaphore, Event, Lock, OwnedLockGuard, Semaphore};
use awaitlist_python::{
    PyBarrier, PyBoundedSemaphore, PyCondition, PyEvent, PyLock, PySemaphore, Shared,
    SharedCondition, Wait, awaitable,
};
use pyo3::{exceptions::PyRuntimeError, prelude::*, types::PyDict};
use tokio::{runtime::Runtime, task::JoinHandle};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("the system has threads for tokio"));

/// A task of tokio that is aborted when this is dropped.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs `future` on tokio, and returns an awaitable for its output.
fn on_tokio<T>(py: Python<'_>, future: impl Future<Output = T> + Send + 'static) -> PyResult<Wait>
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let mut task = Task(RUNTIME.spawn(future));
    awaitable(py, async move {
        (&mut task.0).await.map_err(|error| PyRuntimeError::new_err(error.to_string()))
    })
}

/// `await acquire(lock)`, in a task of tokio. Returns a guard.
#[pyfunction]
fn acquire(py: Python<'_>, lock: Shared<Lock>) -> PyResult<Wait> {
    on_tokio(py, async move { Guard(Mutex::new(Some(lock.acquire_owned().await))) })
}

/// Waits for the event in a task of tokio that no caller awaits.
#[pyfunction]
fn detach_wait(event: Shared<Event>, lock: Shared<Lock>) {
    RUNTIME.spawn(async move {
        event.wait().await;
        let _guard = lock.acquire().await;
    });
}

/// A guard of Rust.
#[pyclass(frozen)]
struct Guard(Mutex<Option<OwnedLockGuard>>);

#[pymethods]
impl Guard {
    fn release(&self) {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(guard);
    }
}

/// `await notify(condition)`: acquires, notifies all and releases, in a task of tokio. Returns the
/// number of waiters.
#[pyfunction]
fn notify(py: Python<'_>, condition: Shared<SharedCondition>) -> PyResult<Wait> {
    on_tokio(py, async move {
        let guard = condition.acquire().await;
        let waiters = condition.waiters();
        condition.notify_all(&guard);
        waiters
    })
}

/// `await wait(condition)`: waits for a notification, in a task of tokio.
#[pyfunction]
fn wait(py: Python<'_>, condition: Shared<SharedCondition>) -> PyResult<Wait> {
    on_tokio(py, async move {
        let guard = condition.acquire().await;
        drop(condition.wait(guard).await);
    })
}

/// Blocks the thread for the event, with the GIL released.
#[pyfunction]
fn block(py: Python<'_>, event: Shared<Event>) {
    py.detach(|| event.wait().block());
}

/// What Rust hands to Python: one of each kind, and again the same.
#[pyclass(frozen)]
struct Primitives {
    lock: Arc<Lock>,
    event: Arc<Event>,
    condition: Arc<SharedCondition>,
    semaphore: Arc<Semaphore>,
    bounded: Arc<BoundedSemaphore>,
    barrier: Arc<Barrier>,
}

#[pymethods]
impl Primitives {
    #[new]
    fn new() -> Self {
        let lock = Arc::new(Lock::new(()));
        Self {
            condition: Arc::new(SharedCondition::with_lock(Arc::clone(&lock))),
            lock,
            event: Arc::new(Event::new()),
            semaphore: Arc::new(Semaphore::new(2)),
            bounded: Arc::new(BoundedSemaphore::new(2)),
            barrier: Arc::new(Barrier::new(2)),
        }
    }

    #[getter]
    fn lock(&self) -> PyLock {
        PyLock::from_arc(Arc::clone(&self.lock))
    }

    #[getter]
    fn event(&self) -> PyEvent {
        PyEvent::from_arc(Arc::clone(&self.event))
    }

    #[getter]
    fn condition(&self, py: Python<'_>) -> PyResult<PyCondition> {
        PyCondition::from_arc(py, Arc::clone(&self.condition), Arc::clone(&self.lock))
    }

    #[getter]
    fn semaphore(&self) -> PySemaphore {
        PySemaphore::from_arc(Arc::clone(&self.semaphore))
    }

    #[getter]
    fn bounded(&self, py: Python<'_>) -> PyResult<Py<PyBoundedSemaphore>> {
        Py::new(py, PyBoundedSemaphore::from_arc(Arc::clone(&self.bounded)))
    }

    #[getter]
    fn barrier(&self) -> PyBarrier {
        PyBarrier::from_arc(Arc::clone(&self.barrier))
    }

    /// Whether the arguments are these.
    fn are(
        &self,
        lock: Shared<Lock>,
        event: Shared<Event>,
        condition: Shared<SharedCondition>,
        semaphore: Shared<Semaphore>,
        bounded: Shared<BoundedSemaphore>,
        barrier: Shared<Barrier>,
    ) -> bool {
        Arc::ptr_eq(&lock, &self.lock)
            && Arc::ptr_eq(&event, &self.event)
            && Arc::ptr_eq(&condition, &self.condition)
            && Arc::ptr_eq(&semaphore, &self.semaphore)
            && Arc::ptr_eq(&bounded, &self.bounded)
            && Arc::ptr_eq(&barrier, &self.barrier)
    }

    /// How often Rust and Python own each of them, by name.
    fn owners(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let owners = PyDict::new(py);
        owners.set_item("lock", Arc::strong_count(&self.lock))?;
        owners.set_item("event", Arc::strong_count(&self.event))?;
        owners.set_item("condition", Arc::strong_count(&self.condition))?;
        owners.set_item("semaphore", Arc::strong_count(&self.semaphore))?;
        owners.set_item("bounded", Arc::strong_count(&self.bounded))?;
        owners.set_item("barrier", Arc::strong_count(&self.barrier))?;
        Ok(owners.unbind())
    }
}

#[pymodule]
fn awaitlist_test_extension(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("awaitlist", awaitlist_python::module(module.py())?)?;
    module.add_class::<Guard>()?;
    module.add_class::<Primitives>()?;
    module.add_class::<soak::Soak>()?;
    module.add_function(wrap_pyfunction!(acquire, module)?)?;
    module.add_function(wrap_pyfunction!(detach_wait, module)?)?;
    module.add_function(wrap_pyfunction!(notify, module)?)?;
    module.add_function(wrap_pyfunction!(wait, module)?)?;
    module.add_function(wrap_pyfunction!(block, module)?)
}
