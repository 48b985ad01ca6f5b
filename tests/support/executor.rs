//! A single-threaded executor that runs tasks in asyncio's order.
//!
//! asyncio keeps the tasks that can run in one queue. A wake puts a task at the back, once; a turn
//! of the loop runs those that were in the queue when the turn began. An [`Executor`] does that and
//! no more, so a script that steps it sees what a Python program sees between two turns of its
//! loop.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Runs tasks that may borrow for `'a`: what they borrow is declared before the executor.
pub struct Executor<'a> {
    /// By number, in the order in which they were spawned.
    seats: RefCell<Vec<Rc<Seat<'a>>>>,
    /// The numbers of those that can run.
    ready: Receiver<usize>,
    wake: Sender<usize>,
}

impl<'a> Executor<'a> {
    /// An executor without tasks.
    #[allow(clippy::new_without_default, reason = "it is not needed")]
    pub fn new() -> Self {
        let (wake, ready) = channel();
        let seats = RefCell::default();
        Self { seats, ready, wake }
    }

    /// Makes a task of `future`, which is polled for the first time when its turn comes. It runs to
    /// its end even if its handle is dropped.
    pub fn spawn<T: 'a>(&self, future: impl Future<Output = T> + 'a) -> Task<'a, T> {
        let output = Rc::new(RefCell::new(None));
        let written = Rc::clone(&output);
        let mut seats = self.seats.borrow_mut();
        let signal = Arc::new(Signal {
            number: seats.len(),
            queued: AtomicBool::new(false),
            ready: self.wake.clone(),
        });
        signal.wake_by_ref();
        let seat = Rc::new(Seat {
            future: RefCell::new(Some(Box::pin(async move {
                let result = future.await;
                written.replace(Some(result));
            }))),
            state: Cell::new(State::Pending),
            signal,
        });
        seats.push(Rc::clone(&seat));
        Task { seat, output }
    }

    /// One turn of the loop: runs the tasks that are ready now, and returns how many. The tasks
    /// that they wake run in the next turn.
    pub fn tick(&self) -> usize {
        let due: Vec<usize> = self.ready.try_iter().collect();
        for &number in &due {
            let seat = Rc::clone(&self.seats.borrow()[number]);
            seat.run();
        }
        due.len()
    }

    /// Turns until no task is ready. Panics if there is no end to it.
    #[track_caller]
    pub fn settle(&self) {
        let settled = (0..100_000).any(|_| self.tick() == 0);
        assert!(settled, "the tasks keep waking each other");
    }
}

/// The handle of a task.
pub struct Task<'a, T> {
    seat: Rc<Seat<'a>>,
    output: Rc<RefCell<Option<T>>>,
}

impl<T> Task<'_, T> {
    /// Whether it has run to its end.
    pub fn is_done(&self) -> bool {
        self.seat.state.get() == State::Done
    }

    /// Whether it has run to its end, or was cancelled.
    pub fn is_over(&self) -> bool {
        self.seat.state.get() != State::Pending
    }

    /// Whether it is in the queue of those that can run.
    pub fn is_ready(&self) -> bool {
        self.seat.signal.queued.load(Ordering::Acquire)
    }

    /// Puts it into the queue of those that can run, if it is not there.
    pub fn wake(&self) {
        self.seat.signal.wake_by_ref();
    }

    /// Drops its future, at once. Returns whether there was one to drop: not if the task is over.
    pub fn cancel(&self) -> bool {
        let pending = self.seat.state.get() == State::Pending;
        if pending {
            self.seat.state.set(State::Cancelled);
            // Out of the cell before it is dropped, which may wake others.
            drop(self.seat.future.take());
        }
        pending
    }

    /// Takes what it returned. Panics if it has not, or if that was taken before.
    #[track_caller]
    pub fn result(&self) -> T {
        let result = self.output.take();
        result.expect("the task has a result that was not taken")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    Done,
    Cancelled,
}

/// What the executor and the handle share of a task.
struct Seat<'a> {
    /// Empty while it runs, and when it is over.
    future: RefCell<Option<Pin<Box<dyn Future<Output = ()> + 'a>>>>,
    state: Cell<State>,
    signal: Arc<Signal>,
}

impl Seat<'_> {
    fn run(&self) {
        self.signal.queued.store(false, Ordering::Release);
        let Some(mut future) = self.future.take() else {
            return;
        };
        let waker = Waker::from(Arc::clone(&self.signal));
        if future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(()) {
            self.state.set(State::Done);
        } else if self.state.get() == State::Pending {
            self.future.replace(Some(future));
        } // Else it has cancelled itself.
    }
}

/// Puts a task into the queue.
struct Signal {
    number: usize,
    /// Whether it is in the queue already.
    queued: AtomicBool,
    ready: Sender<usize>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            // An error says that the executor is gone, and its tasks with it.
            let _ = self.ready.send(self.number);
        }
    }
}

/// Gives the other tasks a turn: Python's `await asyncio.sleep(0)`.
pub async fn yield_now() {
    let mut yielded = false;
    let once = poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    });
    once.await;
}
