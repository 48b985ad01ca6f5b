//! Tasks that are polled inside `wake`, and so come back into the primitive that wakes them.

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{Inline, now, poll, waiting};
use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
};

/// Where tasks note what they do.
type Log = Arc<Mutex<Vec<usize>>>;

const MANY: usize = 100;

#[test]
fn a_released_lock_goes_through_all_who_wait_in_one_call() {
    let lock = Arc::new(Lock::new(Vec::new()));
    let held = now(lock.acquire());
    let tasks: Vec<_> = (0..MANY)
        .map(|n| {
            let lock = Arc::clone(&lock);
            Inline::spawn(async move { lock.acquire().await.push(n) })
        })
        .collect();
    assert_eq!(lock.waiters(), MANY);
    drop(held);
    assert!(tasks.iter().all(|task| task.finished()));
    assert_eq!(*lock.try_acquire().unwrap(), (0..MANY).collect::<Vec<_>>());
}

#[test]
fn one_woken_by_a_release_tries_again_and_finds_the_others_before_it() {
    let lock = Arc::new(Lock::new(()));
    let held = now(lock.acquire());
    let refused = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let (lock, refused) = (Arc::clone(&lock), Arc::clone(&refused));
            Inline::spawn(async move {
                let guard = lock.acquire().await;
                assert!(lock.try_acquire().is_none());
                drop(guard);
                refused.fetch_add(usize::from(lock.try_acquire().is_none()), SeqCst);
            })
        })
        .collect();
    drop(held);
    assert!(tasks.iter().all(|task| task.finished()));
    // Each release runs the others through the lock before it returns, so it is free then.
    assert_eq!((refused.load(SeqCst), lock.waiters()), (0, 0));
}

#[test]
fn one_woken_by_an_event_clears_it_and_waits_for_the_next_set() {
    let event = Arc::new(Event::new());
    let rounds: Log = Log::default();
    let tasks: Vec<_> = (0..MANY)
        .map(|n| {
            let (event, rounds) = (Arc::clone(&event), Arc::clone(&rounds));
            Inline::spawn(async move {
                for _ in 0..3 {
                    event.wait().await;
                    event.clear();
                    rounds.lock().unwrap().push(n);
                }
            })
        })
        .collect();
    for round in 1..=3 {
        event.set();
        // Each once, in order: a task that waits again inside its wake came too late for this set.
        let mut rounds = rounds.lock().unwrap();
        assert_eq!(*rounds, (0..MANY).collect::<Vec<_>>(), "round {round}");
        rounds.clear();
        assert!(!event.is_set());
    }
    assert!(tasks.iter().all(|task| task.finished()));
}

#[test]
fn those_notified_run_into_the_lock_and_get_it_one_by_one_when_it_is_released() {
    for all in [true, false] {
        let condition = Arc::new(Condition::new(Vec::new()));
        let tasks: Vec<_> = (0..MANY)
            .map(|n| {
                let condition = Arc::clone(&condition);
                Inline::spawn(async move {
                    let guard = condition.acquire().await;
                    condition.wait(guard).await.push(n);
                })
            })
            .collect();
        assert_eq!(condition.waiters(), MANY);
        let guard = now(condition.acquire());
        let notified = if all { MANY } else { MANY / 2 };
        if all {
            condition.notify_all(&guard);
        } else {
            condition.notify(&guard, notified);
        }
        assert_eq!(condition.waiters(), MANY - notified);
        assert_eq!(condition.lock().waiters(), notified);
        assert!(guard.is_empty());
        drop(guard);
        assert_eq!(*now(condition.acquire()), (0..notified).collect::<Vec<_>>());
        assert_eq!(tasks.iter().filter(|task| task.finished()).count(), notified);
        for task in tasks {
            task.cancel();
        }
    }
}

#[test]
fn a_notifier_that_runs_as_a_wait_lets_the_lock_go_reaches_that_wait() {
    let condition = Arc::new(Condition::new(0));
    let held = now(condition.acquire());
    let notifier = {
        let condition = Arc::clone(&condition);
        Inline::spawn(async move {
            let mut guard = condition.acquire().await;
            *guard = 1;
            condition.notify(&guard, 1);
        })
    };
    // The first poll releases the lock, which runs the notifier from end to end, and only then
    // returns.
    let mut wait = waiting(condition.wait(held), Waker::noop());
    assert!(notifier.finished());
    match poll(&mut wait, Waker::noop()) {
        Poll::Ready(guard) => assert_eq!(*guard, 1),
        Poll::Pending => panic!("the notification was lost"),
    }
}

#[test]
fn one_who_waits_again_for_a_condition_is_not_notified_twice_by_one_call() {
    let condition = Arc::new(Condition::new(0));
    let tasks: Vec<_> = (0..MANY)
        .map(|_| {
            let condition = Arc::clone(&condition);
            Inline::spawn(async move {
                let mut guard = condition.acquire().await;
                for _ in 0..3 {
                    guard = condition.wait(guard).await;
                    *guard += 1;
                }
            })
        })
        .collect();
    for round in 1..=3 {
        condition.notify_all(&now(condition.acquire()));
        assert_eq!(*now(condition.acquire()), round * MANY);
    }
    assert!(tasks.iter().all(|task| task.finished()));
}

#[test]
fn those_released_at_a_barrier_come_back_for_the_next_round() {
    let barrier = Arc::new(Barrier::new(MANY + 1));
    let indices: Log = Log::default();
    let tasks: Vec<_> = (0..MANY)
        .map(|_| {
            let (barrier, indices) = (Arc::clone(&barrier), Arc::clone(&indices));
            Inline::spawn(async move {
                for _ in 0..3 {
                    let index = barrier.wait().await.unwrap();
                    indices.lock().unwrap().push(index);
                }
            })
        })
        .collect();
    for round in 1..=3 {
        assert_eq!(now(barrier.wait()), Ok(MANY), "round {round}");
        let mut indices = indices.lock().unwrap();
        assert_eq!(*indices, (0..MANY).collect::<Vec<_>>(), "round {round}");
        indices.clear();
        // All tasks that have not finished are inside for the next round.
        assert_eq!(barrier.n_waiting(), if round < 3 { MANY } else { 0 });
    }
    assert!(tasks.iter().all(|task| task.finished()));
}

#[test]
fn those_granted_by_release_many_give_back_from_inside_and_nothing_is_lost() {
    let semaphore = Arc::new(Semaphore::new(0));
    let bounded = Arc::new(BoundedSemaphore::new(5));
    now(bounded.acquire_many(5)).forget();
    let most = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..MANY)
        .map(|n| {
            let (semaphore, bounded) = (Arc::clone(&semaphore), Arc::clone(&bounded));
            let most = Arc::clone(&most);
            Inline::spawn(async move {
                let first = semaphore.acquire_many(n % 3).await;
                let second = bounded.acquire_many(n % 4).await;
                most.fetch_max(5 - bounded.value(), SeqCst);
                drop((first, second));
            })
        })
        .collect();
    semaphore.release_many(7);
    bounded.release_many(5).unwrap();
    assert!(tasks.iter().all(|task| task.finished()));
    assert_eq!((semaphore.value(), semaphore.waiters()), (7, 0));
    assert_eq!((bounded.value(), bounded.waiters()), (5, 0));
    assert!(most.load(SeqCst) <= 5);
}

#[test]
fn a_task_woken_by_its_own_release_is_polled_again() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mine = Arc::clone(&semaphore);
    let task = Inline::spawn(async move {
        let mut first = pin!(mine.acquire());
        let mut second = pin!(mine.acquire());
        // Both in one task: the grant of one wakes the task that is granting.
        poll_fn(|context| {
            let one = first.as_mut().poll(context);
            let two = second.as_mut().poll(context);
            assert!(one.is_pending() && two.is_pending());
            mine.release_many(2);
            Poll::Ready(())
        })
        .await;
        let one = first.await;
        let two = second.await;
        (one.count(), two.count())
    });
    assert_eq!(task.output(), Some((1, 1)));
    assert_eq!((semaphore.value(), semaphore.waiters()), (2, 0));
}
