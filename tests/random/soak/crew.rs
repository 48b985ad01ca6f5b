//! The visitors of all sites, on their runtimes.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use crate::support::Rng;
use async_executor::Executor;
use awaitlist::Block;
use tokio::runtime::{Builder, Runtime};

use super::{
    meter::Meter,
    visitor::{Badge, Home, Left, Visitor},
};

/// One or more primitives, and what must hold of them.
pub(crate) trait Site: fmt::Debug + Send + Sync + 'static {
    fn meter(&self) -> &Meter;

    /// Checks what must hold when all visitors have left.
    fn check_at_rest(&self);
}

/// What visitors do at a site.
pub(crate) trait Visits: Site {
    /// How many visitors come from each [home](Home).
    const VISITORS: usize = 3;

    fn visit(self: Arc<Self>, visitor: Visitor) -> impl Future<Output = ()> + Send;
}

/// All visitors, and the runtimes on which they run.
pub(crate) struct Crew {
    pub(crate) sites: Vec<Arc<dyn Site>>,
    pub(crate) badges: Vec<Arc<Badge>>,
    closing: Arc<AtomicBool>,
    seed: u64,
    /// How many operations at one site end the run.
    quota: u64,
    leaving: (Sender<Left>, Receiver<Left>),
    tokio: Runtime,
    executor: Arc<Executor<'static>>,
}

impl Crew {
    /// Two threads of tokio's, and two of async-executor's. The run ends after `quota` operations
    /// at one site, or when [`close`](Self::close) is called.
    pub(crate) fn new(seed: u64, quota: u64) -> Self {
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
            quota,
            leaving: channel(),
            tokio: Builder::new_multi_thread()
                .worker_threads(2)
                .enable_time()
                .build()
                .expect("two threads can be started"),
            executor,
        }
    }

    /// Sends visitors to a site, equally many from each home.
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
            let visitor = Visitor::new(
                badge,
                rng,
                Arc::clone(&self.closing),
                self.quota,
                self.leaving.0.clone(),
            );
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

    /// Waits until all visitors have left, and checks their sites.
    ///
    /// # Panics
    ///
    /// As soon as a visitor has panicked: others may then wait forever.
    pub(crate) fn join(self) {
        for _ in &self.badges {
            let left = self.leaving.1.recv().expect("the crew keeps a sender");
            assert_eq!(left, Left::Done, "a visitor panicked, see above");
        }
        self.sites.iter().for_each(|site| site.check_at_rest());
        self.abandon();
    }

    /// Tells all visitors that the run has ended.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Stops the runtime without waiting for visitors, which may be stuck.
    pub(crate) fn abandon(self) {
        self.tokio.shutdown_background();
    }

    pub(crate) fn all_left(&self) -> bool {
        self.badges.iter().all(|badge| badge.left.load(Relaxed))
    }
}
