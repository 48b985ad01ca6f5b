//! `PollSlot`: a future that a poll function starts, polls and starts again.

use awaitlist::{
    Event, PollSlot, Semaphore, event,
    semaphore::{AcquireOwned, OwnedPermit},
};
use awaitlist_tests::caught;
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

struct Limit {
    semaphore: Arc<Semaphore>,
    acquire: PollSlot<AcquireOwned>,
}

impl Limit {
    fn new(permits: usize) -> Self {
        Self { semaphore: Arc::new(Semaphore::new(permits)), acquire: PollSlot::new() }
    }

    fn poll_permit(&mut self, context: &mut Context<'_>) -> Poll<OwnedPermit> {
        self.acquire.poll(context, || self.semaphore.acquire_owned())
    }
}

#[test]
fn a_poll_function_keeps_its_place_between_polls() {
    let mut limit = Limit::new(0);
    let semaphore = Arc::clone(&limit.semaphore);
    let mut permit = spawn(poll_fn(|context| limit.poll_permit(context)));
    assert_pending!(permit.poll());
    assert_pending!(permit.poll());
    assert_eq!(semaphore.waiters(), 1);
    semaphore.release();
    assert!(permit.is_woken());
    assert_eq!(assert_ready!(permit.poll()).count(), 1);
    drop(permit);
    assert!(limit.acquire.is_empty());
}

#[test]
fn a_slot_starts_a_new_future_after_each_that_is_ready() {
    let mut limit = Limit::new(2);
    let mut context = Context::from_waker(Waker::noop());
    let first = limit.poll_permit(&mut context);
    let second = limit.poll_permit(&mut context);
    assert!(first.is_ready() && second.is_ready());
    assert!(limit.poll_permit(&mut context).is_pending());
    assert!(!limit.acquire.is_empty());
    drop(first);
    assert!(limit.poll_permit(&mut context).is_ready());
}

#[test]
fn clearing_a_slot_or_dropping_it_gives_up_the_place() {
    let mut limit = Limit::new(0);
    let mut context = Context::from_waker(Waker::noop());
    assert!(limit.poll_permit(&mut context).is_pending());
    limit.acquire.clear();
    assert!(limit.acquire.is_empty());
    assert_eq!(limit.semaphore.waiters(), 0);
    assert!(limit.poll_permit(&mut context).is_pending());
    let semaphore = Arc::clone(&limit.semaphore);
    drop(limit);
    assert_eq!(semaphore.waiters(), 0);
}

#[test]
fn the_clone_of_a_slot_is_empty() {
    let event = Arc::new(Event::new());
    let mut slot = PollSlot::<event::WaitOwned>::default();
    let mut context = Context::from_waker(Waker::noop());
    assert!(slot.poll(&mut context, || event.wait_owned()).is_pending());
    assert!(slot.clone().is_empty());
    assert_eq!(format!("{slot:?}"), "PollSlot { empty: false, .. }");
    assert_eq!(event.waiters(), 1);
}

/// Pending once, then panics.
struct Panics(bool);

impl Future for Panics {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        assert!(!self.0, "polled again");
        self.0 = true;
        Poll::Pending
    }
}

#[test]
fn a_future_that_panics_leaves_the_slot_empty() {
    let mut slot = PollSlot::new();
    let mut context = Context::from_waker(Waker::noop());
    assert!(slot.poll(&mut context, || Panics(false)).is_pending());
    let message = caught(|| slot.poll(&mut context, || Panics(false))).message;
    assert_eq!(message, "polled again");
    assert!(slot.is_empty());
    assert!(slot.poll(&mut context, || Panics(false)).is_pending());
}

#[test]
fn a_start_that_panics_leaves_the_slot_empty() {
    let mut slot = PollSlot::<Panics>::new();
    let mut context = Context::from_waker(Waker::noop());
    let message = caught(|| slot.poll(&mut context, || panic!("no future"))).message;
    assert_eq!((message.as_str(), slot.is_empty()), ("no future", true));
}
