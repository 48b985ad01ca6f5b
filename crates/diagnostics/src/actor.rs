//! Actors, which acquire and wait: a named task, a thread that blocks, or a task that is known only by
//! its waker.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    hash::{Hash, Hasher},
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::{self, Thread, ThreadId},
};

/// A holder or a waiter.
///
/// Two actors are equal if they are known to be the same; [`Unknown`](Self::Unknown) equals no actor, not
/// even itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Actor {
    /// A future that was named by [`task`].
    Task(TaskInfo),
    /// A thread that waits in `block()`, or acquired there.
    Thread(Thread),
    /// A task that has no name. The branches of a `join!` or `select!` share one waker, and are one as far as it tells.
    Waker(WakerId),
    /// Nobody that can be told apart: what was acquired without waiting (`try_acquire`) outside of a named task, or polled
    /// with a waker that does nothing. On which thread is all that is known.
    Unknown(Thread),
}

/// A waker that is kept so that nobody else gets its address.
///
/// Cloning and dropping one runs the user's code. If that panics, the panic goes no further: whatever is under way has
/// nothing to do with it.
#[derive(Debug, Default)]
pub(crate) struct Kept(Option<Waker>);

impl Kept {
    pub(crate) const NOTHING: Self = Self(None);

    /// A clone of `waker`. `None` if it cannot be had.
    #[inline]
    fn of(waker: &Waker) -> Option<Self> {
        match catch_unwind(AssertUnwindSafe(|| waker.clone())) {
            Ok(waker) => Some(Self(Some(waker))),
            Err(panic) => {
                // Not dropped, for that may panic as well.
                mem::forget(panic);
                None
            }
        }
    }

    /// The same once more. `None` if it cannot be had.
    pub(crate) fn again(&self) -> Option<Self> {
        match &self.0 {
            Some(waker) => Self::of(waker),
            None => Some(Self::NOTHING),
        }
    }

    /// Whether there is one.
    pub(crate) const fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Kept {
    #[inline]
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(waker)));
            dropped.unwrap_or_else(mem::forget);
        }
    }
}

/// What tells a waker from others, as long as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WakerId {
    data: usize,
    vtable: usize,
}

impl WakerId {
    fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: std::ptr::from_ref(waker.vtable()).addr() }
    }
}

impl Actor {
    /// Whether it is known for certain: a named task, or a thread.
    pub const fn is_certain(&self) -> bool {
        matches!(self, Self::Task(_) | Self::Thread(_))
    }

    /// Whether it is a named task whose future has finished, or was dropped.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Task(task) if task.has_ended())
    }

    /// Who asks outside of any poll.
    pub(crate) fn here() -> Self {
        match current_task() {
            Some((task, _)) => Self::Task(task),
            None => Self::Unknown(thread::current()),
        }
    }

    /// Who adopts something: the named task, or else this thread, whose word it is that it is no executor's.
    pub(crate) fn adopter() -> Self {
        match Self::here() {
            Self::Unknown(thread) => Self::Thread(thread),
            named => named,
        }
    }

    /// Who polls with that context; whether that is sure; and its waker, to be kept as long as it is known by that.
    ///
    /// A named task that has others run inside it (a `LocalSet`, a `FuturesUnordered`) is who polls, as far as can be told.
    /// But they have wakers of their own, so it is known not to be sure.
    #[inline]
    pub(crate) fn polling(context: &Context<'_>) -> (Self, bool, Kept) {
        match current_task() {
            Some((task, waker)) => {
                let id = WakerId::of(context.waker());
                (Self::Task(task), is_polled_with(waker, id), Kept::NOTHING)
            }
            None => {
                let (who, kept) = Self::unnamed(context.waker());
                (who, true, kept)
            }
        }
    }

    fn unnamed(waker: &Waker) -> (Self, Kept) {
        let key = Key::unnamed(WakerId::of(waker));
        if let Some(Key::Thread(_)) = key {
            return (Self::Thread(thread::current()), Kept::NOTHING);
        }
        // If its waker is not in our hands, the address says nothing.
        match key.and_then(|key| Some((key, Kept::of(waker)?))) {
            Some((Key::Waker(id), kept)) => (Self::Waker(id), kept),
            _ => (Self::Unknown(thread::current()), Kept::NOTHING),
        }
    }
}

impl PartialEq for Actor {
    fn eq(&self, other: &Self) -> bool {
        Key::of(self).is_some_and(|key| Key::of(other) == Some(key))
    }
}

/// What tells actors apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Task(u64),
    Thread(ThreadId),
    Waker(WakerId),
}

impl Key {
    /// Whom [`Actor::polling`] would answer, and whether that is sure; but nothing is kept.
    #[inline]
    pub(crate) fn polling(context: &Context<'_>) -> (Option<Self>, bool) {
        let id = WakerId::of(context.waker());
        let task = CURRENT.try_with(|current| {
            let current = current.borrow();
            current.as_ref().map(|(task, waker)| (task.id(), *waker))
        });
        match task.ok().flatten() {
            Some((task, waker)) => (Some(Self::Task(task)), is_polled_with(waker, id)),
            None => (Self::unnamed(id), true),
        }
    }

    /// What a waker says of who polls with it, outside of named tasks.
    fn unnamed(id: WakerId) -> Option<Self> {
        // In a model a waker is not kept: it is made of what is modelled. And one without data, as that of `Waker::noop`, is
        // not of one task more than of another.
        if cfg!(awaitlist_loom) {
            None
        } else if blocks_with(id) {
            Some(Self::Thread(thread::current().id()))
        } else {
            (id.data != 0).then_some(Self::Waker(id))
        }
    }

    /// `None` for one who equals nobody.
    pub(crate) fn of(who: &Actor) -> Option<Self> {
        match who {
            Actor::Task(task) => Some(Self::Task(task.id())),
            Actor::Thread(thread) => Some(Self::Thread(thread.id())),
            Actor::Waker(id) => Some(Self::Waker(*id)),
            Actor::Unknown(_) => None,
        }
    }
}

/// `task "reader"`, `thread "main"`, `an unnamed task (waker 0x55d0)`, `somebody on thread "main"`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => task.fmt(f),
            Self::Thread(thread) => write!(f, "thread {}", Named(thread)),
            Self::Waker(id) => write!(f, "an unnamed task (waker {:#x})", id.data),
            Self::Unknown(thread) => write!(f, "somebody on thread {}", Named(thread)),
        }
    }
}

struct Named<'a>(&'a Thread);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => write!(f, "{name:?}"),
            None => write!(f, "{:?}", self.0.id()),
        }
    }
}

/// A future that was named by [`task`]. Two are equal if they are the same, whatever their names.
#[derive(Clone, Debug)]
pub struct TaskInfo(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    name: Cow<'static, str>,
    named_at: &'static Location<'static>,
    ended: AtomicBool,
}

impl TaskInfo {
    /// Its name. Several tasks may have the same.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its number: every task has another one.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Where it was named.
    pub fn named_at(&self) -> &'static Location<'static> {
        self.0.named_at
    }

    /// Whether its future has finished, or was dropped.
    pub fn has_ended(&self) -> bool {
        // Relaxed: a state to look at.
        self.0.ended.load(Ordering::Relaxed)
    }
}

impl PartialEq for TaskInfo {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for TaskInfo {}

impl Hash for TaskInfo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {:?}", self.name())
    }
}

thread_local! {
    /// The innermost named task that is polled on this thread, and with which waker.
    static CURRENT: RefCell<Option<(TaskInfo, WakerId)>> = const { RefCell::new(None) };
    /// The waker with which this thread polls what it blocks on.
    static BLOCKING: Cell<Option<WakerId>> = const { Cell::new(None) };
}

/// Whether it is surely the task that is polled with `waker` who polls with the one of `id`: itself, or by blocking its thread.
fn is_polled_with(waker: WakerId, id: WakerId) -> bool {
    id == waker || blocks_with(id)
}

/// Whether it is with that waker that this thread polls what it blocks on.
fn blocks_with(id: WakerId) -> bool {
    BLOCKING.try_with(Cell::get) == Ok(Some(id))
}

#[inline]
fn current_task() -> Option<(TaskInfo, WakerId)> {
    // A thread that is ending runs no task any more.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Sets what this thread runs, and answers what it ran before.
fn set_current(task: Option<(TaskInfo, WakerId)>) -> Option<(TaskInfo, WakerId)> {
    CURRENT.try_with(|current| current.replace(task)).ok().flatten()
}

/// Names a task: what `future` acquires and waits for is attributed to it, as long as it polls it itself.
///
/// Wrap what is given to the runtime's `spawn`. Tasks may be nested; the innermost counts. A task does one thing at a time:
/// name the branches of a `join!` by themselves.
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
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Task {
        ends: Ends(TaskInfo(Arc::new(Inner {
            // Relaxed: all that matters is that no two get the same.
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name: name.into(),
            named_at: Location::caller(),
            ended: AtomicBool::new(false),
        }))),
        future,
    }
}

pin_project_lite::pin_project! {
    /// A future with a name, made by [`task`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Task<F> {
        #[pin]
        future: F,
        // Dropped last: what the future has is the task's until then.
        ends: Ends,
    }
}

impl<F> Task<F> {
    /// What is known of the task.
    pub const fn info(&self) -> &TaskInfo {
        &self.ends.0
    }
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let waker = WakerId::of(context.waker());
        let scope = Scope(set_current(Some((this.ends.0.clone(), waker))));
        let poll = this.future.poll(context);
        drop(scope);
        if poll.is_ready() {
            this.ends.end();
        }
        poll
    }
}

/// Marks the task as ended when its future is dropped.
#[derive(Debug)]
struct Ends(TaskInfo);

impl Ends {
    fn end(&self) {
        // Relaxed: as in `has_ended`.
        self.0.0.ended.store(true, Ordering::Relaxed);
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sets back what this thread ran before, also when a poll panics.
struct Scope(Option<(TaskInfo, WakerId)>);

impl Drop for Scope {
    fn drop(&mut self) {
        set_current(self.0.take());
    }
}

pin_project_lite::pin_project! {
    /// A future that a thread blocks on: who polls with its waker is the thread.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Blocking<F> {
        #[pin]
        future: F,
    }
}

impl<F> Blocking<F> {
    pub(crate) const fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Blocking<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        /// Sets back who blocked before, also when a poll panics.
        struct Outer(Option<WakerId>);

        impl Drop for Outer {
            fn drop(&mut self) {
                let _ = BLOCKING.try_with(|blocking| blocking.set(self.0));
            }
        }

        let id = WakerId::of(context.waker());
        let outer = BLOCKING.try_with(|blocking| blocking.replace(Some(id)));
        let _outer = Outer(outer.ok().flatten());
        self.project().future.poll(context)
    }
}
