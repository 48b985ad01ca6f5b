//! A semaphore counts the connections, and a list holds the idle ones.
//!
//! ```sh
//! cargo run -p awaitlist --example connection_pool
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - `@asynccontextmanager` is a guard: a struct whose drop does what stands in the `finally`. Its
//!   fields are dropped after that, in order, so the connection is back in the list before the
//!   permit is back in the semaphore.
//! - `try` / `except` is a `Result`. `?` leaves through the guard as an exception leaves through
//!   `async with`, and so does the drop of a future that timed out.
//! - The list is in a `std::sync::Mutex`, which is held for one push or one pop and never across an
//!   `await`.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{
    fmt,
    ops::Deref,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use awaitlist::{BoundedSemaphore, bounded_semaphore::BoundedSemaphorePermit};
use tokio::{
    join,
    time::{sleep, timeout},
};

struct Connection(usize);

struct Pool {
    free: BoundedSemaphore,
    idle: Mutex<Vec<Connection>>,
}

/// A connection that goes back to its pool when it is dropped.
struct Pooled<'a> {
    connection: Option<Connection>,
    pool: &'a Pool,
    _permit: BoundedSemaphorePermit<'a>,
}

impl Pool {
    fn new(size: usize) -> Self {
        Self {
            free: BoundedSemaphore::new(size),
            idle: Mutex::new((0..size).map(Connection).collect()),
        }
    }

    async fn connection(&self) -> Pooled<'_> {
        let permit = self.free.acquire().await;
        Pooled { connection: self.idle().pop(), pool: self, _permit: permit }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Pooled<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("there are as many connections as permits")
    }
}

impl Drop for Pooled<'_> {
    fn drop(&mut self) {
        self.pool.idle().extend(self.connection.take());
    }
}

async fn query(pool: &Pool, name: &str, millis: u64) -> Result<(), &'static str> {
    let connection = pool.connection().await;
    println!("{name} has {}", *connection);
    sleep(Duration::from_millis(millis)).await;
    if name == "bad" {
        return Err("no such table");
    }
    println!("{name} is done");
    Ok(())
}

async fn patient(pool: &Pool, name: &str, millis: u64, patience: u64) {
    let patience = Duration::from_millis(patience);
    match timeout(patience, query(pool, name, millis)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => println!("{name} failed: {error}"),
        Err(_elapsed) => println!("{name} gave up"),
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let pool = Pool::new(2);
    join!(
        biased;
        patient(&pool, "slow", 200, 1000),
        patient(&pool, "bad", 50, 1000),
        patient(&pool, "hasty", 10, 20),
        patient(&pool, "quick", 50, 1000),
    );
    let locked = pool.free.locked();
    println!("idle: {}, locked: {locked}", pool.idle().len());
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {}", self.0)
    }
}
