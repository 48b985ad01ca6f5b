//! `asyncio.Condition`.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use awaitlist::{Block, Condition, Lock, OwnedLockGuard};
use pyo3::{
    exceptions::{PyRuntimeError, PyTypeError},
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{
    PyLock,
    blocking::block,
    holds::Holds,
    home::{self, Home},
    lock, module,
    names::Name,
    task,
    wait::{Boxed, Relocks, Wait},
};

/// A condition on a lock that others share.
pub type SharedCondition = Condition<(), Arc<Lock<()>>>;

/// The class `Condition`.
#[pyclass(frozen, subclass, weakref, dict, module = "awaitlist", name = "Condition")]
pub struct PyCondition {
    /// Set by `__init__`, which subclasses may call late.
    parts: OnceLock<Parts>,
    home: Home,
}

struct Parts {
    lock: Py<PyLock>,
    condition: Arc<SharedCondition>,
    name: Name,
}

/// How a wait is told that it was cancelled.
struct Stop {
    condition: Arc<SharedCondition>,
    lock: Arc<Lock<()>>,
    holds: Holds<OwnedLockGuard>,
    stopped: AtomicBool,
    /// Whether the last poll found no notification.
    waiting: AtomicBool,
}

impl Stop {
    fn new(parts: &Parts) -> Arc<Self> {
        let condition = Arc::clone(&parts.condition);
        let lock = parts.lock.get();
        let (lock, holds) = (Arc::clone(&lock.lock), lock.holds.clone());
        Arc::new(Self { condition, lock, holds, stopped: false.into(), waiting: false.into() })
    }

    /// Waits for a notification or for the stop, then acquires the lock and leaves it held.
    async fn wait(self: Arc<Self>, guard: OwnedLockGuard) {
        let mut wait = pin!(self.condition.wait_or(guard, Stopped(&self)));
        let (guard, notified) = poll_fn(|context| {
            self.waiting.store(false, Ordering::Relaxed);
            wait.as_mut().poll(context)
        })
        .await;
        if notified.is_ok() && self.stopped.load(Ordering::Relaxed) {
            // It raises, so the notification goes to another task.
            self.condition.notify(&guard, 1);
        }
        self.holds.keep(guard);
    }
}

/// Ready when the wait is stopped. It wakes no task: a stop is followed by a poll.
struct Stopped<'a>(&'a Stop);

impl Future for Stopped<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        self.0.waiting.store(true, Ordering::Relaxed);
        match self.0.stopped.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Relocks for Stop {
    fn is_relocking(&self) -> bool {
        !self.waiting.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn relock(&self) -> Boxed {
        self.waiting.store(false, Ordering::Relaxed);
        lock::acquire(&self.lock, &self.holds)
    }
}

impl PyCondition {
    /// Makes a condition of Python, for tasks and threads everywhere, from one of Rust. `lock` is
    /// that of the condition.
    ///
    /// # Errors
    ///
    /// Returns an error if Python has no memory left.
    ///
    /// # Panics
    ///
    /// Panics if `lock` is another lock than the condition's.
    pub fn from_arc(
        py: Python<'_>,
        condition: Arc<SharedCondition>,
        lock: Arc<Lock<()>>,
    ) -> PyResult<Self> {
        assert!(std::ptr::eq(condition.lock(), &*lock), "the lock of another condition");
        let lock = Py::new(py, PyLock::from_arc(lock))?;
        let parts = Parts { lock, condition, name: Name::NONE };
        Ok(Self { parts: parts.into(), home: Home::new(true) })
    }

    /// Returns the condition, to be notified and waited for in Rust. `None` before `__init__`.
    pub fn arc(&self) -> Option<&Arc<SharedCondition>> {
        self.parts.get().map(|parts| &parts.condition)
    }

    fn parts(&self) -> PyResult<&Parts> {
        self.parts
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("Condition.__init__() was not called"))
    }

    fn touch(&self, parts: &Parts) {
        self.home.touch(|| parts.condition.waiters() > 0);
        parts.lock.get().touch();
    }
}

/// Takes over the hold of the task that calls.
fn adopt(py: Python<'_>, parts: &Parts, error: &'static str) -> PyResult<OwnedLockGuard> {
    if let Some(guard) = parts.lock.get().take(py) {
        return Ok(guard);
    }
    parts.lock.get().lock.adopt_owned().map_err(|_| PyRuntimeError::new_err(error))
}

#[pymethods]
impl PyCondition {
    #[new]
    #[pyo3(signature = (*_arguments, **_keywords))]
    fn new(_arguments: &Bound<'_, PyTuple>, _keywords: Option<&Bound<'_, PyDict>>) -> Self {
        Self { parts: OnceLock::new(), home: Home::new(false) }
    }

    fn _init(&self, lock: &Bound<'_, PyAny>) -> PyResult<()> {
        let Ok(lock) = lock.cast::<PyLock>() else {
            let text = format!("a Condition needs an awaitlist.Lock, not {}", lock.repr()?);
            return Err(PyTypeError::new_err(text));
        };
        self.home.set_shared(lock.get().home.is_shared());
        let (name, own) = (Name::here(lock.py()), Arc::clone(&lock.get().lock));
        let condition = Arc::new(match name.get() {
            Some(name) => Condition::named_with_lock(name, own),
            None => Condition::with_lock(own),
        });
        let _ = self.parts.set(Parts { lock: lock.clone().unbind(), condition, name });
        Ok(())
    }

    fn _acquire(&self, py: Python<'_>) -> PyResult<Option<Wait>> {
        let lock = &self.parts()?.lock;
        lock.get().acquire_in(lock.bind(py).as_any())
    }

    fn _wait(slf: &Bound<'_, Self>) -> PyResult<Wait> {
        let this = slf.get();
        let parts = this.parts()?;
        this.touch(parts);
        if !parts.condition.locked() {
            return Err(PyRuntimeError::new_err("cannot wait on un-acquired lock"));
        }
        let event_loop = this.home.running_loop(slf.as_any())?;
        let guard = adopt(slf.py(), parts, "cannot wait on un-acquired lock")?;
        let stop = Stop::new(parts);
        let wait = Arc::clone(&stop).wait(guard);
        let future = async move {
            wait.await;
            Ok(None)
        };
        Ok(Wait::new(event_loop.unbind(), Box::pin(future), Some(stop)))
    }

    /// Release the lock. The first task that waits for it is the next to have it.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        self.parts()?.lock.get().release_it(py)
    }

    /// Return True if the lock is acquired.
    fn locked(&self) -> PyResult<bool> {
        Ok(self.parts()?.condition.locked())
    }

    /// Wake the first `n` tasks that wait.
    #[pyo3(signature = (n = 1))]
    fn notify(&self, py: Python<'_>, n: isize) -> PyResult<()> {
        let parts = self.parts()?;
        let n = usize::try_from(n).unwrap_or(0);
        let notify = |guard: &OwnedLockGuard| {
            task::signals(py, &parts.name, "notified");
            parts.condition.notify(guard, n);
        };
        if parts.lock.get().holds.lend(notify) {
            return Ok(());
        }
        let guard = adopt(py, parts, "cannot notify on un-acquired lock")?;
        notify(&guard);
        OwnedLockGuard::forget(guard);
        Ok(())
    }

    /// Acquire the lock on a thread without an event loop. Return False after `timeout` seconds.
    #[pyo3(signature = (timeout = None))]
    fn acquire_blocking(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.parts()?.lock.get().block(py, timeout)
    }

    /// Wait on a thread without an event loop. Return False after `timeout` seconds. The lock is
    /// held again in any case.
    #[pyo3(signature = (timeout = None))]
    fn wait_blocking(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let parts = self.parts()?;
        self.touch(parts);
        self.home.check_blocking()?;
        module::refuse_on_loop(py)?;
        let guard = adopt(py, parts, "cannot wait on un-acquired lock")?;
        let stop = Stop::new(parts);
        let mut wait = pin!(Arc::clone(&stop).wait(guard));
        let outcome = block(py, timeout, wait.as_mut());
        if !matches!(outcome, Ok(Some(()))) {
            stop.stop();
            py.detach(|| wait.block());
        }
        Ok(outcome?.is_some())
    }

    fn _brackets(&self) -> PyResult<String> {
        Ok(self.parts()?.condition.brackets().to_string())
    }

    #[getter]
    fn _lock(&self, py: Python<'_>) -> PyResult<Py<PyLock>> {
        Ok(self.parts()?.lock.clone_ref(py))
    }

    #[getter]
    fn _waiters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        module::range(py, self.parts()?.condition.waiters())
    }
}

home::methods!(PyCondition, this, visit => if let Some(parts) = this.parts.get() {
    visit.call(&parts.lock)?;
});
