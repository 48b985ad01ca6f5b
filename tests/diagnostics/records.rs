//! What a record keeps: when a hold was first seen, and who has a hold that begins at the very end.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use awaitlist::{
    Lock, Semaphore,
    diagnostics::{Clock, task},
};

use crate::{SECOND, clock, poll, ready, seen};

/// What was seen of the last hold says nothing of this one: they are told apart by their numbers.
#[test]
fn a_lock_that_is_acquired_again_is_not_held_since_the_last_hold_was_seen() {
    let lock = Lock::named("seen twice", ());
    let guard = ready(lock.acquire(), Waker::noop());
    let first = seen("seen twice").holds[0].since;
    drop(guard);
    clock().advance(SECOND);
    let now = clock().now();
    assert!(first < now);
    let guard = ready(lock.acquire(), Waker::noop());
    assert!(seen("seen twice").holds[0].since >= now);
    drop(guard);
}

/// Keys of holds that were not seen are struck out when many of them have ended. Those that last
/// are kept, or each look would be the first.
#[test]
fn a_hold_beside_many_short_ones_is_held_since_it_was_first_seen() {
    let pool = Semaphore::named("beside short ones", 3);
    let first = pool.try_acquire().unwrap();
    let lasting = pool.try_acquire().unwrap();
    for _ in 0..100 {
        drop(pool.try_acquire().unwrap());
    }
    let since =
        || seen("beside short ones").holds.iter().map(|hold| hold.since).collect::<Vec<_>>();
    let seen_first = since();
    clock().advance(SECOND);
    assert_eq!(since(), seen_first);
    assert_eq!(seen_first.len(), 2);
    drop((first, lasting));
}

/// Acquires a lock for good when it is dropped.
struct AcquiresLast<'a>(&'a Lock);

impl Future for AcquiresLast<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Drop for AcquiresLast<'_> {
    fn drop(&mut self) {
        mem::forget(self.0.try_acquire().expect("it is free"));
    }
}

#[test]
fn what_a_finished_future_acquires_when_it_is_dropped_is_still_its_tasks() {
    let lock = Lock::named("acquired last", ());
    let mut finished = Box::pin(task("is finished", AcquiresLast(&lock)));
    assert!(poll(&mut finished, Waker::noop()).is_ready());
    drop(finished);
    let holder = seen("acquired last").holds[0].who.clone();
    assert_eq!((holder.to_string(), holder.has_ended()), ("task \"is finished\"".into(), true));
}
