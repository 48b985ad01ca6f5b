//! Two tasks want the same page. Checking the cache and filling it are two steps with an `await`
//! between them, so without a lock both tasks find the cache empty and both fetch. With a lock the
//! second task waits, and finds what the first one stored.
//!
//! ```sh
//! cargo run -p awaitlist --example cache_stampede
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - Python's lock stands beside the cache, and every function must remember to take it. Here the
//!   cache is inside the lock, and a guard is the only way to reach it.
//! - The unlocked half keeps its map in a `std::sync::Mutex` that is held for one lookup or one
//!   insert, never across an `await`. That is what a Python dict gives, and no more.
//! - `asyncio.gather` is `join!`, with `biased;` so that the branches start in the order in which
//!   they are written.
//! - `fetch` has no `method` argument, which the stand-in never used, and its `delay` has no
//!   default.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use awaitlist::Lock;
use tokio::{join, time::sleep};

const URL: &str = "http://example.invalid/stuff";

static FETCHES: AtomicU32 = AtomicU32::new(0);

/// Stands in for an HTTP client.
async fn fetch(url: &str, delay: Duration) -> String {
    let number = FETCHES.fetch_add(1, Ordering::Relaxed) + 1;
    println!("fetch {number} start {url}");
    sleep(delay).await;
    println!("fetch done {url}");
    format!("body of {url}")
}

async fn get_stuff_unlocked(url: &'static str) -> String {
    static CACHE: Mutex<BTreeMap<&str, String>> = Mutex::new(BTreeMap::new());
    let cache = || CACHE.lock().unwrap_or_else(PoisonError::into_inner);

    if let Some(stuff) = cache().get(url) {
        return stuff.clone();
    }
    let stuff = fetch(url, Duration::from_millis(20)).await;
    cache().insert(url, stuff.clone());
    stuff
}

async fn get_stuff_locked(url: &'static str) -> String {
    static CACHE: Lock<BTreeMap<&str, String>> = Lock::new(BTreeMap::new());

    // async with stuff_lock:
    let mut cache = CACHE.acquire().await;
    if let Some(stuff) = cache.get(url) {
        println!("cache hit");
        return stuff.clone();
    }
    let stuff = fetch(url, Duration::from_millis(20)).await;
    cache.insert(url, stuff.clone());
    stuff
}

async fn parse_stuff(get_stuff: impl AsyncFn(&'static str) -> String) {
    let stuff = get_stuff(URL).await;
    println!("parse_stuff got {stuff}");
}

async fn use_stuff(get_stuff: impl AsyncFn(&'static str) -> String) {
    let stuff = get_stuff(URL).await;
    println!("use_stuff got {stuff}");
}

async fn do_work() {
    let out = fetch("www.awebsite.com", Duration::from_millis(100)).await;
    println!("do_work got {out}");
}

async fn part(name: &str, get_stuff: impl AsyncFn(&'static str) -> String) {
    println!("-- {name}");
    FETCHES.store(0, Ordering::Relaxed);
    join!(biased; parse_stuff(&get_stuff), use_stuff(&get_stuff), do_work());
    println!("fetches: {}", FETCHES.load(Ordering::Relaxed));
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    part("unlocked", get_stuff_unlocked).await;
    part("locked", get_stuff_locked).await;
}
