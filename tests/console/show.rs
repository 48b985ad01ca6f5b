//! A program to look at with tokio-console, which connects to it on port 6669.
//!
//!     RUSTFLAGS="--cfg console_without_tokio_unstable" \
//!         cargo run --manifest-path tests/console/Cargo.toml --example show

use std::{sync::Arc, time::Duration};

use awaitlist::{Event, Lock, Semaphore, diagnostics::task};
use tokio::{runtime, time::sleep};

static SHUTDOWN: Event = Event::named("shutdown");

fn main() {
    // First of all: what is used before is shown only once it is used again.
    console_subscriber::init();
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let connections = Arc::new(Semaphore::named("connections", 2));
        let cache = Arc::new(Lock::named("cache", 0));
        for number in 1..=4 {
            let (connections, cache) = (Arc::clone(&connections), Arc::clone(&cache));
            tokio::spawn(task(format!("client {number}"), async move {
                loop {
                    let connection = connections.acquire().await;
                    *cache.acquire().await += 1;
                    sleep(Duration::from_millis(700)).await;
                    drop(connection);
                }
            }));
        }
        task("main", SHUTDOWN.wait()).await;
    });
}
