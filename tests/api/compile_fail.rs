//! What must not compile. Each module has two examples that differ in one thing: the first
//! compiles, so that the second fails for that one reason.

/// A guard of a value that must not be shared between threads is not shared either: two threads
/// with a `&Cell` each would be a data race.
///
/// ```
/// # use awaitlist::{Block, Lock};
/// let lock = Lock::new(std::sync::atomic::AtomicU8::new(1));
/// let guard = lock.acquire().block();
/// std::thread::scope(|scope| { scope.spawn(|| { let _ = &guard; }); });
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist::{Block, Lock};
/// let lock = Lock::new(std::cell::Cell::new(1));
/// let guard = lock.acquire().block();
/// std::thread::scope(|scope| { scope.spawn(|| { let _ = &guard; }); });
/// ```
pub mod a_guard_of_a_cell_is_not_shared {}

/// The same for a mapped guard.
///
/// ```
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new((std::sync::atomic::AtomicU8::new(1), 2));
/// let guard = LockGuard::map(lock.acquire().block(), |pair| &mut pair.0);
/// std::thread::scope(|scope| { scope.spawn(|| { let _ = &guard; }); });
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new((std::cell::Cell::new(1), 2));
/// let guard = LockGuard::map(lock.acquire().block(), |pair| &mut pair.0);
/// std::thread::scope(|scope| { scope.spawn(|| { let _ = &guard; }); });
/// ```
pub mod a_mapped_guard_of_a_cell_is_not_shared {}

/// A guard is invariant in its value, as `&mut T` is: else a short-lived value could be written
/// where a long-lived one is expected.
///
/// ```
/// # use awaitlist::LockGuard;
/// fn same<'lock, 'a>(guard: LockGuard<'lock, &'a str>) -> LockGuard<'lock, &'a str> { guard }
/// ```
///
/// ```compile_fail
/// # use awaitlist::LockGuard;
/// fn same<'lock, 'a>(guard: LockGuard<'lock, &'static str>) -> LockGuard<'lock, &'a str> { guard }
/// ```
pub mod a_guard_is_invariant_in_its_value {}

/// The same for an owned guard.
///
/// ```
/// # use awaitlist::OwnedLockGuard;
/// fn same<'a>(guard: OwnedLockGuard<&'a str>) -> OwnedLockGuard<&'a str> { guard }
/// ```
///
/// ```compile_fail
/// # use awaitlist::OwnedLockGuard;
/// fn same<'a>(guard: OwnedLockGuard<&'static str>) -> OwnedLockGuard<&'a str> { guard }
/// ```
pub mod an_owned_guard_is_invariant_in_its_value {}

/// The same for a mapped guard.
///
/// ```
/// # use awaitlist::lock::MappedLockGuard;
/// fn same<'lock, 'a>(guard: MappedLockGuard<'lock, &'a str>) -> MappedLockGuard<'lock, &'a str> {
///     guard
/// }
/// ```
///
/// ```compile_fail
/// # use awaitlist::lock::MappedLockGuard;
/// fn same<'lock, 'a>(
///     guard: MappedLockGuard<'lock, &'static str>,
/// ) -> MappedLockGuard<'lock, &'a str> {
///     guard
/// }
/// ```
pub mod a_mapped_guard_is_invariant_in_its_part {}

/// A guard does not outlive its lock.
///
/// ```
/// # use awaitlist::{Block, Lock};
/// let lock = Lock::new(1);
/// let guard = lock.acquire().block();
/// drop(guard);
/// drop(lock);
/// ```
///
/// ```compile_fail,E0505
/// # use awaitlist::{Block, Lock};
/// let lock = Lock::new(1);
/// let guard = lock.acquire().block();
/// drop(lock);
/// drop(guard);
/// ```
pub mod a_guard_does_not_outlive_its_lock {}

/// A mapped guard does not know the lock's type, but outlives it no more.
///
/// ```
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new((1, 2));
/// let one = LockGuard::map(lock.acquire().block(), |pair| &mut pair.0);
/// drop(one);
/// drop(lock);
/// ```
///
/// ```compile_fail,E0505
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new((1, 2));
/// let one = LockGuard::map(lock.acquire().block(), |pair| &mut pair.0);
/// drop(lock);
/// drop(one);
/// ```
pub mod a_mapped_guard_does_not_outlive_its_lock {}

/// What a guard gives access to does not outlive the guard.
///
/// ```
/// # use awaitlist::{Block, Lock};
/// let lock = Lock::new(vec![1]);
/// let guard = lock.acquire().block();
/// let first = guard.first();
/// assert!(first.is_some());
/// drop(guard);
/// ```
///
/// ```compile_fail,E0505
/// # use awaitlist::{Block, Lock};
/// let lock = Lock::new(vec![1]);
/// let guard = lock.acquire().block();
/// let first = guard.first();
/// drop(guard);
/// assert!(first.is_some());
/// ```
pub mod a_reference_does_not_outlive_its_guard {}

/// The part of a mapped guard comes from the value, and cannot be kept from the closure.
///
/// ```
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new((1, 2));
/// let mut seen = None;
/// let one = LockGuard::map(lock.acquire().block(), |pair| { seen = Some(pair.1); &mut pair.0 });
/// # drop(one);
/// ```
///
/// ```compile_fail
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new((1, 2));
/// let mut seen = None;
/// let one = LockGuard::map(lock.acquire().block(), |pair| {
///     seen = Some(&mut pair.1);
///     &mut pair.0
/// });
/// # drop(one);
/// ```
pub mod a_mapping_keeps_no_other_part {}

/// A future does not outlive what it waits for.
///
/// ```
/// # use awaitlist::Event;
/// let event = Event::new();
/// let wait = event.wait();
/// drop(wait);
/// drop(event);
/// ```
///
/// ```compile_fail,E0505
/// # use awaitlist::Event;
/// let event = Event::new();
/// let wait = event.wait();
/// drop(event);
/// drop(wait);
/// ```
pub mod a_future_does_not_outlive_its_primitive {}

/// A permit does not outlive its semaphore.
///
/// ```
/// # use awaitlist::{Block, Semaphore};
/// let semaphore = Semaphore::new(1);
/// let permit = semaphore.acquire().block();
/// drop(permit);
/// drop(semaphore);
/// ```
///
/// ```compile_fail,E0505
/// # use awaitlist::{Block, Semaphore};
/// let semaphore = Semaphore::new(1);
/// let permit = semaphore.acquire().block();
/// drop(semaphore);
/// drop(permit);
/// ```
pub mod a_permit_does_not_outlive_its_semaphore {}

/// The value is not reached past a guard.
///
/// ```
/// # use awaitlist::{Block, Lock};
/// let mut lock = Lock::new(1);
/// drop(lock.acquire().block());
/// *lock.get_mut() = 2;
/// ```
///
/// ```compile_fail,E0502
/// # use awaitlist::{Block, Lock};
/// let mut lock = Lock::new(1);
/// let guard = lock.acquire().block();
/// *lock.get_mut() = 2;
/// drop(guard);
/// ```
pub mod get_mut_needs_the_lock_alone {}

/// User code cannot define how a future or a guard refers to its primitive: a `Deref` that returns
/// a different address each time would unlink a node under the lock of another list.
///
/// ```
/// # use awaitlist_core::Handle;
/// fn holds<H: Handle>(_: H) {}
/// holds(&1);
/// holds(std::sync::Arc::new(1));
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist_core::Handle;
/// fn holds<H: Handle>(_: H) {}
/// holds(std::rc::Rc::new(1));
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist_core::Handle;
/// #[derive(Clone)]
/// struct Fickle(u8);
/// impl std::ops::Deref for Fickle {
///     type Target = u8;
///     fn deref(&self) -> &u8 { &self.0 }
/// }
/// impl Handle for Fickle {}
/// ```
pub mod nobody_else_implements_handle {}

/// A wait for a condition takes the guard, so the data cannot be accessed while the lock is
/// released.
///
/// ```
/// # use awaitlist::{Block, Condition};
/// let condition = Condition::new(1);
/// let guard = condition.acquire().block();
/// assert_eq!(*guard, 1);
/// let wait = condition.wait(guard);
/// # drop(wait);
/// ```
///
/// ```compile_fail,E0382
/// # use awaitlist::{Block, Condition};
/// let condition = Condition::new(1);
/// let guard = condition.acquire().block();
/// let wait = condition.wait(guard);
/// assert_eq!(*guard, 1);
/// # drop(wait);
/// ```
pub mod a_condition_wait_takes_the_guard {}

/// To notify takes a guard, as the proof that the lock is held.
///
/// ```
/// # use awaitlist::{Block, Condition};
/// let condition = Condition::new(1);
/// let guard = condition.acquire().block();
/// condition.notify(&guard, 1);
/// # drop(guard);
/// ```
///
/// ```compile_fail,E0308
/// # use awaitlist::{Block, Condition};
/// let condition = Condition::new(1);
/// let guard = condition.acquire().block();
/// condition.notify(&1, 1);
/// # drop(guard);
/// ```
pub mod notify_takes_a_guard {}

/// Only a hold of a lock without a value is forgotten or released by hand: else one could lose the
/// value.
///
/// ```
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new(());
/// LockGuard::forget(lock.acquire().block());
/// lock.release().unwrap();
/// ```
///
/// ```compile_fail
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new(1);
/// LockGuard::forget(lock.acquire().block());
/// ```
///
/// ```compile_fail,E0599
/// # use awaitlist::{Block, Lock, LockGuard};
/// let lock = Lock::new(1);
/// lock.release().unwrap();
/// ```
pub mod only_a_lock_without_a_value_is_released_by_hand {}

/// A lock is no future, as in asyncio.
///
/// ```
/// # use awaitlist::Lock;
/// async fn wait(lock: &Lock) { drop(lock.acquire().await) }
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist::Lock;
/// async fn wait(lock: &Lock) { drop(lock.await) }
/// ```
pub mod a_lock_is_not_awaited {}

/// A guard that is dropped at once, a porter's first bug, is warned of.
///
/// ```
/// # #![deny(unused_must_use)]
/// # use awaitlist::Lock;
/// async fn wait(lock: &Lock) { let _guard = lock.acquire().await; }
/// ```
///
/// ```compile_fail
/// # #![deny(unused_must_use)]
/// # use awaitlist::Lock;
/// async fn wait(lock: &Lock) { lock.acquire().await; }
/// ```
pub mod a_guard_dropped_at_once_is_warned_of {}

/// A static barrier for no parties is rejected at compile time.
///
/// ```
/// # use awaitlist::Barrier;
/// static BARRIER: Barrier = Barrier::new(1);
/// ```
///
/// ```compile_fail,E0080
/// # use awaitlist::Barrier;
/// static BARRIER: Barrier = Barrier::new(0);
/// ```
pub mod a_static_barrier_is_for_somebody {}

/// The queue of a primitive is reached through a type that only the primitive's crate can name. If
/// other crates could lock the queue of a `Lock`, they could release it while there is a guard.
///
/// ```
/// # use awaitlist_core::{WaitQueue, trace::PrimitiveTrace};
/// let own = unsafe { WaitQueue::new(0, (), PrimitiveTrace::event(None)) };
/// own.lock().set_payload(1);
/// ```
///
/// ```compile_fail,E0603
/// # use awaitlist_core::Access;
/// let lock = awaitlist_lock::Lock::new(());
/// let queue = <awaitlist_lock::acquire::LockAccess as Access<_>>::queue(&lock);
/// ```
///
/// Nor by inference, though there is only one such type:
///
/// ```compile_fail,E0283
/// # use awaitlist_core::{Access, WaitQueue};
/// fn queue<P, A: Access<P>>(primitive: &P) -> &WaitQueue<A::State> { A::queue(primitive) }
/// let lock = awaitlist_lock::Lock::new(());
/// let _ = queue(&lock);
/// ```
///
/// What can be reached has no way to the queue:
///
/// ```compile_fail,E0616
/// # use awaitlist_semaphore::{AnySemaphore, Semaphore};
/// let semaphore = Semaphore::new(1);
/// let queue = &semaphore.as_raw().queue;
/// ```
pub mod a_queue_is_locked_by_its_own_crate_only {}

/// A crate says by `unsafe` that it tells the truth about the queue of its primitive: else a waiter
/// would be enqueued in one queue and removed from another.
///
/// ```
/// # use awaitlist_core::{Access, LockedWaiter, WaitQueue};
/// # use core::task::Waker;
/// # struct Own(WaitQueue);
/// # struct OwnAccess;
/// // SAFETY: the queue is a field.
/// unsafe impl Access<Own> for OwnAccess {
///     const FUTURE: &'static str = "Own";
///     type State = ();
///     fn queue(own: &Own) -> &WaitQueue { &own.0 }
///     fn cancel(_: &Own, waiter: LockedWaiter<'_>) -> Option<Waker> { waiter.remove().1 }
/// }
/// ```
///
/// ```compile_fail,E0200
/// # use awaitlist_core::{Access, LockedWaiter, WaitQueue};
/// # use core::task::Waker;
/// # struct Own(WaitQueue);
/// # struct OwnAccess;
/// impl Access<Own> for OwnAccess {
///     const FUTURE: &'static str = "Own";
///     type State = ();
///     fn queue(own: &Own) -> &WaitQueue { &own.0 }
///     fn cancel(_: &Own, waiter: LockedWaiter<'_>) -> Option<Waker> { waiter.remove().1 }
/// }
/// ```
///
/// The same for a semaphore of another crate:
///
/// ```compile_fail,E0200
/// # use awaitlist_semaphore::{AnySemaphore, raw::{RawSemaphore, Unbounded}};
/// # struct Own(RawSemaphore<Unbounded>);
/// impl AnySemaphore for Own {
///     const NAME: &'static str = "Own";
///     type Bound = Unbounded;
///     fn as_raw(&self) -> &RawSemaphore<Unbounded> { &self.0 }
/// }
/// ```
pub mod a_foreign_primitive_is_unsafe_to_write {}

/// A locked queue belongs to one thread: its methods read what the lock guards through `&self`.
///
/// ```
/// # use awaitlist_core::WaitQueue;
/// fn is_shared<T: Sync>() {}
/// is_shared::<WaitQueue>();
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist_core::QueueGuard;
/// fn is_shared<T: Sync>() {}
/// is_shared::<QueueGuard<'static>>();
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist_core::QueueGuard;
/// fn is_sent<T: Send>() {}
/// is_sent::<QueueGuard<'static>>();
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist_core::LockedWaiter;
/// fn is_shared<T: Sync>() {}
/// is_shared::<LockedWaiter<'static>>();
/// ```
pub mod a_locked_queue_is_not_shared {}

/// A waiter and its locked queue stay a pair: the guard is lent out by shared reference only.
///
/// ```
/// # use awaitlist_core::LockedWaiter;
/// fn front(waiter: LockedWaiter<'_>) -> Option<usize> { waiter.front() }
/// ```
///
/// ```compile_fail,E0596
/// # use awaitlist_core::{LockedWaiter, QueueGuard};
/// fn swap<'a>(mut waiter: LockedWaiter<'a>, mut other: QueueGuard<'a>) {
///     std::mem::swap(&mut *waiter, &mut other);
/// }
/// ```
pub mod a_locked_waiter_keeps_its_guard {}

/// A condition is a `Condition`: the trait that its futures are generic over is sealed.
///
/// ```
/// # use awaitlist::condition::{AnyCondition, Condition};
/// fn is_condition(_: &impl AnyCondition) {}
/// is_condition(&Condition::new(()));
/// ```
///
/// ```compile_fail,E0277
/// # use awaitlist::condition::{AnyCondition, RawCondition};
/// struct Own(RawCondition);
/// impl AnyCondition for Own {
///     fn as_raw(&self) -> &RawCondition { &self.0 }
/// }
/// ```
pub mod only_a_condition_is_a_condition {}
