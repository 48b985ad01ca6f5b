//! What is counted of each call site. Time is moved by hand.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use awaitlist::{
    Barrier, Event, Lock, Semaphore,
    diagnostics::{Histogram, Profile, ProfileRow, profile, task},
};
use awaitlist_tests::clock;
use futures_lite::future::block_on;

use crate::alone;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Starts from nothing. Ends when what this returns is dropped.
fn counting() -> Counting {
    let alone = alone();
    clock();
    profile().clear();
    profile().start();
    Counting { _alone: alone }
}

struct Counting {
    _alone: MutexGuard<'static, ()>,
}

impl Drop for Counting {
    fn drop(&mut self) {
        profile().stop();
        profile().clear();
    }
}

/// The rows of the primitives with that name.
fn rows(name: &str) -> Vec<ProfileRow> {
    let rows = profile().read().rows;
    rows.into_iter().filter(|row| row.site.name.as_deref() == Some(name)).collect()
}

/// The only one of them.
#[track_caller]
fn row(name: &str) -> ProfileRow {
    let rows = rows(name);
    let [row] = &rows[..] else { panic!("one row, not {}", rows.len()) };
    row.clone()
}

/// Polls once.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn holds_are_added_up_by_call_site() {
    let _counting = counting();
    let lock = Lock::named("held", ());
    for seconds in [1, 3] {
        let guard = block_on(lock.acquire());
        clock().advance(SECOND * seconds);
        drop(guard);
    }
    let line = line!() - 4;
    drop(lock.try_acquire());

    let rows = rows("held");
    assert_eq!(rows.len(), 2, "two call sites");
    let worst = &rows[0];
    assert_eq!((worst.at.line(), worst.acquired), (line, 2));
    assert_eq!((worst.holds.count, worst.holds.sum), (2, SECOND * 4));
    assert_eq!(worst.holds.longest, SECOND * 3);
    assert_eq!(worst.holds.mean(), SECOND * 2);
    assert_eq!(worst.waits, Histogram::default(), "it was free");
    assert_eq!((rows[1].acquired, rows[1].holds.sum), (1, Duration::ZERO));
}

#[test]
fn a_wait_lasts_from_the_queue_to_the_poll_that_gets_the_lock() {
    let _counting = counting();
    let lock = Lock::named("waited for", ());
    let guard = block_on(lock.acquire());
    let mut wait = Box::pin(task("waiter", lock.acquire()));
    clock().advance(SECOND);
    assert!(poll(&mut wait).is_pending());
    clock().advance(SECOND * 2);
    drop(guard);
    clock().advance(SECOND);
    let Poll::Ready(guard) = poll(&mut wait) else { panic!("it is its turn") };
    clock().advance(SECOND);
    drop(guard);

    let rows = rows("waited for");
    assert_eq!((rows[0].waits.count, rows[0].waits.sum), (1, SECOND * 3));
    assert_eq!((rows[0].holds.sum, rows[0].acquired, rows[0].given_up), (SECOND, 1, 0));
    assert_eq!((rows[1].waits.count, rows[1].holds.sum), (0, SECOND * 3), "that of the holder");
}

#[test]
fn a_wait_that_is_given_up_is_a_wait_and_no_acquisition() {
    let _counting = counting();
    let pool = Semaphore::named("given up", 0);
    let mut wait = Box::pin(pool.acquire());
    assert!(poll(&mut wait).is_pending());
    clock().advance(SECOND);
    drop(wait);
    let row = row("given up");
    assert_eq!((row.acquired, row.given_up, row.waits.sum), (0, 1, SECOND));
    assert_eq!(row.holds.count, 0);
}

#[test]
fn waits_for_an_event_and_a_barrier_are_counted_and_no_holds() {
    let _counting = counting();
    let (event, barrier) = (Event::named("profiled event"), Barrier::named("profiled barrier", 2));
    let mut waits = (Box::pin(event.wait()), Box::pin(barrier.wait()));
    assert!(poll(&mut waits.0).is_pending() && poll(&mut waits.1).is_pending());
    clock().advance(SECOND);
    event.set();
    assert!(poll(&mut Box::pin(barrier.wait())).is_ready());
    assert!(poll(&mut waits.0).is_ready() && poll(&mut waits.1).is_ready());
    for name in ["profiled event", "profiled barrier"] {
        let row = row(name);
        assert_eq!((row.acquired, row.waits.sum, row.holds.count), (1, SECOND, 0), "{name}");
    }
}

#[test]
fn primitives_without_a_name_are_one_if_they_were_made_at_one_place() {
    let _counting = counting();
    let locks: Vec<Lock> = (0..3).map(|_| Lock::new(())).collect();
    let line = line!() - 1;
    for lock in &locks {
        drop(block_on(lock.acquire()));
    }
    let rows = profile().read().rows;
    let made_here: Vec<_> = rows.iter().filter(|row| row.site.created.line() == line).collect();
    assert_eq!(made_here.len(), 1);
    assert_eq!(made_here[0].acquired, 3);
}

#[test]
fn times_are_counted_by_their_length() {
    let _counting = counting();
    let lock = Lock::named("long and short", ());
    for time in [Duration::ZERO, MILLISECOND, MILLISECOND, SECOND, SECOND * 1000] {
        let guard = block_on(lock.acquire());
        clock().advance(time);
        drop(guard);
    }
    let holds = row("long and short").holds;
    let bucket = |time: Duration| Histogram::LIMITS.iter().position(|limit| time <= *limit);
    assert_eq!(holds.buckets[0], 1);
    assert_eq!(holds.buckets[bucket(MILLISECOND).unwrap()], 2);
    assert_eq!(holds.buckets[bucket(SECOND).unwrap()], 1);
    assert_eq!(bucket(SECOND * 1000), None);
    assert_eq!(holds.buckets[14], 1);
    assert_eq!(holds.count, 5);
}

#[test]
fn it_counts_only_while_it_is_started_and_holds_to_their_end() {
    let _counting = counting();
    let lock = Lock::named("stopped", ());
    clock().advance(SECOND);
    let guard = block_on(lock.acquire());
    profile().stop();
    clock().advance(SECOND);
    drop(guard);
    drop(block_on(lock.acquire()));
    assert!(!profile().is_started());
    let row = row("stopped");
    assert_eq!((row.acquired, row.holds.sum), (1, SECOND));
    assert_eq!(profile().read().lasted, SECOND);
    profile().clear();
    assert_eq!(rows("stopped"), []);
    assert_eq!(profile().read().to_string(), "PROFILE: nothing was acquired. It is not started.");
}

#[test]
fn parts_of_a_permit_are_holds_and_no_acquisitions() {
    let _counting = counting();
    let pool = Semaphore::named("parts", 2);
    let mut all = block_on(pool.acquire_many(2));
    let part = all.split(1).unwrap();
    clock().advance(SECOND);
    drop(part);
    clock().advance(SECOND);
    drop(all);
    let row = row("parts");
    assert_eq!((row.acquired, row.holds.count, row.holds.sum), (1, 2, SECOND * 3));
}

/// Two call sites, of which one waits.
fn example() -> Profile {
    let cache = Arc::new(Lock::named("the \"cache\"", ()));
    let guard = block_on(cache.acquire());
    let mut wait = Box::pin(cache.acquire());
    assert!(poll(&mut wait).is_pending());
    clock().advance(MILLISECOND * 250);
    drop(guard);
    assert!(poll(&mut wait).is_ready());
    profile().read()
}

#[test]
fn the_table_begins_with_the_call_site_that_waited_longest() {
    let _counting = counting();
    let text = example().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "PROFILE of 250 ms");
    let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
    assert_eq!(words(lines[1])[..3], ["waited", "waits", "longest"]);
    assert_eq!(words(lines[2])[..7], ["250", "ms", "1", "250", "ms", "0", "0"]);
    assert!(lines[2].ends_with("for Lock \"the \\\"cache\\\"\""), "{}", lines[2]);
    assert_eq!(words(lines[3])[..6], ["0", "0", "0", "250", "ms", "250"]);
}

#[test]
fn prometheus_reads_counters_and_cumulative_histograms() {
    let _counting = counting();
    let text = example().to_prometheus();
    let line = |start: &str, labels: &str| {
        let mut lines = text.lines();
        let is_it = |line: &&str| line.starts_with(start) && line.contains(labels);
        lines.find(is_it).unwrap_or_else(|| panic!("{start} with {labels} is not in\n{text}"))
    };
    let name = "kind=\"Lock\",name=\"the \\\"cache\\\"\",made_at=\"";
    assert!(line("awaitlist_acquisitions_total{", name).ends_with(" 1"));
    assert!(line("awaitlist_wait_seconds_bucket{", "le=\"0.065536\"").ends_with(" 0"));
    assert!(line("awaitlist_wait_seconds_bucket{", "le=\"0.262144\"").ends_with(" 1"));
    assert!(line("awaitlist_wait_seconds_bucket{", "le=\"+Inf\"").ends_with(" 1"));
    assert!(line("awaitlist_wait_seconds_sum{", name).ends_with(" 0.25"));
    assert!(line("awaitlist_wait_seconds_count{", name).ends_with(" 1"));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (labels, value) = line.rsplit_once(' ').expect("a value");
        assert!(labels.starts_with("awaitlist_") && labels.ends_with('}'), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn threads_that_count_at_once_lose_nothing() {
    let _counting = counting();
    let lock = Arc::new(Lock::named("counted by threads", ()));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let lock = Arc::clone(&lock);
            std::thread::spawn(move || {
                for _ in 0..500 {
                    drop(block_on(lock.acquire()));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let row = row("counted by threads");
    assert_eq!((row.acquired, row.holds.count), (2000, 2000));
}

#[test]
fn the_profile_is_data() {
    let _counting = counting();
    let read = example();
    let data: serde_json::Value = serde_json::from_str(&read.to_json()).expect("JSON");
    assert_eq!(serde_json::to_value(&read).unwrap(), data);
    assert_eq!(data["lasted_seconds"], serde_json::json!(0.25));
    assert_eq!(data["bucket_limits_seconds"].as_array().map(Vec::len), Some(14));
    let row = &data["rows"][0];
    assert_eq!(row["waits"]["sum_seconds"], serde_json::json!(0.25));
    assert_eq!(row["waits"]["buckets"].as_array().map(Vec::len), Some(15));
    assert_eq!(row["site"]["name"], serde_json::json!("the \"cache\""));
}
