//! The cost of the work without a primitive.

use std::{
    cell::Cell,
    future::{pending, poll_fn},
    hint::black_box,
    marker::PhantomPinned,
    pin::Pin,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use atomic_waker::AtomicWaker;
use tokio::time::timeout_at;

use crate::harness::{Load, Stopwatch, cancelling, race, yield_once};

/// Two exchanges: the least that a lock with its state in one word can need.
pub fn cas_pair(load: &Load) -> Duration {
    let word = AtomicUsize::new(1);
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        let word = black_box(&word);
        let taken = word.compare_exchange(1, 0, Ordering::Acquire, Ordering::Relaxed);
        let given = word.compare_exchange(0, 1, Ordering::Release, Ordering::Relaxed);
        assert!(taken.is_ok() && given.is_ok());
    }
    watch.elapsed()
}

/// Two exchanges, each after a load: the least that a lock can need which makes no exchange in vain
/// when it is held, and the least that a count can need.
pub fn cas_pair_with_looks(load: &Load) -> Duration {
    let word = AtomicUsize::new(1);
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        let word = black_box(&word);
        for (step, ordering) in [(1, Ordering::Acquire), (usize::MAX, Ordering::Release)] {
            let seen = word.load(Ordering::Relaxed);
            let next = seen.wrapping_sub(step);
            let exchanged = word.compare_exchange(seen, next, ordering, Ordering::Relaxed);
            assert!(exchanged.is_ok());
        }
    }
    watch.elapsed()
}

/// One load: the least that a wait can need which is over already.
pub fn load(load: &Load) -> Duration {
    let word = AtomicUsize::new(1);
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        assert!(black_box(&word).load(Ordering::Acquire) == 1);
    }
    watch.elapsed()
}

/// The moment at which many waits time out, after all of them have been enqueued.
pub(crate) fn deadline() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_millis(15)
}

/// The same number of timeouts of futures that are never ready.
pub fn timers(load: &Load) -> Duration {
    (0..load.repeats)
        .map(|_| {
            let deadline = deadline();
            race(load.threads, load.waiters, |_| async move {
                assert!(timeout_at(deadline, pending::<()>()).await.is_err());
            });
            tokio::time::Instant::now() - deadline
        })
        .sum()
}

/// Tasks that yield twice a turn: the cost of being suspended twice, instead of one wait and one
/// yield.
pub fn two_yields(load: &Load) -> Duration {
    let turns = load.repeats;
    race(load.threads, load.waiters, |_| async move {
        for _ in 0..turns {
            yield_once().await;
            yield_once().await;
        }
    })
}

/// The cost of the tasks of a row that queues its waiters, without what they wait for: each keeps
/// its waker in its own future, is woken, and runs. There is no queue, no lock and no state.
pub fn bare_wake_ups(load: &Load) -> Duration {
    let mut line = load.line();
    let watch = Stopwatch::thread();
    for _ in 0..load.repeats {
        for task in 0..load.waiters {
            line.queue(task, WokenOnce::default());
        }
        for task in 0..load.waiters {
            line.with(task, WokenOnce::wake);
        }
        line.run(load.waiters);
    }
    watch.elapsed()
}

/// Keeps the waker of its first poll, and is ready at the second.
#[derive(Default)]
struct WokenOnce {
    waker: Option<Waker>,
    woken: bool,
}

impl WokenOnce {
    #[inline]
    fn wake(mut self: Pin<&mut Self>) {
        self.woken = true;
        self.waker.take().into_iter().for_each(Waker::wake);
    }
}

impl Future for WokenOnce {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.woken {
            return Poll::Ready(());
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Boxes of a cache line each, dropped in the order in which futures are cancelled.
pub fn boxes(load: &Load) -> Duration {
    let mut boxes: Vec<Option<Box<[usize; 8]>>> =
        (0..load.units()).map(|id| Some(Box::new([id; 8]))).collect();
    let watch = Stopwatch::thread();
    for id in load.shuffled() {
        boxes[id] = None;
    }
    watch.elapsed()
}

/// Futures of a cache line each that hold a waker and are in no queue, dropped in the same order:
/// the memory that each cancelled future touches, without its neighbours.
pub fn wakers(load: &Load) -> Duration {
    cancelling(load, |_| HoldWaker::default())
}

/// Keeps the waker of its first poll, and is never ready.
#[derive(Default)]
struct HoldWaker {
    waker: Option<Waker>,
    _rest: [usize; 6],
}

impl Future for HoldWaker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Futures in a list with nothing around it but one exchange, dropped in the same order: the least
/// that a waiter in the middle of a queue needs to leave it. Such a future is a word smaller than
/// ours.
pub fn bare_list(load: &Load) -> Duration {
    let lists = load.repeat(BareList::default);
    cancelling(load, |repeat| Linked {
        links: Links::default(),
        waker: None,
        list: &lists[repeat],
        _pin: PhantomPinned,
    })
}

/// The end of a list that one thread uses, and the word that would keep others out.
#[derive(Default)]
struct BareList {
    word: AtomicUsize,
    last: Cell<Option<ptr::NonNull<Links>>>,
}

#[derive(Default)]
struct Links {
    previous: Cell<Option<ptr::NonNull<Links>>>,
    next: Cell<Option<ptr::NonNull<Links>>>,
}

/// Joins a list when it is first polled, and is never ready.
struct Linked<'l> {
    links: Links,
    waker: Option<Waker>,
    list: &'l BareList,
    _pin: PhantomPinned,
}

impl Future for Linked<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        let links = ptr::NonNull::from(&this.links);
        let last = this.list.last.replace(Some(links));
        this.links.previous.set(last);
        if let Some(last) = last {
            // SAFETY: it is linked, so it is pinned and has not been dropped.
            unsafe { last.as_ref() }.next.set(Some(links));
        }
        this.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Linked<'_> {
    fn drop(&mut self) {
        let word = &self.list.word;
        let taken = word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        assert!(taken.is_ok());
        let (previous, next) = (self.links.previous.get(), self.links.next.get());
        if let Some(previous) = previous {
            // SAFETY: a neighbour is linked, so it is pinned and has not been dropped.
            unsafe { previous.as_ref() }.next.set(next);
        }
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { next.as_ref() }.previous.set(previous),
            None => self.list.last.set(previous),
        }
        word.store(0, Ordering::Release);
    }
}

/// Tasks in a ring, each of which yields and then wakes the next: the least that a runtime needs to
/// pass a turn on. No task joins a queue or leaves one.
pub fn bare_ring(load: &Load) -> Duration {
    ring(load, 1)
}

/// The same with eight turns at a time. A task that finishes one wakes the eighth behind it.
pub fn bare_ring_of_eight(load: &Load) -> Duration {
    ring(load, 8)
}

fn ring(load: &Load, at_a_time: usize) -> Duration {
    let turns = load.repeats;
    let ring = Arc::new(Ring {
        at_a_time,
        finished: AtomicUsize::new(0),
        wakers: (0..load.waiters).map(|_| AtomicWaker::new()).collect(),
    });
    race(load.threads, load.waiters, |id| {
        let ring = Arc::clone(&ring);
        async move {
            for turn in 0..turns {
                poll_fn(|context| ring.poll_turn(turn, id, context)).await;
                yield_once().await;
                ring.finish_turn();
            }
        }
    })
}

/// Turns go around: the first of each task, then the second of each.
struct Ring {
    at_a_time: usize,
    finished: AtomicUsize,
    wakers: Box<[AtomicWaker]>,
}

impl Ring {
    fn poll_turn(&self, turn: usize, id: usize, context: &Context<'_>) -> Poll<()> {
        let before = turn * self.wakers.len() + id;
        let begins = || before < self.finished.load(Ordering::Acquire) + self.at_a_time;
        if begins() {
            return Poll::Ready(());
        }
        self.wakers[id].register(context.waker());
        if begins() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn finish_turn(&self) {
        let finished = self.finished.fetch_add(1, Ordering::AcqRel) + 1;
        // The turn that may begin now.
        let begins = finished + self.at_a_time - 1;
        self.wakers[begins % self.wakers.len()].wake();
    }
}
