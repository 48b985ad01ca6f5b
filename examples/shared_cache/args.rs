//! What the user can choose.

use std::time::Duration;

use clap::{Parser, builder::RangedU64ValueParser};
use reqwest::Url;

/// Many clients want a few slow pages through one shared cache: without a lock, with one Lock, and
/// with a Lock for each page and a Semaphore over the requests. Ends with what the server itself
/// counted.
#[derive(Parser)]
#[command(name = "shared_cache")]
pub(crate) struct Args {
    /// How many pages the local server has (1 to 10000)
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = up_to_10_000(), conflicts_with = "urls")]
    pub(crate) pages: usize,

    /// How many clients want them, all at once (1 to 10000). Without a lock each opens a
    /// connection, so many clients need many open files
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = up_to_10_000())]
    pub(crate) clients: usize,

    /// How many requests the Semaphore lets be in flight (1 to 10000)
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = up_to_10_000())]
    pub(crate) limit: usize,

    /// How many times every client wants every page; between two rounds the cache is emptied (1 to
    /// 1000)
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub(crate) rounds: usize,

    /// How long the local server takes over a page, in milliseconds (at most 60000)
    #[arg(long, value_name = "MS", default_value_t = 100, conflicts_with = "urls",
          value_parser = clap::value_parser!(u64).range(..=60_000))]
    pub(crate) delay_ms: u64,

    /// How long a client waits for a page, in milliseconds (1 to 600000), the local server's delay
    /// not counted
    #[arg(long, value_name = "MS", default_value_t = 10_000,
          value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) timeout_ms: u64,

    /// Fetch this page, http or https, instead of a local server's; may be given several times.
    /// Without a lock every client asks for it at once, so choose a server that bears it
    #[arg(long = "url", value_name = "URL", value_parser = parse_url)]
    pub(crate) urls: Vec<Url>,
}

impl Args {
    /// The local server's delay.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// How long a client waits for its page. A local server's delay comes on top, so that no choice
    /// of the two makes every request fail.
    pub(crate) fn timeout(&self) -> Duration {
        let timeout = Duration::from_millis(self.timeout_ms);
        if self.urls.is_empty() { timeout + self.delay() } else { timeout }
    }

    /// How many times a client looks for a page in the cache, all clients and rounds together.
    pub(crate) fn wanted(&self, pages: usize) -> u64 {
        // At most 10^4 * 10^4 * 10^3, or as many more as URLs fit into a command line.
        self.clients as u64 * pages as u64 * self.rounds as u64
    }
}

fn up_to_10_000() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=10_000)
}

fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("a page has an http or https URL, not {other}")),
    }
}
