//! `ConditionTests`.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use awaitlist::{Block, Condition, Event, Lock, LockGuard, NotAcquired, TimedOut};
use awaitlist_tests::{
    assert_brackets, caught,
    executor::{Executor, Task},
    now,
};

use super::Log;

/// Spawns one that waits for a notification, logs its name when it has the lock again, and lets
/// that go.
fn spawn_waiter<'a>(
    tasks: &Executor<'a>,
    condition: &'a Condition,
    log: &'a Log<u32>,
    name: u32,
) -> Task<'a, ()> {
    tasks.spawn(async move {
        let guard = condition.acquire().await;
        let _guard = condition.wait(guard).await;
        log.push(name);
    })
}

/// A notified task continues when it gets the lock: one for each release, in the order in which
/// they came.
#[test]
fn test_wait() {
    let (condition, log) = (Condition::new(()), Log::new());
    let tasks = Executor::new();
    let waiters = [1, 2, 3].map(|name| {
        let (condition, log) = (&condition, &log);
        tasks.spawn(async move {
            let guard = condition.acquire().await;
            let guard = condition.wait(guard).await;
            log.push(name);
            LockGuard::forget(guard);
        })
    });
    tasks.tick();
    assert!(log.is_empty());
    assert!(!condition.locked());

    let guard = now(condition.acquire());
    condition.notify(&guard, 1);
    tasks.tick();
    assert!(log.is_empty());
    assert!(condition.locked());

    drop(guard);
    tasks.tick();
    assert_eq!(log.so_far(), [1]);
    assert!(condition.locked());

    // The first task has left the lock held, so any task may notify.
    let guard = condition.lock().adopt().unwrap();
    condition.notify(&guard, 2);
    tasks.tick();
    assert_eq!(log.so_far(), [1]);
    assert!(condition.locked());

    drop(guard);
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2]);
    assert!(condition.locked());

    condition.lock().release().unwrap();
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2, 3]);
    assert!(condition.locked());
    assert!(waiters.iter().all(Task::is_done));
}

/// A wait that is given up leaves nothing behind: with the lock held where the guard comes back,
/// with the lock free where the future was dropped.
#[test]
fn test_wait_cancel() {
    let (condition, stop) = (Condition::new(()), Event::new());
    let tasks = Executor::new();
    let guard = now(condition.acquire());
    let stopped = tasks.spawn(condition.wait_or(guard, stop.wait()));
    tasks.tick();
    assert_brackets(&condition, "unlocked, waiters:1");

    stop.set();
    tasks.tick();
    let (guard, outcome) = stopped.result();
    assert_eq!(outcome, Err(()));
    assert_brackets(&condition, "locked");

    let dropped = tasks.spawn(condition.wait(guard));
    tasks.tick();
    assert_brackets(&condition, "unlocked, waiters:1");
    assert!(dropped.cancel());
    assert_brackets(&condition, "unlocked");
}

/// A notification and a stop come together, for a waiter that has to queue for the lock: it ends
/// with the lock held.
#[test]
fn test_wait_cancel_contested() {
    let (condition, stop) = (Condition::new(()), Event::new());
    let tasks = Executor::new();
    let guard = now(condition.acquire());
    let waiter = tasks.spawn(condition.wait_or(guard, stop.wait()));
    tasks.tick();
    assert!(!condition.locked());

    let guard = now(condition.acquire());
    condition.notify(&guard, 1);
    stop.set();
    drop(guard);
    tasks.settle();
    let (_guard, outcome) = waiter.result();
    assert_eq!(outcome, Ok(()), "the notification is looked at first");
    assert_brackets(&condition, "locked");
}

/// A notified waiter is cancelled while it queues for the lock. It leaves that queue, and the lock
/// is free after the release.
#[test]
fn test_wait_cancel_after_notify() {
    let (condition, entered) = (Condition::new(()), Cell::new(false));
    let tasks = Executor::new();
    let waiter = tasks.spawn(async {
        let guard = condition.acquire().await;
        entered.set(true);
        drop(condition.wait(guard).await);
    });
    tasks.tick();
    assert!(entered.get());

    let guard = now(condition.acquire());
    condition.notify(&guard, 1);
    tasks.tick();
    assert_eq!((condition.waiters(), condition.lock().waiters()), (0, 1));
    assert!(waiter.cancel());
    assert_eq!(condition.lock().waiters(), 0);
    tasks.tick();
    drop(guard);
    tasks.tick();
    assert!(!waiter.is_done());
    assert_brackets(&condition, "unlocked");
}

/// A wait takes the guard, so it cannot be without the lock. With the guard of another lock it
/// panics, and lets that one go.
#[test]
fn test_wait_unacquired() {
    let (condition, stranger) = (Condition::new(()), Lock::new(()));
    let guard = now(stranger.acquire());
    let refused = caught(|| condition.wait(guard));
    assert!(refused.message.contains("of another lock"));
    assert_brackets(&stranger, "unlocked");
    assert_brackets(&condition, "unlocked");
}

/// The predicate is asked at once, and after each notification; the wait is over when it is true.
#[test]
fn test_wait_for() {
    let condition = Condition::new(false);
    let asked = Cell::new(0);
    let tasks = Executor::new();
    let waiter = tasks.spawn(async {
        let guard = condition.acquire().await;
        let guard = condition.wait_for(guard, |ready| {
            asked.set(asked.get() + 1);
            *ready
        });
        assert!(*guard.await);
    });
    tasks.tick();
    assert_eq!(asked.get(), 1);

    let guard = now(condition.acquire());
    condition.notify(&guard, 1);
    drop(guard);
    tasks.tick();
    assert_eq!(asked.get(), 2);
    assert!(!waiter.is_done());

    let mut guard = now(condition.acquire());
    *guard = true;
    condition.notify(&guard, 1);
    drop(guard);
    tasks.tick();
    assert_eq!(asked.get(), 3);
    assert!(waiter.is_done());
    assert_brackets(&condition, "unlocked");
}

/// A predicate that is true at once returns at once, with its value. Here that takes the lock as
/// well; without it there is no guard to begin with.
#[test]
fn test_wait_for_unacquired() {
    let condition = Condition::new(());
    assert_eq!(condition.lock().adopt().err(), Some(NotAcquired));

    let guard = now(condition.acquire());
    let (_guard, value) = now(condition.wait_for_some(guard, |()| Some([1, 2, 3])));
    assert_eq!(value, [1, 2, 3]);
    assert_brackets(&condition, "locked");
}

/// One is notified, then as many as there are: they go on in the order in which they came.
#[test]
fn test_notify() {
    let (condition, log) = (Condition::new(()), Log::new());
    let tasks = Executor::new();
    let waiters = [1, 2, 3].map(|name| spawn_waiter(&tasks, &condition, &log, name));
    tasks.tick();
    assert!(log.is_empty());

    let guard = now(condition.acquire());
    condition.notify(&guard, 1);
    drop(guard);
    tasks.tick();
    assert_eq!(log.so_far(), [1]);

    let guard = now(condition.acquire());
    condition.notify(&guard, 1);
    condition.notify(&guard, 2048);
    drop(guard);
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2, 3]);
    assert!(waiters.iter().all(Task::is_done));
}

/// All are notified, and go on in the order in which they came.
#[test]
fn test_notify_all() {
    let (condition, log) = (Condition::new(()), Log::new());
    let tasks = Executor::new();
    let waiters = [1, 2].map(|name| spawn_waiter(&tasks, &condition, &log, name));
    tasks.tick();
    assert!(log.is_empty());

    let guard = now(condition.acquire());
    condition.notify_all(&guard);
    drop(guard);
    tasks.tick();
    assert_eq!(log.so_far(), [1, 2]);
    assert!(waiters.iter().all(Task::is_done));
}

/// A condition with one waiter, which a notification with the guard of another lock does not reach.
#[track_caller]
fn assert_reaches_nobody(notify: impl FnOnce(&Condition, &LockGuard<'_>)) {
    let (condition, stranger, log) = (Condition::new(()), Lock::new(()), Log::new());
    let tasks = Executor::new();
    let waiter = spawn_waiter(&tasks, &condition, &log, 1);
    tasks.tick();

    assert_eq!(condition.lock().adopt().err(), Some(NotAcquired));
    let guard = now(stranger.acquire());
    let refused = caught(|| notify(&condition, &guard));
    assert!(refused.message.contains("of another lock"));
    tasks.settle();
    assert!(!waiter.is_done());
    assert_brackets(&condition, "unlocked, waiters:1");
}

/// To notify takes the guard, so it cannot be without the lock. With the guard of another lock it
/// panics.
#[test]
fn test_notify_unacquired() {
    assert_reaches_nobody(|condition, guard| condition.notify(guard, 1));
}

/// As for one, so for all.
#[test]
fn test_notify_all_unacquired() {
    assert_reaches_nobody(|condition, guard| condition.notify_all(guard));
}

/// The brackets show whether the lock is held, and how many wait for a notification.
#[test]
fn test_repr() {
    let (condition, log) = (Condition::new(()), Log::new());
    let tasks = Executor::new();
    assert_eq!(condition.to_string(), "<Condition [unlocked]>");
    let guard = now(condition.acquire());
    assert_brackets(&condition, "locked");
    drop(guard);

    spawn_waiter(&tasks, &condition, &log, 1);
    tasks.tick();
    assert_brackets(&condition, "unlocked, waiters:1");
    spawn_waiter(&tasks, &condition, &log, 2);
    tasks.tick();
    assert_brackets(&condition, "unlocked, waiters:2");
    let _guard = now(condition.acquire());
    assert_brackets(&condition, "locked, waiters:2");
}

/// The lock is held as long as the guard's scope.
#[test]
fn test_context_manager() {
    let condition = Condition::new(());
    assert!(!condition.locked());
    {
        let _guard = now(condition.acquire());
        assert!(condition.locked());
    }
    assert!(!condition.locked());
}

/// A condition and the lock that it was given are held and free together, whichever was acquired.
#[test]
fn test_explicit_lock() {
    fn assert_together<L: std::borrow::Borrow<Lock<()>>>(condition: &Condition<(), L>) {
        let lock = condition.lock();
        assert!(!lock.locked() && !condition.locked());
        let guard = now(condition.acquire());
        assert!(lock.locked() && condition.locked());
        drop(guard);
        assert!(!lock.locked() && !condition.locked());
        let guard = now(lock.acquire());
        assert!(lock.locked() && condition.locked());
        drop(guard);
        assert!(!lock.locked() && !condition.locked());
    }
    assert_together(&Condition::new(()));
    assert_together(&Condition::with_lock(Lock::new(())));

    let lock = Lock::new(());
    let condition = Condition::with_lock(&lock);
    assert!(std::ptr::eq(condition.lock(), &raw const lock));
    assert_together(&condition);

    let lock = Arc::new(Lock::new(()));
    let condition = Condition::with_lock(Arc::clone(&lock));
    assert!(std::ptr::eq(condition.lock(), Arc::as_ptr(&lock)));
    assert_together(&condition);
}

/// There is no loop to be bound to: tasks of two executors wait for one lock and for one condition.
#[test]
fn test_ambiguous_loops() {
    let (condition, log) = (Condition::new(()), Log::new());
    let (one, other) = (Executor::new(), Executor::new());
    let guard = now(condition.acquire());
    let waiters =
        [spawn_waiter(&one, &condition, &log, 1), spawn_waiter(&other, &condition, &log, 2)];
    one.settle();
    other.settle();
    assert_eq!(condition.lock().waiters(), 2, "both queue for the lock");
    drop(guard);
    one.settle();
    other.settle();
    assert_eq!(condition.waiters(), 2, "both wait for the notification");

    condition.notify_all(&now(condition.acquire()));
    one.settle();
    other.settle();
    assert_eq!(log.so_far(), [1, 2]);
    assert!(waiters.iter().all(Task::is_done));
}

/// A wait that times out returns the guard, and the block that has the lock continues.
#[test]
fn test_timeout_in_block() {
    let condition = Condition::new(1);
    let guard = condition.acquire().block();
    let (mut guard, outcome) = condition.wait(guard).block_or_timeout(Duration::ZERO);
    assert_eq!(outcome, Err(TimedOut));
    *guard += 1;
    assert_brackets(&condition, "locked");
    drop(guard);
    assert_eq!(*now(condition.acquire()), 2);
}

/// What stopped a wait for a notification comes out of it as it went in.
#[test]
fn test_cancelled_error_wakeup() {
    let (condition, stop) = (Condition::new(()), Event::new());
    let reason = Rc::new("no longer wanted");
    let tasks = Executor::new();
    let waiter = tasks.spawn(async {
        let guard = condition.acquire().await;
        let stopped = async {
            stop.wait().await;
            Rc::clone(&reason)
        };
        condition.wait_or(guard, stopped).await.1
    });
    tasks.tick();
    stop.set();
    tasks.tick();
    let error = waiter.result().expect_err("it was not notified");
    assert!(Rc::ptr_eq(&error, &reason));
    assert_brackets(&condition, "unlocked");
}

/// Once notified, nothing stops the wait: what would have is dropped, and the wait ends well when
/// the lock is got.
#[test]
fn test_cancelled_error_re_aquire() {
    let (condition, stop) = (Condition::new(()), Event::new());
    let tasks = Executor::new();
    let waiter = tasks.spawn(async {
        let guard = condition.acquire().await;
        condition.wait_or(guard, stop.wait()).await.1
    });
    tasks.tick();
    assert_eq!(stop.waiters(), 1);

    let guard = now(condition.acquire());
    condition.notify(&guard, 1);
    tasks.tick();
    assert_eq!(condition.lock().waiters(), 1, "it queues for the lock");
    assert_eq!(stop.waiters(), 0, "and does not look at the stop any more");
    stop.set();
    tasks.settle();
    assert!(!waiter.is_done());
    drop(guard);
    tasks.settle();
    assert_eq!(waiter.result(), Ok(()));
}

/// Two wait for items; the one notified of the first is cancelled, with `turns` turns in between:
/// the other gets it.
#[track_caller]
fn assert_item_reaches_the_other(turns: usize) {
    let condition = Condition::new(0);
    let consume = async || {
        let mut guard = condition.acquire().await;
        loop {
            guard = condition.wait_for(guard, |items| *items != 0).await;
            if *guard < 0 {
                return;
            }
            *guard -= 1;
        }
    };
    let tasks = Executor::new();
    let consumers = [tasks.spawn(consume()), tasks.spawn(consume())];
    tasks.tick();
    assert_eq!(condition.waiters(), 2);

    let mut guard = now(condition.acquire());
    *guard += 1;
    condition.notify(&guard, 1);
    for _ in 0..turns {
        tasks.tick();
    }
    assert_eq!(condition.lock().waiters(), turns.min(1));
    assert!(consumers[0].cancel());
    drop(guard);
    tasks.settle();
    let mut guard = now(condition.acquire());
    assert_eq!(*guard, 0, "the item was consumed");

    *guard = -1;
    condition.notify_all(&guard);
    drop(guard);
    tasks.settle();
    assert!(consumers[1].is_done());
}

/// Cancelled before it has run: the notification goes to the next.
#[test]
fn test_cancelled_wakeup() {
    assert_item_reaches_the_other(0);
}

/// Cancelled when it queues for the lock: the notification goes to the next.
#[test]
fn test_cancelled_wakeup_relock() {
    assert_item_reaches_the_other(1);
}
