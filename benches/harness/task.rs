//! Wakers that cost what those of a real executor cost, and the queue that they push to.

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A task of an executor, without its future: counted by an `Arc`, and pushed to its thread's queue
/// when it is woken. Cloning, waking and dropping its waker is one exchange each, as with common
/// runtimes.
struct Task {
    id: usize,
    /// Whether it is in the queue of ready tasks.
    scheduled: AtomicBool,
}

thread_local! {
    /// The tasks that were woken on this thread and have not run yet.
    static READY: RefCell<VecDeque<Arc<Task>>> = const { RefCell::new(VecDeque::new()) };
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::AcqRel) {
            READY.with_borrow_mut(|ready| ready.push_back(self));
        }
    }
}

/// The wakers of so many tasks.
#[derive(Debug)]
pub struct Crew {
    wakers: Vec<Waker>,
}

impl Crew {
    /// Makes the tasks, and room for all of them in this thread's queue.
    pub fn new(tasks: usize) -> Self {
        READY.with_borrow_mut(|ready| ready.reserve(tasks));
        let task = |id| Arc::new(Task { id, scheduled: AtomicBool::new(false) });
        Self { wakers: (0..tasks).map(|id| Waker::from(task(id))).collect() }
    }

    /// The waker of a task.
    #[inline]
    pub fn waker(&self, task: usize) -> &Waker {
        &self.wakers[task]
    }

    /// Takes the next task off the queue of ready tasks.
    #[inline]
    pub fn next_ready() -> Option<usize> {
        let task = READY.with_borrow_mut(VecDeque::pop_front)?;
        task.scheduled.store(false, Ordering::Release);
        Some(task.id)
    }
}

/// Returns the output of a future that is ready at once. Its waker costs nothing, since it is not
/// cloned.
///
/// # Panics
///
/// Panics if the future has to wait.
// Always: an `await` makes the future where it is polled, and does not hand it to a function.
#[inline(always)]
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("there was something to wait for"),
    }
}
