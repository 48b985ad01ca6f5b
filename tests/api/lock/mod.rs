//! `Lock`: every method of it and of its guards.

use awaitlist::{Block, Lock, LockGuard, NotAcquired, OwnedLockGuard, TimedOut};
use awaitlist_tests::{caught, now};
use std::{
    error::Error,
    fmt::Debug,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

mod mapping;

mod making {
    use super::*;

    static FREE: Lock<Vec<u8>> = Lock::new(Vec::new());
    static NAMED: Lock = Lock::named("cache", ());

    #[test]
    fn a_static_lock_is_free_and_keeps_what_is_written() {
        assert!(!FREE.locked());
        now(FREE.acquire()).push(7);
        assert_eq!(*now(FREE.acquire()), [7]);
    }

    #[test]
    fn a_name_changes_nothing() {
        assert_eq!(NAMED.to_string(), Lock::new(()).to_string());
        let guard = now(NAMED.acquire());
        assert!(NAMED.locked());
        drop(guard);
        assert!(!NAMED.locked());
    }

    #[test]
    fn a_default_lock_is_free_around_the_default_value() {
        assert!(!<Lock>::default().locked());
        assert_eq!(Lock::<u8>::default().into_inner(), 0);
    }

    #[test]
    fn a_value_becomes_a_lock() {
        let lock: Lock<&str> = "value".into();
        assert!(!lock.locked());
        assert_eq!(lock.into_inner(), "value");
    }

    #[test]
    fn get_mut_reaches_the_value_without_acquiring() {
        let mut lock = Lock::new(1);
        *lock.get_mut() += 1;
        assert!(!lock.locked());
        assert_eq!(*now(lock.acquire()), 2);

        let unsized_lock: &mut Lock<[u8]> = &mut Lock::new([1, 2]);
        unsized_lock.get_mut()[0] = 5;
        assert_eq!(*now(unsized_lock.acquire()), [5, 2]);
    }

    #[test]
    fn into_inner_gives_the_value_of_a_lock_whose_guard_was_leaked() {
        let lock = Lock::new(String::from("kept"));
        std::mem::forget(now(lock.acquire()));
        assert!(lock.locked());
        assert_eq!(lock.into_inner(), "kept");
    }
}

mod acquiring {
    use super::*;

    #[test]
    fn a_guard_holds_the_lock_until_it_is_dropped() {
        let lock = Lock::new(0);
        let mut guard = now(lock.acquire());
        assert!(lock.locked());
        *guard += 1;
        drop(guard);
        assert!(!lock.locked());
        assert_eq!(lock.into_inner(), 1);
    }

    #[test]
    fn a_second_acquire_waits_for_the_first_guard() {
        let lock = Lock::new(());
        let guard = now(lock.acquire());
        let mut second = spawn(lock.acquire());
        assert_pending!(second.poll());
        assert_eq!(lock.waiters(), 1);
        drop(guard);
        assert!(second.is_woken());
        let second = assert_ready!(second.poll());
        assert!(lock.locked());
        assert_eq!(lock.waiters(), 0);
        drop(second);
    }

    #[test]
    fn try_acquire_answers_none_while_the_lock_is_held() {
        let lock = Arc::new(Lock::new(()));
        let guard = lock.try_acquire().unwrap();
        assert!(lock.try_acquire().is_none());
        assert!(lock.try_acquire_owned().is_none());
        drop(guard);
        let guard = lock.try_acquire_owned().unwrap();
        assert!(lock.locked());
        assert!(lock.try_acquire().is_none());
        drop(guard);
        assert!(lock.try_acquire().is_some());
    }

    #[test]
    fn an_owned_guard_keeps_the_lock_alive_and_lets_it_go_when_dropped() {
        let lock = Arc::new(Lock::new(1));
        let guard: OwnedLockGuard<i32> = now(lock.acquire_owned());
        assert_eq!(Arc::strong_count(&lock), 2);
        let weak = Arc::downgrade(&lock);
        drop(lock);
        assert_eq!(*guard, 1);
        assert!(weak.upgrade().unwrap().locked());
        drop(guard);
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn an_owned_wait_keeps_the_lock_alive_until_it_is_dropped() {
        let lock = Arc::new(Lock::new(()));
        let guard = now(lock.acquire());
        let mut owned = spawn(lock.acquire_owned());
        assert_pending!(owned.poll());
        assert_eq!(Arc::strong_count(&lock), 2);
        drop(owned);
        assert_eq!((Arc::strong_count(&lock), lock.waiters()), (1, 0));
        drop(guard);
    }

    #[test]
    fn borrowed_and_owned_waits_stand_in_one_queue() {
        let lock = Arc::new(Lock::new(()));
        let guard = now(lock.acquire());
        let mut first = spawn(lock.acquire_owned());
        let mut second = spawn(lock.acquire());
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        drop(guard);
        assert!(first.is_woken() && !second.is_woken());
        drop(assert_ready!(first.poll()));
        assert!(second.is_woken());
        drop(assert_ready!(second.poll()));
    }

    #[test]
    fn a_lock_of_an_unsized_value_is_acquired_as_any_other() {
        let lock: Arc<Lock<dyn Debug + Send>> = Arc::new(Lock::new(5));
        assert_eq!(format!("{:?}", now(lock.acquire())), "5");
        let guard: OwnedLockGuard<dyn Debug + Send> = now(lock.acquire_owned());
        assert_eq!(format!("{:?}", &*guard), "5");
        assert!(lock.try_acquire().is_none());
    }

    #[test]
    fn a_guard_sent_to_another_thread_is_released_there() {
        let lock = Arc::new(Lock::new(0));
        let mut guard = now(lock.acquire_owned());
        thread::spawn(move || *guard = 3).join().unwrap();
        assert_eq!(*lock.try_acquire().unwrap(), 3);
    }

    #[test]
    fn a_guard_dropped_by_a_panic_releases_the_lock_without_poison() {
        let lock = Lock::new(0);
        caught(|| {
            let mut guard = now(lock.acquire());
            *guard = 1;
            panic!("while holding");
        });
        assert!(!lock.locked());
        assert_eq!(*now(lock.acquire()), 1);
    }

    #[test]
    fn a_guard_knows_its_lock() {
        let lock = Arc::new(Lock::new(1));
        let guard = now(lock.acquire());
        assert!(ptr::eq(*LockGuard::lock(&guard), &*lock));
        drop(guard);
        let guard = now(lock.acquire_owned());
        assert!(Arc::ptr_eq(OwnedLockGuard::lock(&guard), &lock));
    }
}

mod forgetting {
    use super::*;

    #[test]
    fn a_forgotten_hold_is_released_by_anybody() {
        let lock = Arc::new(Lock::new(()));
        LockGuard::forget(now(lock.acquire()));
        assert!(lock.locked());
        let elsewhere = Arc::clone(&lock);
        thread::spawn(move || elsewhere.release()).join().unwrap().unwrap();
        assert!(!lock.locked());
        assert_eq!(lock.release(), Err(NotAcquired));
    }

    #[test]
    fn a_release_wakes_the_next_in_line() {
        let lock = Lock::new(());
        LockGuard::forget(now(lock.acquire()));
        let mut next = spawn(lock.acquire());
        assert_pending!(next.poll());
        assert_eq!(lock.release(), Ok(()));
        assert!(next.is_woken());
        assert_eq!(lock.release(), Err(NotAcquired));
        LockGuard::forget(assert_ready!(next.poll()));
        assert_eq!(lock.release(), Ok(()));
    }

    #[test]
    fn an_owned_guard_that_is_forgotten_lets_its_arc_go() {
        let lock = Arc::new(Lock::new(()));
        OwnedLockGuard::forget(now(lock.acquire_owned()));
        assert_eq!(Arc::strong_count(&lock), 1);
        assert!(lock.locked());
        assert_eq!(lock.release(), Ok(()));
    }

    #[test]
    fn an_adopted_hold_is_released_by_its_new_guard() {
        let lock = Arc::new(Lock::new(()));
        LockGuard::forget(now(lock.acquire()));
        let guard = lock.adopt().unwrap();
        assert!(lock.locked());
        assert_eq!(lock.adopt().unwrap_err(), NotAcquired);
        drop(guard);
        assert!(!lock.locked());

        LockGuard::forget(now(lock.acquire()));
        let guard = lock.adopt_owned().unwrap();
        assert_eq!(Arc::strong_count(&lock), 2);
        assert_eq!(lock.adopt_owned().unwrap_err(), NotAcquired);
        drop(guard);
        assert!(!lock.locked());
        assert_eq!(Arc::strong_count(&lock), 1);
    }

    #[test]
    fn a_hold_is_forgotten_and_adopted_again_and_again_while_others_wait() {
        let lock = Lock::new(());
        let mut guard = now(lock.acquire());
        let mut next = spawn(lock.acquire());
        assert_pending!(next.poll());
        for _ in 0..3 {
            LockGuard::forget(guard);
            assert_eq!((lock.locked(), lock.waiters()), (true, 1));
            guard = lock.adopt().unwrap();
        }
        assert!(!next.is_woken());
        drop(guard);
        assert!(next.is_woken());
    }

    #[test]
    fn not_acquired_has_asyncios_text_too() {
        let error: Box<dyn Error + Send + Sync> = NotAcquired.into();
        assert_eq!(error.to_string(), "the lock is free or held by a guard");
        assert_eq!(NotAcquired.asyncio_message(), "Lock is not acquired.");
        assert!(error.source().is_none());
        assert_eq!(format!("{NotAcquired:?}"), "NotAcquired");
    }
}

mod printing {
    use super::*;

    #[test]
    fn display_prints_asyncios_brackets() {
        let lock = Lock::new(3);
        assert_eq!(lock.to_string(), "<Lock [unlocked]>");
        let guard = now(lock.acquire());
        assert_eq!(lock.to_string(), "<Lock [locked]>");
        let mut first = spawn(lock.acquire());
        let mut second = spawn(lock.acquire());
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        assert_eq!(lock.to_string(), "<Lock [locked, waiters:2]>");
        drop(guard);
        assert_eq!(lock.to_string(), "<Lock [unlocked, waiters:2]>");
        let guard = assert_ready!(first.poll());
        assert_eq!(lock.to_string(), "<Lock [locked, waiters:1]>");
        drop(guard);
        assert_eq!(lock.to_string(), "<Lock [unlocked, waiters:1]>");
        drop(second);
        assert_eq!(lock.to_string(), "<Lock [unlocked]>");
    }

    #[test]
    fn a_forgotten_hold_prints_as_any_other() {
        let lock = Lock::new(());
        LockGuard::forget(now(lock.acquire()));
        assert_eq!(lock.to_string(), "<Lock [locked]>");
        lock.release().unwrap();
        assert_eq!(lock.to_string(), "<Lock [unlocked]>");
    }

    #[test]
    fn debug_shows_the_state_the_waiters_and_the_value_of_a_free_lock() {
        let lock = Lock::new(3);
        assert_eq!(format!("{lock:?}"), "Lock { locked: false, waiters: 0, value: 3 }");
        assert!(!lock.locked());
        let guard = now(lock.acquire());
        let mut next = spawn(lock.acquire());
        assert_pending!(next.poll());
        let held = format!("{lock:?}");
        assert!(held.starts_with("Lock { locked: true, waiters: 1"), "{held}");
        assert!(!held.contains('3'), "{held}");
        drop(guard);
        // Debug does not pass waiters either.
        let designated = format!("{lock:?}");
        assert!(designated.starts_with("Lock { locked: false, waiters: 1"), "{designated}");
        assert!(!designated.contains('3'), "{designated}");
        drop(assert_ready!(next.poll()));
    }

    #[test]
    fn guards_print_as_their_value() {
        let lock = Arc::new(Lock::new((String::from("a\n"), 1)));
        let guard = now(lock.acquire());
        assert_eq!(format!("{guard:?}"), r#"("a\n", 1)"#);
        let text = LockGuard::map(guard, |pair| &mut pair.0);
        assert_eq!((format!("{text}"), format!("{text:?}")), ("a\n".into(), r#""a\n""#.into()));
        drop(text);
        let owned = now(lock.acquire_owned());
        assert_eq!(format!("{owned:?}"), r#"("a\n", 1)"#);
        drop(owned);
        let shown = Lock::new(5);
        assert_eq!(format!("{:>3}", now(shown.acquire())), "  5");
    }

    #[test]
    fn a_future_prints_whether_it_is_queued() {
        let lock = Lock::new(());
        let guard = now(lock.acquire());
        let mut next = Box::pin(lock.acquire());
        assert_eq!(format!("{next:?}"), "Acquire { queued: false, .. }");
        assert!(awaitlist_tests::poll(&mut next, std::task::Waker::noop()).is_pending());
        assert_eq!(format!("{next:?}"), "Acquire { queued: true, .. }");
        drop(guard);
    }
}

mod blocking {
    use super::*;

    const TIMES: usize = 20_000;

    #[test]
    fn a_thread_waits_for_a_task_and_gets_the_lock() {
        let lock = Arc::new(Lock::new(0));
        let mut guard = now(lock.acquire());
        thread::scope(|scope| {
            let thread = scope.spawn(|| *lock.acquire().block());
            while lock.waiters() == 0 {
                thread::yield_now();
            }
            *guard = 4;
            drop(guard);
            assert_eq!(thread.join().unwrap(), 4);
        });
    }

    #[test]
    fn threads_that_spin_have_the_lock_one_at_a_time() {
        let (lock, inside) = (Lock::new(()), AtomicBool::new(false));
        let thread = || {
            for _ in 0..TIMES {
                let guard = lock.acquire().block();
                assert!(!inside.swap(true, Relaxed) && lock.locked());
                inside.store(false, Relaxed);
                drop(guard);
            }
        };
        thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(thread))));
        assert!(!lock.locked());
    }

    #[test]
    fn a_free_lock_is_acquired_at_once_while_another_thread_looks_at_it() {
        let (lock, over) = (Lock::new(()), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..TIMES * 50 {
                    assert_eq!(lock.waiters(), 0);
                }
                over.store(true, Relaxed);
            });
            while !over.load(Relaxed) {
                let guard = lock.try_acquire();
                assert!(guard.is_some() && lock.locked());
            }
        });
    }

    #[test]
    fn a_wait_that_times_out_leaves_the_queue() {
        let lock = Lock::new(());
        let guard = now(lock.acquire());
        let timed_out = lock.acquire().block_timeout(Duration::ZERO);
        assert_eq!(timed_out.unwrap_err(), TimedOut);
        assert_eq!(lock.waiters(), 0);
        let timed_out = lock.acquire().block_deadline(Instant::now());
        assert_eq!(timed_out.unwrap_err(), TimedOut);
        assert_eq!(lock.waiters(), 0);
        drop(guard);
        assert!(!lock.locked());
    }

    #[test]
    fn what_is_to_be_had_is_had_after_the_deadline_and_with_endless_timeouts() {
        let lock = Arc::new(Lock::new(()));
        drop(lock.acquire().block_timeout(Duration::ZERO).unwrap());
        drop(lock.acquire_owned().block_deadline(Instant::now()).unwrap());
        drop(lock.acquire().block_timeout(Duration::MAX).unwrap());
        assert!(!lock.locked());
    }

    #[test]
    fn timed_out_is_an_error_that_says_so() {
        let error: Box<dyn Error + Send + Sync> = TimedOut.into();
        assert_eq!(error.to_string(), "timed out");
        assert_eq!(format!("{TimedOut:?}"), "TimedOut");
    }
}
