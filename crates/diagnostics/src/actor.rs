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
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use crate::{
    life::{BlockedThread, Life, Relay, ThreadInfo},
    namer,
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
    Thread(ThreadInfo),
    /// A task that has no name. The branches of a `join!` or `select!` share one waker, and are one as far as it tells.
    Waker(WakerId),
    /// Unknown but for its thread: it acquired without waiting (`try_acquire`) or adopted a guard
    /// outside a named task, or it polls with a waker that does nothing.
    Unknown(ThreadInfo),
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

/// Identifies an unnamed task by its waker, as long as the waker is kept.
#[derive(Clone, Debug)]
pub struct WakerId {
    id: RawId,
    /// What the [namer](crate::set_namer) calls it.
    label: Option<Arc<str>>,
}

impl WakerId {
    /// Returns the name that the hook of [`set_namer`](crate::set_namer) gave to the task.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

/// Two are equal if their wakers are, whatever their labels.
impl PartialEq for WakerId {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for WakerId {}

impl Hash for WakerId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// The two pointers of a waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RawId {
    data: usize,
    vtable: usize,
}

impl RawId {
    pub(crate) fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: std::ptr::from_ref(waker.vtable()).addr() }
    }
}

impl Actor {
    /// Returns whether it is surely one task or thread: a named task, or a thread that blocks.
    pub const fn is_certain(&self) -> bool {
        matches!(self, Self::Task(_) | Self::Thread(_))
    }

    /// Returns whether it is a named task whose future has finished or was dropped, or a thread
    /// that has ended.
    pub fn has_ended(&self) -> bool {
        match self {
            Self::Task(task) => task.has_ended(),
            Self::Thread(thread) => thread.has_ended(),
            Self::Waker(_) | Self::Unknown(_) => false,
        }
    }

    /// Returns what is known of its polls and waits. `None` for an unnamed task.
    pub(crate) fn life(&self) -> Option<&Life> {
        match self {
            Self::Task(task) => Some(&task.0.life),
            Self::Thread(thread) => Some(thread.life()),
            Self::Waker(_) | Self::Unknown(_) => None,
        }
    }

    /// Returns the caller outside of any poll, or the one that adopts a guard.
    pub(crate) fn here() -> Self {
        match current_task() {
            Some((task, _)) => Self::Task(task),
            None => Self::Unknown(ThreadInfo::current()),
        }
    }

    /// Returns the one that polls with that context; whether that is sure; and its waker, to be
    /// kept as long as it is known by that.
    ///
    /// A named task that runs others inside it (a `LocalSet`, a `FuturesUnordered`) is the one that
    /// polls, as far as can be told. But they have wakers of their own, so that is not sure.
    #[inline]
    pub(crate) fn polling(context: &Context<'_>) -> (Self, bool, Kept) {
        let id = RawId::of(context.waker());
        match current_task() {
            Some((task, waker)) => (Self::Task(task), is_polled_with(waker, id), Kept::NOTHING),
            None => {
                let (who, kept) = Self::unnamed(context.waker(), id);
                (who, true, kept)
            }
        }
    }

    /// Returns the named task or the thread that polls with that context, if that is sure.
    pub(crate) fn known_polling(context: &Context<'_>) -> Option<Self> {
        match Key::polling(context) {
            (Some(Key::Task(_)), true) => current_task().map(|(task, _)| Self::Task(task)),
            (Some(Key::Thread(_)), _) => Some(Self::Thread(ThreadInfo::current())),
            _ => None,
        }
    }

    fn unnamed(waker: &Waker, id: RawId) -> (Self, Kept) {
        match Key::unnamed(id) {
            Some(Key::Thread(_)) => (Self::Thread(ThreadInfo::current()), Kept::NOTHING),
            Some(Key::Waker(id)) => match Kept::of(waker) {
                Some(kept) => (Self::Waker(WakerId { id, label: namer::label() }), kept),
                // If its waker cannot be kept, the address says nothing.
                None => (Self::Unknown(ThreadInfo::current()), Kept::NOTHING),
            },
            _ => (Self::Unknown(ThreadInfo::current()), Kept::NOTHING),
        }
    }
}

impl PartialEq for Actor {
    fn eq(&self, other: &Self) -> bool {
        Key::of(self).is_some_and(|key| Key::of(other) == Some(key))
    }
}

/// What tells actors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Task(u64),
    Thread(u64),
    Waker(RawId),
}

impl Key {
    /// Returns the key of what [`Actor::polling`] would return, and whether that is sure; but keeps
    /// nothing.
    #[inline]
    pub(crate) fn polling(context: &Context<'_>) -> (Option<Self>, bool) {
        let id = RawId::of(context.waker());
        let task = CURRENT.try_with(|current| {
            let current = current.borrow();
            current.as_ref().map(|(task, waker)| (task.id(), *waker))
        });
        match task.ok().flatten() {
            Some((task, waker)) => (Some(Self::Task(task)), is_polled_with(waker, id)),
            None => (Self::unnamed(id), true),
        }
    }

    /// Returns what a waker says of the one that polls with it, outside of named tasks.
    fn unnamed(id: RawId) -> Option<Self> {
        // In a model a waker is not kept: it is made of what is modelled. And one without data, as
        // that of `Waker::noop`, is not of one task more than of another.
        if cfg!(awaitlist_loom) {
            None
        } else if blocks_with(id) {
            Some(Self::Thread(ThreadInfo::current().number()))
        } else {
            (id.data != 0).then_some(Self::Waker(id))
        }
    }

    /// Returns the key of an actor. `None` for one that equals no other.
    pub(crate) fn of(who: &Actor) -> Option<Self> {
        match who {
            Actor::Task(task) => Some(Self::Task(task.id())),
            Actor::Thread(thread) => Some(Self::Thread(thread.number())),
            Actor::Waker(waker) => Some(Self::Waker(waker.id)),
            Actor::Unknown(_) => None,
        }
    }

    /// Returns whether the caller, which releases something, is known to be another than this.
    pub(crate) fn is_elsewhere(self) -> bool {
        match self {
            Self::Task(id) => current_id() != Some(id),
            Self::Thread(number) => {
                current_id().is_some() || ThreadInfo::current().number() != number
            }
            // A release has no waker.
            Self::Waker(_) => false,
        }
    }
}

/// `task "reader"`, `thread "main"`, `an unnamed task (waker 0x55d0)`, `a caller on thread "main"`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => task.fmt(f),
            Self::Thread(thread) => thread.fmt(f),
            Self::Waker(WakerId { label: Some(label), .. }) => write!(f, "task {label:?}"),
            Self::Waker(WakerId { id, .. }) => write!(f, "an unnamed task (waker {:#x})", id.data),
            Self::Unknown(thread) => write!(f, "a caller on {thread}"),
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
    life: Life,
    /// The named task inside which it was first polled.
    inside: OnceLock<TaskInfo>,
}

impl TaskInfo {
    /// Returns its name. Several tasks may have the same.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns its number, which no other task has.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Returns where it was named.
    pub fn named_at(&self) -> &'static Location<'static> {
        self.0.named_at
    }

    /// Returns whether its future has finished or was dropped.
    pub fn has_ended(&self) -> bool {
        // Relaxed: nothing is read in consequence.
        self.0.ended.load(Ordering::Relaxed)
    }

    /// Returns the named task that polls this one, if it is nested.
    pub fn inside(&self) -> Option<&Self> {
        self.0.inside.get()
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

/// A named task that is polled, and with which waker.
type Running = (TaskInfo, RawId);

thread_local! {
    /// The innermost named task that is polled on this thread, and with which waker.
    static CURRENT: RefCell<Option<Running>> = const { RefCell::new(None) };
    /// The waker with which this thread polls what it blocks on.
    static BLOCKING: Cell<Option<RawId>> = const { Cell::new(None) };
    /// The tasks that are dropped on this thread, and what it ran before each.
    static OUTER: RefCell<Vec<(u64, Option<Running>)>> = const { RefCell::new(Vec::new()) };
}

/// Returns whether what polls with the waker of `id` surely is the task that is polled with
/// `waker`: it polls itself, or blocks its thread.
fn is_polled_with(waker: RawId, id: RawId) -> bool {
    id == waker || blocks_with(id)
}

/// Returns whether it is with that waker that this thread polls what it blocks on.
fn blocks_with(id: RawId) -> bool {
    BLOCKING.try_with(Cell::get) == Ok(Some(id))
}

#[inline]
fn current_task() -> Option<Running> {
    // A thread that is ending runs no task any more.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

fn current_id() -> Option<u64> {
    let id = CURRENT.try_with(|current| current.borrow().as_ref().map(|(task, _)| task.id()));
    id.ok().flatten()
}

/// Records that the named task that runs here, or the thread that blocks, acquires or releases
/// something.
#[inline]
pub(crate) fn acts_here() {
    let _ = CURRENT.try_with(|current| match &*current.borrow() {
        Some((task, _)) => task.0.life.act(),
        None if BLOCKING.try_with(Cell::get).is_ok_and(|blocking| blocking.is_some()) => {
            ThreadInfo::current().life().act();
        }
        None => {}
    });
}

/// Sets what this thread runs, and returns what it ran before.
fn set_current(task: Option<Running>) -> Option<Running> {
    CURRENT.try_with(|current| current.replace(task)).ok().flatten()
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
    let info = TaskInfo(Arc::new(Inner {
        id: crate::life::unique(),
        name: name.into(),
        named_at: Location::caller(),
        ended: AtomicBool::new(false),
        life: Life::new(&relay),
        inside: OnceLock::new(),
    }));
    Task { drops: Drops { info: info.clone() }, future, ends: Ends { info }, relay, relays: true }
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
            info.0.inside.get_or_init(|| outer.clone());
        }
        let scope = Scope(before);
        let polled = info.0.life.begin_poll(Some(ThreadInfo::current()));
        let poll = this.future.poll(&mut Context::from_waker(waker));
        drop(polled);
        drop(scope);
        if poll.is_ready() {
            this.ends.end();
        } else {
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
        let no_waker = RawId { data: 0, vtable: 0 };
        let before = set_current(Some((self.info.clone(), no_waker)));
        let _ = OUTER.try_with(|outer| outer.borrow_mut().push((self.info.id(), before)));
    }
}

/// The end of a task's drop.
#[derive(Debug)]
struct Ends {
    info: TaskInfo,
}

impl Ends {
    fn end(&self) {
        // Relaxed: as in `has_ended`.
        self.info.0.ended.store(true, Ordering::Relaxed);
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

pin_project_lite::pin_project! {
    /// A future that a thread blocks on: what polls with its waker is the thread.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Blocking<F> {
        #[pin]
        future: F,
        blocks: Blocks,
    }
}

/// What a thread keeps while it blocks. Made in the first poll.
#[derive(Debug)]
struct Blocks(Option<BlockedThread>);

impl<F> Blocking<F> {
    pub(crate) const fn new(future: F) -> Self {
        Self { future, blocks: Blocks(None) }
    }
}

impl<F: Future> Future for Blocking<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        /// Sets back what blocked before, also when a poll panics.
        struct Outer(Option<RawId>);

        impl Drop for Outer {
            fn drop(&mut self) {
                let _ = BLOCKING.try_with(|blocking| blocking.set(self.0));
            }
        }

        let this = self.project();
        let blocked = this.blocks.0.get_or_insert_with(BlockedThread::begin);
        blocked.relay().lead_to(context.waker());
        let waker = blocked.relay().waker();
        let outer = BLOCKING.try_with(|blocking| blocking.replace(Some(RawId::of(waker))));
        let _outer = Outer(outer.ok().flatten());
        let polled = blocked.thread().life().begin_poll(None);
        let poll = this.future.poll(&mut Context::from_waker(waker));
        drop(polled);
        poll
    }
}
