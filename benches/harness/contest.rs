//! Rounds, and their results.

use std::time::{Duration, Instant};

use super::{Contender, Load, Row, Who};

/// How long a row and size may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// No new round starts after that.
    pub time: Duration,
    /// Except for these, however long they take.
    pub rounds: usize,
    /// More rounds than that would show nothing new.
    pub rounds_at_most: usize,
    /// A contender that takes longer than that for a sample repeats less in it.
    pub sample: Duration,
    /// A contender that would take longer than that without a repetition drops out.
    pub patience: Duration,
}

/// The time that one contender needed.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Whose it is.
    pub who: Who,
    /// The median, in nanoseconds a unit.
    pub ns: f64,
    /// The range of the middle half of the samples.
    pub spread: f64,
}

/// A row at one size.
#[derive(Debug)]
pub struct Cell {
    /// The row's id.
    pub row: &'static str,
    /// The size.
    pub waiters: usize,
    /// As in the row: whether what counts is what lies above the floor.
    pub above_floor: bool,
    /// How many rounds there were.
    pub rounds: usize,
    /// In the order of the row's contenders, without those that gave up.
    pub scores: Vec<Score>,
}

impl Cell {
    /// Returns the time that `who` needed, in nanoseconds a unit.
    pub fn ns(&self, who: Who) -> Option<f64> {
        self.scores.iter().find(|score| score.who == who).map(|score| score.ns)
    }

    /// The first of the floors.
    pub fn floor(&self) -> Option<f64> {
        self.scores.iter().find(|score| matches!(score.who, Who::Floor(_))).map(|score| score.ns)
    }

    /// Returns the time of `who` as it counts: above the floor, if the row says so. If a contender
    /// is below the floor, the floor is ignored.
    pub fn counted(&self, who: Who) -> Option<f64> {
        let floor = self.floor().filter(|floor| {
            let above = |score: &Score| matches!(score.who, Who::Floor(_)) || score.ns > *floor;
            self.above_floor && self.scores.iter().all(above)
        });
        Some(self.ns(who)? - floor.unwrap_or(0.0))
    }

    /// The bound, and what it is as it counts.
    pub fn bound(&self) -> Option<(&'static str, f64)> {
        self.scores.iter().find_map(|score| match score.who {
            Who::Bound(name) => Some((name, self.counted(score.who)?)),
            Who::Peer(_) | Who::Floor(_) => None,
        })
    }
}

/// The contest of one row: its sizes, from small to large.
#[derive(Debug)]
pub struct Contest<'r> {
    row: &'r Row,
    /// They decide which contenders take part at the next size.
    cells: Vec<Cell>,
}

impl<'r> Contest<'r> {
    /// Nothing has been measured yet.
    pub const fn new(row: &'r Row) -> Self {
        Self { row, cells: Vec::new() }
    }

    /// Measures the row at one size.
    pub fn run(&mut self, waiters: usize, budget: Budget) -> &Cell {
        let load = Load::new(waiters, self.row.batch, self.row.threads);
        let field: Vec<(Contender, Load)> = self
            .row
            .contenders
            .iter()
            .filter_map(|&contender| Some((contender, self.bearable(contender, &load, budget)?)))
            .collect();
        let samples = rounds(&field, budget);
        let cell = Cell {
            row: self.row.id,
            waiters,
            above_floor: self.row.above_floor,
            rounds: samples.first().map_or(0, Vec::len),
            scores: field
                .iter()
                .zip(samples)
                .map(|((contender, _), samples)| score(contender.who, samples))
                .collect(),
        };
        self.cells.push(cell);
        self.cells.last().expect("pushed above")
    }

    /// All that was measured.
    pub fn into_cells(self) -> Vec<Cell> {
        self.cells
    }

    /// Returns the part of a load that this contender can do in time: all of it, fewer repeats, or
    /// nothing. To find out, it does a few repeats.
    fn bearable(&self, contender: Contender, load: &Load, budget: Budget) -> Option<Load> {
        let once = self.expected(contender.who, load.waiters)? * load.waiters as f64;
        if once > budget.patience.as_nanos() as f64 {
            return None;
        }
        if load.repeats == 1 {
            return Some(load.clone());
        }
        let trial = load.repeated(load.repeats / TRIAL);
        let taken = (contender.run)(&trial).max(Duration::from_nanos(1));
        let sample = budget.sample * self.row.stretch;
        let trials = sample.as_secs_f64() / taken.as_secs_f64();
        Some(load.repeated((trial.repeats as f64 * trials) as usize))
    }

    /// Estimates the cost of a unit in nanoseconds, if it grows further as it has since the
    /// smallest size. A contender that has dropped out stays out.
    fn expected(&self, who: Who, waiters: usize) -> Option<f64> {
        let (Some(first), Some(last)) = (self.cells.first(), self.cells.last()) else {
            return Some(0.0);
        };
        let (before, now) = (first.ns(who)?, last.ns(who)?);
        let larger = |than: &Cell, size: usize| (size as f64 / than.waiters as f64).ln();
        let exponent = match larger(first, last.waiters) {
            0.0 => 0.0,
            so_far => ((now / before).ln() / so_far).max(0.0),
        };
        Some(now * (exponent * larger(last, waiters)).exp())
    }
}

/// How much shorter a trial is than a sample.
const TRIAL: usize = 16;

/// Returns the samples of each contender, in nanoseconds a unit. In every round each runs once, and
/// another one is the first.
fn rounds(field: &[(Contender, Load)], budget: Budget) -> Vec<Vec<f64>> {
    let mut samples = vec![Vec::new(); field.len()];
    let begin = Instant::now();
    for round in 0..budget.rounds_at_most {
        if round >= budget.rounds && begin.elapsed() >= budget.time {
            break;
        }
        for turn in 0..field.len() {
            let next = (round + turn) % field.len();
            let (contender, load) = &field[next];
            let taken = (contender.run)(load);
            samples[next].push(taken.as_nanos() as f64 / load.units() as f64);
        }
    }
    samples
}

fn score(who: Who, mut samples: Vec<f64>) -> Score {
    samples.sort_by(f64::total_cmp);
    let at = |part: f64| samples[((samples.len() - 1) as f64 * part).round() as usize];
    Score { who, ns: at(0.5), spread: at(0.75) - at(0.25) }
}
