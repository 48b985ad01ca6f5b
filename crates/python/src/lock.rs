//! `asyncio.Lock`.

use std::sync::Arc;

use awaitlist::{Lock, LockGuard, OwnedLockGuard};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::PyRuntimeError,
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    blocking::block,
    home::Home,
    module,
    wait::{Boxed, Wait},
};

/// The class `Lock`.
#[pyclass(frozen, subclass, weakref, dict, module = "awaitlist", name = "Lock")]
pub struct PyLock {
    pub(crate) lock: Arc<Lock<()>>,
    pub(crate) home: Home,
}

/// Returns a future that acquires `lock` and leaves it held.
pub(crate) fn acquire(lock: &Arc<Lock<()>>) -> Boxed {
    let acquire = lock.acquire_owned();
    Box::pin(async move {
        OwnedLockGuard::forget(acquire.await);
        Ok(None)
    })
}

/// Acquires `lock` if it is free.
#[inline]
pub(crate) fn try_acquire(lock: &Lock<()>) -> bool {
    lock.try_acquire().map(LockGuard::forget).is_some()
}

impl PyLock {
    /// Makes a lock of Python, for tasks and threads everywhere, from one of Rust.
    pub fn from_arc(lock: Arc<Lock<()>>) -> Self {
        Self { lock, home: Home::new(true) }
    }

    /// Returns the lock, to be acquired in Rust.
    pub fn arc(&self) -> &Arc<Lock<()>> {
        &self.lock
    }

    #[inline]
    pub(crate) fn touch(&self) {
        self.home.touch(|| self.lock.locked() || self.lock.waiters() > 0);
    }

    #[inline]
    pub(crate) fn acquire_in(&self, primitive: &Bound<'_, PyAny>) -> PyResult<Option<Wait>> {
        self.touch();
        if try_acquire(&self.lock) {
            return Ok(None);
        }
        let event_loop = self.home.running_loop(primitive)?;
        Ok(Some(Wait::new(event_loop.unbind(), acquire(&self.lock), None)))
    }

    pub(crate) fn release_it(&self) -> PyResult<()> {
        self.lock.release().map_err(|_| PyRuntimeError::new_err("Lock is not acquired."))
    }

    pub(crate) fn block(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.touch();
        self.home.check_blocking()?;
        let guard = block(py, timeout, self.lock.acquire_owned())?;
        Ok(guard.map(OwnedLockGuard::forget).is_some())
    }
}

#[pymethods]
impl PyLock {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        Self { lock: Arc::new(Lock::new(())), home: Home::new(false) }
    }

    fn _init(&self, shared: bool) {
        self.home.set_shared(shared);
    }

    fn _acquire(slf: &Bound<'_, Self>) -> PyResult<Option<Wait>> {
        slf.get().acquire_in(slf.as_any())
    }

    /// Release the lock. The first task that waits is the next to have it.
    fn release(&self) -> PyResult<()> {
        self.release_it()
    }

    /// Return True if the lock is acquired.
    fn locked(&self) -> bool {
        self.lock.locked()
    }

    /// Acquire the lock on a thread without an event loop. Return False after `timeout` seconds.
    #[pyo3(signature = (timeout = None))]
    fn acquire_blocking(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.block(py, timeout)
    }

    fn _brackets(&self) -> String {
        self.lock.brackets().to_string()
    }

    #[getter]
    fn _waiters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        module::range(py, self.lock.waiters())
    }

    #[getter]
    fn _loop(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.home.event_loop(py)
    }

    #[setter(_loop)]
    fn set_loop(&self, event_loop: Option<Py<PyAny>>) {
        self.home.set_event_loop(event_loop);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.home.traverse(&visit)
    }

    fn __clear__(&self) {
        self.home.set_event_loop(None);
    }
}
