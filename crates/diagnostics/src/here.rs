//! What this thread runs, and what it is known by: looked up at each acquire and release.

use std::{
    cell::{Cell, RefCell},
    mem::ManuallyDrop,
    task::Context,
};

use crate::{
    actor::{RawId, TaskInfo, Words},
    life::ThreadInfo,
};

/// A named task that is polled, and with which waker.
pub(crate) type Running = (TaskInfo, RawId);

thread_local! {
    static HERE: Here = const { Here::new() };
}

/// What one thread runs.
///
/// It has no destructor, so it is there until the thread has ended, and an access is inlined.
struct Here {
    /// The number of the innermost named task that is polled, or 0.
    task: Cell<u64>,
    /// The waker that it is polled with.
    task_waker: Cell<RawId>,
    /// The task itself.
    running: ManuallyDrop<RefCell<Option<TaskInfo>>>,
    /// The waker with which this thread polls what it blocks on.
    blocking: Cell<RawId>,
    /// The number of the thread, or 0 before it has one and when it is ending.
    thread: Cell<u64>,
    /// The number that it had until it was ending, or 0.
    ending: Cell<u64>,
    /// How many [first holds](crate::record) are attributed to the thread.
    holds: Cell<u64>,
}

impl Here {
    const fn new() -> Self {
        Self {
            task: Cell::new(0),
            task_waker: Cell::new(RawId::NONE),
            running: ManuallyDrop::new(RefCell::new(None)),
            blocking: Cell::new(RawId::NONE),
            thread: Cell::new(0),
            ending: Cell::new(0),
            holds: Cell::new(0),
        }
    }
}

/// Accesses one field or a few: what is small is inlined.
#[inline(always)]
fn with<R>(access: impl FnOnce(&Here) -> R) -> R {
    // Not `with`, which is inlined less often.
    HERE.try_with(access).unwrap_or_else(|_| unreachable!("it has no destructor"))
}

#[inline(always)]
fn get<T: Copy>(field: impl FnOnce(&Here) -> &Cell<T>) -> T {
    with(|here| field(here).get())
}

/// Returns the number of the innermost named task that is polled here, or 0.
#[inline(always)]
pub(crate) fn task() -> u64 {
    get(|here| &here.task)
}

#[inline(always)]
fn blocking() -> RawId {
    get(|here| &here.blocking)
}

/// Returns the number of this thread, or 0 before it has one and when it is ending.
#[inline(always)]
pub(crate) fn thread() -> u64 {
    get(|here| &here.thread)
}

/// Calls `look` with the task that runs, if there is one.
#[inline(always)]
fn with_running(look: impl FnOnce(&TaskInfo)) {
    with(|here| {
        if let Some(task) = &*here.running.borrow() {
            look(task);
        }
    });
}

/// Returns what polls with the waker of `id`, but keeps nothing. It has no number if the thread has
/// none: before the thread has [one](ThreadInfo::current), and when it is ending.
#[inline(always)]
pub(crate) fn polling(id: RawId) -> Words {
    let task = task();
    if task != 0 {
        // It surely is the task if it polls itself, or blocks its thread.
        let sure = id == get(|here| &here.task_waker) || id == blocking();
        let sure = if sure { Words::SURE } else { 0 };
        return Words { kind: Words::TASK | sure, who: [task, 0] };
    }
    // In a model a waker is not kept: it is made of what is modelled. And one without data, as that
    // of `Waker::noop`, is not of one task more than of another.
    if cfg!(awaitlist_loom) || id.has_no_data() {
        Words::of_thread(Words::UNKNOWN, thread())
    } else if id == blocking() {
        Words::of_thread(Words::THREAD, thread())
    } else {
        Words::of_waker(id)
    }
}

/// Returns what calls a function, outside of any poll. It has no number if the thread has none.
#[inline(always)]
pub(crate) fn calling() -> Words {
    match task() {
        0 => Words::of_thread(Words::UNKNOWN, thread()),
        task => Words { kind: Words::TASK | Words::SURE, who: [task, 0] },
    }
}

/// Returns the named task that runs here.
pub(crate) fn current_task() -> Option<TaskInfo> {
    with(|here| here.running.borrow().clone())
}

/// Returns whether this is the thread with that number, which may be ending.
#[inline(always)]
pub(crate) fn is_thread(number: u64) -> bool {
    thread() == number || get(|here| &here.ending) == number
}

/// Sets what this thread runs, and returns what it ran before.
pub(crate) fn set_current(task: Option<Running>) -> Option<Running> {
    with(|here| {
        let waker = here.task_waker.get();
        let (task, new_waker) = task.unzip();
        here.task.set(task.as_ref().map_or(0, TaskInfo::id));
        here.task_waker.set(new_waker.unwrap_or(RawId::NONE));
        here.running.replace(task).map(|task| (task, waker))
    })
}

/// Sets the waker with which this thread polls what it blocks on, and returns the one before.
pub(crate) fn set_blocking(id: RawId) -> RawId {
    with(|here| here.blocking.replace(id))
}

/// Gives the thread its number, or takes it away: then it is ending. Returns how many holds are
/// attributed to it.
pub(crate) fn set_thread_number(number: u64) -> u64 {
    with(|here| {
        here.ending.set(here.thread.replace(number));
        here.holds.get()
    })
}

/// Returns whether a named task runs here, or the thread blocks: then what it acquires and releases
/// is evidence of what it does at a time.
#[inline(always)]
pub(crate) fn is_known() -> bool {
    task() != 0 || blocking().is_some()
}

/// As [`polling`] or, without a context, [`calling`], if nothing [is known](is_known).
#[inline(always)]
pub(crate) fn unnamed(context: Option<&Context<'_>>) -> Words {
    match context.map(|context| RawId::of(context.waker())) {
        Some(id) if !cfg!(awaitlist_loom) && !id.has_no_data() => Words::of_waker(id),
        _ => Words::of_thread(Words::UNKNOWN, thread()),
    }
}

/// Records that the named task that runs here, or the thread that blocks, acquires or releases
/// something.
#[inline(always)]
pub(crate) fn acts() {
    if is_known() {
        acts_as_known();
    }
}

#[inline(never)]
fn acts_as_known() {
    if task() != 0 {
        with_running(|task| task.life().act());
    } else {
        ThreadInfo::with_current(|thread| thread.life().act());
    }
}

/// Records that the caller acquires something, which becomes a first hold of its own. The task or
/// thread is found by its number from now on, also after its end.
#[inline]
pub(crate) fn begins_first_hold(words: Words) {
    match words.kind & Words::KIND {
        Words::TASK => with_running(|task| {
            task.life().act();
            task.begin_first_hold();
        }),
        Words::WAKER => acts(),
        _ => {
            acts();
            count_hold();
        }
    }
}

/// Counts a first hold that is attributed to the thread.
#[inline(always)]
pub(crate) fn count_hold() {
    with(|here| here.holds.set(here.holds.get().wrapping_add(1)));
}

/// Records that the caller releases a first hold of `who`. Returns whether the caller is known to
/// be another.
#[inline]
pub(crate) fn ends_first_hold(kind: u64, who: u64) -> bool {
    if kind == Words::TASK && task() == who {
        with_running(|task| {
            task.life().act();
            task.end_first_hold();
        });
        return false;
    }
    acts();
    match kind {
        Words::TASK => true,
        _ => ends_unnamed_hold(kind, who) || kind == Words::THREAD && task() != 0,
    }
}

/// As [`ends_first_hold`], of what no task holds, if nothing [is known](is_known).
#[inline(always)]
pub(crate) fn ends_unnamed_hold(kind: u64, who: u64) -> bool {
    if kind == Words::WAKER {
        return false;
    }
    if thread() == who {
        with(|here| here.holds.set(here.holds.get().wrapping_sub(1)));
    }
    kind == Words::THREAD && !is_thread(who)
}
