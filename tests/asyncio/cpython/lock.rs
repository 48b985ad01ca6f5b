//! `LockTests`.

use std::{cell::Cell, future::IntoFuture};

use awaitlist::{
    BoundedSemaphore, Condition, Event, Lock, LockGuard, NotAcquired, Semaphore, lock::Acquire,
};
use awaitlist_tests::{assert_brackets, executor::Executor, now};

use super::{Log, implements};

/// Acquires, and leaves it to others to release.
async fn acquire(lock: &Lock) {
    LockGuard::forget(lock.acquire().await);
}

/// The brackets say whether it is held.
#[test]
fn test_repr() {
    let lock = Lock::new(());
    assert_eq!(lock.to_string(), "<Lock [unlocked]>");
    let guard = now(lock.acquire());
    assert_brackets(&lock, "locked");
    drop(guard);
    assert_brackets(&lock, "unlocked");
}

/// A lock is no future, so it cannot be awaited by mistake; nor does it change by an `acquire` that
/// is not awaited.
#[test]
fn test_lock() {
    assert!(!implements!(Lock: IntoFuture));
    assert!(!implements!(&Lock: IntoFuture));
    assert!(implements!(Acquire<(), &'static Lock>: IntoFuture));

    let lock = Lock::new(());
    drop(lock.acquire());
    assert!(!lock.locked());
}

/// None of the objects with a guard is a future, and none is held because of a guard that was not
/// awaited.
#[test]
fn test_lock_by_with_statement() {
    assert!(!implements!(Lock: IntoFuture));
    assert!(!implements!(Condition: IntoFuture));
    assert!(!implements!(Semaphore: IntoFuture));
    assert!(!implements!(BoundedSemaphore: IntoFuture));

    let (lock, condition) = (Lock::new(()), Condition::new(()));
    let (semaphore, bounded) = (Semaphore::default(), BoundedSemaphore::default());
    drop((lock.acquire(), condition.acquire(), semaphore.acquire(), bounded.acquire()));
    assert!(!lock.locked() && !condition.locked());
    assert!(!semaphore.locked() && !bounded.locked());
}

/// One release lets one waiter in, in order of arrival. A task that comes in between waits for its
/// turn.
#[test]
fn test_acquire() {
    let (lock, log) = (Lock::new(()), Log::new());
    let tasks = Executor::new();
    let enter = |name| {
        let (lock, log) = (&lock, &log);
        tasks.spawn(async move {
            acquire(lock).await;
            log.push(name);
        })
    };
    now(acquire(&lock));
    let (first, second) = (enter(1), enter(2));
    tasks.tick();
    assert!(log.is_empty());

    lock.release().unwrap();
    tasks.tick();
    assert_eq!(log.so_far(), [1]);
    tasks.tick();
    assert_eq!(log.so_far(), [1]);

    let third = enter(3);
    lock.release().unwrap();
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2]);

    lock.release().unwrap();
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2, 3]);
    assert!(first.is_done() && second.is_done() && third.is_done());
}

/// A cancelled waiter leaves nothing behind in the queue.
#[test]
fn test_acquire_cancel() {
    let lock = Lock::new(());
    let tasks = Executor::new();
    let _guard = now(lock.acquire());
    let waiter = tasks.spawn(lock.acquire());
    tasks.tick();
    assert_eq!(lock.waiters(), 1);

    assert!(waiter.cancel());
    assert_eq!(lock.waiters(), 0);
    assert_brackets(&lock, "locked");
}

/// The holder releases in the turn in which the first in line is cancelled: the second gets the
/// lock.
#[test]
fn test_cancel_race() {
    let (lock, leave) = (Lock::new(()), Event::new());
    let tasks = Executor::new();
    let holder = tasks.spawn(async {
        let _guard = lock.acquire().await;
        leave.wait().await;
    });
    tasks.tick();
    assert!(lock.locked());
    let visit = || {
        tasks.spawn(async {
            drop(lock.acquire().await);
        })
    };
    let (first, second) = (visit(), visit());
    tasks.tick();
    assert_eq!(lock.waiters(), 2);

    leave.set();
    assert!(first.cancel());
    tasks.tick();
    assert!(holder.is_done() && !first.is_done());
    // Designated, and not run yet.
    assert!(!lock.locked() && !second.is_done());
    tasks.settle();
    assert!(second.is_done());
    assert_brackets(&lock, "unlocked");
}

/// A waiter is cancelled and the lock released at once: exactly one of the others gets it.
#[test]
fn test_cancel_release_race() {
    let lock = Lock::new(());
    let (calls, holds) = (Cell::new(0), Cell::new(0));
    let tasks = Executor::new();
    let enter = || {
        tasks.spawn(async {
            calls.set(calls.get() + 1);
            acquire(&lock).await;
            holds.set(holds.get() + 1);
        })
    };
    now(acquire(&lock));
    let (first, second, third) = (enter(), enter(), enter());
    tasks.tick();
    assert!(first.cancel());
    lock.release().unwrap();
    tasks.settle();
    assert_eq!((calls.get(), holds.get()), (3, 1));
    assert!(!first.is_done() && second.is_done() && !third.is_done());

    assert!(third.cancel());
    assert_brackets(&lock, "locked");
}

/// A release and the cancellation of the only waiter, in either order, leave the lock to the next
/// task that comes.
#[test]
fn test_finished_waiter_cancelled() {
    for release_first in [false, true] {
        let lock = Lock::new(());
        let tasks = Executor::new();
        now(acquire(&lock));
        let first = tasks.spawn(acquire(&lock));
        tasks.tick();
        assert_eq!(lock.waiters(), 1);

        let second = tasks.spawn(acquire(&lock));
        if release_first {
            lock.release().unwrap();
            assert!(first.cancel());
        } else {
            assert!(first.cancel());
            lock.release().unwrap();
        }
        tasks.tick();
        assert!(lock.locked() && second.is_done() && !first.is_done());
    }
}

/// A release of a lock that is not held is an error, and changes nothing. So is one of a lock that
/// a guard holds.
#[test]
fn test_release_not_acquired() {
    let lock = Lock::new(());
    assert_eq!(lock.release(), Err(NotAcquired));
    assert_eq!(NotAcquired.asyncio_message(), "Lock is not acquired.");
    assert_brackets(&lock, "unlocked");

    let _guard = now(lock.acquire());
    assert_eq!(lock.release(), Err(NotAcquired));
    assert_brackets(&lock, "locked");
}

/// With no waiter, a release leaves the lock free.
#[test]
fn test_release_no_waiters() {
    let lock = Lock::new(());
    now(acquire(&lock));
    assert!(lock.locked());
    lock.release().unwrap();
    assert!(!lock.locked());
}

/// The lock is held as long as the guard's scope.
#[test]
fn test_context_manager() {
    let lock = Lock::new(());
    assert!(!lock.locked());
    {
        let _guard = now(lock.acquire());
        assert!(lock.locked());
    }
    assert!(!lock.locked());
}
