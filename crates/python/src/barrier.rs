//! `asyncio.Barrier`.

use std::sync::{Arc, OnceLock};

use awaitlist::{Barrier, BrokenBarrier};
use pyo3::{
    exceptions::{PyRuntimeError, PyTimeoutError},
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    blocking::block,
    home::{self, Home},
    module,
    names::Name,
    wait::Wait,
};

/// The class `Barrier`.
#[pyclass(frozen, subclass, weakref, dict, module = "awaitlist", name = "Barrier")]
pub struct PyBarrier {
    /// Set by `__init__`, which subclasses may call late.
    barrier: OnceLock<Arc<Barrier>>,
    name: OnceLock<Name>,
    home: Home,
}

impl PyBarrier {
    /// Makes a barrier of Python, for tasks and threads everywhere, from one of Rust.
    pub fn from_arc(barrier: Arc<Barrier>) -> Self {
        Self { barrier: barrier.into(), name: OnceLock::new(), home: Home::new(true) }
    }

    /// Returns the barrier, to be waited for in Rust. `None` before `__init__`.
    pub fn arc(&self) -> Option<&Arc<Barrier>> {
        self.barrier.get()
    }

    fn barrier(&self) -> PyResult<&Arc<Barrier>> {
        self.barrier
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("Barrier.__init__() was not called"))
    }

    fn touch(&self, barrier: &Barrier) {
        self.home.touch(|| barrier.inside() > 0);
    }
}

fn broken(py: Python<'_>, error: BrokenBarrier) -> PyErr {
    match module::broken_barrier_error(py) {
        Ok(class) => match class.call1((error.asyncio_message(),)) {
            Ok(error) => PyErr::from_value(error),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

#[pymethods]
impl PyBarrier {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        Self { barrier: OnceLock::new(), name: OnceLock::new(), home: Home::new(false) }
    }

    fn _init(&self, py: Python<'_>, parties: usize, shared: bool) {
        self.home.set_shared(shared);
        let name = self.name.get_or_init(|| Name::here(py));
        let barrier = match name.get() {
            Some(name) => Barrier::named(name, parties),
            None => Barrier::new(parties),
        };
        let _ = self.barrier.set(Arc::new(barrier));
    }

    fn _wait(slf: &Bound<'_, Self>) -> PyResult<Wait> {
        let this = slf.get();
        let barrier = this.barrier()?;
        this.touch(barrier);
        let event_loop = this.home.running_loop(slf.as_any())?;
        let wait = barrier.wait_owned();
        let future = async move {
            let index = wait.await;
            Python::attach(|py| {
                let index = index.map_err(|error| broken(py, error))?;
                Ok(Some(index.into_pyobject(py)?.into_any().unbind()))
            })
        };
        Ok(Wait::new(event_loop.unbind(), Box::pin(future), None))
    }

    fn _reset(&self) -> PyResult<()> {
        self.barrier()?.reset();
        Ok(())
    }

    fn _abort(&self) -> PyResult<()> {
        self.barrier()?.abort();
        Ok(())
    }

    /// Wait on a thread without an event loop. After `timeout` seconds, raise TimeoutError: this
    /// thread no longer counts, and the barrier does not break.
    #[pyo3(signature = (timeout = None))]
    fn wait_blocking(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<usize> {
        let barrier = self.barrier()?;
        self.touch(barrier);
        self.home.check_blocking()?;
        match block(py, timeout, barrier.wait_owned())? {
            Some(index) => index.map_err(|error| broken(py, error)),
            None => Err(PyTimeoutError::new_err("the other parties did not arrive in time")),
        }
    }

    /// The number of tasks that the barrier waits for.
    #[getter]
    fn parties(&self) -> PyResult<usize> {
        Ok(self.barrier()?.parties())
    }

    /// The number of tasks that have arrived and wait for the others.
    #[getter]
    fn n_waiting(&self) -> PyResult<usize> {
        Ok(self.barrier()?.n_waiting())
    }

    /// Whether the barrier is broken.
    #[getter]
    fn broken(&self) -> PyResult<bool> {
        Ok(self.barrier()?.broken())
    }

    fn _brackets(&self) -> PyResult<String> {
        Ok(self.barrier()?.brackets().to_string())
    }

    #[getter]
    fn _count(&self) -> PyResult<usize> {
        Ok(self.barrier()?.inside())
    }
}

home::methods!(PyBarrier);
