//! Where a primitive of Python belongs: to one event loop, or to all of them.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use pyo3::{PyTraverseError, PyVisit, exceptions::PyRuntimeError, prelude::*};

use crate::module;

/// How often this process has been forked from its first one.
pub(crate) static FORKS: AtomicUsize = AtomicUsize::new(0);

/// The loop of a primitive, and whether there is only one.
pub(crate) struct Home {
    shared: AtomicBool,
    /// The loop of the first wait, as in asyncio.
    event_loop: Mutex<Option<Py<PyAny>>>,
    /// [`FORKS`] when the primitive was last used.
    forks: AtomicUsize,
    /// Whether tasks or threads that a fork did not copy hold it or wait for it.
    orphaned: AtomicBool,
}

impl Home {
    pub(crate) fn new(shared: bool) -> Self {
        Self {
            shared: AtomicBool::new(shared),
            event_loop: Mutex::new(None),
            forks: AtomicUsize::new(FORKS.load(Ordering::Relaxed)),
            orphaned: AtomicBool::new(false),
        }
    }

    pub(crate) fn set_shared(&self, shared: bool) {
        self.shared.store(shared, Ordering::Relaxed);
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.event_loop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notices that the process was forked. `in_use` says whether the primitive is held or waited
    /// for: by tasks and threads of the parent, if this is its first use in the child.
    #[inline]
    pub(crate) fn touch(&self, in_use: impl FnOnce() -> bool) {
        let forks = FORKS.load(Ordering::Relaxed);
        if self.forks.load(Ordering::Relaxed) != forks {
            self.forks.store(forks, Ordering::Relaxed);
            if self.is_shared() && in_use() {
                self.orphaned.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Refuses a wait that would never end.
    pub(crate) fn check_fork(&self) -> PyResult<()> {
        if self.orphaned.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err(
                "it was held or waited for when the process was forked, \
                 by tasks or threads that the child does not have; make a new one after the fork",
            ));
        }
        Ok(())
    }

    /// Returns the running loop, if `primitive` may be waited for on it.
    pub(crate) fn running_loop<'py>(
        &self,
        primitive: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.check_fork()?;
        let running = module::running_loop(primitive.py())?;
        if self.is_shared() {
            return Ok(running);
        }
        let mut bound = self.lock();
        match &*bound {
            None => *bound = Some(running.clone().unbind()),
            Some(own) if !own.is(&running) => {
                drop(bound);
                let text = format!("{} is bound to a different event loop", primitive.repr()?);
                return Err(PyRuntimeError::new_err(text));
            }
            Some(_) => {}
        }
        Ok(running)
    }

    /// Refuses to block a thread for a primitive that belongs to one loop.
    pub(crate) fn check_blocking(&self) -> PyResult<()> {
        self.check_fork()?;
        if self.is_shared() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("threads can wait only for what was made with shared=True"))
    }

    pub(crate) fn event_loop(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.lock().as_ref().map(|own| own.clone_ref(py))
    }

    pub(crate) fn set_event_loop(&self, event_loop: Option<Py<PyAny>>) {
        let before = std::mem::replace(&mut *self.lock(), event_loop);
        drop(before);
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.event_loop.try_lock() {
            Ok(own) => visit.call(&*own),
            Err(_) => Ok(()),
        }
    }
}

/// What Python sees of the home of each class, and its part in the collection of cycles. With an
/// expression, that visits what else there is.
macro_rules! methods {
    ($class:ty $(, $this:ident, $visit:ident => $also:expr)?) => {
        #[pyo3::pymethods]
        impl $class {
            #[getter]
            fn _loop(&self, py: pyo3::Python<'_>) -> Option<pyo3::Py<pyo3::PyAny>> {
                self.home.event_loop(py)
            }

            #[setter(_loop)]
            fn set_loop(&self, event_loop: Option<pyo3::Py<pyo3::PyAny>>) {
                self.home.set_event_loop(event_loop);
            }

            fn __traverse__(
                &self,
                visit: pyo3::PyVisit<'_>,
            ) -> Result<(), pyo3::PyTraverseError> {
                $(
                    let ($this, $visit) = (self, &visit);
                    $also;
                )?
                self.home.traverse(&visit)
            }

            fn __clear__(&self) {
                self.home.set_event_loop(None);
            }
        }
    };
}

pub(crate) use methods;
