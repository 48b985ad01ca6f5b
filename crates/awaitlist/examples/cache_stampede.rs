//! Why a program with one thread still needs a lock: the cache stampede.
//!
//! Two tasks want the same page. Looking into the cache and filling it are two steps with an
//! `await` between them, so both find it empty and both fetch. A `Lock` around the two steps makes
//! them one: the second task waits, and then finds what the first one stored.
//!
//! What differs from the Python program that this is a port of:
//!
//! - Python's lock stands beside the cache and everybody must remember it. Here the cache is inside
//!   the lock, and there is no way to it but through a guard. The unlocked half has a map of its
//!   own, in a `std::sync::Mutex` that is held for one look or one insert and never over an
//!   `await`: what a Python dict gives, no more.
//! - `asyncio.gather` is `join!`, biased so that the coroutines start in the order written.
//! - `fetch` has no `method`, which the fake never looked at, and its `delay` has no default.
//! - tokio's clock is paused, so the delays keep their order and take no time.

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
