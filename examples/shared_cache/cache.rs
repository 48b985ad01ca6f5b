//! A cache that many clients share, in three ways.
//!
//! Each does the same: check the cache, fetch the page if it is missing, store it. They differ in
//! what keeps a second client from doing the same between the check and the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use awaitlist::{Lock, Semaphore};
use reqwest::Url;

use crate::site::{Page, Site};

/// One way to share the pages.
pub(crate) trait Cache: Send + Sync + 'static {
    /// What the way is called in the report.
    const NAME: &'static str;

    /// The page, from the cache or else from the site.
    ///
    /// # Errors
    ///
    /// Returns an error if the page cannot be fetched. The cache is unchanged, so the next client
    /// tries again.
    fn get(&self, url: &Url) -> impl Future<Output = Result<Page>> + Send;

    /// Removes every page: they are stale.
    fn clear(&self) -> impl Future<Output = ()> + Send;
}

/// Nothing is held across the fetch: a client that checks the cache meanwhile does not find the
/// page, and fetches it too.
pub(crate) struct NoLock {
    site: Arc<Site>,
    /// The map has to be safe to share, but this mutex cannot be held across an `await`. It covers
    /// one lookup or one insert.
    pages: Mutex<HashMap<Url, Page>>,
}

impl NoLock {
    /// An empty cache.
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { site, pages: Mutex::default() }
    }

    fn pages(&self) -> MutexGuard<'_, HashMap<Url, Page>> {
        // A panic elsewhere leaves a map that is still a map.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache for NoLock {
    const NAME: &'static str = "no lock";

    async fn get(&self, url: &Url) -> Result<Page> {
        if let Some(page) = self.pages().get(url) {
            return Ok(Arc::clone(page));
        }
        let page = self.site.fetch(url).await?;
        self.pages().insert(url.clone(), Arc::clone(&page));
        Ok(page)
    }

    async fn clear(&self) {
        self.pages().clear();
    }
}

/// One lock around the check, the fetch and the store: each page is fetched once, and one page at a
/// time.
pub(crate) struct OneLock {
    site: Arc<Site>,
    pages: Lock<HashMap<Url, Page>>,
}

impl OneLock {
    /// An empty cache.
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { site, pages: Lock::default() }
    }
}

impl Cache for OneLock {
    const NAME: &'static str = "one lock";

    async fn get(&self, url: &Url) -> Result<Page> {
        let mut pages = self.pages.acquire().await;
        if let Some(page) = pages.get(url) {
            return Ok(Arc::clone(page));
        }
        let page = self.site.fetch(url).await?;
        pages.insert(url.clone(), Arc::clone(&page));
        Ok(page)
    }

    async fn clear(&self) {
        self.pages.acquire().await.clear();
    }
}

/// A lock for each page, so that only clients that want the same page wait for each other, and a
/// semaphore, so that not all pages are requested at once.
pub(crate) struct PageLocks {
    site: Arc<Site>,
    entries: Lock<HashMap<Url, Entry>>,
    requests: Semaphore,
}

/// A page's place in the cache, empty until a client has fetched the page under its lock.
type Entry = Arc<Lock<Option<Page>>>;

impl PageLocks {
    /// An empty cache that keeps at most `limit` requests in flight.
    pub(crate) fn new(site: Arc<Site>, limit: usize) -> Self {
        Self { site, entries: Lock::default(), requests: Semaphore::new(limit) }
    }

    /// The page's entry. All entries are locked just long enough to find it.
    async fn entry(&self, url: &Url) -> Entry {
        let mut entries = self.entries.acquire().await;
        Arc::clone(entries.entry(url.clone()).or_default())
    }
}

impl Cache for PageLocks {
    const NAME: &'static str = "page locks";

    async fn get(&self, url: &Url) -> Result<Page> {
        let entry = self.entry(url).await;
        let mut entry = entry.acquire().await;
        if let Some(page) = &*entry {
            return Ok(Arc::clone(page));
        }
        // Always the page first and then the permit: a holder of a permit waits for no lock.
        let permit = self.requests.acquire().await;
        let page = self.site.fetch(url).await?;
        drop(permit);
        *entry = Some(Arc::clone(&page));
        Ok(page)
    }

    async fn clear(&self) {
        self.entries.acquire().await.clear();
    }
}
