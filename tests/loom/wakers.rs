use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
};

use awaitlist_event::Event;
use awaitlist_lock::Lock;

use crate::support::{Arc, block_on, model, poll_once, thread};

/// The task of a waiter changes while it is woken: is the last waker woken, or the poll ready?
#[test]
fn a_change_of_the_waker_against_a_wake() {
    model(|| {
        let lock = Arc::new(Lock::new(()));
        let guard = lock.try_acquire_owned().unwrap();
        let mut acquire = pin!(lock.acquire());
        assert!(poll_once(acquire.as_mut()).is_pending());
        let thread = thread::spawn(move || drop(guard));
        // Polls with a waker of its own, again and again until it was woken.
        drop(block_on(acquire));
        thread.join().unwrap();
    });
}

/// A waker that panics when it is woken.
fn panicking() -> Waker {
    const VTABLE: RawWakerVTable = RawWakerVTable::new(
        |data| RawWaker::new(data, &VTABLE),
        |_| panic!("the waker's own"),
        |_| panic!("the waker's own"),
        |_| {},
    );
    // SAFETY: the functions do nothing with the pointer.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &VTABLE)) }
}

/// The first to be woken panics: is the other, on its own thread, woken all the same?
#[test]
fn a_panicking_waker_costs_nobody_the_wake_up() {
    model(|| {
        let event = Arc::new(Event::new());
        let mut first = Box::pin(event.wait());
        let polled = first.as_mut().poll_with(&panicking());
        assert!(polled.is_pending());
        let other = Arc::clone(&event);
        let thread = thread::spawn(move || block_on(other.wait()));
        let set = catch_unwind(AssertUnwindSafe(|| event.set()));
        thread.join().unwrap();
        assert!(set.is_err());
    });
}

trait PollWith: Future {
    fn poll_with(self: std::pin::Pin<&mut Self>, waker: &Waker) -> Poll<Self::Output> {
        self.poll(&mut Context::from_waker(waker))
    }
}

impl<F: Future> PollWith for F {}
