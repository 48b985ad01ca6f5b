//! Apache Asyncband: a slab of wakers behind a mutex.

use std::collections::VecDeque;

use asyncband::{blocking::FutureExt, condvar::Condvar, event::ManualResetEvent, mutex};

use super::{Peer, What, signal_of_level};

pub(crate) const PEER: Peer = Peer::Asyncband;

/// [`asyncband::mutex::Mutex`].
#[derive(Debug)]
pub struct Lock(mutex::Mutex<()>);

impl super::Lock for Lock {
    fn new() -> Self {
        Self(mutex::Mutex::new(()))
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = impl Send> + Send {
        self.0.lock()
    }
}

impl super::BlockingLock for Lock {
    fn free() -> Self {
        <Self as super::Lock>::new()
    }

    fn acquire_blocking(&self) -> impl Sized {
        self.0.lock().block_on()
    }
}

/// [`asyncband::semaphore::Semaphore`].
#[derive(Debug)]
pub struct Semaphore(asyncband::semaphore::Semaphore);

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self(asyncband::semaphore::Semaphore::new(permits))
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = impl Send> + Send {
        self.0.acquire(1)
    }
}

impl super::Many for Semaphore {
    #[inline]
    fn acquire_many(&self, count: usize) -> impl Future<Output = impl Send> + Send {
        self.0.acquire(count)
    }
}

/// [`asyncband::event::ManualResetEvent`].
#[derive(Debug)]
pub struct Event(ManualResetEvent);

impl super::Event for Event {
    fn new() -> Self {
        Self(ManualResetEvent::new())
    }

    #[inline]
    fn set(&self) {
        self.0.set();
    }

    #[inline]
    fn clear(&self) {
        self.0.reset();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.wait()
    }
}

impl super::Level for Event {
    fn already_set() -> Self {
        Self(ManualResetEvent::with_state(true))
    }
}

/// Two of [`asyncband::condvar::Condvar`] and a mutex.
#[derive(Debug)]
pub struct Condition {
    lock: mutex::Mutex<VecDeque<usize>>,
    not_empty: Condvar,
    not_full: Condvar,
}

impl Condition {
    #[inline]
    const fn of(&self, what: What) -> &Condvar {
        match what {
            What::NotEmpty => &self.not_empty,
            What::NotFull => &self.not_full,
        }
    }
}

impl super::Condition for Condition {
    type Guard<'a> = mutex::MutexGuard<'a, VecDeque<usize>>;

    fn new() -> Self {
        Self {
            lock: mutex::Mutex::new(VecDeque::new()),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
        }
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock.lock()
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
    fn notify(&self, what: What, _: &Self::Guard<'_>) {
        self.of(what).notify_one();
    }

    #[inline]
    fn notify_all(&self, what: What, _: &Self::Guard<'_>) {
        self.of(what).notify_all();
    }
}

/// [`asyncband::barrier::Barrier`].
#[derive(Debug)]
pub struct Barrier(asyncband::barrier::Barrier);

impl super::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        let parties = u32::try_from(parties).expect("not that many");
        Self(asyncband::barrier::Barrier::new(parties))
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
        self.0.wait().block_on();
    }
}

signal_of_level!(Event);
