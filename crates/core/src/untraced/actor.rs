//! Tasks and threads, as the reports name them. They have the methods that they have with the
//! feature.

use core::{convert::Infallible, fmt, panic::Location};
use std::thread::Thread;

/// A holder or a waiter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "documented with the feature")]
pub enum Actor {
    Task(TaskInfo),
    Thread(ThreadInfo),
    Waker(WakerId),
    Unknown(ThreadInfo),
}

impl Actor {
    /// Returns whether it is surely one task or thread.
    pub const fn is_certain(&self) -> bool {
        matches!(self, Self::Task(_) | Self::Thread(_))
    }

    /// Returns false.
    pub const fn has_ended(&self) -> bool {
        false
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::DISABLED)
    }
}

/// A named task. Without the feature, all tasks have one, whose name is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskInfo(());

impl TaskInfo {
    pub(super) const NONE: Self = Self(());

    /// Returns an empty name.
    pub const fn name(&self) -> &str {
        ""
    }

    /// Returns zero.
    pub const fn id(&self) -> u64 {
        0
    }

    /// Returns a place in this file: the task's own is not known.
    pub const fn named_at(&self) -> &'static Location<'static> {
        const NOWHERE: &Location<'static> = Location::caller();
        NOWHERE
    }

    /// Returns false.
    pub const fn has_ended(&self) -> bool {
        false
    }

    /// Returns none.
    pub const fn inside(&self) -> Option<&Self> {
        None
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task")
    }
}

/// A thread that acquires or waits. It has no value without the feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadInfo(Infallible);

impl ThreadInfo {
    /// Never returns: there is no thread.
    pub const fn thread(&self) -> &Thread {
        match self.0 {}
    }

    /// Never returns: there is no thread.
    pub const fn has_ended(&self) -> bool {
        match self.0 {}
    }
}

impl fmt::Display for ThreadInfo {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

/// Identifies an unnamed task. It has no value without the feature.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WakerId(Infallible);

impl WakerId {
    /// Never returns: there is no such task.
    pub const fn label(&self) -> Option<&str> {
        match self.0 {}
    }
}
