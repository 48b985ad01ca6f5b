//! Waits at a barrier.

use awaitlist::{Barrier, BrokenBarrier};
use awaitlist_tests::now;
use std::sync::Arc;
use tokio_test::{
    assert_pending, assert_ready_eq,
    task::{Spawn, spawn},
};

const ABORT_OR_RESET: Result<usize, BrokenBarrier> = Err(BrokenBarrier::AbortOrReset);

/// So many arrivals at a barrier.
macro_rules! arrive {
    ($barrier:ident, $count:expr) => {
        (0..$count)
            .map(|_| {
                let mut wait = spawn($barrier.wait());
                assert_pending!(wait.poll());
                wait
            })
            .collect::<Vec<_>>()
    };
}

fn woken<F>(waits: &[Spawn<F>]) -> Vec<bool> {
    waits.iter().map(Spawn::is_woken).collect()
}

#[test]
fn never_polled_it_has_not_arrived() {
    let barrier = Arc::new(Barrier::new(1));
    drop(spawn(barrier.wait()));
    drop(spawn(barrier.wait_owned()));
    assert_eq!((barrier.n_waiting(), Arc::strong_count(&barrier)), (0, 1));
    assert_eq!(now(barrier.wait()), Ok(0));
}

#[test]
fn inside_it_is_cancelled_and_the_others_wait_on() {
    for place in 0..3 {
        let barrier = Barrier::new(4);
        let mut waits = arrive!(barrier, 3);
        drop(waits.remove(place));
        assert_eq!((barrier.n_waiting(), barrier.broken()), (2, false));
        assert_eq!(woken(&waits), [false, false]);
        waits.extend(arrive!(barrier, 1));
        assert_eq!(now(barrier.wait()), Ok(3));
        for (index, wait) in waits.iter_mut().enumerate() {
            assert_ready_eq!(wait.poll(), Ok(index));
        }
    }
}

#[test]
fn inside_alone_it_leaves_the_barrier_as_new() {
    let barrier = Arc::new(Barrier::new(2));
    let mut wait = spawn(barrier.wait_owned());
    assert_pending!(wait.poll());
    drop(wait);
    assert_eq!(Arc::strong_count(&barrier), 1);
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
}

#[test]
fn released_only_it_is_gone() {
    for place in 0..3 {
        let barrier = Barrier::new(4);
        let mut waits = arrive!(barrier, 3);
        assert_eq!(now(barrier.wait()), Ok(3));
        drop(waits.remove(place));
        assert_eq!(barrier.to_string(), "<Barrier [draining, waiters:0/4]>");
        let mut indices = vec![0, 1, 2];
        indices.remove(place);
        for (index, wait) in indices.into_iter().zip(&mut waits) {
            assert_ready_eq!(wait.poll(), Ok(index));
        }
        assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/4]>");
    }
}

#[test]
fn the_last_released_opens_the_gate() {
    let barrier = Barrier::new(2);
    let released = arrive!(barrier, 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    let mut gated = arrive!(barrier, 3);
    drop(released);
    assert_eq!(woken(&gated), [true, true, true]);
    assert_pending!(gated[0].poll());
    assert_ready_eq!(gated[1].poll(), Ok(1));
    // This one is too late for the round, and waits at the gate again.
    assert_pending!(gated[2].poll());
    assert_ready_eq!(gated[0].poll(), Ok(0));
    assert_pending!(gated[2].poll());
    assert_eq!(barrier.n_waiting(), 1);
}

#[test]
fn gated_it_was_not_counted_and_the_others_come_in() {
    for place in 0..3 {
        let barrier = Barrier::new(3);
        let released = arrive!(barrier, 2);
        assert_eq!(now(barrier.wait()), Ok(2));
        let mut gated = arrive!(barrier, 3);
        drop(gated.remove(place));
        assert_eq!(woken(&gated), [false, false]);
        assert_eq!(barrier.to_string(), "<Barrier [draining, waiters:0/3]>");
        drop(released);
        assert_eq!(woken(&gated), [true, true]);
        for wait in &mut gated {
            assert_pending!(wait.poll());
        }
        assert_eq!(barrier.n_waiting(), 2);
    }
}

#[test]
fn let_in_but_not_come_it_was_not_counted() {
    let barrier = Barrier::new(2);
    let released = arrive!(barrier, 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    let mut gated = arrive!(barrier, 2);
    drop(released);
    drop(gated.remove(0));
    assert_eq!(barrier.n_waiting(), 0);
    assert_pending!(gated[0].poll());
    assert_eq!(barrier.n_waiting(), 1);
}

#[test]
fn failed_by_an_abort_it_leaves_the_barrier_broken() {
    let barrier = Barrier::new(3);
    let mut waits = arrive!(barrier, 2);
    barrier.abort();
    drop(waits.remove(0));
    assert_ready_eq!(waits[0].poll(), ABORT_OR_RESET);
    assert!(barrier.broken());
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/3]>");
}

#[test]
fn failed_by_a_reset_the_last_one_opens_the_gate() {
    let barrier = Barrier::new(3);
    let mut waits = arrive!(barrier, 2);
    barrier.reset();
    let mut gated = arrive!(barrier, 1);
    drop(waits.remove(1));
    assert_eq!(barrier.to_string(), "<Barrier [resetting, waiters:0/3]>");
    assert_eq!(woken(&gated), [false]);
    drop(waits);
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/3]>");
    assert_eq!(woken(&gated), [true]);
    assert_pending!(gated[0].poll());
    assert_eq!(barrier.n_waiting(), 1);
}

#[test]
fn inside_a_broken_barrier_the_last_one_lets_the_reset_take_effect() {
    let barrier = Barrier::new(2);
    let waits = arrive!(barrier, 1);
    barrier.abort();
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [resetting, waiters:0/2]>");
    drop(waits);
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
}

#[test]
fn gated_at_an_abort_it_changes_nothing() {
    let barrier = Barrier::new(2);
    let mut released = arrive!(barrier, 1);
    assert_eq!(now(barrier.wait()), Ok(1));
    let mut gated = arrive!(barrier, 2);
    barrier.abort();
    drop(gated.remove(0));
    assert_ready_eq!(gated[0].poll(), Err(BrokenBarrier::Aborted));
    assert_ready_eq!(released[0].poll(), ABORT_OR_RESET);
    assert!(barrier.broken());
}
