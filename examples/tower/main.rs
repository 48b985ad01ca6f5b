//! awaitlist in a tower stack: a layer whose `poll_ready` waits for a permit, without an allocation
//! for each request.
//!
//!     cargo run -p awaitlist-examples --example tower

mod limit;

use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use limit::LimitLayer;
use tokio::{task::JoinSet, time};
use tower::{ServiceBuilder, ServiceExt, service_fn};

static AT_WORK: AtomicUsize = AtomicUsize::new(0);

async fn answer(request: u32) -> Result<u32, Infallible> {
    let at_work = AT_WORK.fetch_add(1, Ordering::Relaxed) + 1;
    println!("request {request}: {at_work} at work");
    time::sleep(Duration::from_millis(10)).await;
    AT_WORK.fetch_sub(1, Ordering::Relaxed);
    Ok(request * request)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let service = ServiceBuilder::new().layer(LimitLayer::new(2)).service(service_fn(answer));

    let mut requests = JoinSet::new();
    for request in 1..=6 {
        requests.spawn(service.clone().oneshot(request));
    }
    let mut answers: Vec<u32> = requests.join_all().await.into_iter().flatten().collect();
    answers.sort_unstable();
    println!("{answers:?}");
}
