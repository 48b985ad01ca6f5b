//! saa: one word for each primitive, and a stack of waiters that is walked to its end. It has no
//! guards. Its barrier has at most 63 parties.

use super::Peer;

pub(crate) const PEER: Peer = Peer::Saa;

/// [`saa::Lock`].
#[derive(Debug)]
pub struct Lock(saa::Lock);

/// The lock is held.
struct Held<'a>(&'a saa::Lock);

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.release_lock();
    }
}

impl super::Lock for Lock {
    fn new() -> Self {
        Self(saa::Lock::new())
    }

    #[inline]
    async fn acquire(&self) -> impl Send {
        self.0.lock_async().await;
        Held(&self.0)
    }
}

impl super::BlockingLock for Lock {
    fn free() -> Self {
        <Self as super::Lock>::new()
    }

    fn acquire_blocking(&self) -> impl Sized {
        self.0.lock_sync();
        Held(&self.0)
    }
}

/// [`saa::Semaphore`].
#[derive(Debug)]
pub struct Semaphore(saa::Semaphore);

/// So many permits.
struct Permits<'a>(&'a saa::Semaphore, usize);

impl Drop for Permits<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.release_many(self.1);
    }
}

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self(saa::Semaphore::with_permits(permits))
    }

    #[inline]
    async fn acquire(&self) -> impl Send {
        self.0.acquire_async().await;
        Permits(&self.0, 1)
    }
}

impl super::Many for Semaphore {
    #[inline]
    async fn acquire_many(&self, count: usize) -> impl Send {
        self.0.acquire_many_async(count).await;
        Permits(&self.0, count)
    }
}

/// [`saa::Gate`], by `permit`: once open it stays so, since its `reset` changes nothing.
#[derive(Debug)]
pub struct Event(saa::Gate);

impl super::Event for Event {
    fn new() -> Self {
        Self(saa::Gate::new())
    }

    #[inline]
    fn set(&self) {
        self.0.permit().ok();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = impl Sized> + Send {
        self.0.enter_async()
    }
}

impl super::Level for Event {
    fn already_set() -> Self {
        let gate = saa::Gate::new();
        gate.open();
        Self(gate)
    }
}

/// [`saa::Barrier`].
#[derive(Debug)]
pub struct Barrier(saa::Barrier);

impl super::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Self(saa::Barrier::with_count(parties))
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
        self.0.wait_sync();
    }
}
