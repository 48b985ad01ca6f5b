//! Each poll leaves the waker of its own task, whatever was there before.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{TestWaker, now, poll, waiting};
use std::{
    future::pending,
    panic::Location,
    sync::{Arc, Mutex},
    task::Waker,
    thread,
};

/// Has a future polled by one task, then by another, and woken.
#[track_caller]
fn the_last_task_is_woken<F: Future + Send>(future: F, wake: impl FnOnce()) {
    let caller = Location::caller();
    let (first, second) = (TestWaker::new(), TestWaker::new());
    let mut future = waiting(future, &first.waker());
    assert_eq!(first.alive(), 1, "{caller}");
    // A poll for no reason changes nothing.
    assert!(poll(&mut future, &first.waker()).is_pending());
    assert_eq!((first.alive(), first.wakes()), (1, 0), "{caller}");
    thread::scope(|scope| {
        // Polled on another thread, by another task: the first task's waker is not kept.
        scope.spawn(|| assert!(poll(&mut future, &second.waker()).is_pending()));
    });
    assert_eq!((first.alive(), second.alive()), (0, 1), "{caller}");
    wake();
    assert_eq!((first.wakes(), second.wakes()), (0, 1), "{caller}");
    assert_eq!(second.alive(), 0, "{caller}");
    // Woken, and polled by a third: no waker is needed any more.
    let third = TestWaker::new();
    assert!(poll(&mut future, &third.waker()).is_ready(), "{caller}");
    assert_eq!(third.alive(), 0, "{caller}");
}

#[test]
fn of_a_lock_and_of_semaphores() {
    let lock = Arc::new(Lock::new(()));
    let held = now(lock.acquire());
    the_last_task_is_woken(lock.acquire(), || drop(held));
    let held = now(lock.acquire());
    the_last_task_is_woken(lock.acquire_owned(), || drop(held));

    let semaphore = Arc::new(Semaphore::new(0));
    the_last_task_is_woken(semaphore.acquire_many(2), || semaphore.release_many(2));
    let held = now(semaphore.acquire_many(2));
    the_last_task_is_woken(semaphore.acquire_owned(), || drop(held));

    let bounded = BoundedSemaphore::new(1);
    now(bounded.acquire()).forget();
    the_last_task_is_woken(bounded.acquire(), || bounded.release().unwrap());
}

#[test]
fn of_an_event_and_of_a_barrier() {
    let event = Arc::new(Event::new());
    the_last_task_is_woken(event.wait(), || event.set());
    event.clear();
    the_last_task_is_woken(event.wait_owned(), || event.set());

    let barrier = Arc::new(Barrier::new(2));
    the_last_task_is_woken(barrier.wait(), || assert_eq!(now(barrier.wait()), Ok(1)));
    the_last_task_is_woken(barrier.wait_owned(), || barrier.reset());
    // At the gate, which opens to an empty barrier: it would wait on inside.
    the_last_task_is_woken(barrier.wait(), || barrier.abort());
}

#[test]
fn of_a_condition() {
    let condition = Arc::new(Condition::new(()));
    let notify = || condition.notify(&now(condition.acquire()), 1);
    the_last_task_is_woken(condition.wait(now(condition.acquire())), notify);
    the_last_task_is_woken(condition.wait_owned(now(condition.acquire())), notify);
    let guard = now(condition.acquire());
    the_last_task_is_woken(condition.wait_or(guard, pending::<()>()), notify);
    let mut asked = 0;
    let guard = now(condition.acquire());
    let wait = condition.wait_for(guard, move |()| {
        asked += 1;
        asked > 1
    });
    the_last_task_is_woken(wait, notify);
}

#[test]
fn of_a_condition_that_waits_for_the_lock() {
    let condition = Condition::new(());
    let mut wait = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    let held = now(condition.acquire());
    condition.notify(&held, 1);
    assert!(poll(&mut wait, Waker::noop()).is_pending());
    the_last_task_is_woken(wait, || drop(held));
}

#[test]
fn the_same_task_is_not_cloned_again() {
    let event = Event::new();
    let test_waker = TestWaker::new();
    let waker = test_waker.waker();
    let mut wait = waiting(event.wait(), &waker);
    for _ in 0..5 {
        assert!(poll(&mut wait, &waker).is_pending());
    }
    assert_eq!((test_waker.clones(), test_waker.drops()), (1, 0));
}

#[test]
fn who_need_not_wait_is_not_cloned() {
    let test_waker = TestWaker::new();
    let waker = test_waker.waker();
    let (lock, semaphore, event) = (Lock::new(()), Semaphore::new(2), Event::new());
    event.set();
    assert!(poll(&mut Box::pin(lock.acquire()), &waker).is_ready());
    assert!(poll(&mut Box::pin(semaphore.acquire_many(2)), &waker).is_ready());
    assert!(poll(&mut Box::pin(event.wait()), &waker).is_ready());
    assert_eq!(test_waker.clones(), 0);
}

#[test]
fn a_notified_one_that_finds_the_lock_free_is_not_cloned_again() {
    let condition = Condition::new(());
    let test_waker = TestWaker::new();
    let waker = test_waker.waker();
    // More often than a lock's patience lasts, or grows.
    for turn in 1..=600 {
        let mut wait = waiting(condition.wait(now(condition.acquire())), &waker);
        condition.notify(&now(condition.acquire()), 1);
        assert!(poll(&mut wait, &waker).is_ready());
        assert_eq!(test_waker.clones(), turn);
    }
}

#[test]
fn a_task_that_moves_from_thread_to_thread_at_each_poll() {
    let semaphore = Semaphore::new(0);
    let wait = Mutex::new(waiting(semaphore.acquire(), Waker::noop()));
    let test_wakers: Vec<_> = (0..4).map(|_| TestWaker::new()).collect();
    for test_waker in &test_wakers {
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(poll(&mut wait.lock().unwrap(), &test_waker.waker()).is_pending());
            });
        });
    }
    thread::scope(|scope| {
        scope.spawn(|| semaphore.release());
    });
    assert_eq!(test_wakers.iter().map(TestWaker::wakes).collect::<Vec<_>>(), [0, 0, 0, 1]);
    assert!(poll(&mut wait.lock().unwrap(), Waker::noop()).is_ready());
}
