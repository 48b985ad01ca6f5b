//! Where and when an event was last set and cleared, and a condition last notified.

use std::{task::Waker, thread};

use awaitlist::{
    Block, Condition, Event, Lock,
    diagnostics::{Cause, Signal, Signals, Stall, snapshot, task, watch},
};

use crate::{SECOND, clock, find, poll, seen, waiting};

/// What a watch reports of waits for the primitive with that name, after a second.
#[track_caller]
fn told(name: &'static str) -> Stall {
    clock().advance(SECOND);
    let mut watch =
        watch(SECOND).with_idle_waits().filter(move |site| site.name.as_deref() == Some(name));
    let mut stalls = watch.check();
    assert_eq!(stalls.len(), 1, "{stalls:?}");
    stalls.remove(0)
}

/// Line and whether it woke a waiter.
fn of(signal: Option<Signal>) -> Option<(u32, bool)> {
    signal.map(|signal| (signal.at.line(), signal.woke))
}

#[test]
fn of_an_event_that_was_never_set_it_is_said() {
    clock();
    let event = Event::named("never set");
    let wait = waiting(event.wait(), Waker::noop());
    let stall = told("never set");
    assert_eq!((&stall.cause, &stall.signals), (&Cause::NotSet, &Signals::default()));
    assert!(stall.to_string().contains("\n    it was never set\n"), "{stall}");
    drop(wait);
}

#[test]
fn a_set_that_was_cleared_before_the_wait_is_told_with_both_places() {
    let clock = clock();
    let event = Event::named("pulse");
    event.set();
    event.clear();
    let line = line!() - 1;
    clock.advance(SECOND);
    let wait = waiting(event.wait(), Waker::noop());
    let stall = told("pulse");
    let Signals { set, cleared, notified, .. } = stall.signals;
    assert_eq!(of(set), Some((line - 1, false)));
    assert_eq!(of(cleared), Some((line, false)));
    assert_eq!(notified, None);
    // No clock was read for either: they are as old as the wait that has seen them.
    assert_eq!(set.unwrap().when, stall.wait.since);
    let text = stall.to_string();
    let place = |line| format!(" ago at {}:{line}:", file!());
    assert!(text.contains("last set at least "), "{text}");
    assert!(text.contains(&place(line - 1)) && text.contains(&place(line)), "{text}");
    assert!(text.contains(", before this wait began; it woke no waiter"), "{text}");
    drop(wait);
}

#[test]
fn a_set_that_woke_others_is_told_with_its_time() {
    let clock = clock();
    let event = Event::named("woke others");
    let mut first = waiting(event.wait(), Waker::noop());
    let before = snapshot().taken;
    event.set();
    let line = line!() - 1;
    clock.advance(SECOND);
    assert!(poll(&mut first, Waker::noop()).is_ready());
    event.clear();
    let wait = waiting(event.wait(), Waker::noop());
    let set = seen("woke others").signals.set;
    assert_eq!(of(set), Some((line, true)));
    assert!(set.unwrap().when >= before && set.unwrap().when + SECOND <= snapshot().taken);
    let shown = snapshot().to_string();
    assert!(shown.contains("\n    last set "), "{shown}");
    drop(wait);
}

#[test]
fn a_notification_that_came_too_early_is_told() {
    clock();
    let condition = Condition::named("too early", ());
    let guard = condition.acquire().block();
    condition.notify_all(&guard);
    let line = line!() - 1;
    let wait = waiting(condition.wait(guard), Waker::noop());
    let stall = told("too early");
    assert_eq!(stall.cause, Cause::NotNotified);
    assert_eq!(of(stall.signals.notified), Some((line, false)));
    assert_eq!((stall.signals.set, stall.signals.cleared), (None, None));
    let text = stall.to_string();
    assert!(text.contains("\n    last notified at least "), "{text}");
    assert!(text.ends_with("\n  see docs/hangs.md#a-signal-that-came-too-early"), "{text}");
    drop(wait);
}

#[test]
fn a_notification_that_went_to_another_waiter_is_told() {
    clock();
    let condition = Condition::named("went to another", ());
    let mut first = waiting(condition.wait(condition.acquire().block()), Waker::noop());
    let second = waiting(condition.wait(condition.acquire().block()), Waker::noop());
    let guard = condition.acquire().block();
    condition.notify(&guard, 1);
    let line = line!() - 1;
    drop(guard);
    assert!(poll(&mut first, Waker::noop()).is_ready());
    let stall = told("went to another");
    assert_eq!(of(stall.signals.notified), Some((line, true)));
    assert!(stall.to_string().contains("; it woke a waiter"), "{stall}");
    let data: serde_json::Value = serde_json::from_str(&stall.to_json()).unwrap();
    assert_eq!(data["last"]["notified"]["woke"], true);
    assert_eq!(data["last"]["set"], serde_json::Value::Null);
    drop(second);
}

/// A notification that is on its way: the task that got it has not run yet.
#[test]
fn a_task_that_got_the_notification_and_was_not_polled_since_is_named() {
    let clock = clock();
    let condition = Condition::named("with its notification", ());
    let wait =
        |name| waiting(task(name, condition.wait(condition.acquire().block())), Waker::noop());
    let mut waits = ["first", "second", "third"].map(wait);
    clock.advance(SECOND / 2);
    condition.notify(&condition.acquire().block(), 2);
    let line = line!() - 1;
    clock.advance(SECOND / 2);
    let mut watch = watch(SECOND)
        .with_idle_waits()
        .filter(|site| site.name.as_deref() == Some("with its notification"));
    let stalls = watch.check();
    let [stall] = &stalls[..] else { panic!("{stalls:?}") };
    assert_eq!(
        (&stall.cause, stall.wait.who.to_string()),
        (&Cause::NotNotified, "task \"third\"".into())
    );
    let text = stall.to_string();
    let place = format!(" ago at {}:{line}:", file!());
    let (_, after) = text.split_once(&place).expect(&text);
    for name in ["first", "second"] {
        assert!(after.contains(&format!("\n    -> task {name:?} was woken ")), "{text}");
    }
    let data: serde_json::Value = serde_json::from_str(&stall.to_json()).unwrap();
    let woken: Vec<_> =
        data["woken"].as_array().unwrap().iter().map(|one| &one["who"]["name"]).collect();
    assert_eq!(woken, ["first", "second"]);

    // Once it is polled, it waits for the lock, and the notification is no longer on its way.
    assert!(poll(&mut waits[0], Waker::noop()).is_ready());
    let names: Vec<_> =
        seen("with its notification").waits.iter().map(|wait| wait.who.to_string()).collect();
    assert_eq!(names, ["task \"second\"", "task \"third\""]);

    // After a second it is the cause: with the place of the notification.
    clock.advance(SECOND);
    let stalls = watch.check();
    let stall = stalls.iter().find(|stall| matches!(stall.cause, Cause::WokenButUnpolled(_)));
    let text = stall.expect("it has become worse").to_string();
    assert!(text.contains("-> task \"second\" was woken ") && text.contains(&place), "{text}");
    assert!(!text.contains("no other gets past it"), "{text}");
}

/// The words are those of a hold, if the record was a lock's before.
#[test]
fn a_record_that_is_used_again_has_no_signals() {
    clock();
    for _ in 0..50 {
        let lock = Lock::named("used before", ());
        drop(lock.try_acquire());
        drop(lock);
        let event = Event::named("used again");
        let wait = waiting(event.wait(), Waker::noop());
        assert_eq!(seen("used again").signals, Signals::default());
        drop(wait);
        event.set();
        event.clear();
        drop(event);
        let lock = Lock::named("used again, a lock", ());
        let guard = lock.try_acquire().unwrap();
        let shown = seen("used again, a lock");
        assert_eq!((shown.signals, shown.holds.len()), (Signals::default(), 1));
        drop(guard);
    }
    assert_eq!(find(&snapshot(), "used again"), None);
}

/// Whatever they find, the place is one of those at which it was called.
#[test]
fn threads_that_set_and_clear_are_counted_while_others_look() {
    clock();
    let event = Event::named("pulsed by threads");
    let wait = waiting(event.wait(), Waker::noop());
    let lines = line!() + 1..line!() + 12;
    thread::scope(|scope| {
        let pulses: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        event.set();
                        event.clear();
                    }
                })
            })
            .collect();
        while pulses.iter().any(|thread| !thread.is_finished()) {
            let Signals { set, cleared, .. } = seen("pulsed by threads").signals;
            for signal in set.into_iter().chain(cleared) {
                assert!(lines.contains(&signal.at.line()), "{}", signal.at);
            }
        }
    });
    let Signals { set, cleared, .. } = seen("pulsed by threads").signals;
    assert!(set.is_some() && cleared.is_some());
    drop(wait);
}
