//! Step 3: all in Rust.

mod pages;

use std::{
    cmp::Reverse,
    ops::Range,
    sync::{Arc, Mutex},
};

use awaitlist::{Event, Lock, Semaphore};
use tokio::task::{self, JoinSet};
use wordcount::{Counts, count};

#[derive(Default)]
struct Index {
    counts: Lock<Counts>,
}

impl Index {
    /// Counts the words of a page.
    async fn add(&self, page: &str) {
        let counted = count(page);
        let mut counts = self.counts.acquire().await;
        for (word, count) in counted {
            *counts.entry(word).or_default() += count;
        }
    }

    /// Returns how many words there are: those of whole pages, thanks to the lock.
    async fn total(&self) -> u64 {
        self.counts.acquire().await.values().sum()
    }
}

struct Shared {
    numbers: Mutex<Range<u32>>,
    connections: Semaphore,
    index: Index,
    first: Event,
}

impl Shared {
    fn next(&self) -> Option<u32> {
        self.numbers.lock().expect("no thread panics with it").next()
    }
}

async fn worker(shared: Arc<Shared>) {
    while let Some(number) = shared.next() {
        let connection = shared.connections.acquire().await;
        let page = pages::fetch(number).await;
        drop(connection);
        shared.index.add(&page).await;
        shared.first.set();
    }
}

async fn audit(shared: Arc<Shared>) -> u64 {
    shared.first.wait().await;
    let mut total = 0;
    while total < u64::from(pages::PAGES) * pages::LENGTH {
        total = shared.index.total().await;
        assert!(total.is_multiple_of(pages::LENGTH), "half a page was counted");
        task::yield_now().await;
    }
    total
}

#[tokio::main]
async fn main() {
    let shared = Arc::new(Shared {
        numbers: Mutex::new(0..pages::PAGES),
        connections: Semaphore::new(3),
        index: Index::default(),
        first: Event::new(),
    });
    let workers: JoinSet<()> = (0..8).map(|_| worker(Arc::clone(&shared))).collect();
    let total = tokio::spawn(audit(Arc::clone(&shared))).await.expect("the audit is consistent");
    workers.join_all().await;
    println!("{total} words, always those of whole pages");
    let counts = shared.index.counts.acquire().await;
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|&(word, count)| (Reverse(count), word));
    for (word, count) in &counts[..5] {
        println!("{word} {count}");
    }
}
