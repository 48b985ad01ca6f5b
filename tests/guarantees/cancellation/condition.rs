//! Waits for a condition, in the queue of the condition and in that of the lock.

use awaitlist::{Condition, Lock};
use awaitlist_tests::{Rng, now};
use std::{
    future::{pending, ready},
    sync::Arc,
};
use tokio_test::{
    assert_pending, assert_ready,
    task::{Spawn, spawn},
};

/// So many waiters of a condition.
macro_rules! wait_for {
    ($condition:ident, $count:expr) => {
        (0..$count)
            .map(|_| {
                let mut wait = spawn($condition.wait(now($condition.acquire())));
                assert_pending!(wait.poll());
                wait
            })
            .collect::<Vec<_>>()
    };
}

fn woken<F>(waits: &[Spawn<F>]) -> Vec<bool> {
    waits.iter().map(Spawn::is_woken).collect()
}

mod before_the_notification {
    use super::*;

    #[test]
    fn never_polled_it_releases_the_lock_that_it_was_given() {
        let condition = Condition::new(());
        let held = now(condition.acquire());
        let mut other = spawn(condition.acquire());
        assert_pending!(other.poll());
        let wait = condition.wait(held);
        assert!(condition.locked());
        drop(wait);
        assert!(other.is_woken());
        drop(assert_ready!(other.poll()));
        drop(condition.wait_for(now(condition.acquire()), |()| true));
        drop(condition.wait_for_some(now(condition.acquire()), |()| Some(1)));
        drop(condition.wait_or(now(condition.acquire()), ready(())));
        assert_eq!((condition.locked(), condition.waiters()), (false, 0));
    }

    #[test]
    fn owned_and_never_polled_it_lets_both_arcs_go() {
        let lock = Arc::new(Lock::new(()));
        let condition = Arc::new(Condition::with_lock(Arc::clone(&lock)));
        drop(condition.wait_owned(now(lock.acquire_owned())));
        assert_eq!((Arc::strong_count(&condition), Arc::strong_count(&lock)), (1, 2));
        assert!(!lock.locked());
    }

    #[test]
    fn queued_its_place_goes_and_nobody_is_woken() {
        for place in 0..3 {
            let condition = Condition::new(());
            let mut waits = wait_for!(condition, 3);
            drop(waits.remove(place));
            assert_eq!(condition.waiters(), 2);
            assert_eq!(woken(&waits), [false, false]);
            condition.notify(&now(condition.acquire()), 1);
            assert_eq!(woken(&waits), [true, false]);
        }
    }

    #[test]
    fn queued_while_another_holds_the_lock_it_leaves_that_alone() {
        let lock = Arc::new(Lock::new(()));
        let condition = Arc::new(Condition::with_lock(Arc::clone(&lock)));
        let mut wait = spawn(condition.wait_owned(now(lock.acquire_owned())));
        assert_pending!(wait.poll());
        let held = now(lock.acquire());
        drop(wait);
        assert_eq!((Arc::strong_count(&condition), Arc::strong_count(&lock)), (1, 2));
        assert_eq!((lock.locked(), lock.waiters()), (true, 0));
        drop(held);
    }

    #[test]
    fn queued_again_after_a_false_predicate_it_passes_nothing_on() {
        let condition = Condition::new(());
        let mut picky = spawn(condition.wait_for(now(condition.acquire()), |()| false));
        assert_pending!(picky.poll());
        let mut waits = wait_for!(condition, 1);
        condition.notify(&now(condition.acquire()), 1);
        assert_pending!(picky.poll());
        drop(picky);
        assert_eq!(woken(&waits), [false]);
        assert_eq!((condition.locked(), condition.waiters()), (false, 1));
        condition.notify(&now(condition.acquire()), 1);
        drop(assert_ready!(waits[0].poll()));
    }

    #[test]
    fn queued_with_a_stop_it_drops_that_too() {
        let condition = Condition::new(());
        let kept = Arc::new(());
        let inside = Arc::clone(&kept);
        let stop = async move {
            pending::<()>().await;
            drop(inside);
        };
        let mut wait = spawn(condition.wait_or(now(condition.acquire()), stop));
        assert_pending!(wait.poll());
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(wait);
        assert_eq!((Arc::strong_count(&kept), condition.waiters()), (1, 0));
        assert!(!condition.locked());
    }
}

mod after_the_notification {
    use super::*;

    #[test]
    fn not_polled_yet_it_passes_the_notification_to_the_next_in_line() {
        let condition = Condition::new(());
        let mut waits = wait_for!(condition, 3);
        condition.notify(&now(condition.acquire()), 1);
        drop(waits.remove(0));
        assert_eq!(woken(&waits), [true, false]);
        drop(waits.remove(0));
        assert_eq!(woken(&waits), [true]);
        drop(assert_ready!(waits[0].poll()));
    }

    #[test]
    fn with_nobody_else_in_line_the_notification_ends() {
        let condition = Condition::new(());
        let waits = wait_for!(condition, 2);
        condition.notify_all(&now(condition.acquire()));
        drop(waits);
        let late = wait_for!(condition, 1);
        assert_eq!(woken(&late), [false]);
        assert_eq!((condition.locked(), condition.waiters()), (false, 1));
    }

    #[test]
    fn a_notified_one_in_the_middle_passes_on_to_one_not_notified() {
        let condition = Condition::new(());
        let mut waits = wait_for!(condition, 4);
        condition.notify(&now(condition.acquire()), 2);
        drop(waits.remove(1));
        assert_eq!(woken(&waits), [true, true, false]);
        drop(waits.remove(0));
        assert_eq!(woken(&waits), [true, true]);
    }

    #[test]
    fn in_the_locks_queue_it_passes_the_notification_on_and_leaves_that_queue() {
        // Between two others, so at the head, in the middle, or at the end.
        for place in 0..3 {
            let condition = Condition::new(());
            let mut waits = wait_for!(condition, 2);
            let held = now(condition.acquire());
            condition.notify(&held, 1);
            let mut others: Vec<_> = (0..2).map(|_| spawn(condition.acquire())).collect();
            for other in &mut others[..place] {
                assert_pending!(other.poll());
            }
            assert_pending!(waits[0].poll());
            for other in &mut others[place..] {
                assert_pending!(other.poll());
            }
            assert_eq!((condition.waiters(), condition.lock().waiters()), (1, 3));
            drop(waits.remove(0));
            assert_eq!(woken(&waits), [true]);
            assert_eq!(woken(&others), [false, false]);
            assert_eq!(condition.lock().waiters(), 2);
            drop(held);
            drop(assert_ready!(others[0].poll()));
            drop(assert_ready!(others[1].poll()));
            drop(assert_ready!(waits[0].poll()));
        }
    }

    #[test]
    fn designated_for_the_lock_it_passes_both_on() {
        let condition = Condition::new(());
        let mut waits = wait_for!(condition, 2);
        let held = now(condition.acquire());
        condition.notify(&held, 1);
        assert_pending!(waits[0].poll());
        let mut other = spawn(condition.acquire());
        assert_pending!(other.poll());
        drop(held);
        assert!(waits[0].is_woken() && !other.is_woken());
        drop(waits.remove(0));
        assert!(other.is_woken());
        assert_eq!(woken(&waits), [true]);
        drop(assert_ready!(other.poll()));
        drop(assert_ready!(waits[0].poll()));
        assert!(condition.try_acquire().is_some());
    }

    #[test]
    fn the_waits_with_a_predicate_or_a_stop_pass_it_on_as_well() {
        for reacquiring in [false, true] {
            let condition = Condition::new(true);
            let mut asked = 0;
            let mut picky = spawn(condition.wait_for(now(condition.acquire()), move |_| {
                asked += 1;
                asked > 1
            }));
            assert_pending!(picky.poll());
            let mut some = spawn(condition.wait_for_some(now(condition.acquire()), |_| None::<()>));
            assert_pending!(some.poll());
            let mut stopped = spawn(condition.wait_or(now(condition.acquire()), pending::<()>()));
            assert_pending!(stopped.poll());
            let mut last = wait_for!(condition, 1);
            let held = now(condition.acquire());
            condition.notify(&held, 1);
            if reacquiring {
                assert_pending!(picky.poll());
            }
            drop(picky);
            assert!(some.is_woken());
            if reacquiring {
                assert_pending!(some.poll());
            }
            drop(some);
            assert!(stopped.is_woken());
            if reacquiring {
                assert_pending!(stopped.poll());
            }
            drop(stopped);
            assert_eq!(woken(&last), [true]);
            assert_eq!(condition.lock().waiters(), 0);
            drop(held);
            drop(assert_ready!(last[0].poll()));
        }
    }

    #[test]
    fn finished_it_passes_nothing_on() {
        let condition = Condition::new(());
        let mut waits = wait_for!(condition, 2);
        condition.notify(&now(condition.acquire()), 1);
        let guard = assert_ready!(waits[0].poll());
        drop(waits.remove(0));
        assert!(condition.locked());
        assert_eq!(woken(&waits), [false]);
        drop(guard);
    }
}

mod after_the_stop {
    use super::*;

    #[test]
    fn in_the_locks_queue_it_leaves_that_and_notifies_nobody() {
        for place in 0..3 {
            let condition = Condition::new(());
            let waits = wait_for!(condition, 1);
            let held = now(condition.acquire());
            let mut in_between = spawn(condition.acquire());
            assert_pending!(in_between.poll());
            let mut others: Vec<_> = (0..2).map(|_| spawn(condition.acquire())).collect();
            for other in &mut others[..place] {
                assert_pending!(other.poll());
            }
            let mut stopped = spawn(condition.wait_or(held, ready(())));
            assert_pending!(stopped.poll());
            for other in &mut others[place..] {
                assert_pending!(other.poll());
            }
            let held = assert_ready!(in_between.poll());
            assert_eq!(condition.lock().waiters(), 3);
            drop(stopped);
            assert_eq!(condition.lock().waiters(), 2);
            assert_eq!(woken(&others), [false, false]);
            assert_eq!(woken(&waits), [false]);
            drop(held);
            drop(assert_ready!(others[0].poll()));
            drop(assert_ready!(others[1].poll()));
        }
    }

    #[test]
    fn designated_for_the_lock_it_passes_that_on_and_notifies_nobody() {
        let condition = Condition::new(());
        let waits = wait_for!(condition, 1);
        let held = now(condition.acquire());
        let mut in_between = spawn(condition.acquire());
        assert_pending!(in_between.poll());
        let mut stopped = spawn(condition.wait_or(held, ready(())));
        assert_pending!(stopped.poll());
        let mut other = spawn(condition.acquire());
        assert_pending!(other.poll());
        drop(assert_ready!(in_between.poll()));
        assert!(stopped.is_woken());
        drop(stopped);
        assert!(other.is_woken());
        assert_eq!(woken(&waits), [false]);
        drop(assert_ready!(other.poll()));
        assert!(condition.try_acquire().is_some());
    }
}

#[test]
fn no_notification_is_lost_whoever_is_dropped_and_whenever() {
    for seed in 0..500 {
        let mut rng = Rng::new(seed);
        let condition = Condition::new(());
        let mut waits = wait_for!(condition, 8);
        let (mut notified, mut returned) = (0, 0);
        let mut held = None;
        for _ in 0..rng.below(40) {
            let n = rng.below(waits.len().max(1));
            match rng.below(5) {
                0 => held = None,
                1 if held.is_none() => held = condition.try_acquire(),
                2 if notified < 4 => {
                    if let Some(guard) = &held {
                        condition.notify(guard, 1);
                        notified += usize::from(condition.waiters() > 0);
                    }
                }
                3 if waits.len() > 3 => drop(waits.remove(n)),
                _ if !waits.is_empty() && waits[n].poll().is_ready() => {
                    drop(waits.remove(n));
                    returned += 1;
                }
                _ => {}
            }
        }
        held = None;
        loop {
            let before = waits.len();
            waits.retain_mut(|wait| wait.poll().is_pending());
            returned += before - waits.len();
            if waits.len() == before {
                break;
            }
        }
        assert!(held.is_none());
        // If a waiter is left, each notification let one return.
        assert!(
            waits.is_empty() || returned == notified,
            "seed {seed}: {notified} notified, {returned} returned, {} left",
            waits.len()
        );
        assert_eq!((condition.waiters(), condition.locked()), (waits.len(), false));
    }
}
