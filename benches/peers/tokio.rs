//! `tokio::sync`.

use futures_lite::future::block_on;
use tokio::sync;

use super::Peer;

pub(crate) const PEER: Peer = Peer::Tokio;

/// [`tokio::sync::Mutex`].
#[derive(Debug)]
pub struct Lock(sync::Mutex<()>);

impl super::Lock for Lock {
    fn new() -> Self {
        Self(sync::Mutex::new(()))
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
        self.0.blocking_lock()
    }
}

/// [`tokio::sync::Semaphore`].
#[derive(Debug)]
pub struct Semaphore(sync::Semaphore);

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self(sync::Semaphore::new(permits))
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = impl Send> + Send {
        self.0.acquire()
    }
}

impl super::Many for Semaphore {
    #[inline]
    fn acquire_many(&self, count: usize) -> impl Future<Output = impl Send> + Send {
        self.0.acquire_many(u32::try_from(count).expect("a few permits"))
    }
}

/// [`tokio::sync::Notify`], by `notify_waiters`.
#[derive(Debug)]
pub struct Event(sync::Notify);

impl super::Event for Event {
    fn new() -> Self {
        Self(sync::Notify::new())
    }

    #[inline]
    fn set(&self) {
        self.0.notify_waiters();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.notified()
    }
}

/// [`tokio::sync::Barrier`].
#[derive(Debug)]
pub struct Barrier(sync::Barrier);

impl super::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Self(sync::Barrier::new(parties))
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.wait()
    }
}

impl super::BlockingBarrier for Barrier {
    fn of(parties: usize) -> Self {
        Self(sync::Barrier::new(parties))
    }

    fn wait_blocking(&self) {
        block_on(self.0.wait());
    }
}

impl super::Signal for Event {
    fn unset() -> Self {
        Self(sync::Notify::new())
    }

    #[inline]
    fn signal(&self) {
        self.0.notify_one();
    }

    #[inline]
    async fn signalled(&self) {
        self.0.notified().await;
    }
}
