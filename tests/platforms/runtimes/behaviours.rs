//! What the primitives do on any runtime. A test for each behaviour and runtime.

use std::{
    future::{self, Future},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    thread,
};

use awaitlist::{
    Barrier, Block, BoundedSemaphore, BrokenBarrier, Condition, Event, Lock, LockGuard, Semaphore,
};
use futures_channel::oneshot;

use crate::runtime::Runtime;

/// Makes a module of tests for each runtime.
macro_rules! on_each_runtime {
    ($($module:ident: $runtime:ident,)+) => {
        $(mod $module {
            use $crate::runtime::$runtime;

            $crate::behaviours::tests_of!($runtime:
                a_lock_excludes,
                a_lock_is_first_come_first_served,
                a_dropped_waiter_passes_the_lock_on,
                an_owned_guard_goes_to_another_task,
                a_lock_is_released_from_elsewhere,
                a_set_releases_all_who_wait,
                a_set_from_another_thread_wakes_a_task,
                a_bounded_buffer,
                a_wait_is_stopped_with_the_lock_held,
                a_semaphore_bounds_how_many_are_inside,
                many_permits_are_not_starved_by_few,
                a_release_too_many_is_reported,
                a_barrier_goes_from_phase_to_phase,
                an_aborted_barrier_lets_everybody_go,
                a_thread_waits_in_the_same_queue,
            );
        })+

        /// Each runtime's name, package, and how it was run.
        pub(crate) const RUNTIMES: &[[&str; 3]] = &[$([
            <$crate::runtime::$runtime as $crate::runtime::Runtime>::NAME,
            <$crate::runtime::$runtime as $crate::runtime::Runtime>::PACKAGE,
            <$crate::runtime::$runtime as $crate::runtime::Runtime>::HOW,
        ]),+];
    };
}
pub(crate) use on_each_runtime;

macro_rules! tests_of {
    ($runtime:ty: $($behaviour:ident,)+) => {$(
        #[test]
        fn $behaviour() {
            use $crate::{behaviours, runtime::Runtime};
            <$runtime>::block_on(behaviours::$behaviour::<$runtime>());
        }
    )+};
}
pub(crate) use tests_of;

/// A task that was started. If it panics, so does the task that waits for it.
struct Task<T>(oneshot::Receiver<T>);

fn spawn<R: Runtime, T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Task<T> {
    let (finished, outcome) = oneshot::channel();
    R::spawn(async move {
        // If no task waits, the outcome is dropped.
        let _ = finished.send(task.await);
    });
    Task(outcome)
}

impl<T> Task<T> {
    async fn join(self) -> T {
        self.0.await.expect("the task panicked")
    }
}

async fn join_all<T>(tasks: Vec<Task<T>>) -> Vec<T> {
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.join().await);
    }
    outcomes
}

/// Lets others run: waits for a task that does nothing. A task that wakes itself would not do on
/// monoio, where it is the next to run.
async fn yield_now<R: Runtime>() {
    spawn::<R, _>(async {}).join().await;
}

/// Lets others run until something is so.
async fn until<R: Runtime>(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now::<R>().await;
    }
}

pub async fn a_lock_excludes<R: Runtime>() {
    let total = Arc::new(Lock::new(0));
    let tasks = (0..8).map(|_| {
        let total = Arc::clone(&total);
        spawn::<R, _>(async move {
            for _ in 0..50 {
                let mut total = total.acquire().await;
                let before = *total;
                yield_now::<R>().await;
                *total = before + 1;
            }
        })
    });
    join_all(tasks.collect()).await;
    assert_eq!(*total.acquire().await, 400);
}

pub async fn a_lock_is_first_come_first_served<R: Runtime>() {
    let order = Arc::new(Lock::new(Vec::new()));
    let mut tasks = Vec::new();
    let guard = order.acquire().await;
    for name in 0..10 {
        let own = Arc::clone(&order);
        tasks.push(spawn::<R, _>(async move {
            own.acquire().await.push(name);
        }));
        until::<R>(|| order.waiters() == name + 1).await;
    }
    drop(guard);
    join_all(tasks).await;
    assert_eq!(*order.acquire().await, Vec::from_iter(0..10));
}

pub async fn a_dropped_waiter_passes_the_lock_on<R: Runtime>() {
    let lock = Arc::new(Lock::new(()));
    let guard = lock.acquire().await;
    let mut gives_up = Box::pin(lock.acquire_owned());
    assert!(
        future::poll_fn(|context| Poll::Ready(gives_up.as_mut().poll(context).is_pending())).await
    );
    let next = Arc::clone(&lock);
    let next = spawn::<R, _>(async move { drop(next.acquire().await) });
    until::<R>(|| lock.waiters() == 2).await;

    drop(guard);
    // It was designated, and is not polled any more.
    drop(gives_up);
    next.join().await;
    assert!(lock.try_acquire().is_some());
}

pub async fn an_owned_guard_goes_to_another_task<R: Runtime>() {
    let lock = Arc::new(Lock::new(1));
    let mut guard = lock.acquire_owned().await;
    let other = spawn::<R, _>(async move {
        yield_now::<R>().await;
        *guard += 1;
    });
    assert_eq!(*lock.acquire().await, 2);
    other.join().await;
}

pub async fn a_lock_is_released_from_elsewhere<R: Runtime>() {
    let lock = Arc::new(Lock::new(()));
    LockGuard::forget(lock.acquire().await);
    let callback = Arc::clone(&lock);
    let callback = spawn::<R, _>(async move { callback.release() });
    let _guard = lock.acquire().await;
    assert_eq!(callback.join().await, Ok(()));
}

pub async fn a_set_releases_all_who_wait<R: Runtime>() {
    let event = Arc::new(Event::new());
    let tasks = (0..40).map(|_| {
        let event = Arc::clone(&event);
        spawn::<R, _>(async move { event.wait().await })
    });
    let tasks = tasks.collect();
    until::<R>(|| event.waiters() == 40).await;
    event.set();
    event.clear();
    join_all(tasks).await;
    assert!(!event.is_set());
}

pub async fn a_set_from_another_thread_wakes_a_task<R: Runtime>() {
    let (asked, answered) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let thread = {
        let (asked, answered) = (Arc::clone(&asked), Arc::clone(&answered));
        thread::spawn(move || {
            asked.wait().block();
            answered.set();
        })
    };
    let task = {
        let answered = Arc::clone(&answered);
        spawn::<R, _>(async move { answered.wait().await })
    };
    until::<R>(|| answered.waiters() == 1).await;
    asked.set();
    task.join().await;
    thread.join().expect("it does not panic");
}

pub async fn a_bounded_buffer<R: Runtime>() {
    const ROOM: usize = 2;
    let buffer = Arc::new(Condition::new(Vec::new()));
    let producer = {
        let buffer = Arc::clone(&buffer);
        spawn::<R, _>(async move {
            for item in 0..100 {
                let guard = buffer.acquire().await;
                let mut items = buffer.wait_for(guard, |items| items.len() < ROOM).await;
                items.push(item);
                buffer.notify_all(&items);
            }
        })
    };
    let consumers = (0..2).map(|_| {
        let buffer = Arc::clone(&buffer);
        spawn::<R, _>(async move {
            let mut sum = 0;
            for _ in 0..50 {
                let guard = buffer.acquire().await;
                let (items, item) = buffer.wait_for_some(guard, Vec::pop).await;
                buffer.notify_all(&items);
                sum += item;
            }
            sum
        })
    });
    let sums = join_all(consumers.collect()).await;
    producer.join().await;
    assert_eq!(sums.iter().sum::<i32>(), 4950);
}

pub async fn a_wait_is_stopped_with_the_lock_held<R: Runtime>() {
    let (condition, stop) = (Arc::new(Condition::new(7)), Arc::new(Event::new()));
    let task = {
        let (condition, stop) = (Arc::clone(&condition), Arc::clone(&stop));
        spawn::<R, _>(async move {
            let guard = condition.acquire().await;
            let (guard, outcome) = condition.wait_or(guard, stop.wait()).await;
            assert!(condition.locked());
            (*guard, outcome)
        })
    };
    until::<R>(|| stop.waiters() == 1).await;
    stop.set();
    assert_eq!(task.join().await, (7, Err(())));
}

pub async fn a_semaphore_bounds_how_many_are_inside<R: Runtime>() {
    let semaphore = Arc::new(Semaphore::new(3));
    let inside = Arc::new(AtomicUsize::new(0));
    let tasks = (0..12).map(|_| {
        let (semaphore, inside) = (Arc::clone(&semaphore), Arc::clone(&inside));
        spawn::<R, _>(async move {
            for _ in 0..20 {
                let _permit = semaphore.acquire().await;
                assert!(inside.fetch_add(1, Ordering::Relaxed) < 3);
                yield_now::<R>().await;
                inside.fetch_sub(1, Ordering::Relaxed);
            }
        })
    });
    join_all(tasks.collect()).await;
    assert_eq!(semaphore.value(), 3);
}

pub async fn many_permits_are_not_starved_by_few<R: Runtime>() {
    let semaphore = Arc::new(Semaphore::new(4));
    let first = semaphore.acquire_owned().await;
    let all = {
        let semaphore = Arc::clone(&semaphore);
        spawn::<R, _>(async move { semaphore.acquire_many(4).await.count() })
    };
    until::<R>(|| semaphore.waiters() == 1).await;
    assert!(semaphore.try_acquire().is_none());
    drop(first);
    assert_eq!(all.join().await, 4);
}

pub async fn a_release_too_many_is_reported<R: Runtime>() {
    let semaphore = Arc::new(BoundedSemaphore::new(1));
    let tasks = (0..5).map(|_| {
        let semaphore = Arc::clone(&semaphore);
        spawn::<R, _>(async move {
            let _permit = semaphore.acquire().await;
            yield_now::<R>().await;
        })
    });
    join_all(tasks.collect()).await;
    assert!(semaphore.release().is_err());
    assert_eq!(semaphore.value(), 1);
}

pub async fn a_barrier_goes_from_phase_to_phase<R: Runtime>() {
    let barrier = Arc::new(Barrier::new(4));
    let done = Arc::new(AtomicUsize::new(0));
    let tasks = (0..4).map(|_| {
        let (barrier, done) = (Arc::clone(&barrier), Arc::clone(&done));
        spawn::<R, _>(async move {
            let mut indices = Vec::new();
            for phase in 1..=10 {
                done.fetch_add(1, Ordering::Relaxed);
                indices.push(barrier.wait().await.expect("it is never broken"));
                assert!(done.load(Ordering::Relaxed) >= 4 * phase);
            }
            indices
        })
    });
    let indices = join_all(tasks.collect()).await;
    for phase in 0..10 {
        let mut of_phase: Vec<_> = indices.iter().map(|of_task| of_task[phase]).collect();
        of_phase.sort_unstable();
        assert_eq!(of_phase, [0, 1, 2, 3]);
    }
}

pub async fn an_aborted_barrier_lets_everybody_go<R: Runtime>() {
    let barrier = Arc::new(Barrier::new(4));
    let tasks = (0..3).map(|_| {
        let barrier = Arc::clone(&barrier);
        spawn::<R, _>(async move { barrier.wait().await })
    });
    let tasks = tasks.collect();
    until::<R>(|| barrier.n_waiting() == 3).await;
    barrier.abort();
    assert_eq!(join_all(tasks).await, [Err(BrokenBarrier::AbortOrReset); 3]);
    assert_eq!(barrier.wait().await, Err(BrokenBarrier::Aborted));
}

pub async fn a_thread_waits_in_the_same_queue<R: Runtime>() {
    let order = Arc::new(Lock::new(Vec::new()));
    let guard = order.acquire().await;
    let thread = {
        let order = Arc::clone(&order);
        thread::spawn(move || order.acquire().block().push("thread"))
    };
    until::<R>(|| order.waiters() == 1).await;
    let mut own = pin!(order.acquire());
    assert!(future::poll_fn(|context| Poll::Ready(own.as_mut().poll(context).is_pending())).await);
    drop(guard);
    own.await.push("task");
    thread.join().expect("it does not panic");
    assert_eq!(*order.acquire().await, ["thread", "task"]);
}
