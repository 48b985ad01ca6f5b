//! The barrier opens for the tasks that are there. The task that trips it assigns the indices as it
//! takes each arrival out; a released arrival dropped later renumbers no other; a round ends when
//! every released future was polled or dropped.

use awaitlist::{Barrier, BrokenBarrier};
use awaitlist_tests::{TestWaker, now, once, poll, waiting};
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};
use tokio_test::{assert_pending, assert_ready_eq, task::spawn};

/// More than go into one batch, or two.
const MANY: usize = 100;

type Wait = Pin<Box<awaitlist::barrier::WaitOwned>>;

#[test]
fn a_dropped_arrival_is_no_ghost() {
    let barrier = Barrier::new(2);
    let mut ghost = spawn(barrier.wait());
    assert_pending!(ghost.poll());
    drop(ghost);
    assert_eq!(barrier.n_waiting(), 0);
    let mut alone = spawn(barrier.wait());
    assert_pending!(alone.poll());
    assert_eq!(now(barrier.wait()), Ok(1));
    assert_ready_eq!(alone.poll(), Ok(0));
}

#[test]
fn after_a_cancelled_arrival_the_indices_are_unique_and_in_order_of_arrival() {
    for cancelled in 0..3 {
        let barrier = Barrier::new(4);
        let mut waits: Vec<_> = (0..3).map(|_| spawn(barrier.wait())).collect();
        for wait in &mut waits {
            assert_pending!(wait.poll());
        }
        drop(waits.remove(cancelled));
        assert!(!barrier.broken());
        assert!(waits.iter().all(|wait| !wait.is_woken()));
        waits.push(spawn(barrier.wait()));
        assert_pending!(waits[2].poll());
        assert_eq!(now(barrier.wait()), Ok(3));
        for (index, wait) in waits.iter_mut().enumerate() {
            assert_ready_eq!(wait.poll(), Ok(index));
        }
    }
}

#[test]
fn a_released_arrival_dropped_later_renumbers_nobody() {
    let barrier = Barrier::new(4);
    let mut waits: Vec<_> = (0..3).map(|_| spawn(barrier.wait())).collect();
    for wait in &mut waits {
        assert_pending!(wait.poll());
    }
    assert_eq!(now(barrier.wait()), Ok(3));
    drop(waits.remove(1));
    assert!(!barrier.broken());
    assert_ready_eq!(waits[1].poll(), Ok(2));
    assert_ready_eq!(waits[0].poll(), Ok(0));
}

#[test]
fn a_round_ends_when_every_released_future_was_polled_or_dropped() {
    let barrier = Barrier::new(3);
    let mut waits: Vec<_> = (0..2).map(|_| spawn(barrier.wait())).collect();
    for wait in &mut waits {
        assert_pending!(wait.poll());
    }
    assert_eq!(now(barrier.wait()), Ok(2));
    let mut early = spawn(barrier.wait());
    assert_pending!(early.poll());
    assert_ready_eq!(waits[0].poll(), Ok(0));
    assert_eq!(barrier.to_string(), "<Barrier [draining, waiters:0/3]>");
    assert!(!early.is_woken());
    // The last one of the round is dropped, not polled: that ends it as well.
    waits.clear();
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/3]>");
    assert!(early.is_woken());
    assert_pending!(early.poll());
    assert_eq!(barrier.n_waiting(), 1);
}

#[test]
fn abort_and_reset_fail_those_who_were_released_and_have_not_returned() {
    for reset in [false, true] {
        let barrier = Barrier::new(3);
        let mut waits: Vec<_> = (0..2).map(|_| spawn(barrier.wait())).collect();
        for wait in &mut waits {
            assert_pending!(wait.poll());
        }
        assert_eq!(now(barrier.wait()), Ok(2));
        assert_ready_eq!(waits[0].poll(), Ok(0));
        let mut gated = spawn(barrier.wait());
        assert_pending!(gated.poll());
        if reset {
            barrier.reset()
        } else {
            barrier.abort()
        }
        assert_ready_eq!(waits[1].poll(), Err(BrokenBarrier::AbortOrReset));
        assert!(gated.is_woken());
        if reset {
            assert_pending!(gated.poll());
            assert_eq!(barrier.n_waiting(), 1);
        } else {
            assert_ready_eq!(gated.poll(), Err(BrokenBarrier::Aborted));
        }
    }
}

#[test]
fn a_barrier_broken_while_some_are_inside_is_new_only_when_these_have_left() {
    let barrier = Barrier::new(3);
    let mut inside = spawn(barrier.wait());
    assert_pending!(inside.poll());
    barrier.abort();
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [resetting, waiters:0/3]>");
    let mut gated = spawn(barrier.wait());
    assert_pending!(gated.poll());
    assert_eq!(barrier.n_waiting(), 0);
    assert_ready_eq!(inside.poll(), Err(BrokenBarrier::AbortOrReset));
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/3]>");
    assert_pending!(gated.poll());
    assert_eq!(barrier.n_waiting(), 1);
}

/// `MANY` arrivals at a barrier, the first of which runs `meanwhile` from inside its wake.
fn arrive(barrier: &Arc<Barrier>, meanwhile: impl FnOnce() + Send + 'static) -> Vec<Option<Wait>> {
    let first = TestWaker::new().on_wake(once(meanwhile));
    let mut waits = vec![Some(waiting(barrier.wait_owned(), &first.waker()))];
    for _ in 1..MANY {
        waits.push(Some(waiting(barrier.wait_owned(), Waker::noop())));
    }
    waits
}

#[test]
fn many_are_released_with_their_order_of_arrival() {
    let barrier = Arc::new(Barrier::new(MANY + 1));
    let waits = arrive(&barrier, || {});
    assert_eq!(now(barrier.wait()), Ok(MANY));
    for (index, wait) in waits.into_iter().enumerate() {
        assert_eq!(poll(&mut wait.unwrap(), Waker::noop()), Poll::Ready(Ok(index)));
    }
    assert_eq!(barrier.to_string(), format!("<Barrier [filling, waiters:0/{}]>", MANY + 1));
}

#[test]
fn one_released_who_has_not_been_taken_out_waits_for_its_index() {
    let barrier = Arc::new(Barrier::new(MANY + 2));
    let last = Arc::new(Mutex::new(None::<Wait>));
    let polled = Arc::clone(&last);
    let waits = arrive(&barrier, move || {
        let mut last = polled.lock().unwrap();
        assert!(poll(last.as_mut().unwrap(), Waker::noop()).is_pending());
    });
    *last.lock().unwrap() = Some(waiting(barrier.wait_owned(), Waker::noop()));
    assert_eq!(now(barrier.wait()), Ok(MANY + 1));
    let mut last = last.lock().unwrap().take().unwrap();
    assert_eq!(poll(&mut last, Waker::noop()), Poll::Ready(Ok(MANY)));
    drop(waits);
}

#[test]
fn an_abort_before_it_was_taken_out_fails_it_all_the_same() {
    for reset in [false, true] {
        let barrier = Arc::new(Barrier::new(MANY + 2));
        let last = Arc::new(Mutex::new(None::<Wait>));
        let (polled, aborting) = (Arc::clone(&last), Arc::clone(&barrier));
        let waits = arrive(&barrier, move || {
            if reset {
                aborting.reset()
            } else {
                aborting.abort()
            }
            let mut last = polled.lock().unwrap().take().unwrap();
            let outcome = poll(&mut last, Waker::noop());
            assert_eq!(outcome, Poll::Ready(Err(BrokenBarrier::AbortOrReset)));
        });
        *last.lock().unwrap() = Some(waiting(barrier.wait_owned(), Waker::noop()));
        assert_eq!(now(barrier.wait()), Ok(MANY + 1));
        assert!(last.lock().unwrap().is_none());
        for wait in waits {
            let outcome = poll(&mut wait.unwrap(), Waker::noop());
            assert_eq!(outcome, Poll::Ready(Err(BrokenBarrier::AbortOrReset)));
        }
        assert_eq!(barrier.broken(), !reset);
        assert_eq!(barrier.n_waiting(), 0);
    }
}

#[test]
fn indices_stay_unique_and_in_order_when_some_are_dropped_before_they_were_taken_out() {
    let barrier = Arc::new(Barrier::new(MANY + 21));
    let victims = Arc::new(Mutex::new(Vec::<Wait>::new()));
    let dropped = Arc::clone(&victims);
    let mut waits = arrive(&barrier, move || {
        let victims = std::mem::take(&mut *dropped.lock().unwrap());
        drop(victims);
    });
    for n in 0..20 {
        let wait = waiting(barrier.wait_owned(), Waker::noop());
        if n % 2 == 0 {
            victims.lock().unwrap().push(wait);
        } else {
            waits.push(Some(wait));
        }
    }
    assert_eq!(now(barrier.wait()), Ok(MANY + 20));
    assert!(victims.lock().unwrap().is_empty());
    let indices: Vec<_> = waits
        .into_iter()
        .map(|wait| poll(&mut wait.unwrap(), Waker::noop()))
        .map(|outcome| match outcome {
            Poll::Ready(Ok(index)) => index,
            other => panic!("not released: {other:?}"),
        })
        .collect();
    assert!(indices.is_sorted_by(|one, next| one < next), "{indices:?}");
    assert!(indices.iter().all(|index| *index < MANY + 20));
    assert_eq!(barrier.n_waiting(), 0);
    assert!(!barrier.broken());
}

#[test]
fn one_who_comes_from_inside_a_wake_joins_the_next_round() {
    let barrier = Arc::new(Barrier::new(MANY + 1));
    let newcomer = Arc::new(Mutex::new(None));
    let (coming, late) = (Arc::clone(&barrier), Arc::clone(&newcomer));
    let waits = arrive(&barrier, move || {
        let test_waker = TestWaker::new();
        let wait = waiting(coming.wait_owned(), &test_waker.waker());
        *late.lock().unwrap() = Some((test_waker, wait));
    });
    assert_eq!(now(barrier.wait()), Ok(MANY));
    let (test_waker, mut late) = newcomer.lock().unwrap().take().unwrap();
    assert_eq!(test_waker.wakes(), 0);
    assert!(poll(&mut late, Waker::noop()).is_pending());
    drop(waits);
    // The gate opens for the tasks that wait at it now.
    assert!(poll(&mut late, &test_waker.waker()).is_pending());
    assert_eq!(barrier.n_waiting(), 1);
}

#[test]
fn a_round_that_is_tripped_while_the_gate_opens_gives_its_indices_to_its_own() {
    let barrier = Arc::new(Barrier::new(2));
    let mut slow = waiting(barrier.wait_owned(), Waker::noop());
    assert_eq!(now(barrier.wait()), Ok(1));
    // When the first at the gate is woken, a whole round comes before the rest of them is.
    let inside = Arc::new(Mutex::new(None));
    let (coming, arrived) = (Arc::clone(&barrier), Arc::clone(&inside));
    let first = TestWaker::new().on_wake(once(move || {
        *arrived.lock().unwrap() = Some(waiting(coming.wait_owned(), Waker::noop()));
        assert_eq!(now(coming.wait()), Ok(1));
    }));
    let others = TestWaker::new();
    let mut gated = vec![waiting(barrier.wait_owned(), &first.waker())];
    gated.extend((1..MANY).map(|_| waiting(barrier.wait_owned(), &others.waker())));
    assert_eq!(poll(&mut slow, Waker::noop()), Poll::Ready(Ok(0)));
    assert_eq!(others.wakes(), MANY - 1);
    let mut inside = inside.lock().unwrap().take().unwrap();
    assert_eq!(poll(&mut inside, Waker::noop()), Poll::Ready(Ok(0)));
    assert_eq!(barrier.n_waiting(), 0);
    assert!(poll(&mut gated[0], Waker::noop()).is_pending());
    assert_eq!(poll(&mut gated[1], Waker::noop()), Poll::Ready(Ok(1)));
}

/// Indices are given batch by batch. A waker may drop an arrival that has none yet.
#[test]
fn an_arrival_dropped_between_two_batches_renumbers_no_other() {
    const PARTIES: usize = 70;
    for dropped in [1, 31, 32, 35, 50, PARTIES - 2] {
        let barrier = Arc::new(Barrier::new(PARTIES));
        let victim: Arc<Mutex<Option<Wait>>> = Arc::new(Mutex::new(None));
        let drops = {
            let victim = Arc::clone(&victim);
            TestWaker::new().on_wake(once(move || drop(victim.lock().unwrap().take())))
        };
        let victims_waker = TestWaker::new();
        let mut waits: Vec<(usize, Wait)> = Vec::new();
        for index in 0..PARTIES - 1 {
            let waker = match index {
                0 => drops.waker(),
                _ if index == dropped => victims_waker.waker(),
                _ => Waker::noop().clone(),
            };
            let wait = waiting(barrier.wait_owned(), &waker);
            if index == dropped {
                *victim.lock().unwrap() = Some(wait);
            } else {
                waits.push((index, wait));
            }
        }
        assert_eq!(now(barrier.wait()), Ok(PARTIES - 1));
        assert!(victim.lock().unwrap().is_none());
        for (index, wait) in &mut waits {
            assert_ready_eq!(poll(wait, Waker::noop()), Ok(*index), "without {dropped}");
        }
        assert_eq!(barrier.to_string(), format!("<Barrier [filling, waiters:0/{PARTIES}]>"));
        let in_the_first_batch = usize::from(dropped < 32);
        assert_eq!(victims_waker.wakes(), in_the_first_batch, "without {dropped}");
    }
}

/// Between two batches, an arrival that has its index leaves, and so does a newcomer at the gate.
/// Neither changes what those behind them have.
#[test]
fn a_drop_between_two_batches_wakes_none_of_those_behind_it() {
    let barrier = Arc::new(Barrier::new(70));
    let victim: Arc<Mutex<Option<Wait>>> = Arc::new(Mutex::new(None));
    let behind = Arc::new(TestWaker::new());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let drops = {
        let (barrier, victim) = (Arc::clone(&barrier), Arc::clone(&victim));
        let (behind, seen) = (Arc::clone(&behind), Arc::clone(&seen));
        TestWaker::new().on_wake(once(move || {
            let newcomer = waiting(barrier.wait_owned(), Waker::noop());
            for leaves in [victim.lock().unwrap().take().unwrap(), newcomer] {
                drop(leaves);
                seen.lock().unwrap().push(behind.wakes());
            }
        }))
    };
    let mut waits = vec![waiting(barrier.wait_owned(), &drops.waker())];
    *victim.lock().unwrap() = Some(waiting(barrier.wait_owned(), Waker::noop()));
    waits.extend((2..69).map(|index| {
        let waker = if index < 32 { Waker::noop().clone() } else { behind.waker() };
        waiting(barrier.wait_owned(), &waker)
    }));
    assert_eq!(now(barrier.wait()), Ok(69));
    assert_eq!(*seen.lock().unwrap(), [0, 0]);
    assert_eq!(behind.wakes(), 69 - 32);
}

/// An arrival without an index leaves, and a waker behind it panics.
#[test]
fn an_arrival_dropped_between_two_batches_leaves_though_a_waker_panics() {
    let barrier = Arc::new(Barrier::new(70));
    let victim: Arc<Mutex<Option<Wait>>> = Arc::new(Mutex::new(None));
    let drops = {
        let victim = Arc::clone(&victim);
        TestWaker::new().on_wake(once(move || drop(victim.lock().unwrap().take())))
    };
    let bad = TestWaker::new().on_wake(|| panic!("woken"));
    let mut waits = vec![waiting(barrier.wait_owned(), &drops.waker())];
    for index in 1..69 {
        let waker = if index == 60 { bad.waker() } else { Waker::noop().clone() };
        let wait = waiting(barrier.wait_owned(), &waker);
        match index {
            40 => *victim.lock().unwrap() = Some(wait),
            _ => waits.push(wait),
        }
    }
    assert_eq!(awaitlist_tests::caught(|| now(barrier.wait())).message, "woken");
    for wait in &mut waits {
        assert!(poll(wait, Waker::noop()).is_ready());
    }
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/70]>");
}
