//! Many tasks on two threads, with yields and cancellations thrown by rng. A bounded amount of work each; what must
//! hold is counted, no time is.

use awaitlist::{
    Barrier, Block, BoundedSemaphore, Condition, Event, Lock, LockGuard, OwnedLockGuard, Semaphore,
};
use awaitlist_tests::Rng;
use std::{
    collections::VecDeque,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinHandle, yield_now},
};

const TASKS: usize = 32;

fn two_threads() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("two threads are to be had")
}

/// Runs a task for each number, with rng of its own, and answers what they answer.
fn run<F>(tasks: usize, mut task: impl FnMut(usize, Rng) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let runtime = two_threads();
    let tasks: Vec<JoinHandle<_>> = (0..tasks)
        .map(|n| runtime.spawn(task(n, Rng::new(n as u64))))
        .collect();
    runtime.block_on(async {
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await.expect("a task of the test panicked"));
        }
        outputs
    })
}

/// Lets others run for a few turns, then is ready: what a wait is given up for.
async fn a_while(turns: usize) {
    for _ in 0..turns {
        yield_now().await;
    }
}

/// Waits for a future, but not always to its end.
async fn perhaps<F: Future>(future: F, rng: &mut Rng) -> Option<F::Output> {
    if rng.one_in(2) {
        return Some(future.await);
    }
    let turns = rng.below(4);
    tokio::select! {
        // In this order, so that now and then a future is dropped after it was woken.
        biased;
        () = a_while(turns) => None,
        output = future => Some(output),
    }
}

/// A place that one at a time may be in.
#[derive(Default)]
struct Alone(AtomicBool);

impl Alone {
    async fn visit(&self, rng: &mut Rng) {
        assert!(!self.0.swap(true, SeqCst), "two at once");
        if rng.one_in(3) {
            yield_now().await;
        }
        assert!(self.0.swap(false, SeqCst), "two at once");
    }
}

#[test]
fn one_at_a_time_holds_a_lock() {
    let lock = Arc::new(Lock::new(0));
    let alone = Arc::new(Alone::default());
    let counts = run(TASKS, |_, mut rng| {
        let (lock, alone) = (Arc::clone(&lock), Arc::clone(&alone));
        async move {
            let mut count = 0;
            for _ in 0..1000 {
                if let Some(mut guard) = perhaps(lock.acquire(), &mut rng).await {
                    alone.visit(&mut rng).await;
                    *guard += 1;
                    count += 1;
                }
            }
            count
        }
    });
    assert_eq!(lock.waiters(), 0);
    let total = *lock.try_acquire().expect("nobody is left");
    assert_eq!(total, counts.into_iter().sum::<usize>());
    assert!(total >= TASKS * 400);
}

#[test]
fn holds_are_forgotten_adopted_and_released_by_others() {
    let lock = Arc::new(Lock::new(()));
    let alone = Arc::new(Alone::default());
    run(TASKS, |_, mut rng| {
        let (lock, alone) = (Arc::clone(&lock), Arc::clone(&alone));
        async move {
            for _ in 0..800 {
                if let Some(guard) = perhaps(lock.acquire_owned(), &mut rng).await {
                    alone.visit(&mut rng).await;
                    OwnedLockGuard::forget(guard);
                }
                // Somebody's, maybe this task's own.
                if let Ok(guard) = lock.adopt() {
                    alone.visit(&mut rng).await;
                    LockGuard::forget(guard);
                    let _ = lock.release();
                }
                // Whoever comes first: nothing is held for long by nobody.
                let _ = lock.release();
            }
        }
    });
    let _ = lock.release();
    assert_eq!((lock.locked(), lock.waiters()), (false, 0));
}

#[test]
fn permits_are_neither_lost_nor_made_up() {
    const PERMITS: usize = 5;
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let bounded = Arc::new(BoundedSemaphore::new(PERMITS));
    let out = Arc::new(AtomicUsize::new(0));
    run(TASKS, |_, mut rng| {
        let (semaphore, bounded) = (Arc::clone(&semaphore), Arc::clone(&bounded));
        let out = Arc::clone(&out);
        async move {
            for _ in 0..800 {
                let need = rng.below(PERMITS + 1);
                if let Some(mut permit) = perhaps(semaphore.acquire_many(need), &mut rng).await {
                    let before = out.fetch_add(need, SeqCst);
                    assert!(before + need <= PERMITS, "{before} and {need} are out");
                    if rng.one_in(3) {
                        yield_now().await;
                    }
                    let some = permit.split(rng.below(need + 1));
                    out.fetch_sub(need, SeqCst);
                    drop(some);
                    if rng.one_in(4) {
                        let count = permit.count();
                        permit.forget();
                        semaphore.release_many(count);
                    }
                }
                if let Some(permit) = perhaps(bounded.acquire_many_owned(need), &mut rng).await {
                    a_while(rng.below(2)).await;
                    if rng.one_in(4) {
                        let count = permit.count();
                        permit.forget();
                        bounded.release_many(count).expect("they were acquired");
                    }
                }
                if rng.one_in(5) {
                    drop(bounded.try_acquire_many(need));
                }
            }
        }
    });
    assert_eq!((semaphore.value(), semaphore.waiters()), (PERMITS, 0));
    assert_eq!((bounded.value(), bounded.waiters()), (PERMITS, 0));
    assert!(bounded.release().is_err());
}

#[test]
fn everybody_gets_past_an_event_that_is_set_and_cleared() {
    let event = Arc::new(Event::new());
    let left = Arc::new(AtomicUsize::new(TASKS));
    run(TASKS + 1, |n, mut rng| {
        let (event, left) = (Arc::clone(&event), Arc::clone(&left));
        async move {
            if n == TASKS {
                while left.load(SeqCst) > 0 {
                    event.set();
                    a_while(rng.below(3)).await;
                    event.clear();
                    a_while(rng.below(3)).await;
                }
            } else {
                let mut passed = 0;
                while passed < 500 {
                    passed += usize::from(perhaps(event.wait(), &mut rng).await.is_some());
                }
                left.fetch_sub(1, SeqCst);
            }
        }
    });
    assert_eq!(event.waiters(), 0);
}

#[test]
fn what_was_written_before_a_set_is_read_after_the_wait() {
    let pair = || (Event::new(), AtomicUsize::new(0));
    let events: Arc<[_]> = std::iter::repeat_with(pair).take(5000).collect();
    run(4, |n, _| {
        let events = Arc::clone(&events);
        async move {
            for (event, written) in events.iter() {
                if n == 0 {
                    // Relaxed: what makes it seen is the event.
                    written.store(1, Relaxed);
                    event.set();
                } else {
                    event.wait().await;
                    assert_eq!(written.load(Relaxed), 1);
                }
            }
        }
    });
}

/// A queue of at most so many items, with a condition for those who put and one for those who take.
struct Buffer {
    lock: Arc<Lock<VecDeque<usize>>>,
    not_full: Condition<VecDeque<usize>, Arc<Lock<VecDeque<usize>>>>,
    not_empty: Condition<VecDeque<usize>, Arc<Lock<VecDeque<usize>>>>,
}

#[test]
fn a_bounded_buffer_delivers_each_item_once() {
    const PUTTERS: usize = 8;
    const ITEMS: usize = 500;
    let lock = Arc::new(Lock::new(VecDeque::new()));
    let buffer = Arc::new(Buffer {
        not_full: Condition::with_lock(Arc::clone(&lock)),
        not_empty: Condition::with_lock(Arc::clone(&lock)),
        lock,
    });
    let taken = Arc::new(AtomicUsize::new(0));
    let outputs = run(2 * PUTTERS, |n, mut rng| {
        let (buffer, taken) = (Arc::clone(&buffer), Arc::clone(&taken));
        async move {
            let mut items = Vec::new();
            if n < PUTTERS {
                for item in 0..ITEMS {
                    let guard = buffer.lock.acquire_owned().await;
                    let is_free = |queue: &mut VecDeque<_>| queue.len() < 3;
                    let mut guard = buffer.not_full.wait_for(guard, is_free).await;
                    guard.push_back(n * ITEMS + item);
                    buffer.not_empty.notify(&guard, 1);
                }
                return items;
            }
            while taken.load(SeqCst) < PUTTERS * ITEMS {
                let mut guard = buffer.lock.acquire().await;
                while guard.is_empty() && taken.load(SeqCst) < PUTTERS * ITEMS {
                    // Half of them give up and keep the guard, some are dropped with it, and the rest wait.
                    guard = if rng.one_in(2) {
                        let stop = a_while(rng.below(4));
                        buffer.not_empty.wait_or(guard, stop).await.0
                    } else {
                        match perhaps(buffer.not_empty.wait(guard), &mut rng).await {
                            Some(guard) => guard,
                            None => buffer.lock.acquire().await,
                        }
                    };
                }
                if let Some(item) = guard.pop_front() {
                    items.push(item);
                    buffer.not_full.notify(&guard, 1);
                    if taken.fetch_add(1, SeqCst) + 1 == PUTTERS * ITEMS {
                        buffer.not_empty.notify_all(&guard);
                    }
                }
            }
            items
        }
    });
    let mut items: Vec<_> = outputs.into_iter().flatten().collect();
    items.sort_unstable();
    assert_eq!(items, (0..PUTTERS * ITEMS).collect::<Vec<_>>());
    assert_eq!(
        (buffer.not_empty.waiters(), buffer.not_full.waiters()),
        (0, 0)
    );
    assert!(!buffer.lock.locked());
}

#[test]
fn each_round_at_a_barrier_has_each_index_once() {
    const PARTIES: usize = 8;
    const ROUNDS: usize = 1000;
    let barrier = Arc::new(Barrier::new(PARTIES));
    let outputs = run(PARTIES, |_, mut rng| {
        let barrier = Arc::clone(&barrier);
        async move {
            let mut indices = Vec::new();
            for _ in 0..ROUNDS {
                indices.push(barrier.wait().await.expect("nobody breaks it"));
                a_while(rng.below(3)).await;
            }
            indices
        }
    });
    for round in 0..ROUNDS {
        let mut indices: Vec<_> = outputs.iter().map(|indices| indices[round]).collect();
        indices.sort_unstable();
        assert_eq!(indices, (0..PARTIES).collect::<Vec<_>>(), "round {round}");
    }
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/8]>");
}

#[test]
fn a_barrier_trips_with_arrivals_withdrawn_all_the_time() {
    const PARTIES: usize = 4;
    const ROUNDS: usize = 1000;
    let barrier = Arc::new(Barrier::new(PARTIES));
    let outputs = run(2 * PARTIES, |_, mut rng| {
        let barrier = Arc::clone(&barrier);
        async move {
            let mut seen = [0; PARTIES];
            // Whoever has seen enough rounds breaks it, so that nobody waits for who has gone.
            loop {
                match perhaps(barrier.wait(), &mut rng).await {
                    Some(Ok(index)) => seen[index] += 1,
                    Some(Err(_)) => return seen,
                    None => {}
                }
                if seen.iter().sum::<usize>() == ROUNDS {
                    barrier.abort();
                    return seen;
                }
            }
        }
    });
    let count = |index: usize| outputs.iter().map(|seen| seen[index]).sum::<usize>();
    // The last to arrive never waits, so it is never given up; the others are now and then.
    let rounds = count(PARTIES - 1);
    assert!((0..PARTIES).all(|index| count(index) <= rounds));
    assert!(rounds >= ROUNDS / PARTIES);
    assert!(barrier.broken());
    barrier.reset();
    assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/4]>");
}

#[test]
fn threads_and_tasks_wait_in_one_queue() {
    const TIMES: usize = 500;
    let lock = Arc::new(Lock::new(0));
    let semaphore = Arc::new(Semaphore::new(2));
    let ready = Arc::new(Event::new());
    let barrier = Arc::new(Barrier::new(4));
    thread::scope(|scope| {
        for n in 0..2 {
            let (lock, semaphore) = (Arc::clone(&lock), Arc::clone(&semaphore));
            let (ready, barrier) = (Arc::clone(&ready), Arc::clone(&barrier));
            scope.spawn(move || {
                let mut rng = Rng::new(1000 + n);
                ready.wait().block();
                for _ in 0..TIMES {
                    // Given up at once, if it is not to be had.
                    drop(lock.acquire().block_timeout(Duration::ZERO));
                    *lock.acquire().block() += 1;
                    drop(semaphore.acquire_many(rng.below(3)).block());
                    assert!(barrier.wait().block().is_ok());
                }
            });
        }
        run(2, |_, mut rng| {
            let (lock, semaphore) = (Arc::clone(&lock), Arc::clone(&semaphore));
            let (ready, barrier) = (Arc::clone(&ready), Arc::clone(&barrier));
            async move {
                ready.set();
                for _ in 0..TIMES {
                    drop(perhaps(lock.acquire(), &mut rng).await);
                    *lock.acquire().await += 1;
                    drop(semaphore.acquire_many(rng.below(3)).await);
                    assert!(barrier.wait().await.is_ok());
                }
            }
        });
    });
    assert_eq!(
        (*lock.try_acquire().unwrap(), lock.waiters()),
        (4 * TIMES, 0)
    );
    assert_eq!((semaphore.value(), semaphore.waiters()), (2, 0));
    assert_eq!(barrier.n_waiting(), 0);
}
