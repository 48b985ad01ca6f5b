//! The primitives that the tasks use, and what the tasks know of them.

use awaitlist::{Barrier, BoundedSemaphore, BrokenBarrier, Condition, Event, Lock, Semaphore};
use std::{
    cell::{Cell, RefCell},
    future::Future,
    sync::Arc,
};

/// The permits of the semaphore.
pub(super) const PERMITS: usize = 3;
/// The bound of the bounded semaphore.
const BOUND: usize = 2;
/// How many items the buffer holds.
pub(super) const CAPACITY: usize = 2;
/// The parties of the barrier.
const PARTIES: usize = 3;

pub(super) struct World {
    pub(super) lock: Lock<()>,
    pub(super) semaphore: Semaphore,
    pub(super) bounded: BoundedSemaphore,
    pub(super) event: Event,
    pub(super) barrier: Barrier,
    /// A buffer: how many items are in it, and a condition for each of its ends.
    pub(super) items: Arc<Lock<usize>>,
    pub(super) not_empty: Condition<usize, Arc<Lock<usize>>>,
    pub(super) not_full: Condition<usize, Arc<Lock<usize>>>,

    /// How many tasks are inside the lock.
    pub(super) inside: Cell<usize>,
    /// How many permits the tasks have.
    pub(super) out: Cell<usize>,
    pub(super) bounded_out: Cell<usize>,
    /// The needs of the semaphore's waiters, first come first.
    hungry: RefCell<Vec<(usize, usize)>>,
    /// How many tasks wait, by where they do.
    waiting: [Cell<usize>; 5],
    /// The indices of the barrier's round.
    round: RefCell<Vec<usize>>,
    fault: RefCell<Option<String>>,
}

/// Where a task waits. For the semaphore there is a list.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Lock,
    Bounded,
    Event,
    Barrier,
    Buffer,
}

/// So many more, until it is dropped.
pub(super) struct Count<'a>(&'a Cell<usize>, usize);

impl<'a> Count<'a> {
    pub(super) fn new(count: &'a Cell<usize>, n: usize) -> Self {
        count.set(count.get() + n);
        Self(count, n)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - self.1);
    }
}

/// A place among the hungry.
struct Hungry<'a>(&'a World, usize);

impl Drop for Hungry<'_> {
    fn drop(&mut self) {
        self.0.hungry.borrow_mut().retain(|&(ticket, _)| ticket != self.1);
    }
}

impl World {
    pub(super) fn new() -> Self {
        let items = Arc::new(Lock::new(0));
        Self {
            lock: Lock::new(()),
            semaphore: Semaphore::new(PERMITS),
            bounded: BoundedSemaphore::new(BOUND),
            event: Event::new(),
            barrier: Barrier::new(PARTIES),
            not_empty: Condition::with_lock(Arc::clone(&items)),
            not_full: Condition::with_lock(Arc::clone(&items)),
            items,
            inside: Cell::new(0),
            out: Cell::new(0),
            bounded_out: Cell::new(0),
            hungry: RefCell::default(),
            waiting: Default::default(),
            round: RefCell::default(),
            fault: RefCell::default(),
        }
    }

    /// Waits, and is counted as a waiter.
    pub(super) async fn waiting<F: Future>(&self, place: Place, wait: F) -> F::Output {
        let _counted = Count::new(&self.waiting[place as usize], 1);
        wait.await
    }

    /// Waits for `need` permits, and is listed as a waiter.
    pub(super) async fn hungry<F: Future>(&self, need: usize, wait: F) -> F::Output {
        let ticket = {
            let mut hungry = self.hungry.borrow_mut();
            let ticket = hungry.last().map_or(0, |&(last, _)| last + 1);
            hungry.push((ticket, need));
            ticket
        };
        let _listed = Hungry(self, ticket);
        wait.await
    }

    /// Records what the barrier returned.
    pub(super) fn arrived(&self, answer: Result<usize, BrokenBarrier>) {
        let Ok(index) = answer else {
            return self.ensure(self.barrier.broken(), "a barrier failed that was not broken");
        };
        let mut round = self.round.borrow_mut();
        if index + 1 == PARTIES {
            // The task that trips the barrier is the first to return.
            round.clear();
        }
        let fresh = index < PARTIES && !round.contains(&index);
        self.ensure(fresh, "an index of the barrier came twice");
        round.push(index);
    }

    /// A task says what must be.
    pub(super) fn ensure(&self, holds: bool, what: &str) {
        if !holds {
            self.fault.borrow_mut().get_or_insert_with(|| what.to_owned());
        }
    }

    /// What must be at any time.
    pub(super) fn check(&self) -> Result<(), String> {
        let (out, bounded_out) = (self.out.get(), self.bounded_out.get());
        self.ensure(self.inside.get() <= 1, "two are inside the lock");
        self.ensure(self.semaphore.value() + out <= PERMITS, "permits came out of nothing");
        self.ensure(
            self.bounded.value() + bounded_out <= BOUND,
            "permits came out of nothing, of the bounded semaphore",
        );
        self.ensure(self.barrier.n_waiting() < PARTIES, "the barrier is full, and waits");
        match self.fault.take() {
            Some(fault) => Err(format!("{fault}: {}", self.description())),
            None => Ok(()),
        }
    }

    /// What must be when no task is ready.
    pub(super) fn check_at_rest(&self) -> Result<(), String> {
        let waiting = |place: Place| self.waiting[place as usize].get();
        self.ensure(
            self.lock.locked() == (self.inside.get() == 1),
            "the lock is locked without a holder",
        );
        self.ensure(self.lock.waiters() == waiting(Place::Lock), "the lock's waiters are others");
        self.ensure(
            self.lock.locked() || self.lock.waiters() == 0,
            "the lock is free, and a task waits for it",
        );
        let hungry = self.hungry.borrow();
        let value = self.semaphore.value();
        self.ensure(value + self.out.get() == PERMITS, "permits are lost");
        self.ensure(self.semaphore.waiters() == hungry.len(), "the semaphore's waiters are others");
        self.ensure(
            hungry.first().is_none_or(|&(_, need)| need > value),
            "the first in line waits for permits that are there",
        );
        let value = self.bounded.value();
        self.ensure(
            value + self.bounded_out.get() == BOUND,
            "permits of the bounded semaphore are lost",
        );
        self.ensure(
            self.bounded.waiters() == waiting(Place::Bounded),
            "the bounded semaphore's waiters are others",
        );
        self.ensure(
            value == 0 || self.bounded.waiters() == 0,
            "a task waits for a permit of the bounded semaphore that is available",
        );
        self.ensure(
            self.event.waiters() == waiting(Place::Event),
            "the event's waiters are others",
        );
        self.ensure(
            !self.event.is_set() || self.event.waiters() == 0,
            "the event is set, and a task waits for it",
        );
        self.ensure(
            self.barrier.n_waiting() == waiting(Place::Barrier),
            "the barrier's waiters are others",
        );
        self.check_buffer_at_rest();
        self.check()
    }

    fn check_buffer_at_rest(&self) {
        let (empty, full) = (self.not_empty.waiters(), self.not_full.waiters());
        self.ensure(
            empty + full == self.waiting[Place::Buffer as usize].get(),
            "the waiters of the buffer's conditions are others",
        );
        match self.items.try_acquire() {
            Some(items) => {
                self.ensure(*items == 0 || empty == 0, "a task waits for an item that is there");
                self.ensure(*items >= CAPACITY || full == 0, "a task waits for room that is there");
            }
            // No task keeps the buffer's lock while it waits.
            None => self.ensure(false, "the buffer's lock is not released"),
        }
    }

    /// Gives the tasks that wait for something from outside what they wait for.
    pub(super) fn open(&self) {
        self.event.set();
        self.barrier.abort();
        if let Some(mut items) = self.items.try_acquire() {
            if self.not_empty.waiters() > 0 {
                *items += 1;
                self.not_empty.notify(&items, 1);
            } else if self.not_full.waiters() > 0 {
                *items -= 1;
                self.not_full.notify(&items, 1);
            }
        }
    }

    /// What must be when all tasks are over: everything is as it was.
    pub(super) fn check_at_the_end(&self) -> Result<(), String> {
        self.check_at_rest()?;
        let idle = !self.lock.locked()
            && self.semaphore.value() == PERMITS
            && self.bounded.value() == BOUND
            && self.waiting.iter().all(|count| count.get() == 0)
            && self.hungry.borrow().is_empty();
        self.ensure(idle, "all tasks are over, and something is not free");
        self.check()
    }

    pub(super) fn description(&self) -> String {
        format!(
            "{} {} {} {} {} {} {} {}",
            self.lock,
            self.semaphore,
            self.bounded,
            self.event,
            self.barrier,
            self.items,
            self.not_empty,
            self.not_full
        )
    }
}
