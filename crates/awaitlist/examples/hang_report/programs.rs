//! The programs: each starts some named tasks, which never end.

use std::{future::Future, pin::Pin, pin::pin, sync::Arc};

use awaitlist::{Barrier, Event, Lock, Semaphore, diagnostics::task};

/// A task as a runtime takes it.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A program that hangs.
pub(crate) struct Program {
    /// How it hangs.
    pub(crate) title: &'static str,
    /// Its tasks, to be spawned.
    pub(crate) start: fn() -> Vec<Task>,
}

/// All of them.
pub(crate) const PROGRAMS: &[Program] = &[
    Program { title: "Two tasks take two locks in opposite order", start: opposite_order },
    Program { title: "A task takes a lock that it holds", start: itself },
    Program {
        title: "A select! stops polling a future whose turn it is (futurelock)",
        start: futurelock,
    },
    Program { title: "A permit is never given back", start: leaked_permit },
    Program { title: "A barrier waits for one party that never comes", start: one_short },
];

/// A to B, and B to A: each task waits for the lock that the other holds.
fn opposite_order() -> Vec<Task> {
    let checking = Arc::new(Lock::named("checking", 100));
    let savings = Arc::new(Lock::named("savings", 0));
    // Both have their first lock before either asks for the second.
    let both = Arc::new(Barrier::new(2));

    let transfer = |from: &Arc<Lock<i32>>, to: &Arc<Lock<i32>>| {
        let (from, to, both) = (Arc::clone(from), Arc::clone(to), Arc::clone(&both));
        async move {
            let mut from = from.acquire().await;
            let _ = both.wait().await;
            let mut to = to.acquire().await; // never
            *from -= 10;
            *to += 10;
        }
    };
    vec![
        Box::pin(task("deposit", transfer(&checking, &savings))),
        Box::pin(task("withdraw", transfer(&savings, &checking))),
    ]
}

/// A function that locks calls another one that locks.
fn itself() -> Vec<Task> {
    async fn report(cache: &Lock<Vec<u8>>) -> usize {
        cache.acquire().await.len() // never
    }

    let cache = Lock::named("cache", vec![1, 2, 3]);
    vec![Box::pin(task("refresh", async move {
        let mut entries = cache.acquire().await;
        entries.push(4);
        report(&cache).await;
    }))]
}

/// The first wait loses the `select!`, but is neither dropped nor polled again. When it is
/// designated, no task can pass it, not even by the second wait of the same task.
fn futurelock() -> Vec<Task> {
    let session = Arc::new(Lock::named("session", ()));
    let impatient = Arc::new(Event::new());
    let (waiting, hurry) = (Arc::clone(&session), Arc::clone(&impatient));
    vec![
        Box::pin(task("slow", async move {
            let guard = session.acquire().await;
            impatient.set();
            // The other one queues, and stops waiting.
            while session.waiters() == 0 {
                tokio::task::yield_now().await;
            }
            drop(guard);
        })),
        Box::pin(task("impatient", async move {
            hurry.wait().await;
            let mut first = pin!(waiting.acquire());
            tokio::select! {
                biased;
                _ = &mut first => {}
                () = std::future::ready(()) => {
                    let _again = waiting.acquire().await; // never
                }
            }
        })),
    ]
}

/// Two of two permits are lost with a task that ends; the next task waits forever.
fn leaked_permit() -> Vec<Task> {
    let connections = Arc::new(Semaphore::named("connections", 2));
    let waiting = Arc::clone(&connections);
    vec![
        Box::pin(task("handler", async move {
            let permits = connections.acquire_many(2).await;
            // Never released: by a cycle of `Arc`s, or by a `forget` on a path that fails.
            std::mem::forget(permits);
        })),
        Box::pin(task("next request", async move {
            while waiting.value() > 0 {
                tokio::task::yield_now().await;
            }
            let _permit = waiting.acquire().await; // never
        })),
    ]
}

/// Three parties, two tasks.
fn one_short() -> Vec<Task> {
    let ready = Arc::new(Barrier::named("ready", 3));
    let party = |name: &'static str| -> Task {
        let ready = Arc::clone(&ready);
        Box::pin(task(name, async move {
            let _ = ready.wait().await; // never
        }))
    };
    vec![party("reader"), party("writer")]
}

/// A program that does not hang, but could: its tasks acquire the locks in opposite order, and
/// happen not to meet.
pub(crate) const HEALTHY_SO_FAR: Program = Program {
    title: "Two tasks take two locks in opposite order, one after the other",
    start: one_after_the_other,
};

fn one_after_the_other() -> Vec<Task> {
    let checking = Arc::new(Lock::named("checking", 100));
    let savings = Arc::new(Lock::named("savings", 0));
    let first_is_done = Arc::new(Event::new());
    let (again, back, forth) =
        (Arc::clone(&checking), Arc::clone(&savings), Arc::clone(&first_is_done));
    vec![
        Box::pin(task("deposit", async move {
            let mut from = checking.acquire().await;
            let mut to = savings.acquire().await;
            *from -= 10;
            *to += 10;
            drop((from, to));
            first_is_done.set();
        })),
        Box::pin(task("withdraw", async move {
            forth.wait().await;
            let mut from = back.acquire().await;
            let mut to = again.acquire().await;
            *from -= 10;
            *to += 10;
        })),
    ]
}
