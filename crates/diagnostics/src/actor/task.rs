//! Named tasks: what is known of one, and how it is found by its number.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    hash::{Hash, Hasher},
    panic::Location,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use parking_lot::Mutex;

use crate::life::{self, Life, Relay};

/// A future that was named by [`task()`](super::task()). Two are equal if they are the same,
/// whatever their names.
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

/// The tasks that have held or awaited something, by their numbers. Each part has those of some
/// numbers.
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
    /// Returns that of a new task, whose waker leads to `relay`.
    pub(super) fn new(
        name: Cow<'static, str>,
        named_at: &'static Location<'static>,
        relay: &Relay,
    ) -> Self {
        Self(Arc::new(Inner {
            id: life::unique(),
            name,
            named_at,
            ended: AtomicBool::new(false),
            life: Life::new(relay),
            inside: OnceLock::new(),
            listed: AtomicBool::new(false),
            first_holds: AtomicU32::new(0),
        }))
    }

    /// Records inside which task it is polled, the first time.
    pub(super) fn is_inside(&self, outer: &Self) {
        self.0.inside.get_or_init(|| outer.clone());
    }

    /// Records that its future has finished or was dropped.
    pub(super) fn end(&self) {
        // Relaxed: as in `has_ended`.
        self.0.ended.store(true, Ordering::Relaxed);
    }

    /// Returns how many first holds it has, of those that it has begun and ended itself.
    pub(super) fn first_holds(&self) -> u32 {
        self.0.first_holds.load(Ordering::Relaxed)
    }

    /// Records that it begins a first hold. It is polled or dropped now.
    #[inline]
    pub(crate) fn begin_first_hold(&self) {
        // Relaxed, here and below: only the task stores it, and what runs a task orders its polls.
        let holds = self.0.first_holds.load(Ordering::Relaxed);
        self.0.first_holds.store(holds.wrapping_add(1), Ordering::Relaxed);
        self.is_found();
    }

    /// Records that it ends a first hold. It is polled or dropped now.
    #[inline]
    pub(crate) fn end_first_hold(&self) {
        let holds = self.0.first_holds.load(Ordering::Relaxed);
        self.0.first_holds.store(holds.wrapping_sub(1), Ordering::Relaxed);
    }

    /// Has [`with_id`](Self::with_id) find it, if it does not yet. It is polled now.
    #[inline]
    pub(super) fn is_found(&self) {
        // Relaxed: as above.
        if !self.0.listed.load(Ordering::Relaxed) {
            self.list();
        }
    }

    /// Has [`with_id`](Self::with_id) find it.
    #[cold]
    fn list(&self) {
        self.0.listed.store(true, Ordering::Relaxed);
        tasks_beside(self.id()).lock().insert(self.id(), Arc::downgrade(&self.0));
    }

    /// Returns the task with that number, if it has held or awaited something and is kept.
    pub(super) fn with_id(id: u64) -> Option<Self> {
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
