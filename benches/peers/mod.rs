//! What is compared, and the adapters: for each crate a module, in it a type for each primitive
//! that the crate has.
//!
//! The traits have what a row needs from a primitive, and nothing else. An adapter is a newtype
//! with one call in each method; where a peer has no guard, the adapter has one.

pub mod async_lock;
pub mod asyncband;
pub mod awaitlist;
pub mod event_listener;
pub mod futures_intrusive;
pub mod maitake;
pub mod parking_lot;
pub mod performables;
pub mod plain;
pub mod saa;
pub mod std;
pub mod tokio;

use ::std::{collections::VecDeque, ops::DerefMut};

/// A crate whose primitives are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// This one.
    Awaitlist,
    /// `tokio::sync`.
    Tokio,
    /// async-lock, of smol.
    AsyncLock,
    /// Apache Asyncband, which was mea.
    Asyncband,
    /// saa.
    Saa,
    /// futures-intrusive, asked to be fair.
    FuturesIntrusive,
    /// maitake-sync.
    Maitake,
    /// performables, in its asynchronous mode.
    Performables,
    /// Primitives written by hand with event-listener.
    EventListener,
    /// The standard library, for threads only.
    Std,
    /// parking_lot, for threads only.
    ParkingLot,
    /// asyncio's algorithm, written plainly on the standard library, for threads only.
    Plain,
    /// `asyncio`, of CPython.
    Asyncio,
}

impl Peer {
    /// All crates, in the order of the page's columns.
    pub const CRATES: [Self; 9] = [
        Self::Awaitlist,
        Self::Tokio,
        Self::AsyncLock,
        Self::Asyncband,
        Self::Saa,
        Self::FuturesIntrusive,
        Self::Maitake,
        Self::Performables,
        Self::EventListener,
    ];

    /// What only threads can use.
    pub const FOR_THREADS: [Self; 3] = [Self::Std, Self::ParkingLot, Self::Plain];

    /// Its name on the page.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokio => "tokio::sync",
            Self::EventListener => "event-listener",
            Self::Asyncio => "asyncio",
            Self::Std => "std",
            Self::Plain => "plain, on std",
            _ => self.package(),
        }
    }

    /// Its name in `Cargo.lock`.
    pub const fn package(self) -> &'static str {
        match self {
            Self::Awaitlist => "awaitlist",
            Self::Tokio => "tokio",
            Self::AsyncLock => "async-lock",
            Self::Asyncband => "asyncband",
            Self::Saa => "saa",
            Self::FuturesIntrusive => "futures-intrusive",
            Self::Maitake => "maitake-sync",
            Self::Performables => "performables",
            Self::EventListener => "event-listener",
            Self::ParkingLot => "parking_lot",
            Self::Asyncio | Self::Std | Self::Plain => "",
        }
    }

    /// Whether it promises of its lock and semaphore: first come, first served.
    pub const fn is_fifo(self) -> bool {
        match self {
            Self::Awaitlist
            | Self::Tokio
            | Self::Asyncband
            | Self::Saa
            | Self::FuturesIntrusive
            | Self::Maitake
            | Self::Asyncio => true,
            // "Eventual fairness"; not documented; the first task that finds it free.
            Self::AsyncLock
            | Self::Performables
            | Self::EventListener
            | Self::Std
            | Self::ParkingLot
            | Self::Plain => false,
        }
    }
}

/// A lock that guards no value.
pub trait Lock: Send + Sync + 'static {
    /// One that is free.
    fn new() -> Self;
    /// Waits for the lock, and returns a guard.
    fn acquire(&self) -> impl Future<Output = impl Send> + Send;
}

/// A lock for which a thread can wait. A peer without a method for that waits by `block_on`.
pub trait BlockingLock: Send + Sync + 'static {
    /// One that is free.
    fn free() -> Self;
    /// Waits for the lock, and returns a guard.
    fn acquire_blocking(&self) -> impl Sized;
}

/// A semaphore.
pub trait Semaphore: Send + Sync + 'static {
    /// One with so many permits.
    fn new(permits: usize) -> Self;
    /// Waits for a permit, and returns a guard.
    fn acquire(&self) -> impl Future<Output = impl Send> + Send;
}

/// A semaphore of which several permits can be acquired at once.
pub trait Many: Semaphore {
    /// Waits for `count` permits, and returns a guard.
    fn acquire_many(&self, count: usize) -> impl Future<Output = impl Send> + Send;
}

/// An event: wakes all waiters.
///
/// With some peers the event stays set, with others it only wakes the current waiters. So a row
/// calls [`clear`](Self::clear) only when all waiters have left, and [`set`](Self::set) only when
/// all have come.
pub trait Event: Send + Sync + 'static {
    /// One that is not set.
    fn new() -> Self;
    /// Wakes all.
    fn set(&self);
    /// Makes later waits wait.
    fn clear(&self) {}
    /// Waits.
    fn wait(&self) -> impl Future<Output = impl Sized> + Send;
}

/// An event that stays set.
pub trait Level: Event {
    /// One that is set.
    fn already_set() -> Self;
}

/// A value behind a lock, and two conditions of it.
pub trait Condition: Send + Sync + 'static {
    /// Says that the lock is held.
    type Guard<'a>: DerefMut<Target = VecDeque<usize>> + Send;
    /// One that is free, with nothing in it.
    fn new() -> Self;
    /// Waits for the lock.
    fn acquire(&self) -> impl Future<Output = Self::Guard<'_>> + Send;
    /// Waits for a notification of `what`, with the lock released.
    fn wait<'a>(
        &'a self,
        what: What,
        guard: Self::Guard<'a>,
    ) -> impl Future<Output = Self::Guard<'a>> + Send;
    /// Wakes one waiter of `what`.
    fn notify(&self, what: What, guard: &Self::Guard<'_>);
    /// Wakes all waiters of `what`.
    fn notify_all(&self, what: What, guard: &Self::Guard<'_>);
}

/// Which condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// There is something to take.
    NotEmpty,
    /// There is room for more.
    NotFull,
}

/// A barrier.
pub trait Barrier: Send + Sync + 'static {
    /// One for so many parties.
    fn new(parties: usize) -> Self;
    /// Waits for the others.
    fn wait(&self) -> impl Future<Output = impl Sized> + Send;
}

/// A barrier at which a thread can wait.
pub trait BlockingBarrier: Send + Sync + 'static {
    /// One for so many parties.
    fn of(parties: usize) -> Self;
    /// Waits for the others.
    fn wait_blocking(&self);
}

/// An event that one task sets and one other waits for, again and again.
pub trait Signal: Send + Sync + 'static {
    /// One that is not set.
    fn unset() -> Self;
    /// Wakes the other task, at once or when it waits next.
    fn signal(&self);
    /// Waits, and clears the event.
    fn signalled(&self) -> impl Future<Output = ()> + Send;
}

/// Every event that stays set is a signal.
macro_rules! signal_of_level {
    ($event:ty) => {
        impl $crate::peers::Signal for $event {
            fn unset() -> Self {
                $crate::peers::Event::new()
            }

            #[inline]
            fn signal(&self) {
                $crate::peers::Event::set(self);
            }

            #[inline]
            async fn signalled(&self) {
                drop($crate::peers::Event::wait(self).await);
                $crate::peers::Event::clear(self);
            }
        }
    };
}
pub(crate) use signal_of_level;

/// The function `$run`, of one reference, for the adapter `$kind` of each of these crates.
macro_rules! each {
    ($run:ident: $kind:ident of $($peer:ident),+ $(,)?) => {
        vec![$((
            $crate::peers::$peer::PEER,
            $run::<$crate::peers::$peer::$kind> as fn(&_) -> _,
        )),+]
    };
}
pub(crate) use each;
