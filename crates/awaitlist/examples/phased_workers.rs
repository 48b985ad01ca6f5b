//! Workers go from phase to phase together. One of them fails and aborts the barrier, so that the
//! others do not wait for it; for the next attempt the barrier is reset.
//!
//! ```sh
//! cargo run -p awaitlist --example phased_workers
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - The exceptions are an enum, and `?` converts a `BrokenBarrier` into it.
//! - `abort` and `reset` are plain functions. asyncio's are coroutines that never suspend.
//! - `asyncio.gather` makes tasks; here they are a `Vec` of handles.

use std::{fmt, sync::Arc};

use awaitlist::{Barrier, BrokenBarrier};

const WORKERS: usize = 3;

enum Failure {
    OutOfMemory,
    Broken(BrokenBarrier),
}

async fn phases(worker: usize, barrier: &Barrier, attempt: u32) -> Result<(), Failure> {
    for phase in ["load", "sort", "store"] {
        if (worker, phase, attempt) == (1, "sort", 1) {
            return Err(Failure::OutOfMemory);
        }
        println!("worker {worker}: {phase}");
        if barrier.wait().await? == 0 {
            println!("-- all did {phase}");
        }
    }
    Ok(())
}

async fn work(worker: usize, barrier: Arc<Barrier>, attempt: u32) -> String {
    match phases(worker, &barrier, attempt).await {
        Ok(()) => format!("worker {worker}: done"),
        Err(failure) => {
            if let Failure::OutOfMemory = failure {
                barrier.abort();
            }
            format!("worker {worker}: {failure}")
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let barrier = Arc::new(Barrier::new(WORKERS));
    for attempt in [1, 2] {
        println!("attempt {attempt}");
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| tokio::spawn(work(worker, Arc::clone(&barrier), attempt)))
            .collect();
        for worker in workers {
            println!("{}", worker.await.expect("no worker panics"));
        }
        if barrier.broken() {
            println!("again");
            barrier.reset();
        }
    }
}

impl From<BrokenBarrier> for Failure {
    fn from(broken: BrokenBarrier) -> Self {
        Self::Broken(broken)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::Broken(broken) => f.write_str(broken.asyncio_message()),
        }
    }
}
