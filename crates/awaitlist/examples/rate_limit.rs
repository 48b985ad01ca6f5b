//! A bucket of tokens that requests take and a timer refills.
//!
//! ```sh
//! cargo run -p awaitlist --example rate_limit
//! ```
//!
//! What differs from the Python program that this is a port of:
//!
//! - A permit is released when it is dropped. Here the timer refills what a request took, so the
//!   request forgets its permit, and `release` adds a new one.
//! - A full bucket is an `Err` instead of a `ValueError`.
//! - `refill.cancel()` is `abort`. Dropping tokio's `JoinHandle` would leave the task running.
//! - tokio's clock is paused, so delays keep their order and take no time.

use std::{sync::Arc, time::Duration};

use awaitlist::{BoundedSemaphore, ReleasedTooManyTimes};
use tokio::{task::JoinSet, time::sleep};

const BURST: usize = 3;

struct Bucket {
    tokens: BoundedSemaphore,
}

impl Bucket {
    fn new() -> Self {
        Self { tokens: BoundedSemaphore::new(BURST) }
    }

    async fn take(&self) {
        self.tokens.acquire().await.forget(); // the request does not release it, but:
    }

    async fn refill(&self, period: Duration) {
        for tick in 1.. {
            sleep(period).await;
            match self.tokens.release() {
                Ok(()) => println!("tick {tick}"),
                Err(ReleasedTooManyTimes) => println!("tick {tick}: the bucket is full"),
            }
        }
    }
}

async fn request(bucket: Arc<Bucket>, number: u32) {
    bucket.take().await;
    println!("request {number}");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let bucket = Arc::new(Bucket::new());
    let refill = tokio::spawn({
        let bucket = Arc::clone(&bucket);
        async move { bucket.refill(Duration::from_millis(50)).await }
    });
    let requests = |numbers: std::ops::Range<u32>| {
        let requests = numbers.map(|number| request(Arc::clone(&bucket), number));
        requests.collect::<JoinSet<()>>().join_all()
    };
    requests(0..5).await;
    println!("a pause");
    sleep(Duration::from_millis(225)).await;
    requests(5..9).await;
    refill.abort();
}
