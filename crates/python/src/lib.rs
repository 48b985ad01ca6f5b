//! [awaitlist](https://docs.rs/awaitlist) for Python: the classes of `asyncio.locks`, on the same
//! primitives as Rust code.
//!
//! As a wheel it is the package `awaitlist`. As a Rust library it lets an extension of your own
//! share primitives with Python: see [`module`] and [`Shared`].
//!
//! A wait is a Rust future that a Python object owns ([`Wait`]). To asyncio's tasks that object is
//! a future: they add a callback, and the future's waker lets the loop call it. So one wake-up is
//! one turn of the loop.

mod barrier;
mod blocking;
mod condition;
mod diagnostics;
mod event;
mod holds;
mod home;
mod lock;
mod module;
mod names;
#[cfg(feature = "diagnostics")]
mod report;
mod semaphore;
mod shared;
mod shutdown;
mod task;
mod wait;

pub use barrier::PyBarrier;
pub use condition::{PyCondition, SharedCondition};
pub use event::PyEvent;
pub use lock::PyLock;
pub use module::module;
pub use semaphore::{PyBoundedSemaphore, PySemaphore};
pub use shared::Shared;
pub use wait::{Wait, awaitable};

/// What the wheel's package imports.
#[pyo3::pymodule(gil_used = false)]
mod _awaitlist {
    use pyo3::{Bound, PyResult, types::PyModule};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::module::fill(module)
    }
}
