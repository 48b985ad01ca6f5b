//! Guards that are sent elsewhere.

use std::{task::Waker, thread};

use crate::{SECOND, clock, deadlocks_at, ready, seen, stalls_at, waiting};
use awaitlist::{
    Block, Lock, LockGuard, Semaphore,
    diagnostics::{Actor, Cause, Hold, adopt, task, watch},
};

#[test]
fn a_guard_that_was_sent_is_still_the_senders_until_it_is_adopted() {
    let lock = Lock::named("sent", ());
    let guard = ready(task("sender", lock.acquire()), Waker::noop());
    let before = seen("sent").holds[0].clone();
    let wait = waiting(
        task("receiver", async move {
            adopt(&guard);
            std::future::pending::<()>().await;
        }),
        Waker::noop(),
    );
    let after = seen("sent").holds[0].clone();
    assert_eq!(
        (before.who.to_string(), after.who.to_string()),
        ("task \"sender\"".into(), "task \"receiver\"".into())
    );
    assert_eq!(
        (before.at, before.since),
        (after.at, after.since),
        "it was acquired there and then"
    );
    drop(wait);
}

#[test]
fn a_guard_that_was_adopted_before_any_look_is_held_for_as_long_as_it_is_waited_for() {
    clock();
    let lock = Lock::named("adopted unseen", ());
    let guard = ready(task("sender", lock.acquire()), Waker::noop());
    let receiver = waiting(
        task("receiver", async move {
            adopt(&guard);
            std::future::pending::<()>().await;
        }),
        Waker::noop(),
    );
    let wait = waiting(lock.acquire(), Waker::noop());
    let mut watch = watch(SECOND).filter(|site| site.name.as_deref() == Some("adopted unseen"));
    clock().advance(SECOND);
    let stalls = stalls_at("adopted unseen", watch.check());
    let [stall] = &stalls[..] else { panic!("{stalls:?}") };
    let Cause::HolderQuiet(holds) = &stall.cause else { panic!("{stall}") };
    assert_eq!(holds[0].who.to_string(), "task \"receiver\"");
    drop((receiver, wait));
}

#[test]
fn the_parts_of_a_hold_that_was_not_seen_are_timed_once() {
    clock();
    let pool = Semaphore::named("split unseen", 3);
    let mut whole = pool.try_acquire_many(3).unwrap();
    let part = whole.split(1).unwrap();
    part.forget();
    let before = seen("split unseen").holds;
    clock().advance(SECOND);
    let after = seen("split unseen").holds;
    let times = |holds: &[Hold]| holds.iter().map(|hold| hold.since).collect::<Vec<_>>();
    assert_eq!((before.len(), times(&before)), (2, times(&after)));
}

#[test]
fn outside_of_tasks_an_adopted_guard_is_no_certain_holders() {
    let pool = Semaphore::named("thread's", 3);
    let permit = pool.try_acquire_many(2).unwrap();
    assert!(matches!(seen("thread's").holds[0].who, Actor::Unknown(_)));
    adopt(&permit);
    let holder = seen("thread's").holds[0].who.clone();
    assert!(
        matches!(&holder, Actor::Unknown(here) if here.thread().id() == thread::current().id())
    );
}

/// What the wrong attribution would have called a deadlock, and the right one does not.
#[test]
fn what_was_adopted_elsewhere_is_in_no_cycle_of_the_sender() {
    let lock = Lock::named("moved on", ());
    let mut sent = None;
    let sender = waiting(
        task("sender", async {
            sent = Some(lock.acquire().await);
            drop(lock.acquire().await);
        }),
        Waker::noop(),
    );
    assert_eq!(deadlocks_at("moved on").len(), 1, "so far it is one");
    // Another thread, which can reach the guard, takes it.
    drop(sender);
    let guard = sent.take().unwrap();
    adopt(&guard);
    let again = waiting(task("sender", lock.acquire()), Waker::noop());
    assert_eq!(deadlocks_at("moved on"), []);
    drop((guard, again));
}

#[test]
fn a_mapped_guard_is_the_same_hold() {
    let lock = Lock::named("mapped", (1, 2));
    let guard = LockGuard::map(task("mapper", lock.acquire()).block(), |pair| &mut pair.1);
    assert_eq!(seen("mapped").holds[0].who.to_string(), "task \"mapper\"");
    adopt(&guard);
    assert!(matches!(seen("mapped").holds[0].who, Actor::Unknown(_)));
    drop(guard);
    assert!(lock.try_acquire().is_some());
}
