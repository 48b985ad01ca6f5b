//! Polls by tasks without a name, which the diagnostics know by their wakers alone. The functions
//! of the same names in the parent name their tasks.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// Polls once with `waker`.
pub fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// A future that has been polled once with `waker`, and waits.
///
/// # Panics
///
/// If the future is ready.
#[track_caller]
pub fn waiting<F: Future>(future: F, waker: &Waker) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(&mut future, waker).is_pending(), "it need not wait");
    future
}

/// The output of a future that need not wait, polled with `waker`.
///
/// # Panics
///
/// If the future is not ready.
#[track_caller]
pub fn ready<F: Future>(future: F, waker: &Waker) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it has to wait"),
    }
}
