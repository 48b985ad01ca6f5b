//! Random programs: of one that lives it is never said that it cannot go on, and of one that cannot
//! it always is.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

use awaitlist::{
    Block, BoundedSemaphore, Lock, Semaphore,
    diagnostics::{Certainty, Deadlock, task},
};
use awaitlist_tests::{Rng, executor::Executor};
use futures_lite::future::yield_now;
use proptest::{collection::vec, prelude::*};

use crate::{alone, deadlocks_at};

/// The certain ones.
fn certain(found: Vec<Deadlock>) -> Vec<Deadlock> {
    found.into_iter().filter(|one| one.certainty == Certainty::Uncontradicted).collect()
}

/// What a random program uses, in the order in which a live one takes it.
struct World {
    locks: Vec<Lock>,
    pools: Vec<BoundedSemaphore>,
}

const LOCKS: usize = 4;
const POOLS: usize = 3;
const PERMITS: usize = 3;

impl World {
    fn new(name: &'static str) -> Self {
        Self {
            locks: (0..LOCKS).map(|_| Lock::named(name, ())).collect(),
            pools: (0..POOLS).map(|_| BoundedSemaphore::named(name, PERMITS)).collect(),
        }
    }

    /// A task that acquires some of all, in order, holds what it has across other tasks' turns, and
    /// releases it.
    async fn live(&self, mut rng: Rng) {
        for _ in 0..4 {
            let mut guards = Vec::new();
            let mut permits = Vec::new();
            for lock in &self.locks {
                match rng.below(4) {
                    0 => guards.push(lock.acquire().await),
                    // Gives up a wait at once.
                    1 => drop(futures_lite::future::poll_once(lock.acquire()).await),
                    2 => guards.extend(lock.try_acquire()),
                    _ => {}
                }
                if rng.one_in(2) {
                    yield_now().await;
                }
            }
            for pool in &self.pools {
                match rng.below(3) {
                    0 => permits.push(pool.acquire_many(1 + rng.below(PERMITS)).await),
                    1 => permits.extend(pool.try_acquire()),
                    _ => {}
                }
                if rng.one_in(2) {
                    yield_now().await;
                }
            }
            // In any order.
            if rng.one_in(2) {
                drop(permits);
                yield_now().await;
                drop(guards);
            } else {
                drop(guards);
                yield_now().await;
                drop(permits);
            }
        }
    }
}

proptest! {
    /// Tasks that take locks and permits in one order always go on. Whatever they wait for, at
    /// every turn of the executor, it is never said that they cannot.
    #[test]
    fn of_a_live_program_nothing_is_certain(seeds in vec(any::<u64>(), 2..12)) {
        let _alone = alone();
        let world = World::new("live");
        let executor = Executor::new();
        let tasks: Vec<_> = seeds
            .iter()
            .map(|&seed| executor.spawn(task("live one", world.live(Rng::new(seed)))))
            .collect();
        while executor.tick() > 0 {
            prop_assert_eq!(deadlocks_at("live"), []);
        }
        prop_assert!(tasks.iter().all(|task| task.is_done()), "it is live");
    }

    /// A cycle of locks and pools, each held to the last permit by the one before, with others that
    /// wait beside it.
    #[test]
    fn a_certain_deadlock_is_always_found(
        kinds in vec(0..3_usize, 1..8),
        bystanders in vec(0..8_usize, 0..6),
        order in any::<u64>(),
    ) {
        let _alone = alone();
        let length = kinds.len();
        let locks: Vec<_> = kinds.iter().map(|_| Lock::named("stuck", ())).collect();
        let pools: Vec<_> = kinds.iter().map(|_| Semaphore::named("stuck", PERMITS)).collect();
        let take = async |index: usize, mut permits: usize| {
            let kind = kinds[index];
            if kind == 0 {
                return (Some(locks[index].acquire().await), None);
            }
            if kind == 1 {
                permits = PERMITS;
            }
            (None, Some(pools[index].acquire_many(permits).await))
        };
        let executor = Executor::new();
        let mut stuck: Vec<_> = (0..length).collect();
        let mut rng = Rng::new(order);
        for rest in (1..length).rev() {
            stuck.swap(rest, rng.below(rest + 1));
        }
        let tasks: Vec<_> = stuck
            .iter()
            .map(|&index| {
                executor.spawn(task(format!("stuck {index}"), async move {
                    let mine = take(index, PERMITS - 1).await;
                    for _ in 0..length {
                        yield_now().await;
                    }
                    // Two are wanted where one is free.
                    let next = take((index + 1) % length, 2).await;
                    drop((mine, next));
                }))
            })
            .collect();
        executor.settle();
        let waits: Vec<_> = bystanders
            .iter()
            .map(|&index| executor.spawn(task("bystander", async move {
                drop(take(index % length, 2).await);
            })))
            .collect();
        executor.settle();

        let found = certain(deadlocks_at("stuck"));
        prop_assert_eq!(found.len(), 1);
        let mut names: Vec<_> = found[0].edges.iter().map(|edge| edge.who.to_string()).collect();
        names.sort();
        let mut expected: Vec<_> = (0..length).map(|index| format!("task \"stuck {index}\"")).collect();
        expected.sort();
        prop_assert_eq!(names, expected);
        // One gives up: all others go on, and nothing is said any more.
        tasks[0].cancel();
        executor.settle();
        prop_assert_eq!(deadlocks_at("stuck"), []);
        prop_assert!(tasks.iter().chain(&waits).all(|task| task.is_over()));
    }
}

/// The same on threads, which are looked at while they run: what one look sees is of different
/// moments, and still nothing is said that is not so.
#[test]
fn of_live_threads_nothing_is_certain() {
    const THREADS: u64 = 3;
    const ROUNDS: u64 = 400;
    let _alone = alone();
    let world = World::new("live threads");
    let running = AtomicBool::new(true);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let world = &world;
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let rng = Rng::new(thread * ROUNDS + round);
                        if round % 2 == 0 {
                            world.live(rng).block();
                        } else {
                            task("live one", world.live(rng)).block();
                        }
                    }
                })
            })
            .collect();
        let looking = scope.spawn(|| {
            let mut looks = 0;
            while running.load(SeqCst) {
                assert_eq!(certain(deadlocks_at("live threads")), []);
                looks += 1;
            }
            looks
        });
        for thread in threads {
            thread.join().unwrap();
        }
        running.store(false, SeqCst);
        assert!(looking.join().unwrap() > 0);
    });
}

/// The largest set of the stuck, not each for itself: two cycles that share a pool are one
/// deadlock.
#[test]
fn two_cycles_through_one_pool_are_one_deadlock() {
    let _alone = alone();
    let pool = Semaphore::named("shared by two", 2);
    let locks = [Lock::named("shared by two", ()), Lock::named("shared by two", ())];
    let executor = Executor::new();
    let tasks: Vec<_> = locks
        .iter()
        .flat_map(|lock| {
            [
                executor.spawn(task("has a permit", async {
                    let permit = pool.acquire().await;
                    yield_now().await;
                    drop((lock.acquire().await, permit));
                })),
                executor.spawn(task("has a lock", async {
                    let guard = lock.acquire().await;
                    yield_now().await;
                    drop((pool.acquire().await, guard));
                })),
            ]
        })
        .collect();
    executor.settle();
    let found = certain(deadlocks_at("shared by two"));
    let found: Vec<_> = found
        .iter()
        .filter(|one| {
            one.edges.iter().any(|edge| edge.site.name.as_deref() == Some("shared by two"))
        })
        .collect();
    assert_eq!((found.len(), found[0].edges.len()), (1, 4));
    drop(tasks);
}
