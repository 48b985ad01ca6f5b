//! Timeouts with the runtimes' own timers: a wait for what never comes, given up. Afterwards
//! nothing is left of it.

use std::{future::Future, time::Duration};

use awaitlist::{Barrier, Block, BoundedSemaphore, Condition, Event, Lock, Semaphore, TimedOut};

use crate::runtime;

/// As short as a timer can have it: what is waited for never comes.
const SOON: Duration = Duration::from_millis(1);

/// A runtime's way to give a future up.
trait Timer {
    /// `None` if it was given up.
    fn give_up<F: Future>(wait: F) -> impl Future<Output = Option<F::Output>>;
    /// Ready after a while.
    fn pass() -> impl Future<Output = ()>;
}

async fn every_wait_can_be_given_up<T: Timer>() {
    let lock = Lock::new(1);
    let held = lock.acquire().await;
    assert!(T::give_up(lock.acquire()).await.is_none());
    assert_eq!(lock.waiters(), 0);
    drop(held);
    assert!(T::give_up(lock.acquire()).await.is_some());

    let event = Event::new();
    assert!(T::give_up(event.wait()).await.is_none());
    event.set();
    assert!(T::give_up(event.wait()).await.is_some());

    let semaphore = Semaphore::new(2);
    let held = semaphore.acquire().await;
    assert!(T::give_up(semaphore.acquire_many(2)).await.is_none());
    assert!(T::give_up(semaphore.acquire()).await.is_some());
    drop(held);

    let bounded = BoundedSemaphore::new(1);
    let held = bounded.acquire().await;
    assert!(T::give_up(bounded.acquire()).await.is_none());
    drop(held);
    assert_eq!(bounded.value(), 1);

    let barrier = Barrier::new(2);
    assert!(T::give_up(barrier.wait()).await.is_none());
    assert_eq!(barrier.n_waiting(), 0);

    // If it is dropped, a wait drops the guard with it; `wait_or` returns it.
    let condition = Condition::new(3);
    let guard = condition.acquire().await;
    assert!(T::give_up(condition.wait(guard)).await.is_none());
    assert!(!condition.locked());
    let guard = condition.acquire().await;
    let (guard, outcome) = condition.wait_or(guard, T::pass()).await;
    assert_eq!((*guard, outcome), (3, Err(())));
    assert!(condition.locked());
}

struct Tokio;

impl Timer for Tokio {
    async fn give_up<F: Future>(wait: F) -> Option<F::Output> {
        tokio::time::timeout(SOON, wait).await.ok()
    }

    async fn pass() {
        tokio::time::sleep(SOON).await;
    }
}

/// The clock is paused: it goes on when all tasks sleep.
#[tokio::test(start_paused = true)]
async fn of_tokio() {
    every_wait_can_be_given_up::<Tokio>().await;
}

struct Smol;

impl Timer for Smol {
    async fn give_up<F: Future>(wait: F) -> Option<F::Output> {
        let wait = async { Some(wait.await) };
        smol::future::or(wait, async {
            smol::Timer::after(SOON).await;
            None
        })
        .await
    }

    async fn pass() {
        smol::Timer::after(SOON).await;
    }
}

#[test]
fn of_smol() {
    smol::block_on(every_wait_can_be_given_up::<Smol>());
}

struct AsyncStd;

impl Timer for AsyncStd {
    async fn give_up<F: Future>(wait: F) -> Option<F::Output> {
        async_std::future::timeout(SOON, wait).await.ok()
    }

    async fn pass() {
        async_std::task::sleep(SOON).await;
    }
}

#[test]
fn of_async_std() {
    async_std::task::block_on(every_wait_can_be_given_up::<AsyncStd>());
}

struct Embassy;

impl Timer for Embassy {
    async fn give_up<F: Future>(wait: F) -> Option<F::Output> {
        let soon = embassy_time::Duration::from_millis(1);
        embassy_time::with_timeout(soon, wait).await.ok()
    }

    async fn pass() {
        embassy_time::Timer::after_millis(1).await;
    }
}

#[test]
fn of_embassy() {
    runtime::Embassy::block_on_local(every_wait_can_be_given_up::<Embassy>());
}

struct Compio;

impl Timer for Compio {
    async fn give_up<F: Future>(wait: F) -> Option<F::Output> {
        compio::time::timeout(SOON, wait).await.ok()
    }

    async fn pass() {
        compio::time::sleep(SOON).await;
    }
}

#[test]
fn of_compio() {
    let runtime = compio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(every_wait_can_be_given_up::<Compio>());
}

struct Monoio;

impl Timer for Monoio {
    async fn give_up<F: Future>(wait: F) -> Option<F::Output> {
        monoio::time::timeout(SOON, wait).await.ok()
    }

    async fn pass() {
        monoio::time::sleep(SOON).await;
    }
}

#[test]
fn of_monoio() {
    let mut runtime = monoio::RuntimeBuilder::<monoio::FusionDriver>::new()
        .enable_timer()
        .build()
        .expect("a runtime");
    runtime.block_on(every_wait_can_be_given_up::<Monoio>());
}

struct Glommio;

impl Timer for Glommio {
    async fn give_up<F: Future>(wait: F) -> Option<F::Output> {
        let wait = async { Ok(wait.await) };
        glommio::timer::timeout(SOON, wait).await.ok()
    }

    async fn pass() {
        glommio::timer::sleep(SOON).await;
    }
}

#[test]
fn of_glommio() {
    glommio::LocalExecutor::default().run(every_wait_can_be_given_up::<Glommio>());
}

/// A thread has a timer of its own.
#[test]
fn of_a_thread() {
    let event = Event::new();
    assert_eq!(event.wait().block_timeout(SOON), Err(TimedOut));
    assert_eq!(event.waiters(), 0);
}
