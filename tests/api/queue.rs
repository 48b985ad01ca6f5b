//! The core's wait queue by itself, and the raw semaphore on it.

use std::{
    mem,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    task::{Context, Waker},
    thread,
};

use awaitlist::{Lock, semaphore::MAX_PERMITS};
use awaitlist_core::{
    Access, Guarded, LockedWaiter, WaitQueue, Waiter, sync::Ordering::Relaxed,
    trace::PrimitiveTrace,
};
use awaitlist_semaphore::raw::{Bounded, RawSemaphore, TooManyPermits};
use awaitlist_tests::{TestWaker, caught};

const fn queue_of<S>(payload: usize, state: S) -> WaitQueue<S> {
    // SAFETY: these tests drop each guard on the thread that made it, innermost first, and run no
    // code of others meanwhile.
    unsafe { WaitQueue::new(payload, state, PrimitiveTrace::event(None)) }
}

#[test]
fn one_thread_at_a_time_is_in_a_queue() {
    const THREADS: usize = 4;
    const TIMES: usize = 100;
    let queue = queue_of(0, Guarded::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    let mut queue = queue.lock();
                    let before = *queue.state();
                    // Others come meanwhile.
                    thread::yield_now();
                    *queue.state_mut() = before + 1;
                }
            });
        }
    });
    assert_eq!(*queue.lock().state(), THREADS * TIMES);
}

/// Runs `body` on another thread while `queue` is locked, and unlocks it when that thread can get
/// no further.
fn while_locked<S: Sync, R: Send>(queue: &WaitQueue<S>, body: impl FnOnce() -> R + Send) -> R {
    let (came, went) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let guard = queue.lock();
        let other = scope.spawn(|| {
            came.store(true, SeqCst);
            let result = body();
            went.store(true, SeqCst);
            result
        });
        // Until it has come, and then as long as it takes to find another way in, if there were
        // one.
        let mut turns = 0;
        while turns < 100 {
            thread::yield_now();
            turns += usize::from(came.load(SeqCst));
        }
        assert!(!went.load(SeqCst), "no thread passes the lock of a queue");
        drop(guard);
        other.join().unwrap()
    })
}

#[test]
fn a_thread_that_finds_a_queue_locked_waits_until_it_is_unlocked() {
    let queue = queue_of(7, ());
    assert_eq!(while_locked(&queue, || queue.lock().payload()), 7);
    assert_eq!(while_locked(&queue, || queue.read().payload()), 7);
}

#[test]
fn a_locked_queue_errs_on_the_safe_side() {
    let queue = queue_of(7, ());
    let guard = queue.lock();
    let word = queue.load(Relaxed);
    assert!(word.is_locked() && word.has_waiters());
    assert_eq!((word.payload(), word.idle_payload()), (0, None));
    drop(guard);
    assert_eq!(queue.load(Relaxed).idle_payload(), Some(7));
}

fn bounded(value: usize, bound: usize) -> RawSemaphore<Bounded> {
    let trace = PrimitiveTrace::bounded_semaphore(None, value);
    RawSemaphore::new(value, Bounded::new(bound), trace)
}

#[test]
fn a_release_of_no_permits_is_always_within_the_bound() {
    let five = bounded(5, 5);
    assert_eq!(five.release(0), Ok(()));
    five.release_saturating(1);
    assert_eq!(five.release(1), Err(TooManyPermits));
    assert_eq!(five.value(), 5);
    let shown = format!("{five:?}");
    assert_eq!(shown, "RawSemaphore { value: 5, waiters: 0, bound: Bounded(5) }");
}

#[test]
fn a_bound_above_what_there_can_be_is_that() {
    let one = bounded(1, usize::MAX);
    assert_eq!(one.release(usize::MAX / 2), Err(TooManyPermits));
    assert_eq!(one.value(), 1);
    one.release_saturating(usize::MAX / 2);
    assert_eq!(one.value(), MAX_PERMITS);
}

#[test]
fn a_thread_that_holds_a_lock_does_not_hold_its_queue() {
    let lock = Lock::new(());
    let guard = lock.try_acquire();
    assert!(guard.is_some() && lock.locked());
    assert_eq!(lock.waiters(), 0);
}

/// A primitive of another crate: a queue, and what its waiters' drops do.
struct Foreign {
    queue: WaitQueue,
    cancel: fn(&WaitQueue, LockedWaiter<'_>) -> Option<Waker>,
}

struct ForeignAccess;

// SAFETY: the queue is a field.
unsafe impl Access<Foreign> for ForeignAccess {
    const FUTURE: &'static str = "Foreign";

    type State = ();

    fn queue(foreign: &Foreign) -> &WaitQueue {
        &foreign.queue
    }

    fn cancel(foreign: &Foreign, waiter: LockedWaiter<'_>) -> Option<Waker> {
        (foreign.cancel)(&foreign.queue, waiter)
    }
}

type ForeignWaiter<'a> = Pin<Box<Waiter<&'a Foreign, ForeignAccess>>>;

impl Foreign {
    fn new(cancel: fn(&WaitQueue, LockedWaiter<'_>) -> Option<Waker>) -> Self {
        Self { queue: queue_of(0, ()), cancel }
    }

    fn enqueue(&self) -> ForeignWaiter<'_> {
        let mut waiter = Box::pin(Waiter::new(self, 0));
        let context = Context::from_waker(Waker::noop());
        let admitted = waiter.as_mut().admit_or_enqueue::<()>(&context, |_, _| Err(0));
        assert!(admitted.is_pending());
        waiter
    }

    #[track_caller]
    fn assert_empty(&self) {
        assert_eq!(self.queue.waiters(), 0);
        assert_eq!(self.queue.lock().front(), None);
    }
}

/// A node that stays linked when its future is freed is a use after free for the next one.
#[test]
fn a_cancel_that_panics_leaves_no_waiter_behind() {
    let foreign = Foreign::new(|_, waiter| {
        drop(waiter);
        panic!("cancelled");
    });
    let waiter = foreign.enqueue();
    assert_eq!(caught(|| drop(waiter)).message, "cancelled");
    foreign.assert_empty();
}

#[test]
fn a_cancel_that_unlocks_the_queue_meets_others_there() {
    let foreign = Foreign::new(|queue, waiter| {
        let waiter = waiter.unlocked(|| drop(queue.lock().notify(0)));
        assert!(waiter.is_notified());
        waiter.remove().1
    });
    drop(foreign.enqueue());
    foreign.assert_empty();
}

/// Two guards are of one type, so safe code can swap them.
#[test]
fn a_waiter_is_not_enqueued_with_the_guard_of_another_queue() {
    let foreign = Foreign::new(|_, waiter| waiter.remove().1);
    static OTHER: WaitQueue = queue_of(0, ());
    let mut waiter = Box::pin(Waiter::<_, ForeignAccess>::new(&foreign, 0));
    let context = Context::from_waker(Waker::noop());
    let swapped = caught(|| {
        waiter.as_mut().admit_or_enqueue::<()>(&context, |_, queue| {
            let mut guard = OTHER.lock();
            mem::swap(queue, &mut guard);
            Err(0)
        })
    });
    assert!(swapped.message.contains("queue"), "{}", swapped.message);
    assert!(!waiter.is_queued());
    foreign.assert_empty();
    assert_eq!(OTHER.read().idle_payload(), Some(0));
}

#[test]
fn a_waiter_is_not_enqueued_twice() {
    let foreign = Foreign::new(|_, waiter| waiter.remove().1);
    let mut waiter = foreign.enqueue();
    let context = Context::from_waker(Waker::noop());
    let twice = caught(|| waiter.as_mut().admit_or_enqueue::<()>(&context, |_, _| Err(0)));
    assert!(twice.message.contains("once"), "{}", twice.message);
    assert_eq!(foreign.queue.waiters(), 1);
}

#[test]
fn a_waiter_that_was_removed_by_its_notifier_needs_no_lock_to_see_it() {
    let foreign = Foreign::new(|_, waiter| waiter.remove().1);
    let mut waiter = foreign.enqueue();
    assert!(!waiter.as_mut().take_removal());
    drop(foreign.queue.lock().notify_and_remove());
    assert_eq!(foreign.queue.waiters(), 0);
    let guard = foreign.queue.lock();
    assert!(waiter.as_mut().take_removal());
    drop(guard);
    assert!(!waiter.is_queued());
}

#[test]
fn a_notifier_that_panics_drops_no_waker_under_the_lock() {
    static FOREIGN: Foreign = Foreign { queue: queue_of(0, ()), cancel: |_, w| w.remove().1 };
    for panics_at in 1..=3 {
        let watched = TestWaker::new().on_drop(|| {
            assert!(!FOREIGN.queue.load(Relaxed).is_locked());
        });
        let mut waiters = Vec::new();
        for _ in 0..4 {
            let mut waiter = Box::pin(Waiter::<_, ForeignAccess>::new(&FOREIGN, 0));
            let waker = watched.waker();
            let context = Context::from_waker(&waker);
            let admitted = waiter.as_mut().admit_or_enqueue::<()>(&context, |_, _| Err(0));
            assert!(admitted.is_pending());
            waiters.push(waiter);
        }
        let mut calls = 0;
        let panic = caught(|| {
            FOREIGN.queue.lock().notify_while(|queue| {
                calls += 1;
                assert!(calls < panics_at, "no more");
                queue.notify(0)
            });
        });
        assert_eq!(panic.message, "no more");
        drop(waiters);
        FOREIGN.assert_empty();
    }
}
