//! `asyncio.Lock`.

use std::sync::Arc;

use awaitlist::{Lock, LockGuard, OwnedLockGuard};
use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    blocking::block,
    holds::Holds,
    home::{self, Home},
    module,
    names::Name,
    task,
    wait::{Boxed, Wait},
};

/// The class `Lock`.
#[pyclass(frozen, subclass, weakref, dict, module = "awaitlist", name = "Lock")]
pub struct PyLock {
    pub(crate) lock: Arc<Lock<()>>,
    pub(crate) holds: Holds<OwnedLockGuard>,
    pub(crate) home: Home,
    _name: Name,
}

/// Returns a future that acquires `lock` and leaves it held.
pub(crate) fn acquire(lock: &Arc<Lock<()>>, holds: &Holds<OwnedLockGuard>) -> Boxed {
    let (acquire, holds) = (lock.acquire_owned(), holds.clone());
    Box::pin(async move {
        holds.keep(acquire.await);
        Ok(None)
    })
}

impl PyLock {
    /// Makes a lock of Python, for tasks and threads everywhere, from one of Rust.
    pub fn from_arc(lock: Arc<Lock<()>>) -> Self {
        Self::new_in(lock, Name::NONE, Home::new(true))
    }

    fn new_in(lock: Arc<Lock<()>>, name: Name, home: Home) -> Self {
        Self { holds: Holds::of(&lock, &name), lock, home, _name: name }
    }

    /// Returns the lock, to be acquired in Rust.
    pub fn arc(&self) -> &Arc<Lock<()>> {
        &self.lock
    }

    #[inline]
    pub(crate) fn touch(&self) {
        self.home.touch(|| self.lock.locked() || self.lock.waiters() > 0);
    }

    /// Acquires the lock if it is free.
    #[inline]
    fn try_acquire(&self, py: Python<'_>) -> bool {
        if !cfg!(feature = "diagnostics") {
            return self.lock.try_acquire().map(LockGuard::forget).is_some();
        }
        let (lock, holds) = (Arc::clone(&self.lock), self.holds.clone());
        task::run(py, move || lock.try_acquire_owned().map(|guard| holds.keep(guard)).is_some())
    }

    #[inline]
    pub(crate) fn acquire_in(&self, primitive: &Bound<'_, PyAny>) -> PyResult<Option<Wait>> {
        self.touch();
        if self.try_acquire(primitive.py()) {
            return Ok(None);
        }
        let event_loop = self.home.running_loop(primitive)?;
        Ok(Some(Wait::new(event_loop.unbind(), acquire(&self.lock, &self.holds), None)))
    }

    /// Returns the guard of what Python holds, if it was kept.
    pub(crate) fn take(&self, py: Python<'_>) -> Option<OwnedLockGuard> {
        if !cfg!(feature = "diagnostics") {
            return None;
        }
        let holds = self.holds.clone();
        task::release(py, move || holds.take())
    }

    pub(crate) fn release_it(&self, py: Python<'_>) -> PyResult<()> {
        if cfg!(feature = "diagnostics") {
            let holds = self.holds.clone();
            if task::release(py, move || holds.take().map(drop).is_some()) {
                return Ok(());
            }
        }
        self.lock.release().map_err(|_| PyRuntimeError::new_err("Lock is not acquired."))
    }

    pub(crate) fn block(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.touch();
        self.home.check_blocking()?;
        let guard = block(py, timeout, self.lock.acquire_owned())?;
        Ok(guard.map(|guard| self.holds.keep(guard)).is_some())
    }
}

#[pymethods]
impl PyLock {
    #[new]
    #[pyo3(signature = (*arguments, **_keywords))]
    fn new(arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        let name = Name::here(arguments.py());
        let lock = name.get().map_or_else(|| Lock::new(()), |name| Lock::named(name, ()));
        Self::new_in(Arc::new(lock), name, Home::new(false))
    }

    fn _init(&self, shared: bool) {
        self.home.set_shared(shared);
    }

    fn _acquire(slf: &Bound<'_, Self>) -> PyResult<Option<Wait>> {
        slf.get().acquire_in(slf.as_any())
    }

    /// Release the lock. The first task that waits is the next to have it.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        self.release_it(py)
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
}

home::methods!(PyLock);
