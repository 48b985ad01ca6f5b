//! The local web server: slow pages, and a count of the requests for them.

use std::{future::IntoFuture, io, net::Ipv4Addr, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use tokio::{net::TcpListener, time::sleep};

use crate::tally::Tally;

struct SlowPages {
    delay: Duration,
    tally: Arc<Tally>,
}

/// Serves `/page/1`, `/page/2` and so on from a free port of the loopback, for as long as the
/// runtime lives. Every page takes the `delay`, and every request is counted in the `tally`.
pub(crate) async fn start(delay: Duration, tally: Arc<Tally>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/page/{number}", get(page))
        .with_state(Arc::new(SlowPages { delay, tally }));
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(address)
}

async fn page(State(pages): State<Arc<SlowPages>>, Path(number): Path<usize>) -> String {
    // Dropped before the response is sent, so a client that asks again is not counted twice at
    // once.
    let _in_flight = pages.tally.enter();
    sleep(pages.delay).await;
    format!("This is page {number}.\n")
}
