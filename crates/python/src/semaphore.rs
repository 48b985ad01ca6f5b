//! `asyncio.Semaphore` and `asyncio.BoundedSemaphore`.

use std::sync::{Arc, OnceLock};

use awaitlist::{BoundedSemaphore, MAX_PERMITS, Semaphore};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::{PyOverflowError, PyRuntimeError, PyValueError},
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{blocking::block, home::Home, module, wait::Wait};

#[derive(Clone)]
pub(crate) enum Permits {
    Plain(Arc<Semaphore>),
    Bounded(Arc<BoundedSemaphore>),
}

/// Calls the same on either of the two.
macro_rules! either {
    ($permits:expr, $semaphore:ident => $value:expr) => {
        match $permits {
            Permits::Plain($semaphore) => $value,
            Permits::Bounded($semaphore) => $value,
        }
    };
}

/// The class `Semaphore`, and the base of `BoundedSemaphore`.
#[pyclass(frozen, subclass, weakref, dict, module = "awaitlist", name = "Semaphore")]
pub struct PySemaphore {
    /// Set by `__init__`, which subclasses may call late.
    permits: OnceLock<Permits>,
    home: Home,
}

/// The class `BoundedSemaphore`.
#[pyclass(
    frozen,
    subclass,
    module = "awaitlist",
    name = "BoundedSemaphore",
    extends = PySemaphore
)]
pub struct PyBoundedSemaphore;

impl PySemaphore {
    /// Makes a semaphore of Python, for tasks and threads everywhere, from one of Rust.
    pub fn from_arc(semaphore: Arc<Semaphore>) -> Self {
        Self { permits: Permits::Plain(semaphore).into(), home: Home::new(true) }
    }

    /// Returns the semaphore, to be acquired in Rust. `None` for a `BoundedSemaphore`.
    pub fn arc(&self) -> Option<&Arc<Semaphore>> {
        match self.permits.get()? {
            Permits::Plain(semaphore) => Some(semaphore),
            Permits::Bounded(_) => None,
        }
    }

    /// Returns the semaphore, to be acquired in Rust, if it is a `BoundedSemaphore`.
    pub fn bounded_arc(&self) -> Option<&Arc<BoundedSemaphore>> {
        match self.permits.get()? {
            Permits::Plain(_) => None,
            Permits::Bounded(semaphore) => Some(semaphore),
        }
    }

    fn permits(&self) -> PyResult<&Permits> {
        self.permits
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("Semaphore.__init__() was not called"))
    }

    fn touch(&self, permits: &Permits) {
        self.home.touch(|| either!(permits, semaphore => semaphore.waiters() > 0));
    }

    fn start(&self, permits: Permits, shared: bool) {
        self.home.set_shared(shared);
        // A second call changes nothing.
        let _ = self.permits.set(permits);
    }
}

impl PyBoundedSemaphore {
    /// Makes a semaphore of Python, for tasks and threads everywhere, from one of Rust.
    pub fn from_arc(semaphore: Arc<BoundedSemaphore>) -> PyClassInitializer<Self> {
        let permits = Permits::Bounded(semaphore).into();
        PyClassInitializer::from(PySemaphore { permits, home: Home::new(true) }).add_subclass(Self)
    }
}

fn checked(value: usize) -> PyResult<usize> {
    if value > MAX_PERMITS {
        return Err(PyOverflowError::new_err(format!("Semaphore value must be <= {MAX_PERMITS}")));
    }
    Ok(value)
}

#[pymethods]
impl PySemaphore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        Self { permits: OnceLock::new(), home: Home::new(false) }
    }

    fn _init(&self, value: usize, shared: bool) -> PyResult<()> {
        self.start(Permits::Plain(Arc::new(Semaphore::new(checked(value)?))), shared);
        Ok(())
    }

    fn _init_bounded(&self, value: usize, shared: bool) -> PyResult<()> {
        let semaphore = BoundedSemaphore::new(checked(value)?);
        self.start(Permits::Bounded(Arc::new(semaphore)), shared);
        Ok(())
    }

    fn _acquire(slf: &Bound<'_, Self>) -> PyResult<Option<Wait>> {
        let this = slf.get();
        let permits = this.permits()?;
        this.touch(permits);
        let acquired = either!(permits, semaphore => {
            semaphore.try_acquire().map(|permit| permit.forget()).is_some()
        });
        if acquired {
            return Ok(None);
        }
        let event_loop = this.home.running_loop(slf.as_any())?;
        Ok(Some(either!(permits, semaphore => {
            let acquire = semaphore.acquire_owned();
            let future = async move {
                acquire.await.forget();
                Ok(None)
            };
            Wait::new(event_loop.unbind(), Box::pin(future), None)
        })))
    }

    /// Release a permit. It goes to the first task that waits.
    fn release(&self) -> PyResult<()> {
        match self.permits()? {
            Permits::Plain(semaphore) => {
                if semaphore.value() >= MAX_PERMITS {
                    return Err(PyOverflowError::new_err("Semaphore released too many times"));
                }
                semaphore.release();
                Ok(())
            }
            Permits::Bounded(semaphore) => {
                semaphore.release().map_err(|error| PyValueError::new_err(error.asyncio_message()))
            }
        }
    }

    /// Return True if a permit cannot be acquired at once.
    fn locked(&self) -> PyResult<bool> {
        Ok(either!(self.permits()?, semaphore => semaphore.locked()))
    }

    /// Acquire a permit on a thread without an event loop. Return False after `timeout` seconds.
    #[pyo3(signature = (timeout = None))]
    fn acquire_blocking(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let permits = self.permits()?;
        self.touch(permits);
        self.home.check_blocking()?;
        either!(permits, semaphore => {
            let permit = block(py, timeout, semaphore.acquire_owned())?;
            Ok(permit.map(|permit| permit.forget()).is_some())
        })
    }

    fn _brackets(&self) -> PyResult<String> {
        Ok(either!(self.permits()?, semaphore => semaphore.brackets().to_string()))
    }

    #[getter]
    fn _value(&self) -> PyResult<usize> {
        Ok(either!(self.permits()?, semaphore => semaphore.value()))
    }

    #[getter]
    fn _waiters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        module::range(py, either!(self.permits()?, semaphore => semaphore.waiters()))
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

#[pymethods]
impl PyBoundedSemaphore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(
        _arguments: &Bound<'_, PyTuple>,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        let base = PySemaphore { permits: OnceLock::new(), home: Home::new(false) };
        PyClassInitializer::from(base).add_subclass(Self)
    }

    #[getter]
    fn _bound_value(slf: &Bound<'_, Self>) -> PyResult<usize> {
        match slf.as_super().get().permits()? {
            Permits::Plain(semaphore) => Ok(semaphore.value()),
            Permits::Bounded(semaphore) => Ok(semaphore.bound()),
        }
    }
}
