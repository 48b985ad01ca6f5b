//! What a panic of a waker, or a waker that comes back in, once cost: a permit, a hold, a
//! notification, an index, a step.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Lock, Semaphore};
use awaitlist_tests::{TestWaker, caught, now, once, poll, waiting};
use std::{
    mem::ManuallyDrop,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Waker,
    thread,
};

#[test]
fn a_waker_that_panics_in_the_wake_loop_costs_the_one_that_wakes_no_permit() {
    let semaphore = Semaphore::new(0);
    let mut first = waiting(semaphore.acquire(), Waker::noop());
    semaphore.release_many(2); // one granted, one in the value
    let bad = TestWaker::new().on_wake(|| panic!("woken"));
    let second = waiting(semaphore.acquire(), &bad.waker());
    // It claims its permit, and then runs the wake loop.
    assert_eq!(caught(|| poll(&mut first, Waker::noop())).message, "woken");
    drop((first, second));
    assert_eq!((semaphore.value(), semaphore.waiters()), (2, 0));
}

#[test]
fn a_waker_that_panics_in_the_locks_queue_costs_no_notification() {
    let condition = Condition::new(());
    let mut first = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    let test_waker = TestWaker::new();
    let _second = waiting(condition.wait(now(condition.acquire())), &test_waker.waker());
    let held = now(condition.acquire());
    condition.notify(&held, 1);
    assert!(poll(&mut first, Waker::noop()).is_pending()); // in the lock's queue
    let bad = TestWaker::new().on_wake(|| panic!("woken"));
    let _next = waiting(condition.acquire(), &bad.waker());
    drop(held); // `first` is designated
    assert_eq!(caught(|| drop(first)).message, "woken");
    assert_eq!(test_waker.wakes(), 1);
}

#[test]
fn release_many_is_one_step() {
    let semaphore = Arc::new(Semaphore::new(0));
    let (seen, third) = (Arc::clone(&semaphore), Arc::new(Mutex::new(None::<Pin<Box<_>>>)));
    let polled = Arc::clone(&third);
    let first = TestWaker::new().on_wake(move || {
        let third = polled.lock().unwrap().take().unwrap();
        assert!(poll(&mut { third }, Waker::noop()).is_ready(), "released, yet not granted");
        assert_eq!(seen.value(), 3, "2 are left of 5, and the third's is back");
    });
    let _first = waiting(semaphore.acquire(), &first.waker());
    let _second = waiting(semaphore.acquire(), Waker::noop());
    *third.lock().unwrap() = Some(waiting(semaphore.acquire_owned(), Waker::noop()));
    semaphore.release_many(5);
}

#[test]
fn of_two_releases_that_are_too_many_together_one_is_refused() {
    let semaphore = Arc::new(BoundedSemaphore::new(4));
    now(semaphore.acquire_many(4)).forget();
    let inner = Arc::new(Mutex::new(None));
    let (again, answer) = (Arc::clone(&semaphore), Arc::clone(&inner));
    let first = TestWaker::new()
        .on_wake(once(move || *answer.lock().unwrap() = Some(again.release_many(2))));
    let _first = waiting(semaphore.acquire(), &first.waker());
    let _second = waiting(semaphore.acquire(), Waker::noop());
    let outer = semaphore.release_many(6); // two grants, then four: exactly full
    assert_eq!((outer, semaphore.value()), (Ok(()), 4));
    assert!(inner.lock().unwrap().unwrap().is_err());
}

/// A waker whose clones run `give` when they are made first, and panic when they are dropped.
fn bad_drop(give: impl FnOnce() + Send + 'static) -> ManuallyDrop<Waker> {
    let bad = TestWaker::new().on_clone(once(give)).on_drop(|| {
        if !thread::panicking() {
            panic!("dropped");
        }
    });
    ManuallyDrop::new(bad.waker())
}

#[test]
fn a_clone_whose_drop_panics_costs_no_permit() {
    for queued in [false, true] {
        let semaphore = Arc::new(Semaphore::new(0));
        let give = Arc::clone(&semaphore);
        let mut wait = Box::pin(semaphore.acquire());
        if queued {
            assert!(poll(&mut wait, Waker::noop()).is_pending());
        }
        let waker = bad_drop(move || give.release());
        assert_eq!(caught(|| poll(&mut wait, &waker)).message, "dropped");
        drop(wait);
        assert_eq!(semaphore.value(), 1, "queued: {queued}");
    }
}

#[test]
fn a_clone_whose_drop_panics_costs_no_hold() {
    let lock = Arc::new(Lock::new(()));
    let held = now(lock.acquire_owned());
    let mut wait = Box::pin(lock.acquire());
    let waker = bad_drop(move || drop(held));
    caught(|| poll(&mut wait, &waker));
    drop(wait);
    assert!(!lock.locked());
}

#[test]
fn a_clone_whose_drop_panics_costs_no_notification() {
    let condition = Arc::new(Condition::new(()));
    let mut first = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    let test_waker = TestWaker::new();
    let _second = waiting(condition.wait(now(condition.acquire())), &test_waker.waker());
    let give = Arc::clone(&condition);
    let waker = bad_drop(move || give.notify(&now(give.acquire()), 1));
    assert_eq!(caught(|| poll(&mut first, &waker)).message, "dropped");
    drop(first); // polled instead, it panics: "only a place that stands in line has a waker"
    assert_eq!(test_waker.wakes(), 1);
}

#[test]
fn a_waker_whose_drop_panics_in_the_locks_queue_costs_no_notification() {
    let condition = Condition::new(());
    let mut first = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    let test_waker = TestWaker::new();
    let _second = waiting(condition.wait(now(condition.acquire())), &test_waker.waker());
    let _held = now(condition.acquire());
    condition.notify(&_held, 1);
    assert!(poll(&mut first, &bad_drop(|| ())).is_pending()); // in the lock's queue
    assert_eq!(caught(|| drop(first)).message, "dropped");
    assert_eq!(test_waker.wakes(), 1);
}

#[test]
fn a_clone_whose_drop_panics_opens_the_gate_of_a_barrier_all_the_same() {
    let barrier = Arc::new(Barrier::new(3));
    let mut inside = waiting(barrier.wait(), Waker::noop());
    let test_waker = Arc::new(TestWaker::new());
    let gated = Arc::new(Mutex::new(None));
    let (resetting, coming, keep) =
        (Arc::clone(&barrier), Arc::clone(&test_waker), Arc::clone(&gated));
    let waker = bad_drop(move || {
        resetting.reset();
        *keep.lock().unwrap() = Some(waiting(resetting.wait_owned(), &coming.waker()));
    });
    assert_eq!(caught(|| poll(&mut inside, &waker)).message, "dropped");
    drop(inside);
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/3]>");
    assert_eq!(test_waker.wakes(), 1);
}

/// A payload with bits of the flags in it could lock a queue, or unlock it.
#[test]
fn no_payload_reaches_the_flags_of_a_state_word() {
    use awaitlist_core::{
        StateWord, WaitQueue,
        sync::Ordering::{AcqRel, Relaxed},
        trace::PrimitiveTrace,
    };

    // SAFETY: its only guard is dropped below.
    let queue = unsafe { WaitQueue::new(0, (), PrimitiveTrace::event(None)) };
    assert!(queue.exchange(StateWord::idle(0), usize::MAX, AcqRel));
    assert_eq!(queue.read().idle_payload(), Some(StateWord::MAX_PAYLOAD));
    let guard = queue.lock();
    let locked = queue.load(Relaxed);
    assert!(locked.is_locked());
    for from in [StateWord::idle(0), StateWord::idle(1), StateWord::idle(usize::MAX), locked] {
        assert!(!queue.exchange(from, 0, AcqRel), "it is locked");
    }
    drop(guard);
    assert_eq!(queue.read().idle_payload(), Some(StateWord::MAX_PAYLOAD));
}

/// The wait is over when `stop` is ready, though its drop panics.
#[test]
fn a_stop_whose_drop_panics_has_stopped_the_wait() {
    struct Stop;
    impl Future for Stop {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
            std::task::Poll::Ready(())
        }
    }
    impl Drop for Stop {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let condition = Condition::new(());
    let mut wait = Box::pin(condition.wait_or(now(condition.acquire()), Stop));
    assert_eq!(caught(|| poll(&mut wait, Waker::noop())).message, "dropped");
    assert_eq!(condition.waiters(), 0);
    match poll(&mut wait, Waker::noop()) {
        std::task::Poll::Ready((_guard, outcome)) => assert_eq!(outcome, Err(())),
        std::task::Poll::Pending => panic!("the lock is free"),
    }
}

/// The output was on its way to the caller when the future, and `stop` in it, was dropped: so the
/// guard was leaked and the lock held for ever.
#[test]
fn a_stop_whose_drop_panics_does_not_cost_the_lock_of_a_predicate_that_is_true() {
    struct Stop;
    impl Future for Stop {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
            std::task::Poll::Pending
        }
    }
    impl Drop for Stop {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let condition = Condition::new(3);
    let at_once = caught(|| {
        let guard = now(condition.acquire());
        now(async { drop(condition.wait_for_or(guard, |n| *n == 3, Stop).await) })
    });
    assert_eq!(at_once.message, "dropped");
    assert!(!condition.locked());
    let guard = now(condition.acquire());
    let wait =
        async { drop(condition.wait_for_some_or(guard, |n| (*n == 4).then_some(()), Stop).await) };
    let mut wait = waiting(wait, Waker::noop());
    let mut guard = now(condition.acquire());
    *guard = 4;
    condition.notify(&guard, 1);
    drop(guard);
    assert_eq!(caught(|| poll(&mut wait, Waker::noop())).message, "dropped");
    assert!(!condition.locked());
}

/// Panics when it is dropped: captured by a predicate, or kept beside a lock.
struct BadDrop;

impl Drop for BadDrop {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn a_predicate_whose_drop_panics_does_not_cost_the_lock() {
    let condition = Condition::new(3);
    let bad = BadDrop;
    let at_once = caught(|| {
        let guard = now(condition.acquire());
        now(async {
            drop(condition.wait_for(guard, move |n| (&bad, *n == 3).1).await);
        })
    });
    assert_eq!(at_once.message, "dropped");
    assert!(!condition.locked());
    let bad = BadDrop;
    let with_a_stop = caught(|| {
        let guard = now(condition.acquire());
        let predicate = move |n: &mut i32| (&bad, (*n == 3).then_some(())).1;
        now(async {
            drop(condition.wait_for_some_or(guard, predicate, std::future::ready(())).await);
        })
    });
    assert_eq!(with_a_stop.message, "dropped");
    assert!(!condition.locked());
}

/// The last `Arc` of a condition dies in the poll that completes its wait.
#[test]
fn a_condition_whose_drop_panics_does_not_cost_the_lock() {
    struct Shared(Arc<Lock>, #[allow(dead_code, reason = "it is dropped")] BadDrop);

    impl std::borrow::Borrow<Lock> for Shared {
        fn borrow(&self) -> &Lock {
            &self.0
        }
    }

    let lock = Arc::new(Lock::new(()));
    let condition = Arc::new(Condition::with_lock(Shared(Arc::clone(&lock), BadDrop)));
    let wait = condition.wait_owned(now(lock.acquire_owned()));
    let mut wait = waiting(async { drop(wait.await) }, Waker::noop());
    let guard = now(lock.acquire_owned());
    condition.notify(&guard, 1);
    drop((guard, condition));
    assert_eq!(caught(|| poll(&mut wait, Waker::noop())).message, "dropped");
    assert!(!lock.locked());
}
