//! The part of soak.py that runs on tokio.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use awaitlist::{Barrier, Event, Lock, Semaphore};
use awaitlist_python::{Shared, Wait};
use pyo3::prelude::*;
use tokio::{
    task::{JoinSet, yield_now},
    time::timeout,
};

use crate::on_tokio;

/// What the tasks of tokio share with the tasks and the threads of Python.
#[pyclass(frozen)]
pub(crate) struct Soak(Arc<State>);

struct State {
    lock: Shared<Lock>,
    semaphore: Shared<Semaphore>,
    event: Shared<Event>,
    barrier: Shared<Barrier>,
    stopped: AtomicBool,
    /// Read and written in two steps, with the lock held.
    counter: AtomicU64,
    /// How many hold a permit of the semaphore.
    inside: AtomicU64,
    /// The most that ever did.
    most: AtomicU64,
}

#[pymethods]
impl Soak {
    #[new]
    fn new(
        lock: Shared<Lock>,
        semaphore: Shared<Semaphore>,
        event: Shared<Event>,
        barrier: Shared<Barrier>,
    ) -> Self {
        Self(Arc::new(State {
            lock,
            semaphore,
            event,
            barrier,
            stopped: AtomicBool::new(false),
            counter: AtomicU64::new(0),
            inside: AtomicU64::new(0),
            most: AtomicU64::new(0),
        }))
    }

    /// The counter that the lock protects.
    #[getter]
    fn counter(&self) -> u64 {
        self.0.counter.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_counter(&self, count: u64) {
        self.0.counter.store(count, Ordering::Relaxed);
    }

    /// Enters what the semaphore protects.
    fn enter(&self) {
        self.0.enter();
    }

    /// Leaves it.
    fn leave(&self) {
        self.0.leave();
    }

    /// The most that were inside at once.
    #[getter]
    fn most(&self) -> u64 {
        self.0.most.load(Ordering::Relaxed)
    }

    #[getter]
    fn stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }

    /// Lets all end.
    fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// Runs `tasks` tasks of tokio until the stop. Returns how often each did what: counted, was
    /// inside, saw the event, passed the barrier, was cancelled.
    fn run(&self, py: Python<'_>, tasks: usize) -> PyResult<Wait> {
        let state = Arc::clone(&self.0);
        on_tokio(py, async move {
            let mut set = JoinSet::new();
            for _ in 0..tasks {
                set.spawn(Arc::clone(&state).work());
            }
            set.spawn(Arc::clone(&state).meet());
            let mut done = [0; 5];
            for one in set.join_all().await {
                for (sum, part) in done.iter_mut().zip(one) {
                    *sum += part;
                }
            }
            done.to_vec()
        })
    }
}

type Done = [u64; 5];

impl State {
    fn enter(&self) {
        let inside = self.inside.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(inside, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stopped.load(Ordering::Relaxed)
    }

    async fn count(&self) {
        let _guard = self.lock.acquire().await;
        let before = self.counter.load(Ordering::Relaxed);
        yield_now().await;
        self.counter.store(before + 1, Ordering::Relaxed);
    }

    async fn use_permit(&self) {
        let _permit = self.semaphore.acquire().await;
        self.enter();
        yield_now().await;
        self.leave();
    }

    async fn work(self: Arc<Self>) -> Done {
        let mut done = [0; 5];
        while self.goes_on() {
            match fastrand::u32(..5) {
                0 => {
                    self.count().await;
                    done[0] += 1;
                }
                1 => {
                    self.use_permit().await;
                    done[1] += 1;
                }
                2 => {
                    self.event.wait().await;
                    done[2] += 1;
                }
                _ => done[4] += u64::from(self.give_up().await),
            }
        }
        done
    }

    /// Waits for something, and drops the wait soon. Returns whether it did.
    async fn give_up(&self) -> bool {
        let patience = Duration::from_micros(fastrand::u64(..300));
        match fastrand::u32(..4) {
            0 => timeout(patience, self.lock.acquire()).await.map(drop).is_err(),
            1 => timeout(patience, self.semaphore.acquire()).await.map(drop).is_err(),
            2 => timeout(patience, self.event.wait()).await.is_err(),
            _ => timeout(patience, self.barrier.wait()).await.is_err(),
        }
    }

    /// Passes the barrier again and again, until it is aborted.
    async fn meet(self: Arc<Self>) -> Done {
        let mut done = [0; 5];
        while self.barrier.wait().await.is_ok() {
            done[3] += 1;
        }
        done
    }
}
