//! futures-intrusive, asked to be fair, with its locks for threads.

use futures_intrusive::sync;
use futures_lite::future::block_on;

use super::{Peer, signal_of_level};

pub(crate) const PEER: Peer = Peer::FuturesIntrusive;

/// Makes lock and semaphore serve first come, first served.
const FAIR: bool = true;

/// [`futures_intrusive::sync::Mutex`].
#[derive(Debug)]
pub struct Lock(sync::Mutex<()>);

impl super::Lock for Lock {
    fn new() -> Self {
        Self(sync::Mutex::new((), FAIR))
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
        block_on(self.0.lock())
    }
}

/// [`futures_intrusive::sync::Semaphore`].
#[derive(Debug)]
pub struct Semaphore(sync::Semaphore);

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self(sync::Semaphore::new(FAIR, permits))
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

/// [`futures_intrusive::sync::ManualResetEvent`].
#[derive(Debug)]
pub struct Event(sync::ManualResetEvent);

impl super::Event for Event {
    fn new() -> Self {
        Self(sync::ManualResetEvent::new(false))
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
        Self(sync::ManualResetEvent::new(true))
    }
}

signal_of_level!(Event);
