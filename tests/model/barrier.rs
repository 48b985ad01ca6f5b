//! The barrier, with arrivals that are dropped in any state.

use awaitlist::{Barrier, BrokenBarrier};
use proptest::prelude::*;
use std::{sync::Arc, task::Poll};
use tokio_test::task::{Spawn, spawn};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Polls a new future for the first time.
    Arrive,
    /// Polls a future that waits. Such numbers are taken modulo how many there are.
    Poll(usize),
    /// Drops a future that waits.
    Cancel(usize),
    Abort,
    Reset,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => Just(Step::Arrive),
        8 => (0_usize..8).prop_map(Step::Poll),
        3 => (0_usize..8).prop_map(Step::Cancel),
        1 => Just(Step::Abort),
        2 => Just(Step::Reset),
    ];
    prop::collection::vec(step, 0..80)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Filling,
    Draining,
    Resetting,
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Has arrived. With its index, once the barrier was tripped.
    Inside(Option<usize>),
    /// Came while others were leaving.
    Gated,
}

#[derive(Clone, Copy, Debug)]
struct Waiter {
    id: usize,
    kind: Kind,
    woken: bool,
}

/// A barrier as it is promised.
#[derive(Clone, Debug)]
struct Model {
    parties: usize,
    phase: Phase,
    /// Who waits, in the order in which they came, or came again.
    line: Vec<Waiter>,
}

type Outcome = Option<Result<usize, BrokenBarrier>>;

impl Model {
    fn inside(&self) -> usize {
        let inside = |waiter: &&Waiter| waiter.kind != Kind::Gated;
        self.line.iter().filter(inside).count()
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.line.iter_mut().for_each(|waiter| waiter.woken = true);
    }

    /// After one who was inside has left.
    fn left(&mut self) {
        if self.inside() == 0 && matches!(self.phase, Phase::Draining | Phase::Resetting) {
            self.enter(Phase::Filling);
        }
    }

    fn arrive(&mut self, id: usize) -> Outcome {
        let kind = match self.phase {
            Phase::Broken => return Some(Err(BrokenBarrier::Aborted)),
            Phase::Filling if self.inside() + 1 == self.parties => {
                self.enter(Phase::Draining);
                let mut index = 0;
                for waiter in &mut self.line {
                    if waiter.kind != Kind::Gated {
                        waiter.kind = Kind::Inside(Some(index));
                        index += 1;
                    }
                }
                self.left();
                return Some(Ok(self.parties - 1));
            }
            Phase::Filling => Kind::Inside(None),
            Phase::Draining | Phase::Resetting => Kind::Gated,
        };
        self.line.push(Waiter {
            id,
            kind,
            woken: false,
        });
        None
    }

    fn place(&self, id: usize) -> usize {
        let place = self.line.iter().position(|waiter| waiter.id == id);
        place.expect("it waits")
    }

    fn poll(&mut self, id: usize) -> Outcome {
        let place = self.place(id);
        let outcome = match (self.line[place].kind, self.phase) {
            (Kind::Gated, _) if !self.line[place].woken => return None,
            (Kind::Gated, _) => {
                self.line.remove(place);
                return self.arrive(id);
            }
            (Kind::Inside(_), Phase::Filling) => return None,
            (Kind::Inside(index), Phase::Draining) => Ok(index.expect("it was tripped")),
            (Kind::Inside(_), Phase::Resetting | Phase::Broken) => Err(BrokenBarrier::AbortOrReset),
        };
        self.line.remove(place);
        self.left();
        Some(outcome)
    }

    fn cancel(&mut self, id: usize) {
        let waiter = self.line.remove(self.place(id));
        if waiter.kind != Kind::Gated {
            self.left();
        }
    }

    fn reset(&mut self) {
        match self.inside() {
            0 => self.enter(Phase::Filling),
            _ => self.enter(Phase::Resetting),
        }
    }

    /// What is printed.
    fn brackets(&self) -> String {
        let state = match self.phase {
            Phase::Filling => "filling",
            Phase::Draining => "draining",
            Phase::Resetting => "resetting",
            Phase::Broken => return "<Barrier [broken]>".to_owned(),
        };
        let arrived = match self.phase {
            Phase::Filling => self.inside(),
            _ => 0,
        };
        format!("<Barrier [{state}, waiters:{arrived}/{}]>", self.parties)
    }
}

fn outcome(poll: Poll<Result<usize, BrokenBarrier>>) -> Outcome {
    match poll {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_barrier_is_as_it_is_promised(parties in 1_usize..5, steps in steps()) {
        let barrier = Arc::new(Barrier::new(parties));
        let mut model = Model { parties, phase: Phase::Filling, line: Vec::new() };
        let mut waits: Vec<(usize, Spawn<_>)> = Vec::new();
        for (id, step) in steps.into_iter().enumerate() {
            match step {
                Step::Arrive => {
                    let mut wait = spawn(barrier.wait_owned());
                    let result = outcome(wait.poll());
                    prop_assert_eq!(result, model.arrive(id));
                    if result.is_none() {
                        waits.push((id, wait));
                    }
                }
                Step::Poll(n) if !waits.is_empty() => {
                    let n = n % waits.len();
                    let (id, wait) = &mut waits[n];
                    let result = outcome(wait.poll());
                    prop_assert_eq!(result, model.poll(*id));
                    if result.is_some() {
                        drop(waits.remove(n));
                    }
                }
                Step::Cancel(n) if !waits.is_empty() => {
                    let (id, wait) = waits.remove(n % waits.len());
                    model.cancel(id);
                    drop(wait);
                }
                Step::Abort => {
                    barrier.abort();
                    model.enter(Phase::Broken);
                }
                Step::Reset => {
                    barrier.reset();
                    model.reset();
                }
                Step::Poll(_) | Step::Cancel(_) => {}
            }
            prop_assert_eq!(barrier.to_string(), model.brackets(), "after {:?}", step);
            prop_assert_eq!(waits.len(), model.line.len());
            for (id, wait) in &waits {
                let woken = model.line[model.place(*id)].woken;
                prop_assert_eq!(wait.is_woken(), woken, "of {} after {:?}", id, step);
            }
        }
    }
}
