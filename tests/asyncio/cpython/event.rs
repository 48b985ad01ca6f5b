//! `EventTests`.

use awaitlist::Event;
use awaitlist_tests::{assert_brackets, executor::Executor, now};

use super::Log;

/// The brackets show the flag, and how many wait.
#[test]
fn test_repr() {
    let event = Event::new();
    let tasks = Executor::new();
    assert_eq!(event.to_string(), "<Event [unset]>");
    event.set();
    assert_brackets(&event, "set");

    event.clear();
    let _waiter = tasks.spawn(event.wait());
    tasks.tick();
    assert_brackets(&event, "unset, waiters:1");
    event.set();
    assert_brackets(&event, "set, waiters:1");
}

/// A set releases all waiters. A task that comes while the flag is set returns at once, before
/// those released have run.
#[test]
fn test_wait() {
    let (event, log) = (Event::new(), Log::new());
    let tasks = Executor::new();
    let pass = |name| {
        let (event, log) = (&event, &log);
        tasks.spawn(async move {
            event.wait().await;
            log.push(name);
        })
    };
    let early = [pass(1), pass(2)];
    tasks.tick();
    assert!(log.is_empty());

    let late = pass(3);
    event.set();
    tasks.tick();
    assert_eq!(log.so_far(), [3, 1, 2]);
    assert!(early.iter().all(|task| task.is_done()) && late.is_done());
}

/// A wait for an event that is set does not suspend.
#[test]
fn test_wait_on_set() {
    let event = Event::new();
    event.set();
    now(event.wait());
    assert!(event.is_set());
}

/// A cancelled waiter leaves nothing behind.
#[test]
fn test_wait_cancel() {
    let event = Event::new();
    let tasks = Executor::new();
    let waiter = tasks.spawn(event.wait());
    tasks.tick();
    assert_eq!(event.waiters(), 1);
    assert!(waiter.cancel());
    assert_eq!(event.waiters(), 0);
    assert_brackets(&event, "unset");
}

/// The flag can be taken back.
#[test]
fn test_clear() {
    let event = Event::new();
    assert!(!event.is_set());
    event.set();
    assert!(event.is_set());
    event.clear();
    assert!(!event.is_set());
}

/// A clear does not revoke the release of a task that waited at the set. Released twice, it counts
/// once until it has run.
#[test]
fn test_clear_with_waiters() {
    let event = Event::new();
    let tasks = Executor::new();
    let waiter = tasks.spawn(event.wait());
    tasks.tick();
    assert!(!waiter.is_done());

    event.set();
    event.clear();
    assert!(!event.is_set());
    event.set();
    event.set();
    assert_eq!(event.waiters(), 1);

    assert_eq!(tasks.tick(), 1, "woken once");
    assert!(waiter.is_done());
    assert_eq!(event.waiters(), 0);
}
