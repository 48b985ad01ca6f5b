//! The future that gives a task its name.

use std::{
    borrow::Cow,
    cell::RefCell,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Actor, RawId, TaskInfo};
use crate::{
    console::TaskSpan,
    ended,
    here::{Running, set_current},
    life::{Relay, ThreadInfo},
};

thread_local! {
    /// The tasks that are dropped on this thread, and what it ran before each.
    static OUTER: RefCell<Vec<(u64, Option<Running>)>> = const { RefCell::new(Vec::new()) };
}

/// Names a task: what `future` acquires and waits for is attributed to it, as long as it polls it
/// itself.
///
/// Wrap what is given to the runtime's `spawn`. Tasks may be nested; the innermost counts. A task
/// does one thing at a time: name the branches of a `join!` by themselves.
///
/// The future is polled with a waker of its own, which wakes the waker that the task is polled
/// with. So it is known whether anything but a lock can wake the task: a deadlock is certain only
/// where nothing can.
///
/// ```
/// # use futures_lite::future::block_on;
/// use awaitlist_diagnostics as diagnostics;
///
/// let answer = block_on(diagnostics::task("deep thought", async { 6 * 7 }));
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn task<F: Future>(name: impl Into<Cow<'static, str>>, future: F) -> Task<F> {
    let relay = Relay::new();
    let info = TaskInfo::new(name.into(), Location::caller(), &relay);
    let ends = Ends { info: info.clone(), kept: 0 };
    Task { drops: Drops { info }, future, ends, relay, relays: true, span: TaskSpan::new() }
}

/// Like [`task`], but polls the future with the waker that the task is polled with: for tests that
/// count wakers. Nothing that such a task waits for is certain.
#[doc(hidden)]
#[track_caller]
pub fn task_with_same_waker<F: Future>(name: impl Into<Cow<'static, str>>, future: F) -> Task<F> {
    Task { relays: false, ..task(name, future) }
}

pin_project_lite::pin_project! {
    /// A future with a name, made by [`task`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Task<F> {
        // Dropped first: what the drop of the future releases, the task does.
        drops: Drops,
        #[pin]
        future: F,
        // Dropped after the future: what the future has is the task's until then.
        ends: Ends,
        relay: Relay,
        // Whether the future is polled with the relay's waker.
        relays: bool,
        // What tokio-console shows of it.
        span: TaskSpan,
    }
}

impl<F> Task<F> {
    /// Returns what is known of the task.
    pub const fn info(&self) -> &TaskInfo {
        &self.ends.info
    }
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let waker = if *this.relays { this.relay.waker() } else { context.waker() };
        if *this.relays {
            this.relay.lead_to(context.waker());
        }
        let info = &this.ends.info;
        let before = set_current(Some((info.clone(), RawId::of(waker))));
        if let Some((outer, _)) = &before {
            info.is_inside(outer);
        }
        let scope = Scope(before);
        let polled = info.life().begin_poll(Some(ThreadInfo::current()));
        let poll = {
            let _entered = this.span.enter(info, this.relay.woken_task());
            this.future.poll(&mut Context::from_waker(waker))
        };
        drop(polled);
        drop(scope);
        if poll.is_ready() {
            this.span.ends();
            this.ends.end();
        } else {
            this.span.has_wakers(!*this.relays || info.life().pulse().wakers > 0);
            this.relay.rest();
        }
        poll
    }
}

/// The beginning of a task's drop: while its future is dropped, the task runs.
#[derive(Debug)]
struct Drops {
    info: TaskInfo,
}

impl Drop for Drops {
    fn drop(&mut self) {
        // It is not polled, so no waker is its.
        let before = set_current(Some((self.info.clone(), RawId::NONE)));
        let _ = OUTER.try_with(|outer| outer.borrow_mut().push((self.info.id(), before)));
    }
}

/// The end of a task's drop.
#[derive(Debug)]
struct Ends {
    info: TaskInfo,
    /// How many first holds it had when it was kept.
    kept: u32,
}

impl Ends {
    /// Ends it: when it is finished, and again when it is dropped. The drop of its future may begin
    /// a hold.
    fn end(&mut self) {
        self.info.end();
        let holds = self.info.first_holds();
        if holds > self.kept {
            self.kept = holds;
            ended::keep(Actor::Task(self.info.clone()));
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.end();
        let id = self.info.id();
        let before = OUTER.try_with(|outer| {
            let mut outer = outer.borrow_mut();
            // Not there if the thread was ending when the drop began.
            let begun = outer.last().is_some_and(|(task, _)| *task == id);
            if begun { outer.pop() } else { None }
        });
        if let Some((_, before)) = before.ok().flatten() {
            set_current(before);
        }
    }
}

/// Sets back what this thread ran before, also when a poll panics.
struct Scope(Option<Running>);

impl Drop for Scope {
    fn drop(&mut self) {
        set_current(self.0.take());
    }
}
