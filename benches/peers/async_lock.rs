//! async-lock: locks on event-listener. Its lock lets newcomers pass the waiters, until one has
//! waited for half a millisecond. It has no `acquire_many`.

use super::Peer;

pub(crate) const PEER: Peer = Peer::AsyncLock;

/// [`async_lock::Mutex`].
#[derive(Debug)]
pub struct Lock(async_lock::Mutex<()>);

impl super::Lock for Lock {
    fn new() -> Self {
        Self(async_lock::Mutex::new(()))
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
        self.0.lock_blocking()
    }
}

/// [`async_lock::Semaphore`].
#[derive(Debug)]
pub struct Semaphore(async_lock::Semaphore);

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self(async_lock::Semaphore::new(permits))
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = impl Send> + Send {
        self.0.acquire()
    }
}

/// [`async_lock::Barrier`].
#[derive(Debug)]
pub struct Barrier(async_lock::Barrier);

impl super::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Self(async_lock::Barrier::new(parties))
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
        self.0.wait_blocking();
    }
}
