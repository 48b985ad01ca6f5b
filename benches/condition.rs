//! The rows of Condition.

use std::{hint::black_box, sync::Arc, time::Duration};

use crate::{
    floors,
    harness::{Load, Row, Stopwatch, cancelling, now, race},
    peers::{
        Condition,
        What::{NotEmpty, NotFull},
        each,
    },
    rows::{BROADCAST, CANCEL_LARGE},
};

macro_rules! conditions {
    ($run:ident) => {
        each!($run: Condition of awaitlist, asyncband, performables, event_listener)
    };
}

/// All rows.
pub fn rows() -> Vec<Row> {
    vec![
        Row::new(
            "condition/nobody",
            "Condition: notify when nobody waits",
            "notify",
            conditions!(nobody),
        )
        .batch(20_000)
        .floor("load", floors::load),
        Row::new(
            "condition/broadcast",
            "Condition: *n* wait, one notifies all, each gets the lock in turn",
            "waiter",
            conditions!(broadcast),
        )
        .sizes(BROADCAST),
        Row::new(
            "condition/cancel",
            "Condition: drop each of *n* waiters, in random order",
            "waiter",
            conditions!(cancel),
        )
        .sizes(CANCEL_LARGE)
        .floor("wakers", floors::wakers)
        .floor("boxes", floors::boxes)
        .bound("bare list", floors::bare_list),
        Row::new(
            "condition/buffer-1",
            "A bounded buffer of 16, four producers and four consumers on one thread",
            "item",
            conditions!(buffer),
        )
        .sizes(PAIRS),
        Row::new(
            "condition/buffer-2",
            "A bounded buffer of 16, four producers and four consumers on two threads",
            "item",
            conditions!(buffer),
        )
        .sizes(PAIRS)
        .threads(2),
    ]
}

/// The number of producers, and of consumers.
const PAIRS: &[usize] = &[4];
const CAPACITY: usize = 16;

fn nobody<C: Condition>(load: &Load) -> Duration {
    let condition = C::new();
    let guard = now(condition.acquire());
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        black_box(&condition).notify(NotEmpty, &guard);
    }
    watch.elapsed()
}

/// Acquires the lock, waits for a notification, acquires the lock again and releases it.
async fn wait<C: Condition>(condition: &C) {
    let guard = condition.acquire().await;
    drop(condition.wait(NotEmpty, guard).await);
}

fn broadcast<C: Condition>(load: &Load) -> Duration {
    let condition = C::new();
    let mut line = load.line();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        for task in 0..load.waiters {
            line.queue(task, wait(&condition));
        }
        let guard = now(condition.acquire());
        condition.notify_all(NotEmpty, &guard);
        drop(guard);
        line.run(load.waiters);
    }
    watch.elapsed()
}

fn cancel<C: Condition>(load: &Load) -> Duration {
    let conditions = load.repeat(C::new);
    cancelling(load, |repeat| wait(&conditions[repeat]))
}

/// Even tasks put items in, odd ones take them out.
fn buffer<C: Condition>(load: &Load) -> Duration {
    let shared = Arc::new(C::new());
    let items = load.repeats;
    race(load.threads, 2 * load.waiters, |task| {
        let shared = Arc::clone(&shared);
        async move {
            for item in 0..items {
                if task % 2 == 0 {
                    put(&*shared, item).await;
                } else {
                    black_box(take(&*shared).await);
                }
            }
        }
    })
}

async fn put<C: Condition>(buffer: &C, item: usize) {
    let mut items = buffer.acquire().await;
    while items.len() == CAPACITY {
        items = buffer.wait(NotFull, items).await;
    }
    items.push_back(item);
    buffer.notify(NotEmpty, &items);
}

async fn take<C: Condition>(buffer: &C) -> usize {
    let mut items = buffer.acquire().await;
    loop {
        if let Some(item) = items.pop_front() {
            buffer.notify(NotFull, &items);
            return item;
        }
        items = buffer.wait(NotEmpty, items).await;
    }
}
