//! `BarrierTests`.

use std::{cell::Cell, future::IntoFuture};

use awaitlist::{
    Barrier,
    BrokenBarrier::{AbortOrReset, Aborted},
    barrier::Wait,
};
use awaitlist_tests::{
    assert_brackets, caught,
    executor::{Executor, Task},
    now,
};

use super::{Log, implements};

/// How many parties the barriers take, where a test does not say otherwise.
const PARTIES: usize = 5;

/// Runs a task of `party` for each party, until all have come to their end.
#[track_caller]
fn run_parties<F: Future>(parties: usize, party: impl Fn() -> F) -> Vec<F::Output> {
    let tasks = Executor::new();
    let party = &party;
    let handles: Vec<_> = (0..parties).map(|_| tasks.spawn(async move { party().await })).collect();
    tasks.settle();
    handles.iter().map(Task::result).collect()
}

/// As new: no task waits, and the barrier can be used.
#[track_caller]
fn assert_usable(barrier: &Barrier) {
    let parties = barrier.parties();
    assert_eq!((barrier.n_waiting(), barrier.broken()), (0, false));
    assert_brackets(barrier, &format!("filling, waiters:0/{parties}"));
}

/// A barrier is no future, so it cannot be awaited by mistake; nor does it change by a `wait` that
/// is not awaited.
#[test]
fn test_barrier() {
    assert!(!implements!(Barrier: IntoFuture));
    assert!(!implements!(&Barrier: IntoFuture));
    assert!(implements!(Wait<&'static Barrier>: IntoFuture));

    let barrier = Barrier::new(PARTIES);
    drop(barrier.wait());
    assert_usable(&barrier);
}

/// The brackets name each phase as the barrier goes through them.
#[test]
fn test_repr() {
    let barrier = Barrier::new(PARTIES);
    let tasks = Executor::new();
    let arrive = |count| {
        for _ in 0..count {
            tasks.spawn(barrier.wait());
        }
        tasks.tick();
    };
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/5]>");
    arrive(2);
    assert_brackets(&barrier, "filling, waiters:2/5");
    arrive(barrier.parties() - barrier.n_waiting());
    assert_brackets(&barrier, "draining, waiters:0/5");
    // The round leaves, and these two are the first of the next.
    arrive(2);
    barrier.reset();
    assert_brackets(&barrier, "resetting, waiters:0/5");
    arrive(2);
    barrier.abort();
    assert_brackets(&barrier, "broken");
    assert!(barrier.broken());
}

/// It takes at least one party.
#[test]
fn test_barrier_parties() {
    assert_eq!(Barrier::new(PARTIES).parties(), PARTIES);
    let refused = caught(|| Barrier::new(0));
    assert!(refused.message.contains("parties must be >= 1"));
}

/// All get through, each with an index of its own.
#[test]
fn test_context_manager() {
    let barrier = Barrier::new(3);
    let mut indices = run_parties(3, async || barrier.wait().await.unwrap());
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2]);
    assert_usable(&barrier);
}

/// One party does not wait.
#[test]
fn test_filling_one_task() {
    let barrier = Barrier::new(1);
    assert_eq!(now(barrier.wait()), Ok(0));
    assert_usable(&barrier);
}

/// Nor does it the second time: each is a round of its own.
#[test]
fn test_filling_one_task_twice() {
    let barrier = Barrier::new(1);
    let tasks = Executor::new();
    let first = tasks.spawn(barrier.wait());
    tasks.tick();
    assert_usable(&barrier);
    let second = tasks.spawn(barrier.wait());
    tasks.tick();
    assert_eq!((first.result(), second.result()), (Ok(0), Ok(0)));
    assert_usable(&barrier);
}

/// Those waiting are counted one by one, until the last one comes.
#[test]
fn test_filling_task_by_task() {
    let barrier = Barrier::new(3);
    let tasks = Executor::new();
    let first = tasks.spawn(barrier.wait());
    tasks.tick();
    assert_brackets(&barrier, "filling, waiters:1/3");
    assert_eq!(barrier.n_waiting(), 1);

    let second = tasks.spawn(barrier.wait());
    tasks.tick();
    assert_brackets(&barrier, "filling, waiters:2/3");
    assert_eq!(barrier.n_waiting(), 2);

    let third = tasks.spawn(barrier.wait());
    tasks.settle();
    assert!(first.is_done() && second.is_done() && third.is_done());
    assert_usable(&barrier);
}

/// The same tasks meet twice. No task is in the second round before all have been in the first.
#[test]
fn test_filling_tasks_wait_twice() {
    let (barrier, log) = (Barrier::new(PARTIES), Log::new());
    run_parties(PARTIES, async || {
        for round in [1, 2] {
            barrier.wait().await.unwrap();
            log.push(round);
        }
    });
    let rounds = log.so_far();
    assert_eq!(rounds, [[1; PARTIES], [2; PARTIES]].concat());
    assert_usable(&barrier);
}

/// The indices of a second round are whole as well.
#[test]
fn test_filling_tasks_check_return_value() {
    let barrier = Barrier::new(PARTIES);
    let mut indices = run_parties(PARTIES, async || {
        barrier.wait().await.unwrap();
        barrier.wait().await.unwrap()
    });
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
    assert_usable(&barrier);
}

/// Until the last one has left, the barrier drains.
#[test]
fn test_draining_state() {
    let (barrier, log) = (Barrier::new(PARTIES), Log::new());
    run_parties(PARTIES, async || {
        barrier.wait().await.unwrap();
        log.push(barrier.to_string().contains("draining"));
    });
    assert_eq!(log.so_far(), [true, true, true, true, false]);
    assert_usable(&barrier);
}

/// A task that comes back while the others still leave belongs to the new round, not to the old
/// one.
#[test]
fn test_blocking_tasks_while_draining() {
    let again = Cell::new(2);
    let barrier = Barrier::new(PARTIES);
    let others = Barrier::new(PARTIES - again.get());
    let met = Cell::new(0);
    run_parties(PARTIES, async || {
        barrier.wait().await.unwrap();
        if again.get() > 0 {
            again.set(again.get() - 1);
            assert_brackets(&barrier, "draining, waiters:0/5");
        } else {
            others.wait().await.unwrap();
            met.set(met.get() + 1);
        }
        barrier.wait().await.unwrap();
    });
    assert_eq!(met.get(), PARTIES - 2);
    assert_usable(&barrier);
    assert_usable(&others);
}

/// A cancelled arrival is not counted any more: it takes another to complete the round.
#[test]
fn test_filling_tasks_cancel_one() {
    let (barrier, log) = (Barrier::new(3), Log::new());
    let tasks = Executor::new();
    let arrive = || {
        let task = tasks.spawn(async {
            let index = barrier.wait().await.unwrap();
            log.push(index);
        });
        tasks.tick();
        task
    };
    let first = arrive();
    assert_eq!(barrier.n_waiting(), 1);
    let second = arrive();
    assert_eq!(barrier.n_waiting(), 2);

    assert!(first.cancel());
    assert_eq!(barrier.n_waiting(), 1);
    let third = arrive();
    assert_eq!(barrier.n_waiting(), 2);
    let fourth = arrive();
    tasks.settle();
    assert!(second.is_done() && third.is_done() && fourth.is_done());
    assert_eq!(log.so_far(), [2, 0, 1], "all different, unlike CPython's");
    assert_usable(&barrier);
}

/// A reset of a barrier without waiters changes nothing.
#[test]
fn test_reset_barrier() {
    let barrier = Barrier::new(1);
    barrier.reset();
    assert_usable(&barrier);
    assert_eq!(now(barrier.wait()), Ok(0));
}

/// Those waiting fail by a reset, and the barrier is as new when they have left.
#[test]
fn test_reset_barrier_while_tasks_waiting() {
    let barrier = Barrier::new(PARTIES);
    let tasks = Executor::new();
    let waiting = [(); PARTIES - 1].map(|()| tasks.spawn(barrier.wait()));
    tasks.tick();
    tasks.spawn(async { barrier.reset() });
    tasks.settle();
    for waiter in waiting {
        assert_eq!(waiter.result(), Err(AbortOrReset));
    }
    assert_usable(&barrier);
}

/// A reset when a round has left by half: those still inside fail.
#[test]
fn test_reset_barrier_when_tasks_half_draining() {
    let barrier = Barrier::new(PARTIES);
    let rest = PARTIES / 2;
    let left = Cell::new(0);
    let results = run_parties(PARTIES, async || {
        let result = barrier.wait().await;
        left.set(left.get() + 1);
        if left.get() == PARTIES - rest {
            barrier.reset();
        }
        result
    });
    // By the order of arrival; the last one to come left first, then 0 and 1.
    assert_eq!(results, [Ok(0), Ok(1), Err(AbortOrReset), Err(AbortOrReset), Ok(4)]);
    assert_usable(&barrier);
}

/// A reset when half of a round has left, and those tasks wait to enter again: they do not fail,
/// and all meet in the new round.
#[test]
fn test_reset_barrier_when_tasks_half_draining_half_blocking() {
    let barrier = Barrier::new(PARTIES);
    let rest = PARTIES / 2;
    let released = Cell::new(0);
    let failures = Cell::new(0);
    let second = run_parties(PARTIES, async || {
        match barrier.wait().await {
            Ok(_) => {
                released.set(released.get() + 1);
                if released.get() > rest {
                    barrier.reset();
                }
            }
            Err(error) => {
                assert_eq!(error, AbortOrReset);
                failures.set(failures.get() + 1);
            }
        }
        barrier.wait().await
    });
    assert_eq!((released.get(), failures.get()), (PARTIES - rest, rest));
    assert!(second.iter().all(Result::is_ok), "{second:?}");
    assert_usable(&barrier);
}

/// The tasks that failed by a reset come again at once, and one more with them: the new round is
/// complete.
#[test]
fn test_reset_barrier_while_tasks_waiting_and_waiting_again() {
    let barrier = Barrier::new(PARTIES);
    let tasks = Executor::new();
    let waiting = [(); PARTIES - 1].map(|()| {
        tasks.spawn(async {
            let first = barrier.wait().await;
            (first, barrier.wait().await)
        })
    });
    tasks.spawn(async { barrier.reset() });
    tasks.tick();
    let fresh = tasks.spawn(barrier.wait());
    tasks.settle();
    let mut indices = vec![fresh.result().unwrap()];
    for waiter in waiting {
        let (first, second) = waiter.result();
        assert_eq!(first, Err(AbortOrReset));
        indices.push(second.unwrap());
    }
    indices.sort_unstable();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
    assert_usable(&barrier);
}

/// A reset by the last task of a round to leave fails no task, not even those that wait at the
/// gate.
#[test]
fn test_reset_barrier_while_tasks_draining() {
    let barrier = Barrier::new(PARTIES);
    let left = Cell::new(0);
    let results = run_parties(PARTIES, async || {
        let first = barrier.wait().await;
        left.set(left.get() + 1);
        if left.get() == PARTIES {
            barrier.reset();
        }
        [first, barrier.wait().await, barrier.wait().await]
    });
    assert!(results.iter().flatten().all(Result::is_ok), "{results:?}");
    assert_usable(&barrier);
}

/// An abort breaks the barrier even if no task waits.
#[test]
fn test_abort_barrier() {
    let barrier = Barrier::new(1);
    barrier.abort();
    assert_eq!((barrier.n_waiting(), barrier.broken()), (0, true));
    assert_eq!(now(barrier.wait()), Err(Aborted));
}

/// An abort when half of a round has left: the tasks inside fail, and so do those that wait to
/// enter again.
#[test]
fn test_abort_barrier_when_tasks_half_draining_half_blocking() {
    let barrier = Barrier::new(PARTIES);
    let half = PARTIES / 2;
    let released = Cell::new(0);
    let (inside, gated) = (Log::new(), Log::new());
    run_parties(PARTIES, async || match barrier.wait().await {
        Ok(_) => {
            released.set(released.get() + 1);
            if released.get() > half {
                barrier.abort();
            } else {
                gated.push(barrier.wait().await);
            }
        }
        failure => inside.push(failure),
    });
    assert_eq!(inside.so_far(), vec![Err(AbortOrReset); half]);
    assert_eq!(gated.so_far(), vec![Err(Aborted); PARTIES - half - 1]);
    assert!(barrier.broken());
    assert_eq!(barrier.n_waiting(), 0);
}

/// What a party comes to that aborts in the middle of a round, and what the others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Aborts,
    Fails,
    GoesOn,
}

/// Two rounds, of which the one with the index in the middle aborts the first.
async fn go_twice(barrier: &Barrier) -> Outcome {
    match barrier.wait().await {
        Ok(index) if index == PARTIES / 2 => {
            barrier.abort();
            return Outcome::Aborts;
        }
        Ok(_) => {}
        Err(_) => return Outcome::Fails,
    }
    match barrier.wait().await {
        Ok(_) => Outcome::GoesOn,
        Err(_) => Outcome::Fails,
    }
}

#[track_caller]
fn assert_one_aborts(mut outcomes: Vec<Outcome>) {
    let aborts = outcomes.iter().position(|outcome| *outcome == Outcome::Aborts);
    outcomes.swap_remove(aborts.expect("one aborts"));
    assert_eq!(outcomes, vec![Outcome::Fails; PARTIES - 1]);
}

/// One aborts when it is through: all others fail, in this round or the next.
#[test]
fn test_abort_barrier_when_exception() {
    let barrier = Barrier::new(PARTIES);
    assert_one_aborts(run_parties(PARTIES, async || go_twice(&barrier).await));
    assert!(barrier.broken());
    assert_eq!(barrier.n_waiting(), 0);
}

/// The same; then all meet at another barrier, one resets the broken one, and they meet there
/// again.
#[test]
fn test_abort_barrier_when_exception_then_resetting() {
    let (barrier, other) = (Barrier::new(PARTIES), Barrier::new(PARTIES));
    let mended = Cell::new(0);
    let outcomes = run_parties(PARTIES, async || {
        let outcome = go_twice(&barrier).await;
        if other.wait().await.unwrap() == PARTIES / 2 {
            barrier.reset();
        }
        other.wait().await.unwrap();
        barrier.wait().await.unwrap();
        mended.set(mended.get() + 1);
        outcome
    });
    assert_one_aborts(outcomes);
    assert_eq!(mended.get(), PARTIES);
    assert_usable(&barrier);
}
