//! Arguments of functions in Rust.

use std::{ops::Deref, sync::Arc};

use awaitlist::{Barrier, BoundedSemaphore, Event, Lock, Semaphore};
use pyo3::{
    Borrowed, PyClass,
    exceptions::{PyRuntimeError, PyTypeError},
    prelude::*,
};

use crate::{PyBarrier, PyCondition, PyEvent, PyLock, PySemaphore, SharedCondition};

/// A primitive that was passed from Python: the argument of a function.
///
/// ```
/// use awaitlist::{Block, Lock};
/// use awaitlist_python::Shared;
/// use pyo3::{prelude::*, types::PyDict};
///
/// /// Runs on a thread without an event loop.
/// #[pyfunction]
/// fn held(py: Python<'_>, lock: Shared<Lock>) -> bool {
///     py.detach(|| {
///         let _guard = lock.acquire().block();
///         lock.locked()
///     })
/// }
///
/// Python::initialize();
/// Python::attach(|py| {
///     let globals = PyDict::new(py);
///     globals.set_item("awaitlist", awaitlist_python::module(py)?)?;
///     globals.set_item("held", wrap_pyfunction!(held, py)?)?;
///     py.run(c"assert held(awaitlist.Lock())", Some(&globals), None)?;
///     // A class of Python has no Rust in it.
///     let refused = py.run(c"import asyncio; held(asyncio.Lock())", Some(&globals), None);
///     assert!(refused.unwrap_err().to_string().contains("expected a primitive of awaitlist"));
///     Ok::<(), PyErr>(())
/// })?;
/// # Ok::<(), PyErr>(())
/// ```
#[derive(Debug)]
pub struct Shared<T>(pub Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = Arc<T>;

    fn deref(&self) -> &Arc<T> {
        &self.0
    }
}

/// Converts `object` to a class of this build.
fn own<'a, 'py, C: PyClass>(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Borrowed<'a, 'py, C>> {
    object.cast::<C>().map_err(|_| {
        let class = object.get_type();
        let name = class.qualname().map_or_else(|_| String::new(), |name| name.to_string());
        let module = class.module().map_or_else(|_| String::new(), |name| name.to_string());
        let text = match module.as_str() {
            "awaitlist" => format!(
                "this {name} belongs to another build of awaitlist: use the module `awaitlist` of \
                 the extension that is called, since Rust code of two builds cannot share it"
            ),
            _ => format!("expected a primitive of awaitlist, not {module}.{name}"),
        };
        PyTypeError::new_err(text)
    })
}

fn initialized<T>(primitive: Option<&Arc<T>>) -> PyResult<Shared<T>> {
    let primitive =
        primitive.ok_or_else(|| PyRuntimeError::new_err("not of the expected class"))?;
    Ok(Shared(Arc::clone(primitive)))
}

macro_rules! from_python {
    ($($rust:ty, $python:ty, $this:ident => $arc:expr;)*) => {$(
        impl<'a, 'py> FromPyObject<'a, 'py> for Shared<$rust> {
            type Error = PyErr;

            fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
                let object = own::<$python>(object)?;
                let $this = object.get();
                initialized($arc)
            }
        }
    )*};
}

from_python! {
    Lock, PyLock, this => Some(this.arc());
    Event, PyEvent, this => Some(this.arc());
    SharedCondition, PyCondition, this => this.arc();
    Semaphore, PySemaphore, this => this.arc();
    BoundedSemaphore, PySemaphore, this => this.bounded_arc();
    Barrier, PyBarrier, this => this.arc();
}
