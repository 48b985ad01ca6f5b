//! Which task of Python acquires and waits, for the diagnostics.
//!
//! To the diagnostics a task is a future of Rust with a name. For a task of Python there is one
//! that never ends: it is polled whenever the task uses a primitive, and its poll does what is to
//! be done ([`run`]). So it is attributed to that task, and what waits has the waker of that task.

use std::task::Context;
#[cfg(not(feature = "diagnostics"))]
use std::task::Waker;

use pyo3::prelude::*;

/// Runs `function` with the waker, attributed to nothing.
#[cfg(not(feature = "diagnostics"))]
#[inline(always)]
pub(crate) fn poll<R>(
    _py: Python<'_>,
    wakes: &std::sync::Arc<crate::wait::Inner>,
    function: impl FnOnce(&mut Context<'_>) -> R,
) -> R {
    let waker = Waker::from(std::sync::Arc::clone(wakes));
    function(&mut Context::from_waker(&waker))
}

/// Runs what does not wait.
#[cfg(not(feature = "diagnostics"))]
#[inline(always)]
pub(crate) fn run<R>(_py: Python<'_>, function: impl FnOnce() -> R) -> R {
    function()
}

/// Runs what releases.
#[cfg(not(feature = "diagnostics"))]
#[inline(always)]
pub(crate) fn release<R>(_py: Python<'_>, function: impl FnOnce() -> R) -> R {
    function()
}

/// Records a thread of Python that is about to block.
#[cfg(not(feature = "diagnostics"))]
#[inline(always)]
pub(crate) fn blocks(_py: Python<'_>) {}

/// Records that an event is about to be set or cleared, or a condition to be notified.
#[cfg(not(feature = "diagnostics"))]
#[inline(always)]
pub(crate) fn signals(_py: Python<'_>, _name: &crate::names::Name, _did: &'static str) {}

#[cfg(feature = "diagnostics")]
pub(crate) use attributed::*;

#[cfg(feature = "diagnostics")]
mod attributed {
    use std::{
        cell::RefCell,
        collections::HashMap,
        future::Future,
        path::{Path, PathBuf},
        pin::Pin,
        sync::mpsc,
        sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
        task::{Poll, Wake, Waker},
        thread::{self, ThreadId},
        time::Duration,
    };

    use awaitlist::diagnostics::{self, Actor, Task, TaskInfo};
    use pyo3::{
        intern,
        pybacked::PyBackedStr,
        types::{PyCFunction, PyDict, PyTuple},
    };

    use super::*;
    use crate::{module, names::Name, shutdown, wait::Inner};

    type Job = Box<dyn FnOnce(&mut Context<'_>) + Send>;

    /// The future of a task: each poll does one job.
    struct Jobs(Arc<Mutex<Option<Job>>>);

    impl Future for Jobs {
        type Output = ();

        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            let job = lock(&self.0).take();
            if let Some(job) = job {
                job(context);
            }
            Poll::Pending
        }
    }

    /// A task of Python that has used a primitive.
    pub(crate) struct PythonTask {
        info: TaskInfo,
        /// None while it is polled.
        future: Mutex<Option<Pin<Box<Task<Jobs>>>>>,
        job: Arc<Mutex<Option<Job>>>,
        waits: Arc<Waits>,
        waker: Waker,
        /// Where it last acquired or waited.
        place: Mutex<Arc<str>>,
        /// A weak reference of Python.
        object: Py<PyAny>,
    }

    /// The waits of a task: one, unless it drives coroutines by hand. To wake it is to wake all.
    #[derive(Default)]
    struct Waits(Mutex<Vec<Weak<Inner>>>);

    impl Wake for Waits {
        fn wake(self: Arc<Self>) {
            let waits = lock(&self.0).clone();
            for wait in waits.iter().filter_map(Weak::upgrade) {
                if wait.is_pending() {
                    wait.wake();
                }
            }
        }
    }

    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[derive(Default)]
    struct Tables {
        /// The living tasks, by the address of the object.
        tasks: HashMap<usize, Arc<PythonTask>>,
        /// The same, by number.
        by_number: HashMap<u64, Weak<PythonTask>>,
        /// By the name of a primitive and the number of a task: where the task acquired it.
        /// [`OUTSIDE`] is the number of what is no task.
        acquired: HashMap<(&'static str, u64), Arc<str>>,
        /// By the name of a primitive: what was done to it last, and where.
        signals: HashMap<&'static str, Vec<(&'static str, Arc<str>)>>,
        /// The names of Python's threads, and where each blocked last.
        threads: HashMap<ThreadId, (Arc<str>, Arc<str>)>,
    }

    static TABLES: OnceLock<Mutex<Tables>> = OnceLock::new();

    fn tables() -> MutexGuard<'static, Tables> {
        lock(TABLES.get_or_init(Mutex::default))
    }

    /// No task has this number.
    const OUTSIDE: u64 = 0;

    thread_local! {
        /// The task for which this thread runs something.
        static CURRENT: RefCell<Option<Arc<PythonTask>>> = const { RefCell::new(None) };
        /// Where this thread last acquired or waited outside of any task.
        static PLACE: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
    }

    /// Returns the number of the task for which this thread runs something.
    pub(crate) fn current_id() -> Option<u64> {
        CURRENT.with_borrow(|current| current.as_ref().map(|task| task.info.id()))
    }

    /// Records that the current task, or what runs outside of any, has acquired the primitive of
    /// that name.
    pub(crate) fn acquired(name: Option<&'static str>) {
        let Some(name) = name else { return };
        let acquired = CURRENT.with_borrow(|current| {
            current.as_ref().map(|task| (task.info.id(), Arc::clone(&lock(&task.place))))
        });
        let outside = || PLACE.with_borrow(|place| Some((OUTSIDE, Arc::clone(place.as_ref()?))));
        if let Some((task, place)) = acquired.or_else(outside) {
            tables().acquired.insert((name, task), place);
        }
    }

    /// Returns where the primitive of that name was acquired.
    pub(crate) fn place_of_hold(name: Option<&str>, who: &Actor) -> Option<Arc<str>> {
        let task = match who {
            Actor::Task(task) => task.id(),
            _ => OUTSIDE,
        };
        let tables = tables();
        let acquired: &HashMap<(&str, u64), Arc<str>> = &tables.acquired;
        acquired.get(&(name?, task)).cloned()
    }

    pub(crate) fn signals(py: Python<'_>, name: &Name, did: &'static str) {
        let Some(name) = name.get() else { return };
        let place = place(py);
        let mut tables = tables();
        let signals = tables.signals.entry(name).or_default();
        match signals.iter_mut().find(|(known, _)| *known == did) {
            Some((_, last)) => *last = place,
            None => signals.push((did, place)),
        }
    }

    /// Returns where the primitive of that name was last set, cleared or notified.
    pub(crate) fn place_of_signal(name: Option<&str>, did: &str) -> Option<Arc<str>> {
        let tables = tables();
        let mut signals = tables.signals.get(name?)?.iter();
        signals.find(|(known, _)| *known == did).map(|(_, place)| Arc::clone(place))
    }

    /// Records that the primitive of that name is gone.
    pub(crate) fn forget_signals(name: &str) {
        tables().signals.remove(name);
    }

    /// Returns where a task waits.
    pub(crate) fn place_of_wait(task: &TaskInfo) -> Option<Arc<str>> {
        let found = tables().by_number.get(&task.id()).and_then(Weak::upgrade);
        found.map(|task| Arc::clone(&lock(&task.place)))
    }

    /// Records that a task holds the primitive of that name no more.
    pub(crate) fn released(name: Option<&'static str>, task: Option<u64>) {
        if let Some(name) = name {
            tables().acquired.remove(&(name, task.unwrap_or(OUTSIDE)));
        }
    }

    /// How long to wait for the GIL, so that a report comes out although it is not released.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// Returns the lines of a report that say where a task is, if it is Python's.
    pub(crate) fn stack(who: &Actor) -> String {
        let Actor::Task(info) = who else { return String::new() };
        let Some(task) = tables().by_number.get(&info.id()).and_then(Weak::upgrade) else {
            return if info.has_ended() { String::from(" has ended") } else { String::new() };
        };
        let (sender, receiver) = mpsc::channel();
        let asks = move || {
            shutdown::attach(|py| {
                let places = task.object.bind(py).call0().and_then(|task| module::stack(&task));
                let _ = sender.send(places.unwrap_or_default());
                drop(task);
            });
        };
        if thread::Builder::new().spawn(asks).is_err() {
            return String::new();
        }
        match receiver.recv_timeout(PATIENCE) {
            Ok(places) => places.iter().map(|place| format!("\n    at {place}")).collect(),
            Err(_) => String::from("; the GIL is held by code that does not release it"),
        }
    }

    /// Returns the name of a thread of Python, and where it blocked last.
    pub(crate) fn thread(id: ThreadId) -> Option<(Arc<str>, Arc<str>)> {
        tables().threads.get(&id).cloned()
    }

    pub(crate) fn blocks(py: Python<'_>) {
        runs_outside(py);
    }

    /// Records where a thread of Python acquires or waits outside of any task.
    fn runs_outside(py: Python<'_>) {
        let name = || -> PyResult<String> {
            let current = py.import("threading")?.call_method0("current_thread")?;
            current.getattr("name")?.extract()
        };
        let name = name().unwrap_or_else(|_| String::from("a thread of Python"));
        let place = place(py);
        PLACE.set(Some(Arc::clone(&place)));
        let mut tables = tables();
        // Ended threads are not removed one by one.
        if tables.threads.len() > 10_000 {
            tables.threads.clear();
        }
        tables.threads.insert(thread::current().id(), (name.into(), place));
    }

    /// Returns the place in the user's program that runs, like `bank.py:12`.
    pub(crate) fn place(py: Python<'_>) -> Arc<str> {
        place_of_frame(py).unwrap_or_else(|_| "an unknown place".into())
    }

    fn place_of_frame(py: Python<'_>) -> PyResult<Arc<str>> {
        static HERE: OnceLock<PathBuf> = OnceLock::new();
        let mut frame = module::frame(py)?;
        loop {
            let file = frame.getattr(intern!(py, "f_code"))?.getattr(intern!(py, "co_filename"))?;
            let file: PyBackedStr = file.extract()?;
            let back = frame.getattr(intern!(py, "f_back"))?;
            if *file != *module::COROUTINES_FILE || back.is_none() {
                let line: usize = frame.getattr(intern!(py, "f_lineno"))?.extract()?;
                let here = HERE.get_or_init(|| std::env::current_dir().unwrap_or_default());
                let file = Path::new(&*file);
                let file = file.strip_prefix(here).unwrap_or(file).display();
                return Ok(format!("{file}:{line}").into());
            }
            frame = back;
        }
    }

    /// Returns the task that runs on this thread.
    fn current(py: Python<'_>) -> Option<Arc<PythonTask>> {
        let object = module::current_task(py)?;
        let address = object.as_ptr().addr();
        let known = tables().tasks.get(&address).cloned();
        if let Some(known) = known {
            // Another object may have had the address, and its loop may have been closed.
            if known.object.bind(py).call0().is_ok_and(|referent| referent.is(&object)) {
                return Some(known);
            }
        }
        enter(&object, address).ok()
    }

    fn enter(object: &Bound<'_, PyAny>, address: usize) -> PyResult<Arc<PythonTask>> {
        let py = object.py();
        let name: String = object.call_method0("get_name")?.extract()?;
        let reference = py.import("weakref")?.call_method1("ref", (object,))?;
        let job = Arc::new(Mutex::new(None));
        let future = diagnostics::task(name, Jobs(Arc::clone(&job)));
        let waits = Arc::new(Waits::default());
        let task = Arc::new(PythonTask {
            info: future.info().clone(),
            future: Mutex::new(Some(Box::pin(future))),
            job,
            waker: Waker::from(Arc::clone(&waits)),
            waits,
            place: Mutex::new("".into()),
            object: reference.unbind(),
        });
        let number = task.info.id();
        let ended = move |_: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            let mut tables = tables();
            let is_it = |task: &Arc<PythonTask>| task.info.id() == number;
            let task = match tables.tasks.get(&address).is_some_and(is_it) {
                true => tables.tasks.remove(&address),
                false => None,
            };
            tables.by_number.remove(&number);
            drop(tables);
            // Not under the lock: it drops an object of Python.
            drop(task);
        };
        let ended = PyCFunction::new_closure(py, None, None, ended)?;
        object.call_method1("add_done_callback", (ended,))?;
        let mut tables = tables();
        tables.by_number.insert(number, Arc::downgrade(&task));
        let before = tables.tasks.insert(address, Arc::clone(&task));
        drop(tables);
        drop(before);
        Ok(task)
    }

    /// Restores which task this thread runs something for.
    struct Restore(Option<Arc<PythonTask>>);

    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.replace(self.0.take());
        }
    }

    /// Runs `function` as the task that runs. Without one, with `waker`.
    fn as_task<R: Send + 'static>(
        py: Python<'_>,
        waker: &Waker,
        wait: Option<&Arc<Inner>>,
        is_release: bool,
        function: impl FnOnce(&mut Context<'_>) -> R + Send + 'static,
    ) -> R {
        let directly = |function: Box<dyn FnOnce(&mut Context<'_>) -> R>| {
            function(&mut Context::from_waker(waker))
        };
        let Some(task) = current(py) else {
            if !is_release && wait.is_none_or(|wait| !wait.is_known()) {
                runs_outside(py);
            }
            return directly(Box::new(function));
        };
        if !is_release && wait.is_none_or(|wait| !wait.is_known()) {
            *lock(&task.place) = place(py);
        }
        // Absent if the task is entered again, by code that a wake-up has called.
        let Some(mut future) = lock(&task.future).take() else {
            return directly(Box::new(function));
        };
        if let Some(wait) = wait {
            let mut waits = lock(&task.waits.0);
            waits.retain(|own| own.upgrade().is_some_and(|own| own.is_pending()));
            if !waits.iter().any(|own| std::ptr::eq(own.as_ptr(), Arc::as_ptr(wait))) {
                waits.push(Arc::downgrade(wait));
            }
        }
        let result = Arc::new(Mutex::new(None));
        let returned = Arc::clone(&result);
        let job: Job = Box::new(move |context| {
            let value = function(context);
            *lock(&returned) = Some(value);
        });
        *lock(&task.job) = Some(job);
        let restore = Restore(CURRENT.replace(Some(Arc::clone(&task))));
        let _: Poll<()> = future.as_mut().poll(&mut Context::from_waker(&task.waker));
        drop(restore);
        *lock(&task.future) = Some(future);
        let value = lock(&result).take();
        value.expect("the poll has done the job")
    }

    pub(crate) fn poll<R: Send + 'static>(
        py: Python<'_>,
        wakes: &Arc<Inner>,
        function: impl FnOnce(&mut Context<'_>) -> R + Send + 'static,
    ) -> R {
        as_task(py, &Waker::from(Arc::clone(wakes)), Some(wakes), false, function)
    }

    pub(crate) fn run<R: Send + 'static>(
        py: Python<'_>,
        function: impl FnOnce() -> R + Send + 'static,
    ) -> R {
        as_task(py, Waker::noop(), None, false, |_| function())
    }

    pub(crate) fn release<R: Send + 'static>(
        py: Python<'_>,
        function: impl FnOnce() -> R + Send + 'static,
    ) -> R {
        as_task(py, Waker::noop(), None, true, |_| function())
    }
}
