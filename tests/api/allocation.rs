//! Nothing in the suite allocates: no wait, contended or not, cancelled or not, one or many, and no
//! wake.

use awaitlist::{Barrier, Block, BoundedSemaphore, Condition, Event, Lock, LockGuard, Semaphore};
use awaitlist_tests::{now, poll};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::{pending, ready},
    pin::Pin,
    sync::Arc,
    task::Waker,
    thread,
    time::Duration,
};

/// The system's allocator, which counts for each thread how often it was asked.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

impl Counting {
    fn count() {
        // A thread that is ending has nothing to count with.
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    }
}

// SAFETY: everything is left to the system's allocator. Counting does not allocate: the counter is
// a constant.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: the caller's obligations are those of `System`, to which this forwards.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: the caller's obligations are those of `System`, to which this forwards.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::count();
        // SAFETY: the caller's obligations are those of `System`, to which this forwards.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's obligations are those of `System`, to which this forwards.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread allocates while `body` runs.
pub(crate) fn allocations(body: impl FnOnce()) -> usize {
    let before = COUNT.get();
    body();
    COUNT.get() - before
}

/// More than go into one batch of wakes, or two.
const MANY: usize = 100;

/// `MANY` futures, made and pinned before anything is counted.
fn many<F: Future>(make: impl FnMut() -> F) -> Vec<Pin<Box<F>>> {
    std::iter::repeat_with(make).take(MANY).map(Box::pin).collect()
}

/// Polls all of them once, and returns how many are ready. Their outputs are dropped at once.
fn poll_all<F: Future>(futures: &mut [Pin<Box<F>>]) -> usize {
    let is_ready = |future: &mut Pin<Box<F>>| poll(future, Waker::noop()).is_ready();
    futures.iter_mut().map(is_ready).filter(|ready| *ready).count()
}

#[test]
fn the_count_counts() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
    assert_eq!(allocations(|| drop(vec![1, 2].into_boxed_slice())), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn nothing_allocates_where_nobody_waits() {
    let lock = Arc::new(Lock::new(()));
    let event = Arc::new(Event::new());
    let condition = Arc::new(Condition::with_lock(Arc::clone(&lock)));
    let semaphore = Arc::new(Semaphore::new(3));
    let bounded = Arc::new(BoundedSemaphore::new(3));
    let barrier = Arc::new(Barrier::new(1));
    let count = allocations(|| {
        drop(now(lock.acquire()));
        drop(now(lock.acquire_owned()));
        drop(lock.try_acquire());
        drop(LockGuard::map(now(lock.acquire()), |value| value));
        LockGuard::forget(now(lock.acquire()));
        lock.release().unwrap();

        event.set();
        now(event.wait());
        now(event.wait_owned());
        event.clear();

        let guard = now(condition.wait_for(now(condition.acquire()), |()| true));
        let (guard, outcome) = now(condition.wait_or(guard, ready(1)));
        condition.notify_all(&guard);
        assert_eq!(outcome, Err(1));
        drop(guard);

        let mut permit = now(semaphore.acquire_many_owned(3));
        let two = permit.split(2).unwrap();
        permit.merge(two);
        drop(permit);
        now(semaphore.acquire()).forget();
        semaphore.release();

        drop(now(bounded.acquire_many(2)));
        assert!(bounded.release().is_err());

        assert_eq!(now(barrier.wait()), Ok(0));
        assert_eq!(now(barrier.wait_owned()), Ok(0));
        barrier.abort();
        barrier.reset();
    });
    assert_eq!(count, 0);
}

#[test]
fn many_wait_for_a_lock() {
    let lock = Arc::new(Lock::new(()));
    let held = now(lock.acquire());
    let mut waits = many(|| lock.acquire());
    let mut owned = many(|| lock.acquire_owned());
    let count = allocations(|| {
        assert_eq!(poll_all(&mut waits), 0);
        assert_eq!(poll_all(&mut owned), 0);
        drop(held);
        // Each passes it on to the next as it drops its guard.
        assert_eq!(poll_all(&mut waits), MANY);
        assert_eq!(poll_all(&mut owned), MANY);
    });
    assert_eq!(count, 0);
}

#[test]
fn many_wait_for_an_event() {
    let event = Arc::new(Event::new());
    let mut waits = many(|| event.wait());
    let mut owned = many(|| event.wait_owned());
    let count = allocations(|| {
        assert_eq!(poll_all(&mut waits), 0);
        assert_eq!(poll_all(&mut owned), 0);
        event.set();
        assert_eq!(poll_all(&mut waits), MANY);
        assert_eq!(poll_all(&mut owned), MANY);
    });
    assert_eq!(count, 0);
}

#[test]
fn many_wait_for_a_condition_with_a_predicate_and_with_a_stop() {
    let condition = Condition::new(false);
    let stop = Event::new();
    let count = |counted: usize| assert_eq!(counted, 0);

    // A wait takes the guard and releases it at its first poll, so these are made and polled one by
    // one.
    let mut waits = Vec::with_capacity(MANY);
    let mut picky = Vec::with_capacity(MANY);
    let mut stopped = Vec::with_capacity(MANY);
    for _ in 0..MANY {
        waits.push(Box::pin(condition.wait(now(condition.acquire()))));
        count(allocations(|| assert_eq!(poll_all(&mut waits), 0)));
        picky.push(Box::pin(condition.wait_for(now(condition.acquire()), |ready| *ready)));
        count(allocations(|| assert_eq!(poll_all(&mut picky), 0)));
        stopped.push(Box::pin(condition.wait_or(now(condition.acquire()), stop.wait())));
        count(allocations(|| assert_eq!(poll_all(&mut stopped), 0)));
    }
    count(allocations(|| {
        condition.notify(&now(condition.acquire()), 7);
        stop.set();
        // The first three of each kind were notified, or four; of `stopped` all are ready by now.
        assert_eq!(poll_all(&mut waits), 3);
        assert_eq!(poll_all(&mut picky), 0);
        assert_eq!(poll_all(&mut stopped), MANY);
    }));
    drop(stopped);
    waits.drain(..3);
    count(allocations(|| {
        let mut guard = now(condition.acquire());
        *guard = true;
        condition.notify_all(&guard);
        // In the lock's queue now.
        assert_eq!(poll_all(&mut waits) + poll_all(&mut picky), 0);
        drop(guard);
        assert_eq!(poll_all(&mut waits), MANY - 3);
        assert_eq!(poll_all(&mut picky), MANY);
    }));
}

#[test]
fn many_wait_for_permits() {
    let semaphore = Arc::new(Semaphore::new(0));
    let bounded = Arc::new(BoundedSemaphore::new(2));
    let held = now(bounded.acquire_many(2));
    let mut waits = many(|| semaphore.acquire_many(2));
    let mut owned = many(|| semaphore.acquire_owned());
    let mut bounded_waits = many(|| bounded.acquire_owned());
    let count = allocations(|| {
        assert_eq!(poll_all(&mut waits) + poll_all(&mut owned), 0);
        assert_eq!(poll_all(&mut bounded_waits), 0);
        semaphore.release_many(3 * MANY);
        drop(held);
        assert_eq!(poll_all(&mut waits) + poll_all(&mut owned), 2 * MANY);
        assert_eq!(poll_all(&mut bounded_waits), MANY);
    });
    assert_eq!(count, 0);
}

#[test]
fn many_wait_at_a_barrier() {
    let barrier = Arc::new(Barrier::new(MANY + 1));
    let mut waits = many(|| barrier.wait());
    let mut gated = many(|| barrier.wait_owned());
    let count = allocations(|| {
        assert_eq!(poll_all(&mut waits), 0);
        assert_eq!(now(barrier.wait()), Ok(MANY));
        assert_eq!(poll_all(&mut gated), 0);
        assert_eq!(poll_all(&mut waits), MANY);
        assert_eq!(poll_all(&mut gated), 0);
        assert_eq!(barrier.n_waiting(), MANY);
        barrier.abort();
        assert_eq!(poll_all(&mut gated), MANY);
    });
    assert_eq!(count, 0);
}

#[test]
fn many_are_cancelled_in_every_state() {
    let lock = Lock::new(());
    let event = Event::new();
    let semaphore = Semaphore::new(0);
    let barrier = Barrier::new(MANY + 1);
    let held = now(lock.acquire());
    let mut for_lock = many(|| lock.acquire());
    let mut for_event = many(|| event.wait());
    let mut for_permit = many(|| semaphore.acquire());
    let mut at_barrier = many(|| barrier.wait());
    let count = allocations(|| {
        assert_eq!(poll_all(&mut for_lock) + poll_all(&mut for_event), 0);
        assert_eq!(poll_all(&mut for_permit) + poll_all(&mut at_barrier), 0);
        // The freed boxes are no allocations.
        for_lock.truncate(MANY / 2);
        for_event.truncate(MANY / 2);
        for_permit.truncate(MANY / 2);
        at_barrier.truncate(MANY / 2);
        drop(held);
        event.set();
        semaphore.release_many(MANY / 4);
        barrier.reset();
        for_lock.clear();
        for_event.clear();
        for_permit.clear();
        at_barrier.clear();
    });
    assert_eq!(count, 0);
    assert_eq!((lock.waiters(), event.waiters(), semaphore.waiters()), (0, 0, 0));
    assert_eq!(semaphore.value(), MANY / 4);
}

#[test]
fn a_condition_wait_is_cancelled_in_every_state() {
    let condition = Condition::new(());
    let mut waits = Vec::with_capacity(4);
    for _ in 0..4 {
        waits.push(Box::pin(condition.wait(now(condition.acquire()))));
        assert_eq!(poll_all(&mut waits), 0);
    }
    let mut stopped = Box::pin(condition.wait_or(now(condition.acquire()), pending::<()>()));
    assert!(poll(&mut stopped, Waker::noop()).is_pending());
    let count = allocations(|| {
        let guard = now(condition.acquire());
        condition.notify(&guard, 2);
        // The first waits for the lock, the second was notified, the others wait on.
        assert!(poll(&mut waits[0], Waker::noop()).is_pending());
        while let Some(wait) = waits.pop() {
            drop(wait);
        }
        drop(guard);
        drop(stopped);
    });
    assert_eq!(count, 0);
    assert_eq!((condition.waiters(), condition.lock().waiters()), (0, 0));
}

#[test]
fn a_thread_blocks_without_allocating_after_its_first_time() {
    let event = Event::new();
    let lock = Lock::new(());
    thread::scope(|scope| {
        scope.spawn(|| {
            let held = now(lock.acquire());
            let give_up = || {
                assert!(lock.acquire().block_timeout(Duration::ZERO).is_err());
            };
            give_up();
            event.wait().block();
            let first = allocations(|| {
                give_up();
                event.wait().block();
            });
            assert_eq!(first, 0);
            drop(held);
            assert_eq!(allocations(|| drop(lock.acquire().block())), 0);
        });
        event.set();
    });
}

#[test]
fn a_thread_that_is_really_put_to_sleep_does_not_allocate_either() {
    let (ping, pong) = (Semaphore::new(0), Semaphore::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                ping.acquire().block().forget();
                pong.release();
            }
        });
        let counts = [(); 3].map(|()| {
            allocations(|| {
                ping.release();
                pong.acquire().block().forget();
            })
        });
        assert_eq!(counts[1..], [0, 0]);
    });
}
