//! The named tasks, as those of a runtime.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{Span, span, trace, trace_span};

use super::quiet::{QuietSpan, always_quietly, may_be_interested, quietly};
use crate::TaskInfo;

/// What is shown of a named task.
#[derive(Debug)]
pub(crate) struct TaskSpan {
    /// `None` until a subscriber is interested, and when the task is over.
    span: Option<QuietSpan>,
    /// Whether it was reported to have a waker outside.
    has_wakers: bool,
}

impl TaskSpan {
    pub(crate) const fn new() -> Self {
        Self { span: None, has_wakers: false }
    }

    /// Enters the span for a poll. It is made if there is none and a subscriber is interested.
    #[inline]
    pub(crate) fn enter(&mut self, info: &TaskInfo, woken: &WokenTask) -> Entered {
        if self.span.is_none() && may_be_interested() {
            self.make(info, woken);
        }
        let span = self.span.as_deref();
        Entered(span.and_then(|span| quietly(|| Span::clone(span).entered())))
    }

    #[cold]
    fn make(&mut self, info: &TaskInfo, woken: &WokenTask) {
        let at = info.named_at();
        let span = quietly(|| {
            QuietSpan::new(trace_span!(
                target: "awaitlist::task",
                parent: None,
                "runtime.spawn",
                kind = %"task",
                task.name = %info.name(),
                task.id = info.id(),
                loc.file = at.file(),
                loc.line = at.line(),
                loc.col = at.column(),
            ))
        });
        self.span = span.flatten();
        woken.is(self.span.as_ref().and_then(|span| span.id()));
    }

    /// Reports whether there are clones of the task's waker, after a poll that is pending.
    #[inline]
    pub(crate) fn has_wakers(&mut self, has_wakers: bool) {
        if self.has_wakers == has_wakers {
            return;
        }
        if let Some(span) = &self.span {
            self.has_wakers = has_wakers;
            let op = if has_wakers { "waker.clone" } else { "waker.drop" };
            report_waker(span.id(), op);
        }
    }

    /// The task is over.
    #[inline]
    pub(crate) fn ends(&mut self) {
        self.span = None;
    }
}

fn report_waker(task: Option<span::Id>, op: &'static str) {
    if let Some(task) = task {
        quietly(|| trace!(target: "runtime::waker", op = op, task.id = task.into_u64()));
    }
}

/// A poll in which the span is entered.
pub(crate) struct Entered(Option<span::EnteredSpan>);

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(entered) = self.0.take() {
            always_quietly(|| drop(entered));
        }
    }
}

/// The task that a waker wakes, as the subscriber knows it.
#[derive(Debug, Default)]
pub(crate) struct WokenTask(AtomicU64);

impl WokenTask {
    fn is(&self, span: Option<span::Id>) {
        // Relaxed, here and below: it is a number that is passed on.
        self.0.store(span.map_or(0, |id| id.into_u64()), Ordering::Relaxed);
    }

    /// The task is about to be woken.
    #[inline]
    pub(crate) fn woken(&self) {
        let id = self.0.load(Ordering::Relaxed);
        if id != 0 {
            report_waker(Some(span::Id::from_u64(id)), "waker.wake_by_ref");
        }
    }
}
