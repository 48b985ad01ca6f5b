//! The primitives as resources, and the waits as operations on them.

use std::{
    cell::Cell,
    mem,
    panic::{AssertUnwindSafe, Location},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use tracing::{Span, trace, trace_span};

use super::quiet::{QuietSpan, may_be_interested, quietly};
use crate::{Kind, record::Made};

/// What is shown of a primitive.
///
/// It is unwind safe: no call of the subscriber is seen to panic.
#[derive(Debug)]
pub(crate) struct Resource(OnceLock<AssertUnwindSafe<Box<Shown>>>);

/// The span of a primitive, once a subscriber may have been interested.
#[derive(Debug, Default)]
struct Shown {
    /// Whether a thread makes the span, or has made it.
    is_claimed: AtomicBool,
    span: OnceLock<QuietSpan>,
}

impl Resource {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Returns whether there is no span, and none is to be made.
    #[inline(always)]
    pub(crate) fn is_hidden(&self) -> bool {
        self.0.get().is_none() && !may_be_interested()
    }

    /// Returns the span, which is made if there is none and a subscriber is interested. `None` also
    /// while another thread makes it. Not to be called under a lock.
    fn span(&self, made: &Made) -> Option<&QuietSpan> {
        match self.0.get() {
            Some(AssertUnwindSafe(shown)) => shown.span.get().or_else(|| self.make(made)),
            None if may_be_interested() => self.make(made),
            None => None,
        }
    }

    #[cold]
    fn make(&self, made: &Made) -> Option<&QuietSpan> {
        let shown = self.0.get_or_init(AssertUnwindSafe::default);
        quietly(|| {
            // Relaxed, here and below: the thread that claims it does not read what others have
            // written.
            if !shown.is_claimed.swap(true, Ordering::Relaxed) {
                match quiet_resource_span(made) {
                    // It is set once: the claim is this thread's alone.
                    Some(span) => drop(shown.span.set(span)),
                    // To be asked again: it costs as much as it would cost to remember it.
                    None => shown.is_claimed.store(false, Ordering::Relaxed),
                }
            }
        });
        shown.span.get()
    }

    /// It has another name.
    #[cold]
    pub(crate) fn renamed(&self, made: &Made, name: &str) {
        if let Some(span) = self.span(made) {
            quietly(|| {
                let show = || trace!(target: "runtime::resource::state_update", name = name);
                span.in_scope(show);
            });
        }
    }

    /// Permits were taken.
    #[cold]
    pub(crate) fn acquired(&self, made: &Made, permits: usize) -> Taken {
        match self.span(made) {
            Some(span) if permits > 0 && change(span, made.kind, Change::Less, permits) => {
                Taken(permits)
            }
            _ => Taken::NOTHING,
        }
    }

    /// What was taken is about to be released.
    #[inline(always)]
    pub(crate) fn released(&self, made: &Made, taken: &mut Taken) {
        if taken.0 > 0 {
            self.changes(made, mem::take(&mut taken.0), 0);
        }
    }

    /// There are so many permits more, and so many fewer, which no guard holds.
    #[inline(always)]
    pub(crate) fn changes(&self, made: &Made, more: usize, fewer: usize) {
        if !self.is_hidden() {
            self.show_changes(made, more, fewer);
        }
    }

    #[cold]
    fn show_changes(&self, made: &Made, more: usize, fewer: usize) {
        if let Some(span) = self.span(made) {
            match more.checked_sub(fewer) {
                Some(0) => true,
                Some(more) => change(span, made.kind, Change::More, more),
                None => change(span, made.kind, Change::Less, fewer - more),
            };
        }
    }

    /// An event is about to be set or cleared.
    #[inline(always)]
    pub(crate) fn sets(&self, made: &Made, is_set: bool) {
        if !self.is_hidden() {
            self.show_set(made, is_set);
        }
    }

    #[cold]
    fn show_set(&self, made: &Made, is_set: bool) {
        match self.span(made) {
            Some(span) if made.kind == Kind::Event => {
                quietly(|| {
                    span.in_scope(
                        || trace!(target: "runtime::resource::state_update", set = is_set),
                    );
                });
            }
            _ => {}
        }
    }

    /// A waiter was polled, and waits on.
    #[inline(always)]
    pub(crate) fn waits(&self, made: &Made, wait: &Operation, at: &'static Location<'static>) {
        if !self.is_hidden() {
            self.show_wait(made, wait, at);
        }
    }

    #[cold]
    fn show_wait(&self, made: &Made, wait: &Operation, at: &'static Location<'static>) {
        let begun = match wait.shown.take() {
            Some(begun) => {
                begun.polled(false);
                Some(begun)
            }
            None => self.span(made).and_then(|span| Begun::new(span, made.kind, wait, at)),
        };
        wait.shown.set(begun);
    }
}

/// Makes the span of a resource.
fn quiet_resource_span(made: &Made) -> Option<QuietSpan> {
    let Made { kind, name, created, size, .. } = *made;
    let span = QuietSpan::new(trace_span!(
        target: "awaitlist",
        parent: None,
        "runtime.resource",
        concrete_type = kind.name(),
        kind = "Sync",
        is_internal = false,
        loc.file = created.file(),
        loc.line = created.line(),
        loc.col = created.column(),
    ))?;
    span.in_scope(|| {
        if let Some(name) = name {
            trace!(target: "runtime::resource::state_update", name = name);
        }
        match kind {
            Kind::Lock => trace!(target: "runtime::resource::state_update", locked = false),
            Kind::Semaphore | Kind::BoundedSemaphore => trace!(
                target: "runtime::resource::state_update",
                permits = signed(size),
                permits.op = "override",
            ),
            Kind::Barrier => trace!(
                target: "runtime::resource::state_update",
                size = signed(size),
                size.op = "override",
            ),
            Kind::Event | Kind::Condition => {}
        }
        trace!(
            target: "runtime::resource::state_update",
            waiters = 0_i64,
            waiters.op = "override",
        );
    });
    Some(span)
}

/// Signed, so that the permits of a semaphore whose bound was lowered can be fewer than none, and
/// changes that two threads report at once add up in either order.
fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(Clone, Copy, Debug)]
enum Change {
    More,
    Less,
}

impl Change {
    const fn name(self) -> &'static str {
        match self {
            Self::More => "add",
            Self::Less => "sub",
        }
    }
}

/// Reports that so many permits are more or less. Returns whether it did.
fn change(span: &QuietSpan, kind: Kind, change: Change, permits: usize) -> bool {
    let reported = quietly(|| {
        span.in_scope(|| match kind {
            Kind::Lock => trace!(
                target: "runtime::resource::state_update",
                locked = matches!(change, Change::Less),
            ),
            _ => trace!(
                target: "runtime::resource::state_update",
                permits = signed(permits),
                permits.op = change.name(),
            ),
        });
    });
    reported.is_some()
}

/// How many permits were reported to be taken.
#[derive(Debug, Default)]
pub(crate) struct Taken(usize);

impl Taken {
    pub(crate) const NOTHING: Self = Self(0);

    /// Returns what is so many permits of it, and keeps the rest.
    pub(crate) fn split(&mut self, permits: usize) -> Self {
        let part = permits.min(self.0);
        self.0 -= part;
        Self(part)
    }

    pub(crate) fn merge(&mut self, other: &mut Self) {
        self.0 = self.0.saturating_add(mem::take(&mut other.0));
    }
}

/// What is shown of a wait.
pub(crate) struct Operation {
    /// How many permits it needs.
    need: Cell<usize>,
    shown: Cell<Option<AssertUnwindSafe<Box<Begun>>>>,
}

impl Operation {
    pub(crate) const fn new() -> Self {
        Self { need: Cell::new(0), shown: Cell::new(None) }
    }

    /// Says how many permits it needs. May be called under a lock.
    #[inline]
    pub(crate) fn asks_for(&self, permits: usize) {
        self.need.set(permits);
    }

    /// The wait is over, in a poll. Not to be called under a lock.
    #[cold]
    pub(crate) fn ends(&self) {
        if let Some(begun) = self.shown.take() {
            begun.polled(true);
        }
    }
}

/// The spans of a wait.
#[derive(Debug)]
struct Begun {
    resource: QuietSpan,
    operation: QuietSpan,
    poll: Option<QuietSpan>,
    op_name: &'static str,
}

impl Begun {
    /// Makes them, and reports the poll in which the wait begins.
    fn new(
        resource: &QuietSpan,
        kind: Kind,
        wait: &Operation,
        at: &'static Location<'static>,
    ) -> Option<AssertUnwindSafe<Box<Self>>> {
        let (source, op_name) = match kind {
            Kind::Lock => ("Lock::acquire", "poll_acquire"),
            Kind::Semaphore => ("Semaphore::acquire", "poll_acquire"),
            Kind::BoundedSemaphore => ("BoundedSemaphore::acquire", "poll_acquire"),
            Kind::Event => ("Event::wait", "poll_wait"),
            Kind::Condition => ("Condition::wait", "poll_wait"),
            Kind::Barrier => ("Barrier::wait", "poll_wait"),
        };
        let begin = || {
            let operation = QuietSpan::new(trace_span!(
                target: "awaitlist",
                "runtime.resource.async_op",
                source = source,
            ))?;
            let poll = operation.in_scope(|| {
                trace!(target: "runtime::resource::async_op::state_update", at = %at);
                if matches!(kind, Kind::Semaphore | Kind::BoundedSemaphore) {
                    trace!(
                        target: "runtime::resource::async_op::state_update",
                        permits_requested = signed(wait.need.get()),
                        permits_requested.op = "override",
                    );
                }
                let poll = QuietSpan::new(trace_span!(
                    target: "awaitlist",
                    "runtime.resource.async_op.poll",
                ));
                report_poll(poll.as_deref(), op_name, false);
                poll
            });
            trace!(
                target: "runtime::resource::state_update",
                waiters = 1_i64,
                waiters.op = "add",
            );
            Some(Self { resource: resource.clone(), operation, poll, op_name })
        };
        let begun = quietly(|| resource.in_scope(begin)).flatten();
        begun.map(|begun| AssertUnwindSafe(Box::new(begun)))
    }

    /// Reports a poll, in the span of the task that polls, if it has one.
    fn polled(&self, is_ready: bool) {
        quietly(|| {
            let _resource = self.resource.enter();
            let _operation = self.operation.enter();
            report_poll(self.poll.as_deref(), self.op_name, is_ready);
        });
    }
}

fn report_poll(span: Option<&Span>, op_name: &'static str, is_ready: bool) {
    let _poll = span.map(Span::enter);
    trace!(target: "runtime::resource::poll_op", op_name = op_name, is_ready = is_ready);
}

impl Drop for Begun {
    fn drop(&mut self) {
        quietly(|| {
            self.resource.in_scope(|| {
                trace!(
                    target: "runtime::resource::state_update",
                    waiters = 1_i64,
                    waiters.op = "sub",
                );
            });
        });
    }
}
