//! Two conditions on one lock, two producers, two consumers, and an end.
//!
//! ```sh
//! cargo run -p awaitlist --example bounded_buffer
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - The buffer is inside the lock that the two conditions share, and a guard is the way to reach
//!   it. A condition made by `with_lock` of an `Arc` keeps the lock alive, so a struct can hold
//!   several.
//! - The predicate of `wait_for_some` returns what it found, as Python's may, so checking and
//!   taking are one step.
//! - `asyncio.TaskGroup` is a `JoinSet`.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use awaitlist::{Condition, Lock};
use tokio::{task::JoinSet, time::sleep};

#[derive(Default)]
struct Items {
    waiting: VecDeque<String>,
    closed: bool,
}

struct Buffer {
    size: usize,
    not_empty: Condition<Items, Arc<Lock<Items>>>,
    not_full: Condition<Items, Arc<Lock<Items>>>,
}

impl Buffer {
    fn new(size: usize) -> Self {
        let lock = Arc::new(Lock::new(Items::default()));
        Self {
            size,
            not_empty: Condition::with_lock(Arc::clone(&lock)),
            not_full: Condition::with_lock(lock),
        }
    }

    async fn put(&self, item: String) {
        let items = self.not_full.acquire().await;
        let mut items =
            self.not_full.wait_for(items, |items| items.waiting.len() < self.size).await;
        items.waiting.push_back(item);
        self.not_empty.notify(&items, 1);
    }

    async fn get(&self) -> Option<String> {
        let items = self.not_empty.acquire().await;
        let (items, item) = self
            .not_empty
            .wait_for_some(items, |items| match items.waiting.pop_front() {
                None if items.closed => Some(None),
                None => None,
                some => Some(some),
            })
            .await;
        if item.is_some() {
            self.not_full.notify(&items, 1);
        }
        item
    }

    async fn close(&self) {
        let mut items = self.not_empty.acquire().await;
        items.closed = true;
        self.not_empty.notify_all(&items);
    }
}

async fn producer(buffer: Arc<Buffer>, name: &str) {
    for i in 0..3 {
        buffer.put(format!("{name}{i}")).await;
        println!("{name} put {name}{i}");
    }
}

async fn consumer(buffer: Arc<Buffer>, name: &str) {
    while let Some(item) = buffer.get().await {
        println!("{name} got {item}");
        sleep(Duration::from_millis(10)).await;
    }
    println!("{name} has nothing left to do");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let buffer = Arc::new(Buffer::new(2));
    let mut consumers = JoinSet::new();
    for name in ["first", "second"] {
        consumers.spawn(consumer(Arc::clone(&buffer), name));
    }
    let mut producers = JoinSet::new();
    for name in ["a", "b"] {
        producers.spawn(producer(Arc::clone(&buffer), name));
    }
    producers.join_all().await;
    println!("closing");
    buffer.close().await;
    consumers.join_all().await;
}
