//! How much work a contender does in one sample, and what has been prepared for it.

use std::{cell::OnceCell, rc::Rc};

use super::{Crew, Line};

/// The work of one sample.
#[derive(Clone, Debug)]
pub struct Load {
    /// The number of waiters, or of participants.
    pub waiters: usize,
    /// How often that happens.
    pub repeats: usize,
    /// How many threads the runtime has, if there is one.
    pub threads: usize,
    prepared: Rc<Prepared>,
}

/// What is made once a row and size, and shared by all contenders.
#[derive(Debug)]
struct Prepared {
    /// One for each waiter of each repeat.
    tasks: usize,
    crew: OnceCell<Crew>,
    order: OnceCell<Vec<usize>>,
}

impl Load {
    /// Creates a load of `waiters`, repeated until they are `batch` in sum, on a runtime with that
    /// many threads if one is wanted.
    pub fn new(waiters: usize, batch: usize, threads: usize) -> Self {
        let repeats = (batch / waiters).max(1);
        Self {
            waiters,
            repeats,
            threads,
            prepared: Rc::new(Prepared {
                tasks: waiters * repeats,
                crew: OnceCell::new(),
                order: OnceCell::new(),
            }),
        }
    }

    /// A smaller load, with the same waiters and what was prepared for them.
    pub fn repeated(&self, times: usize) -> Self {
        Self { repeats: times.clamp(1, self.repeats), ..self.clone() }
    }

    /// By how many the time of a sample is divided.
    pub const fn units(&self) -> usize {
        self.waiters * self.repeats
    }

    /// Room for a future of each waiter.
    pub fn line<F: Future>(&self) -> Line<'_, F> {
        Line::new(self.crew(), self.waiters)
    }

    /// Room for a future of each waiter of each repeat.
    pub fn line_for_all<F: Future>(&self) -> Line<'_, F> {
        Line::new(self.crew(), self.units())
    }

    /// One of these for each repeat.
    pub fn repeat<T>(&self, make: impl Fn() -> T) -> Vec<T> {
        (0..self.repeats).map(|_| make()).collect()
    }

    /// All waiters of all repeats: one repeat after the other, and in each the waiters in a random
    /// order, which is the same for all contenders.
    pub fn shuffled(&self) -> impl Iterator<Item = usize> {
        let order = self.prepared.order.get_or_init(|| shuffled(self.waiters));
        (0..self.units())
            .step_by(self.waiters)
            .flat_map(move |first| order.iter().map(move |waiter| first + waiter))
    }

    fn crew(&self) -> &Crew {
        let tasks = self.prepared.tasks;
        self.prepared.crew.get_or_init(|| Crew::new(tasks))
    }
}

/// Returns the numbers below `n` in a random order, the same each time.
fn shuffled(n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..n).rev() {
        // xorshift64*, by its high half.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let high = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        order.swap(last, high as usize % (last + 1));
    }
    order
}
