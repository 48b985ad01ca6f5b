//! Waits for an event.

use awaitlist::Event;
use awaitlist_tests::now;
use std::sync::Arc;
use tokio_test::{assert_pending, assert_ready, task::spawn};

#[test]
fn never_polled_it_was_never_there() {
    let event = Arc::new(Event::new());
    drop(spawn(event.wait()));
    drop(spawn(event.wait_owned()));
    assert_eq!((event.waiters(), Arc::strong_count(&event)), (0, 1));
}

#[test]
fn queued_its_place_goes_and_the_others_are_released_as_ever() {
    for place in 0..3 {
        let event = Event::new();
        let mut waits: Vec<_> = (0..3).map(|_| spawn(event.wait())).collect();
        for wait in &mut waits {
            assert_pending!(wait.poll());
        }
        drop(waits.remove(place));
        assert_eq!(event.waiters(), 2);
        assert!(waits.iter().all(|wait| !wait.is_woken()));
        event.set();
        for wait in &mut waits {
            assert!(wait.is_woken());
            assert_ready!(wait.poll());
        }
        assert_eq!(event.waiters(), 0);
    }
}

#[test]
fn queued_alone_it_leaves_no_trace() {
    let event = Arc::new(Event::new());
    let mut wait = spawn(event.wait_owned());
    assert_pending!(wait.poll());
    drop(wait);
    assert_eq!((event.waiters(), Arc::strong_count(&event)), (0, 1));
    event.set();
    now(event.wait());
}

#[test]
fn released_it_has_no_effect_on_the_others_or_the_flag() {
    for place in 0..3 {
        let event = Event::new();
        let mut waits: Vec<_> = (0..3).map(|_| spawn(event.wait())).collect();
        for wait in &mut waits {
            assert_pending!(wait.poll());
        }
        event.set();
        drop(waits.remove(place));
        assert_eq!((event.waiters(), event.is_set()), (2, true));
        event.clear();
        for wait in &mut waits {
            assert_ready!(wait.poll());
        }
        // What it did not use is not there for a newcomer.
        assert_pending!(spawn(event.wait()).poll());
    }
}
