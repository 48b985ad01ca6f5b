//! The pages that all clients want, and how to fetch one.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use reqwest::{Client, ClientBuilder, Url};

use crate::{
    server,
    tally::{Count, Tally},
};

/// A fetched page: shared, not copied.
pub(crate) type Page = Arc<[u8]>;

/// Some pages of a web site, and a client that fetches them.
pub(crate) struct Site {
    http: Client,
    pages: Arc<[Url]>,
    tally: Arc<Tally>,
    counted_by: CountedBy,
}

/// The side that fills a site's [`Tally`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CountedBy {
    /// Our own server, as requests reach it.
    Server,
    /// Our clients, as they send them: another server does not report them.
    Clients,
}

impl Site {
    /// Starts a local server with slow pages.
    pub(crate) async fn local(pages: usize, delay: Duration, timeout: Duration) -> Result<Self> {
        let tally = Arc::new(Tally::default());
        let address = server::start(delay, Arc::clone(&tally))
            .await
            .context("cannot open a port on the loopback")?;
        let pages = (1..=pages)
            .map(|number| Url::parse(&format!("http://{address}/page/{number}")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            // A proxy that the environment names does not know our loopback.
            http: build(http_client(timeout).no_proxy())?,
            pages,
            tally,
            counted_by: CountedBy::Server,
        })
    }

    /// Pages of the user's own. A page given twice is one page.
    pub(crate) fn of_urls(urls: &[Url], timeout: Duration) -> Result<Self> {
        let mut pages = Vec::new();
        for url in urls {
            if !pages.contains(url) {
                pages.push(url.clone());
            }
        }
        Ok(Self {
            http: build(http_client(timeout))?,
            pages: pages.into(),
            tally: Arc::default(),
            counted_by: CountedBy::Clients,
        })
    }

    /// The pages' addresses.
    pub(crate) fn pages(&self) -> &Arc<[Url]> {
        &self.pages
    }

    /// The side that counts the requests.
    pub(crate) fn counted_by(&self) -> CountedBy {
        self.counted_by
    }

    /// What was counted since the last call.
    pub(crate) fn take_count(&self) -> Count {
        self.tally.take()
    }

    /// Fetches one page.
    ///
    /// # Errors
    ///
    /// Returns an error if no server responds in time, or the response is not a page.
    pub(crate) async fn fetch(&self, url: &Url) -> Result<Page> {
        let _in_flight = (self.counted_by == CountedBy::Clients).then(|| self.tally.enter());
        self.request(url)
            .await
            // The context names the page; reqwest would say it again.
            .map_err(reqwest::Error::without_url)
            .with_context(|| format!("cannot fetch {url}"))
    }

    async fn request(&self, url: &Url) -> reqwest::Result<Page> {
        let response = self.http.get(url.clone()).send().await?;
        let body = response.error_for_status()?.bytes().await?;
        Ok(Page::from(&body[..]))
    }
}

fn http_client(timeout: Duration) -> ClientBuilder {
    // It is an error if rustls has its cryptography already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().user_agent("awaitlist-shared-cache").timeout(timeout)
}

fn build(client: ClientBuilder) -> Result<Client> {
    client.build().context("cannot set up the HTTP client")
}
