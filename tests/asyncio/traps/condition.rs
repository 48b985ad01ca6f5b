//! Traps of the condition.

use std::cell::Cell;

use awaitlist::{Condition, Event, LockGuard, NotAcquired};
use awaitlist_tests::assert_brackets;

use super::{Log, NOTHING, Stage};

/// Notifies with the lock that another task has left held, and leaves it held.
fn notify(condition: &Condition, n: usize) -> Result<(), NotAcquired> {
    let guard = condition.lock().adopt()?;
    condition.notify(&guard, n);
    LockGuard::forget(guard);
    Ok(())
}

/// A second notification reaches the second waiter, though the first has not run.
#[test]
fn trap_13_notify_skips_those_already_notified() {
    let (condition, log) = (Condition::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.wait_and_hold("a", &condition);
    stage.wait_and_hold("b", &condition);
    let c = stage.wait_and_hold("c", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:3");
    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    assert_brackets(&condition, "locked, waiters:3");
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_brackets(&condition, "locked, waiters:3");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked, waiters:3");
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&condition, "locked, waiters:1");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&condition, "locked, waiters:1");
    assert!(!c.is_done());
}

/// A notified task queues for the lock behind the tasks that waited for the lock before.
#[test]
fn trap_14_the_notified_go_to_the_back_of_the_locks_queue() {
    let (condition, log) = (Condition::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.wait_and_hold("a", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:1");
    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    stage.acquire("x", condition.lock());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "locked, waiters:1");
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_brackets(&condition, "locked, waiters:1");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "locked");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked");
    assert_eq!(stage.settle(), ["x"]);
    assert_brackets(&condition, "locked");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked");
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&condition, "locked");
}

/// A notified task counts among the condition's waiters until it runs; from then on among the
/// lock's.
#[test]
fn trap_15_the_notified_count_as_waiters_until_they_run() {
    let (condition, log) = (Condition::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.wait_and_hold("a", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:1");
    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_brackets(&condition, "locked, waiters:1");
    assert_brackets(condition.lock(), "locked");
    assert_eq!(stage.tick(), NOTHING);
    assert_brackets(&condition, "locked");
    assert_brackets(condition.lock(), "locked, waiters:1");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked");
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&condition, "locked");
}

/// CPython 3.13 wakes another waiter whenever a wait is cancelled, since it does not know whether a
/// notification was used up. We know, and wake no waiter where there was no notification: as in
/// 3.11 and 3.12, `b` keeps waiting.
#[test]
fn trap_16_a_cancelled_waiter_that_was_not_notified_wakes_nobody() {
    let (condition, log) = (Condition::new(()), Log::default());
    let stage = Stage::new(&log);
    let a = stage.wait_and_release("a", &condition);
    let b = stage.wait_and_release("b", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:2");
    assert!(a.cancel());
    assert_brackets(&condition, "unlocked, waiters:1");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:1");
    assert!(!b.is_done());
}

/// A task that is cancelled after it was notified passes the notification on. Ours does so at the
/// drop.
#[test]
fn trap_17_a_cancelled_waiter_passes_its_notification_on() {
    let (condition, log) = (Condition::new(()), Log::default());
    let stage = Stage::new(&log);
    let a = stage.wait_and_release("a", &condition);
    stage.wait_and_release("b", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:2");
    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_brackets(&condition, "locked, waiters:2");
    assert!(a.cancel());
    assert_brackets(&condition, "locked, waiters:1");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&condition, "unlocked");
}

/// In CPython a cancellation that comes while the lock is acquired again is raised only with the
/// lock held. A drop cannot wait for that: the wait is over, and its place in the lock's queue is
/// gone. `wait_or` can: it does not poll its stop any more once it was notified, and returns with
/// the lock held; but it reports that it was notified, since it was.
#[test]
fn trap_18_a_stop_while_acquiring_again_does_not_return_early() {
    let (condition, stop, log) = (Condition::new(()), Event::new(), Log::default());
    let stage = Stage::new(&log);
    stage.wait_or_stop("a", &condition, &stop);
    let b = stage.wait_and_hold("b", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:2");
    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    assert_eq!(notify(&condition, 2), Ok(()));
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(condition.lock(), "locked, waiters:2");

    stop.set();
    assert!(b.cancel());
    assert_brackets(condition.lock(), "locked, waiters:1");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "locked");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked");
    assert_eq!(stage.settle(), ["a: notified"]);
    assert_brackets(&condition, "locked");
}

/// In CPython a cancelled acquire after a notification begins anew, at the back of the lock's
/// queue. With us a stop that comes then is not looked at, so the place is kept: `a` goes before
/// `x`.
#[test]
fn trap_19_a_stop_while_acquiring_again_does_not_cost_the_place() {
    let (condition, stop, log) = (Condition::new(()), Event::new(), Log::default());
    let stage = Stage::new(&log);
    stage.wait_or_stop("a", &condition, &stop);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:1");
    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_eq!(stage.settle(), NOTHING);
    stage.acquire("x", condition.lock());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(condition.lock(), "locked, waiters:2");
    stop.set();
    assert_eq!(stage.settle(), NOTHING);
    assert_eq!(condition.lock().release(), Ok(()));
    assert_eq!(stage.settle(), ["a: notified"]);
    assert_eq!(condition.lock().release(), Ok(()));
    assert_eq!(stage.settle(), ["x"]);
    assert_brackets(&condition, "locked");
}

/// In CPython the lock is held after a cancelled wait. So it is after a `wait_or` that was stopped.
/// It is not after a drop, which cannot return a guard.
#[test]
fn trap_20_after_a_stopped_wait_the_lock_is_held() {
    let (condition, stop, log) = (Condition::new(()), Event::new(), Log::default());
    let stage = Stage::new(&log);
    stage.wait_or_stop("a", &condition, &stop);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:1");
    stop.set();
    assert_eq!(stage.settle(), ["a: stopped"]);
    assert_brackets(&condition, "locked");
    assert_eq!(condition.lock().release(), Ok(()));

    let b = stage.wait_and_hold("b", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:1");
    assert!(b.cancel());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked");
}

/// A predicate that is false after a notification uses that up, and its waiter goes to the back.
#[test]
fn trap_21_a_false_predicate_uses_the_notification_up() {
    let (flag, log) = (Cell::new(0), Log::default());
    let condition = Condition::new(());
    let stage = Stage::new(&log);
    stage.tasks.spawn(async {
        let guard = condition.acquire().await;
        let value = || Some(flag.get()).filter(|flag| *flag != 0);
        let (_guard, value) = condition.wait_for_some(guard, |()| value()).await;
        log.push(format_args!("a: {value}"));
    });
    stage.wait_and_release("b", &condition);
    stage.wait_and_release("c", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:3");

    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked, waiters:3");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:3");

    stage.acquire("h2", condition.lock());
    assert_eq!(stage.settle(), ["h2"]);
    assert_eq!(notify(&condition, 1), Ok(()));
    assert_eq!(condition.lock().release(), Ok(()));
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&condition, "unlocked, waiters:2");

    flag.set(1);
    stage.acquire("h3", condition.lock());
    assert_eq!(stage.settle(), ["h3"]);
    assert_eq!(notify(&condition, 2), Ok(()));
    assert_brackets(&condition, "locked, waiters:2");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_eq!(stage.settle(), ["c", "a: 1"]);
    assert_brackets(&condition, "unlocked");
}

/// A condition checks whether the lock is held, not by which task. Ours needs a guard: any task may
/// adopt a forgotten hold, and so notify. None can if the lock is free. `notify(0)` does nothing.
#[test]
fn trap_22_a_condition_asks_for_a_hold_not_for_the_owner() {
    let (condition, log) = (Condition::new(()), Log::default());
    let stage = Stage::new(&log);
    let a = stage.wait_and_release("a", &condition);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&condition, "unlocked, waiters:1");
    assert_eq!(notify(&condition, 1), Err(NotAcquired));
    assert_brackets(&condition, "unlocked, waiters:1");
    stage.acquire("h", condition.lock());
    assert_eq!(stage.settle(), ["h"]);
    assert_brackets(&condition, "locked, waiters:1");
    assert_eq!(notify(&condition, 0), Ok(()));
    assert_eq!(stage.tasks.tick(), 0, "no task was woken");
    assert_brackets(&condition, "locked, waiters:1");
    let guard = condition.lock().adopt().expect("h has left it held");
    condition.notify_all(&guard);
    LockGuard::forget(guard);
    assert_brackets(&condition, "locked, waiters:1");
    assert_eq!(condition.lock().release(), Ok(()));
    assert_brackets(&condition, "unlocked, waiters:1");
    assert_eq!(stage.settle(), ["a"]);
    assert!(a.is_done());
    assert_brackets(&condition, "unlocked");
}
