//! `SemaphoreTests`, which has one for the bounded semaphore as well.

use std::{cell::Cell, future::IntoFuture};

use awaitlist::{
    BoundedSemaphore, Event, ReleasedTooManyTimes, Semaphore,
    semaphore::{Acquire, MAX_PERMITS},
};
use awaitlist_tests::{
    assert_brackets, caught,
    executor::{Executor, Task, yield_now},
    now,
};

use super::{Log, implements};

/// Acquires, and leaves it to others to release.
async fn acquire(semaphore: &Semaphore) {
    semaphore.acquire().await.forget();
}

/// Spawns one that acquires for good, and logs its name then.
fn spawn_acquire<'a>(
    tasks: &Executor<'a>,
    semaphore: &'a Semaphore,
    log: &'a Log<u32>,
    name: u32,
) -> Task<'a, ()> {
    tasks.spawn(async move {
        acquire(semaphore).await;
        log.push(name);
    })
}

/// One without permits is locked from the beginning.
#[test]
fn test_initial_value_zero() {
    let semaphore = Semaphore::new(0);
    assert!(semaphore.locked());
    assert!(semaphore.try_acquire().is_none());
}

/// The brackets show the value if a permit is available, otherwise the number of waiters.
#[test]
fn test_repr() {
    let semaphore = Semaphore::default();
    let tasks = Executor::new();
    assert_eq!(semaphore.to_string(), "<Semaphore [unlocked, value:1]>");
    let _permit = now(semaphore.acquire());
    assert_brackets(&semaphore, "locked");

    tasks.spawn(semaphore.acquire());
    tasks.tick();
    assert_brackets(&semaphore, "locked, waiters:1");
    tasks.spawn(semaphore.acquire());
    tasks.tick();
    assert_brackets(&semaphore, "locked, waiters:2");
}

/// It begins with one permit; it is no future, so it cannot be awaited by mistake.
#[test]
fn test_semaphore() {
    assert!(!implements!(Semaphore: IntoFuture));
    assert!(!implements!(&Semaphore: IntoFuture));
    assert!(implements!(Acquire<&'static Semaphore>: IntoFuture));

    let semaphore = Semaphore::default();
    assert_eq!(semaphore.value(), 1);
    drop(semaphore.acquire());
    assert!(!semaphore.locked());
    assert_eq!(semaphore.value(), 1);
}

/// No value below 0 can be written. One above what it can count is refused.
#[test]
fn test_semaphore_value() {
    assert_eq!(Semaphore::new(MAX_PERMITS).value(), MAX_PERMITS);
    let refused = caught(|| Semaphore::new(MAX_PERMITS + 1));
    assert!(refused.message.contains("at most `MAX_PERMITS` permits"));
}

/// Three permits, and six tasks that want one. A release hands its permit over, so the value stays
/// 0, and the next task to come waits.
#[test]
fn test_acquire() {
    let (semaphore, log) = (Semaphore::new(3), Log::new());
    let tasks = Executor::new();
    now(acquire(&semaphore));
    now(acquire(&semaphore));
    assert!(!semaphore.locked());

    let first = [1, 2, 3].map(|name| spawn_acquire(&tasks, &semaphore, &log, name));
    tasks.tick();
    assert_eq!(log.so_far(), [1]);
    assert!(semaphore.locked() && first[0].is_done());
    assert_eq!((semaphore.waiters(), semaphore.value()), (2, 0));

    let last = spawn_acquire(&tasks, &semaphore, &log, 4);
    semaphore.release();
    semaphore.release();
    assert_eq!(semaphore.value(), 0);
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2, 3]);
    assert!(semaphore.locked() && !last.is_done());
    assert_eq!((semaphore.waiters(), semaphore.value()), (1, 0));

    semaphore.release();
    tasks.settle();
    assert!(first.iter().all(Task::is_done) && last.is_done());
}

/// A cancelled waiter leaves nothing behind.
#[test]
fn test_acquire_cancel() {
    let semaphore = Semaphore::default();
    let tasks = Executor::new();
    let _permit = now(semaphore.acquire());
    let waiter = tasks.spawn(semaphore.acquire());
    tasks.tick();
    assert_eq!(semaphore.waiters(), 1);
    assert!(waiter.cancel());
    assert_eq!(semaphore.waiters(), 0);
}

/// The first two of four are cancelled: the permit goes to the third, and not to the fourth as
/// well.
#[test]
fn test_acquire_cancel_before_awoken() {
    let semaphore = Semaphore::new(0);
    let tasks = Executor::new();
    let waiters = [(); 4].map(|()| tasks.spawn(acquire(&semaphore)));
    tasks.tick();
    assert!(waiters[0].cancel() && waiters[1].cancel());
    semaphore.release();
    tasks.settle();
    assert_eq!(waiters.each_ref().map(Task::is_done), [false, false, true, false]);
    assert_brackets(&semaphore, "locked, waiters:1");
}

/// The first of two is cancelled: the permit is not stuck with it.
#[test]
fn test_acquire_hang() {
    let semaphore = Semaphore::new(0);
    let tasks = Executor::new();
    let (first, second) = (tasks.spawn(acquire(&semaphore)), tasks.spawn(acquire(&semaphore)));
    tasks.tick();
    assert!(first.cancel());
    semaphore.release();
    tasks.settle();
    assert!(semaphore.locked() && second.is_done());
}

/// A waiter is cancelled right after it was granted the permit: the permit is available again.
#[test]
fn test_acquire_no_hang() {
    let semaphore = Semaphore::new(1);
    let tasks = Executor::new();
    let holder = tasks.spawn(async {
        let _permit = semaphore.acquire().await;
        yield_now().await;
    });
    let waiter = tasks.spawn(async {
        let _permit = semaphore.acquire().await;
        unreachable!("it was cancelled");
    });
    tasks.tick();
    tasks.tick();
    // Granted, and not run yet.
    assert!(holder.is_done());
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 1));
    assert!(waiter.cancel());
    tasks.settle();
    drop(now(semaphore.acquire()));
    assert_brackets(&semaphore, "unlocked, value:1");
}

/// A bounded semaphore refuses the release of a permit that was not acquired.
#[test]
fn test_release_not_acquired() {
    let semaphore = BoundedSemaphore::default();
    assert_eq!(semaphore.release(), Err(ReleasedTooManyTimes));
    assert_brackets(&semaphore, "unlocked, value:1");
}

/// With no waiter, a release adds the permit to the value.
#[test]
fn test_release_no_waiters() {
    let semaphore = Semaphore::default();
    now(acquire(&semaphore));
    assert!(semaphore.locked());
    semaphore.release();
    assert!(!semaphore.locked());
}

/// A task that releases and acquires again goes to the back: three take turns.
#[test]
fn test_acquire_fifo_order() {
    let (semaphore, log) = (Semaphore::new(1), Log::new());
    let tasks = Executor::new();
    let visitors = ["c1", "c2", "c3"].map(|name| {
        let (semaphore, log) = (&semaphore, &log);
        tasks.spawn(async move {
            for visit in [1, 2] {
                let _permit = semaphore.acquire().await;
                log.push((name, visit));
                yield_now().await;
            }
        })
    });
    tasks.settle();
    assert!(visitors.iter().all(Task::is_done));
    assert_eq!(log.so_far(), [("c1", 1), ("c2", 1), ("c3", 1), ("c1", 2), ("c2", 2), ("c3", 2)]);
}

/// Nor does it get the permit back that it has just released, as long as another was granted one
/// and has not run.
#[test]
fn test_acquire_fifo_order_2() {
    let (semaphore, log) = (Semaphore::new(1), Log::new());
    let tasks = Executor::new();
    let first = spawn_acquire(&tasks, &semaphore, &log, 1);
    let second = tasks.spawn(async {
        acquire(&semaphore).await;
        log.push(2);
        semaphore.release();
        acquire(&semaphore).await;
        log.push(4);
    });
    let third = spawn_acquire(&tasks, &semaphore, &log, 3);
    tasks.tick();
    semaphore.release();
    semaphore.release();
    tasks.settle();
    assert_eq!(log.so_far(), [1, 2, 3, 4]);
    assert!(first.is_done() && second.is_done() && third.is_done());
}

/// With the first of three cancelled, two releases reach the others in their order.
#[test]
fn test_acquire_fifo_order_3() {
    let (semaphore, log) = (Semaphore::new(0), Log::new());
    let tasks = Executor::new();
    let waiters = [1, 2, 3].map(|name| spawn_acquire(&tasks, &semaphore, &log, name));
    tasks.tick();
    assert!(waiters[0].cancel());
    tasks.tick();
    semaphore.release();
    semaphore.release();
    tasks.settle();
    assert_eq!(log.so_far(), [2, 3]);
}

/// Three releases meet one waiter, so two permits are left while two newcomers queue. The task that
/// finishes its acquire wakes as many as the value allows, in one step: before a task that it
/// starts itself.
#[test]
fn test_acquire_fifo_order_4() {
    let (semaphore, log) = (Semaphore::new(0), Log::new());
    // Its setting makes the fourth ready to run at that moment, as spawning it would.
    let started = Event::new();
    let locked_at_the_end = Cell::new(false);
    let tasks = Executor::new();
    tasks.spawn(async {
        acquire(&semaphore).await;
        assert_eq!(semaphore.value(), 0, "all who can be are granted by now");
        started.set();
        log.push(1);
    });
    tasks.spawn(async {
        for _ in 0..3 {
            semaphore.release();
        }
        assert_eq!(semaphore.value(), 2);
        assert!(semaphore.locked(), "the first has not run yet");
        acquire(&semaphore).await;
        log.push(2);
    });
    tasks.spawn(async {
        acquire(&semaphore).await;
        locked_at_the_end.set(semaphore.locked());
        log.push(3);
    });
    tasks.spawn(async {
        started.wait().await;
        log.push(4);
    });
    tasks.tick();
    assert_eq!((semaphore.value(), semaphore.waiters()), (2, 3));
    tasks.tick();
    assert_eq!(log.so_far(), [1]);
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2, 3, 4]);
    assert!(locked_at_the_end.get());
}
