//! Waits that show in your traces. awaitlist emits nothing itself: a wait is a future, and
//! `Instrument` gives any future a span. `time.idle` is then how long the task waited, and
//! `time.busy` how long the polls took.
//!
//!     cargo run -p awaitlist-examples --example tracing

use std::time::Duration;

use awaitlist::{Lock, Semaphore};
use tokio::{task::JoinSet, time::sleep};
use tracing::{Instrument, info, info_span};
use tracing_subscriber::fmt::{format::FmtSpan, time::uptime};

static CONNECTIONS: Semaphore = Semaphore::new(2);
static TOTAL: Lock<u32> = Lock::new(0);

async fn request(number: u32) {
    let wait = info_span!("wait", on = "connections", behind = CONNECTIONS.waiters());
    let permit = CONNECTIONS.acquire().instrument(wait).await;
    sleep(Duration::from_millis(10)).await;
    drop(permit);

    let wait = info_span!("wait", on = "total", behind = TOTAL.waiters());
    let mut total = TOTAL.acquire().instrument(wait).await;
    *total += number;
    info!(total = *total, "done");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tracing_subscriber::fmt()
        .with_span_events(FmtSpan::CLOSE)
        .with_target(false)
        .with_timer(uptime())
        .init();

    let mut requests = JoinSet::new();
    for number in 1..=6 {
        let span = info_span!("request", number);
        requests.spawn(request(number).instrument(span));
    }
    requests.join_all().await;
}
