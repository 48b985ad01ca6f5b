//! Traps of the event.

use awaitlist::Event;
use awaitlist_tests::assert_brackets;

use super::{Log, NOTHING, Stage};

/// Tasks that waited at the set return, though the flag is cleared before they run.
#[test]
fn trap_08_a_clear_does_not_hold_back_who_waited_at_the_set() {
    let (event, log) = (Event::new(), Log::default());
    let stage = Stage::new(&log);
    stage.spawn("a", event.wait());
    stage.spawn("b", event.wait());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&event, "unset, waiters:2");
    event.set();
    assert_brackets(&event, "set, waiters:2");
    event.clear();
    assert_brackets(&event, "unset, waiters:2");
    assert_eq!(stage.settle(), ["a", "b"]);
    assert_brackets(&event, "unset");
}

/// But a task that begins to wait after the clear keeps waiting.
#[test]
fn trap_09_a_set_does_not_release_who_waits_after_the_clear() {
    let (event, log) = (Event::new(), Log::default());
    let stage = Stage::new(&log);
    stage.spawn("a", event.wait());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&event, "unset, waiters:1");
    event.set();
    assert_brackets(&event, "set, waiters:1");
    event.clear();
    assert_brackets(&event, "unset, waiters:1");
    let b = stage.spawn("b", event.wait());
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&event, "unset, waiters:1");
    assert!(!b.is_done());
}

/// A newcomer to a set event returns at once, before the tasks that were woken and have not run.
#[test]
fn trap_10_a_newcomer_to_a_set_event_overtakes_those_woken() {
    let (event, log) = (Event::new(), Log::default());
    let stage = Stage::new(&log);
    stage.spawn("a", event.wait());
    stage.spawn("b", event.wait());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&event, "unset, waiters:2");
    stage.spawn("c", event.wait());
    event.set();
    assert_brackets(&event, "set, waiters:2");
    assert_eq!(stage.settle(), ["c", "a", "b"]);
    assert_brackets(&event, "set");
}

/// Those woken count as waiters until they have run.
#[test]
fn trap_11_woken_waiters_of_an_event_count_until_they_run() {
    let (event, log) = (Event::new(), Log::default());
    let stage = Stage::new(&log);
    stage.spawn("a", event.wait());
    stage.spawn("b", event.wait());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&event, "unset, waiters:2");
    event.set();
    assert_brackets(&event, "set, waiters:2");
    assert_eq!(stage.settle(), ["a", "b"]);
    assert_brackets(&event, "set");
}

/// A task that is cancelled after the set and before its turn is cancelled. Ours is gone at the
/// drop.
#[test]
fn trap_12_a_cancellation_wins_over_a_set() {
    let (event, log) = (Event::new(), Log::default());
    let stage = Stage::new(&log);
    let a = stage.spawn("a", event.wait());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&event, "unset, waiters:1");
    event.set();
    assert_brackets(&event, "set, waiters:1");
    assert!(a.cancel());
    assert_brackets(&event, "set");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&event, "set");
}

/// When one of several woken is cancelled, the rest return all the same.
#[test]
fn trap_45_a_cancelled_waiter_of_an_event_concerns_nobody_else() {
    let (event, log) = (Event::new(), Log::default());
    let stage = Stage::new(&log);
    let a = stage.spawn("a", event.wait());
    stage.spawn("b", event.wait());
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&event, "unset, waiters:2");
    event.set();
    assert_brackets(&event, "set, waiters:2");
    assert!(a.cancel());
    assert_brackets(&event, "set, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&event, "set");
}
