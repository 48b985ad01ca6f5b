//! What is measured.

use std::time::Duration;

use super::Load;
use crate::peers::Peer;

/// The contenders of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// A crate with the primitive; ours, too.
    Peer(Peer),
    /// The same work without the primitive: hardly any contender can be faster.
    Floor(&'static str),
    /// What every queue has to do, and nothing else. A target below it cannot be met.
    Bound(&'static str),
}

/// A contender in a row.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// The crate, or what else it is.
    pub who: Who,
    /// Does the load, and returns how long that took, without the preparation.
    pub run: fn(&Load) -> Duration,
}

/// One thing that a user does with a primitive.
#[derive(Debug)]
pub struct Row {
    /// The primitive and a word: `lock/cancel`.
    pub id: &'static str,
    /// What is done, as the page says it.
    pub title: &'static str,
    /// What a figure is the cost of: an operation, a waiter.
    pub unit: &'static str,
    /// The number of waiters or tasks.
    pub sizes: &'static [usize],
    /// How many units a sample has at least.
    pub batch: usize,
    /// How many times as long as in other rows a sample lasts.
    pub stretch: u32,
    /// How many threads the runtime has, if it is a row with one.
    pub threads: usize,
    /// Whether what counts is what a contender needs beyond the floor.
    pub above_floor: bool,
    /// All contenders.
    pub contenders: Vec<Contender>,
}

/// How a contender does its part of a row.
type Run = fn(&Load) -> Duration;

impl Row {
    /// A row of one size, without a runtime.
    pub fn new(
        id: &'static str,
        title: &'static str,
        unit: &'static str,
        peers: Vec<(Peer, Run)>,
    ) -> Self {
        let contender = |(peer, run)| Contender { who: Who::Peer(peer), run };
        Self {
            id,
            title,
            unit,
            sizes: &[1],
            batch: 10_000,
            stretch: 1,
            threads: 1,
            above_floor: false,
            contenders: peers.into_iter().map(contender).collect(),
        }
    }

    /// The same with so many.
    pub fn sizes(mut self, sizes: &'static [usize]) -> Self {
        self.sizes = sizes;
        self
    }

    /// The same with samples of so many units.
    pub fn batch(mut self, units: usize) -> Self {
        self.batch = units;
        self
    }

    /// The same with samples that last several times as long, so that the start of threads does not
    /// count.
    pub fn stretch(mut self, times: u32) -> Self {
        self.stretch = times;
        self
    }

    /// The same on a runtime of so many threads.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The same with a floor beside it.
    pub fn floor(self, name: &'static str, run: fn(&Load) -> Duration) -> Self {
        self.beside(Who::Floor(name), run)
    }

    /// The same with a bound beside it.
    pub fn bound(self, name: &'static str, run: fn(&Load) -> Duration) -> Self {
        self.beside(Who::Bound(name), run)
    }

    fn beside(mut self, who: Who, run: fn(&Load) -> Duration) -> Self {
        self.contenders.push(Contender { who, run });
        self
    }

    /// The same with a floor that does not count.
    pub fn above_floor(mut self, name: &'static str, run: fn(&Load) -> Duration) -> Self {
        self.above_floor = true;
        self.floor(name, run)
    }
}
