//! One primitive, several runtimes: a tokio task, a smol task and a blocking thread.

use std::{future::Future, sync::Arc, thread};

use awaitlist::{Barrier, Block, Condition, Event, Lock, Semaphore};

const ROUNDS: usize = 200;

/// Runs the same on each of three threads: one runs tokio, one smol, and one none at all.
fn on_three<F, W>(work: W)
where
    F: Future<Output = ()>,
    W: Fn(usize) -> F + Send + Sync,
{
    thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.expect("a runtime").block_on(work(0));
        });
        scope.spawn(|| smol::block_on(smol::LocalExecutor::new().run(work(1))));
        scope.spawn(|| work(2).block());
    });
}

#[test]
fn a_lock() {
    let total = Lock::new(0);
    on_three(async |_| {
        for _ in 0..ROUNDS {
            let mut guard = total.acquire().await;
            let before = *guard;
            smol::future::yield_now().await;
            *guard = before + 1;
        }
    });
    assert_eq!(total.into_inner(), 3 * ROUNDS);
}

#[test]
fn a_semaphore() {
    let semaphore = Semaphore::new(2);
    let inside = Lock::new(0);
    on_three(async |_| {
        for _ in 0..ROUNDS {
            let _permit = semaphore.acquire().await;
            *inside.acquire().await += 1;
            smol::future::yield_now().await;
            assert!(*inside.acquire().await <= 2);
            *inside.acquire().await -= 1;
        }
    });
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn a_barrier() {
    let barrier = Barrier::new(3);
    let sum = Lock::new(0);
    on_three(async |_| {
        for _ in 0..ROUNDS {
            let index = barrier.wait().await.expect("it is never broken");
            *sum.acquire().await += index;
        }
    });
    assert_eq!(sum.into_inner(), (1 + 2) * ROUNDS);
}

#[test]
fn a_condition_goes_round() {
    let turn = Condition::new(0);
    on_three(async |own| {
        for _ in 0..ROUNDS {
            let guard = turn.acquire().await;
            let mut guard = turn.wait_for(guard, |turn| *turn % 3 == own).await;
            *guard += 1;
            turn.notify_all(&guard);
        }
    });
    assert_eq!(turn.into_inner(), 3 * ROUNDS);
}

#[test]
fn an_event() {
    let (there, go) = (Semaphore::new(0), Event::new());
    on_three(async |own| {
        there.release();
        if own == 2 {
            drop(there.acquire_many(3).await);
            go.set();
        }
        go.wait().await;
    });
    assert!(go.is_set());
}

#[test]
fn an_owned_guard_goes_from_one_runtime_to_another() {
    let lock = Arc::new(Lock::new("tokio"));
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let guard = runtime.block_on(lock.acquire_owned());
    let task = smol::spawn(async move {
        let mut guard = guard;
        *guard = "smol";
    });
    assert_eq!(*lock.acquire().block(), "smol");
    smol::block_on(task);
}
