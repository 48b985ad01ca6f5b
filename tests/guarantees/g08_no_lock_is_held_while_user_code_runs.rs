//! Wakers are cloned, woken and dropped outside the list's lock, when the state is final. If one
//! were run inside, these tests would never end: each hook uses the very primitive that runs it.
//! Panics of wakers are in `wakers`.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{TestWaker, now, poll, waiting};
use std::{
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Waker,
};

/// Wakers that run `hook` whenever anything is done with them, and how often they did.
fn hooked(hook: impl Fn() + Send + Sync + 'static) -> (TestWaker, Arc<AtomicUsize>) {
    let ran = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&ran);
    let hook = Arc::new(move || {
        hook();
        counting.fetch_add(1, SeqCst);
    });
    let (on_clone, on_wake, on_drop) = (Arc::clone(&hook), Arc::clone(&hook), hook);
    let test_waker = TestWaker::new()
        .on_clone(move || on_clone())
        .on_wake(move || on_wake())
        .on_drop(move || on_drop());
    (test_waker, ran)
}

/// Has a future queue with hooked wakers, then take another of them, then be woken by `wake`; and
/// another one be dropped while it waits.
#[track_caller]
fn live_and_die<F: Future>(
    mut make: impl FnMut() -> F,
    wake: impl FnOnce(),
    hook: impl Fn() + Clone + Send + Sync + 'static,
) {
    let caller = Location::caller();
    let (test_waker, ran) = hooked(hook.clone());
    let (other, other_ran) = hooked(hook);
    let mut woken = waiting(make(), &test_waker.waker());
    assert!(poll(&mut woken, &other.waker()).is_pending());
    let dropped = waiting(make(), &test_waker.waker());
    drop(dropped);
    wake();
    assert_eq!(other.wakes(), 1, "{caller}");
    drop(woken);
    // Cloned and dropped twice, and the two from which the clones were made; the other was woken.
    assert_eq!((ran.load(SeqCst), other_ran.load(SeqCst)), (6, 3), "{caller}");
    assert_eq!((test_waker.alive(), other.alive()), (0, 0), "{caller}");
}

#[test]
fn a_waker_may_use_the_lock_that_runs_it() {
    let lock = Arc::new(Lock::new(0));
    let mine = Arc::clone(&lock);
    let held = now(lock.acquire());
    live_and_die(
        || lock.acquire(),
        || drop(held),
        move || {
            drop(mine.try_acquire());
            assert!(mine.to_string().starts_with("<Lock ["));
            assert!(format!("{mine:?}").starts_with("Lock {"));
            assert!(mine.waiters() <= 2);
        },
    );
    assert!(lock.try_acquire().is_some());
}

#[test]
fn a_waker_may_use_the_semaphore_that_runs_it() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mine = Arc::clone(&semaphore);
    live_and_die(
        || semaphore.acquire(),
        || semaphore.release(),
        move || {
            drop(mine.try_acquire());
            mine.release_many(0);
            assert!(mine.to_string().starts_with("<Semaphore ["));
            assert!(mine.value() <= 1 && mine.waiters() <= 2);
        },
    );
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn a_waker_may_use_the_bounded_semaphore_that_runs_it() {
    let semaphore = Arc::new(BoundedSemaphore::new(1));
    let mine = Arc::clone(&semaphore);
    let held = now(semaphore.acquire());
    live_and_die(
        || semaphore.acquire(),
        || drop(held),
        move || {
            drop(mine.try_acquire());
            assert!(mine.release_many(9).is_err());
            assert!(mine.to_string().starts_with("<BoundedSemaphore ["));
        },
    );
    assert_eq!(semaphore.value(), 1);
}

#[test]
fn a_waker_may_use_the_event_that_runs_it() {
    let event = Arc::new(Event::new());
    let mine = Arc::clone(&event);
    live_and_die(
        || event.wait(),
        || event.set(),
        move || {
            if mine.is_set() {
                mine.set();
            } else {
                mine.clear();
            }
            assert!(mine.to_string().starts_with("<Event ["));
            assert!(mine.waiters() <= 2);
        },
    );
    assert_eq!(event.waiters(), 0);
}

#[test]
fn a_waker_may_use_the_condition_that_runs_it() {
    let condition = Arc::new(Condition::new(0));
    let mine = Arc::clone(&condition);
    live_and_die(
        || condition.wait(now(condition.acquire())),
        || condition.notify(&now(condition.acquire()), 1),
        move || {
            if let Some(guard) = mine.try_acquire() {
                mine.notify(&guard, 0);
            }
            assert!(mine.to_string().starts_with("<Condition ["));
            assert!(mine.waiters() <= 2);
        },
    );
    assert_eq!(condition.waiters(), 0);
    assert!(condition.try_acquire().is_some());
}

#[test]
fn a_waker_may_use_the_barrier_that_runs_it() {
    let barrier = Arc::new(Barrier::new(3));
    let mine = Arc::clone(&barrier);
    live_and_die(
        || barrier.wait(),
        || {
            let second = waiting(barrier.wait(), Waker::noop());
            assert_eq!(now(barrier.wait()), Ok(2));
            drop(second);
        },
        move || {
            assert!(mine.n_waiting() <= 2);
            assert!(!mine.broken());
            assert!(mine.to_string().starts_with("<Barrier ["));
        },
    );
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/3]>");
}

#[test]
fn the_state_is_final_when_the_first_waker_runs() {
    let lock = Arc::new(Lock::new(()));
    let seen = Arc::clone(&lock);
    let held = now(lock.acquire());
    let test_waker =
        TestWaker::new().on_wake(move || assert_eq!((seen.locked(), seen.waiters()), (false, 1)));
    let wait = waiting(lock.acquire(), &test_waker.waker());
    drop(held);
    assert_eq!(test_waker.wakes(), 1);
    drop(wait);

    let event = Arc::new(Event::new());
    let seen = Arc::clone(&event);
    let test_waker =
        TestWaker::new().on_wake(move || assert_eq!((seen.is_set(), seen.waiters()), (true, 50)));
    let waits: Vec<_> = (0..50).map(|_| waiting(event.wait(), &test_waker.waker())).collect();
    event.set();
    assert_eq!(test_waker.wakes(), 50);
    drop(waits);

    let barrier = Arc::new(Barrier::new(51));
    let seen = Arc::clone(&barrier);
    let test_waker = TestWaker::new()
        .on_wake(move || assert_eq!(seen.to_string(), "<Barrier [draining, waiters:0/51]>"));
    let waits: Vec<_> = (0..50).map(|_| waiting(barrier.wait(), &test_waker.waker())).collect();
    assert_eq!(now(barrier.wait()), Ok(50));
    assert_eq!(test_waker.wakes(), 50);
    drop(waits);

    let semaphore = Arc::new(Semaphore::new(0));
    let seen = Arc::clone(&semaphore);
    let test_waker =
        TestWaker::new().on_wake(move || assert_eq!((seen.value(), seen.waiters()), (9, 1)));
    let wait = waiting(semaphore.acquire(), &test_waker.waker());
    semaphore.release_many(10);
    assert_eq!(test_waker.wakes(), 1);
    drop(wait);
    assert_eq!(semaphore.value(), 10);
}

#[test]
fn a_predicate_and_a_stop_may_use_the_condition() {
    let condition = Condition::new(0);
    let guard = now(condition.wait_for(now(condition.acquire()), |n| {
        assert!(condition.try_acquire().is_none());
        *n == condition.waiters()
    }));
    let stop = async {
        // The lock was released, and this wait is in the queue.
        let guard = condition.try_acquire().unwrap();
        condition.notify(&guard, 0);
        condition.waiters()
    };
    let (guard, outcome) = now(condition.wait_or(guard, stop));
    assert_eq!((*guard, outcome), (0, Err(1)));
}

#[test]
fn the_values_debug_may_use_the_lock() {
    struct Nosy(Arc<Lock<Option<Nosy>>>);
    impl std::fmt::Debug for Nosy {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}", self.0)
        }
    }
    let lock = Arc::new(Lock::new(None));
    *now(lock.acquire()) = Some(Nosy(Arc::clone(&lock)));
    assert!(format!("{lock:?}").contains("<Lock [locked]>"));
    assert!(!lock.locked());
    // It owns its own lock, which is dropped here so that nothing leaks.
    let nosy = now(lock.acquire()).take();
    drop(nosy);
    assert_eq!(Arc::strong_count(&lock), 1);
}
