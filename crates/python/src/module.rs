//! The module of Python, and what it uses of asyncio.

use std::sync::atomic::Ordering;

use pyo3::{
    exceptions::PyRuntimeError,
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyType},
};

use crate::{
    PyBarrier, PyBoundedSemaphore, PyCondition, PyEvent, PyLock, PySemaphore, Wait, diagnostics,
    home::FORKS, shutdown, wait::LATE,
};

/// What is called often.
struct Functions {
    get_running_loop: Py<PyAny>,
    resume: Py<PyAny>,
    broken_barrier_error: Py<PyAny>,
    #[cfg(feature = "diagnostics")]
    current_task: Py<PyAny>,
    #[cfg(feature = "diagnostics")]
    getframe: Py<PyAny>,
    #[cfg(feature = "diagnostics")]
    stack: Py<PyAny>,
}

static FUNCTIONS: PyOnceLock<Functions> = PyOnceLock::new();

fn functions(py: Python<'_>) -> PyResult<&'static Functions> {
    FUNCTIONS.get(py).ok_or_else(|| PyRuntimeError::new_err("the module was not imported"))
}

/// Lets a loop call a callback: `_resume` of coroutines.py.
pub(crate) fn resume<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
    Ok(functions(py)?.resume.bind(py))
}

fn get_running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    functions(py)?.get_running_loop.bind(py).call0()
}

/// Returns the task that runs on this thread.
#[cfg(feature = "diagnostics")]
pub(crate) fn current_task(py: Python<'_>) -> Option<Bound<'_, PyAny>> {
    let task = functions(py).ok()?.current_task.bind(py).call0().ok()?;
    (!task.is_none()).then_some(task)
}

/// Returns the frame of Python that runs on this thread.
#[cfg(feature = "diagnostics")]
pub(crate) fn frame(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    functions(py)?.getframe.bind(py).call0()
}

/// Returns the places at which a task is suspended, the innermost last.
#[cfg(feature = "diagnostics")]
pub(crate) fn stack(task: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    functions(task.py())?.stack.bind(task.py()).call1((task,))?.extract()
}

/// Returns the loop that runs on this thread.
pub(crate) fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let running = get_running_loop(py)?;
    if running.is_none() {
        return Err(PyRuntimeError::new_err("no running event loop"));
    }
    Ok(running)
}

/// Refuses to block a thread on which a loop runs.
pub(crate) fn refuse_on_loop(py: Python<'_>) -> PyResult<()> {
    if get_running_loop(py)?.is_none() {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "a blocking wait would stop the event loop that runs on this thread; use await",
    ))
}

pub(crate) fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let current = threading.call_method0("get_ident")?;
    current.eq(threading.call_method0("main_thread")?.getattr("ident")?)
}

/// asyncio's class, or that of coroutines.py.
pub(crate) fn broken_barrier_error(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    Ok(functions(py)?.broken_barrier_error.bind(py))
}

pub(crate) fn cancelled_error(py: Python<'_>, message: Py<PyAny>) -> PyResult<PyErr> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, "asyncio", "CancelledError")?;
    let error = if message.is_none(py) { class.call0()? } else { class.call1((message,))? };
    Ok(PyErr::from_value(error))
}

/// Returns `range(length)`: what stands for a deque of which only the length can be known.
pub(crate) fn range(py: Python<'_>, length: usize) -> PyResult<Bound<'_, PyAny>> {
    py.get_type::<pyo3::types::PyRange>().call1((length,))
}

#[pyfunction]
fn _forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    shutdown::forked();
}

/// Lets cancelled waits leave when the exception arrives, as asyncio's do, in place of at
/// `task.cancel()`. For the comparison with asyncio.
#[pyfunction]
fn _leave_late(late: bool) {
    LATE.store(late, Ordering::Relaxed);
}

const COROUTINES: &str = include_str!("coroutines.py");
/// What tracebacks call it.
pub(crate) const COROUTINES_FILE: &str = "awaitlist/coroutines.py";

/// Adds to each class what is written in Python, and returns what else there is.
fn run_coroutines<'py>(module: &Bound<'py, PyModule>) -> PyResult<Bound<'py, PyDict>> {
    let py = module.py();
    let globals = PyDict::new(py);
    globals.set_item("__name__", "awaitlist")?;
    let builtins = py.import("builtins")?;
    let code = builtins.call_method1("compile", (COROUTINES, COROUTINES_FILE, "exec"))?;
    builtins.call_method1("exec", (code, &globals))?;
    for name in CLASSES {
        let class = module.getattr(name)?;
        let written = globals.as_any().get_item(name)?;
        for item in written.getattr("__dict__")?.call_method0("items")?.try_iter()? {
            let (attribute, value) = item?.extract::<(String, Bound<'_, PyAny>)>()?;
            if !OF_THE_CLASS.contains(&attribute.as_str()) {
                class.setattr(attribute, value)?;
            }
        }
        // Without the module, as a class written in Python: errors print this.
        class.setattr("__name__", name)?;
        globals.set_item(name, class)?;
    }
    Ok(globals)
}

const CLASSES: [&str; 6] =
    ["Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier"];

/// Attributes that belong to the class written in Python.
const OF_THE_CLASS: [&str; 6] = [
    "__module__",
    "__dict__",
    "__weakref__",
    "__qualname__",
    "__firstlineno__",
    "__static_attributes__",
];

const FUNCTION_NAMES: [&str; 2] = ["install", "uninstall"];

/// Fills a module of Python with the classes.
pub(crate) fn fill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<PyLock>()?;
    module.add_class::<PyEvent>()?;
    module.add_class::<PyCondition>()?;
    module.add_class::<PySemaphore>()?;
    module.add_class::<PyBoundedSemaphore>()?;
    module.add_class::<PyBarrier>()?;
    module.add_class::<Wait>()?;
    module.add_function(wrap_pyfunction!(_leave_late, module)?)?;

    let globals = run_coroutines(module)?;
    let global = |name| globals.as_any().get_item(name);
    for name in FUNCTION_NAMES {
        module.add(name, global(name)?)?;
    }
    module.add("diagnostics", diagnostics::module(py)?)?;
    module.add("BrokenBarrierError", global("BrokenBarrierError")?)?;
    let functions = Functions {
        get_running_loop: global("_get_running_loop")?.unbind(),
        resume: global("_resume")?.unbind(),
        broken_barrier_error: global("BrokenBarrierError")?.unbind(),
        #[cfg(feature = "diagnostics")]
        current_task: global("_current_task")?.unbind(),
        #[cfg(feature = "diagnostics")]
        getframe: global("_getframe")?.unbind(),
        #[cfg(feature = "diagnostics")]
        stack: global("_stack")?.unbind(),
    };
    if FUNCTIONS.set(py, functions).is_ok() {
        call_at_the_end(module)?;
    }
    let names = CLASSES.into_iter().chain(FUNCTION_NAMES).chain(["BrokenBarrierError"]);
    module.setattr("__all__", names.chain(["_leave_late"]).collect::<Vec<_>>())
}

/// Has Python call this module in a child after a fork, and when the interpreter ends.
fn call_at_the_end(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    if py.import("os")?.hasattr("register_at_fork")? {
        let keywords = PyDict::new(py);
        keywords.set_item("after_in_child", wrap_pyfunction!(_forked, module)?)?;
        py.import("os")?.call_method("register_at_fork", (), Some(&keywords))?;
    }
    let end = wrap_pyfunction!(shutdown::_end, module)?;
    py.import("atexit")?.call_method1("register", (end,))?;
    Ok(())
}

/// Makes the module `awaitlist`, for an extension of your own: add it as a submodule.
///
/// An extension has classes of its own. A program that imports the package `awaitlist` too has two
/// of each, and [`Shared`](crate::Shared) refuses those of the other.
///
/// # Errors
///
/// Returns an error if asyncio cannot be imported.
pub fn module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let module = PyModule::new(py, "awaitlist")?;
    fill(&module)?;
    Ok(module)
}
