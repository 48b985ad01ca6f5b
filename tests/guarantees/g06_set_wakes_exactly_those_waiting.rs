//! `Event::set` releases the waiters of that moment and no others, though it wakes them in batches.

use awaitlist::Event;
use awaitlist_tests::{TestWaker, now, once, poll, waiting};
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::Waker,
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

/// More than go into one batch, or two.
const MANY: usize = 100;

type Wait = Pin<Box<awaitlist::event::WaitOwned>>;

#[test]
fn set_then_clear_releases_those_who_waited_and_nobody_who_comes_later() {
    let event = Event::new();
    let mut before = spawn(event.wait());
    assert_pending!(before.poll());
    event.set();
    event.clear();
    let mut after = spawn(event.wait());
    assert_pending!(after.poll());
    assert!(before.is_woken() && !after.is_woken());
    assert_ready!(before.poll());
    assert_pending!(after.poll());
    assert_eq!(event.waiters(), 1);
}

#[test]
fn one_released_returns_though_the_event_was_set_and_cleared_many_times_since() {
    let event = Event::new();
    let mut released = spawn(event.wait());
    assert_pending!(released.poll());
    for _ in 0..5 {
        event.set();
        event.clear();
    }
    assert_ready!(released.poll());
}

#[test]
fn a_newcomer_finds_the_flag_before_those_who_were_woken_have_run() {
    let event = Event::new();
    let mut woken = spawn(event.wait());
    assert_pending!(woken.poll());
    event.set();
    now(event.wait());
    assert_eq!(event.waiters(), 1);
    assert_ready!(woken.poll());
}

#[test]
fn each_of_many_is_woken_once_in_order() {
    let event = Event::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waits = Vec::new();
    for n in 0..MANY {
        let order = Arc::clone(&order);
        let test_waker = TestWaker::new().on_wake(move || order.lock().unwrap().push(n));
        waits.push(waiting(event.wait(), &test_waker.waker()));
    }
    event.set();
    assert_eq!(*order.lock().unwrap(), (0..MANY).collect::<Vec<_>>());
    for wait in &mut waits {
        assert!(poll(wait, Waker::noop()).is_ready());
    }
    assert_eq!(event.waiters(), 0);
}

/// `MANY` waiters of an event, the first of which runs `meanwhile` from inside its wake.
fn set_with(
    event: &Arc<Event>,
    meanwhile: impl FnOnce() + Send + 'static,
) -> Vec<(TestWaker, Wait)> {
    let first = TestWaker::new().on_wake(once(meanwhile));
    let mut waits = Vec::new();
    for test_waker in std::iter::once(first).chain((1..MANY).map(|_| TestWaker::new())) {
        let wait = waiting(event.wait_owned(), &test_waker.waker());
        waits.push((test_waker, wait));
    }
    event.set();
    waits
}

#[test]
fn a_clear_from_inside_a_wake_keeps_nobody_back() {
    let event = Arc::new(Event::new());
    let clearing = Arc::clone(&event);
    let waits = set_with(&event, move || clearing.clear());
    assert!(!event.is_set());
    for (test_waker, mut wait) in waits {
        assert_eq!(test_waker.wakes(), 1);
        assert!(poll(&mut wait, Waker::noop()).is_ready());
    }
}

#[test]
fn one_who_comes_from_inside_a_wake_after_a_clear_is_not_released() {
    let event = Arc::new(Event::new());
    let newcomer = Arc::new(Mutex::new(None));
    let (clearing, late) = (Arc::clone(&event), Arc::clone(&newcomer));
    let waits = set_with(&event, move || {
        clearing.clear();
        let test_waker = TestWaker::new();
        let wait = waiting(clearing.wait_owned(), &test_waker.waker());
        *late.lock().unwrap() = Some((test_waker, wait));
    });
    assert!(waits.iter().all(|(test_waker, _)| test_waker.wakes() == 1));
    let (test_waker, mut wait) = newcomer.lock().unwrap().take().unwrap();
    assert_eq!(test_waker.wakes(), 0);
    assert!(poll(&mut wait, Waker::noop()).is_pending());
    event.set();
    assert!(poll(&mut wait, Waker::noop()).is_ready());
}

#[test]
fn a_second_set_from_inside_a_wake_releases_the_newcomers_between() {
    let event = Arc::new(Event::new());
    let newcomer = Arc::new(Mutex::new(None));
    let (again, late) = (Arc::clone(&event), Arc::clone(&newcomer));
    let waits = set_with(&event, move || {
        again.clear();
        let test_waker = TestWaker::new();
        let wait = waiting(again.wait_owned(), &test_waker.waker());
        again.set();
        *late.lock().unwrap() = Some((test_waker, wait));
    });
    assert!(waits.iter().all(|(test_waker, _)| test_waker.wakes() == 1));
    let (test_waker, mut wait) = newcomer.lock().unwrap().take().unwrap();
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut wait, Waker::noop()).is_ready());
}

#[test]
fn one_released_whose_wake_is_still_to_come_returns_if_it_is_polled() {
    let event = Arc::new(Event::new());
    let last = Arc::new(Mutex::new(None::<Wait>));
    let (clearing, polled) = (Arc::clone(&event), Arc::clone(&last));
    let first = TestWaker::new().on_wake(once(move || {
        clearing.clear();
        let mut last = polled.lock().unwrap().take().unwrap();
        assert!(poll(&mut last, Waker::noop()).is_ready());
    }));
    let mut waits = vec![waiting(event.wait_owned(), &first.waker())];
    waits.extend((1..MANY).map(|_| waiting(event.wait_owned(), Waker::noop())));
    let test_waker = TestWaker::new();
    *last.lock().unwrap() = Some(waiting(event.wait_owned(), &test_waker.waker()));
    event.set();
    assert!(last.lock().unwrap().is_none());
    assert_eq!((test_waker.wakes(), test_waker.alive()), (0, 0));
    assert_eq!(event.waiters(), MANY);
}

#[test]
fn those_dropped_from_inside_a_wake_are_gone_and_the_others_are_woken() {
    let event = Arc::new(Event::new());
    let dropped = Arc::new(Mutex::new(Vec::<Wait>::new()));
    let victims = Arc::clone(&dropped);
    let first = TestWaker::new().on_wake(once(move || {
        let victims = std::mem::take(&mut *victims.lock().unwrap());
        drop(victims);
    }));
    let (kept, gone) = (TestWaker::new(), TestWaker::new());
    let mut waits = vec![waiting(event.wait_owned(), &first.waker())];
    for n in 1..MANY {
        if n % 2 == 0 {
            waits.push(waiting(event.wait_owned(), &kept.waker()));
        } else {
            let wait = waiting(event.wait_owned(), &gone.waker());
            dropped.lock().unwrap().push(wait);
        }
    }
    event.set();
    assert_eq!(kept.wakes(), waits.len() - 1);
    assert_eq!(gone.alive(), 0);
    assert_eq!(event.waiters(), waits.len());
}
