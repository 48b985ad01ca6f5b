//! Chaos: wakers, stops and predicates that poll, drop, release, set and abort other futures of the
//! same primitives, up to three calls deep, and that panic.
//!
//! A [`Round`] makes all six primitives and takes random steps with them: start a wait, poll one,
//! drop one, act on a primitive. All user code that these steps run is [unrest](unrest): it takes
//! steps of its own and panics now and then. Then the unrest ends, everything is released, and
//! nothing may be lost: only futures that were woken, or whose last poll panicked, are polled, and
//! that must be enough for all to finish; every permit must be back, and every waker gone.
//!
//! The steps may be taken by several threads.

mod acts;
mod unrest;
mod waits;
mod world;

use std::{sync::atomic::Ordering::Relaxed, thread};

pub use world::Flaw;
use world::World;

/// How many steps a round takes, without those of the user code that they run.
pub const STEPS: usize = 400;

/// A round, which its seed repeats if there is one thread.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Of the random numbers.
    pub seed: u64,
    /// How many steps, of each thread.
    pub steps: usize,
    /// How many threads take them.
    pub threads: usize,
    /// A mistake in the round's own books, which it must find.
    pub flaw: Option<Flaw>,
}

impl Round {
    /// A round of [`STEPS`] steps. Every fourth has three threads.
    pub const fn new(seed: u64) -> Self {
        let threads = if seed % 4 == 3 { 3 } else { 1 };
        Self { seed, steps: STEPS / threads, threads, flaw: None }
    }

    /// Runs the round.
    pub fn run(&self) -> Outcome {
        let world = World::new(self);
        if self.threads == 1 {
            (0..self.steps).for_each(|_| world.step());
        } else {
            thread::scope(|scope| {
                for _ in 0..self.threads {
                    scope.spawn(|| (0..self.steps).for_each(|_| world.step()));
                }
            });
        }
        world.come_to_rest();
        Outcome {
            operations: world.operations.load(Relaxed),
            panics: world.panics.load(Relaxed),
            found: world.finds(),
        }
    }
}

/// What a round has seen.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Steps, those of user code included.
    pub operations: u64,
    /// Panics of user code.
    pub panics: u64,
    /// What must not be.
    pub found: Vec<String>,
}

impl Outcome {
    /// Adds the numbers of another round.
    pub fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.panics += other.panics;
        self.found.extend(other.found);
    }
}
