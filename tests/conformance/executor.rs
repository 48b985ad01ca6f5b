//! An executor that steps as asyncio's loop does: one queue, first in, first out; a wake puts a task at its end, once.

use std::{
    cell::Cell,
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

type Ready = Arc<Mutex<VecDeque<usize>>>;

/// The tasks, by number, and those that are ready.
#[derive(Default)]
pub(super) struct Executor {
    tasks: Vec<Task>,
    ready: Ready,
}

struct Task {
    /// `None` when it is done, or was dropped.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
    task: usize,
    ready: Ready,
    queued: AtomicBool,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            lock(&self.ready).push_back(self.task);
        }
    }
}

fn lock(ready: &Ready) -> std::sync::MutexGuard<'_, VecDeque<usize>> {
    ready.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Executor {
    /// Adds a task, at the end of the queue. Answers its number.
    pub(super) fn spawn(&mut self, future: impl Future<Output = ()> + 'static) -> usize {
        let task = self.tasks.len();
        let waker = Arc::new(TaskWaker {
            task,
            ready: Arc::clone(&self.ready),
            queued: AtomicBool::new(false),
        });
        waker.wake_by_ref();
        self.tasks.push(Task {
            future: Some(Box::pin(future)),
            waker,
        });
        task
    }

    /// Runs the tasks that are ready now, each once.
    pub(super) fn tick(&mut self) {
        let ready = lock(&self.ready).len();
        for _ in 0..ready {
            let Some(number) = lock(&self.ready).pop_front() else {
                return;
            };
            let task = &mut self.tasks[number];
            task.waker.queued.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(&task.waker));
            let Some(mut future) = task.future.take() else {
                continue;
            };
            if future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
            {
                self.tasks[number].future = Some(future);
            }
        }
    }

    /// Whether nothing is ready.
    pub(super) fn at_rest(&self) -> bool {
        lock(&self.ready).is_empty()
    }

    pub(super) fn is_done(&self, task: usize) -> bool {
        self.tasks[task].future.is_none()
    }

    /// Drops a task's future. Answers whether it was still there.
    pub(super) fn drop_task(&mut self, task: usize) -> bool {
        self.tasks[task].future.take().is_some()
    }
}

/// `await asyncio.sleep(0)`: once to the end of the queue.
pub(super) fn yield_now() -> impl Future<Output = ()> {
    let yielded = Cell::new(false);
    poll_fn(move |context| {
        if yielded.replace(true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}
