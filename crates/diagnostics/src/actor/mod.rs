//! Actors, which acquire and wait: a named task, a thread that blocks, or a task that is known only
//! by its waker.

mod asker;
mod blocking;
mod kept;
mod named;
mod task;
mod words;

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
    task::Context,
};

pub(crate) use self::{
    asker::Asker,
    blocking::Blocking,
    kept::{Kept, KeptWaker},
    words::{RawId, Words},
};
pub use self::{
    named::{Task, task, task_with_same_waker},
    task::TaskInfo,
};
use crate::{
    here::{self, current_task},
    life::{Life, ThreadInfo},
};

/// A holder or a waiter.
///
/// Two actors are equal if they are known to be the same; [`Unknown`](Self::Unknown) equals no
/// actor, not even itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Actor {
    /// A future that was named by [`task()`].
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

    /// Returns the key of one that is known by these words.
    pub(crate) fn of_words(words: Words) -> Option<Self> {
        match words.kind & Words::KIND {
            Words::TASK => Some(Self::Task(words.who[0])),
            Words::THREAD => Some(Self::Thread(words.who[0])),
            Words::WAKER => Some(Self::Waker(words.raw_id())),
            _ => None,
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
