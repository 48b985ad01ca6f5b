//! Tasks on a runtime, and threads without one.

use std::{
    future::poll_fn,
    sync::{Barrier, OnceLock},
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use super::Stopwatch;

/// The runtime with so many threads. Made once, idle when it has nothing to do.
pub(crate) fn runtime(threads: usize) -> &'static Runtime {
    static ONE: OnceLock<Runtime> = OnceLock::new();
    static TWO: OnceLock<Runtime> = OnceLock::new();
    static EIGHT: OnceLock<Runtime> = OnceLock::new();
    let build = |builder: &mut Builder| builder.build().expect("a runtime can be had");
    match threads {
        1 => ONE.get_or_init(|| build(Builder::new_current_thread().enable_time())),
        2 => TWO.get_or_init(|| build(Builder::new_multi_thread().enable_time().worker_threads(2))),
        8 => {
            EIGHT.get_or_init(|| build(Builder::new_multi_thread().enable_time().worker_threads(8)))
        }
        _ => unreachable!("no row asks for {threads} threads"),
    }
}

/// Returns how long that many tasks take, on a runtime with that many threads. `task` makes each.
pub fn race<F>(threads: usize, tasks: usize, task: impl Fn(usize) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime(threads).block_on(async {
        let watch = match threads {
            1 => Stopwatch::thread(),
            _ => Stopwatch::wall(),
        };
        let tasks: Vec<JoinHandle<()>> = (0..tasks).map(|id| tokio::spawn(task(id))).collect();
        for task in tasks {
            task.await.expect("no task panics");
        }
        watch.elapsed()
    })
}

/// Lets the other tasks run.
pub fn yield_once() -> impl Future<Output = ()> + Send {
    let mut yielded = false;
    poll_fn(move |context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// What one of several threads does.
pub type Part<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Returns how long threads need that start together, one for each part of the work: from the first
/// start to the last end.
pub fn together(parts: Vec<Part<'_>>) -> Duration {
    let begin = Barrier::new(parts.len());
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(|| {
                    begin.wait();
                    let start = Instant::now();
                    part();
                    (start, Instant::now())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    let first = times.iter().map(|(start, _)| start).min();
    let last = times.iter().map(|(_, end)| end).max();
    first.zip(last).map_or(Duration::ZERO, |(start, end)| *end - *start)
}
