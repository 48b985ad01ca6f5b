//! A wait of a Python task.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Wake},
    thread::{self, ThreadId},
};

use pyo3::{
    BoundObject, PyTraverseError, PyVisit,
    exceptions::{PyRuntimeError, PyStopIteration},
    prelude::*,
    types::PyDict,
};

use crate::{module, shutdown, task};

/// What a wait comes to.
pub(crate) type Outcome = PyResult<Option<Py<PyAny>>>;

/// What a wait does in Rust.
pub(crate) type Boxed = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Whether waits are dropped when the cancellation arrives in the coroutine, one turn of the loop
/// after `task.cancel()`. For the comparison with asyncio.
pub(crate) static LATE: AtomicBool = AtomicBool::new(false);

/// A future as Python's tasks see it: an awaitable, its own iterator, and what it yields, which is
/// like an asyncio future.
///
/// A task that is cancelled calls `cancel`, which drops the Rust future.
#[pyclass(frozen, module = "awaitlist", weakref)]
pub struct Wait {
    inner: Arc<Inner>,
}

/// What the wakers of a wait own.
pub(crate) struct Inner {
    event_loop: Py<PyAny>,
    /// The thread on which the loop ran when the wait began.
    thread: ThreadId,
    /// Never held while the future is polled or dropped, or while Python runs.
    state: Mutex<State>,
}

struct State {
    /// None while it is polled, and when it is over.
    future: Option<Boxed>,
    /// What to do when the future is dropped by a cancellation.
    after: Option<Relock>,
    /// Whether it was polled before.
    polled: bool,
    woken: bool,
    cancelled: Option<Py<PyAny>>,
    blocking: bool,
    callback: Option<Callback>,
    /// Callbacks beyond the first.
    more: Vec<Callback>,
    /// The exception to raise once the lock of a condition is acquired again.
    error: Option<PyErr>,
}

struct Callback {
    function: Py<PyAny>,
    context: Option<Py<PyAny>>,
}

/// A condition's wait acquires the lock again, however it ends.
pub(crate) trait Relocks: Send {
    /// Returns whether the wait has been notified and acquires the lock.
    fn is_relocking(&self) -> bool;
    /// Lets the wait end without a notification: it acquires the lock.
    fn stop(&self);
    /// Returns a future that acquires the lock.
    fn relock(&self) -> Boxed;
}

type Relock = Arc<dyn Relocks + Sync>;

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it waits, and is not woken.
    #[cfg(feature = "diagnostics")]
    pub(crate) fn is_pending(&self) -> bool {
        let state = self.lock();
        state.future.is_some() && !state.woken
    }

    /// Whether it was polled before.
    #[cfg(feature = "diagnostics")]
    pub(crate) fn is_known(&self) -> bool {
        self.lock().polled
    }

    /// Drops the future, which may wake others. An exception that is being handled stays.
    fn drop_future(&self, py: Python<'_>) {
        let future = self.lock().future.take();
        if let Some(future) = future {
            let handled = PyErr::take(py);
            drop(future);
            if let Some(error) = handled {
                error.restore(py);
            }
        }
    }

    /// Lets the loop call the callbacks, each with `argument` or with a future that is done.
    fn call_back(&self, py: Python<'_>, argument: Option<&Bound<'_, Wait>>) {
        let (first, more) = {
            let mut state = self.lock();
            (state.callback.take(), mem::take(&mut state.more))
        };
        for callback in first.into_iter().chain(more) {
            if let Err(error) = self.schedule(py, callback, argument) {
                // The loop is closed: the task never runs again. Its turn goes to the next waiter.
                error.write_unraisable(py, Some(self.event_loop.bind(py)));
                self.drop_future(py);
            }
        }
    }

    fn schedule(
        &self,
        py: Python<'_>,
        callback: Callback,
        argument: Option<&Bound<'_, Wait>>,
    ) -> PyResult<()> {
        let Callback { function, context } = callback;
        match argument {
            Some(wait) => {
                let keywords = PyDict::new(py);
                keywords.set_item("context", context)?;
                let event_loop = self.event_loop.bind(py);
                event_loop.call_method("call_soon", (function, wait), Some(&keywords))?;
            }
            None => {
                let same_thread = self.thread == thread::current().id();
                let arguments = (&self.event_loop, function, context, same_thread);
                module::resume(py)?.call1(arguments)?;
            }
        }
        Ok(())
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        shutdown::attach(|py| {
            {
                let mut state = self.lock();
                // What was cancelled has called its callbacks.
                if state.cancelled.is_some() || mem::replace(&mut state.woken, true) {
                    return;
                }
            }
            self.call_back(py, None);
        });
    }
}

impl Wait {
    pub(crate) fn new(event_loop: Py<PyAny>, future: Boxed, after: Option<Relock>) -> Self {
        let state = Mutex::new(State {
            future: Some(future),
            after,
            polled: false,
            woken: false,
            cancelled: None,
            blocking: false,
            callback: None,
            more: Vec::new(),
            error: None,
        });
        Self { inner: Arc::new(Inner { event_loop, thread: thread::current().id(), state }) }
    }

    /// Polls the future. Returns `None` if it is pending.
    fn poll(&self, py: Python<'_>) -> PyResult<Option<Outcome>> {
        let future = {
            let mut state = self.inner.lock();
            state.woken = false;
            state.cancelled = None;
            state.future.take()
        };
        let Some(mut future) = future else {
            return Err(PyRuntimeError::new_err("cannot reuse already awaited coroutine"));
        };
        let (future, polled) = task::poll(py, &self.inner, move |context| {
            let polled = future.as_mut().poll(context);
            (future, polled)
        });
        match polled {
            Poll::Ready(outcome) => Ok(Some(outcome)),
            Poll::Pending => {
                let mut state = self.inner.lock();
                state.polled = true;
                state.future = Some(future);
                state.blocking = true;
                Ok(None)
            }
        }
    }

    /// Polls, and returns what the iterator returns: itself if it is pending.
    fn step(slf: &Bound<'_, Self>) -> PyResult<Option<Py<Self>>> {
        let Some(outcome) = slf.get().poll(slf.py())? else {
            return Ok(Some(slf.clone().unbind()));
        };
        if let Some(error) = slf.get().inner.lock().error.take() {
            return Err(error);
        }
        match outcome? {
            None => Ok(None),
            Some(value) => Err(PyStopIteration::new_err((value,))),
        }
    }

    /// Ends the wait because of an exception. Returns whether it goes on to acquire a lock.
    fn stop(&self, py: Python<'_>) -> bool {
        let mut state = self.inner.lock();
        let Some(after) = state.after.clone() else {
            drop(state);
            self.inner.drop_future(py);
            return false;
        };
        if state.future.is_some() {
            drop(state);
            after.stop();
        } else {
            // It was dropped at `cancel`.
            state.future = Some(after.relock());
        }
        true
    }
}

/// Returns an awaitable for the running task that drives `future`: `await` returns its output.
///
/// The future is polled on the thread of the event loop, with the interpreter attached. It may be
/// woken from anywhere. If the task is cancelled, the future is dropped.
///
/// # Errors
///
/// Returns an error if this thread runs no event loop.
pub fn awaitable<F, T>(py: Python<'_>, future: F) -> PyResult<Wait>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send,
{
    let event_loop = module::running_loop(py)?.unbind();
    let future = async move {
        let output = future.await?;
        let output = Python::attach(|py| -> PyResult<_> {
            let output = output.into_pyobject(py).map_err(Into::into)?;
            Ok(output.into_any().unbind())
        });
        output.map(Some)
    };
    Ok(Wait::new(event_loop, Box::pin(future), None))
}

#[pymethods]
impl Wait {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Option<Py<Self>>> {
        Self::step(slf)
    }

    fn send(slf: &Bound<'_, Self>, _value: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        Self::step(slf)?.ok_or_else(|| PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (exception, value = None, traceback = None))]
    fn throw(
        slf: &Bound<'_, Self>,
        exception: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<Self>> {
        let _ = traceback;
        let error = match value {
            Some(value) if !value.is_none() => PyErr::from_value(value),
            _ => PyErr::from_value(exception),
        };
        if !slf.get().stop(slf.py()) {
            return Err(error);
        }
        slf.get().inner.lock().error = Some(error);
        match Self::step(slf)? {
            Some(wait) => Ok(wait),
            None => unreachable!("it raises the error"),
        }
    }

    fn close(slf: &Bound<'_, Self>) {
        let wait = slf.get();
        wait.inner.drop_future(slf.py());
        let mut state = wait.inner.lock();
        if let Some(after) = state.after.clone() {
            state.future = Some(after.relock());
        }
    }

    #[getter]
    fn _asyncio_future_blocking(&self) -> bool {
        self.inner.lock().blocking
    }

    #[setter(_asyncio_future_blocking)]
    fn set_asyncio_future_blocking(&self, blocking: bool) {
        self.inner.lock().blocking = blocking;
    }

    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.inner.event_loop.clone_ref(py)
    }

    #[getter]
    fn _loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.inner.event_loop.clone_ref(py)
    }

    #[pyo3(signature = (function, *, context = None))]
    fn add_done_callback(slf: &Bound<'_, Self>, function: Py<PyAny>, context: Option<Py<PyAny>>) {
        let inner = &slf.get().inner;
        let mut state = inner.lock();
        let callback = Callback { function, context };
        if state.callback.is_none() {
            state.callback = Some(callback);
        } else {
            state.more.push(callback);
        }
        let woken = state.woken;
        drop(state);
        if woken {
            inner.call_back(slf.py(), None);
        }
    }

    fn remove_done_callback(&self, function: &Bound<'_, PyAny>) -> PyResult<usize> {
        let (first, more) = {
            let mut state = self.inner.lock();
            (state.callback.take(), mem::take(&mut state.more))
        };
        let mut kept = Vec::new();
        let mut removed = 0;
        for callback in first.into_iter().chain(more) {
            if callback.function.bind(function.py()).eq(function)? {
                removed += 1;
            } else {
                kept.push(callback);
            }
        }
        let mut state = self.inner.lock();
        kept.append(&mut state.more);
        state.more = kept;
        Ok(removed)
    }

    /// Drops the wait, as `task.cancel()` does. Returns False if the task runs soon anyway.
    #[pyo3(signature = (msg = None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> bool {
        let py = slf.py();
        let inner = &slf.get().inner;
        // In one step, since another thread may wake it.
        let woken = {
            let mut state = inner.lock();
            let woken = state.woken || state.cancelled.is_some();
            if !woken {
                state.cancelled = Some(msg.unwrap_or_else(|| py.None()));
            }
            woken
        };
        // A wait that acquires the lock of a condition again keeps its place.
        let after = inner.lock().after.clone();
        let relocks = after.is_some_and(|after| after.is_relocking());
        if !relocks && !LATE.load(Ordering::Relaxed) {
            inner.drop_future(py);
        }
        if woken {
            return false;
        }
        inner.call_back(py, Some(slf));
        true
    }

    fn cancelled(&self) -> bool {
        self.inner.lock().cancelled.is_some()
    }

    fn done(&self) -> bool {
        let state = self.inner.lock();
        state.woken || state.cancelled.is_some()
    }

    fn result(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.inner.lock();
        match &state.cancelled {
            None => Ok(()),
            Some(message) => {
                let message = message.clone_ref(py);
                drop(state);
                Err(module::cancelled_error(py, message)?)
            }
        }
    }

    fn exception(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.result(py).map(|()| None)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.inner.event_loop)?;
        let Ok(state) = self.inner.state.try_lock() else {
            return Ok(());
        };
        for callback in state.callback.iter().chain(&state.more) {
            visit.call(&callback.function)?;
            visit.call(&callback.context)?;
        }
        visit.call(&state.cancelled)
    }

    fn __clear__(&self) {
        let mut state = self.inner.lock();
        let callbacks = (state.callback.take(), mem::take(&mut state.more));
        let cancelled = state.cancelled.take();
        drop(state);
        drop((callbacks, cancelled));
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if self.inner.lock().future.is_some() {
            let dropped = Python::try_attach(|py| self.inner.drop_future(py));
            if dropped.is_none() {
                let future = self.inner.lock().future.take();
                drop(future);
            }
        }
    }
}
