//! A predicate, or a stop: what `wait_for_or` and `wait_for_some_or` return, and what they leave
//! behind.

use awaitlist::{Condition, Event, Lock};
use awaitlist_tests::{TestWaker, caught, now, poll, waiting};
use std::{
    cell::Cell,
    future::{pending, poll_fn, ready},
    sync::Arc,
    task::{Poll, Waker},
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

#[test]
fn a_predicate_that_is_true_at_once_polls_no_stop_and_never_lets_the_lock_go() {
    let condition = Condition::new(4);
    let mut other = spawn(condition.acquire());
    let guard = now(condition.acquire());
    assert_pending!(other.poll());
    let never = || poll_fn(|_| -> Poll<()> { unreachable!() });
    let (guard, outcome) = now(condition.wait_for_or(guard, |n| *n == 4, never()));
    assert_eq!(outcome, Ok(()));
    let (guard, half) = now(condition.wait_for_some_or(guard, |n| Some(*n / 2), never()));
    assert_eq!((*guard, half), (4, Ok(2)));
    assert!(!other.is_woken());
}

#[test]
fn a_stop_answers_its_output_and_the_guard_whatever_the_predicate_would_say() {
    let condition = Condition::new(0);
    let asked = Cell::new(0);
    let ask = |n: &mut i32| {
        asked.set(asked.get() + 1);
        *n > 0
    };
    let stop = Event::new();
    let mut wait = spawn(condition.wait_for_or(now(condition.acquire()), ask, stop.wait()));
    assert_pending!(wait.poll());
    *now(condition.acquire()) = 1;
    stop.set();
    let (guard, outcome) = assert_ready!(wait.poll());
    assert_eq!((*guard, outcome, asked.get()), (1, Err(()), 1));
    assert!(condition.locked());
    assert_eq!((condition.waiters(), stop.waiters()), (0, 0));
}

#[test]
fn after_a_notification_in_vain_it_waits_for_both_again() {
    let condition = Condition::new(0);
    let stop = Event::new();
    let ask = |n: &mut i32| (*n == 2).then_some(*n);
    let mut wait = spawn(condition.wait_for_some_or(now(condition.acquire()), ask, stop.wait()));
    for value in [1, 2] {
        assert_pending!(wait.poll());
        assert_eq!((condition.waiters(), stop.waiters()), (1, 1));
        assert!(!condition.locked());
        let mut guard = now(condition.acquire());
        *guard = value;
        condition.notify(&guard, 1);
        drop(guard);
        assert!(wait.is_woken());
    }
    let (guard, outcome) = assert_ready!(wait.poll());
    assert_eq!((*guard, outcome), (2, Ok(2)));
    let mut wait = spawn(condition.wait_for_some_or(guard, |_| None::<()>, stop.wait()));
    assert_pending!(wait.poll());
    stop.set();
    assert_eq!(assert_ready!(wait.poll()).1, Err(()));
}

#[test]
fn a_notification_that_came_with_the_stop_is_looked_at_first() {
    let condition = Condition::new(false);
    let stop = Event::new();
    let mut wait = spawn(condition.wait_for_or(now(condition.acquire()), |set| *set, stop.wait()));
    assert_pending!(wait.poll());
    let mut guard = now(condition.acquire());
    *guard = true;
    condition.notify(&guard, 1);
    drop(guard);
    stop.set();
    assert_eq!(assert_ready!(wait.poll()).1, Ok(()));
}

#[test]
fn a_notification_that_comes_after_the_stop_goes_to_another() {
    let condition = Condition::new(());
    let stop = Event::new();
    let mut stopped =
        spawn(condition.wait_for_or(now(condition.acquire()), |()| false, stop.wait()));
    assert_pending!(stopped.poll());
    let mut other = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(other.poll());
    let held = now(condition.acquire());
    stop.set();
    assert_pending!(stopped.poll());
    condition.notify(&held, 1);
    assert!(other.is_woken());
    drop(held);
    assert_eq!(assert_ready!(stopped.poll()).1, Err(()));
    drop(assert_ready!(other.poll()));
}

#[test]
fn one_stopped_waits_for_the_lock_at_the_back_of_its_queue() {
    let condition = Condition::new(());
    let guard = now(condition.acquire());
    let mut other = spawn(condition.acquire());
    assert_pending!(other.poll());
    let mut wait = spawn(condition.wait_for_or(guard, |()| false, ready(1)));
    assert_pending!(wait.poll());
    assert_eq!((condition.waiters(), condition.lock().waiters()), (0, 2));
    drop(assert_ready!(other.poll()));
    assert_eq!(assert_ready!(wait.poll()).1, Err(1));
}

#[test]
fn dropped_it_passes_a_notification_on_and_holds_nothing() {
    let condition = Condition::new(());
    let test_waker = TestWaker::new();
    let first = waiting(
        condition.wait_for_or(now(condition.acquire()), |()| false, pending::<()>()),
        Waker::noop(),
    );
    let waker = test_waker.waker();
    let mut second = waiting(condition.wait(now(condition.acquire())), &waker);
    condition.notify(&now(condition.acquire()), 1);
    drop(first);
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut second, &waker).is_ready());
    assert_eq!((condition.locked(), condition.waiters()), (false, 0));
    drop(condition.wait_for_or(now(condition.acquire()), |()| false, pending::<()>()));
    assert!(!condition.locked());
}

#[test]
fn a_panic_of_the_predicate_releases_the_lock() {
    let condition = Condition::new(());
    let ask = |(): &mut ()| -> bool { panic!("in the predicate") };
    caught(|| now(condition.wait_for_or(now(condition.acquire()), ask, pending::<()>())));
    assert_eq!((condition.locked(), condition.waiters()), (false, 0));
}

#[test]
fn an_owned_guard_comes_back_owned() {
    let condition = Condition::with_lock(Arc::new(Lock::new(2)));
    let guard = now(condition.acquire_owned());
    let (guard, outcome) = now(condition.wait_for_or(guard, |n| *n > 2, ready(())));
    drop(condition);
    assert_eq!((*guard, outcome), (2, Err(())));
}

#[test]
fn they_say_what_they_are() {
    let condition = Condition::new(());
    let wait = condition.wait_for_or(now(condition.acquire()), |()| false, ready(()));
    assert!(format!("{wait:?}").starts_with("WaitForOr {"));
    drop(wait);
    let wait = condition.wait_for_some_or(now(condition.acquire()), |()| None::<()>, ready(()));
    assert!(format!("{wait:?}").starts_with("WaitForSomeOr {"));
}
