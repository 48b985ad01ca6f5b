//! Primitives written by hand: a flag or a count in an atomic, and an `event_listener::Event` for
//! the waiters.
//!
//! The listeners are stored in the futures, so no wait allocates. The first task that finds the
//! lock free acquires it: there is no order. A condition is an event beside async-lock's mutex, as
//! its maintainers advise.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use event_listener::{Event as Listeners, IntoNotification, Listener, listener};

use super::{Peer, What, signal_of_level};

pub(crate) const PEER: Peer = Peer::EventListener;

/// A flag, and the tasks that wait until it is down.
#[derive(Debug)]
pub struct Lock {
    held: AtomicBool,
    released: Listeners,
}

impl Lock {
    #[inline]
    fn try_acquire(&self) -> Option<Held<'_>> {
        let free = !self.held.load(Ordering::Relaxed)
            && self
                .held
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        free.then(|| Held(self))
    }
}

/// The lock is held.
struct Held<'a>(&'a Lock);

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.held.store(false, Ordering::Release);
        self.0.released.notify(1);
    }
}

impl super::Lock for Lock {
    fn new() -> Self {
        Self { held: AtomicBool::new(false), released: Listeners::new() }
    }

    #[inline]
    async fn acquire(&self) -> impl Send {
        loop {
            if let Some(held) = self.try_acquire() {
                return held;
            }
            listener!(self.released => released);
            if let Some(held) = self.try_acquire() {
                return held;
            }
            released.await;
        }
    }
}

impl super::BlockingLock for Lock {
    fn free() -> Self {
        <Self as super::Lock>::new()
    }

    fn acquire_blocking(&self) -> impl Sized {
        loop {
            if let Some(held) = self.try_acquire() {
                return held;
            }
            listener!(self.released => released);
            if let Some(held) = self.try_acquire() {
                return held;
            }
            released.wait();
        }
    }
}

/// A count, and the tasks that wait until it is not zero.
#[derive(Debug)]
pub struct Semaphore {
    permits: AtomicUsize,
    released: Listeners,
}

impl Semaphore {
    #[inline]
    fn try_acquire(&self) -> Option<Permit<'_>> {
        self.permits
            .try_update(Ordering::Acquire, Ordering::Relaxed, |permits| permits.checked_sub(1))
            .ok()
            .map(|_| Permit(self))
    }
}

/// One permit.
struct Permit<'a>(&'a Semaphore);

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.permits.fetch_add(1, Ordering::Release);
        self.0.released.notify(1);
    }
}

impl super::Semaphore for Semaphore {
    fn new(permits: usize) -> Self {
        Self { permits: AtomicUsize::new(permits), released: Listeners::new() }
    }

    #[inline]
    async fn acquire(&self) -> impl Send {
        loop {
            if let Some(permit) = self.try_acquire() {
                return permit;
            }
            listener!(self.released => released);
            if let Some(permit) = self.try_acquire() {
                return permit;
            }
            released.await;
        }
    }
}

/// A flag, and the tasks that wait until it is up.
#[derive(Debug)]
pub struct Event {
    up: AtomicBool,
    raised: Listeners,
}

impl super::Event for Event {
    fn new() -> Self {
        Self { up: AtomicBool::new(false), raised: Listeners::new() }
    }

    #[inline]
    fn set(&self) {
        self.up.store(true, Ordering::Release);
        self.raised.notify(usize::MAX);
    }

    #[inline]
    fn clear(&self) {
        self.up.store(false, Ordering::Release);
    }

    #[inline]
    async fn wait(&self) -> impl Sized {
        while !self.up.load(Ordering::Acquire) {
            listener!(self.raised => raised);
            if self.up.load(Ordering::Acquire) {
                return;
            }
            raised.await;
        }
    }
}

impl super::Level for Event {
    fn already_set() -> Self {
        let event = <Self as super::Event>::new();
        super::Event::set(&event);
        event
    }
}

/// async-lock's mutex, and the tasks that wait for the two conditions.
#[derive(Debug)]
pub struct Condition {
    lock: async_lock::Mutex<VecDeque<usize>>,
    not_empty: Listeners,
    not_full: Listeners,
}

impl Condition {
    #[inline]
    const fn of(&self, what: What) -> &Listeners {
        match what {
            What::NotEmpty => &self.not_empty,
            What::NotFull => &self.not_full,
        }
    }
}

impl super::Condition for Condition {
    type Guard<'a> = async_lock::MutexGuard<'a, VecDeque<usize>>;

    fn new() -> Self {
        Self {
            lock: async_lock::Mutex::new(VecDeque::new()),
            not_empty: Listeners::new(),
            not_full: Listeners::new(),
        }
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock.lock()
    }

    #[inline]
    async fn wait<'a>(&'a self, what: What, guard: Self::Guard<'a>) -> Self::Guard<'a> {
        listener!(self.of(what) => notified);
        drop(guard);
        notified.await;
        self.lock.lock().await
    }

    #[inline]
    fn notify(&self, what: What, _: &Self::Guard<'_>) {
        self.of(what).notify(1.additional());
    }

    #[inline]
    fn notify_all(&self, what: What, _: &Self::Guard<'_>) {
        self.of(what).notify(usize::MAX);
    }
}

signal_of_level!(Event);
