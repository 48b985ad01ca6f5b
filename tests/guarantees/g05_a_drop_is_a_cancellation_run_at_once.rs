//! The place of a dropped future goes at once, and what it had been given goes to the next.
//! `cancellation` drops every future in every state; here is the rule itself.

use awaitlist::{Condition, Lock, Semaphore};
use awaitlist_tests::{Rng, now};
use tokio_test::{assert_pending, assert_ready, task::spawn};

#[test]
fn a_future_that_was_never_polled_leaves_no_trace() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    drop(spawn(lock.acquire()));
    assert_eq!(lock.waiters(), 0);
    drop(held);
    assert!(lock.try_acquire().is_some());
}

#[test]
fn a_cancelled_waiter_passes_the_lock_on() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let (mut first, mut second) = (spawn(lock.acquire()), spawn(lock.acquire()));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(held);
    drop(first);
    assert!(second.is_woken());
    assert_eq!((lock.locked(), lock.waiters()), (false, 1));
    drop(assert_ready!(second.poll()));
    assert!(lock.try_acquire().is_some());
}

#[test]
fn a_cancelled_waiter_passes_its_permits_on_to_as_many_as_they_feed() {
    let semaphore = Semaphore::new(0);
    let mut three = spawn(semaphore.acquire_many(3));
    assert_pending!(three.poll());
    let mut waiting = [2, 1, 1].map(|need| spawn(semaphore.acquire_many(need)));
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    semaphore.release_many(3);
    assert!(three.is_woken());
    drop(three);
    assert_eq!(waiting.each_ref().map(|wait| wait.is_woken()), [true, true, false]);
    assert_eq!(semaphore.value(), 0);
}

#[test]
fn those_behind_a_cancelled_big_head_are_not_stranded() {
    // Two released peers leave `small` asleep for ever.
    let semaphore = Semaphore::new(1);
    let mut big = spawn(semaphore.acquire_many(2));
    let mut small = spawn(semaphore.acquire());
    assert_pending!(big.poll());
    assert_pending!(small.poll());
    drop(big);
    assert!(small.is_woken());
    drop(assert_ready!(small.poll()));
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn a_cancelled_waiter_passes_its_notification_on() {
    let condition = Condition::new(());
    let mut first = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(first.poll());
    let mut second = spawn(condition.wait(now(condition.acquire())));
    assert_pending!(second.poll());
    condition.notify(&now(condition.acquire()), 1);
    drop(first);
    assert!(second.is_woken());
    drop(assert_ready!(second.poll()));
}

#[test]
fn a_cancel_in_the_middle_disturbs_nobody() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let mut waiting: Vec<_> = (0..5).map(|_| spawn(lock.acquire())).collect();
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    drop(waiting.remove(2));
    assert!(waiting.iter().all(|wait| !wait.is_woken()));
    assert_eq!(lock.waiters(), 4);
    drop(held);
    for wait in &mut waiting {
        assert!(wait.is_woken());
        drop(assert_ready!(wait.poll()));
    }
}

#[test]
fn nothing_is_stranded_whoever_is_dropped_and_whenever() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let semaphore = Semaphore::new(3);
        let mut waiting = Vec::new();
        let mut permits = Vec::new();
        for _ in 0..60 {
            match rng.below(4) {
                0 => {
                    waiting.push(spawn(semaphore.acquire_many(rng.below(4))));
                }
                1 if !waiting.is_empty() => {
                    let n = rng.below(waiting.len());
                    drop(waiting.remove(n));
                }
                2 if !permits.is_empty() => {
                    let n = rng.below(permits.len());
                    drop(permits.swap_remove(n));
                }
                _ if !waiting.is_empty() => {
                    let n = rng.below(waiting.len());
                    if let std::task::Poll::Ready(permit) = waiting[n].poll() {
                        permits.push(permit);
                        drop(waiting.remove(n));
                    }
                }
                _ => {}
            }
        }
        // When the permits are released, every waiter gets its permits in the end, and none are
        // left over.
        drop(permits);
        loop {
            let before = waiting.len();
            waiting.retain_mut(|wait| wait.poll().is_pending());
            if waiting.len() == before {
                break;
            }
        }
        assert!(waiting.is_empty(), "seed {seed}: {semaphore:?}");
        assert_eq!((semaphore.value(), semaphore.waiters()), (3, 0), "seed {seed}");
    }
}
