//! The targets, and whether awaitlist meets them.

use crate::{
    harness::{Cell, Who},
    memory::Memory,
    peers::Peer,
    sizes::Sizes,
    waits::{Scenario, Waits},
};

/// What our figure is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The row's floor.
    Floor,
    /// The best peer that promises first come, first served.
    BestFifo,
    /// The best peer.
    Best,
    /// One peer.
    Peer(Peer),
    /// Our own figure with a thousand waiters: the cost of a waiter may grow, but not by more than
    /// the limit, or by more than the row's floor grows.
    Thousand,
}

/// One target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The row.
    pub row: &'static str,
    /// The sizes.
    pub sizes: &'static [usize],
    /// Our figure is divided by this.
    pub against: Against,
    /// The ratio must not exceed this.
    pub limit: f64,
}

const MILLION: usize = 1_000_000;
const LARGE: &[usize] = &[1_000, 100_000, MILLION];
const CROWDS: &[usize] = &[1, 10, 1_000, 100_000, MILLION];

/// All targets for times.
pub const TARGETS: &[Target] = &[
    target("lock/uncontended", &[1], Against::Floor, 1.15),
    target("lock/hand-over", &[10_000], Against::BestFifo, 0.85),
    target("lock/contended-1", &[64], Against::BestFifo, 0.85),
    target("lock/contended-2", &[64], Against::BestFifo, 0.85),
    target("lock/convoy-tasks", &[64], Against::BestFifo, 1.0),
    target("lock/convoy-threads", &[2], Against::BestFifo, 1.0),
    target("lock/convoy-threads", &[4], Against::BestFifo, 2.0),
    target("lock/fresh", &[12], Against::BestFifo, 1.0),
    target("lock/cancel", LARGE, Against::BestFifo, 0.85),
    target("semaphore/uncontended", &[1], Against::Floor, 1.3),
    target("semaphore/many", &[1], Against::Floor, 1.3),
    target("semaphore/hand-over", &[10_000], Against::BestFifo, 0.85),
    target("semaphore/mixed-hand-over", &[10_000], Against::BestFifo, 0.85),
    target("semaphore/contended-1", &[64], Against::BestFifo, 0.85),
    target("semaphore/contended-2", &[64], Against::BestFifo, 0.85),
    target("semaphore/eight-1", &[64], Against::BestFifo, 1.0),
    target("semaphore/eight-1", &[64], Against::Peer(Peer::AsyncLock), 1.1),
    target("semaphore/eight-2", &[64], Against::BestFifo, 1.0),
    target("semaphore/eight-2", &[64], Against::Peer(Peer::AsyncLock), 1.1),
    target("semaphore/pool-1", &[1_000], Against::BestFifo, 1.0),
    target("semaphore/pool-2", &[1_000], Against::BestFifo, 1.0),
    target("semaphore/cancel", LARGE, Against::BestFifo, 0.85),
    target("event/broadcast", CROWDS, Against::Best, 0.8),
    target("event/cancel", LARGE, Against::Best, 0.85),
    target("condition/broadcast", CROWDS, Against::Best, 0.7),
    target("condition/cancel", LARGE, Against::Best, 0.85),
    target("condition/buffer-1", &[4], Against::Best, 0.7),
    target("condition/buffer-2", &[4], Against::Best, 0.7),
    target("barrier/pair", &[2], Against::Best, 0.7),
    target("barrier/crowd", &[64, 10_000], Against::Best, 0.7),
    target("barrier/threads", &[2, 4], Against::Peer(Peer::Plain), 0.75),
    target("lock/hand-over", &[MILLION], Against::Thousand, 3.0),
    target("lock/cancel", &[MILLION], Against::Thousand, 3.0),
    target("semaphore/hand-over", &[MILLION], Against::Thousand, 3.0),
    target("semaphore/mixed-hand-over", &[MILLION], Against::Thousand, 3.0),
    target("semaphore/cancel", &[MILLION], Against::Thousand, 3.0),
    target("event/broadcast", &[MILLION], Against::Thousand, 3.0),
    target("event/cancel", &[MILLION], Against::Thousand, 3.0),
    target("condition/broadcast", &[MILLION], Against::Thousand, 3.0),
    target("condition/cancel", &[MILLION], Against::Thousand, 3.0),
];

/// `Lock<()>`, `Event` and `Semaphore` have no more bytes than that.
const PRIMITIVE: usize = 32;
/// No future has more bytes than that.
const FUTURE: usize = 64;

const fn target(
    row: &'static str,
    sizes: &'static [usize],
    against: Against,
    limit: f64,
) -> Target {
    Target { row, sizes, against, limit }
}

/// One comparison that was made.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The row, or what else was measured.
    pub what: String,
    /// With what our figure is compared.
    pub against: String,
    /// What comes out.
    pub figure: f64,
    /// What must not be exceeded.
    pub limit: f64,
    /// What cannot be gone below, if that is known, and what would come out of it.
    pub bound: Option<(&'static str, f64)>,
}

impl Verdict {
    /// Whether it is as it must be.
    pub fn is_met(&self) -> bool {
        self.figure <= self.limit
    }

    /// The bound that keeps it from being so, if that does.
    pub fn forbidden_by(&self) -> Option<(&'static str, f64)> {
        self.bound.filter(|(_, bound)| !self.is_met() && *bound > self.limit)
    }
}

/// Compares what was measured. Rows that were not are passed over.
pub fn judge_times(cells: &[Cell]) -> Vec<Verdict> {
    TARGETS
        .iter()
        .flat_map(|target| {
            let find = move |waiters| {
                cells.iter().find(|cell| cell.row == target.row && cell.waiters == waiters)
            };
            target.sizes.iter().filter_map(move |&waiters| {
                let cell = find(waiters)?;
                match target.against {
                    Against::Floor => against_floor(target, cell),
                    Against::BestFifo => against_best(target, cell, Peer::is_fifo),
                    Against::Best => against_best(target, cell, |_| true),
                    Against::Peer(named) => against_best(target, cell, |peer| peer == named),
                    Against::Thousand => against_thousand(target, find(1_000)?, cell),
                }
            })
        })
        .collect()
}

/// Compares how evenly a lock is shared, and the tails of its waits.
pub fn judge_waits(waits: &[(Scenario, Vec<(Peer, Waits)>)]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (scenario, waits) in waits {
        let of =
            |wanted: Peer| waits.iter().find(|(peer, _)| *peer == wanted).map(|(_, waits)| waits);
        let Some(ours) = of(Peer::Awaitlist) else { continue };
        if let Some(limit) = scenario.evenness {
            verdicts.push(Verdict {
                what: format!("{}, the most served", scenario.id),
                against: "the least served".to_owned(),
                figure: ours.unevenness,
                limit,
                bound: None,
            });
        }
        let others = waits.iter().filter(|(peer, _)| peer.is_fifo() && *peer != Peer::Awaitlist);
        let best = others.min_by(|left, right| left.1.p99.total_cmp(&right.1.p99));
        verdicts.extend(best.map(|(peer, theirs)| Verdict {
            what: format!("{}, p99", scenario.id),
            against: peer.name().to_owned(),
            figure: ours.p99 / theirs.p99,
            limit: 1.0,
            bound: None,
        }));
    }
    verdicts
}

/// Compares what was counted.
pub fn judge_memory(
    sizes: &[(&'static str, Vec<(Peer, Sizes)>)],
    memory: &[(&'static str, Vec<(Peer, Memory)>)],
) -> Vec<Verdict> {
    let verdict = |what: String, figure: f64, limit: usize| Verdict {
        what,
        against: "at most".to_owned(),
        figure,
        limit: limit as f64,
        bound: None,
    };
    let mut verdicts = Vec::new();
    for (primitive, sizes) in sizes {
        for (_, sizes) in sizes.iter().filter(|(peer, _)| *peer == Peer::Awaitlist) {
            if matches!(*primitive, "Lock" | "Semaphore" | "Event") {
                let what = format!("bytes of {primitive}");
                verdicts.push(verdict(what, sizes.primitive as f64, PRIMITIVE));
            }
            let what = format!("bytes of a wait for {primitive}");
            verdicts.push(verdict(what, sizes.wait as f64, FUTURE));
        }
    }
    for (primitive, memory) in memory {
        for (_, memory) in memory.iter().filter(|(peer, _)| *peer == Peer::Awaitlist) {
            let what = format!("allocations of a wait for {primitive}");
            verdicts.push(verdict(what, memory.allocations, 0));
        }
    }
    verdicts
}

/// The best of the peers that `counts` lets in, and its figure. Not ours, and not asyncio's.
pub fn best(cell: &Cell, counts: impl Fn(Peer) -> bool) -> Option<(Peer, f64)> {
    cell.scores
        .iter()
        .filter_map(|score| match score.who {
            Who::Peer(Peer::Awaitlist | Peer::Asyncio) | Who::Floor(_) | Who::Bound(_) => None,
            Who::Peer(peer) => counts(peer).then_some((peer, cell.counted(score.who)?)),
        })
        .min_by(|left, right| left.1.total_cmp(&right.1))
}

/// What we need, as it counts.
pub fn ours(cell: &Cell) -> Option<f64> {
    cell.counted(Who::Peer(Peer::Awaitlist))
}

fn against_floor(target: &Target, cell: &Cell) -> Option<Verdict> {
    let floor = cell.scores.iter().find_map(|score| match score.who {
        Who::Floor(name) => Some((name, score.ns)),
        Who::Peer(_) | Who::Bound(_) => None,
    })?;
    Some(Verdict {
        what: describe(cell),
        against: floor.0.to_owned(),
        figure: ours(cell)? / floor.1,
        limit: target.limit,
        bound: None,
    })
}

fn against_best(target: &Target, cell: &Cell, counts: impl Fn(Peer) -> bool) -> Option<Verdict> {
    let (peer, theirs) = best(cell, counts)?;
    Some(Verdict {
        what: describe(cell),
        against: peer.name().to_owned(),
        figure: ours(cell)? / theirs,
        limit: target.limit,
        bound: cell.bound().map(|(name, bound)| (name, bound / theirs)),
    })
}

fn against_thousand(target: &Target, thousand: &Cell, cell: &Cell) -> Option<Verdict> {
    let floor = match (thousand.floor(), cell.floor()) {
        (Some(before), Some(now)) => now / before,
        _ => 0.0,
    };
    let against = if floor > target.limit {
        "itself at 1,000; its floor grows by that"
    } else {
        "itself at 1,000"
    };
    Some(Verdict {
        what: describe(cell),
        against: against.to_owned(),
        figure: ours(cell)? / ours(thousand)?,
        limit: target.limit.max(floor),
        bound: None,
    })
}

fn describe(cell: &Cell) -> String {
    match cell.waiters {
        1 => cell.row.to_owned(),
        waiters => format!("{} {waiters}", cell.row),
    }
}
