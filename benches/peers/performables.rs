//! performables, in its asynchronous mode. The first task that finds its lock free acquires it.

use std::collections::VecDeque;

use performables::sync::{Async, barrier, condition::Condvar, mutex};

use super::{Peer, What};

pub(crate) const PEER: Peer = Peer::Performables;

/// [`performables::sync::mutex::Mutex`].
#[derive(Debug)]
pub struct Lock(mutex::Mutex<(), Async>);

impl super::Lock for Lock {
    fn new() -> Self {
        Self(mutex::Mutex::new(()))
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = impl Send> + Send {
        self.0.lock_async()
    }
}

impl super::BlockingLock for Lock {
    fn free() -> Self {
        <Self as super::Lock>::new()
    }

    fn acquire_blocking(&self) -> impl Sized {
        self.0.lock()
    }
}

/// Two of [`performables::sync::condition::Condvar`] and a mutex.
#[derive(Debug)]
pub struct Condition {
    lock: mutex::Mutex<VecDeque<usize>, Async>,
    not_empty: Condvar<Async>,
    not_full: Condvar<Async>,
}

impl Condition {
    #[inline]
    const fn of(&self, what: What) -> &Condvar<Async> {
        match what {
            What::NotEmpty => &self.not_empty,
            What::NotFull => &self.not_full,
        }
    }
}

impl super::Condition for Condition {
    type Guard<'a> = mutex::MutexGuard<'a, VecDeque<usize>, Async>;

    fn new() -> Self {
        Self {
            lock: mutex::Mutex::new(VecDeque::new()),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
        }
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock.lock_async()
    }

    #[inline]
    fn wait<'a>(
        &'a self,
        what: What,
        guard: Self::Guard<'a>,
    ) -> impl Future<Output = Self::Guard<'a>> + Send {
        self.of(what).wait_async(guard)
    }

    #[inline]
    fn notify(&self, what: What, _: &Self::Guard<'_>) {
        self.of(what).notify_one();
    }

    #[inline]
    fn notify_all(&self, what: What, _: &Self::Guard<'_>) {
        self.of(what).notify_all();
    }
}

/// [`performables::sync::barrier::Barrier`].
#[derive(Debug)]
pub struct Barrier(barrier::Barrier<Async>);

impl super::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Self(barrier::Barrier::new(parties))
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.wait_async()
    }
}

impl super::BlockingBarrier for Barrier {
    fn of(parties: usize) -> Self {
        <Self as super::Barrier>::new(parties)
    }

    fn wait_blocking(&self) {
        self.0.wait();
    }
}
