//! What tokio-console shows of the primitives: read from the gRPC stream of console-subscriber, as
//! tokio-console reads it.
//!
//! Tokio is built without `tokio_unstable`, so nothing on the stream is tokio's own.

use std::{
    future::Future,
    panic::Location,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
};

use awaitlist::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore,
    diagnostics::{adopt, task},
};
use console::{Client, Poll, State};
use tokio::runtime;

/// Runs a test on a runtime with one thread.
fn run<F: Future<Output = ()>>(test: F) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}

#[track_caller]
fn here() -> &'static Location<'static> {
    Location::caller()
}

/// Whether the resource of that name has that attribute.
fn has(state: &State, name: &str, attribute: &str, value: &str) -> bool {
    state.named(name).any(|(_, resource)| resource.attribute(attribute) == value)
}

#[test]
fn each_kind_is_a_resource_with_its_type_and_where_it_was_made() {
    run(async {
        let mut client = Client::connect().await;
        #[rustfmt::skip]
        let (lock, lock_at) = (Lock::named("a lock", ()), here());
        #[rustfmt::skip]
        let (event, event_at) = (Event::named("an event"), here());
        let semaphore = Semaphore::named("a semaphore", 3);
        let bounded = BoundedSemaphore::named("a bounded semaphore", 4);
        let condition = Condition::named("a condition", ());
        let barrier = Barrier::named("a barrier", 2);

        let guard = lock.acquire().await;
        let permits = semaphore.acquire_many(2).await;
        let permit = bounded.acquire().await;
        let mut context = Context::from_waker(Waker::noop());
        let mut set = pin!(event.wait());
        let mut notified = pin!(async { condition.wait(condition.acquire().await).await });
        let mut met = pin!(barrier.wait());
        assert!(set.as_mut().poll(&mut context).is_pending());
        assert!(notified.as_mut().poll(&mut context).is_pending());
        assert!(met.as_mut().poll(&mut context).is_pending());

        let state = client
            .until("all six", |state| {
                has(state, "a lock", "locked", "true")
                    && has(state, "a semaphore", "permits", "1")
                    && has(state, "a bounded semaphore", "permits", "3")
                    && has(state, "an event", "waiters", "1")
                    && has(state, "a condition", "waiters", "1")
                    && has(state, "a barrier", "waiters", "1")
            })
            .await;
        for (name, concrete_type) in [
            ("a lock", "Lock"),
            ("an event", "Event"),
            ("a semaphore", "Semaphore"),
            ("a bounded semaphore", "BoundedSemaphore"),
            ("a condition", "Condition"),
            ("a barrier", "Barrier"),
        ] {
            let mut named = state.named(name);
            // A condition gives its name to its lock as well.
            let of_type = named.find(|(_, resource)| resource.concrete_type == concrete_type);
            let (_, resource) = of_type.unwrap();
            assert_eq!(resource.kind, "Sync");
            assert!(!resource.is_internal);
            assert!(!resource.is_over);
        }
        let made_at = |name, location: &Location<'_>| {
            let (_, resource) = state.named(name).next().unwrap();
            let shown = resource.location.as_ref().unwrap();
            assert_eq!(shown.line, Some(location.line()));
            assert!(shown.column < Some(location.column()));
            assert_eq!(shown.file.as_deref(), Some(location.file()));
        };
        made_at("a lock", lock_at);
        made_at("an event", event_at);
        assert!(has(state, "a barrier", "size", "2"));
        assert_eq!(state.dropped, 0);
        drop((guard, permits, permit));
    });
}

#[test]
fn a_resource_ends_with_its_primitive() {
    run(async {
        let mut client = Client::connect().await;
        let lock = Lock::named("short-lived", ());
        drop(lock.acquire().await);
        client.until("the lock", |state| has(state, "short-lived", "locked", "false")).await;
        drop(lock);
        let ended = |state: &State| state.named("short-lived").any(|(_, lock)| lock.is_over);
        client.until("its end", ended).await;
    });
}

#[test]
fn a_static_is_shown_as_others_are() {
    static LOCK: Lock<()> = Lock::named("a static", ());

    run(async {
        let mut client = Client::connect().await;
        let _guard = LOCK.acquire().await;
        client.until("the static", |state| has(state, "a static", "locked", "true")).await;
    });
}

#[test]
fn a_wait_is_an_operation_of_its_task_until_it_is_over() {
    run(async {
        let mut client = Client::connect().await;
        let lock = Arc::new(Lock::named("waited for", ()));
        let guard = lock.acquire().await;
        let (wanted, at) = (Arc::clone(&lock), here());
        let waiter = task("the waiter", async move { drop(wanted.acquire().await) });
        let waiter = tokio::spawn(waiter);

        let state = client
            .until("the wait", |state| {
                state.operations_on("waited for").iter().any(|(_, wait)| wait.task.is_some())
            })
            .await;
        let (resource, shown) = state.named("waited for").next().unwrap();
        let (operation, wait) = state.operations_on("waited for")[0];
        let (task, its) = state.task("the waiter").unwrap();
        assert_eq!(wait.source, "Lock::acquire");
        assert_eq!(wait.task, Some(task));
        assert!(!wait.is_over);
        let line = format!("main.rs:{}:", at.line() + 1);
        assert!(wait.attributes["at"].contains(&line), "{:?} has no {line}", wait.attributes);
        assert_eq!(shown.attribute("waiters"), "1");
        assert_eq!(its.fields["kind"], "task");
        assert_eq!(its.location.as_ref().unwrap().line, Some(at.line() + 1));
        let poll = |is_ready| Poll {
            name: "poll_acquire".to_owned(),
            resource,
            operation,
            task,
            is_ready,
        };
        assert!(state.polls.contains(&poll(false)), "{:?}", state.polls);
        assert!(!state.polls.contains(&poll(true)), "{:?}", state.polls);

        drop(guard);
        waiter.await.unwrap();
        let state = client
            .until("its end", |state| {
                state.operations[&operation].is_over
                    && has(state, "waited for", "waiters", "0")
                    && has(state, "waited for", "locked", "false")
                    && state.tasks[&task].stats.dropped_at.is_some()
            })
            .await;
        assert!(state.polls.contains(&poll(true)), "{:?}", state.polls);
        assert_eq!(state.operations[&operation].polls, 2);
    });
}

#[test]
fn a_wait_for_an_event_a_condition_or_a_barrier_ends_ready() {
    run(async {
        let mut client = Client::connect().await;
        let event = Arc::new(Event::named("to be set"));
        let condition = Arc::new(Condition::named("to be notified", ()));
        let barrier = Arc::new(Barrier::named("to be met", 2));
        let (set, notified, met) =
            (Arc::clone(&event), Arc::clone(&condition), Arc::clone(&barrier));
        let tasks = [
            tokio::spawn(task("of the event", async move { set.wait().await })),
            tokio::spawn(task("of the condition", async move {
                let guard = notified.acquire().await;
                drop(notified.wait(guard).await);
            })),
            tokio::spawn(task("of the barrier", async move {
                met.wait().await.unwrap();
            })),
        ];
        const ALL: [(&str, &str); 3] = [
            ("to be set", "Event::wait"),
            ("to be notified", "Condition::wait"),
            ("to be met", "Barrier::wait"),
        ];
        let operation = |state: &State, name: &str, source: &str| {
            let waits = state.operations_on(name).into_iter();
            waits.filter(|(_, wait)| wait.source == source).map(|(id, _)| id).next()
        };
        client
            .until("three waits", |state| {
                ALL.iter().all(|(name, source)| operation(state, name, source).is_some())
            })
            .await;
        event.set();
        condition.notify(&condition.acquire().await, 1);
        barrier.wait().await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
        client
            .until("their ends", |state| {
                ALL.iter().all(|(name, source)| {
                    let id = operation(state, name, source).unwrap();
                    let is_its = |poll: &Poll| poll.operation == id && poll.name == "poll_wait";
                    state.operations[&id].is_over
                        && state.polls.iter().any(|poll| is_its(poll) && poll.is_ready)
                        && has(state, name, "waiters", "0")
                        && (*name != "to be set" || has(state, name, "set", "true"))
                })
            })
            .await;
        event.clear();
        client.until("the clear", |state| has(state, "to be set", "set", "false")).await;
    });
}

#[test]
fn a_wait_that_is_given_up_is_an_operation_that_ends_without_being_ready() {
    run(async {
        let mut client = Client::connect().await;
        let semaphore = Semaphore::named("given up", 1);
        let waits = task("gives up", async {
            let mut context = Context::from_waker(Waker::noop());
            let mut wait = Box::pin(semaphore.acquire_many(2));
            assert!(wait.as_mut().poll(&mut context).is_pending());
            Some(wait)
        });
        let wait = waits.await;
        let state = client
            .until("the wait", |state| {
                let waits = state.operations_on("given up");
                waits.iter().any(|(_, wait)| !wait.attributes.is_empty())
            })
            .await;
        let (id, shown) = state.operations_on("given up")[0];
        assert_eq!(shown.source, "Semaphore::acquire");
        assert_eq!(shown.attributes["permits_requested"], "2");
        assert!(has(state, "given up", "waiters", "1"));
        drop(wait);
        let state = client
            .until("its end", |state| {
                state.operations[&id].is_over && has(state, "given up", "waiters", "0")
            })
            .await;
        assert!(!state.polls.iter().any(|poll| poll.operation == id && poll.is_ready));
        assert!(has(state, "given up", "permits", "1"));
    });
}

#[test]
fn the_permits_add_up_however_they_are_moved() {
    run(async {
        let mut client = Client::connect().await;
        let semaphore = Arc::new(Semaphore::named("permits", 10));
        let mut seen = async |what, permits: &str| {
            client.until(what, |state| has(state, "permits", "permits", permits)).await;
        };
        let mut first = semaphore.try_acquire_many(4).unwrap();
        seen("4 taken", "6").await;
        let part = first.split(1).unwrap();
        let second = semaphore.acquire_many(3).await;
        drop(part);
        seen("1 of 7 released", "4").await;
        first.merge(second);
        seen("no change by a merge", "4").await;
        adopt(&first);
        let moved = first.split(2).unwrap();
        moved.forget();
        seen("no change by a forget", "4").await;
        semaphore.release_many(2);
        seen("2 released by hand", "6").await;
        semaphore.release();
        seen("1 made up", "7").await;
        drop(first);
        seen("the rest", "11").await;
        let granted = semaphore.acquire_many(12);
        let mut granted = pin!(task("waits for 12", granted));
        let mut context = Context::from_waker(Waker::noop());
        assert!(granted.as_mut().poll(&mut context).is_pending());
        semaphore.release();
        seen("12 granted", "12").await;
        let granted = granted.await;
        seen("12 taken", "0").await;
        drop(granted);
        seen("12 released", "12").await;
    });
}

#[test]
fn the_permits_of_a_bound_that_changes_can_be_fewer_than_none() {
    run(async {
        let mut client = Client::connect().await;
        let semaphore = BoundedSemaphore::named("bounded", 3);
        semaphore.set_bound(4);
        client.until("1 more", |state| has(state, "bounded", "permits", "4")).await;
        let permits = semaphore.acquire_many(3).await;
        semaphore.set_bound(1);
        client.until("too few", |state| has(state, "bounded", "permits", "-2")).await;
        drop(permits);
        client.until("the new bound", |state| has(state, "bounded", "permits", "1")).await;
        assert!(semaphore.release().is_err());
        let permit = semaphore.acquire().await;
        client.until("no change by a refusal", |state| has(state, "bounded", "permits", "0")).await;
        drop(permit);
    });
}

#[test]
fn a_task_is_shown_with_its_wake_ups_and_whether_anything_can_wake_it() {
    run(async {
        let mut client = Client::connect().await;
        let event = Arc::new(Event::named("wakes"));
        let waits = Arc::clone(&event);
        let sleeper = tokio::spawn(task("sleeper", async move { waits.wait().await }));
        // Nothing has a waker of it: tokio-console warns of such a task.
        let lost = tokio::spawn(task("lost", std::future::pending::<()>()));
        let state = client
            .until("both", |state| {
                let polled = |name| state.task(name).is_some_and(|(_, task)| polls(task) > 0);
                polled("sleeper") && polled("lost")
            })
            .await;
        let wakers = |state: &State, name| {
            let stats = &state.task(name).unwrap().1.stats;
            stats.waker_clones - stats.waker_drops
        };
        assert_eq!(wakers(state, "sleeper"), 1);
        assert_eq!(wakers(state, "lost"), 0);
        event.set();
        sleeper.await.unwrap();
        client
            .until("the wake-up", |state| {
                let (_, task) = state.task("sleeper").unwrap();
                task.stats.wakes == 1 && task.stats.self_wakes == 0 && polls(task) == 2
            })
            .await;
        lost.abort();
    });
}

fn polls(task: &console::Task) -> u64 {
    task.stats.poll_stats.as_ref().map_or(0, |stats| stats.polls)
}
