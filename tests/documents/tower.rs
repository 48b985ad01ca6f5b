//! The tower layer of the example: a stored acquire, polled from `poll_ready` and used
//! again and again.

#[path = "../../examples/tower/limit.rs"]
mod limit;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll, Waker},
};

use awaitlist_tests::TestWaker;
use limit::{Limit, LimitLayer};
use tower::{Layer, Service, util::ServiceFn};

#[cfg(not(feature = "diagnostics"))]
use crate::api::allocation::allocations;

type Answer = Ready<Result<u32, Infallible>>;
type Squares = Limit<ServiceFn<fn(u32) -> Answer>>;

fn squares(at_once: usize) -> Squares {
    let square: fn(u32) -> Answer = |request| ready(Ok(request * request));
    LimitLayer::new(at_once).layer(tower::service_fn(square))
}

fn is_ready(service: &mut Squares, waker: &Waker) -> bool {
    let polled = service.poll_ready(&mut Context::from_waker(waker));
    polled == Poll::Ready(Ok(()))
}

#[test]
fn a_request_waits_until_another_has_been_answered() {
    let (mut first, test_waker) = (squares(1), TestWaker::new());
    let mut second = first.clone();
    assert!(is_ready(&mut first, Waker::noop()));
    assert!(is_ready(&mut first, Waker::noop()), "the permit is kept for the call");
    let response = first.call(3);
    assert!(!is_ready(&mut second, &test_waker.waker()));

    assert_eq!(awaitlist_tests::now(response), Ok(9));
    assert_eq!(test_waker.wakes(), 1);
    assert!(is_ready(&mut second, Waker::noop()));
}

#[test]
fn a_service_may_be_moved_while_it_waits() {
    let (mut first, test_waker) = (squares(1), TestWaker::new());
    let mut second = Box::new(first.clone());
    assert!(is_ready(&mut first, Waker::noop()));
    assert!(!is_ready(&mut second, &test_waker.waker()));
    let mut moved = *second;

    drop(first);
    assert_eq!(test_waker.wakes(), 1);
    assert!(is_ready(&mut moved, Waker::noop()));
}

#[test]
fn a_dropped_service_gives_its_place_up() {
    let (mut first, test_waker) = (squares(1), TestWaker::new());
    let (mut second, mut third) = (first.clone(), first.clone());
    assert!(is_ready(&mut first, Waker::noop()));
    assert!(!is_ready(&mut second, Waker::noop()));
    assert!(!is_ready(&mut third, &test_waker.waker()));

    drop(first);
    assert_eq!(test_waker.wakes(), 0);
    drop(second);
    assert_eq!(test_waker.wakes(), 1);
    assert!(is_ready(&mut third, Waker::noop()));
}

#[cfg(not(feature = "diagnostics"))]
#[test]
fn no_request_allocates() {
    let mut first = squares(1);
    let mut second = first.clone();
    assert!(is_ready(&mut first, Waker::noop()));
    let allocated = allocations(|| {
        for request in 0..100 {
            let response = first.call(request);
            assert!(!is_ready(&mut second, Waker::noop()));
            assert_eq!(awaitlist_tests::now(response), Ok(request * request));
            assert!(is_ready(&mut second, Waker::noop()));
            std::mem::swap(&mut first, &mut second);
        }
    });
    assert_eq!(allocated, 0);
}
