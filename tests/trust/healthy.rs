//! Programs that always go on. While they sleep, a check may find a cycle; it must have
//! doubts.

use std::{cell::RefCell, collections::VecDeque, rc::Rc, sync::Arc};

use awaitlist::{
    Barrier, Block, Condition, Event, Lock, OwnedLockGuard, Semaphore,
    diagnostics::{Certainty, Deadlock, adopt, deadlocks, task},
    semaphore::OwnedPermit,
};
use awaitlist_tests::executor::Executor;
use futures_lite::future::{or, yield_now, zip};

use crate::World;

fn lock() -> &'static Lock {
    Box::leak(Box::new(Lock::new(())))
}

fn pool(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits))
}

type Program = (&'static str, fn(&World));

const PROGRAMS: &[Program] = &[
    ("an accept loop moves its permits into the handlers", |world| {
        let (pool, inner) = (pool(2), world.clone());
        world.spawn("acceptor", async move {
            for _ in 0..5 {
                let permit = pool.acquire_owned().await;
                let sleep = inner.sleep();
                inner.spawn("handler", async move {
                    sleep.await;
                    drop(permit);
                });
            }
        });
    }),
    ("a stream prefetches permits, and a consumer drops them", |world| {
        let (pool, parked) = (pool(2), Rc::new(RefCell::new(VecDeque::<OwnedPermit>::new())));
        let (into, from, sleep) = (Rc::clone(&parked), parked, world.sleep());
        world.spawn("prefetch", async move {
            for _ in 0..4 {
                let permit = pool.acquire_owned().await;
                into.borrow_mut().push_back(permit);
            }
        });
        world.spawn("consumer", async move {
            sleep.await;
            for _ in 0..4 {
                while from.borrow_mut().pop_front().is_none() {
                    yield_now().await;
                }
            }
        });
    }),
    ("a transaction keeps its guard in a struct and goes to the commit task", |world| {
        struct Transaction {
            _guard: OwnedLockGuard,
        }
        let (lock, inner) = (Arc::new(Lock::new(())), world.clone());
        world.spawn("begins", async move {
            for _ in 0..3 {
                let transaction = Transaction { _guard: lock.acquire_owned().await };
                let sleep = inner.sleep();
                inner.spawn("commits", async move {
                    sleep.await;
                    drop(transaction);
                });
            }
        });
    }),
    ("a guard is passed from task to task", |world| {
        let (lock, inner) = (Arc::new(Lock::new(())), world.clone());
        world.spawn("first", async move {
            let guard = lock.acquire_owned().await;
            let (sleep, again) = (inner.sleep(), inner.clone());
            inner.spawn("second", async move {
                let then = async move {
                    sleep.await;
                    drop(guard);
                };
                again.spawn("third", then);
            });
            drop(lock.acquire_owned().await);
        });
    }),
    ("the branches of a join share a lock", |world| {
        let (lock, sleep) = (lock(), world.sleep());
        world.spawn("main", async move {
            let works = async {
                let guard = lock.acquire().await;
                sleep.await;
                drop(guard);
            };
            zip(works, async { drop(lock.acquire().await) }).await;
        });
    }),
    ("three branches of a join share two permits", |world| {
        let (pool, world_) = (pool(2), world.clone());
        world.spawn("main", async move {
            let branch = || async {
                let permit = pool.acquire().await;
                world_.sleep().await;
                drop(permit);
            };
            zip(branch(), zip(branch(), branch())).await;
        });
    }),
    ("a branch of a join works while another waits across two tasks", |world| {
        let (one, other) = (lock(), lock());
        let (sleep, late) = (world.sleep(), world.sleep());
        world.spawn("branches", async move {
            let works = async {
                let guard = one.acquire().await;
                sleep.await;
                drop(guard);
            };
            zip(works, async {
                yield_now().await;
                drop(other.acquire().await);
            })
            .await;
        });
        world.spawn("other", async move {
            let guard = other.acquire().await;
            yield_now().await;
            yield_now().await;
            drop(one.acquire().await);
            drop(guard);
            late.await;
        });
    }),
    ("an arm of a select waits for the permit with which another arm works", |world| {
        let (pool, sleep) = (pool(1), world.sleep());
        world.spawn("main", async move {
            let works = async {
                let permit = pool.acquire().await;
                sleep.await;
                drop(permit);
            };
            or(works, async { drop(pool.acquire().await) }).await;
        });
    }),
    ("two tasks in opposite order have timeouts", |world| {
        let locks = [lock(), lock()];
        for (first, second) in [(0, 1), (1, 0)] {
            let sleep = world.sleep();
            world.spawn("with a timeout", async move {
                let guard = locks[first].acquire().await;
                yield_now().await;
                or(async { drop(locks[second].acquire().await) }, sleep).await;
                drop(guard);
            });
        }
    }),
    ("a select with a sleeping arm holds what it waits for", |world| {
        let (lock, sleep) = (lock(), world.sleep());
        world.spawn("main", async move {
            let guard = lock.acquire().await;
            or(async { drop(lock.acquire().await) }, sleep).await;
            drop(guard);
        });
    }),
    ("a task runs another inside it that works, and waits", |world| {
        let (lock, sleep) = (lock(), world.sleep());
        world.spawn("outer", async move {
            let inner = task("inner", async move {
                let guard = lock.acquire().await;
                sleep.await;
                drop(guard);
            });
            zip(inner, async { drop(lock.acquire().await) }).await;
        });
    }),
    ("an enclosing task holds what an inner one wants beside a timer", |world| {
        let (lock, sleep) = (lock(), world.sleep());
        world.spawn("outer", async move {
            let guard = lock.acquire().await;
            let inner = task("inner", async move { drop(lock.acquire().await) });
            zip(inner, async {
                sleep.await;
                drop(guard);
            })
            .await;
        });
    }),
    ("a task checks a permit out and returns it", |world| {
        let (pool, inner) = (pool(1), world.clone());
        let out = Rc::new(RefCell::new(None));
        let (back, checks_out) = (Rc::clone(&out), Arc::clone(&pool));
        world.spawn("checkout", async move {
            let permit = checks_out.acquire_owned().await;
            *back.borrow_mut() = Some(permit);
        });
        world.spawn("user", async move {
            inner.sleep().await;
            out.take();
            drop(pool.acquire().await);
        });
    }),
    ("a permit is forgotten here and released there", |world| {
        let (pool, sleep) = (pool(1), world.sleep());
        let other = Arc::clone(&pool);
        world.spawn("forgets", async move {
            pool.acquire().await.forget();
            drop(pool.acquire().await);
        });
        world.spawn("releases", async move {
            sleep.await;
            other.release();
        });
    }),
    ("a consumer waits for signals", |world| {
        let (signal, sleep) = (pool(0), world.sleep());
        let other = Arc::clone(&signal);
        world.spawn("consumer", async move { signal.acquire().await.forget() });
        world.spawn("producer", async move {
            sleep.await;
            other.release();
        });
    }),
    ("a task takes two permits, of which another adds the second", |world| {
        let (pool, sleep) = (pool(1), world.sleep());
        let other = Arc::clone(&pool);
        world.spawn("takes two", async move {
            drop((pool.acquire().await, { pool.acquire_many(2).await }));
        });
        world.spawn("adds", async move {
            sleep.await;
            other.release_many(2);
        });
    }),
    ("workers are idle", |world| {
        let jobs = Rc::new(Condition::new(0));
        for _ in 0..2 {
            let jobs = Rc::clone(&jobs);
            world.spawn("worker", async move {
                let guard = jobs.acquire().await;
                *jobs.wait_for(guard, |jobs| *jobs > 0).await -= 1;
            });
        }
        let sleep = world.sleep();
        world.spawn("producer", async move {
            sleep.await;
            let mut guard = jobs.acquire().await;
            *guard += 2;
            jobs.notify_all(&guard);
        });
    }),
    ("a server waits for its shutdown with a lock held", |world| {
        let shutdown = Rc::new(Event::new());
        let (lock, sleep, signal) = (lock(), world.sleep(), Rc::clone(&shutdown));
        world.spawn("server", async move {
            let guard = lock.acquire().await;
            shutdown.wait().await;
            drop(guard);
        });
        world.spawn("client", async move { drop(lock.acquire().await) });
        world.spawn("signal", async move {
            sleep.await;
            signal.set();
        });
    }),
    ("a holder sleeps for long", |world| {
        let (lock, sleep) = (lock(), world.sleep());
        world.spawn("holder", async move {
            let guard = lock.acquire().await;
            sleep.await;
            drop(guard);
        });
        world.spawn("waiter", async move { drop(lock.acquire().await) });
    }),
    ("a long line is served in order", |world| {
        let (lock, sleep) = (lock(), Rc::new(RefCell::new(Some(world.sleep()))));
        for _ in 0..20 {
            let sleep = Rc::clone(&sleep);
            world.spawn("in line", async move {
                let guard = lock.acquire().await;
                let first = sleep.borrow_mut().take();
                if let Some(sleep) = first {
                    sleep.await;
                }
                drop(guard);
            });
        }
    }),
    ("two requests of one task fetch a key once", |world| {
        let (cache, sleep) = (Lock::new(None), world.sleep());
        world.spawn("main", async move {
            let fetch = RefCell::new(Some(sleep));
            let request = || async {
                let mut cached = cache.acquire().await;
                if cached.is_none() {
                    let fetch = fetch.borrow_mut().take().expect("it is fetched once");
                    fetch.await;
                    *cached = Some(1);
                }
                *cached
            };
            assert_eq!(zip(request(), request()).await, (Some(1), Some(1)));
        });
    }),
    ("a writer takes all permits once the readers have released theirs", |world| {
        let pool = pool(2);
        for _ in 0..2 {
            let (pool, sleep) = (Arc::clone(&pool), world.sleep());
            world.spawn("reader", async move {
                let permit = pool.acquire().await;
                sleep.await;
                drop(permit);
            });
        }
        let late = Arc::clone(&pool);
        world.spawn("writer", async move { drop(pool.acquire_many(2).await) });
        world.spawn("late reader", async move { drop(late.acquire().await) });
    }),
    ("a task acquires the same lock again and again", |world| {
        let (lock, world_) = (lock(), world.clone());
        for _ in 0..2 {
            let world = world_.clone();
            world_.spawn("repeats", async move {
                for _ in 0..3 {
                    let guard = lock.acquire().await;
                    world.sleep().await;
                    drop(guard);
                }
            });
        }
    }),
    ("permits return to the acceptor through a queue", |world| {
        let (pool, inner) = (pool(1), world.clone());
        world.spawn("acceptor", async move {
            let permit = pool.acquire_owned().await;
            let back = Rc::new(RefCell::new(None));
            let (into, sleep) = (Rc::clone(&back), inner.sleep());
            inner.spawn("handler", async move {
                sleep.await;
                *into.borrow_mut() = Some(permit);
            });
            inner.sleep().await;
            while back.take().is_none() {
                yield_now().await;
            }
            drop(pool.acquire().await);
        });
    }),
    ("a select waits for a lock that it holds, with an event as the way out", |world| {
        let (lock, event) = (lock(), Rc::new(Event::new()));
        let (out, sleep) = (Rc::clone(&event), world.sleep());
        world.spawn("main", async move {
            let guard = lock.acquire().await;
            or(async { drop(lock.acquire().await) }, event.wait()).await;
            drop(guard);
        });
        world.spawn("way out", async move {
            sleep.await;
            out.set();
        });
    }),
    ("parties meet at a barrier with permits in hand", |world| {
        let (barrier, pool) = (Rc::new(Barrier::new(2)), pool(2));
        for _ in 0..2 {
            let (barrier, pool, sleep) = (Rc::clone(&barrier), Arc::clone(&pool), world.sleep());
            world.spawn("party", async move {
                let permit = pool.acquire().await;
                sleep.await;
                barrier.wait().await.unwrap();
                drop(permit);
            });
        }
    }),
    ("a cycle of adopted guards is broken by a timer of the adopter", |world| {
        let (lock, inner) = (Arc::new(Lock::new(())), world.clone());
        world.spawn("sender", async move {
            let guard = lock.acquire_owned().await;
            let sleep = inner.sleep();
            inner.spawn("adopter", async move {
                adopt(&guard);
                sleep.await;
                drop(guard);
            });
            drop(lock.acquire().await);
        });
    }),
    ("a task is cancelled from inside while it waits in a cycle", |world| {
        let (one, other, sleep) = (lock(), lock(), world.sleep());
        world.spawn("A", async move {
            let guard = one.acquire().await;
            yield_now().await;
            or(
                async {
                    drop(other.acquire().await);
                },
                sleep,
            )
            .await;
            drop(guard);
        });
        world.spawn("B", async move {
            let guard = other.acquire().await;
            yield_now().await;
            drop(one.acquire().await);
            drop(guard);
        });
    }),
];

/// Those among the found deadlocks that are called certain.
fn certain(found: Vec<Deadlock>) -> Vec<String> {
    let is_certain = |one: &Deadlock| one.certainty == Certainty::Uncontradicted;
    found.into_iter().filter(is_certain).map(|one| one.to_string()).collect()
}

/// The hangs of the other file are certain, so both run in one test, one after the other.
pub(crate) fn none_is_certain() -> usize {
    let mut checked = 0;
    for named in [true, false] {
        for (title, program) in PROGRAMS {
            let world = World { named, ..World::default() };
            let executor = Executor::new();
            let mut tasks = Vec::new();
            program(&world);
            world.settle(&executor, &mut tasks);
            assert!(tasks.iter().any(|task| !task.is_done()), "{title}: there is nothing to see");
            assert_eq!(certain(deadlocks()), [""; 0], "{title}, named: {named}");
            world.pass_time();
            // Its timers have woken it, and it has not run yet.
            assert_eq!(certain(deadlocks()), [""; 0], "{title}, woken, named: {named}");
            world.settle(&executor, &mut tasks);
            assert!(tasks.iter().all(|task| task.is_done()), "{title} hangs");
            checked += 1;
        }
    }
    checked + threads()
}

/// Programs on threads.
fn threads() -> usize {
    // A thread acquires a permit that another releases, by `block()`.
    let pool = Arc::new(Semaphore::new(1));
    let permit = pool.acquire_owned().block();
    let waiter = std::thread::spawn({
        let pool = Arc::clone(&pool);
        move || drop(pool.acquire().block())
    });
    while pool.waiters() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(certain(deadlocks()), [""; 0], "a permit on a thread");
    drop(permit);
    waiter.join().unwrap();

    // A worker thread adopts a guard in an unnamed task, as a pool's thread does, and then does
    // another job, which waits for the same lock.
    let lock = Arc::new(Lock::new(()));
    let guard = lock.acquire_owned().block();
    adopt(&guard);
    let worker = std::thread::spawn({
        let lock = Arc::clone(&lock);
        move || {
            adopt(&guard);
            std::thread::spawn(move || drop(guard));
            drop(lock.acquire().block());
        }
    });
    for _ in 0..100 {
        assert_eq!(certain(deadlocks()), [""; 0], "a worker thread");
    }
    worker.join().unwrap();
    2
}
