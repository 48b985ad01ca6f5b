//! The memory that waits need, and that our locks do.

use std::{
    pin::pin,
    task::{Context, Waker},
};

use awaitlist::diagnostics::snapshot;

use crate::{
    harness::{Allocated, Crew, Line, allocations_of, now},
    peers::{Barrier, Condition, Event, Lock, Peer, Semaphore, What::NotEmpty, each},
};

/// The number of waiters.
const WAITERS: usize = 1_000;
/// The number of locks.
const LOCKS: usize = 100_000;

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

/// What our locks weigh after something was done with each: bytes of a lock, of a hundred thousand,
/// with what was allocated for them. The diagnostics keep what they know of a lock until it is
/// dropped. The program's allocator must be [`Counting`](crate::harness::Counting).
pub fn locks() -> Vec<(&'static str, f64)> {
    type Ours = awaitlist::Lock<()>;
    let made = || (0..LOCKS).map(|_| Ours::new(())).collect::<Vec<_>>();
    let size = size_of::<Ours>() as f64;
    // What a thread and the process make once.
    let first = Ours::new(());
    drop(now(first.acquire()));
    _ = snapshot();

    let used = made();
    let ((), by_use) = allocations_of(|| used.iter().for_each(|lock| drop(now(lock.acquire()))));
    let ((), by_waits) = allocations_of(|| used.iter().for_each(wait_for));
    let seen = made();
    let held: Vec<_> = seen.iter().map(|lock| now(lock.acquire())).collect();
    let ((), by_a_snapshot) = allocations_of(|| _ = snapshot());
    drop(held);
    let each = |allocated: Allocated| allocated.bytes as f64 / LOCKS as f64;
    vec![
        ("made, and never used", size),
        (USED, size + each(by_use)),
        ("held while a snapshot was taken", size + each(by_use) + each(by_a_snapshot)),
        ("waited for", size + each(by_use) + each(by_waits)),
    ]
}

/// The row of [`locks`] that has a limit.
pub const USED: &str = "acquired and released";

/// Has a waiter wait for a lock, acquire and release it.
fn wait_for(lock: &awaitlist::Lock<()>) {
    let mut context = Context::from_waker(Waker::noop());
    let held = now(lock.acquire());
    let mut wait = pin!(lock.acquire());
    assert!(wait.as_mut().poll(&mut context).is_pending());
    drop(held);
    assert!(wait.as_mut().poll(&mut context).is_ready());
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
