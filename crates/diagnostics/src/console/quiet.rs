//! How the subscriber is called.

use std::{
    cell::Cell,
    mem,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tracing::{
    Level, Span,
    level_filters::{LevelFilter, STATIC_MAX_LEVEL},
    subscriber::NoSubscriber,
};

/// Returns whether a subscriber may be interested in anything at all of what is shown here.
#[inline]
pub(super) fn may_be_interested() -> bool {
    Level::TRACE <= STATIC_MAX_LEVEL && Level::TRACE <= LevelFilter::current()
}

thread_local! {
    /// Whether this thread is in a call of the subscriber.
    static IN_CALL: Cell<bool> = const { Cell::new(false) };
}

/// Runs `call`, which calls the subscriber. Returns `None` if it panics, and without running it if
/// the subscriber is what calls this.
pub(super) fn quietly<R>(call: impl FnOnce() -> R) -> Option<R> {
    if IN_CALL.replace(true) {
        return None;
    }
    let result = caught(call);
    IN_CALL.set(false);
    result
}

/// Runs `call`, which calls the subscriber, also if the subscriber is what calls this: it ends
/// something.
pub(super) fn always_quietly(call: impl FnOnce()) {
    let was_in_call = IN_CALL.replace(true);
    caught(call);
    IN_CALL.set(was_in_call);
}

fn caught<R>(call: impl FnOnce() -> R) -> Option<R> {
    // Not dropped, for that may panic as well.
    catch_unwind(AssertUnwindSafe(call)).map_err(mem::forget).ok()
}

/// A span that is closed quietly.
#[derive(Debug)]
pub(super) struct QuietSpan(Span);

impl QuietSpan {
    /// Returns `None` if no subscriber is interested in the span.
    pub(super) fn new(span: Span) -> Option<Self> {
        // This thread may have no subscriber, while another has one.
        let is_seen = span.with_subscriber(|(_, dispatch)| !dispatch.is::<NoSubscriber>());
        (is_seen == Some(true)).then_some(Self(span))
    }
}

impl Clone for QuietSpan {
    /// Calls the subscriber.
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Deref for QuietSpan {
    type Target = Span;

    fn deref(&self) -> &Span {
        &self.0
    }
}

impl Drop for QuietSpan {
    fn drop(&mut self) {
        let span = mem::replace(&mut self.0, Span::none());
        always_quietly(|| drop(span));
    }
}
