//! The paths.

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use awaitlist::{Barrier, Condition, Event, Lock, Semaphore};
use benches::harness::now;

/// The path that does nothing. What it costs belongs to the loop.
pub(crate) const NOTHING: &str = "nothing";

type Path = (&'static str, fn(usize));

/// The paths without waiters, and beside them some paths of a waiter.
const PATHS: &[Path] = &[
    ("lock", lock),
    ("semaphore", semaphore),
    ("semaphore-many", semaphore_many),
    ("event-when-set", event_when_set),
    ("condition-nobody", condition_nobody),
    ("barrier-of-one", barrier_of_one),
    ("lock-waiter", lock_waiter),
    ("lock-cancel", lock_cancel),
    ("semaphore-cancel", semaphore_cancel),
    ("event-cancel", event_cancel),
    ("event-waiter", event_waiter),
    ("barrier-of-two", barrier_of_two),
];

/// Their names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    PATHS.iter().map(|(name, _)| *name)
}

/// Goes a path so many times.
pub(crate) fn repeat(name: &str, times: usize) -> Result<(), String> {
    let nothing: Path = (NOTHING, |times| go(times, &(), |()| ()));
    let (_, path) = PATHS
        .iter()
        .chain([&nothing])
        .find(|path| path.0 == name)
        .ok_or_else(|| format!("there is no path {name}"))?;
    path(times);
    Ok(())
}

/// Calls `step` through a pointer, so that nothing of it is moved out of the loop or left out.
#[inline(never)]
fn go<T>(times: usize, subject: &T, step: fn(&T)) {
    for _ in 0..times {
        black_box(step)(black_box(subject));
    }
}

fn lock(times: usize) {
    go(times, &Lock::new(()), |lock| {
        drop(black_box(now(lock.acquire())));
    });
}

fn semaphore(times: usize) {
    go(times, &Semaphore::new(8), |semaphore| {
        drop(black_box(now(semaphore.acquire())));
    });
}

fn semaphore_many(times: usize) {
    go(times, &Semaphore::new(8), |semaphore| {
        drop(black_box(now(semaphore.acquire_many(3))));
    });
}

fn event_when_set(times: usize) {
    let event = Event::new();
    event.set();
    go(times, &event, |event| now(event.wait()));
}

fn condition_nobody(times: usize) {
    let condition = Condition::new(());
    let guard = now(condition.acquire());
    go(times, &(&condition, &guard), |(condition, guard)| {
        condition.notify(guard, 1);
    });
}

fn barrier_of_one(times: usize) {
    go(times, &Barrier::new(1), |barrier| {
        black_box(now(barrier.wait())).ok();
    });
}

/// Polls a future for the first time, has `release` make it ready, and polls it again.
fn wait<F: Future>(future: F, release: impl FnOnce()) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    release();
    match future.poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("it was released"),
    }
}

fn lock_waiter(times: usize) {
    go(times, &Lock::new(()), |lock| {
        let held = now(lock.acquire());
        drop(wait(lock.acquire(), || drop(held)));
    });
}

fn lock_cancel(times: usize) {
    let lock = Lock::new(());
    let _held = now(lock.acquire());
    go(times, &lock, |lock| {
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(lock.acquire()).poll(&mut context).is_pending());
    });
}

fn event_waiter(times: usize) {
    go(times, &Event::new(), |event| {
        wait(event.wait(), || event.set());
        event.clear();
    });
}

fn barrier_of_two(times: usize) {
    go(times, &Barrier::new(2), |barrier| {
        let index = wait(barrier.wait(), || {
            black_box(now(barrier.wait())).ok();
        });
        black_box(index).ok();
    });
}

fn semaphore_cancel(times: usize) {
    go(times, &Semaphore::new(0), |semaphore| {
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(semaphore.acquire()).poll(&mut context).is_pending());
    });
}

fn event_cancel(times: usize) {
    go(times, &Event::new(), |event| {
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(event.wait()).poll(&mut context).is_pending());
    });
}
