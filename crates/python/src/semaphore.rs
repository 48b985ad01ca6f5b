//! `asyncio.Semaphore` and `asyncio.BoundedSemaphore`.

use std::sync::{Arc, OnceLock};

use awaitlist::{BoundedSemaphore, MAX_PERMITS, Semaphore, bounded_semaphore, semaphore};
use pyo3::{
    exceptions::{PyOverflowError, PyRuntimeError, PyValueError},
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
    wait::Wait,
};

/// Calls the same on either of the two.
macro_rules! either {
    ($permits:expr, $semaphore:ident => $value:expr) => {
        either!($permits, $semaphore, _holds => $value)
    };
    ($permits:expr, $semaphore:ident, $holds:ident => $value:expr) => {
        match $permits {
            Permits::Plain($semaphore, $holds) => $value,
            Permits::Bounded($semaphore, $holds) => $value,
        }
    };
}

enum Permits {
    Plain(Arc<Semaphore>, Holds<semaphore::OwnedPermit>),
    Bounded(Arc<BoundedSemaphore>, Holds<bounded_semaphore::OwnedPermit>),
}

impl Permits {
    fn plain(semaphore: Arc<Semaphore>, name: &Name) -> Self {
        let holds = Holds::of(&semaphore, name);
        Self::Plain(semaphore, holds)
    }

    fn bounded(semaphore: Arc<BoundedSemaphore>, name: &Name) -> Self {
        let holds = Holds::of(&semaphore, name);
        Self::Bounded(semaphore, holds)
    }

    /// Releases a permit whose guard was kept. Returns whether there is one.
    fn release_kept(&self, py: Python<'_>) -> bool {
        if !cfg!(feature = "diagnostics") {
            return false;
        }
        // At the bound, the release is one too many.
        let is_full = match self {
            Self::Plain(..) => false,
            Self::Bounded(semaphore, _) => semaphore.value() >= semaphore.bound(),
        };
        !is_full
            && either!(self, _semaphore, holds => {
                let holds = holds.clone();
                task::release(py, move || holds.take().map(drop).is_some())
            })
    }
}

/// The class `Semaphore`, and the base of `BoundedSemaphore`.
#[pyclass(frozen, subclass, weakref, dict, module = "awaitlist", name = "Semaphore")]
pub struct PySemaphore {
    /// Set by `__init__`, which subclasses may call late.
    permits: OnceLock<Permits>,
    name: OnceLock<Name>,
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
        Self::shared(Permits::plain(semaphore, &Name::NONE))
    }

    fn shared(permits: Permits) -> Self {
        Self { permits: permits.into(), name: OnceLock::new(), home: Home::new(true) }
    }

    /// Without permits, until `__init__`.
    fn empty() -> Self {
        Self { permits: OnceLock::new(), name: OnceLock::new(), home: Home::new(false) }
    }

    /// Returns the semaphore, to be acquired in Rust. `None` for a `BoundedSemaphore`.
    pub fn arc(&self) -> Option<&Arc<Semaphore>> {
        match self.permits.get()? {
            Permits::Plain(semaphore, _) => Some(semaphore),
            Permits::Bounded(..) => None,
        }
    }

    /// Returns the semaphore, to be acquired in Rust, if it is a `BoundedSemaphore`.
    pub fn bounded_arc(&self) -> Option<&Arc<BoundedSemaphore>> {
        match self.permits.get()? {
            Permits::Plain(..) => None,
            Permits::Bounded(semaphore, _) => Some(semaphore),
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

    /// Acquires a permit if there is one, and no waiter before.
    #[inline]
    fn try_acquire(&self, py: Python<'_>, permits: &Permits) -> bool {
        if !cfg!(feature = "diagnostics") {
            return either!(permits, semaphore => {
                semaphore.try_acquire().map(|permit| permit.forget()).is_some()
            });
        }
        either!(permits, semaphore, holds => {
            let (semaphore, holds) = (Arc::clone(semaphore), holds.clone());
            task::run(py, move || {
                semaphore.try_acquire_owned().map(|permit| holds.keep(permit)).is_some()
            })
        })
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
        let permits = Permits::bounded(semaphore, &Name::NONE);
        PyClassInitializer::from(PySemaphore::shared(permits)).add_subclass(Self)
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
        Self::empty()
    }

    fn _init(&self, py: Python<'_>, value: usize, shared: bool) -> PyResult<()> {
        let (value, name) = (checked(value)?, self.name.get_or_init(|| Name::here(py)));
        let semaphore = match name.get() {
            Some(name) => Semaphore::named(name, value),
            None => Semaphore::new(value),
        };
        self.start(Permits::plain(Arc::new(semaphore), name), shared);
        Ok(())
    }

    fn _init_bounded(&self, py: Python<'_>, value: usize, shared: bool) -> PyResult<()> {
        let (value, name) = (checked(value)?, self.name.get_or_init(|| Name::here(py)));
        let semaphore = match name.get() {
            Some(name) => BoundedSemaphore::named(name, value),
            None => BoundedSemaphore::new(value),
        };
        self.start(Permits::bounded(Arc::new(semaphore), name), shared);
        Ok(())
    }

    fn _acquire(slf: &Bound<'_, Self>) -> PyResult<Option<Wait>> {
        let this = slf.get();
        let permits = this.permits()?;
        this.touch(permits);
        if this.try_acquire(slf.py(), permits) {
            return Ok(None);
        }
        let event_loop = this.home.running_loop(slf.as_any())?;
        Ok(Some(either!(permits, semaphore, holds => {
            let (acquire, holds) = (semaphore.acquire_owned(), holds.clone());
            let future = async move {
                holds.keep(acquire.await);
                Ok(None)
            };
            Wait::new(event_loop.unbind(), Box::pin(future), None)
        })))
    }

    /// Release a permit. It goes to the first task that waits.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        let permits = self.permits()?;
        if permits.release_kept(py) {
            return Ok(());
        }
        match permits {
            Permits::Plain(semaphore, _) => {
                if semaphore.value() >= MAX_PERMITS {
                    return Err(PyOverflowError::new_err("Semaphore released too many times"));
                }
                semaphore.release();
                Ok(())
            }
            Permits::Bounded(semaphore, _) => {
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
        either!(permits, semaphore, holds => {
            let permit = block(py, timeout, semaphore.acquire_owned())?;
            Ok(permit.map(|permit| holds.keep(permit)).is_some())
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
}

home::methods!(PySemaphore);

#[pymethods]
impl PyBoundedSemaphore {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(
        _arguments: &Bound<'_, PyTuple>,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        PyClassInitializer::from(PySemaphore::empty()).add_subclass(Self)
    }

    #[getter]
    fn _bound_value(slf: &Bound<'_, Self>) -> PyResult<usize> {
        match slf.as_super().get().permits()? {
            Permits::Plain(semaphore, _) => Ok(semaphore.value()),
            Permits::Bounded(semaphore, _) => Ok(semaphore.bound()),
        }
    }
}
