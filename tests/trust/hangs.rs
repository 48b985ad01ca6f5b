//! Programs that hang: each is reported, and a pure cycle of named tasks without a doubt.

use std::{mem, pin::pin, rc::Rc, sync::Arc, time::Duration};

use awaitlist::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, LockGuard, Semaphore,
    diagnostics::{Certainty, adopt, deadlocks, task, watch},
};
use awaitlist_tests::executor::Executor;
use futures_lite::future::{pending, poll_once, yield_now, zip};

use crate::{World, alone, healthy};

fn lock() -> &'static Lock {
    Box::leak(Box::new(Lock::new(())))
}

/// A program, and whether it is a pure cycle: of guards that were never moved, waits that were
/// never given up, and tasks without branches.
type Program = (&'static str, bool, fn(&World));

const PROGRAMS: &[Program] = &[
    ("two tasks in opposite order", true, |world| {
        let locks = [lock(), lock()];
        for (first, second) in [(0, 1), (1, 0)] {
            world.spawn("crosses", async move {
                let guard = locks[first].acquire().await;
                yield_now().await;
                drop((locks[second].acquire().await, guard));
            });
        }
    }),
    ("five philosophers", true, |world| {
        let forks: [_; 5] = std::array::from_fn(|_| lock());
        for seat in 0..5 {
            world.spawn("philosopher", async move {
                let left = forks[seat].acquire().await;
                yield_now().await;
                drop((forks[(seat + 1) % 5].acquire().await, left));
            });
        }
    }),
    ("a lock, a semaphore and the lock of a condition", true, |world| {
        let (lock, pool) = (lock(), Rc::new(Semaphore::new(1)));
        let condition: &'static Condition<()> = Box::leak(Box::new(Condition::new(())));
        let (first, second) = (Rc::clone(&pool), pool);
        world.spawn("lock, then permit", async move {
            let guard = lock.acquire().await;
            yield_now().await;
            drop((first.acquire().await, guard));
        });
        world.spawn("permit, then condition", async move {
            let permit = second.acquire().await;
            yield_now().await;
            drop((condition.acquire().await, permit));
        });
        world.spawn("condition, then lock", async move {
            let guard = condition.acquire().await;
            yield_now().await;
            drop((lock.acquire().await, guard));
        });
    }),
    ("each holds one permit and wants another", true, |world| {
        let pool = Rc::new(BoundedSemaphore::new(3));
        for _ in 0..3 {
            let pool = Rc::clone(&pool);
            world.spawn("one more", async move {
                let one = pool.acquire().await;
                yield_now().await;
                drop((pool.acquire().await, one));
            });
        }
    }),
    ("the same lock twice through a helper", true, |world| {
        async fn helper(lock: &'static Lock) -> LockGuard<'static> {
            lock.acquire().await
        }
        let lock = lock();
        world.spawn("recursive", async move {
            let guard = helper(lock).await;
            drop((helper(lock).await, guard));
        });
    }),
    ("two of a thousand locks that are made at one line", true, |world| {
        let locks: Vec<_> = (0..1000).map(|_| lock()).collect();
        for (first, second) in [(7, 917), (917, 7)] {
            let (first, second) = (locks[first], locks[second]);
            world.spawn("transfer", async move {
                let guard = first.acquire().await;
                yield_now().await;
                drop((second.acquire().await, guard));
            });
        }
    }),
    ("a cycle of guards that were adopted", true, |world| {
        let locks = [Arc::new(Lock::new(())), Arc::new(Lock::new(()))];
        for (first, second) in [(0, 1), (1, 0)] {
            let (first, second) = (Arc::clone(&locks[first]), Arc::clone(&locks[second]));
            world.spawn("adopts", async move {
                let guard = first.acquire_owned().await;
                adopt(&guard);
                yield_now().await;
                drop((second.acquire_owned().await, guard));
            });
        }
    }),
    ("a cycle of owned guards that were not adopted", false, |world| {
        let locks = [Arc::new(Lock::new(())), Arc::new(Lock::new(()))];
        for (first, second) in [(0, 1), (1, 0)] {
            let (first, second) = (Arc::clone(&locks[first]), Arc::clone(&locks[second]));
            world.spawn("owns", async move {
                let guard = first.acquire_owned().await;
                yield_now().await;
                drop((second.acquire_owned().await, guard));
            });
        }
    }),
    ("two branches of a join cross, and nothing else can wake them", true, |world| {
        let (one, other) = (lock(), lock());
        world.spawn("joins", async move {
            let cross = |first: &'static Lock, second: &'static Lock| async move {
                let guard = first.acquire().await;
                yield_now().await;
                drop((second.acquire().await, guard));
            };
            zip(cross(one, other), cross(other, one)).await;
        });
    }),
    ("a task inside another wants what that one holds", false, |world| {
        let lock = lock();
        world.spawn("outer", async move {
            let guard = lock.acquire().await;
            task("inner", async move { drop(lock.acquire().await) }).await;
            drop(guard);
        });
    }),
    ("a designated future is kept and not polled", false, |world| {
        let lock = lock();
        world.spawn("impatient", async move {
            let guard = lock.acquire().await;
            let mut first = pin!(lock.acquire());
            assert!(poll_once(&mut first).await.is_none());
            drop(guard);
            drop(lock.acquire().await);
        });
    }),
    ("a guard was sent, and the sender does nothing", false, |world| {
        let (one, other) = (Arc::new(Lock::new(())), lock());
        let inner = world.clone();
        world.spawn("A", async move {
            let guard = one.acquire_owned().await;
            let one = Arc::clone(&one);
            inner.spawn("B", async move {
                yield_now().await;
                drop((other.acquire().await, guard));
            });
            inner.spawn("C", async move {
                let guard = other.acquire().await;
                drop((one.acquire().await, guard));
            });
        });
    }),
    ("a parent holds what its child wants, and waits for the child", false, |world| {
        let (lock, done, inner) = (lock(), Rc::new(Event::new()), world.clone());
        world.spawn("parent", async move {
            let guard = lock.acquire().await;
            let end = Rc::clone(&done);
            inner.spawn("child", async move {
                drop(lock.acquire().await);
                end.set();
            });
            done.wait().await;
            drop(guard);
        });
    }),
    ("a holder waits for something else", false, |world| {
        let lock = lock();
        world.spawn("reads", async move {
            let guard = lock.acquire().await;
            pending::<()>().await;
            drop(guard);
        });
        world.spawn("waits", async move { drop(lock.acquire().await) });
    }),
    ("nested monitors", false, |world| {
        let outer = lock();
        let inner: &'static Condition<()> = Box::leak(Box::new(Condition::new(())));
        world.spawn("waits inside", async move {
            let guard = outer.acquire().await;
            let inside = inner.acquire().await;
            drop((inner.wait(inside).await, guard));
        });
        world.spawn("would notify", async move {
            yield_now().await;
            let guard = outer.acquire().await;
            inner.notify_all(&inner.acquire().await);
            drop(guard);
        });
    }),
    ("an event under a lock", false, |world| {
        let (lock, event) = (lock(), Rc::new(Event::new()));
        let set = Rc::clone(&event);
        world.spawn("waits", async move {
            let guard = lock.acquire().await;
            event.wait().await;
            drop(guard);
        });
        world.spawn("would set", async move {
            yield_now().await;
            drop(lock.acquire().await);
            set.set();
        });
    }),
    ("a barrier under a lock", false, |world| {
        let (lock, barrier) = (lock(), Rc::new(Barrier::new(2)));
        for _ in 0..2 {
            let barrier = Rc::clone(&barrier);
            world.spawn("party", async move {
                let guard = lock.acquire().await;
                let _ = barrier.wait().await;
                drop(guard);
            });
        }
    }),
    ("a guard is leaked", false, |world| {
        let lock = lock();
        world.spawn("leaks", async move { mem::forget(lock.acquire().await) });
        world.spawn("waits", async move {
            yield_now().await;
            drop(lock.acquire().await);
        });
    }),
    ("a guard is forgotten", false, |world| {
        let lock = lock();
        world.spawn("forgets", async move { LockGuard::forget(lock.acquire().await) });
        world.spawn("waits", async move {
            yield_now().await;
            drop(lock.acquire().await);
        });
    }),
    ("more permits are wanted than there are", false, |world| {
        let pool = Rc::new(Semaphore::new(3));
        let other = Rc::clone(&pool);
        world.spawn("wants five", async move { drop(pool.acquire_many(5).await) });
        world.spawn("behind", async move { drop(other.acquire().await) });
    }),
    ("the head of the line wants all", false, |world| {
        let pool = Rc::new(Semaphore::new(10));
        let (drain, behind) = (Rc::clone(&pool), Rc::clone(&pool));
        world.spawn("long job", async move {
            let permit = pool.acquire().await;
            pending::<()>().await;
            drop(permit);
        });
        world.spawn("drain", async move { drop(drain.acquire_many(10).await) });
        world.spawn("behind", async move { drop(behind.acquire().await) });
    }),
    ("a party of a barrier is missing", false, |world| {
        let barrier = Rc::new(Barrier::new(4));
        for _ in 0..3 {
            let barrier = Rc::clone(&barrier);
            world.spawn("party", async move {
                let _ = barrier.wait().await;
            });
        }
    }),
    ("a notification comes before the wait", false, |world| {
        let condition: &'static Condition<()> = Box::leak(Box::new(Condition::new(())));
        world.spawn("late", async move {
            let guard = condition.acquire().await;
            condition.notify_all(&guard);
            drop(condition.wait(guard).await);
        });
    }),
    ("an event is set and cleared before the wait", false, |world| {
        let event = Event::new();
        world.spawn("late", async move {
            event.set();
            event.clear();
            event.wait().await;
        });
    }),
    ("an event is never set", false, |world| {
        let event = Event::new();
        world.spawn("waits", async move { event.wait().await });
    }),
    ("ten thousand wait for one", false, |world| {
        let lock = lock();
        world.spawn("holder", async move {
            let guard = lock.acquire().await;
            pending::<()>().await;
            drop(guard);
        });
        for _ in 0..10_000 {
            world.spawn("waits", async move { drop(lock.acquire().await) });
        }
    }),
];

#[test]
fn healthy_programs_are_not_certain_and_hangs_are_reported() {
    let _alone = alone();
    let healthy = healthy::none_is_certain();
    let (mut reported, mut certain) = (0, 0);
    for named in [true, false] {
        for (title, is_pure, program) in PROGRAMS {
            let world = World { named, ..World::default() };
            let executor = Executor::new();
            let mut tasks = Vec::new();
            program(&world);
            world.settle(&executor, &mut tasks);
            assert!(tasks.iter().any(|task| !task.is_done()), "{title}: it does not hang");
            let stalls = watch(Duration::ZERO).with_idle_waits().check();
            assert!(!stalls.is_empty(), "{title}, named: {named}: not reported");
            reported += 1;
            let found = deadlocks();
            let is_certain = found.iter().any(|one| one.certainty == Certainty::Uncontradicted);
            assert_eq!(is_certain, *is_pure && named, "{title}, named: {named}: {found:?}");
            certain += usize::from(is_certain);
            if is_certain {
                let stalls = watch(Duration::ZERO).check();
                assert_eq!(stalls.len(), 1, "{title}: one deadlock, one report: {stalls:?}");
            }
            for task in &tasks {
                task.cancel();
            }
        }
    }
    println!("{healthy} runs of healthy programs: none is called certain");
    println!("{reported} runs of programs that hang: all are reported, {certain} as certain");
    assert_eq!((healthy, reported, certain), (58, 52, 8));
}
