//! No new jobs, time to finish the jobs that have begun, and an end for those that take too long.
//!
//! ```sh
//! cargo run -p awaitlist --example graceful_shutdown
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - `finally` is the drop of a `Begun`. It runs when the job ends and when its task is aborted,
//!   and it cannot await.
//! - `asyncio.wait(tasks, timeout=…)` is a loop over `join_next` in a `timeout`. The tasks that are
//!   left are still in the set; `shutdown` aborts them and waits until they are gone.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use awaitlist::{Condition, Event};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

const GRACE: Duration = Duration::from_millis(200);

struct Job {
    name: &'static str,
    takes: Duration,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    stopping: bool,
}

#[derive(Default)]
struct Jobs {
    changed: Condition<State>,
}

impl Jobs {
    async fn put<const N: usize>(&self, jobs: [Job; N]) {
        let mut state = self.changed.acquire().await;
        state.waiting.extend(jobs);
        self.changed.notify(&state, N);
    }

    async fn stop(&self) {
        let mut state = self.changed.acquire().await;
        state.stopping = true;
        self.changed.notify_all(&state);
    }

    async fn next(&self) -> Option<Job> {
        let state = self.changed.acquire().await;
        let mut state =
            self.changed.wait_for(state, |state| state.stopping || !state.waiting.is_empty()).await;
        if state.stopping {
            return None;
        }
        state.waiting.pop_front()
    }
}

/// A job that a worker has begun.
struct Begun {
    worker: &'static str,
    job: &'static str,
    finished: bool,
}

impl Begun {
    fn new(worker: &'static str, job: &'static str) -> Self {
        println!("{worker} begins {job}");
        Self { worker, job, finished: false }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let how = if self.finished { "has done" } else { "leaves" };
        println!("{} {how} {}", self.worker, self.job);
    }
}

async fn worker(name: &'static str, jobs: Arc<Jobs>) {
    while let Some(job) = jobs.next().await {
        let mut begun = Begun::new(name, job.name);
        sleep(job.takes).await;
        begun.finished = true;
    }
    println!("{name} stops");
}

async fn heartbeat(stop: Arc<Event>) {
    while timeout(Duration::from_millis(100), stop.wait()).await.is_err() {
        println!("alive");
    }
    println!("heartbeat stops");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (jobs, stop) = (Arc::new(Jobs::default()), Arc::new(Event::new()));
    let mut tasks = JoinSet::new();
    for name in ["worker 1", "worker 2", "worker 3"] {
        tasks.spawn(worker(name, Arc::clone(&jobs)));
    }
    tasks.spawn(heartbeat(Arc::clone(&stop)));

    let (short, long) = (Duration::from_millis(200), Duration::from_secs(10));
    jobs.put([Job { name: "a short job", takes: short }, Job { name: "a long job", takes: long }])
        .await;
    sleep(Duration::from_millis(150)).await; // stands in for SIGTERM
    println!("shutting down");
    stop.set();
    jobs.stop().await;

    let mut done = 0;
    let all_done = async {
        while tasks.join_next().await.is_some() {
            done += 1;
        }
    };
    // The count says whether it was late.
    let _ = timeout(GRACE, all_done).await;
    println!("{done} stopped in time, {} did not", tasks.len());
    tasks.shutdown().await;
    println!("down");
}
