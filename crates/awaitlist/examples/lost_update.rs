//! A counter without a lock and with one, and a cache that releases its lock too early.
//!
//! Three tasks read a counter, yield, and write back what they read plus one. Without a lock all
//! three read 0, and two updates are lost. The cache in the last part releases its lock during the
//! fetch: two requests for the same post both go out, and only a later request hits.
//!
//! ```sh
//! cargo run -p awaitlist --example lost_update
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - What a lock guards is inside it: the counter is a `Lock<u32>` and the cache a `Lock` of a map.
//! - The counter without a lock is an atomic that is loaded in one step and stored in another.
//!   Updates are lost without any data race.
//! - Python's one counter, reset to 0 between the parts, is two counters here.
//! - `asyncio.gather` is `join!` with `biased;`, and `asyncio.sleep(0)` is `yield_now`.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use awaitlist::Lock;
use tokio::{join, task::yield_now, time::sleep};

static UNLOCKED_COUNTER: AtomicU32 = AtomicU32::new(0);
static COUNTER: Lock<u32> = Lock::new(0);

async fn increment_unlocked(label: &str) {
    let current_value = UNLOCKED_COUNTER.load(Ordering::Relaxed);
    yield_now().await;
    let new_value = current_value + 1;
    UNLOCKED_COUNTER.store(new_value, Ordering::Relaxed);
    println!("{label}: counter = {new_value}");
}

async fn increment_locked(label: &str) {
    // async with lock:
    let mut counter = COUNTER.acquire().await;
    let current_value = *counter;
    yield_now().await;
    *counter = current_value + 1;
    println!("{label}: counter = {counter}");
}

/// The part of a post that this program reads.
struct Post {
    title: String,
}

/// Stands in for an HTTP client.
async fn get(post_id: u32) -> Post {
    println!("GET /posts/{post_id}");
    sleep(Duration::from_millis(10)).await;
    Post { title: format!("title {post_id}") }
}

static CACHE: Lock<BTreeMap<u32, String>> = Lock::new(BTreeMap::new());

async fn fetch_post_cached(post_id: u32) -> String {
    {
        let cache = CACHE.acquire().await;
        if let Some(title) = cache.get(&post_id) {
            println!("Cache hit for post {post_id}");
            return title.clone();
        }
    }
    // The lock is free again, and another task that wants the same post now misses it as well.
    let post = get(post_id).await;
    let mut cache = CACHE.acquire().await;
    cache.insert(post_id, post.title.clone());
    post.title
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("-- without a lock");
    join!(
        biased;
        increment_unlocked("task_A"),
        increment_unlocked("task_B"),
        increment_unlocked("task_C"),
    );
    println!("Final counter: {}", UNLOCKED_COUNTER.load(Ordering::Relaxed));

    println!("-- with a lock");
    join!(
        biased;
        increment_locked("task_A"),
        increment_locked("task_B"),
        increment_locked("task_C"),
    );
    println!("Final counter: {}", *COUNTER.acquire().await);

    println!("-- cache");
    let results = join!(
        biased;
        fetch_post_cached(1),
        fetch_post_cached(1),
        fetch_post_cached(2),
    );
    for result in <[String; 3]>::from(results) {
        println!("{result}");
    }
    println!("{}", fetch_post_cached(1).await);
}
