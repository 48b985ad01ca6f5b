//! A visitor of the primitives: a script with a random number generator of its own, at home on one
//! of the runtimes.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::Sender,
    },
    task::Poll,
    thread,
    time::Duration,
};

use crate::support::Rng;
use awaitlist::Block;

use super::meter::Meter;

/// Where a visitor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Tokio,
    Executor,
    Thread,
}

impl Home {
    pub(crate) const ALL: [Self; 3] = [Self::Tokio, Self::Executor, Self::Thread];
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokio => "tokio",
            Self::Executor => "executor",
            Self::Thread => "threads",
        })
    }
}

/// What the watch sees of a visitor.
#[derive(Debug)]
pub(crate) struct Badge {
    pub(crate) site: &'static str,
    pub(crate) home: Home,
    /// Counts from 0 at each home.
    pub(crate) number: usize,
    /// Grows with each wait that ends, one way or the other.
    pub(crate) beats: AtomicU64,
    pub(crate) left: AtomicBool,
}

/// A visitor: its random numbers, and how it learns that the run has ended.
pub(crate) struct Visitor {
    badge: Arc<Badge>,
    rng: Rng,
    closing: Arc<AtomicBool>,
    /// How many operations at its site end the run.
    quota: u64,
    /// Receives how the visitor left.
    leaving: Sender<Left>,
}

/// How a visitor left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Done,
    Panicked,
}

impl Visitor {
    pub(crate) const fn new(
        badge: Arc<Badge>,
        rng: Rng,
        closing: Arc<AtomicBool>,
        quota: u64,
        leaving: Sender<Left>,
    ) -> Self {
        Self { badge, rng, closing, quota, leaving }
    }

    pub(crate) fn home(&self) -> Home {
        self.badge.home
    }

    pub(crate) fn number(&self) -> usize {
        self.badge.number
    }

    /// Whether the run has not ended.
    pub(crate) fn goes_on(&self) -> bool {
        !self.closing.load(Relaxed)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.rng.below(n)
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.rng.one_in(n)
    }

    /// Counts an operation that came to its end.
    pub(crate) fn done(&self, meter: &Meter) {
        meter.done(self.home());
        if self.quota < u64::MAX && meter.total() >= self.quota {
            self.closing.store(true, Relaxed);
        }
        self.beat();
    }

    fn beat(&self) {
        self.badge.beats.fetch_add(1, Relaxed);
    }

    /// Lets others run, for a moment or not at all.
    pub(crate) async fn pause(&mut self) {
        for _ in 0..self.below(3) {
            self.make_room().await;
        }
    }

    async fn make_room(&self) {
        match self.home() {
            Home::Thread => thread::yield_now(),
            Home::Tokio | Home::Executor => futures_lite::future::yield_now().await,
        }
    }

    /// A moment that is soon over: what a wait is given up for.
    pub(crate) fn turns(&mut self) -> impl Future<Output = ()> + Send + use<> {
        let turns = self.below(4);
        async move {
            for _ in 0..turns {
                futures_lite::future::yield_now().await;
            }
        }
    }

    pub(crate) fn moment(&mut self) -> Duration {
        Duration::from_micros(self.below(300) as u64)
    }

    /// Waits to the end.
    pub(crate) async fn surely<F: Future>(&mut self, meter: &Meter, wait: F) -> F::Output {
        let output = match self.home() {
            Home::Thread => wait.block(),
            Home::Tokio | Home::Executor => wait.await,
        };
        self.done(meter);
        output
    }

    /// Waits, but not always to the end: now and then the wait is dropped, or its time is over.
    pub(crate) async fn perhaps<F: Future>(&mut self, meter: &Meter, wait: F) -> Option<F::Output> {
        let output = match (self.home(), self.below(4)) {
            (_, 0 | 1) => return Some(self.surely(meter, wait).await),
            (Home::Thread, _) => {
                let output = wait.block_timeout(self.moment()).ok();
                count_unless(output.is_some(), || meter.timed_out());
                output
            }
            (Home::Tokio, 2) => {
                let output = tokio::time::timeout(self.moment(), wait).await.ok();
                count_unless(output.is_some(), || meter.timed_out());
                output
            }
            (Home::Tokio | Home::Executor, _) => {
                let output = within(self.below(5), wait).await;
                count_unless(output.is_some(), || meter.cancelled());
                output
            }
        };
        match output {
            Some(_) => self.done(meter),
            None => self.beat(),
        }
        output
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.badge.left.store(true, Relaxed);
        let left = if thread::panicking() { Left::Panicked } else { Left::Done };
        // The soak looks at the badges instead, and may have dropped the receiver.
        let _ = self.leaving.send(left);
    }
}

fn count_unless(came: bool, count: impl FnOnce()) {
    if !came {
        count();
    }
}

/// Polls `wait` so many times, at once whenever the task runs, and drops it then: never polled,
/// waiting, or woken.
async fn within<F: Future>(turns: usize, wait: F) -> Option<F::Output> {
    let mut wait = pin!(wait);
    let mut left = turns;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        context.waker().wake_by_ref();
        wait.as_mut().poll(context).map(Some)
    })
    .await
}
