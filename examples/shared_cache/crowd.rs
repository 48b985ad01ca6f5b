//! The clients: they start together, and go from round to round together.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use awaitlist::{Barrier, Event};
use reqwest::Url;
use tokio::task::JoinSet;

use crate::{args::Args, cache::Cache, progress::Progress};

/// A number of clients around one cache.
pub(crate) struct Crowd<C> {
    cache: C,
    pages: Arc<[Url]>,
    rounds: usize,
    progress: Progress,
    /// Set once every client is there.
    start: Event,
    /// Where the clients wait for each other at the end of a round.
    round_end: Barrier,
}

impl<C: Cache> Crowd<C> {
    /// Creates a crowd with the user's options, around a cache of its own.
    pub(crate) fn new(args: &Args, pages: &Arc<[Url]>, cache: C, progress: Progress) -> Self {
        Self {
            cache,
            pages: Arc::clone(pages),
            rounds: args.rounds,
            progress,
            start: Event::new(),
            round_end: Barrier::new(args.clients),
        }
    }

    /// Runs every client to its end, and returns how long that took.
    ///
    /// # Errors
    ///
    /// Returns the first error of any client. The other clients are dropped where they are: in a
    /// queue for a lock, in the middle of a fetch, at the barrier.
    pub(crate) async fn run(self) -> Result<Duration> {
        let crowd = Arc::new(self);
        let mut clients = JoinSet::new();
        for number in 0..crowd.round_end.parties() {
            clients.spawn(Arc::clone(&crowd).client(number));
        }

        let start = Instant::now();
        crowd.start.set();
        let outcome = all_finish(&mut clients).await;
        let wall_time = start.elapsed();
        // After an error: no client is left to draw over the message.
        clients.shutdown().await;
        outcome.map(|()| wall_time)
    }

    /// Runs one client. Each starts with another page than its neighbour, so that different pages
    /// are wanted at the same time.
    async fn client(self: Arc<Self>, number: usize) -> Result<()> {
        self.start.wait().await;
        for round in 1..=self.rounds {
            let (before, from) = self.pages.split_at(number % self.pages.len());
            for url in from.iter().chain(before) {
                self.cache.get(url).await?;
                self.progress.page();
            }
            self.end_round(round).await?;
        }
        Ok(())
    }

    /// Waits for all clients, lets one of them empty the cache, and waits until that is done: no
    /// client reads a page of the old round in the new one, or loses a page of the new one.
    async fn end_round(&self, round: usize) -> Result<()> {
        if self.round_end.wait().await? == 0 {
            self.cache.clear().await;
            self.progress.round(round);
        }
        self.round_end.wait().await?;
        Ok(())
    }
}

async fn all_finish(clients: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(finished) = clients.join_next().await {
        finished.context("a client has died")??;
    }
    Ok(())
}
