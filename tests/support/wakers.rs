//! Wakers that record calls, tasks that run inside their own wake, and panics caught with their
//! place.

use std::{
    cell::RefCell,
    future::Future,
    mem::{self, ManuallyDrop},
    panic::{self, AssertUnwindSafe},
    pin::{Pin, pin},
    ptr,
    sync::{
        Arc, Mutex, Once, OnceLock, TryLockError,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker},
};

/// Polls once with a waker that does nothing, and returns the output.
///
/// # Panics
///
/// If the future is not ready.
#[track_caller]
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(known(future)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future has to wait"),
    }
}

/// Polls once with `waker`.
pub fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    pin!(known(future.as_mut())).poll(&mut Context::from_waker(waker))
}

/// With the diagnostics on, a task with a name: it is known by that, and its waker need not be
/// kept. So what is counted of wakers is the same with them and without.
#[cfg(feature = "diagnostics")]
fn known<F: Future>(future: F) -> awaitlist::diagnostics::Task<F> {
    awaitlist::diagnostics::task_with_same_waker("under test", future)
}

#[cfg(not(feature = "diagnostics"))]
fn known<F: Future>(future: F) -> F {
    future
}

/// A future that has been polled once with `waker`, and waits.
///
/// # Panics
///
/// If the future is ready.
#[track_caller]
pub fn waiting<F: Future>(future: F, waker: &Waker) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(&mut future, waker).is_pending(), "the future need not wait");
    future
}

/// Forgets a future for good, as safe code may: its memory stays, and its drop never runs.
///
/// Leak checkers are told where it is, since it is meant.
pub fn leak<F>(future: Pin<Box<F>>) {
    static LEAKED: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    LEAKED.lock().unwrap().push(ptr::from_ref(&*future).addr());
    mem::forget(future);
}

/// A family of wakers: counts clones, wakes and drops, and runs a hook at each, if one is set.
#[derive(Default)]
pub struct TestWaker(Arc<Inner>);

type Hook = OnceLock<Box<dyn Fn() + Send + Sync>>;

#[derive(Default)]
struct Inner {
    clones: AtomicUsize,
    wakes: AtomicUsize,
    drops: AtomicUsize,
    on_clone: Hook,
    on_wake: Hook,
    on_drop: Hook,
}

impl TestWaker {
    /// Wakers that only count.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `hook` whenever one of them is cloned, before the clone is made.
    pub fn on_clone(self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        assert!(self.0.on_clone.set(Box::new(hook)).is_ok(), "one hook each");
        self
    }

    /// Runs `hook` whenever one of them is woken.
    pub fn on_wake(self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        assert!(self.0.on_wake.set(Box::new(hook)).is_ok(), "one hook each");
        self
    }

    /// Runs `hook` whenever one of them is dropped without having been woken.
    pub fn on_drop(self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        assert!(self.0.on_drop.set(Box::new(hook)).is_ok(), "one hook each");
        self
    }

    /// The first of the family, or another one that is no clone.
    pub fn waker(&self) -> Waker {
        let data = Arc::into_raw(Arc::clone(&self.0)).cast();
        // SAFETY: the vtable's functions take each such pointer for an `Arc<Inner>`, which it is;
        // `Inner` is Send and Sync.
        unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) }
    }

    /// How often one of them was cloned.
    pub fn clones(&self) -> usize {
        self.0.clones.load(SeqCst)
    }

    /// How often one of them was woken.
    pub fn wakes(&self) -> usize {
        self.0.wakes.load(SeqCst)
    }

    /// How often one of them was dropped without having been woken.
    pub fn drops(&self) -> usize {
        self.0.drops.load(SeqCst)
    }

    /// How many of them there are.
    pub fn alive(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl Inner {
    fn step(&self, count: &AtomicUsize, hook: &Hook) {
        count.fetch_add(1, SeqCst);
        if let Some(hook) = hook.get() {
            hook();
        }
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// # Safety
///
/// `data` is of a waker of [`TestWaker::waker`] that is alive.
unsafe fn borrow(data: *const ()) -> ManuallyDrop<Arc<Inner>> {
    // SAFETY: the waker has one count of the `Arc`, which is left to it.
    ManuallyDrop::new(unsafe { Arc::from_raw(data.cast()) })
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller's word, as for all of the vtable.
    let inner = unsafe { borrow(data) };
    inner.step(&inner.clones, &inner.on_clone);
    RawWaker::new(Arc::into_raw(Arc::clone(&inner)).cast(), &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: `data` is of a live waker, by the contract of the vtable; the waker is used up, so
    // its count is ours.
    let inner: Arc<Inner> = unsafe { Arc::from_raw(data.cast()) };
    inner.step(&inner.wakes, &inner.on_wake);
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: `data` is of a live waker, by the contract of the vtable.
    let inner = unsafe { borrow(data) };
    inner.step(&inner.wakes, &inner.on_wake);
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: `data` is of a live waker, by the contract of the vtable; the waker is used up, so
    // its count is ours.
    let inner: Arc<Inner> = unsafe { Arc::from_raw(data.cast()) };
    inner.step(&inner.drops, &inner.on_drop);
}

/// Makes a hook of code that runs the first time only.
pub fn once(body: impl FnOnce() + Send + 'static) -> impl Fn() + Send + Sync {
    let body = Mutex::new(Some(body));
    move || {
        // In a statement of its own, so that the mutex is free while the body runs.
        let body = body.lock().unwrap().take();
        if let Some(body) = body {
            body();
        }
    }
}

/// A task that is polled inside `wake`, by the thread that wakes it.
pub struct Inline<F: Future> {
    future: Mutex<Option<Pin<Box<F>>>>,
    /// Woken while it was polled.
    again: AtomicBool,
    output: Mutex<Option<F::Output>>,
}

impl<F> Inline<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// A task that has been polled once.
    pub fn spawn(future: F) -> Arc<Self> {
        let task = Arc::new(Self {
            future: Mutex::new(Some(Box::pin(future))),
            again: AtomicBool::new(false),
            output: Mutex::new(None),
        });
        task.run();
        task
    }

    /// Polls the task, unless it is being polled or has finished.
    pub fn run(self: &Arc<Self>) {
        let mut future = match self.future.try_lock() {
            Ok(future) => future,
            Err(TryLockError::WouldBlock) => return self.again.store(true, SeqCst),
            Err(TryLockError::Poisoned(_)) => panic!("a poll has panicked before"),
        };
        let waker = Waker::from(Arc::clone(self));
        while let Some(running) = future.as_mut() {
            if let Poll::Ready(output) = poll(running, &waker) {
                *self.output.lock().unwrap() = Some(output);
                *future = None;
            } else if !self.again.swap(false, SeqCst) {
                break;
            }
        }
    }

    /// Whether it has finished.
    pub fn finished(&self) -> bool {
        self.output.lock().unwrap().is_some()
    }

    /// Takes the output out, if it has finished.
    pub fn output(&self) -> Option<F::Output> {
        self.output.lock().unwrap().take()
    }

    /// Drops the future, if it has not finished.
    pub fn cancel(&self) {
        *self.future.lock().unwrap() = None;
    }
}

impl<F> Wake for Inline<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn wake(self: Arc<Self>) {
        self.run();
    }
}

/// A panic that was caught.
#[derive(Debug)]
pub struct Caught {
    /// What it said.
    pub message: String,
    /// The file in which it happened, as `file!()` gives it: the caller's, if the function tracks
    /// its caller.
    pub file: String,
}

thread_local! {
    /// Where this thread panicked last. `None` while it is not in [`caught`].
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `body`, which must panic, and returns its panic.
///
/// # Panics
///
/// If `body` does not.
#[track_caller]
pub fn caught<R>(body: impl FnOnce() -> R) -> Caught {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let expected = LAST_PANIC.with_borrow_mut(|last| match last {
                Some(file) => {
                    *file = info.location().unwrap().file().to_owned();
                    true
                }
                None => false,
            });
            if !expected {
                others(info);
            }
        }));
    });
    LAST_PANIC.set(Some(String::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(|| drop(body())));
    let file = LAST_PANIC.take().unwrap();
    let Err(payload) = result else {
        panic!("there was no panic");
    };
    let message = match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload
            .downcast_ref::<&str>()
            .map_or_else(|| "not a text".to_owned(), |message| (*message).to_owned()),
    };
    Caught { message, file }
}
