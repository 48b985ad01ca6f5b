//! A waker that panics costs no other waiter its wake-up. The first panic continues in the caller
//! when all are woken, or ends there if the caller is unwinding already.

use awaitlist::{
    Barrier, BoundedSemaphore, BrokenBarrier, Condition, Event, Lock, OwnedLockGuard, Semaphore,
};
use awaitlist_tests::{TestWaker, caught, now, poll, waiting};
use std::{
    panic::{Location, panic_any},
    pin::Pin,
    sync::Arc,
    task::{Poll, Waker},
};

const MANY: usize = 100;

fn panics_with(text: &'static str) -> TestWaker {
    TestWaker::new().on_wake(move || panic!("{text}"))
}

/// `MANY` futures that wait, three of which have wakers that panic: the first, one in a later
/// batch, and the last.
fn with_three_bad_ones<F: Future>(mut make: impl FnMut() -> F) -> (Vec<Pin<Box<F>>>, TestWaker) {
    let bad = ["first", "second", "third"].map(panics_with);
    let good = TestWaker::new();
    let futures = (0..MANY)
        .map(|n| match n {
            0 => waiting(make(), &bad[0].waker()),
            70 => waiting(make(), &bad[1].waker()),
            99 => waiting(make(), &bad[2].waker()),
            _ => waiting(make(), &good.waker()),
        })
        .collect();
    (futures, good)
}

/// That `wake` panics with the first of the panics, when all were woken; and that all go on, the
/// bad ones too.
#[track_caller]
fn all_are_woken<F: Future>(make: impl FnMut() -> F, wake: impl FnOnce()) -> Vec<F::Output> {
    let caller = Location::caller();
    let (mut futures, good) = with_three_bad_ones(make);
    assert_eq!(caught(wake).message, "first", "{caller}");
    assert_eq!(good.wakes(), MANY - 3, "{caller}");
    futures
        .iter_mut()
        .map(|future| match poll(future, Waker::noop()) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("one was not released, {caller}"),
        })
        .collect()
}

#[test]
fn of_an_event() {
    let event = Event::new();
    all_are_woken(|| event.wait(), || event.set());
    assert!(event.is_set());
    now(event.wait());
    assert_eq!(event.waiters(), 0);
}

#[test]
fn of_semaphores() {
    let semaphore = Semaphore::new(0);
    let permits = all_are_woken(|| semaphore.acquire(), || semaphore.release_many(MANY + 5));
    assert_eq!((semaphore.value(), semaphore.waiters()), (5, 0));
    drop(permits);
    let all = now(semaphore.acquire_many(MANY + 5));
    let permits = all_are_woken(|| semaphore.acquire(), || drop(all));
    assert_eq!((semaphore.value(), permits.len()), (5, MANY));

    let bounded = BoundedSemaphore::new(MANY);
    now(bounded.acquire_many(MANY)).forget();
    let permits = all_are_woken(|| bounded.acquire(), || bounded.release_many(MANY).unwrap());
    assert_eq!(bounded.value(), 0);
    drop(permits);
    assert_eq!(bounded.value(), MANY);
}

#[test]
fn of_a_semaphore_whose_big_head_is_dropped() {
    let semaphore = Semaphore::new(MANY);
    let big = waiting(semaphore.acquire_many(MANY + 1), Waker::noop());
    let permits = all_are_woken(|| semaphore.acquire(), || drop(big));
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 0));
    drop(permits);
    assert_eq!(semaphore.value(), MANY);
}

#[test]
fn of_a_condition() {
    let condition = Condition::new(());
    for all in [true, false] {
        let (mut waits, good) = with_three_bad_ones(|| condition.wait(now(condition.acquire())));
        let guard = now(condition.acquire());
        let panic = caught(|| match all {
            true => condition.notify_all(&guard),
            false => condition.notify(&guard, 80),
        });
        assert_eq!(panic.message, "first");
        assert_eq!(good.wakes(), if all { MANY - 3 } else { 78 });
        drop(guard);
        let returned = waits.iter_mut().map(|wait| poll(wait, Waker::noop()).is_ready());
        assert_eq!(returned.filter(|ready| *ready).count(), if all { MANY } else { 80 });
    }
    assert_eq!((condition.waiters(), condition.locked()), (0, false));
}

#[test]
fn of_a_barrier() {
    let barrier = Barrier::new(MANY + 1);
    let trip = || assert!(now(barrier.wait()).is_ok());
    let outcomes = all_are_woken(|| barrier.wait(), trip);
    assert_eq!(outcomes, (0..MANY).map(Ok).collect::<Vec<_>>());
    let failed = [Err(BrokenBarrier::AbortOrReset); MANY];
    assert_eq!(all_are_woken(|| barrier.wait(), || barrier.reset()), failed);
    assert_eq!(all_are_woken(|| barrier.wait(), || barrier.abort()), failed);
    barrier.reset();
    assert_eq!(barrier.to_string(), format!("<Barrier [filling, waiters:0/{}]>", MANY + 1));
}

#[test]
fn of_those_at_the_gate_of_a_barrier() {
    for dropped in [true, false] {
        let barrier = Barrier::new(2);
        let mut released = waiting(barrier.wait(), Waker::noop());
        assert_eq!(now(barrier.wait()), Ok(1));
        let (gated, good) = with_three_bad_ones(|| barrier.wait());
        let panic = match dropped {
            true => caught(|| drop(released)),
            false => caught(|| poll(&mut released, Waker::noop())),
        };
        assert_eq!(panic.message, "first");
        assert_eq!(good.wakes(), MANY - 3);
        drop(gated);
        assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/2]>");
    }
}

#[test]
fn of_a_lock() {
    let lock = Arc::new(Lock::new(()));
    for guarded in [true, false] {
        let guard = now(lock.acquire_owned());
        let mut wait = waiting(lock.acquire(), &panics_with("woken").waker());
        let panic = if guarded {
            caught(|| drop(guard))
        } else {
            OwnedLockGuard::forget(guard);
            caught(|| lock.release())
        };
        assert_eq!(panic.message, "woken");
        // It is designated all the same.
        assert_eq!((lock.locked(), lock.waiters()), (false, 1));
        assert!(poll(&mut wait, Waker::noop()).is_ready());
    }
    assert_eq!(Arc::strong_count(&lock), 1);
}

#[test]
fn of_the_next_in_line_when_a_designated_one_is_dropped() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let designated = waiting(lock.acquire(), Waker::noop());
    let mut next = waiting(lock.acquire(), &panics_with("next").waker());
    drop(held);
    assert_eq!(caught(|| drop(designated)).message, "next");
    assert_eq!((lock.locked(), lock.waiters()), (false, 1));
    assert!(poll(&mut next, Waker::noop()).is_ready());
}

#[test]
fn of_the_next_in_line_when_a_notified_one_is_dropped() {
    let condition = Condition::new(());
    let notified = waiting(condition.wait(now(condition.acquire())), Waker::noop());
    let mut next = waiting(condition.wait(now(condition.acquire())), &panics_with("next").waker());
    condition.notify(&now(condition.acquire()), 1);
    assert_eq!(caught(|| drop(notified)).message, "next");
    assert_eq!(condition.waiters(), 1);
    assert!(poll(&mut next, Waker::noop()).is_ready());
}

#[test]
fn of_the_next_for_the_lock_when_a_condition_wait_lets_it_go() {
    let condition = Condition::new(());
    let held = now(condition.acquire());
    let mut next = waiting(condition.acquire(), &panics_with("next").waker());
    let mut wait = Box::pin(condition.wait(held));
    assert_eq!(caught(|| poll(&mut wait, Waker::noop())).message, "next");
    // It is in the condition's queue, and the lock was released.
    assert_eq!((condition.waiters(), condition.locked()), (1, false));
    drop(poll(&mut next, Waker::noop()));
    condition.notify(&now(condition.acquire()), 1);
    assert!(poll(&mut wait, Waker::noop()).is_ready());
}

#[test]
fn while_the_caller_unwinds_it_ends_there() {
    struct Sets<'a>(&'a Event);
    impl Drop for Sets<'_> {
        fn drop(&mut self) {
            self.0.set();
        }
    }

    let lock = Lock::new(());
    let semaphore = Semaphore::new(MANY);
    let event = Event::new();
    let guard = now(lock.acquire());
    let permit = now(semaphore.acquire_many(MANY));
    let for_lock = waiting(lock.acquire(), &panics_with("of the lock").waker());
    let for_permits = with_three_bad_ones(|| semaphore.acquire());
    let for_event = with_three_bad_ones(|| event.wait());

    let panic = caught(|| {
        let _dropped_while_unwinding = (guard, permit, Sets(&event));
        panic!("the caller's own");
    });
    assert_eq!(panic.message, "the caller's own");
    assert_eq!((lock.locked(), lock.waiters()), (false, 1));
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, MANY));
    assert_eq!((for_permits.1.wakes(), for_event.1.wakes()), (MANY - 3, MANY - 3));
    assert!(event.is_set());
    drop((for_lock, for_permits, for_event));
    assert_eq!((semaphore.value(), event.waiters()), (MANY, 0));
    assert!(lock.try_acquire().is_some());
}

/// What a panic carries, and panics itself when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload of the second");
    }
}

#[test]
fn with_a_payload_that_panics_when_it_is_dropped() {
    let event = Event::new();
    let first = panics_with("first");
    // The first panic is kept for the caller. This one's payload is not dropped, for that would
    // panic again.
    let second = TestWaker::new().on_wake(|| panic_any(Bomb));
    let good = TestWaker::new();
    let mut waits =
        vec![waiting(event.wait(), &first.waker()), waiting(event.wait(), &second.waker())];
    waits.extend((2..MANY).map(|_| waiting(event.wait(), &good.waker())));
    let message = caught(|| event.set()).message;
    assert_eq!(message, "first");
    assert_eq!(good.wakes(), MANY - 2);
}
