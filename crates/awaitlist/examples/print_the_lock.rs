//! Two workers and one lock, printed while it is held and right after it is released.
//!
//! The second print is the instructive one. At first the workers block their thread instead of
//! awaiting: worker 2 has not started when worker 1 releases the lock, which prints `[unlocked]`.
//! Then they sleep as a task should: worker 2 is queued by then, and the lock prints
//! `[unlocked, waiters:1]`. A release designates the next holder but does not lock for it; worker 2
//! holds the lock once its task has run.
//!
//! ```sh
//! cargo run -p awaitlist --example print_the_lock
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - `async with` is a block with a guard in it.
//! - A lock prints as `<Lock [locked]>`; the module and the address are left out.
//! - The two halves run on one runtime, where Python makes an event loop for each, and
//!   `asyncio.wait` is a `JoinSet`.
//! - tokio's clock is paused, and the blocking sleep is short. Neither changes what is printed.

use std::{sync::Arc, thread, time::Duration};

use awaitlist::Lock;
use tokio::{task::JoinSet, time::sleep};

async fn my_worker(lock: Arc<Lock>, blocking: bool) {
    {
        let _guard = lock.acquire().await;
        println!("{lock}");
        println!("myWorker has attained lock, modifying variable");
        if blocking {
            thread::sleep(Duration::from_millis(20));
        } else {
            sleep(Duration::from_millis(200)).await;
        }
    }
    println!("{lock}");
    println!("myWorker has release the lock");
}

async fn part(blocking: bool) {
    let lock = Arc::new(Lock::new(()));
    let mut workers = JoinSet::new();
    workers.spawn(my_worker(Arc::clone(&lock), blocking));
    workers.spawn(my_worker(lock, blocking));
    workers.join_all().await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("-- time.sleep");
    part(true).await;
    println!("-- asyncio.sleep");
    part(false).await;
}
