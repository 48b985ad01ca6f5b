//! `Event`: every method.

use awaitlist::{Block, Event, TimedOut};
use awaitlist_tests::{TestWaker, now, poll, waiting};
use std::{
    sync::{Arc, Mutex},
    task::Waker,
    thread,
    time::{Duration, Instant},
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

static READY: Event = Event::new();
static NAMED: Event = Event::named("ready");

#[test]
fn a_new_event_is_not_set() {
    assert!(!Event::new().is_set());
    assert!(!Event::default().is_set());
    assert!(!NAMED.is_set());
}

#[test]
fn a_static_event_is_set_and_waited_for() {
    READY.set();
    assert!(READY.is_set());
    now(READY.wait());
    READY.clear();
    assert!(!READY.is_set());
}

#[test]
fn a_wait_returns_when_the_event_is_set() {
    let event = Event::new();
    let mut wait = spawn(event.wait());
    assert_pending!(wait.poll());
    assert_eq!(event.waiters(), 1);
    event.set();
    assert!(wait.is_woken());
    assert_ready!(wait.poll());
    assert_eq!(event.waiters(), 0);
    assert!(event.is_set());
}

#[test]
fn a_wait_on_a_set_event_returns_at_once_and_does_not_use_the_flag_up() {
    let event = Event::new();
    event.set();
    for _ in 0..3 {
        now(event.wait());
    }
    assert!(event.is_set());
}

#[test]
fn the_flag_counts_at_the_first_poll_not_when_the_wait_is_made() {
    let event = Event::new();
    event.set();
    let mut made_while_set = spawn(event.wait());
    event.clear();
    let mut made_while_clear = spawn(event.wait());
    assert_pending!(made_while_set.poll());
    event.set();
    assert_ready!(made_while_set.poll());
    assert_ready!(made_while_clear.poll());
}

#[test]
fn set_and_clear_do_nothing_more_the_second_time() {
    let event = Event::new();
    event.clear();
    assert!(!event.is_set());
    event.set();
    event.set();
    assert!(event.is_set());
    event.clear();
    event.clear();
    assert!(!event.is_set());
    assert_pending!(spawn(event.wait()).poll());
}

#[test]
fn set_on_a_set_event_wakes_nobody_again() {
    let event = Event::new();
    let test_waker = TestWaker::new();
    let wait = waiting(event.wait(), &test_waker.waker());
    event.set();
    event.set();
    event.clear();
    event.set();
    assert_eq!(test_waker.wakes(), 1);
    assert_eq!(event.waiters(), 1);
    drop(wait);
}

#[test]
fn an_owned_wait_keeps_the_event_alive_until_it_is_over() {
    let event = Arc::new(Event::new());
    let mut wait = spawn(event.wait_owned());
    assert_pending!(wait.poll());
    let weak = Arc::downgrade(&event);
    event.set();
    drop(event);
    assert_ready!(wait.poll());
    drop(wait);
    assert!(weak.upgrade().is_none());
}

#[test]
fn borrowed_and_owned_waits_are_woken_in_the_order_in_which_they_came() {
    let event = Arc::new(Event::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let noting = |name| {
        let order = Arc::clone(&order);
        TestWaker::new().on_wake(move || order.lock().unwrap().push(name))
    };
    let (first, second, third) = (noting(1), noting(2), noting(3));
    let a = waiting(event.wait_owned(), &first.waker());
    let b = waiting(event.wait(), &second.waker());
    let c = waiting(event.wait_owned(), &third.waker());
    event.set();
    assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
    drop((a, b, c));
}

#[test]
fn display_prints_asyncios_brackets() {
    let event = Event::new();
    assert_eq!(event.to_string(), "<Event [unset]>");
    let mut first = spawn(event.wait());
    let mut second = spawn(event.wait());
    assert_pending!(first.poll());
    assert_eq!(event.to_string(), "<Event [unset, waiters:1]>");
    assert_pending!(second.poll());
    event.set();
    assert_eq!(event.to_string(), "<Event [set, waiters:2]>");
    assert_ready!(first.poll());
    event.clear();
    assert_eq!(event.to_string(), "<Event [unset, waiters:1]>");
    event.set();
    drop(second);
    assert_eq!(event.to_string(), "<Event [set]>");
}

#[test]
fn debug_shows_the_flag_and_the_waiters() {
    let event = Event::new();
    let mut wait = spawn(event.wait());
    assert_pending!(wait.poll());
    assert_eq!(format!("{event:?}"), "Event { set: false, waiters: 1 }");
    event.set();
    assert_eq!(format!("{event:?}"), "Event { set: true, waiters: 1 }");
}

#[test]
fn a_future_prints_whether_it_is_queued() {
    let event = Event::new();
    let mut wait = Box::pin(event.wait());
    assert_eq!(format!("{wait:?}"), "Wait { queued: false, .. }");
    assert!(poll(&mut wait, Waker::noop()).is_pending());
    assert_eq!(format!("{wait:?}"), "Wait { queued: true, .. }");
}

#[test]
fn a_thread_waits_until_a_task_sets_the_event() {
    let event = Arc::new(Event::new());
    let waiting = event.wait_owned();
    let thread = thread::spawn(move || waiting.block());
    while event.waiters() == 0 {
        thread::yield_now();
    }
    event.set();
    thread.join().unwrap();
}

#[test]
fn a_wait_that_times_out_leaves_the_queue() {
    let event = Event::new();
    assert_eq!(event.wait().block_timeout(Duration::ZERO), Err(TimedOut));
    assert_eq!(event.wait().block_deadline(Instant::now()), Err(TimedOut));
    assert_eq!(event.waiters(), 0);
    event.set();
    assert_eq!(event.wait().block_timeout(Duration::ZERO), Ok(()));
}
