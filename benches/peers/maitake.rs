//! maitake-sync, as it comes: with a spinlock around each list.

use futures_lite::future::block_on;

use super::Peer;

pub(crate) const PEER: Peer = Peer::Maitake;

/// [`maitake_sync::Mutex`].
#[derive(Debug)]
pub struct Lock(maitake_sync::Mutex<()>);

impl super::Lock for Lock {
    fn new() -> Self {
        Self(maitake_sync::Mutex::new(()))
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

/// [`maitake_sync::Semaphore`].
#[derive(Debug)]
pub struct Semaphore(maitake_sync::Semaphore);

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self(maitake_sync::Semaphore::new(permits))
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

/// [`maitake_sync::WaitQueue`], by `wake_all`.
#[derive(Debug)]
pub struct Event(maitake_sync::WaitQueue);

impl super::Event for Event {
    fn new() -> Self {
        Self(maitake_sync::WaitQueue::new())
    }

    #[inline]
    fn set(&self) {
        self.0.wake_all();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.wait()
    }
}

impl super::Signal for Event {
    fn unset() -> Self {
        Self(maitake_sync::WaitQueue::new())
    }

    #[inline]
    fn signal(&self) {
        self.0.wake();
    }

    #[inline]
    async fn signalled(&self) {
        self.0.wait().await.expect("it is not closed");
    }
}
