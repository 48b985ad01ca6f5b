//! Guards and permits, borrowed and owned.

use awaitlist::{
    LockGuard, OwnedLockGuard, bounded_semaphore,
    lock::{MappedGuard, MappedLockGuard, OwnedMappedLockGuard},
    semaphore,
};

pub(super) enum Holding<'p> {
    Guard(LockGuard<'p>),
    OwnedGuard(OwnedLockGuard),
    Mapped(MappedLockGuard<'p, ()>),
    OwnedMapped(OwnedMappedLockGuard<(), ()>),
    Permit(semaphore::SemaphorePermit<'p>),
    OwnedPermit(semaphore::OwnedPermit),
    Bounded(bounded_semaphore::BoundedSemaphorePermit<'p>),
    OwnedBounded(bounded_semaphore::OwnedPermit),
}

macro_rules! from {
    ($($variant:ident($held:ty);)*) => {$(
        impl<'p> From<$held> for Holding<'p> {
            fn from(held: $held) -> Self {
                Self::$variant(held)
            }
        }
    )*};
}

from! {
    Guard(LockGuard<'p>);
    OwnedGuard(OwnedLockGuard);
    Permit(semaphore::SemaphorePermit<'p>);
    OwnedPermit(semaphore::OwnedPermit);
    Bounded(bounded_semaphore::BoundedSemaphorePermit<'p>);
    OwnedBounded(bounded_semaphore::OwnedPermit);
}

impl Holding<'_> {
    pub(super) fn map(self) -> Self {
        match self {
            Self::Guard(guard) => Self::Mapped(LockGuard::map(guard, |all| all)),
            Self::OwnedGuard(guard) => Self::OwnedMapped(OwnedLockGuard::map(guard, |all| all)),
            Self::Mapped(guard) => Self::Mapped(MappedGuard::map(guard, |all| all)),
            Self::OwnedMapped(guard) => Self::OwnedMapped(MappedGuard::map(guard, |all| all)),
            permits => permits,
        }
    }

    pub(super) fn forget(self) {
        match self {
            Self::Guard(guard) => LockGuard::forget(guard),
            Self::OwnedGuard(guard) => OwnedLockGuard::forget(guard),
            Self::Mapped(_) | Self::OwnedMapped(_) => unreachable!("mapped guards stay"),
            Self::Permit(permit) => permit.forget(),
            Self::OwnedPermit(permit) => permit.forget(),
            Self::Bounded(permit) => permit.forget(),
            Self::OwnedBounded(permit) => permit.forget(),
        }
    }

    /// How many permits these are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Permit(permit) => permit.count(),
            Self::OwnedPermit(permit) => permit.count(),
            Self::Bounded(permit) => permit.count(),
            Self::OwnedBounded(permit) => permit.count(),
            _ => unreachable!("guards are not counted"),
        }
    }

    pub(super) fn split(&mut self, n: usize) -> Option<Self> {
        match self {
            Self::Permit(permit) => permit.split(n).map(Self::Permit),
            Self::OwnedPermit(permit) => permit.split(n).map(Self::OwnedPermit),
            Self::Bounded(permit) => permit.split(n).map(Self::Bounded),
            Self::OwnedBounded(permit) => permit.split(n).map(Self::OwnedBounded),
            _ => unreachable!("guards are not split"),
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Permit(permit), Self::Permit(other)) => permit.merge(other),
            (Self::OwnedPermit(permit), Self::OwnedPermit(other)) => permit.merge(other),
            (Self::Bounded(permit), Self::Bounded(other)) => permit.merge(other),
            (Self::OwnedBounded(permit), Self::OwnedBounded(other)) => permit.merge(other),
            _ => unreachable!("only permits of the same type are merged"),
        }
    }
}
