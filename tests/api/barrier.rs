//! `Barrier`: every method.

use awaitlist::{Barrier, Block, BrokenBarrier, TimedOut, barrier::Phase};
use awaitlist_tests::{TestWaker, now, poll, waiting};
use std::{
    error::Error,
    sync::{Arc, Mutex},
    task::Waker,
    thread,
    time::Duration,
};
use tokio_test::{assert_pending, assert_ready, assert_ready_eq, task::spawn};

static START: Barrier = Barrier::new(3);
static NAMED: Barrier = Barrier::named("start", 2);

const ABORTED: Result<usize, BrokenBarrier> = Err(BrokenBarrier::Aborted);
const ABORT_OR_RESET: Result<usize, BrokenBarrier> = Err(BrokenBarrier::AbortOrReset);

#[test]
fn a_new_barrier_fills_with_nobody_inside() {
    assert_eq!((START.parties(), START.n_waiting(), START.broken()), (3, 0, false));
    assert_eq!((NAMED.parties(), NAMED.n_waiting(), NAMED.broken()), (2, 0, false));
}

#[test]
fn the_last_to_arrive_does_not_suspend_and_releases_the_others() {
    let barrier = Barrier::new(3);
    let mut first = spawn(barrier.wait());
    let mut second = spawn(barrier.wait());
    assert_pending!(first.poll());
    assert_eq!(barrier.n_waiting(), 1);
    assert_pending!(second.poll());
    assert_eq!(barrier.n_waiting(), 2);
    assert_eq!(now(barrier.wait()), Ok(2));
    assert_eq!(barrier.n_waiting(), 0);
    assert!(first.is_woken() && second.is_woken());
    // Whichever returns first, the index is the order of arrival.
    assert_ready_eq!(second.poll(), Ok(1));
    assert_ready_eq!(first.poll(), Ok(0));
}

#[test]
fn a_barrier_for_one_stops_nobody() {
    let alone = Barrier::new(1);
    for _ in 0..3 {
        assert_eq!(now(alone.wait()), Ok(0));
        assert_eq!(alone.to_string(), "<Barrier [filling, waiters:0/1]>");
    }
}

#[test]
fn a_barrier_for_more_than_can_come_fills() {
    let barrier = Barrier::new(usize::MAX);
    let mut wait = spawn(barrier.wait());
    assert_pending!(wait.poll());
    assert_eq!((barrier.parties(), barrier.n_waiting()), (usize::MAX, 1));
}

#[test]
fn round_follows_round() {
    let barrier = Barrier::new(2);
    for _ in 0..3 {
        let mut first = spawn(barrier.wait());
        assert_pending!(first.poll());
        assert_eq!(now(barrier.wait()), Ok(1));
        assert_ready_eq!(first.poll(), Ok(0));
    }
}

#[test]
fn an_owned_wait_keeps_the_barrier_alive_until_it_is_over() {
    let barrier = Arc::new(Barrier::new(2));
    let mut owned = spawn(barrier.wait_owned());
    assert_pending!(owned.poll());
    assert_eq!(now(barrier.wait()), Ok(1));
    let weak = Arc::downgrade(&barrier);
    drop(barrier);
    assert_ready_eq!(owned.poll(), Ok(0));
    drop(owned);
    assert!(weak.upgrade().is_none());
}

#[test]
fn who_comes_while_a_round_leaves_waits_for_it_and_joins_the_next() {
    let barrier = Barrier::new(2);
    let mut slow = spawn(barrier.wait());
    assert_pending!(slow.poll());
    assert_eq!(now(barrier.wait()), Ok(1));
    let mut early = spawn(barrier.wait());
    assert_pending!(early.poll());
    assert_eq!(barrier.to_string(), "<Barrier [draining, waiters:0/2]>");
    assert_ready_eq!(slow.poll(), Ok(0));
    // The gate is open, but it comes in when it runs.
    assert!(early.is_woken());
    assert_eq!(barrier.n_waiting(), 0);
    assert_pending!(early.poll());
    assert_eq!(barrier.n_waiting(), 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_ready_eq!(early.poll(), Ok(0));
}

#[test]
fn who_is_polled_for_nothing_at_the_gate_keeps_its_place() {
    let barrier = Barrier::new(2);
    let mut inside = spawn(barrier.wait());
    assert_pending!(inside.poll());
    assert_eq!(now(barrier.wait()), Ok(1));
    let order = Arc::new(Mutex::new(Vec::new()));
    let [first, second] = ["first", "second"].map(|name| {
        let order = Arc::clone(&order);
        TestWaker::new().on_wake(move || order.lock().unwrap().push(name))
    });
    let waker = first.waker();
    let mut early = waiting(barrier.wait(), &waker);
    let late = waiting(barrier.wait(), &second.waker());
    assert!(poll(&mut early, &waker).is_pending());
    assert_ready_eq!(inside.poll(), Ok(0));
    assert_eq!(*order.lock().unwrap(), ["first", "second"]);
    drop((early, late));
}

#[test]
fn abort_fails_all_inside_and_all_who_come_until_the_reset() {
    let barrier = Barrier::new(3);
    let mut first = spawn(barrier.wait());
    let mut second = spawn(barrier.wait());
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    barrier.abort();
    assert!(barrier.broken());
    assert_eq!(barrier.n_waiting(), 0);
    assert!(first.is_woken() && second.is_woken());
    assert_ready_eq!(first.poll(), ABORT_OR_RESET);
    assert_eq!(now(barrier.wait()), ABORTED);
    assert_ready_eq!(second.poll(), ABORT_OR_RESET);
    assert!(barrier.broken());
    barrier.abort();
    assert!(barrier.broken());
    barrier.reset();
    assert!(!barrier.broken());
    let mut first = spawn(barrier.wait());
    assert_pending!(first.poll());
    assert_eq!(barrier.n_waiting(), 1);
}

#[test]
fn reset_of_an_idle_barrier_changes_nothing() {
    let barrier = Barrier::new(2);
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
    let mut first = spawn(barrier.wait());
    assert_pending!(first.poll());
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_ready_eq!(first.poll(), Ok(0));
}

#[test]
fn reset_fails_all_inside_and_who_comes_meanwhile_joins_the_new_round() {
    let barrier = Barrier::new(2);
    let mut inside = spawn(barrier.wait());
    assert_pending!(inside.poll());
    barrier.reset();
    assert!(!barrier.broken());
    assert!(inside.is_woken());
    let mut newcomer = spawn(barrier.wait());
    assert_pending!(newcomer.poll());
    assert_eq!(barrier.n_waiting(), 0);
    assert_ready_eq!(inside.poll(), ABORT_OR_RESET);
    assert!(newcomer.is_woken());
    assert_pending!(newcomer.poll());
    assert_eq!(barrier.n_waiting(), 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_ready_eq!(newcomer.poll(), Ok(0));
}

#[test]
fn display_prints_asyncios_brackets() {
    let barrier = Barrier::new(2);
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
    let mut first = spawn(barrier.wait());
    assert_pending!(first.poll());
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:1/2]>");
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_eq!(barrier.to_string(), "<Barrier [draining, waiters:0/2]>");
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [resetting, waiters:0/2]>");
    barrier.abort();
    assert_eq!(barrier.to_string(), "<Barrier [broken]>");
    assert_ready_eq!(first.poll(), ABORT_OR_RESET);
    assert_eq!(barrier.to_string(), "<Barrier [broken]>");
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
}

#[test]
fn debug_shows_the_state_the_arrivals_and_the_parties() {
    let barrier = Barrier::new(2);
    let mut first = Box::pin(barrier.wait());
    assert_eq!(format!("{first:?}"), "Wait { queued: false, .. }");
    assert!(awaitlist_tests::poll(&mut first, Waker::noop()).is_pending());
    assert_eq!(format!("{first:?}"), "Wait { queued: true, .. }");
    assert_eq!(format!("{barrier:?}"), "Barrier { phase: Filling, n_waiting: 1, parties: 2 }");
    barrier.abort();
    assert_eq!(format!("{barrier:?}"), "Barrier { phase: Broken, n_waiting: 0, parties: 2 }");
}

#[test]
fn broken_barrier_has_asyncios_texts_too() {
    let aborted: Box<dyn Error + Send + Sync> = BrokenBarrier::Aborted.into();
    assert_eq!(aborted.to_string(), "the barrier is broken");
    assert_eq!(BrokenBarrier::Aborted.asyncio_message(), "Barrier aborted");
    assert!(aborted.source().is_none());
    let inside = BrokenBarrier::AbortOrReset;
    assert_eq!(inside.to_string(), "the barrier was aborted or reset");
    assert_eq!(inside.asyncio_message(), "Abort or reset of barrier");
    assert_eq!(format!("{:?}", BrokenBarrier::AbortOrReset), "AbortOrReset");
}

#[test]
fn threads_and_tasks_meet_at_one_barrier() {
    let barrier = Arc::new(Barrier::new(3));
    let mut task = spawn(barrier.wait());
    assert_pending!(task.poll());
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| barrier.wait().block().unwrap()));
        let mut indices = threads.map(|thread| thread.join().unwrap());
        indices.sort_unstable();
        assert_eq!(indices, [1, 2]);
    });
    assert_ready_eq!(task.poll(), Ok(0));
}

#[test]
fn a_wait_that_times_out_cancels_its_arrival() {
    let barrier = Barrier::new(2);
    assert_eq!(barrier.wait().block_timeout(Duration::ZERO), Err(TimedOut));
    assert_eq!(barrier.n_waiting(), 0);
    assert!(!barrier.broken());
    let mut first = spawn(barrier.wait());
    assert_pending!(first.poll());
    assert_eq!(barrier.wait().block_timeout(Duration::ZERO), Ok(Ok(1)));
    assert!(assert_ready!(first.poll()).is_ok());
}

#[test]
fn the_phase_and_the_parties_inside_follow_a_round() {
    let barrier = Barrier::new(2);
    assert_eq!((barrier.phase(), barrier.inside()), (Phase::Filling, 0));
    let mut first = spawn(barrier.wait());
    assert_pending!(first.poll());
    assert_eq!((barrier.phase(), barrier.inside()), (Phase::Filling, 1));
    let mut second = spawn(barrier.wait());
    assert_eq!(assert_ready!(second.poll()), Ok(1));
    assert_eq!((barrier.phase(), barrier.inside()), (Phase::Draining, 1));
    let mut gated = spawn(barrier.wait());
    assert_pending!(gated.poll());
    assert_eq!((barrier.inside(), barrier.n_waiting()), (1, 0));
    assert_eq!(assert_ready!(first.poll()), Ok(0));
    assert_eq!((barrier.phase(), barrier.inside()), (Phase::Filling, 0));
    assert_pending!(gated.poll());
    barrier.reset();
    assert_eq!((barrier.phase(), barrier.inside()), (Phase::Resetting, 1));
    drop(gated);
    assert_eq!((barrier.phase(), barrier.inside()), (Phase::Filling, 0));
    barrier.abort();
    assert_eq!((barrier.phase(), barrier.phase().to_string().as_str()), (Phase::Broken, "broken"));
}
