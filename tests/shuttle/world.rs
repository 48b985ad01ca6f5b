//! The primitives, and the threads that use them.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
};

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, LockGuard, Semaphore};
use shuttle::{
    future::{block_on, spawn, yield_now},
    rand::{Rng, thread_rng},
    thread,
};

const PERMITS: usize = 3;
const BOUND: usize = 2;
const CAPACITY: usize = 1;

struct World {
    start: Event,
    signal: Event,
    lock: Lock,
    semaphore: Semaphore,
    bounded: BoundedSemaphore,
    buffer: Arc<Lock<usize>>,
    not_empty: Condition<usize, Arc<Lock<usize>>>,
    not_full: Condition<usize, Arc<Lock<usize>>>,
    /// Aborted and reset.
    unsteady: Barrier,
    /// All threads meet here at the end.
    finish: Barrier,
    // Not shuttle's atomics: they only check, and are no points of the schedule.
    inside: AtomicUsize,
    permits: AtomicUsize,
    bounded_permits: AtomicUsize,
}

/// Counts up, and down when it is dropped.
struct Count<'a>(&'a AtomicUsize, usize);

impl<'a> Count<'a> {
    fn new(count: &'a AtomicUsize, n: usize, most: usize) -> Self {
        assert!(count.fetch_add(n, SeqCst) + n <= most, "more are held than there are");
        Self(count, n)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, SeqCst);
    }
}

/// One schedule: from 4 to 8 threads, half of which are tasks of shuttle's executor.
pub(super) fn run() {
    let workers = thread_rng().gen_range(3..8);
    let buffer = Arc::new(Lock::new(0));
    let world = Arc::new(World {
        start: Event::new(),
        signal: Event::new(),
        lock: Lock::new(()),
        semaphore: Semaphore::new(PERMITS),
        bounded: BoundedSemaphore::new(BOUND),
        not_empty: Condition::with_lock(Arc::clone(&buffer)),
        not_full: Condition::with_lock(Arc::clone(&buffer)),
        buffer,
        unsteady: Barrier::new(2),
        finish: Barrier::new(workers + 1),
        inside: AtomicUsize::new(0),
        permits: AtomicUsize::new(0),
        bounded_permits: AtomicUsize::new(0),
    });
    let mut threads = Vec::new();
    let mut tasks = Vec::new();
    for number in 0..workers {
        let world = Arc::clone(&world);
        if number % 2 == 0 {
            threads.push(thread::spawn(move || block_on(world.work())));
        } else {
            tasks.push(spawn(async move { world.work().await }));
        }
    }
    world.start.set();
    let mut indices = vec![block_on(world.finish.wait()).expect("it is never broken")];
    indices.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
    indices.extend(tasks.into_iter().map(|task| block_on(task).unwrap()));
    indices.sort_unstable();
    assert!(indices.into_iter().eq(0..=workers), "an index for each party");
    world.check_at_rest();
}

impl World {
    async fn work(&self) -> usize {
        self.start.wait().await;
        for _ in 0..2 {
            let act = thread_rng().gen_range(0..9);
            match act {
                0 => self.in_lock().await,
                1 => self.forget_and_release().await,
                2 => self.with_permits().await,
                3 => self.with_permit_of_bounded(self.in_lock()).await,
                4 => self.with_permit_of_bounded(self.with_permits()).await,
                5 => self.events().await,
                6 => self.arrive().await,
                7 => self.produce_and_consume().await,
                _ => {
                    // Both acquire: the loser is dropped wherever it is.
                    give_up(self.in_lock()).await;
                    give_up(self.with_permits()).await;
                }
            }
        }
        self.finish.wait().await.expect("it is never broken")
    }

    async fn in_lock(&self) {
        let _guard = self.lock.acquire().await;
        let _inside = Count::new(&self.inside, 1, 1);
        assert!(self.lock.locked());
        yield_now().await;
    }

    async fn forget_and_release(&self) {
        let guard = match self.lock.try_acquire() {
            Some(guard) => guard,
            None => self.lock.acquire().await,
        };
        let inside = Count::new(&self.inside, 1, 1);
        LockGuard::forget(guard);
        yield_now().await;
        drop(inside);
        self.lock.release().expect("it was forgotten");
    }

    async fn with_permits(&self) {
        let n = thread_rng().gen_range(0..=PERMITS);
        let _permit = self.semaphore.acquire_many(n).await;
        let _out = Count::new(&self.permits, n, PERMITS);
        yield_now().await;
    }

    async fn with_permit_of_bounded(&self, act: impl Future<Output = ()>) {
        let _permit = self.bounded.acquire().await;
        let _out = Count::new(&self.bounded_permits, 1, BOUND);
        act.await;
    }

    async fn events(&self) {
        match thread_rng().gen_range(0..3) {
            0 => self.signal.set(),
            1 => self.signal.clear(),
            _ => give_up(self.signal.wait()).await,
        }
    }

    async fn arrive(&self) {
        match thread_rng().gen_range(0..6) {
            0 => self.unsteady.abort(),
            1 => self.unsteady.reset(),
            _ => {
                give_up(async {
                    let _ = self.unsteady.wait().await;
                })
                .await;
            }
        }
    }

    /// As many are in the buffer as there are threads that have produced and not consumed yet, so
    /// one that waits can always go on. A wait that is given up must have passed its notification
    /// on.
    async fn produce_and_consume(&self) {
        give_up(async {
            let items = self.buffer.acquire().await;
            drop(self.not_empty.wait_for(items, |items| *items > 0).await);
        })
        .await;
        let items = self.buffer.acquire().await;
        let mut items = self.not_full.wait_for(items, |items| *items < CAPACITY).await;
        *items += 1;
        // All: one that only looks at the items may be the first.
        self.not_empty.notify_all(&items);
        drop(items);
        let items = self.buffer.acquire().await;
        let mut items = self.not_empty.wait_for(items, |items| *items > 0).await;
        *items -= 1;
        self.not_full.notify(&items, 1);
    }

    fn check_at_rest(&self) {
        assert_eq!(self.lock.to_string(), "<Lock [unlocked]>");
        assert_eq!((self.semaphore.value(), self.semaphore.waiters()), (PERMITS, 0));
        assert_eq!((self.bounded.value(), self.bounded.waiters()), (BOUND, 0));
        assert_eq!((self.start.waiters(), self.signal.waiters()), (0, 0));
        assert_eq!((self.not_empty.waiters(), self.not_full.waiters()), (0, 0));
        assert_eq!(*self.buffer.try_acquire().expect("it is free"), 0);
        self.unsteady.reset();
        assert_eq!(self.unsteady.to_string(), "<Barrier [filling, waiters:0/2]>");
        let parties = self.finish.parties();
        assert_eq!(self.finish.to_string(), format!("<Barrier [filling, waiters:0/{parties}]>"));
    }
}

/// Polls a few times, and drops what is not ready then.
async fn give_up(act: impl Future<Output = ()>) {
    let mut left = thread_rng().gen_range(0..4);
    let mut act = pin!(act);
    poll_fn(|context| {
        if act.as_mut().poll(context).is_ready() || left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
