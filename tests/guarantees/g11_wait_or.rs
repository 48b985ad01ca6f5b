//! Each poll checks for the notification first. A ready stop always returns its output, and a
//! notification that came meanwhile goes to the next waiter. The lock is released before the stop's
//! first poll; after either, it is not polled.

use awaitlist::{Condition, Event};
use awaitlist_tests::now;
use std::{
    cell::Cell,
    future::{pending, poll_fn, ready},
    task::Poll,
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

/// Says when it is dropped.
struct Dropped<'a>(&'a Cell<bool>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn the_lock_is_let_go_before_the_stop_is_polled_for_the_first_time() {
    let condition = Condition::new(());
    let free_then = Cell::new(false);
    let stop = poll_fn(|_| {
        free_then.set(!condition.locked());
        Poll::Ready(())
    });
    let (_guard, outcome) = now(condition.wait_or(now(condition.acquire()), stop));
    assert_eq!(outcome, Err(()));
    assert!(free_then.get());
}

#[test]
fn a_wait_that_was_never_polled_does_not_poll_its_stop() {
    let condition = Condition::new(());
    let stop = poll_fn(|_| -> Poll<()> { unreachable!() });
    drop(condition.wait_or(now(condition.acquire()), stop));
    assert!(!condition.locked());
}

#[test]
fn one_notified_does_not_poll_its_stop() {
    let condition = Condition::new(());
    let polls = Cell::new(0);
    let stop = poll_fn(|_| {
        polls.set(polls.get() + 1);
        // Ready the second time: too late, as the notification is looked at first.
        if polls.get() == 1 { Poll::Pending } else { Poll::Ready(()) }
    });
    let mut wait = spawn(condition.wait_or(now(condition.acquire()), stop));
    assert_pending!(wait.poll());
    let held = now(condition.acquire());
    condition.notify(&held, 1);
    assert_pending!(wait.poll());
    drop(held);
    assert_eq!(assert_ready!(wait.poll()).1, Ok(()));
    assert_eq!(polls.get(), 1);
}

#[test]
fn the_stop_is_dropped_as_soon_as_either_has_happened() {
    for notified in [true, false] {
        let condition = Condition::new(());
        let (stopped, gone) = (Cell::new(false), Cell::new(false));
        let dropped = Dropped(&gone);
        let stopped_by = &stopped;
        let stop = poll_fn(move |_| {
            // Moved in, so it is dropped with the stop, not when the stop is ready.
            let _inside = &dropped;
            if stopped_by.get() { Poll::Ready(()) } else { Poll::Pending }
        });
        let mut wait = spawn(condition.wait_or(now(condition.acquire()), stop));
        assert_pending!(wait.poll());
        let held = now(condition.acquire());
        if notified {
            condition.notify(&held, 1);
        } else {
            stopped.set(true);
        }
        assert!(!gone.get());
        // It waits for the lock by now, without its stop.
        assert_pending!(wait.poll());
        assert!(gone.get());
        drop(held);
        let (_guard, outcome) = assert_ready!(wait.poll());
        assert_eq!(outcome.is_ok(), notified);
    }
}

#[test]
fn a_stop_is_not_polled_again_while_the_lock_is_waited_for() {
    let condition = Condition::new(());
    let held = now(condition.acquire());
    let mut other = spawn(condition.acquire());
    assert_pending!(other.poll());
    let polls = Cell::new(0);
    let stop = poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::Ready(polls.get())
    });
    let mut wait = spawn(condition.wait_or(held, stop));
    assert_pending!(wait.poll());
    assert_pending!(wait.poll());
    drop(assert_ready!(other.poll()));
    assert_eq!(assert_ready!(wait.poll()).1, Err(1));
    assert_eq!(polls.get(), 1);
}

#[test]
fn a_notification_that_comes_before_the_stop_wins() {
    let condition = Condition::new(());
    let stopped = Event::new();
    let mut wait = spawn(condition.wait_or(now(condition.acquire()), stopped.wait()));
    assert_pending!(wait.poll());
    condition.notify(&now(condition.acquire()), 1);
    stopped.set();
    assert_eq!(assert_ready!(wait.poll()).1, Ok(()));
    assert_eq!(stopped.waiters(), 0);
}

#[test]
fn a_notification_that_comes_while_the_stop_is_polled_goes_to_the_next_waiter() {
    let condition = Condition::new(());
    let armed = Cell::new(false);
    let stop = poll_fn(|_| {
        if !armed.get() {
            return Poll::Pending;
        }
        condition.notify(&condition.try_acquire().unwrap(), 1);
        Poll::Ready("stopped")
    });
    let mut first = spawn(condition.wait_or(now(condition.acquire()), stop));
    assert_pending!(first.poll());
    let mut second = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(second.poll());
    armed.set(true);
    let (guard, outcome) = assert_ready!(first.poll());
    assert_eq!(outcome, Err("stopped"));
    assert!(second.is_woken());
    drop(guard);
    drop(assert_ready!(second.poll()));
}

#[test]
fn a_stop_without_a_notification_wakes_no_other_waiter() {
    let condition = Condition::new(());
    let mut other = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(other.poll());
    let (guard, outcome) = now(condition.wait_or(now(condition.acquire()), ready(())));
    assert_eq!(outcome, Err(()));
    assert!(!other.is_woken());
    assert_eq!(condition.waiters(), 1);
    drop(guard);
}

#[test]
fn one_stopped_is_not_notified_any_more() {
    let condition = Condition::new(());
    let held = now(condition.acquire());
    let mut in_between = spawn(condition.acquire());
    assert_pending!(in_between.poll());
    let mut stopped = spawn(condition.wait_or(held, ready(())));
    assert_pending!(stopped.poll());
    let guard = assert_ready!(in_between.poll());
    let mut waits = spawn(condition.wait(guard));
    assert_pending!(waits.poll());
    let guard = assert_ready!(stopped.poll()).0;
    condition.notify(&guard, 1);
    assert!(waits.is_woken());
}

#[test]
fn a_stop_that_panics_leaves_the_lock_free_and_passes_the_notification_on() {
    let condition = Condition::new(());
    let armed = Cell::new(false);
    let stop = poll_fn(|_| -> Poll<()> {
        if armed.get() {
            condition.notify(&condition.try_acquire().unwrap(), 1);
            panic!("in the stop");
        }
        Poll::Pending
    });
    let mut first = spawn(condition.wait_or(now(condition.acquire()), stop));
    assert_pending!(first.poll());
    let mut second = spawn(condition.wait_or(now(condition.acquire()), pending::<()>()));
    assert_pending!(second.poll());
    armed.set(true);
    assert_eq!(awaitlist_tests::caught(|| first.poll()).message, "in the stop");
    assert!(!condition.locked());
    drop(first);
    assert!(second.is_woken());
    assert_eq!(assert_ready!(second.poll()).1, Ok(()));
}
