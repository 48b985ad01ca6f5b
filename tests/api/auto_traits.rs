//! What is Send, Sync, Unpin and unwind safe, and what is not: that this compiles is the test. What
//! must not compile for other reasons is in `compile_fail`.

use awaitlist::{
    Barrier, BoundedSemaphore, BrokenBarrier, Condition, Event, Lock, LockGuard, NotAcquired,
    OwnedLockGuard, ReleasedTooManyTimes, Semaphore, TimedOut, barrier, bounded_semaphore,
    condition, event,
    lock::{self, MappedLockGuard, OwnedMappedLockGuard},
    semaphore,
};
use std::{
    any::Any,
    cell::Cell,
    future::{Pending, Ready},
    panic::{RefUnwindSafe, UnwindSafe},
    rc::Rc,
    sync::{Arc, MutexGuard},
};

/// A type has a trait.
macro_rules! is {
    ($type:ty: $($name:path),+) => {$(
        const _: fn() = || {
            fn is<T: ?Sized + $name>() {}
            is::<$type>();
        };
    )+};
}

/// A type lacks a trait: with it, there would be two ways to call `probe`, and the call would be
/// ambiguous.
macro_rules! is_not {
    ($type:ty: $($name:path),+) => {$(
        const _: fn() = || {
            trait Ambiguous<A> {
                fn probe() {}
            }
            struct HasIt;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $name> Ambiguous<HasIt> for T {}
            <$type as Ambiguous<_>>::probe();
        };
    )+};
}

/// Sent, but not shared.
type SendOnly = Cell<u8>;
/// Shared, but not sent.
type SyncOnly = MutexGuard<'static, u8>;
/// Neither.
type Neither = Rc<u8>;

mod primitives {
    use super::*;

    is!(Lock: Send, Sync, Unpin, UnwindSafe);
    is!(Lock<SendOnly>: Send, Sync);
    is!(Lock<dyn Any + Send>: Send, Sync);
    is_not!(Lock<SyncOnly>: Send, Sync);
    is_not!(Lock<Neither>: Send, Sync);
    is_not!(Lock<dyn Any + Sync>: Send, Sync);
    // There is no poison that would report a value left half changed.
    is_not!(Lock<u8>: RefUnwindSafe);

    is!(Condition: Send, Sync, Unpin, UnwindSafe);
    is!(Condition<SendOnly>: Send, Sync);
    is!(Condition<SendOnly, Arc<Lock<SendOnly>>>: Send, Sync);
    is!(Condition<SendOnly, &'static Lock<SendOnly>>: Send, Sync);
    is_not!(Condition<Neither>: Send, Sync);
    is_not!(Condition<Neither, Arc<Lock<Neither>>>: Send, Sync);
    is_not!(Condition<u8, Rc<Lock<u8>>>: Send, Sync);
    is_not!(Condition<u8>: RefUnwindSafe);

    is!(Event: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(Semaphore: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(BoundedSemaphore: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(Barrier: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
}

mod guards {
    use super::*;

    is!(LockGuard<'static, u8>: Send, Sync, Unpin);
    is!(OwnedLockGuard<u8>: Send, Sync, Unpin);
    is!(OwnedLockGuard<dyn Any + Send + Sync>: Send, Sync);
    is!(LockGuard<'static, SendOnly>: Send);
    is!(OwnedLockGuard<SendOnly>: Send);
    // Two threads with a `&Cell` each, were it Sync.
    is_not!(LockGuard<'static, SendOnly>: Sync);
    is_not!(OwnedLockGuard<SendOnly>: Sync);
    is_not!(LockGuard<'static, SyncOnly>: Send);
    is_not!(OwnedLockGuard<SyncOnly>: Send);
    is_not!(LockGuard<'static, Neither>: Send, Sync);
    is_not!(OwnedLockGuard<Neither>: Send, Sync);

    // As the lock: what a panic left of the value is for the user to judge.
    is_not!(LockGuard<'static, u8>: UnwindSafe, RefUnwindSafe);
    is_not!(OwnedLockGuard<u8>: UnwindSafe, RefUnwindSafe);

    is!(MappedLockGuard<'static, u8>: Send, Sync, Unpin);
    is!(OwnedMappedLockGuard<u8, u8>: Send, Sync, Unpin);
    is!(MappedLockGuard<'static, SendOnly>: Send);
    is!(OwnedMappedLockGuard<SendOnly, SendOnly>: Send);
    is_not!(MappedLockGuard<'static, SendOnly>: Sync);
    is_not!(OwnedMappedLockGuard<u8, SendOnly>: Sync);
    is_not!(MappedLockGuard<'static, SyncOnly>: Send);
    is_not!(MappedLockGuard<'static, Neither>: Send, Sync);
    // Its Arc may be the last: then the value is dropped where the guard is.
    is_not!(OwnedMappedLockGuard<Neither, u8>: Send);
    is_not!(OwnedMappedLockGuard<SyncOnly, u8>: Send);

    is!(semaphore::SemaphorePermit<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(semaphore::OwnedPermit: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(bounded_semaphore::BoundedSemaphorePermit<'static>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(bounded_semaphore::OwnedPermit: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
}

mod futures {
    use super::*;

    is!(lock::Acquire<(), &'static Lock>: Send, Sync);
    is!(lock::AcquireOwned: Send, Sync);
    is!(lock::Acquire<SendOnly, &'static Lock<SendOnly>>: Send, Sync);
    is!(lock::AcquireOwned<SendOnly>: Send, Sync);
    is_not!(lock::Acquire<Neither, &'static Lock<Neither>>: Send, Sync);
    is_not!(lock::AcquireOwned<SyncOnly>: Send, Sync);

    is!(event::Wait<&'static Event>: Send, Sync);
    is!(event::WaitOwned: Send, Sync);
    is!(barrier::Wait<&'static Barrier>: Send, Sync);
    is!(barrier::WaitOwned: Send, Sync);
    is!(semaphore::Acquire<&'static Semaphore>: Send, Sync);
    is!(semaphore::AcquireOwned: Send, Sync);
    is!(bounded_semaphore::Acquire<&'static BoundedSemaphore>: Send, Sync);
    is!(bounded_semaphore::AcquireOwned: Send, Sync);

    // Others point to them while they are queued.
    is_not!(lock::Acquire<(), &'static Lock>: Unpin);
    is_not!(lock::AcquireOwned: Unpin);
    is_not!(event::Wait<&'static Event>: Unpin);
    is_not!(event::WaitOwned: Unpin);
    is_not!(barrier::Wait<&'static Barrier>: Unpin);
    is_not!(barrier::WaitOwned: Unpin);
    is_not!(semaphore::Acquire<&'static Semaphore>: Unpin);
    is_not!(semaphore::AcquireOwned: Unpin);
    is_not!(bounded_semaphore::Acquire<&'static BoundedSemaphore>: Unpin);
    is_not!(bounded_semaphore::AcquireOwned: Unpin);
}

mod condition_futures {
    use super::*;

    type Wait<T> = condition::Wait<&'static Condition<T>, T, &'static Lock<T>>;
    type WaitOwned<T> = condition::WaitOwned<T, Arc<Lock<T>>, Arc<Lock<T>>>;
    type WaitFor<T, F> = condition::WaitFor<&'static Condition<T>, T, &'static Lock<T>, F>;
    type WaitForSome<T, F> = condition::WaitForSome<&'static Condition<T>, T, &'static Lock<T>, F>;
    type WaitOr<T, S> = condition::WaitOr<&'static Condition<T>, T, &'static Lock<T>, S>;
    type WaitForOr<T, F, S> =
        condition::WaitForOr<&'static Condition<T>, T, &'static Lock<T>, F, S>;
    type WaitForSomeOr<T, F, S> =
        condition::WaitForSomeOr<&'static Condition<T>, T, &'static Lock<T>, F, S>;
    type Ask<T> = fn(&mut T) -> bool;
    type AskSome<T> = fn(&mut T) -> Option<u8>;

    is!(Wait<u8>: Send, Sync);
    is!(WaitOwned<u8>: Send, Sync);
    is!(WaitFor<u8, Ask<u8>>: Send, Sync);
    is!(WaitForSome<u8, AskSome<u8>>: Send, Sync);
    is!(WaitOr<u8, Pending<u8>>: Send, Sync);
    is!(WaitForOr<u8, Ask<u8>, Pending<u8>>: Send, Sync);
    is!(WaitForSomeOr<u8, AskSome<u8>, Pending<u8>>: Send, Sync);

    // They become guards, and are sent as these are.
    is!(Wait<SendOnly>: Send);
    is!(WaitOwned<SendOnly>: Send);
    is!(WaitFor<SendOnly, Ask<SendOnly>>: Send);
    is!(WaitForSome<SendOnly, AskSome<SendOnly>>: Send);
    is!(WaitOr<SendOnly, Pending<u8>>: Send);
    is!(WaitForOr<SendOnly, Ask<SendOnly>, Pending<u8>>: Send);
    is_not!(Wait<Neither>: Send, Sync);
    is_not!(WaitOwned<Neither>: Send, Sync);
    is_not!(WaitFor<Neither, Ask<Neither>>: Send);
    is_not!(WaitOr<Neither, Pending<u8>>: Send);
    is_not!(WaitForOr<Neither, Ask<Neither>, Pending<u8>>: Send);

    // What they are given goes along with them.
    is_not!(WaitFor<u8, Neither>: Send, Sync);
    is_not!(WaitForSome<u8, Neither>: Send, Sync);
    is_not!(WaitOr<u8, Ready<Neither>>: Send, Sync);

    is_not!(Wait<u8>: Unpin);
    is_not!(WaitOwned<u8>: Unpin);
    is_not!(WaitFor<u8, Ask<u8>>: Unpin);
    is_not!(WaitForSome<u8, AskSome<u8>>: Unpin);
    is_not!(WaitOr<u8, Pending<u8>>: Unpin);
}

mod errors {
    use super::*;
    use std::{error::Error, fmt::Debug, hash::Hash};

    is!(NotAcquired: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(NotAcquired: Copy, Eq, Hash, Debug, Error);
    is!(ReleasedTooManyTimes: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(ReleasedTooManyTimes: Copy, Eq, Hash, Debug, Error);
    is!(BrokenBarrier: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(BrokenBarrier: Copy, Eq, Hash, Debug, Error);
    is!(TimedOut: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
    is!(TimedOut: Copy, Eq, Hash, Debug, Error);
}

/// The same with the feature `diagnostics` and without it.
mod diagnostics {
    use super::*;
    use awaitlist::diagnostics::{
        Deadlock, LockOrder, Profile, Snapshot, Stall, Task, Watch, WatchThread,
    };

    is!(Task<Ready<()>>: Send, Sync, Unpin);
    is_not!(Task<Ready<Neither>>: Send, Sync);
    is_not!(Task<std::marker::PhantomPinned>: Unpin);
    is_not!(Task<Ready<()>>: UnwindSafe, RefUnwindSafe);
    is!(Watch: Send, Unpin);
    is_not!(Watch: Sync);
    is!(WatchThread: Send, Sync, Unpin);
    is!(LockOrder: Send, Sync, Copy, UnwindSafe);
    is!(Snapshot: Send, Sync, Clone);
    is!(Deadlock: Send, Sync, Clone);
    is!(Stall: Send, Sync, Clone);
    is!(Profile: Send, Sync, Clone, UnwindSafe);
}

/// A guard may stand for one that borrows for a shorter time.
mod covariance {
    use super::*;

    /// A function that gives a type a shorter lifetime.
    macro_rules! shortens {
        ($($name:ident: $long:ty => $short:ty;)+) => {$(
            const _: () = {
                const fn $name<'short, 'long: 'short>(long: $long) -> $short {
                    long
                }
                let _ = $name;
            };
        )+};
    }

    shortens! {
        guard: LockGuard<'long, u8> => LockGuard<'short, u8>;
        mapped: MappedLockGuard<'long, u8> => MappedLockGuard<'short, u8>;
        acquire: lock::Acquire<u8, &'long Lock<u8>> => lock::Acquire<u8, &'short Lock<u8>>;
        permit: semaphore::SemaphorePermit<'long> => semaphore::SemaphorePermit<'short>;
        permits: semaphore::Acquire<&'long Semaphore> => semaphore::Acquire<&'short Semaphore>;
        bounded: bounded_semaphore::BoundedSemaphorePermit<'long> => bounded_semaphore::BoundedSemaphorePermit<'short>;
        event_wait: event::Wait<&'long Event> => event::Wait<&'short Event>;
        barrier_wait: barrier::Wait<&'long Barrier> => barrier::Wait<&'short Barrier>;
        condition_wait: condition::Wait<&'long Condition<u8>, u8, &'long Lock<u8>> => condition::Wait<&'short Condition<u8>, u8, &'short Lock<u8>>;
    }
}
