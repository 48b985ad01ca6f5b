//! More wakes than fit into one batch: what happens between two batches is not lost, and takes no
//! waiter's turn.

use awaitlist::{BoundedSemaphore, Condition, Semaphore};
use awaitlist_tests::{TestWaker, now, once, poll, waiting};
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::Waker,
};

const MANY: usize = 200;

/// A hook that drops what is in `victims` when it runs first.
fn drop_all<F: Send + 'static>(victims: &Arc<Mutex<Vec<F>>>) -> impl Fn() + Send + Sync + use<F> {
    let victims = Arc::clone(victims);
    once(move || {
        let victims = std::mem::take(&mut *victims.lock().unwrap());
        drop(victims);
    })
}

#[test]
fn release_many_grants_each_of_many_once_in_order() {
    let semaphore = Semaphore::new(0);
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waits = Vec::new();
    for n in 0..MANY {
        let order = Arc::clone(&order);
        let test_waker = TestWaker::new().on_wake(move || order.lock().unwrap().push(n));
        waits.push(waiting(semaphore.acquire(), &test_waker.waker()));
    }
    semaphore.release_many(MANY - 10);
    assert_eq!(*order.lock().unwrap(), (0..MANY - 10).collect::<Vec<_>>());
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, MANY));
    let granted = waits.iter_mut().take(MANY - 10);
    let permits: Vec<_> = granted.map(|wait| poll(wait, Waker::noop())).collect();
    assert!(permits.iter().all(|permit| permit.is_ready()));
    drop(permits);
    assert_eq!((semaphore.value(), semaphore.waiters()), (MANY - 20, 10));
}

#[test]
fn a_newcomer_from_inside_a_grant_stands_behind_the_others() {
    let semaphore = Arc::new(Semaphore::new(0));
    let newcomer = Arc::new(Mutex::new(None));
    let (coming, late) = (Arc::clone(&semaphore), Arc::clone(&newcomer));
    let first = TestWaker::new().on_wake(once(move || {
        assert!(coming.try_acquire().is_none());
        let test_waker = TestWaker::new();
        let wait = waiting(coming.acquire_owned(), &test_waker.waker());
        *late.lock().unwrap() = Some((test_waker, wait));
    }));
    let others = TestWaker::new();
    let mut waits = vec![waiting(semaphore.acquire(), &first.waker())];
    waits.extend((1..MANY).map(|_| waiting(semaphore.acquire(), &others.waker())));
    semaphore.release_many(MANY);
    assert_eq!(others.wakes(), MANY - 1);
    let (test_waker, mut newcomer) = newcomer.lock().unwrap().take().unwrap();
    assert_eq!(test_waker.wakes(), 0);
    assert!(poll(&mut newcomer, &test_waker.waker()).is_pending());
    // One of those granted gives its permit back: that is the newcomer's.
    drop(waits.pop());
    assert_eq!(test_waker.wakes(), 1);
    assert!(poll(&mut newcomer, Waker::noop()).is_ready());
}

#[test]
fn those_who_leave_between_two_batches_leave_their_permits_to_the_others() {
    let semaphore = Arc::new(Semaphore::new(0));
    let victims = Arc::new(Mutex::new(Vec::new()));
    let first = TestWaker::new().on_wake(drop_all(&victims));
    let (kept, gone) = (TestWaker::new(), TestWaker::new());
    let mut waits = vec![waiting(semaphore.acquire_owned(), &first.waker())];
    for n in 1..MANY {
        if n % 4 == 0 {
            let wait = waiting(semaphore.acquire_owned(), &gone.waker());
            victims.lock().unwrap().push(wait);
        } else {
            waits.push(waiting(semaphore.acquire_owned(), &kept.waker()));
        }
    }
    // Enough for those that stay, and for a few more.
    semaphore.release_many(waits.len() + 3);
    assert_eq!(kept.wakes(), waits.len() - 1);
    assert_eq!(gone.alive(), 0);
    let permits: Vec<_> = waits.iter_mut().map(|wait| poll(wait, Waker::noop())).collect();
    assert!(permits.iter().all(|permit| permit.is_ready()));
    assert_eq!((semaphore.value(), semaphore.waiters()), (3, 0));
}

#[test]
fn a_release_from_inside_a_grant_is_added_to_the_one_that_is_running() {
    let semaphore = Arc::new(BoundedSemaphore::new(MANY));
    now(semaphore.acquire_many(MANY)).forget();
    let releasing = Arc::clone(&semaphore);
    let first = TestWaker::new().on_wake(once(move || releasing.release_many(30).unwrap()));
    let mut waits = vec![waiting(semaphore.acquire(), &first.waker())];
    waits.extend((1..MANY).map(|_| waiting(semaphore.acquire(), Waker::noop())));
    semaphore.release_many(100).unwrap();
    let granted = waits
        .iter_mut()
        .map(|wait| poll(wait, Waker::noop()))
        .filter(|outcome| outcome.is_ready())
        .map(std::mem::forget)
        .count();
    assert_eq!((granted, semaphore.value(), semaphore.waiters()), (130, 0, MANY - 130));
}

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A waiter of a condition, polled once, that releases the lock as soon as it has it.
fn wait_for(condition: &Arc<Condition>, test_waker: &TestWaker) -> Wait {
    let condition = Arc::clone(condition);
    let mut wait: Wait = Box::pin(async move {
        let guard = condition.acquire().await;
        drop(condition.wait(guard).await);
    });
    assert!(poll(&mut wait, &test_waker.waker()).is_pending());
    wait
}

#[test]
fn notify_reaches_n_of_those_who_are_left_if_some_leave_between_two_batches() {
    let condition = Arc::new(Condition::new(()));
    let victims = Arc::new(Mutex::new(Vec::new()));
    let first = TestWaker::new().on_wake(drop_all(&victims));
    let (kept, gone) = (TestWaker::new(), TestWaker::new());
    let mut waits = vec![wait_for(&condition, &first)];
    for n in 1..MANY {
        if n % 2 == 0 {
            victims.lock().unwrap().push(wait_for(&condition, &gone));
        } else {
            waits.push(wait_for(&condition, &kept));
        }
    }
    condition.notify(&now(condition.acquire()), MANY / 4);
    // Those notified before they left have passed it on, and those left before did not count.
    assert_eq!(first.wakes() + kept.wakes(), MANY / 4);
    assert_eq!(gone.alive(), 0);
    let returned = waits
        .iter_mut()
        .map(|wait| poll(wait, Waker::noop()).is_ready())
        .filter(|ready| *ready)
        .count();
    assert_eq!(returned, MANY / 4);
}

#[test]
fn notify_all_ends_though_those_notified_leave_and_pass_it_on() {
    let condition = Arc::new(Condition::new(()));
    let victims = Arc::new(Mutex::new(Vec::new()));
    let first = TestWaker::new().on_wake(drop_all(&victims));
    let others = TestWaker::new();
    let waits = vec![wait_for(&condition, &first)];
    for _ in 1..MANY {
        victims.lock().unwrap().push(wait_for(&condition, &others));
    }
    condition.notify_all(&now(condition.acquire()));
    assert_eq!((others.alive(), condition.waiters()), (0, 1));
    drop(waits);
    assert_eq!((condition.waiters(), condition.locked()), (0, false));
}
