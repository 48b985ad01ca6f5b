//! The memory that waits need.

use crate::{
    harness::{Allocated, Crew, Line, allocations_of, now},
    peers::{Barrier, Condition, Event, Lock, Peer, Semaphore, What::NotEmpty, each},
};

/// The number of waiters.
const WAITERS: usize = 1_000;

/// What that many waits cost, all queued at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// How often a wait allocates, from its first poll to its end.
    pub allocations: f64,
    /// What a queued waiter takes: its future, and what was allocated for it.
    pub bytes: f64,
}

/// Returns the primitives' names, and the cost of a wait for each with each crate that has it. The
/// program's allocator must be [`Counting`](crate::harness::Counting).
pub fn all() -> Vec<(&'static str, Vec<(Peer, Memory)>)> {
    type Measure = fn(&Crew) -> Memory;
    let primitives: [(_, Vec<(Peer, Measure)>); 5] = [
        (
            "Lock",
            each!(lock: Lock of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake, performables,
                event_listener),
        ),
        (
            "Semaphore",
            each!(semaphore: Semaphore of awaitlist, tokio, async_lock, asyncband, saa, futures_intrusive, maitake,
                event_listener),
        ),
        (
            "Event",
            each!(event: Event of awaitlist, tokio, asyncband, saa, futures_intrusive, maitake, event_listener),
        ),
        (
            "Condition",
            each!(condition: Condition of awaitlist, asyncband, performables, event_listener),
        ),
        (
            "Barrier",
            each!(barrier: Barrier of awaitlist, tokio, async_lock, asyncband, performables),
        ),
    ];
    let crew = Crew::new(WAITERS);
    let measure = |(peer, measure): (Peer, Measure)| {
        // The first makes what a thread makes once.
        measure(&crew);
        (peer, measure(&crew))
    };
    primitives
        .into_iter()
        .map(|(name, peers)| (name, peers.into_iter().map(measure).collect()))
        .collect()
}

/// Queues all futures that `wait` makes, lets `go` release the first, and runs all to their end.
fn measure<F: Future>(
    crew: &Crew,
    waiters: usize,
    wait: impl Fn() -> F,
    go: impl FnOnce(),
) -> Memory {
    let mut line = Line::new(crew, waiters);
    let ((), queued) = allocations_of(|| {
        for task in 0..waiters {
            line.queue(task, wait());
        }
    });
    let ((), served) = allocations_of(|| {
        go();
        line.run(waiters);
    });
    memory(queued, served, waiters, line.bytes_each())
}

fn memory(queued: Allocated, served: Allocated, waiters: usize, future: usize) -> Memory {
    let each = |sum: f64| sum / waiters as f64;
    Memory {
        allocations: each((queued.times + served.times) as f64),
        bytes: each(queued.bytes as f64) + future as f64,
    }
}

fn lock<L: Lock>(crew: &Crew) -> Memory {
    let lock = L::new();
    let held = now(lock.acquire());
    measure(crew, WAITERS, || lock.acquire(), || drop(held))
}

fn semaphore<S: Semaphore>(crew: &Crew) -> Memory {
    let semaphore = S::new(1);
    let permit = now(semaphore.acquire());
    measure(crew, WAITERS, || semaphore.acquire(), || drop(permit))
}

fn event<E: Event>(crew: &Crew) -> Memory {
    let event = E::new();
    measure(crew, WAITERS, || event.wait(), || event.set())
}

/// The future of the wait alone: the guard is acquired before.
fn condition<C: Condition>(crew: &Crew) -> Memory {
    let condition = C::new();
    measure(
        crew,
        WAITERS,
        || condition.wait(NotEmpty, now(condition.acquire())),
        || condition.notify_all(NotEmpty, &now(condition.acquire())),
    )
}

fn barrier<B: Barrier>(crew: &Crew) -> Memory {
    let barrier = B::new(WAITERS);
    measure(crew, WAITERS - 1, || barrier.wait(), || drop(now(barrier.wait())))
}
