//! `asyncio.Event`.

use std::sync::Arc;

use awaitlist::Event;
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    blocking::block,
    home::{self, Home},
    module,
    names::Name,
    task,
    wait::Wait,
};

/// The class `Event`.
#[pyclass(frozen, subclass, weakref, dict, module = "awaitlist", name = "Event")]
pub struct PyEvent {
    event: Arc<Event>,
    home: Home,
    name: Name,
}

impl PyEvent {
    /// Makes an event of Python, for tasks and threads everywhere, from one of Rust.
    pub fn from_arc(event: Arc<Event>) -> Self {
        Self { event, home: Home::new(true), name: Name::NONE }
    }

    /// Returns the event, to be set and waited for in Rust.
    pub fn arc(&self) -> &Arc<Event> {
        &self.event
    }

    fn touch(&self) {
        self.home.touch(|| self.event.waiters() > 0);
    }
}

#[pymethods]
impl PyEvent {
    #[new]
    #[pyo3(signature = (*arguments, **_keywords))]
    fn new(arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        let name = Name::here(arguments.py());
        let event = name.get().map_or_else(Event::new, Event::named);
        Self { event: Arc::new(event), home: Home::new(false), name }
    }

    fn _init(&self, shared: bool) {
        self.home.set_shared(shared);
    }

    fn _wait(slf: &Bound<'_, Self>) -> PyResult<Option<Wait>> {
        let this = slf.get();
        this.touch();
        if this.event.is_set() {
            return Ok(None);
        }
        let event_loop = this.home.running_loop(slf.as_any())?;
        let wait = this.event.wait_owned();
        let future = async move {
            wait.await;
            Ok(None)
        };
        Ok(Some(Wait::new(event_loop.unbind(), Box::pin(future), None)))
    }

    /// Set the flag, and wake all tasks that wait.
    fn set(&self, py: Python<'_>) {
        task::signals(py, &self.name, "set");
        self.event.set();
    }

    /// Clear the flag.
    fn clear(&self, py: Python<'_>) {
        task::signals(py, &self.name, "cleared");
        self.event.clear();
    }

    /// Return True if the flag is set.
    fn is_set(&self) -> bool {
        self.event.is_set()
    }

    /// Wait on a thread without an event loop. Return False after `timeout` seconds.
    #[pyo3(signature = (timeout = None))]
    fn wait_blocking(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.touch();
        self.home.check_blocking()?;
        Ok(block(py, timeout, self.event.wait_owned())?.is_some())
    }

    fn _brackets(&self) -> String {
        self.event.brackets().to_string()
    }

    #[getter]
    fn _value(&self) -> bool {
        self.event.is_set()
    }

    #[getter]
    fn _waiters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        module::range(py, self.event.waiters())
    }
}

home::methods!(PyEvent);
