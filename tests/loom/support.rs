//! What the models share.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

pub(crate) use loom::{future::block_on, thread};
pub(crate) use std::sync::Arc;

/// Checks a model with as many preemptions as `LOOM_MAX_PREEMPTIONS` says, or `preemptions`.
pub(crate) fn model_bounded(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(body);
}

/// Checks a model. Two or three threads, and two preemptions, unless `LOOM_MAX_PREEMPTIONS` says
/// otherwise.
pub(crate) fn model(body: impl Fn() + Send + Sync + 'static) {
    model_bounded(2, body);
}

/// Polls a future once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
