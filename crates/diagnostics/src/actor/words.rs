//! What a holder or a waiter is known by, as numbers: what the records publish.

use std::task::Waker;

use super::{Actor, TaskInfo, WakerId};
use crate::life::ThreadInfo;

/// The two pointers of a waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RawId {
    pub(super) data: usize,
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

/// What an actor is known by, as numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    /// One of the kinds below, and whether that is [sure](crate::record::Attributed::sure).
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

    pub(super) const fn raw_id(self) -> RawId {
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
