//! The waits that end with a predicate, with something else, or with a timeout.

use awaitlist::{Block, Condition, TimedOut};
use awaitlist_tests::{caught, now};
use std::{
    cell::Cell,
    collections::VecDeque,
    future::{pending, ready},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

mod predicates {
    use super::*;

    #[test]
    fn a_predicate_that_is_true_at_once_never_lets_the_lock_go() {
        let condition = Condition::new(3);
        let mut other = spawn(condition.acquire());
        let guard = now(condition.acquire());
        assert_pending!(other.poll());
        let guard = now(condition.wait_for(guard, |n| *n == 3));
        assert!(!other.is_woken());
        let (guard, half) = now(condition.wait_for_some(guard, |n| Some(*n / 2)));
        assert_eq!((*guard, half), (3, 1));
        assert!(condition.locked());
    }

    #[test]
    fn it_is_asked_again_after_each_notification_with_the_lock_held() {
        let condition = Condition::new(0);
        let asked = Cell::new(0);
        let mut wait = spawn(condition.wait_for(now(condition.acquire()), |n| {
            assert!(condition.locked());
            asked.set(asked.get() + 1);
            *n == 2
        }));
        assert_pending!(wait.poll());
        for value in [1, 2] {
            assert_eq!((asked.get(), condition.locked()), (value, false));
            let mut guard = now(condition.acquire());
            *guard = value;
            condition.notify(&guard, 1);
            drop(guard);
            assert!(wait.is_woken());
            if value == 1 {
                assert_pending!(wait.poll());
            }
        }
        let guard = assert_ready!(wait.poll());
        assert_eq!((*guard, asked.get()), (2, 3));
        assert!(condition.locked());
    }

    #[test]
    fn it_is_not_asked_by_a_poll_without_a_notification() {
        let condition = Condition::new(false);
        let asked = Cell::new(0);
        let mut wait = spawn(condition.wait_for(now(condition.acquire()), |ready| {
            asked.set(asked.get() + 1);
            *ready
        }));
        assert_pending!(wait.poll());
        *now(condition.acquire()) = true;
        assert_pending!(wait.poll());
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn a_predicate_that_is_false_uses_the_notification_up_and_waits_at_the_back() {
        let condition = Condition::new(false);
        let mut picky = spawn(condition.wait_for(now(condition.acquire()), |ready| *ready));
        assert_pending!(picky.poll());
        let mut other = spawn(condition.wait(now(condition.acquire())));
        assert_pending!(other.poll());
        condition.notify(&now(condition.acquire()), 1);
        assert_pending!(picky.poll());
        assert!(!other.is_woken());
        assert_eq!((condition.waiters(), condition.locked()), (2, false));
        // It is second in line by now.
        condition.notify(&now(condition.acquire()), 1);
        assert!(other.is_woken() && !picky.is_woken());
    }

    #[test]
    fn a_predicate_may_change_what_it_looks_at() {
        let condition = Condition::new(VecDeque::from([1, 2]));
        let guard = now(condition.acquire());
        let (guard, first) = now(condition.wait_for_some(guard, VecDeque::pop_front));
        let guard = now(condition.wait_for(guard, |queue| queue.pop_front().is_some()));
        assert_eq!(first, 1);
        let mut third = spawn(condition.wait_for_some(guard, VecDeque::pop_front));
        assert_pending!(third.poll());
        let mut guard = now(condition.acquire());
        guard.push_back(3);
        condition.notify(&guard, 1);
        drop(guard);
        let (guard, third) = assert_ready!(third.poll());
        assert_eq!((third, guard.len()), (3, 0));
    }

    #[test]
    fn a_predicate_that_panics_releases_the_lock() {
        let condition = Condition::new(0);
        let panic =
            caught(|| now(condition.wait_for(now(condition.acquire()), |_| panic!("asked"))));
        assert_eq!(panic.message, "asked");
        assert!(!condition.locked());

        let mut late = spawn(condition.wait_for_some(now(condition.acquire()), |n| {
            assert_eq!(*n, 0, "asked again");
            None::<()>
        }));
        assert_pending!(late.poll());
        let mut guard = now(condition.acquire());
        *guard = 1;
        condition.notify(&guard, 1);
        drop(guard);
        assert!(caught(|| late.poll()).message.contains("asked again"));
        assert!(!condition.locked());
        drop(late);
        assert_eq!((condition.waiters(), condition.lock().waiters()), (0, 0));
        assert_eq!(*now(condition.acquire()), 1);
    }
}

mod stopping {
    use super::*;

    #[test]
    fn a_notification_answers_ok_and_the_guard() {
        let condition = Condition::new(0);
        let mut wait = spawn(condition.wait_or(now(condition.acquire()), pending::<()>()));
        assert_pending!(wait.poll());
        assert!(!condition.locked());
        let mut guard = now(condition.acquire());
        *guard = 1;
        condition.notify(&guard, 1);
        drop(guard);
        let (guard, outcome) = assert_ready!(wait.poll());
        assert_eq!((*guard, outcome), (1, Ok(())));
        assert!(condition.locked());
    }

    #[test]
    fn a_stop_answers_its_output_and_the_guard() {
        let condition = Condition::new(5);
        let (guard, outcome) = now(condition.wait_or(now(condition.acquire()), ready("stopped")));
        assert_eq!((*guard, outcome), (5, Err("stopped")));
        assert!(condition.locked());
        assert_eq!(condition.waiters(), 0);
    }

    #[test]
    fn one_stopped_waits_for_the_lock_at_the_back_of_its_queue() {
        let condition = Condition::new(());
        let guard = now(condition.acquire());
        let mut other = spawn(condition.acquire());
        assert_pending!(other.poll());
        let mut wait = spawn(condition.wait_or(guard, ready(1)));
        assert_pending!(wait.poll());
        assert!(other.is_woken());
        assert_eq!((condition.waiters(), condition.lock().waiters()), (0, 2));
        drop(assert_ready!(other.poll()));
        assert!(wait.is_woken());
        assert_eq!(assert_ready!(wait.poll()).1, Err(1));
    }

    #[test]
    fn an_owned_guard_comes_back_owned() {
        let condition = Condition::with_lock(Arc::new(awaitlist::Lock::new(2)));
        let guard = now(condition.acquire_owned());
        let (guard, outcome) = now(condition.wait_or(guard, ready(())));
        drop(condition);
        assert_eq!((*guard, outcome), (2, Err(())));
    }
}

mod blocking {
    use super::*;

    #[test]
    fn a_thread_waits_for_a_notification() {
        let condition = Condition::new(0);
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let guard = condition.acquire().block();
                *condition.wait_for(guard, |n| *n > 0).block()
            });
            while condition.waiters() == 0 {
                thread::yield_now();
            }
            let mut guard = condition.acquire().block();
            *guard = 6;
            condition.notify_all(&guard);
            drop(guard);
            assert_eq!(thread.join().unwrap(), 6);
        });
    }

    #[test]
    fn block_or_timeout_answers_the_guard_with_the_error() {
        let condition = Condition::new(5);
        let guard = now(condition.acquire());
        let (guard, outcome) = condition.wait(guard).block_or_timeout(Duration::ZERO);
        assert_eq!((*guard, outcome), (5, Err(TimedOut)));
        assert!(condition.locked());
        assert_eq!(condition.waiters(), 0);
    }

    #[test]
    fn block_or_timeout_waits_for_the_lock_however_long_that_takes() {
        let condition = Arc::new(Condition::with_lock(Arc::new(awaitlist::Lock::new(0))));
        let guard = now(condition.acquire());
        let mut first_in_line = spawn(condition.acquire());
        assert_pending!(first_in_line.poll());
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let (guard, outcome) = condition.wait(guard).block_or_timeout(Duration::ZERO);
                (*guard, outcome)
            });
            // Its time is up, and it is in the lock's queue.
            while condition.lock().waiters() < 2 {
                thread::yield_now();
            }
            *assert_ready!(first_in_line.poll()) = 1;
            assert_eq!(thread.join().unwrap(), (1, Err(TimedOut)));
        });
    }

    #[test]
    fn block_or_timeout_answers_ok_when_it_is_notified_in_time() {
        for timeout in [Duration::from_secs(3600), Duration::MAX] {
            let condition = Condition::new(());
            thread::scope(|scope| {
                let thread = scope.spawn(|| {
                    let guard = condition.acquire().block();
                    condition.wait(guard).block_or_timeout(timeout).1
                });
                while condition.waiters() == 0 {
                    thread::yield_now();
                }
                condition.notify(&condition.acquire().block(), 1);
                assert_eq!(thread.join().unwrap(), Ok(()));
            });
        }
    }

    #[test]
    fn a_wait_that_times_out_without_the_guard_leaves_the_lock_free() {
        let condition = Condition::new(());
        let guard = now(condition.acquire());
        assert_eq!(condition.wait(guard).block_timeout(Duration::ZERO).unwrap_err(), TimedOut);
        assert!(!condition.locked());
        assert_eq!(condition.waiters(), 0);
    }
}
