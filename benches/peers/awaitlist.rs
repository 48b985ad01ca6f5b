//! Ours.

use std::{collections::VecDeque, sync::Arc};

use awaitlist::Block;

use super::{Peer, What, signal_of_level};

pub(crate) const PEER: Peer = Peer::Awaitlist;

/// [`awaitlist::Lock`].
#[derive(Debug)]
pub struct Lock(awaitlist::Lock);

impl super::Lock for Lock {
    fn new() -> Self {
        Self(awaitlist::Lock::new(()))
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = impl Send> + Send {
        self.0.acquire()
    }
}

impl super::BlockingLock for Lock {
    fn free() -> Self {
        <Self as super::Lock>::new()
    }

    fn acquire_blocking(&self) -> impl Sized {
        self.0.acquire().block()
    }
}

/// [`awaitlist::Semaphore`].
#[derive(Debug)]
pub struct Semaphore(awaitlist::Semaphore);

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self(awaitlist::Semaphore::new(permits))
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = impl Send> + Send {
        self.0.acquire()
    }
}

impl super::Many for Semaphore {
    #[inline]
    fn acquire_many(&self, count: usize) -> impl Future<Output = impl Send> + Send {
        self.0.acquire_many(count)
    }
}

/// [`awaitlist::Event`].
#[derive(Debug)]
pub struct Event(awaitlist::Event);

impl super::Event for Event {
    fn new() -> Self {
        Self(awaitlist::Event::new())
    }

    #[inline]
    fn set(&self) {
        self.0.set();
    }

    #[inline]
    fn clear(&self) {
        self.0.clear();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.wait()
    }
}

impl super::Level for Event {
    fn already_set() -> Self {
        let event = awaitlist::Event::new();
        event.set();
        Self(event)
    }
}

type Value = VecDeque<usize>;
type Shared = awaitlist::Condition<Value, Arc<awaitlist::Lock<Value>>>;

/// Two of [`awaitlist::Condition`] on one lock.
#[derive(Debug)]
pub struct Condition {
    not_empty: Shared,
    not_full: Shared,
}

impl Condition {
    #[inline]
    const fn of(&self, what: What) -> &Shared {
        match what {
            What::NotEmpty => &self.not_empty,
            What::NotFull => &self.not_full,
        }
    }
}

impl super::Condition for Condition {
    type Guard<'a> = awaitlist::LockGuard<'a, Value>;

    fn new() -> Self {
        let lock = Arc::new(awaitlist::Lock::new(Value::new()));
        Self { not_empty: Shared::with_lock(Arc::clone(&lock)), not_full: Shared::with_lock(lock) }
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.not_empty.acquire()
    }

    #[inline]
    fn wait<'a>(
        &'a self,
        what: What,
        guard: Self::Guard<'a>,
    ) -> impl Future<Output = Self::Guard<'a>> + Send {
        self.of(what).wait(guard)
    }

    #[inline]
    fn notify(&self, what: What, guard: &Self::Guard<'_>) {
        self.of(what).notify(guard, 1);
    }

    #[inline]
    fn notify_all(&self, what: What, guard: &Self::Guard<'_>) {
        self.of(what).notify_all(guard);
    }
}

/// [`awaitlist::Barrier`].
#[derive(Debug)]
pub struct Barrier(awaitlist::Barrier);

impl super::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Self(awaitlist::Barrier::new(parties))
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.wait()
    }
}

impl super::BlockingBarrier for Barrier {
    fn of(parties: usize) -> Self {
        <Self as super::Barrier>::new(parties)
    }

    fn wait_blocking(&self) {
        self.0.wait().block().expect("it is not broken");
    }
}

signal_of_level!(Event);
