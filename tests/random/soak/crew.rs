//! The visitors of all sites, on their runtimes.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use async_executor::Executor;
use awaitlist::Block;
use awaitlist_tests::Rng;
use tokio::runtime::{Builder, Runtime};

use super::{
    meter::Meter,
    visitor::{Badge, Home, Visitor},
};

/// A primitive, or a few, and what must hold of them.
pub(crate) trait Site: fmt::Debug + Send + Sync + 'static {
    fn meter(&self) -> &Meter;

    /// Checks what must hold when all visitors have left.
    fn check_at_rest(&self);
}

/// What visitors do at a site.
pub(crate) trait Visits: Site {
    /// How many come from each [home](Home).
    const VISITORS: usize = 3;

    fn visit(self: Arc<Self>, visitor: Visitor) -> impl Future<Output = ()> + Send;
}

/// See the module.
pub(crate) struct Crew {
    pub(crate) sites: Vec<Arc<dyn Site>>,
    pub(crate) badges: Vec<Arc<Badge>>,
    closing: Arc<AtomicBool>,
    seed: u64,
    tokio: Runtime,
    executor: Arc<Executor<'static>>,
}

impl Crew {
    /// Two threads of tokio's, and two of async-executor's.
    pub(crate) fn new(seed: u64) -> Self {
        let executor = Arc::new(Executor::new());
        for _ in 0..2 {
            let executor = Arc::clone(&executor);
            thread::spawn(move || executor.run(std::future::pending::<()>()).block());
        }
        Self {
            sites: Vec::new(),
            badges: Vec::new(),
            closing: Arc::default(),
            seed,
            tokio: Builder::new_multi_thread()
                .worker_threads(2)
                .enable_time()
                .build()
                .expect("two threads are to be had"),
            executor,
        }
    }

    /// Sends visitors to a site, from each home as many.
    pub(crate) fn enlist<S: Visits>(&mut self, site: S) {
        let site = Arc::new(site);
        for (home, number) in Home::ALL
            .into_iter()
            .flat_map(|home| (0..S::VISITORS).map(move |number| (home, number)))
        {
            let badge = Arc::new(Badge {
                site: site.meter().name(),
                home,
                number,
                beats: AtomicU64::new(0),
                left: AtomicBool::new(false),
            });
            let rng = Rng::new(self.seed.wrapping_mul(1009) + self.badges.len() as u64);
            self.badges.push(Arc::clone(&badge));
            let visitor = Visitor::new(badge, rng, Arc::clone(&self.closing));
            let visit = Arc::clone(&site).visit(visitor);
            match home {
                Home::Tokio => drop(self.tokio.spawn(visit)),
                Home::Executor => self.executor.spawn(visit).detach(),
                // Each wait blocks the thread by itself: the visit as a whole is never suspended.
                Home::Thread => drop(thread::spawn(|| visit.block())),
            }
        }
        self.sites.push(site);
    }

    /// Tells all visitors that the time is over.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Leaves them to themselves, who may be stuck: nobody is waited for.
    pub(crate) fn abandon(self) {
        self.tokio.shutdown_background();
    }

    pub(crate) fn all_left(&self) -> bool {
        self.badges.iter().all(|badge| badge.left.load(Relaxed))
    }
}
