//! Tasks in the order of their completion, a lock that a timer releases, and an event that a timer
//! sets.
//!
//! ```sh
//! cargo run -p awaitlist --example callbacks
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - A guard releases its lock when it is dropped, and a callback elsewhere has no guard to drop.
//!   So the task that acquires for a callback says so: `LockGuard::forget` leaves the lock held
//!   without a guard, and `release` ends such a hold. While a guard exists, `release` is an error;
//!   in asyncio any task can release a lock that another one holds.
//! - `asyncio.as_completed` and `asyncio.wait` are both a `JoinSet`, and `loop.call_later` is a
//!   task that sleeps first.
//! - The three parts run on one runtime, where Python makes an event loop for each.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{sync::Arc, time::Duration};

use awaitlist::{Event, Lock, lock::LockGuard};
use tokio::{task::JoinSet, time::sleep};

/// `loop.call_later`: runs the callback once, when the delay is over.
fn call_later(delay: Duration, callback: impl FnOnce() + Send + 'static) {
    tokio::spawn(async move {
        sleep(delay).await;
        callback();
    });
}

async fn phase(i: u64) -> String {
    println!("in phase {i}");
    sleep(Duration::from_millis(500 - 100 * i)).await;
    println!("done with phase {i}");
    format!("phase {i} result")
}

async fn main_phases(num_phases: u64) {
    println!("starting main");
    let mut phases: JoinSet<String> = (0..num_phases).map(phase).collect();
    println!("waiting for phases to complete");
    let mut results = Vec::new();
    while let Some(next_to_complete) = phases.join_next().await {
        let answer = next_to_complete.expect("a phase neither panics nor is cancelled");
        println!("received answer '{answer}'");
        results.push(format!("'{answer}'"));
    }
    println!("results: [{}]", results.join(", "));
}

fn unlock(lock: &Lock) {
    println!("callback releasing lock");
    lock.release().expect("main_lock has left the lock held");
}

async fn lock1(lock: Arc<Lock>) {
    println!("coro1 waiting for the lock");
    {
        let _guard = lock.acquire().await;
        println!("coro1 acquired lock");
    }
    println!("coro1 released lock");
}

async fn lock2(lock: Arc<Lock>) {
    println!("coro2 waiting for the lock");
    let guard = lock.acquire().await;
    println!("coro2 acquired lock");
    println!("coro2 released lock");
    drop(guard);
}

async fn main_lock() {
    let lock = Arc::new(Lock::new(()));
    println!("acquiring the lock before starting coroutines");
    LockGuard::forget(lock.acquire().await);
    println!("lock acquired: {}", python_bool(lock.locked()));

    let held = Arc::clone(&lock);
    call_later(Duration::from_millis(100), move || unlock(&held));

    println!("waiting for coroutines");
    let mut coroutines = JoinSet::new();
    coroutines.spawn(lock1(Arc::clone(&lock)));
    coroutines.spawn(lock2(lock));
    coroutines.join_all().await;
}

fn set_event(event: &Event) {
    println!("setting event in callback");
    event.set();
}

async fn event1(event: Arc<Event>) {
    println!("coro1 waiting for event");
    event.wait().await;
    println!("coro1 triggered");
}

async fn event2(event: Arc<Event>) {
    println!("coro2 waiting for event");
    event.wait().await;
    println!("coro2 triggered");
}

async fn main_event() {
    let event = Arc::new(Event::new());
    println!("event start state: {}", python_bool(event.is_set()));

    let awaited = Arc::clone(&event);
    call_later(Duration::from_millis(100), move || set_event(&awaited));

    let mut coroutines = JoinSet::new();
    coroutines.spawn(event1(Arc::clone(&event)));
    coroutines.spawn(event2(Arc::clone(&event)));
    coroutines.join_all().await;
    println!("event end state: {}", python_bool(event.is_set()));
}

/// A truth value as Python writes it, so that the two programs print the same text.
fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("-- phases");
    main_phases(3).await;
    println!("-- lock");
    main_lock().await;
    println!("-- event");
    main_event().await;
}
