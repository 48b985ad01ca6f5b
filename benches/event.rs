//! The rows of Event.

use std::{hint::black_box, sync::Arc, time::Duration};

use crate::{
    floors,
    harness::{Load, Row, Stopwatch, cancelling, now, race},
    peers::{Event, Level, Signal, each},
    rows::{BROADCAST, CANCEL_LARGE},
};

macro_rules! events {
    ($run:ident) => {
        each!($run: Event of awaitlist, tokio, asyncband, saa, futures_intrusive, maitake, event_listener)
    };
}

/// All rows.
pub fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "event/when-set",
            "Event: wait when it is set",
            "wait",
            each!(when_set: Event of awaitlist, asyncband, saa, futures_intrusive, event_listener),
        )
        .batch(20_000)
        .floor("load", floors::load),
        Row::new(
            "event/broadcast",
            "Event: *n* wait, one sets it, all return",
            "waiter",
            events!(broadcast),
        )
        .sizes(BROADCAST)
        .floor("bare wake-ups", floors::bare_wake_ups),
        Row::new(
            // saa's gate fails all waiters when one of them leaves, so it does not take part.
            "event/cancel",
            "Event: drop each of *n* waiters, in random order",
            "waiter",
            each!(cancel: Event of awaitlist, tokio, asyncband, futures_intrusive, maitake, event_listener),
        )
        .sizes(CANCEL_LARGE)
        .floor("wakers", floors::wakers)
        .floor("boxes", floors::boxes)
        .bound("bare list", floors::bare_list),
        Row::new(
            // tokio takes part with `notify_one`, maitake-sync with `wake`. Both clear themselves.
            "event/ping-pong",
            "Event: two tasks on two threads wake each other by two events",
            "wake-up",
            each!(ping_pong: Event of awaitlist, tokio, asyncband, futures_intrusive, maitake, event_listener),
        )
        .sizes(&[2])
        .threads(2)
        .stretch(4),
    ]
}

fn when_set<E: Level>(load: &Load) -> Duration {
    let event = E::already_set();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        drop(now(black_box(&event).wait()));
    }
    watch.elapsed()
}

fn broadcast<E: Event>(load: &Load) -> Duration {
    let event = E::new();
    let mut line = load.line();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        for task in 0..load.waiters {
            line.queue(task, event.wait());
        }
        event.set();
        line.run(load.waiters);
        event.clear();
    }
    watch.elapsed()
}

fn ping_pong<E: Signal>(load: &Load) -> Duration {
    let events = Arc::new([E::unset(), E::unset()]);
    let turns = load.repeats;
    race(load.threads, load.waiters, |task| {
        let events = Arc::clone(&events);
        async move {
            let (own, other) = (&events[task], &events[1 - task]);
            for _ in 0..turns {
                if task == 0 {
                    other.signal();
                    own.signalled().await;
                } else {
                    own.signalled().await;
                    other.signal();
                }
            }
        }
    })
}

fn cancel<E: Event>(load: &Load) -> Duration {
    let events = load.repeat(E::new);
    cancelling(load, |repeat| events[repeat].wait())
}
