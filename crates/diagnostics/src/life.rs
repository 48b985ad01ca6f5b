//! What is known of the life of a named task or of a thread: when it is polled, how many waits it
//! has, and how many wakers can wake it.

use std::{
    collections::BTreeMap,
    fmt, mem,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence},
    },
    task::{Wake, Waker},
    thread::{self, Thread},
};

use parking_lot::Mutex;

use crate::{Actor, clock, console::WokenTask, ended, here, lock_order::HeldList};

/// Returns a number that it has not returned before.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: all that matters is that no two are equal.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The life of a named task, or of a thread while it blocks.
#[derive(Debug)]
pub(crate) struct Life {
    /// Counts the clones of its waker.
    relay: Weak<Target>,
    /// Whether its waker was woken since its last poll began. Shared with the relay, whose
    /// references are counted.
    woken: Arc<AtomicBool>,
    /// Counts the beginnings and the ends of its polls: odd while it is polled.
    polls: AtomicU64,
    /// When the last poll began.
    polled_at: AtomicU64,
    /// On which thread. Of a thread: `None`.
    polled_on: Mutex<Option<ThreadInfo>>,
    /// Of a thread: how many times it is in `block()`.
    blocks: AtomicU32,
    /// The number of its waits for permits.
    waits: AtomicU32,
    /// Whether it acquired or released something while it waited for permits.
    branches: AtomicBool,
    /// What it holds, for the lock order.
    held: HeldList,
}

/// What the wait of an actor for permits needs in order to be its only future: what was seen at one
/// moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// The number of polls.
    polls: u64,
    /// How many wakers there are outside.
    pub(crate) wakers: usize,
    /// Whether it was woken since its last poll began: then it is about to be polled, though no
    /// waker may be left.
    woken: bool,
}

impl Pulse {
    /// Returns whether it was being polled.
    pub(crate) const fn is_polled(self) -> bool {
        self.polls % 2 == 1
    }

    /// Returns whether it was being polled or about to be.
    pub(crate) const fn is_running(self) -> bool {
        self.is_polled() || self.woken
    }
}

// The orderings below are Relaxed: each is a number that is shown, or evidence that is looked at
// twice. What a reader concludes is not used to access memory.
impl Life {
    pub(crate) fn new(relay: &Relay) -> Self {
        Self {
            relay: Arc::downgrade(&relay.target),
            woken: Arc::clone(&relay.target.woken),
            polls: AtomicU64::new(0),
            polled_at: AtomicU64::new(0),
            polled_on: Mutex::new(None),
            blocks: AtomicU32::new(0),
            waits: AtomicU32::new(0),
            branches: AtomicBool::new(false),
            held: HeldList::default(),
        }
    }

    /// Returns what it holds, as far as that is [recorded](crate::lock_order()).
    pub(crate) const fn held(&self) -> &HeldList {
        &self.held
    }

    /// Begins a poll, which ends when what this returns is dropped.
    pub(crate) fn begin_poll(&self, on: Option<ThreadInfo>) -> Polled<'_> {
        if on.is_some() {
            *self.polled_on.lock() = on;
        }
        self.polled_at.store(clock::nanos(), Ordering::Relaxed);
        self.polls.fetch_add(1, Ordering::Relaxed);
        // Release: pairs with the Acquire of `pulse`. A reader that sees it also sees the poll.
        self.woken.store(false, Ordering::Release);
        Polled(self)
    }

    pub(crate) fn pulse(&self) -> Pulse {
        let wakers = self.relay.strong_count().saturating_sub(Relay::OWN);
        // Pairs with the Release with which `Arc` counts down. A reader that misses a waker that
        // was used up also sees that it has woken the task.
        fence(Ordering::Acquire);
        let woken = self.woken.load(Ordering::Acquire);
        Pulse { polls: self.polls.load(Ordering::Relaxed), wakers, woken }
    }

    /// Returns when its last poll began, in [nanoseconds](clock::nanos).
    pub(crate) fn polled_at(&self) -> u64 {
        self.polled_at.load(Ordering::Relaxed)
    }

    /// Returns the thread on which it was last polled.
    pub(crate) fn polled_on(&self) -> Option<ThreadInfo> {
        self.polled_on.lock().clone()
    }

    /// Returns whether this thread is in `block()`.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocks.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn begin_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end_wait(&self) {
        self.waits.fetch_sub(1, Ordering::Relaxed);
    }

    /// Records that it acquires or releases something now.
    #[inline]
    pub(crate) fn act(&self) {
        if self.waits.load(Ordering::Relaxed) > 0 {
            self.branches.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether it has done several things at a time.
    pub(crate) fn branches(&self) -> bool {
        self.branches.load(Ordering::Relaxed)
    }
}

/// A poll under way.
pub(crate) struct Polled<'a>(&'a Life);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.0.polls.fetch_add(1, Ordering::Relaxed);
    }
}

/// A waker whose clones are counted, and what it wakes.
pub(crate) struct Relay {
    target: Arc<Target>,
    waker: Waker,
}

/// What a relay wakes.
#[derive(Debug, Default)]
struct Target {
    /// The waker that its task was last polled with, until it is woken.
    waker: Mutex<Option<Waker>>,
    /// Whether it was woken since.
    woken: Arc<AtomicBool>,
    task: WokenTask,
}

impl Relay {
    /// How many of the counted references a relay has itself.
    const OWN: usize = 2;

    pub(crate) fn new() -> Self {
        let target = Arc::new(Target::default());
        Self { waker: Waker::from(Arc::clone(&target)), target }
    }

    pub(crate) const fn waker(&self) -> &Waker {
        &self.waker
    }

    /// What tokio-console calls the task.
    pub(crate) fn woken_task(&self) -> &WokenTask {
        &self.target.task
    }

    /// Has the relay wake `waker` from now on. Call it before each poll.
    pub(crate) fn lead_to(&self, waker: &Waker) {
        // `will_wake` compares two pointers and runs no user code.
        let is_current = |own: &Mutex<Option<Waker>>| {
            own.lock().as_ref().is_some_and(|own| own.will_wake(waker))
        };
        if !is_current(&self.target.waker) {
            let waker = waker.clone();
            let old = self.target.waker.lock().replace(waker);
            drop(old);
        }
    }

    /// Lets go of what it wakes if there is no clone that could.
    pub(crate) fn rest(&self) {
        if Arc::strong_count(&self.target) == Self::OWN {
            let old = self.target.waker.lock().take();
            drop(old);
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

impl Wake for Target {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Wakes once in each poll: the next poll sets the waker again before it can wait.
    fn wake_by_ref(self: &Arc<Self>) {
        // Relaxed: the count of its references is decreased after that, with Release.
        self.woken.store(true, Ordering::Relaxed);
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            self.task.woken();
            waker.wake();
        }
    }
}

/// A thread that acquires or waits. Two are equal if they are the same thread.
#[derive(Clone)]
pub struct ThreadInfo(Arc<ThreadInner>);

/// A panic leaves nothing of it half changed.
impl UnwindSafe for ThreadInfo {}
impl RefUnwindSafe for ThreadInfo {}

struct ThreadInner {
    thread: Thread,
    number: u64,
    ended: AtomicBool,
    life: Life,
}

/// All threads that are known, by their numbers.
static THREADS: Mutex<BTreeMap<u64, Weak<ThreadInner>>> = Mutex::new(BTreeMap::new());

impl Drop for ThreadInner {
    fn drop(&mut self) {
        let thread = THREADS.lock().remove(&self.number);
        drop(thread);
    }
}

impl ThreadInfo {
    fn new(relay: &Relay) -> Self {
        let thread = Arc::new(ThreadInner {
            thread: thread::current(),
            number: unique(),
            ended: AtomicBool::new(false),
            life: Life::new(relay),
        });
        THREADS.lock().insert(thread.number, Arc::downgrade(&thread));
        Self(thread)
    }

    /// Returns the thread with that number, if it is kept.
    pub(crate) fn with_number(number: u64) -> Option<Self> {
        let thread = THREADS.lock().get(&number).and_then(Weak::upgrade);
        thread.map(Self)
    }

    /// Calls `look` with the current thread, unless it is ending.
    #[inline]
    pub(crate) fn with_current(look: impl FnOnce(&Self)) {
        let _ = ME.try_with(|me| look(&me.info));
    }

    /// Returns the current thread.
    pub(crate) fn current() -> Self {
        let me = ME.try_with(|me| me.info.clone());
        // A thread that is ending has lost it.
        me.unwrap_or_else(|_| Self::new(&Relay::new()))
    }

    /// Returns the thread.
    pub fn thread(&self) -> &Thread {
        &self.0.thread
    }

    /// Returns whether the thread has ended.
    pub fn has_ended(&self) -> bool {
        // Relaxed: nothing is read in consequence.
        self.0.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    pub(crate) fn life(&self) -> &Life {
        &self.0.life
    }
}

impl PartialEq for ThreadInfo {
    fn eq(&self, other: &Self) -> bool {
        self.0.thread.id() == other.0.thread.id()
    }
}

impl Eq for ThreadInfo {}

/// `thread "main"`, `thread ThreadId(4)`.
impl fmt::Display for ThreadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.thread.name() {
            Some(name) => write!(f, "thread {name:?}"),
            None => write!(f, "thread {:?}", self.0.thread.id()),
        }
    }
}

impl fmt::Debug for ThreadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ThreadInfo").field(&self.0.thread).finish()
    }
}

/// What a thread knows of itself.
struct Me {
    info: ThreadInfo,
    /// Not there while the thread blocks.
    relay: Mutex<Option<Relay>>,
}

thread_local! {
    static ME: Me = {
        let relay = Relay::new();
        let info = ThreadInfo::new(&relay);
        here::set_thread_number(info.number());
        Me { info, relay: Mutex::new(Some(relay)) }
    };
}

impl Drop for Me {
    fn drop(&mut self) {
        // Relaxed: as in `has_ended`.
        self.info.0.ended.store(true, Ordering::Relaxed);
        if here::set_thread_number(0) > 0 {
            ended::keep(Actor::Thread(self.info.clone()));
        }
    }
}

/// A thread that blocks, until this is dropped.
#[derive(Debug)]
pub(crate) struct BlockedThread {
    thread: ThreadInfo,
    relay: Relay,
}

impl BlockedThread {
    /// The current thread. If it blocks already, its wakers are not all counted, and nothing that
    /// it waits for is certain.
    pub(crate) fn begin() -> Self {
        let relay = ME.try_with(|me| me.relay.lock().take()).ok().flatten();
        let thread = ThreadInfo::current();
        thread.life().blocks.fetch_add(1, Ordering::Relaxed);
        Self { thread, relay: relay.unwrap_or_else(Relay::new) }
    }

    pub(crate) const fn thread(&self) -> &ThreadInfo {
        &self.thread
    }

    pub(crate) const fn relay(&self) -> &Relay {
        &self.relay
    }
}

impl Drop for BlockedThread {
    fn drop(&mut self) {
        self.thread.life().blocks.fetch_sub(1, Ordering::Relaxed);
        let is_counted =
            Weak::ptr_eq(&self.thread.life().relay, &Arc::downgrade(&self.relay.target));
        if is_counted {
            let relay = mem::replace(&mut self.relay, Relay::new());
            let _ = ME.try_with(|me| *me.relay.lock() = Some(relay));
        }
    }
}
