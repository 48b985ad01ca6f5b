//! Waits that are given up and begun again are reported as the one wait that they are.

use std::{
    task::{Poll, Waker},
    time::Duration,
};

use awaitlist::{
    Lock, Semaphore,
    diagnostics::{Cause, Phase, Stall, Watch, task, watch},
};
use awaitlist_tests::{
    TestWaker, clock,
    unnamed::{poll, ready, waiting},
};

use crate::alone;

/// A watch of one primitive, with a threshold of a second.
fn watch_of(name: &'static str) -> Watch {
    watch(Duration::from_secs(1)).filter(move |site| site.name.as_deref() == Some(name))
}

const TIMEOUT: Duration = Duration::from_millis(300);

fn only_stall(mut stalls: Vec<Stall>) -> Stall {
    assert_eq!(stalls.len(), 1, "{stalls:?}");
    stalls.remove(0)
}

#[test]
fn a_wait_that_one_task_retries_with_a_timeout_is_one_wait() {
    let (_alone, clock) = (alone(), clock());
    let lock = Lock::named("retried", ());
    let mut holder = Box::pin(task("holder", async {
        let _guard = lock.acquire().await;
        std::future::pending::<()>().await;
    }));
    assert!(poll(&mut holder, Waker::noop()).is_pending());
    let mut watch = watch_of("retried");
    let retrier = TestWaker::new();
    let waker = retrier.waker();
    let mut stalls = Vec::new();
    for _ in 0..6 {
        let wait = waiting(lock.acquire(), &waker);
        clock.advance(TIMEOUT);
        stalls.extend(watch.check());
        drop(wait);
    }
    let stall = only_stall(stalls);
    assert_eq!((stall.wait.attempts_before, stall.wait.waited_before), (3, 3 * TIMEOUT));
    assert!(matches!(stall.cause, Cause::HolderQuiet(_)), "{stall}");
    let text = stall.to_string();
    assert!(text.contains("has waited 1.2 s in 4 attempts for Lock \"retried\""), "{text}");
    assert!(text.contains("no waiter was served for 1.2 s; 3 waits were given up"), "{text}");
}

#[test]
fn requests_of_many_tasks_that_all_time_out_are_one_stall() {
    let (_alone, clock) = (alone(), clock());
    let pool = Semaphore::named("all time out", 1);
    let _leaked = pool.try_acquire();
    let mut watch = watch_of("all time out");
    let mut stalls = Vec::new();
    for number in 0..6 {
        let request = waiting(task(format!("request {number}"), pool.acquire()), Waker::noop());
        clock.advance(TIMEOUT);
        stalls.extend(watch.check());
        drop(request);
        // Between two requests nothing is over.
        stalls.extend(watch.check());
    }
    let stall = only_stall(stalls);
    let unserved = stall.unserved.expect("it is of many waits");
    assert_eq!((unserved.given_up, stall.wait.attempts_before), (3, 0));

    // The last one is long ago.
    clock.advance(Duration::from_secs(1));
    let ended = only_stall(watch.check());
    assert!(matches!(ended.phase, Phase::Ended { .. }), "{ended}");
}

/// The waits that were given up were for another holder.
#[test]
fn a_stall_of_waits_that_were_given_up_ends_when_the_lock_changes_hands() {
    let (_alone, clock) = (alone(), clock());
    let lock = Lock::named("changes hands", ());
    let mut watch = watch_of("changes hands");
    let first = ready(lock.acquire(), Waker::noop());
    let mut stalls = Vec::new();
    for number in 0..6 {
        let request = waiting(task(format!("request {number}"), lock.acquire()), Waker::noop());
        clock.advance(TIMEOUT);
        stalls.extend(watch.check());
        drop(request);
    }
    only_stall(stalls);
    drop(first);
    let _second = ready(lock.acquire(), Waker::noop());
    // The last request was given up just now.
    let ended = only_stall(watch.check());
    assert!(matches!(ended.phase, Phase::Ended { .. }), "{ended}");
}

/// A `select!` in a loop makes its wait anew, and so gets behind all others each time.
#[test]
fn a_wait_that_starves_since_it_is_made_anew_is_one_wait() {
    let (_alone, clock) = (alone(), clock());
    let lock = Lock::named("starves", ());
    let mut watch = watch_of("starves");
    let starving = TestWaker::new();
    let waker = starving.waker();
    let mut stalls = Vec::new();
    for _ in 0..6 {
        let guard = ready(lock.acquire(), Waker::noop());
        let mut other = waiting(lock.acquire(), Waker::noop());
        let wait = waiting(lock.acquire(), &waker);
        drop(guard);
        let Poll::Ready(served) = poll(&mut other, Waker::noop()) else { panic!("it is its turn") };
        clock.advance(TIMEOUT);
        stalls.extend(watch.check());
        drop(wait);
        drop(served);
    }
    let stall = only_stall(stalls);
    assert_eq!((stall.wait.attempts_before, stall.unserved), (3, None));
}

#[test]
fn a_task_that_gives_up_now_and_then_is_not_reported() {
    let (_alone, clock) = (alone(), clock());
    let lock = Lock::named("now and then", ());
    let mut watch = watch_of("now and then");
    let family = TestWaker::new();
    let waker = family.waker();
    for _ in 0..6 {
        let guard = ready(lock.acquire(), Waker::noop());
        let wait = waiting(lock.acquire(), &waker);
        clock.advance(TIMEOUT);
        assert_eq!(watch.check(), []);
        drop(wait);
        drop(guard);
        // It does something else for longer than it has waited.
        clock.advance(2 * TIMEOUT);
        assert_eq!(watch.check(), []);
    }
}

#[test]
fn a_wait_that_is_served_begins_no_other() {
    let (_alone, clock) = (alone(), clock());
    let lock = Lock::named("served", ());
    let mut watch = watch_of("served");
    let family = TestWaker::new();
    let waker = family.waker();
    for _ in 0..6 {
        let mut guard = Some(ready(lock.acquire(), Waker::noop()));
        // The same call site.
        for gives_up in [true, false] {
            let mut wait = waiting(lock.acquire(), &waker);
            clock.advance(TIMEOUT);
            assert_eq!(watch.check(), []);
            if !gives_up {
                drop(guard.take());
                assert!(poll(&mut wait, &waker).is_ready(), "it is its turn");
            }
        }
    }
}
