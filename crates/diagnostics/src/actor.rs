//! Actors, which acquire and wait: a named task, a thread that blocks, or a task that is known only
//! by its waker.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    future::Future,
    hash::{Hash, Hasher},
    mem::{self, ManuallyDrop},
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::LocalKey,
};

use parking_lot::Mutex;

use crate::{
    console::TaskSpan,
    ended,
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
    const NONE: Self = Self { data: 0, vtable: 0 };

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
            Self::Task(task) => Some(&task.0.life),
            Self::Thread(thread) => Some(thread.life()),
            Self::Waker(_) | Self::Unknown(_) => None,
        }
    }

    /// Returns the named task or the thread that polls with that context, if that is sure.
    pub(crate) fn known_polling(context: &Context<'_>) -> Option<Self> {
        match Key::polling(context) {
            (Some(Key::Task(_)), true) => current_task().map(Self::Task),
            (Some(Key::Thread(_)), _) => Some(Self::Thread(ThreadInfo::current())),
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
        let id = RawId::of(context.waker());
        let words = HERE.with(|here| here.polling(id));
        match words {
            Some(words) => Self { words, kept: Kept::Nothing },
            None => Self::unnamed(context.waker(), id),
        }
    }

    /// Returns the one that calls a function, outside of any poll.
    #[inline]
    pub(crate) fn calling() -> Self {
        match HERE.with(Here::calling) {
            Some(words) => Self { words, kept: Kept::Nothing },
            None => Self::on_new_thread(Words::UNKNOWN),
        }
    }

    #[inline(never)]
    fn unnamed(waker: &Waker, id: RawId) -> Self {
        match Key::unnamed(id) {
            Some(Key::Thread(_)) => return Self::on_new_thread(Words::THREAD),
            Some(Key::Waker(id)) => {
                // If its waker cannot be kept, the address says nothing.
                if let Some(waker) = KeptWaker::of(waker) {
                    let kept = match namer::label() {
                        None => Kept::Waker(waker),
                        Some(label) => Kept::Labelled(Box::new((waker, label))),
                    };
                    return Self { words: Words::of_waker(id), kept };
                }
            }
            _ => {}
        }
        Self::on_new_thread(Words::UNKNOWN)
    }

    /// That of a thread that has not used a primitive yet, or that is ending.
    #[cold]
    fn on_new_thread(kind: u64) -> Self {
        let thread = ThreadInfo::current();
        let words = Words { kind: kind | Words::SURE, who: [thread.number(), 0] };
        match HERE.with(|here| here.thread.get()) == thread.number() {
            true => Self { words, kept: Kept::Nothing },
            false => Self { words, kept: Kept::Thread(thread) },
        }
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
    pub(crate) const fn of_waker(id: RawId) -> Self {
        Self { kind: Self::WAKER | Self::SURE, who: [id.data as u64, id.vtable as u64] }
    }

    /// Those of the task or thread that polls with that context. `None` if it is known by its
    /// waker, or not known yet.
    pub(crate) fn polling(context: &Context<'_>) -> Option<Self> {
        HERE.with(|here| here.polling(RawId::of(context.waker())))
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
    /// Returns the key of what [`Asker::polling`] would return, and whether that is sure; but keeps
    /// nothing.
    #[inline]
    pub(crate) fn polling(context: &Context<'_>) -> (Option<Self>, bool) {
        let id = RawId::of(context.waker());
        HERE.with(|here| match here.task.get() {
            0 => (Self::unnamed(id), true),
            task => (Some(Self::Task(task)), here.is_polled_with(id)),
        })
    }

    /// Returns what a waker says of the one that polls with it, outside of named tasks.
    fn unnamed(id: RawId) -> Option<Self> {
        // In a model a waker is not kept: it is made of what is modelled. And one without data, as
        // that of `Waker::noop`, is not of one task more than of another.
        if cfg!(awaitlist_loom) {
            None
        } else if HERE.with(|here| here.blocking.get() == id) {
            ThreadInfo::current_number().map(Self::Thread)
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
    #[inline]
    pub(crate) fn is_elsewhere(self) -> bool {
        HERE.with(|here| match self {
            Self::Task(id) => here.task.get() != id,
            Self::Thread(number) => here.task.get() != 0 || !here.is_thread(number),
            // A release has no waker.
            Self::Waker(_) => false,
        })
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
    fn begin_first_hold(&self) {
        // Relaxed, here and below: only the task stores it, and what runs a task orders its polls.
        let holds = self.0.first_holds.load(Ordering::Relaxed);
        self.0.first_holds.store(holds.wrapping_add(1), Ordering::Relaxed);
        if !self.0.listed.load(Ordering::Relaxed) {
            self.list();
        }
    }

    /// Records that it ends a first hold. It is polled or dropped now.
    #[inline]
    fn end_first_hold(&self) {
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
    // These have no destructor, so they are there until the thread has ended. Each is one word or
    // two, so that an access is inlined.
    /// The number of the innermost named task that is polled on this thread, or 0.
    static TASK: Cell<u64> = const { Cell::new(0) };
    /// The waker that it is polled with.
    static TASK_WAKER: Cell<RawId> = const { Cell::new(RawId::NONE) };
    /// The task itself.
    static RUNNING: ManuallyDrop<RefCell<Option<TaskInfo>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
    /// The waker with which this thread polls what it blocks on.
    static BLOCKING: Cell<RawId> = const { Cell::new(RawId::NONE) };
    /// The number of the thread, or 0 before it has one and when it is ending.
    static THREAD: Cell<u64> = const { Cell::new(0) };
    /// The number that it had until it was ending, or 0.
    static ENDING: Cell<u64> = const { Cell::new(0) };
    /// How many [first holds](crate::record) are attributed to the thread.
    static HOLDS: Cell<u64> = const { Cell::new(0) };
    /// The tasks that are dropped on this thread, and what it ran before each.
    static OUTER: RefCell<Vec<(u64, Option<Running>)>> = const { RefCell::new(Vec::new()) };
}

/// What a thread runs, and what it is known by.
struct Here {
    task: &'static LocalKey<Cell<u64>>,
    task_waker: &'static LocalKey<Cell<RawId>>,
    running: &'static LocalKey<ManuallyDrop<RefCell<Option<TaskInfo>>>>,
    blocking: &'static LocalKey<Cell<RawId>>,
    thread: &'static LocalKey<Cell<u64>>,
    holds: &'static LocalKey<Cell<u64>>,
}

const HERE: Here = Here {
    task: &TASK,
    task_waker: &TASK_WAKER,
    running: &RUNNING,
    blocking: &BLOCKING,
    thread: &THREAD,
    holds: &HOLDS,
};

impl Here {
    #[inline(always)]
    fn with<R>(&self, access: impl FnOnce(&Self) -> R) -> R {
        access(self)
    }

    /// Returns whether what polls with the waker of `id` surely is the task that is polled: it
    /// polls itself, or blocks its thread.
    #[inline(always)]
    fn is_polled_with(&self, id: RawId) -> bool {
        id == self.task_waker.get() || id == self.blocking.get()
    }

    /// Returns the one that polls with that waker. `None` if that takes more than a look.
    #[inline(always)]
    fn polling(&self, id: RawId) -> Option<Words> {
        let task = self.task.get();
        if task != 0 {
            let sure = if self.is_polled_with(id) { Words::SURE } else { 0 };
            return Some(Words { kind: Words::TASK | sure, who: [task, 0] });
        }
        let thread = self.thread.get();
        if thread == 0 {
            return None;
        }
        let kind = if cfg!(awaitlist_loom) || id.data == 0 {
            Words::UNKNOWN
        } else if id == self.blocking.get() {
            Words::THREAD
        } else {
            return None;
        };
        Some(Words { kind: kind | Words::SURE, who: [thread, 0] })
    }

    /// Returns the one that calls a function, outside of any poll. `None` if the thread has no
    /// number.
    #[inline(always)]
    fn calling(&self) -> Option<Words> {
        let (kind, number) = match self.task.get() {
            0 => (Words::UNKNOWN, self.thread.get()),
            task => (Words::TASK, task),
        };
        (number != 0).then_some(Words { kind: kind | Words::SURE, who: [number, 0] })
    }

    /// Returns whether this is the thread with that number, which may be ending.
    #[inline(always)]
    fn is_thread(&self, number: u64) -> bool {
        self.thread.get() == number || ENDING.get() == number
    }

    /// Calls `look` with the task that runs, if there is one.
    #[inline(always)]
    fn with_running(&self, look: impl FnOnce(&TaskInfo)) {
        if self.task.get() != 0 {
            self.running.with(|running| {
                if let Some(task) = &*running.borrow() {
                    look(task);
                }
            });
        }
    }

    /// Records that the named task that runs here, or the thread that blocks, acquires or releases
    /// something.
    #[inline(always)]
    fn act(&self) {
        if self.task.get() != 0 {
            self.with_running(|task| task.0.life.act());
        } else if self.blocking.get().vtable != 0 {
            ThreadInfo::with_current(|thread| thread.life().act());
        }
    }

    #[inline(always)]
    fn holds_first(&self, who: Option<Words>, hold: impl FnOnce(Words) -> bool) -> bool {
        let Some(who) = who else { return false };
        let holds = hold(who);
        if holds {
            self.begins_first_hold(who);
        }
        holds
    }

    #[inline(always)]
    fn begins_first_hold(&self, words: Words) {
        match words.kind & Words::KIND {
            Words::TASK => self.with_running(|task| {
                task.0.life.act();
                task.begin_first_hold();
            }),
            Words::WAKER => self.act(),
            _ => {
                self.act();
                self.holds.set(self.holds.get() + 1);
            }
        }
    }

    fn set(&self, task: Option<Running>) -> Option<Running> {
        let waker = self.task_waker.get();
        let (task, new_waker) = task.unzip();
        self.task.set(task.as_ref().map_or(0, TaskInfo::id));
        self.task_waker.set(new_waker.unwrap_or(RawId::NONE));
        self.running.with(|running| running.replace(task)).map(|task| (task, waker))
    }
}

fn current_task() -> Option<TaskInfo> {
    RUNNING.with(|running| running.borrow().clone())
}

/// Gives the thread its number, or takes it away: then it is ending. Returns how many holds are
/// attributed to it.
pub(crate) fn set_thread_number(number: u64) -> u64 {
    HERE.with(|here| {
        ENDING.set(here.thread.replace(number));
        here.holds.get()
    })
}

/// Records that the named task that runs here, or the thread that blocks, acquires or releases
/// something.
#[inline]
pub(crate) fn acts_here() {
    HERE.with(Here::act);
}

/// Records that the caller acquires something, which becomes a first hold of its own. The task or
/// thread is found by its number from now on, also after its end.
pub(crate) fn begins_first_hold(words: Words) {
    HERE.with(|here| here.begins_first_hold(words));
}

/// Calls `hold` with the one that polls with that context, if it is known by its number, and counts
/// a first hold of it if that returns true. Returns whether it did.
#[inline(always)]
pub(crate) fn holds_first(context: &Context<'_>, hold: impl FnOnce(Words) -> bool) -> bool {
    let id = RawId::of(context.waker());
    HERE.with(|here| here.holds_first(here.polling(id), hold))
}

/// Like [`holds_first`], for one that calls a function outside of any poll.
#[inline(always)]
pub(crate) fn calls_first(hold: impl FnOnce(Words) -> bool) -> bool {
    HERE.with(|here| here.holds_first(here.calling(), hold))
}

/// Records that the caller releases a first hold of `who`. Returns whether the caller is known to
/// be another.
#[inline(always)]
pub(crate) fn ends_first_hold(kind: u64, who: u64) -> bool {
    HERE.with(|here| {
        here.act();
        let (task, thread) = (here.task.get(), here.thread.get());
        match kind {
            Words::TASK if task == who => here.with_running(TaskInfo::end_first_hold),
            Words::TASK => return true,
            Words::WAKER => {}
            _ => {
                if thread == who {
                    here.holds.set(here.holds.get().wrapping_sub(1));
                }
                return kind == Words::THREAD && (task != 0 || !here.is_thread(who));
            }
        }
        false
    })
}

/// Sets what this thread runs, and returns what it ran before.
fn set_current(task: Option<Running>) -> Option<Running> {
    HERE.with(|here| here.set(task))
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
                HERE.with(|here| here.blocking.set(self.0));
            }
        }

        let this = self.project();
        let blocked = this.blocks.0.get_or_insert_with(BlockedThread::begin);
        blocked.relay().lead_to(context.waker());
        let waker = blocked.relay().waker();
        let outer = HERE.with(|here| here.blocking.replace(RawId::of(waker)));
        let _outer = Outer(outer);
        let polled = blocked.thread().life().begin_poll(None);
        let poll = this.future.poll(&mut Context::from_waker(waker));
        drop(polled);
        poll
    }
}
