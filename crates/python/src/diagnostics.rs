//! The module `awaitlist.diagnostics`.
//!
//! The reports are those of Rust, with the places of Python's code in place of this crate's. They
//! are written without the GIL, so that a program that hangs with it has one, too.

use pyo3::prelude::*;

/// Makes the module.
pub(crate) fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "awaitlist.diagnostics")?;
    module.add("ENABLED", cfg!(feature = "diagnostics"))?;
    functions::add(&module)?;
    Ok(module)
}

#[cfg(not(feature = "diagnostics"))]
mod functions {
    use pyo3::{
        exceptions::PyRuntimeError,
        prelude::*,
        types::{PyDict, PyTuple},
    };

    /// Raises RuntimeError: this build has no diagnostics.
    #[pyfunction]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn disabled(
        _arguments: &Bound<'_, PyTuple>,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        Err(PyRuntimeError::new_err(
            "this build of awaitlist has no diagnostics, which cost time at each acquire: \
             pip install ./crates/python --config-settings=build-args=--features=diagnostics",
        ))
    }

    pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
        for name in ["snapshot", "deadlocks", "watch"] {
            module.add(name, wrap_pyfunction!(disabled, module)?)?;
        }
        Ok(())
    }
}

#[cfg(feature = "diagnostics")]
mod functions {
    use std::{
        io::{self, Write},
        sync::{Mutex, PoisonError},
        time::Duration,
    };

    use awaitlist::diagnostics::{self, WatchThread};
    use pyo3::{
        exceptions::PyValueError,
        prelude::*,
        types::{PyDict, PyList},
    };

    use crate::report::{self, Report};

    /// What is held and waited for at a moment. Its `str` is the report.
    #[pyclass(frozen, module = "awaitlist.diagnostics")]
    struct Snapshot(diagnostics::Snapshot);

    #[pymethods]
    impl Snapshot {
        fn __str__(&self) -> String {
            report::snapshot(&self.0)
        }

        /// The primitives that have a holder or a waiter: dicts of text and numbers.
        #[getter]
        fn primitives<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
            let all = PyList::empty(py);
            for primitive in &self.0.primitives {
                let one = PyDict::new(py);
                one.set_item("kind", primitive.site.kind.name())?;
                one.set_item("name", primitive.site.name.as_deref())?;
                let (holds, waits) = (PyList::empty(py), PyList::empty(py));
                for hold in &primitive.holds {
                    let entry = PyDict::new(py);
                    entry.set_item("who", report::name(&hold.who))?;
                    entry.set_item(
                        "where",
                        report::place_of_hold(primitive.site.name.as_deref(), hold),
                    )?;
                    entry.set_item("seconds", self.0.age(hold.since).as_secs_f64())?;
                    holds.append(entry)?;
                }
                for wait in &primitive.waits {
                    let entry = PyDict::new(py);
                    entry.set_item("who", report::name(&wait.who))?;
                    entry.set_item("where", report::place_of_wait(&wait.who, wait.at))?;
                    entry.set_item("seconds", self.0.age(wait.since).as_secs_f64())?;
                    waits.append(entry)?;
                }
                let last = PyDict::new(py);
                for (did, signal) in report::each_signal(&primitive.signals) {
                    let entry = PyDict::new(py);
                    let name = primitive.site.name.as_deref();
                    entry.set_item("where", report::place_of_signal(name, did, &signal))?;
                    entry.set_item("seconds", self.0.age(signal.when).as_secs_f64())?;
                    entry.set_item("woke", signal.woke)?;
                    last.set_item(did, entry)?;
                }
                one.set_item("holds", holds)?;
                one.set_item("waits", waits)?;
                one.set_item("last", last)?;
                all.append(one)?;
            }
            Ok(all)
        }
    }

    /// List what is held and waited for.
    #[pyfunction]
    fn snapshot(py: Python<'_>) -> Snapshot {
        py.detach(|| Snapshot(diagnostics::snapshot()))
    }

    /// Find the tasks and threads that wait for each other. Return a list of reports.
    #[pyfunction]
    fn deadlocks(py: Python<'_>) -> Vec<Report> {
        let found = py.detach(diagnostics::deadlocks);
        found.iter().map(Report::of_deadlock).collect()
    }

    /// A watch. It ends when `stop` is called, or when this is deleted.
    #[pyclass(frozen, module = "awaitlist.diagnostics")]
    struct Watch(Mutex<Option<WatchThread>>);

    #[pymethods]
    impl Watch {
        /// End the watch.
        fn stop(&self, py: Python<'_>) {
            let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            py.detach(|| drop(thread));
        }

        /// Let the watch go on until the program ends.
        fn detach(&self) {
            let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(thread) = thread {
                thread.detach();
            }
        }

        fn __enter__(slf: Py<Self>) -> Py<Self> {
            slf
        }

        #[pyo3(signature = (*_error))]
        fn __exit__(&self, py: Python<'_>, _error: &Bound<'_, pyo3::types::PyTuple>) {
            self.stop(py);
        }
    }

    /// Report each wait that lasts for `seconds`, and why: to standard error, or by `report(stall)`
    /// on a thread of its own. Waits for an event or a condition of tasks that hold nothing are
    /// reported only with `idle=True`.
    #[pyfunction]
    #[pyo3(signature = (seconds, report = None, *, idle = false))]
    fn watch(seconds: f64, report: Option<Py<PyAny>>, idle: bool) -> PyResult<Watch> {
        let threshold = Duration::try_from_secs_f64(seconds)
            .map_err(|_| PyValueError::new_err("seconds must be a non-negative number"))?;
        let mut watch = diagnostics::watch(threshold);
        if idle {
            watch = watch.with_idle_waits();
        }
        let thread = watch.spawn(move |stall| {
            let found = Report::of_stall(&stall);
            match &report {
                None => {
                    // If standard error is closed, the report is lost.
                    let _ = writeln!(io::stderr(), "{}\n", found.text);
                }
                Some(report) => crate::shutdown::attach(|py| {
                    if let Err(error) = report.call1(py, (found,)) {
                        error.write_unraisable(py, Some(report.bind(py)));
                    }
                }),
            }
        });
        Ok(Watch(Mutex::new(Some(thread))))
    }

    pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add_class::<Snapshot>()?;
        module.add_class::<Report>()?;
        module.add_class::<Watch>()?;
        module.add_function(wrap_pyfunction!(snapshot, module)?)?;
        module.add_function(wrap_pyfunction!(deadlocks, module)?)?;
        module.add_function(wrap_pyfunction!(watch, module)?)
    }
}
