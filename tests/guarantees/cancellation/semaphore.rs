//! Acquires of both semaphores.

use awaitlist::{BoundedSemaphore, Semaphore};
use awaitlist_tests::now;
use std::sync::Arc;
use tokio_test::{
    assert_pending, assert_ready,
    task::{Spawn, spawn},
};

/// Waiters of a semaphore, each with its need, polled once.
macro_rules! waits_for {
    ($semaphore:ident, $needs:expr) => {
        $needs
            .into_iter()
            .map(|need| {
                let mut wait = spawn($semaphore.acquire_many(need));
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
fn never_polled_it_was_never_there() {
    let semaphore = Arc::new(Semaphore::new(1));
    let bounded = Arc::new(BoundedSemaphore::new(1));
    drop(spawn(semaphore.acquire()));
    drop(spawn(semaphore.acquire_many_owned(9)));
    drop(spawn(bounded.acquire_owned()));
    assert_eq!((semaphore.value(), Arc::strong_count(&semaphore)), (1, 1));
    assert_eq!((bounded.value(), Arc::strong_count(&bounded)), (1, 1));
}

#[test]
fn queued_its_place_goes_and_the_others_keep_their_order() {
    for place in 0..3 {
        let semaphore = Semaphore::new(0);
        let mut waits = waits_for!(semaphore, [1, 1, 1]);
        drop(waits.remove(place));
        assert_eq!((semaphore.waiters(), semaphore.value()), (2, 0));
        semaphore.release();
        assert_eq!(woken(&waits), [true, false]);
        semaphore.release();
        assert_eq!(woken(&waits), [true, true]);
    }
}

#[test]
fn queued_alone_it_leaves_the_value_to_newcomers() {
    let semaphore = Arc::new(BoundedSemaphore::new(2));
    let held = now(semaphore.acquire());
    let mut wait = spawn(semaphore.acquire_many_owned(2));
    assert_pending!(wait.poll());
    assert!(semaphore.try_acquire().is_none());
    drop(wait);
    assert_eq!(Arc::strong_count(&semaphore), 1);
    assert!(!semaphore.locked());
    drop(semaphore.try_acquire().unwrap());
    drop(held);
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn a_big_head_lets_all_those_in_who_fit_behind_it() {
    let semaphore = Semaphore::new(3);
    let mut waits = waits_for!(semaphore, [4, 1, 2, 1]);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [true, true, false]);
    assert_eq!(semaphore.value(), 0);
}

#[test]
fn a_big_head_lets_nobody_past_the_next_big_one() {
    let semaphore = Semaphore::new(1);
    let mut waits = waits_for!(semaphore, [3, 2, 1]);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [false, false]);
    assert_eq!(semaphore.value(), 1);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [true]);
}

#[test]
fn one_in_the_middle_or_at_the_end_lets_nobody_in() {
    for place in 1..3 {
        let semaphore = Semaphore::new(1);
        let mut waits = waits_for!(semaphore, [2, 2, 1]);
        drop(waits.remove(place));
        assert_eq!(woken(&waits), [false, false]);
        assert_eq!(semaphore.value(), 1);
    }
}

#[test]
fn granted_it_passes_its_permits_on() {
    let semaphore = Semaphore::new(0);
    let mut waits = waits_for!(semaphore, [2, 1, 1, 1]);
    semaphore.release_many(2);
    assert_eq!(woken(&waits), [true, false, false, false]);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [true, true, false]);
    assert_eq!(semaphore.value(), 0);
}

#[test]
fn granted_it_leaves_in_the_value_what_the_next_cannot_use() {
    let semaphore = Semaphore::new(0);
    let mut waits = waits_for!(semaphore, [2, 3]);
    semaphore.release_many(2);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [false]);
    assert_eq!(semaphore.value(), 2);
    semaphore.release();
    assert_eq!(woken(&waits), [true]);
}

#[test]
fn granted_alone_it_gives_the_permits_back() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut wait = spawn(semaphore.acquire_many_owned(3));
    assert_pending!(wait.poll());
    semaphore.release_many(4);
    assert_eq!(semaphore.value(), 1);
    drop(wait);
    assert_eq!((semaphore.value(), semaphore.waiters()), (4, 0));
    assert_eq!(Arc::strong_count(&semaphore), 1);
    assert!(!semaphore.locked());
}

#[test]
fn one_of_two_granted_touches_the_other_not() {
    for place in 0..2 {
        let semaphore = BoundedSemaphore::new(2);
        now(semaphore.acquire_many(2)).forget();
        let mut waits = waits_for!(semaphore, [1, 1, 1]);
        semaphore.release_many(2).unwrap();
        drop(waits.remove(place));
        assert_eq!(woken(&waits), [true, true]);
        let permits = waits.iter_mut().map(|wait| assert_ready!(wait.poll())).collect::<Vec<_>>();
        assert_eq!(semaphore.value(), 0);
        drop(permits);
        assert_eq!(semaphore.value(), 2);
    }
}

#[test]
fn a_granted_need_of_none_gives_nothing_back() {
    let semaphore = Semaphore::new(0);
    let mut waits = waits_for!(semaphore, [1, 0, 1]);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [true, false]);
    drop(waits.remove(0));
    assert_eq!(woken(&waits), [false]);
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 1));
}

#[test]
fn a_cancelled_grant_does_not_lift_a_bounded_value_above_its_bound() {
    let semaphore = BoundedSemaphore::new(2);
    let held = now(semaphore.acquire_many(2));
    let waits = waits_for!(semaphore, [2]);
    semaphore.release_many(2).unwrap();
    semaphore.release().unwrap();
    assert_eq!(semaphore.value(), 1);
    drop(waits);
    assert_eq!(semaphore.value(), 2);
    drop(held);
    assert_eq!(semaphore.value(), 2);
}

#[test]
fn finished_its_drop_gives_nothing_back() {
    let semaphore = Semaphore::new(1);
    let mut wait = spawn(semaphore.acquire());
    let permit = assert_ready!(wait.poll());
    drop(wait);
    assert_eq!(semaphore.value(), 0);
    drop(permit);
    assert_eq!(semaphore.value(), 1);
}
