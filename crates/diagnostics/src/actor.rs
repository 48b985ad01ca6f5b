//! Actors, which acquire and wait: a named task, a thread that blocks, or a task that is known only
//! by its waker.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    future::Future,
    hash::{Hash, Hasher},
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;

use crate::{
    console::TaskSpan,
    ended,
    here::{self, Running, current_task, set_blocking, set_current},
    life::{BlockedThread, Life, Relay, ThreadInfo},
    namer,
    record::Attributed,
};

/// A holder or a waiter.
///
/// Two actors are equal if they are known to be the same; [`Unknown`](Self::Unknown) equals no
/// actor, not even itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Actor {
    /// A future that was named by [`task`].
    Task(TaskInfo),
    /// A thread that waits in `block()`, or acquired there.
    Thread(ThreadInfo),
    /// A task that has no name. The branches of a `join!` or `select!` share one waker, and are one
    /// as far as it tells.
    Waker(WakerId),
    /// Unknown but for its thread: it acquired without waiting (`try_acquire`) or adopted a guard
    /// outside a named task, or it polls with a waker that does nothing.
    Unknown(ThreadInfo),
}

/// What is kept so that a holder or a waiter stays known: its waker, so that no other has its
/// address. Tasks and threads are known by their numbers, see [`ended`](crate::ended).
///
/// Cloning and dropping a waker runs the user's code. If that panics, the panic goes no further:
/// whatever is under way has nothing to do with it.
#[derive(Debug, Default)]
pub(crate) enum Kept {
    #[default]
    Nothing,
    Waker(KeptWaker),
    /// With what the [namer](crate::set_namer) calls the task.
    Labelled(Box<(KeptWaker, Arc<str>)>),
    /// A thread that is ending, and so is not found by its number.
    Thread(ThreadInfo),
}

impl Kept {
    /// The waker, if it is one.
    #[inline]
    pub(crate) fn into_waker(self) -> KeptWaker {
        match self {
            Self::Waker(waker) => waker,
            Self::Labelled(labelled) => labelled.0,
            Self::Nothing | Self::Thread(_) => KeptWaker::NONE,
        }
    }
}

/// A waker of the user's, or none.
#[derive(Debug, Default)]
pub(crate) struct KeptWaker(Option<Waker>);

impl KeptWaker {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) const fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// The same once more. `None` if it cannot be had.
    pub(crate) fn again(&self) -> Option<Self> {
        match &self.0 {
            Some(waker) => Self::of(waker),
            None => Some(Self::NONE),
        }
    }

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
}

impl Drop for KeptWaker {
    #[inline]
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            drop_quietly(waker);
        }
    }
}

#[inline(never)]
fn drop_quietly(waker: Waker) {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(waker)));
    dropped.unwrap_or_else(mem::forget);
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
    /// That of no waker.
    pub(crate) const NONE: Self = Self { data: 0, vtable: 0 };

    /// Returns whether it is that of a waker.
    #[inline]
    pub(crate) const fn is_some(self) -> bool {
        self.vtable != 0
    }

    /// Returns whether the waker has no data, as that of [`Waker::noop`].
    #[inline]
    pub(crate) const fn has_no_data(self) -> bool {
        self.data == 0
    }

    #[inline]
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
            Self::Task(task) => Some(task.life()),
            Self::Thread(thread) => Some(thread.life()),
            Self::Waker(_) | Self::Unknown(_) => None,
        }
    }

    /// Returns the named task or the thread that polls with that context, if that is sure.
    pub(crate) fn known_polling(context: &Context<'_>) -> Option<Self> {
        const TASK: u64 = Words::TASK | Words::SURE;
        const THREAD: u64 = Words::THREAD | Words::SURE;
        match here::polling(RawId::of(context.waker())).kind {
            TASK => current_task().map(Self::Task),
            THREAD => Some(Self::Thread(ThreadInfo::current())),
            _ => None,
        }
    }

    /// Returns the caller outside of any poll, or the one that adopts a guard.
    pub(crate) fn here() -> Self {
        match current_task() {
            Some(task) => Self::Task(task),
            None => Self::Unknown(ThreadInfo::current()),
        }
    }
}

impl PartialEq for Actor {
    fn eq(&self, other: &Self) -> bool {
        Key::of(self).is_some_and(|key| Key::of(other) == Some(key))
    }
}

/// Who acquires or waits, before that is written down. Not to be made or dropped under a lock:
/// wakers are the user's.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) words: Words,
    pub(crate) kept: Kept,
}

impl Asker {
    /// Returns the one that polls with that context; and its waker, to be kept as long as it is
    /// known by that.
    ///
    /// A named task that runs others inside it (a `LocalSet`, a `FuturesUnordered`) is the one that
    /// polls, as far as can be told. But they have wakers of their own, so that is not sure.
    #[inline]
    pub(crate) fn polling(context: &Context<'_>) -> Self {
        let words = here::polling(RawId::of(context.waker()));
        if words.has_number() {
            return Self { words, kept: Kept::Nothing };
        }
        let unknown = match words.kind & Words::KIND {
            Words::WAKER => {
                // If its waker cannot be kept, the address says nothing.
                if let Some(waker) = KeptWaker::of(context.waker()) {
                    let kept = match namer::label() {
                        None => Kept::Waker(waker),
                        Some(label) => Kept::Labelled(Box::new((waker, label))),
                    };
                    return Self { words, kept };
                }
                Words::UNKNOWN
            }
            kind => kind,
        };
        Self::on_new_thread(unknown)
    }

    /// Returns the one that calls a function, outside of any poll.
    #[inline]
    pub(crate) fn calling() -> Self {
        let words = here::calling();
        match words.has_number() {
            true => Self { words, kept: Kept::Nothing },
            false => Self::on_new_thread(Words::UNKNOWN),
        }
    }

    /// That of a thread that has not used a primitive yet, or that is ending.
    #[cold]
    fn on_new_thread(kind: u64) -> Self {
        let thread = ThreadInfo::current();
        let words = Words::of_thread(kind, thread.number());
        let kept = match here::thread() == thread.number() {
            true => Kept::Nothing,
            false => Kept::Thread(thread),
        };
        Self { words, kept }
    }

    /// Whether all that is known of it are its words.
    #[inline]
    pub(crate) const fn is_words(&self) -> bool {
        matches!(self.kept, Kept::Nothing | Kept::Waker(_))
    }

    /// Returns whose it is, to be written down in full.
    pub(crate) fn attributed(&self) -> Attributed {
        let sure = self.words.kind & Words::SURE != 0;
        let id = WakerId { id: self.words.raw_id(), label: None };
        let who = match &self.kept {
            Kept::Labelled(labelled) => {
                Actor::Waker(WakerId { label: Some(Arc::clone(&labelled.1)), ..id })
            }
            Kept::Waker(_) => Actor::Waker(id),
            Kept::Thread(thread) => Actor::Unknown(thread.clone()),
            Kept::Nothing => match self.words.kind & Words::KIND {
                Words::TASK => {
                    let current = current_task().filter(|task| task.id() == self.words.who[0]);
                    let task = current.or_else(|| TaskInfo::with_id(self.words.who[0]));
                    task.map_or_else(Actor::here, Actor::Task)
                }
                Words::THREAD => Actor::Thread(ThreadInfo::current()),
                _ => Actor::Unknown(ThreadInfo::current()),
            },
        };
        Attributed { who, sure }
    }
}

/// What an actor is known by, as numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// One of the kinds below, and whether that is [sure](Attributed::sure).
    pub(crate) kind: u64,
    pub(crate) who: [u64; 2],
}

impl Words {
    pub(crate) const TASK: u64 = 0;
    pub(crate) const THREAD: u64 = 1;
    pub(crate) const UNKNOWN: u64 = 2;
    pub(crate) const WAKER: u64 = 3;
    pub(crate) const KIND: u64 = 3;
    pub(crate) const SURE: u64 = 1 << 2;

    /// Those of an unnamed task.
    #[inline]
    pub(crate) const fn of_waker(id: RawId) -> Self {
        Self { kind: Self::WAKER | Self::SURE, who: [id.data as u64, id.vtable as u64] }
    }

    /// Those of a thread, or of a caller on it.
    #[inline]
    pub(crate) const fn of_thread(kind: u64, number: u64) -> Self {
        Self { kind: kind | Self::SURE, who: [number, 0] }
    }

    /// Returns whether the actor is found by its number: that of a task or thread.
    #[inline]
    pub(crate) const fn has_number(self) -> bool {
        self.kind & Self::KIND != Self::WAKER && self.who[0] != 0
    }

    /// Returns whether they are of the same actor, and as sure. What is unknown is one.
    #[inline]
    pub(crate) fn is_same(self, other: Self) -> bool {
        self.kind == other.kind
            && (self.who == other.who || self.kind & Self::KIND == Self::UNKNOWN)
    }

    const fn raw_id(self) -> RawId {
        RawId { data: self.who[0] as usize, vtable: self.who[1] as usize }
    }

    /// Returns the actor. `None` if it is not known any more.
    pub(crate) fn actor(self) -> Option<Actor> {
        let number = self.who[0];
        match self.kind & Self::KIND {
            Self::TASK => TaskInfo::with_id(number).map(Actor::Task),
            Self::THREAD => ThreadInfo::with_number(number).map(Actor::Thread),
            Self::UNKNOWN => ThreadInfo::with_number(number).map(Actor::Unknown),
            _ => Some(Actor::Waker(WakerId { id: self.raw_id(), label: None })),
        }
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
    #[inline]
    pub(crate) fn is_elsewhere(self) -> bool {
        match self {
            Self::Task(id) => here::task() != id,
            Self::Thread(number) => here::task() != 0 || !here::is_thread(number),
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
    /// Whether it is among the [`TASKS`].
    listed: AtomicBool,
    /// How many first holds it has begun, less those that it has ended. Stored by the task alone.
    first_holds: AtomicU32,
}

/// How many parts the list of tasks has.
const PARTS: usize = 16;

/// The tasks that have held something, by their numbers. Each part has those of some numbers.
static TASKS: [Mutex<BTreeMap<u64, Weak<Inner>>>; PARTS] =
    [const { Mutex::new(BTreeMap::new()) }; PARTS];

fn tasks_beside(id: u64) -> &'static Mutex<BTreeMap<u64, Weak<Inner>>> {
    &TASKS[id as usize % PARTS]
}

impl Drop for Inner {
    fn drop(&mut self) {
        if *self.listed.get_mut() {
            let task = tasks_beside(self.id).lock().remove(&self.id);
            drop(task);
        }
    }
}

impl TaskInfo {
    /// Records that it begins a first hold. It is polled or dropped now.
    #[inline]
    pub(crate) fn begin_first_hold(&self) {
        // Relaxed, here and below: only the task stores it, and what runs a task orders its polls.
        let holds = self.0.first_holds.load(Ordering::Relaxed);
        self.0.first_holds.store(holds.wrapping_add(1), Ordering::Relaxed);
        if !self.0.listed.load(Ordering::Relaxed) {
            self.list();
        }
    }

    /// Records that it ends a first hold. It is polled or dropped now.
    #[inline]
    pub(crate) fn end_first_hold(&self) {
        let holds = self.0.first_holds.load(Ordering::Relaxed);
        self.0.first_holds.store(holds.wrapping_sub(1), Ordering::Relaxed);
    }

    /// Has [`with_id`](Self::with_id) find it.
    #[cold]
    fn list(&self) {
        self.0.listed.store(true, Ordering::Relaxed);
        tasks_beside(self.id()).lock().insert(self.id(), Arc::downgrade(&self.0));
    }

    /// Returns the task with that number, if it has held something and is kept.
    fn with_id(id: u64) -> Option<Self> {
        let task = tasks_beside(id).lock().get(&id).and_then(Weak::upgrade);
        task.map(Self)
    }

    /// Returns what is known of its polls and waits.
    pub(crate) fn life(&self) -> &Life {
        &self.0.life
    }

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
    let info = TaskInfo(Arc::new(Inner {
        id: crate::life::unique(),
        name: name.into(),
        named_at: Location::caller(),
        ended: AtomicBool::new(false),
        life: Life::new(&relay),
        inside: OnceLock::new(),
        listed: AtomicBool::new(false),
        first_holds: AtomicU32::new(0),
    }));
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
            info.0.inside.get_or_init(|| outer.clone());
        }
        let scope = Scope(before);
        let polled = info.0.life.begin_poll(Some(ThreadInfo::current()));
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
            this.span.has_wakers(!*this.relays || info.0.life.pulse().wakers > 0);
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
        let info = &self.info.0;
        // Relaxed: as in `has_ended`.
        info.ended.store(true, Ordering::Relaxed);
        let holds = info.first_holds.load(Ordering::Relaxed);
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
        struct Outer(RawId);

        impl Drop for Outer {
            fn drop(&mut self) {
                set_blocking(self.0);
            }
        }

        let this = self.project();
        let blocked = this.blocks.0.get_or_insert_with(BlockedThread::begin);
        blocked.relay().lead_to(context.waker());
        let waker = blocked.relay().waker();
        let _outer = Outer(set_blocking(RawId::of(waker)));
        let polled = blocked.thread().life().begin_poll(None);
        let poll = this.future.poll(&mut Context::from_waker(waker));
        drop(polled);
        poll
    }
}
