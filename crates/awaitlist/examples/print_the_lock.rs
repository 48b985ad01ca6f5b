//! Two workers and one lock, printed while it is held and right after it is released.
//!
//! The second print is the instructive one. First the workers block their thread instead of
//! awaiting: worker 2 has not even started when worker 1 releases it, and the lock is `[unlocked]`.
//! Then they sleep as a task should: worker 2 is in the queue by then, and the lock is
//! `[unlocked, waiters:1]`. A release names the next holder and does not hold the lock for it;
//! worker 2 has it once its task runs.
//!
//! What differs from the Python program that this is a port of:
//!
//! - `async with` is a block with a guard in it.
//! - Printing a lock gives `<Lock [locked]>`. The text in brackets is asyncio's to the letter,
//!   while the module and the address before it are left out.
//! - The two halves run on one runtime, where Python makes an event loop for each, and
//!   `asyncio.wait` is a `JoinSet`.
//! - tokio's clock is paused, and the blocking sleep is short: neither changes what is printed.

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
