//! Many clients, a few slow pages, one cache: what a lock is for, on a real server.
//!
//! A local web server is slow to serve each page. Many clients want all of its pages through one
//! shared cache, and the cache is built in three ways: without a lock, with one `Lock`, and with a
//! `Lock` for each page and a `Semaphore` that limits the requests. An `Event` starts the clients,
//! and a `Barrier` divides their rounds. The table at the end shows what the server counted.
//!
//! ```text
//! cargo run --release -p awaitlist-examples --example shared_cache
//! cargo run --release -p awaitlist-examples --example shared_cache -- --help
//! ```
//!
//! The three ways are in `cache.rs`, and the clients in `crowd.rs`.

mod args;
mod cache;
mod crowd;
mod progress;
mod report;
mod server;
mod site;
mod tally;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result};
use clap::Parser;
use tokio::runtime::Runtime;

use crate::{
    args::Args,
    cache::{Cache, NoLock, OneLock, PageLocks},
    crowd::Crowd,
    progress::Progress,
    report::Row,
    site::Site,
};

fn main() -> ExitCode {
    let args = Args::parse();
    match start(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when not even stderr takes the message.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args) -> Result<()> {
    let runtime = Runtime::new().context("cannot start the tokio runtime")?;
    let outcome = runtime.block_on(run(args));
    // A name lookup may hang in a thread of its own, and the runtime's drop would wait for it.
    runtime.shutdown_background();
    outcome
}

/// Runs the three ways one after another, and prints the results.
async fn run(args: &Args) -> Result<()> {
    let site = Arc::new(if args.urls.is_empty() {
        Site::local(args.pages, args.delay(), args.timeout()).await?
    } else {
        Site::of_urls(&args.urls, args.timeout())?
    });
    print(&report::opening(args, &site))?;
    let rows = [
        try_way(args, &site, NoLock::new(Arc::clone(&site))).await?,
        try_way(args, &site, OneLock::new(Arc::clone(&site))).await?,
        try_way(args, &site, PageLocks::new(Arc::clone(&site), args.limit)).await?,
    ];
    print(&report::table(&site, &rows))
}

/// Runs a new crowd on one cache.
async fn try_way<C: Cache>(args: &Args, site: &Site, cache: C) -> Result<Row> {
    let progress = Progress::new(C::NAME, args.rounds, args.wanted(site.pages().len()))?;
    let crowd = Crowd::new(args, site.pages(), cache, progress);
    let wall_time = crowd.run().await?;
    Ok(Row { way: C::NAME, count: site.take_count(), wall_time })
}

/// Like `print!`, but a closed stdout is an error and no panic.
fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .context("cannot write to stdout")
}
