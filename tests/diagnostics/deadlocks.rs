//! Which cycles are found, and how sure they are.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Poll, Waker},
    thread,
};

use awaitlist::{
    Block, BoundedSemaphore, Condition, Event, Lock, LockGuard, Semaphore,
    diagnostics::{Actor, Certainty, Deadlock, Doubt, Primitive, task},
};
use awaitlist_tests::{TestWaker, executor::Executor};

use crate::{deadlocks_at, hold_until, poll, ready, seen, waiting};

/// The waiters in it, in order.
fn names(deadlock: &Deadlock) -> Vec<String> {
    deadlock.edges.iter().map(|edge| edge.who.to_string()).collect()
}

#[test]
fn two_tasks_that_wait_for_each_other_are_a_certain_deadlock_with_both_places_of_each() {
    let (one, other) = (Lock::named("ab: one", ()), Lock::named("ab: other", ()));
    let executor = Executor::new();
    let cross =
        |name: &'static str, first, second| executor.spawn(task(name, crossing(first, second)));
    let tasks = [cross("A", &one, &other), cross("B", &other, &one)];
    executor.settle();

    let [deadlock] = &deadlocks_at("ab: one")[..] else { panic!("one deadlock") };
    assert_eq!(deadlock.certainty, Certainty::Uncontradicted);
    assert_eq!(names(deadlock), ["task \"A\"", "task \"B\""]);
    for (edge, (waits_for, holder)) in
        deadlock.edges.iter().zip([("ab: other", "task \"B\""), ("ab: one", "task \"A\"")])
    {
        assert_eq!(edge.site.name.as_deref(), Some(waits_for));
        assert_eq!(edge.held[0].who.to_string(), holder);
        assert_eq!(edge.waits_at.line(), edge.held[0].at.line() + 2, "see `crossing`");
    }
    let text = deadlock.to_string();
    for part in ["DEADLOCK: none of these can go on", "task \"A\" waits at ", "assumed:"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }

    tasks[0].cancel();
    executor.settle();
    assert_eq!(deadlocks_at("ab: one"), [], "one gave up");
    assert!(tasks[1].is_done());
}

/// Acquires the second while it holds the first.
async fn crossing(first: &Lock, second: &Lock) {
    let one = first.acquire().await;
    yield_now().await;
    let other = second.acquire().await;
    drop((one, other));
}

/// Lets the others run.
async fn yield_now() {
    futures_lite::future::yield_now().await;
}

#[test]
fn a_task_that_waits_for_what_it_holds_is_a_deadlock_of_its_own() {
    let lock = Lock::named("self", ());
    let wait = waiting(task("selfish", twice(&lock)), Waker::noop());
    let found = deadlocks_at("self");
    assert_eq!(names(&found[0]), ["task \"selfish\""]);
    assert_eq!(found[0].certainty, Certainty::Uncontradicted);
    assert!(found[0].to_string().contains("which task \"selfish\" itself acquired at"));
    drop(wait);
    assert_eq!(deadlocks_at("self"), []);
}

async fn twice(lock: &Lock) {
    let one = lock.acquire().await;
    let other = lock.acquire().await;
    drop((one, other));
}

#[test]
fn a_thread_in_the_cycle_is_found_and_not_certain_while_it_runs() {
    let (one, other) = (Lock::named("threads: one", ()), Lock::named("threads: other", ()));
    thread::scope(|scope| {
        let mine = one.acquire().block();
        let blocked = scope.spawn(|| {
            async {
                let theirs = other.acquire().await;
                drop(one.acquire().await);
                drop(theirs);
            }
            .block();
        });
        while one.waiters() == 0 {
            thread::yield_now();
        }
        // This thread waits for what that one holds, as far as the diagnostics know.
        let mut found = Vec::new();
        async {
            let mut wait = Box::pin(other.acquire());
            std::future::poll_fn(|context| {
                let waits = wait.as_mut().poll(context).is_pending();
                found = deadlocks_at("threads: one");
                assert!(waits);
                Poll::Ready(())
            })
            .await;
        }
        .block();
        // This thread is not stuck: it runs the search.
        assert_eq!(found[0].certainty, Certainty::Possible);
        assert!(matches!(&found[0].doubts[..], [Doubt::Running(Actor::Thread(_))]), "{}", found[0]);
        assert_eq!(found[0].edges.len(), 2);
        drop(mine);
        blocked.join().unwrap();
    });
}

#[test]
fn a_cycle_of_unnamed_tasks_is_possible_and_no_more() {
    let (one, other) = (Lock::named("unnamed: one", ()), Lock::named("unnamed: other", ()));
    let executor = Executor::new();
    let tasks = [executor.spawn(crossing(&one, &other)), executor.spawn(crossing(&other, &one))];
    executor.settle();
    let found = deadlocks_at("unnamed: one");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].certainty, Certainty::Possible);
    assert!(found[0].to_string().starts_with("POSSIBLE DEADLOCK"));
    assert!(tasks.iter().all(|task| task.cancel()));
}

/// The branches of a `join!` share a waker: one holds what the other waits for, and nothing is
/// wrong.
#[test]
fn the_branches_of_a_join_are_never_certain_to_wait_for_each_other() {
    let lock = Lock::named("joined", ());
    let event = Event::new();
    let branches = async {
        let holder = hold_until(lock.acquire(), event.wait());
        let _both = futures_lite::future::zip(holder, lock.acquire()).await;
    };
    let family = TestWaker::new();
    let waker = family.waker();
    let mut branches = waiting(branches, &waker);
    let found = deadlocks_at("joined");
    assert!(found.iter().all(|one| one.certainty == Certainty::Possible));
    event.set();
    assert!(poll(&mut branches, &waker).is_ready());
}

#[test]
fn a_semaphore_is_in_the_cycle_once_all_its_permits_are() {
    let (pool, lock) = (Semaphore::named("pool", 2), Lock::named("pool: lock", ()));
    let executor = Executor::new();
    let outsider = ready(pool.acquire(), Waker::noop());
    let holder = executor.spawn(task("holds one, wants the lock", async {
        let permit = pool.acquire().await;
        yield_now().await;
        let guard = lock.acquire().await;
        drop((permit, guard));
    }));
    let wanter = executor.spawn(task("holds the lock, wants one", async {
        let guard = lock.acquire().await;
        yield_now().await;
        yield_now().await;
        let permit = pool.acquire().await;
        drop((permit, guard));
    }));
    executor.settle();
    assert_eq!(deadlocks_at("pool"), [], "the outsider may give its permit back");
    let inside = executor.spawn(task("has the outsider's", async {
        awaitlist::diagnostics::adopt(&outsider);
        let guard = lock.acquire().await;
        drop((outsider, guard));
    }));
    executor.settle();
    let found = deadlocks_at("pool");
    assert_eq!(found[0].certainty, Certainty::Uncontradicted);
    assert_eq!(found[0].edges.len(), 3, "{}", found[0]);
    let of_pool = found[0].edges.iter().find(|edge| edge.site.name.as_deref() == Some("pool"));
    assert_eq!(of_pool.map(|edge| edge.held.len()), Some(2), "both who hold a permit");
    for task in [holder, wanter, inside] {
        task.cancel();
    }
}

#[test]
fn who_wants_more_than_is_left_is_stuck_though_a_permit_is_free() {
    let (pool, lock) = (BoundedSemaphore::named("greedy", 3), Lock::named("greedy: lock", ()));
    let executor = Executor::new();
    let tasks = [
        executor.spawn(task("has two, wants the lock", async {
            let permits = pool.acquire_many(2).await;
            yield_now().await;
            let guard = lock.acquire().await;
            drop((permits, guard));
        })),
        executor.spawn(task("has the lock, wants two", async {
            let guard = lock.acquire().await;
            let permits = pool.acquire_many(2).await;
            drop((permits, guard));
        })),
    ];
    executor.settle();
    assert_eq!(pool.value(), 1);
    assert_eq!(deadlocks_at("greedy")[0].certainty, Certainty::Uncontradicted);
    tasks[0].cancel();
    executor.settle();
    assert!(tasks[1].is_done());
}

#[test]
fn a_semaphore_of_which_permits_were_made_up_is_never_certain() {
    let pool = Semaphore::named("made up", 0);
    pool.release();
    let wait = waiting(
        task("selfish", async {
            let one = pool.acquire().await;
            let other = pool.acquire().await;
            drop((one, other));
        }),
        Waker::noop(),
    );
    let found = deadlocks_at("made up");
    assert_eq!(found[0].certainty, Certainty::Possible, "another task may release one");
    drop(wait);
}

#[test]
fn a_hold_that_was_forgotten_is_nobodys() {
    let lock = Lock::named("forgotten", ());
    let wait = waiting(
        task("forgetful", async {
            LockGuard::forget(lock.acquire().await);
            drop(lock.acquire().await);
        }),
        Waker::noop(),
    );
    assert_eq!(deadlocks_at("forgotten"), [], "anybody may release it");
    lock.release().unwrap();
    drop(wait);
    assert!(!lock.locked());
}

#[test]
fn a_lock_that_a_condition_waits_for_again_is_in_the_cycle() {
    let condition = Condition::named("relock", ());
    let other = Lock::named("relock: other", ());
    let executor = Executor::new();
    let waiter = executor.spawn(task("waiter", async {
        let outer = other.acquire().await;
        let guard = condition.acquire().await;
        let guard = condition.wait(guard).await;
        drop((outer, guard));
    }));
    executor.settle();
    let notifier = executor.spawn(task("notifier", async {
        let guard = condition.acquire().await;
        condition.notify(&guard, 1);
        drop(other.acquire().await);
        drop(guard);
    }));
    executor.settle();
    let found = deadlocks_at("relock");
    assert_eq!(found[0].certainty, Certainty::Uncontradicted);
    assert_eq!(names(&found[0]), ["task \"waiter\"", "task \"notifier\""]);
    notifier.cancel();
    executor.settle();
    assert!(waiter.is_done());
}

#[test]
fn who_waits_behind_a_deadlock_is_not_in_it() {
    let (one, other) = (Lock::named("behind: one", ()), Lock::named("behind: other", ()));
    let executor = Executor::new();
    let tasks = [
        executor.spawn(task("A", crossing(&one, &other))),
        executor.spawn(task("B", crossing(&other, &one))),
        executor.spawn(task("victim", async { drop(one.acquire().await) })),
    ];
    executor.settle();
    let found = deadlocks_at("behind: one");
    assert_eq!(names(&found[0]), ["task \"A\"", "task \"B\""]);
    tasks[0].cancel();
    executor.settle();
    assert!(tasks[1].is_done() && tasks[2].is_done());
}

/// A thousand tasks in one cycle: it is found without recursion, and listed in order.
#[test]
fn a_long_cycle_is_found() {
    let locks: Vec<Arc<Lock>> = (0..1000).map(|_| Arc::new(Lock::named("long", ()))).collect();
    let executor = Executor::new();
    let tasks: Vec<_> = (0..locks.len())
        .map(|index| {
            let first = Arc::clone(&locks[index]);
            let second = Arc::clone(&locks[(index + 1) % locks.len()]);
            let name = format!("long {index}");
            executor.spawn(task(name, async move { crossing(&first, &second).await }))
        })
        .collect();
    executor.settle();
    let found = deadlocks_at("long");
    assert_eq!(found.len(), 1);
    let expected: Vec<_> = (0..1000).map(|index| format!("task \"long {index}\"")).collect();
    assert_eq!(names(&found[0]), expected);
    assert!(found[0].to_string().contains("... and 988 more"));
    tasks[500].cancel();
    executor.settle();
    assert_eq!(deadlocks_at("long"), []);
}

/// Futurelock is no deadlock: the wait whose turn it is need only be polled.
#[test]
fn one_who_was_woken_is_not_stuck() {
    let lock = Lock::named("not stuck", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let mut both: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task("two waits", async {
        let mut first = Box::pin(lock.acquire());
        assert!(futures_lite::future::poll_once(&mut first).await.is_none());
        drop(lock.acquire().await);
    }));
    assert!(poll(&mut both, Waker::noop()).is_pending());
    drop(guard);
    assert_eq!(deadlocks_at("not stuck"), []);
}

/// Tasks that run inside a named one have its name, and wakers of their own: what they do to each
/// other is not certain.
#[test]
fn tasks_that_a_named_task_runs_are_never_certain_to_be_that_task() {
    let lock = Lock::named("inside", ());
    let over = std::cell::Cell::new(false);
    let mut holder = Box::pin(async {
        let guard = lock.acquire().await;
        std::future::poll_fn(|_| if over.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        drop(guard);
    });
    let mut waiter = Box::pin(lock.acquire());
    // As an executor does that the named task polls.
    let inside = TestWaker::new().waker();
    let runs_others = std::future::poll_fn(|_| {
        let holds = poll(&mut holder, &inside).is_pending();
        match poll(&mut waiter, &inside) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(guard) => Poll::Ready((holds, guard)),
        }
    });
    let outside = TestWaker::new().waker();
    let mut all = waiting(task("runs others", runs_others), &outside);
    let found = deadlocks_at("inside");
    assert_eq!(found[0].certainty, Certainty::Possible, "{}", found[0]);
    over.set(true);
    assert!(poll(&mut all, &outside).is_ready(), "nothing was wrong");
}

/// A permit that another task signals is not there yet, so its absence is no deadlock.
#[test]
fn who_waits_for_a_signal_that_is_yet_to_be_given_is_not_stuck() {
    let (pool, lock) = (Semaphore::named("signalled: pool", 2), Lock::named("signalled: lock", ()));
    let signal = Semaphore::named("signalled", 0);
    let executor = Executor::new();
    let waits_for_signal = executor.spawn(task("waits for the signal", async {
        let permit = pool.acquire().await;
        drop((signal.acquire().await, permit));
    }));
    let wants_lock = executor.spawn(task("has a permit, wants the lock", async {
        let permit = pool.acquire().await;
        yield_now().await;
        drop((lock.acquire().await, permit));
    }));
    let wants_permit = executor.spawn(task("has the lock, wants a permit", async {
        let guard = lock.acquire().await;
        drop((pool.acquire().await, guard));
    }));
    executor.settle();
    let found = deadlocks_at("signalled: pool");
    assert!(found.iter().all(|one| one.certainty == Certainty::Possible));
    signal.release();
    executor.settle();
    assert!(
        [waits_for_signal, wants_lock, wants_permit].iter().all(|task| task.is_done()),
        "it was none"
    );
}

/// One task begins the wait, another goes on with it, and a third gets what comes of it.
#[test]
fn a_wait_is_that_tasks_which_polls_it_though_the_waker_is_the_same() {
    let lock = Lock::named("passed on", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let mut wait = Box::pin(lock.acquire());
    drop(waiting(task("first", wait.as_mut()), Waker::noop()));
    let waits = |shown: Primitive| shown.waits[0].who.to_string();
    assert_eq!(waits(seen("passed on")), "task \"first\"");
    drop(waiting(task("second", wait.as_mut()), Waker::noop()));
    assert_eq!(waits(seen("passed on")), "task \"second\"");
    drop(guard);
    let guard = ready(task("third", wait.as_mut()), Waker::noop());
    assert_eq!(seen("passed on").holds[0].who.to_string(), "task \"third\"");
    drop(guard);
}

#[test]
fn a_release_that_is_refused_takes_no_permit_away() {
    let (pool, lock) = (BoundedSemaphore::named("refused", 2), Lock::named("refused: lock", ()));
    let executor = Executor::new();
    let outsider = pool.try_acquire();
    let tasks = [
        executor.spawn(task("has one, wants the lock", async {
            let permit = pool.acquire().await;
            yield_now().await;
            drop((lock.acquire().await, permit));
        })),
        executor.spawn(task("has the lock, wants one", async {
            let guard = lock.acquire().await;
            drop((pool.acquire().await, guard));
        })),
    ];
    assert!(pool.release_many(usize::MAX).is_err());
    executor.settle();
    assert_eq!(seen("refused").permits, 2);
    assert_eq!(deadlocks_at("refused"), [], "the outsider may give its back");
    drop(outsider);
    executor.settle();
    assert!(tasks.iter().all(|task| task.is_done()));
}

/// What it has left behind is others' to go on with.
#[test]
fn a_task_that_has_ended_is_not_certain_to_be_stuck() {
    let (one, other) = (Lock::named("ended: one", ()), Lock::named("ended: other", ()));
    let mut crosses = waiting(task("crosses", crossing(&other, &one)), Waker::noop());
    let mut left = Box::pin(other.acquire());
    let guard = ready(
        task("ended", async {
            let guard = one.acquire().await;
            assert!(futures_lite::future::poll_once(&mut left).await.is_none());
            guard
        }),
        Waker::noop(),
    );
    assert!(poll(&mut crosses, Waker::noop()).is_pending());
    let found = deadlocks_at("ended: one");
    assert_eq!(found.len(), 1);
    assert!(found.iter().all(|one| one.certainty == Certainty::Possible));
    drop(guard);
    assert!(poll(&mut crosses, Waker::noop()).is_ready(), "it was none");
}

/// Each has a permit and wants one more: the report is as long as there are tasks, not as there are
/// pairs of them.
#[test]
fn those_who_hold_a_pool_are_listed_once_for_all_who_wait_for_it() {
    const TASKS: usize = 1000;
    let pool = Semaphore::named("one more", TASKS);
    let executor = Executor::new();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            executor.spawn(task("wants one more", async {
                let one = pool.acquire().await;
                yield_now().await;
                drop((pool.acquire().await, one));
            }))
        })
        .collect();
    executor.settle();
    let found = deadlocks_at("one more");
    assert_eq!((found.len(), found[0].edges.len()), (1, TASKS));
    let held = &found[0].edges[0].held;
    assert_eq!(held.len(), TASKS);
    assert!(found[0].edges.iter().all(|edge| edge.held.as_ptr() == held.as_ptr()));
    drop(tasks);
}
