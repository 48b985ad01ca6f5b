//! Without std a panic cannot be caught. A waker that panics unwinds through the waking, and the
//! others are woken on the way.
#![cfg(test)]

use awaitlist::{Barrier, Condition, Event, Semaphore};
// The section itself, on this machine a mutex.
use critical_section as _;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

struct Signal {
    wakes: Arc<AtomicUsize>,
    panics: bool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, SeqCst);
        assert!(!self.panics, "a waker panics");
    }
}

fn poll<F: Future>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// What `change` makes of so many futures that wait, after it has panicked, as one of their wakers
/// does, and woken all.
fn changed<F: Future>(
    many: usize,
    panics: usize,
    wait: impl Fn() -> F,
    change: impl FnOnce(),
) -> Vec<Poll<F::Output>> {
    let wakes = Arc::new(AtomicUsize::new(0));
    let mut waits: Vec<_> = (0..many).map(|_| Box::pin(wait())).collect();
    for (n, wait) in waits.iter_mut().enumerate() {
        let signal = Signal { wakes: Arc::clone(&wakes), panics: n == panics };
        assert!(poll(wait, &Waker::from(Arc::new(signal))).is_pending());
    }
    assert!(catch_unwind(AssertUnwindSafe(change)).is_err());
    assert_eq!(wakes.load(SeqCst), many);
    let outcomes = waits.iter_mut().map(|wait| poll(wait, Waker::noop()));
    outcomes.collect()
}

/// One waiter, two, and more than fit into one batch, or two batches; the waker that panics is that
/// of the first, of one in the middle, or of the last.
fn each_way(check: impl Fn(usize, usize)) {
    for many in [1, 2, 33, 70] {
        for panics in [0, many / 2, many - 1] {
            check(many, panics);
        }
    }
}

#[test]
fn a_set_wakes_all() {
    each_way(|many, panics| {
        let event = Event::new();
        let outcomes = changed(many, panics, || event.wait(), || event.set());
        assert!(outcomes.iter().all(Poll::is_ready));
    });
}

#[test]
fn a_release_wakes_all_whom_it_grants_a_permit() {
    each_way(|many, panics| {
        let semaphore = Semaphore::new(0);
        let release = || semaphore.release_many(many);
        let outcomes = changed(many, panics, || semaphore.acquire(), release);
        assert!(outcomes.iter().all(Poll::is_ready));
        assert_eq!(semaphore.value(), 0);
    });
}

#[test]
fn a_notification_of_all_wakes_all() {
    each_way(|many, panics| {
        let condition = Condition::new(());
        let wait = async || drop(condition.wait(condition.acquire().await).await);
        let notify = || condition.notify_all(&condition.try_acquire().unwrap());
        let outcomes = changed(many, panics, wait, notify);
        assert!(outcomes.iter().all(Poll::is_ready));
    });
}

#[test]
fn who_trips_a_barrier_wakes_all() {
    each_way(|many, panics| {
        let barrier = Barrier::new(many + 1);
        let mut last = Box::pin(barrier.wait());
        let trip = || assert!(poll(&mut last, Waker::noop()).is_ready());
        let outcomes = changed(many, panics, || barrier.wait(), trip);
        let indices = (0..many).map(|index| Poll::Ready(Ok(index)));
        assert!(outcomes.into_iter().eq(indices));
    });
}
