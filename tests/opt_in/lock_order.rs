//! Which orders of acquisition are reported, and which are not.

#[allow(dead_code, reason = "the others hang")]
#[path = "../../crates/awaitlist/examples/hang_report/programs.rs"]
mod programs;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

use awaitlist::{
    Barrier, Block, BoundedSemaphore, Condition, Event, Lock, LockGuard, Semaphore,
    diagnostics::{Inversion, OrderStep, Site, adopt, lock_order, task},
};
use awaitlist_tests::executor::Executor;
use futures_lite::future::{yield_now, zip};

use crate::{alone, run};

/// Starts from nothing. Ends when what this returns is dropped.
fn recording() -> Recording {
    let alone = alone();
    lock_order().clear();
    lock_order().apart(|_| false).on_inversion(|_| {}).start();
    Recording { _alone: alone }
}

struct Recording {
    _alone: MutexGuard<'static, ()>,
}

impl Drop for Recording {
    fn drop(&mut self) {
        lock_order().stop();
        lock_order().clear();
    }
}

fn lock(name: &'static str) -> &'static Lock {
    Box::leak(Box::new(Lock::named(name, ())))
}

/// Acquires the second while it holds the first.
async fn nested(first: &Lock, second: &Lock) {
    let one = first.acquire().await;
    let other = second.acquire().await;
    drop((one, other));
}

/// The same, as two tasks with names, one after the other.
fn in_turn(first: impl Future<Output = ()> + 'static, second: impl Future<Output = ()> + 'static) {
    run(task("first", first));
    run(task("second", second));
}

type Program = (&'static str, fn());

/// Programs that never deadlock when they run like this, and can.
const UNHEALTHY: &[Program] = &[
    ("two tasks acquire two locks in opposite order", || {
        let (a, b) = (lock("a"), lock("b"));
        in_turn(nested(a, b), nested(b, a));
    }),
    ("three tasks acquire three locks in a circle", || {
        let (a, b, c) = (lock("a"), lock("b"), lock("c"));
        in_turn(nested(a, b), nested(b, c));
        run(task("third", nested(c, a)));
    }),
    ("locks that have no name are told apart by where they were made", || {
        let (a, b): (&Lock, &Lock) =
            (Box::leak(Box::new(Lock::new(()))), Box::leak(Box::new(Lock::new(()))));
        in_turn(nested(a, b), nested(b, a));
    }),
    ("one task does both", || {
        let (a, b) = (lock("a"), lock("b"));
        run(task("only", async move {
            nested(a, b).await;
            nested(b, a).await;
        }));
    }),
    ("two threads block in opposite order", || {
        let (a, b) = (lock("a"), lock("b"));
        for (first, second) in [(a, b), (b, a)] {
            let blocks = move || {
                let guard = first.acquire().block();
                drop(second.acquire().block());
                drop(guard);
            };
            thread::spawn(blocks).join().unwrap();
        }
    }),
    ("a task holds a permit and wants a lock, another does the opposite", || {
        let (lock, pool) = (lock("a"), Arc::new(BoundedSemaphore::named("pool", 3)));
        let same = Arc::clone(&pool);
        in_turn(
            async move {
                let permit = pool.acquire().await;
                drop(lock.acquire().await);
                drop(permit);
            },
            async move {
                let guard = lock.acquire().await;
                drop(same.acquire().await);
                drop(guard);
            },
        );
    }),
    ("a task waits for the second lock", || {
        let (a, b) = (lock("a"), lock("b"));
        let executor = Executor::new();
        let long = executor.spawn(task("long", async move {
            let guard = b.acquire().await;
            yield_now().await;
            drop(guard);
        }));
        let waits = executor.spawn(task("waits", nested(a, b)));
        executor.settle();
        assert!(long.is_done() && waits.is_done());
        run(task("other", nested(b, a)));
    }),
    ("a condition gets its lock back while the task holds an inner one", || {
        let (stock, inner) = (Arc::new(Condition::named("stock", ())), lock("inner"));
        let waits = Arc::clone(&stock);
        let executor = Executor::new();
        let monitor = executor.spawn(task("monitor", async move {
            let guard = waits.acquire().await;
            let nested = inner.acquire().await;
            drop(waits.wait(guard).await);
            drop(nested);
        }));
        executor.settle();
        run(async move {
            let guard = stock.acquire().await;
            stock.notify_all(&guard);
        });
        executor.settle();
        assert!(monitor.is_done());
    }),
    ("a named task inside another wants what comes after the outer one's lock", || {
        let (a, b) = (lock("a"), lock("b"));
        in_turn(
            async move {
                let guard = a.acquire().await;
                task("inner", async move { drop(b.acquire().await) }).await;
                drop(guard);
            },
            nested(b, a),
        );
    }),
    ("what try_acquire has acquired is held", || {
        let (a, b) = (lock("a"), lock("b"));
        in_turn(
            async move {
                let guard = a.try_acquire().expect("it is free");
                drop(b.acquire().await);
                drop(guard);
            },
            nested(b, a),
        );
    }),
    ("a guard is adopted by the task that goes on with it", || {
        let (a, b) = (Arc::new(Lock::named("a", ())), lock("b"));
        let place: Arc<Mutex<Option<awaitlist::OwnedLockGuard>>> = Arc::default();
        let (put, get, again) = (Arc::clone(&place), place, Arc::clone(&a));
        run(task("acquires", async move {
            let guard = again.acquire_owned().await;
            put.lock().unwrap().replace(guard);
        }));
        in_turn(
            async move {
                let guard = get.lock().unwrap().take().expect("it was sent");
                adopt(&guard);
                drop(b.acquire().await);
                drop(guard);
            },
            async move { nested(b, &a).await },
        );
    }),
    ("the outer lock is held by one of the two only", || {
        let (a, b, outer) = (lock("a"), lock("b"), lock("outer"));
        in_turn(
            async move {
                let guard = outer.acquire().await;
                nested(a, b).await;
                drop(guard);
            },
            nested(b, a),
        );
    }),
    ("the outer lock is forgotten once", || {
        let (a, b, outer) = (lock("a"), lock("b"), lock("outer"));
        for (first, second) in [(a, b), (b, a)] {
            run(task("careful", async move {
                let guard = outer.acquire().await;
                nested(first, second).await;
                drop(guard);
            }));
        }
        assert_eq!(lock_order().inversions(), []);
        in_turn(nested(a, b), nested(b, a));
    }),
];

/// Programs that cannot deadlock.
const HEALTHY: &[Program] = &[
    ("all acquire in one order", || {
        let (a, b, c) = (lock("a"), lock("b"), lock("c"));
        in_turn(nested(a, b), nested(a, b));
        in_turn(nested(b, c), nested(a, c));
    }),
    ("the second is acquired after the first is released", || {
        let (a, b) = (lock("a"), lock("b"));
        in_turn(
            async move {
                drop(a.acquire().await);
                drop(b.acquire().await);
            },
            async move {
                drop(b.acquire().await);
                drop(a.acquire().await);
            },
        );
    }),
    ("an outer lock is held by both", || {
        let (a, b, outer) = (lock("a"), lock("b"), lock("outer"));
        for (name, first, second) in [("first", a, b), ("second", b, a)] {
            run(task(name, async move {
                let guard = outer.acquire().await;
                nested(first, second).await;
                drop(guard);
            }));
        }
    }),
    ("each object has an outer lock of its own", || {
        for flip in [false, true] {
            let (a, b, outer) = (lock("a"), lock("b"), lock("outer"));
            run(task("connection", async move {
                let guard = outer.acquire().await;
                match flip {
                    false => nested(a, b).await,
                    true => nested(b, a).await,
                }
                drop(guard);
            }));
        }
    }),
    ("two of three in a circle share an outer lock", || {
        let (a, b, c, outer) = (lock("a"), lock("b"), lock("c"), lock("outer"));
        for (name, first, second) in [("first", a, b), ("second", b, c)] {
            run(task(name, async move {
                let guard = outer.acquire().await;
                nested(first, second).await;
                drop(guard);
            }));
        }
        run(task("third", nested(c, a)));
    }),
    ("the second is only tried", || {
        let (a, b) = (lock("a"), lock("b"));
        in_turn(
            async move {
                let guard = a.acquire().await;
                drop(b.try_acquire());
                drop(guard);
            },
            nested(b, a),
        );
    }),
    ("two of one name are acquired both ways", || {
        let (one, other) = (lock("account"), lock("account"));
        in_turn(nested(one, other), nested(other, one));
    }),
    ("two that were made at one place are acquired both ways", || {
        let locks: Vec<&'static Lock> =
            (0..2).map(|_| &*Box::leak(Box::new(Lock::new(())))).collect();
        in_turn(nested(locks[0], locks[1]), nested(locks[1], locks[0]));
    }),
    ("tasks without a name", || {
        let (a, b) = (lock("a"), lock("b"));
        run(nested(a, b));
        run(nested(b, a));
    }),
    ("a permit is forgotten, and released by another task", || {
        let (signal, b) = (Arc::new(Semaphore::named("signal", 1)), lock("b"));
        let same = Arc::clone(&signal);
        in_turn(
            async move {
                signal.acquire().await.forget();
                drop(b.acquire().await);
                signal.release();
            },
            async move {
                let guard = b.acquire().await;
                drop(same.acquire().await);
                drop(guard);
            },
        );
    }),
    ("a guard is moved into another task", || {
        let (a, b) = (Arc::new(Lock::named("a", ())), lock("b"));
        let same = Arc::clone(&a);
        let executor = Executor::new();
        let sent: Arc<Mutex<Vec<awaitlist::OwnedLockGuard>>> = Arc::default();
        let put = Arc::clone(&sent);
        let sends = executor.spawn(task("sends", async move {
            for _ in 0..2 {
                let guard = a.acquire_owned().await;
                put.lock().unwrap().push(guard);
                yield_now().await;
                drop(b.acquire().await);
            }
        }));
        let drops = executor.spawn(task("drops", async move {
            for _ in 0..2 {
                while sent.lock().unwrap().pop().is_none() {
                    yield_now().await;
                }
            }
        }));
        executor.settle();
        assert!(sends.is_done() && drops.is_done());
        run(task("other", async move { nested(b, &same).await }));
    }),
    ("the branches of a join are seen to be branches", || {
        let (a, b, busy) = (lock("a"), lock("b"), lock("busy"));
        let executor = Executor::new();
        let holder = executor.spawn(task("holder", async move {
            let guard = busy.acquire().await;
            yield_now().await;
            drop(guard);
        }));
        let branches = executor.spawn(task("branches", async move {
            let one = async {
                let guard = a.acquire().await;
                drop(busy.acquire().await);
                drop(guard);
            };
            zip(one, async { drop(b.acquire().await) }).await;
        }));
        executor.settle();
        assert!(holder.is_done() && branches.is_done());
        run(task("other", nested(b, a)));
    }),
    ("the branches of a join have names", || {
        let (a, b) = (lock("a"), lock("b"));
        run(task("main", async move {
            let one = task("one", async {
                let guard = a.acquire().await;
                yield_now().await;
                drop(guard);
            });
            zip(one, task("other", async { drop(b.acquire().await) })).await;
        }));
        run(task("other", nested(b, a)));
    }),
    ("events and barriers are held by no task", || {
        let (event, barrier, a) =
            (Arc::new(Event::named("e")), Arc::new(Barrier::named("b", 1)), lock("a"));
        run(task("waits", async move {
            let guard = a.acquire().await;
            event.set();
            event.wait().await;
            barrier.wait().await.expect("no task breaks it");
            drop(guard);
        }));
    }),
    ("a guard is forgotten, and its lock released by hand", || {
        let (a, b) = (lock("a"), lock("b"));
        in_turn(
            async move {
                LockGuard::forget(a.acquire().await);
                drop(a.adopt());
                drop(b.acquire().await);
            },
            nested(b, a),
        );
    }),
];

#[test]
fn each_order_that_can_deadlock_is_reported_once_and_no_healthy_program_is() {
    let mut counts = [0, 0];
    for (name, program) in UNHEALTHY {
        let _recording = recording();
        program();
        let found = lock_order().inversions();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        counts[0] += 1;
    }
    for (name, program) in HEALTHY {
        let _recording = recording();
        program();
        let found = lock_order().inversions();
        assert!(found.is_empty(), "{name}: {}", found[0]);
        counts[1] += 1;
    }
    println!(
        "{} of {} reported; {} of {} not",
        counts[0],
        UNHEALTHY.len(),
        counts[1],
        HEALTHY.len()
    );
}

/// The one that was found.
#[track_caller]
fn the_one() -> Inversion {
    let found = lock_order().inversions();
    let [one] = &found[..] else { panic!("one is found, not {}", found.len()) };
    one.clone()
}

#[test]
fn an_inversion_has_both_tasks_and_all_four_places() {
    let _recording = recording();
    let (a, b) = (lock("a"), lock("b"));
    in_turn(nested(a, b), nested(b, a));
    let Inversion { steps, .. } = the_one();
    let name = |site: &Site| site.name.as_deref().map(str::to_owned);
    let names = |step: &OrderStep| (name(&step.held), name(&step.asked));
    let [of_a, of_b] = ["a", "b"].map(|name| Some(name.to_owned()));
    // The one that completes it comes first.
    assert_eq!(names(&steps[0]), (of_b.clone(), of_a.clone()));
    assert_eq!(names(&steps[1]), (of_a, of_b));
    assert_eq!(steps[0].who.to_string(), "task \"second\"");
    assert_eq!(steps[1].who.to_string(), "task \"first\"");
    for step in &steps {
        assert!(step.held_at.file().ends_with("lock_order.rs"));
        assert_eq!(step.asked_at.line(), step.held_at.line() + 1, "see `nested`");
    }
    let text = the_one().to_string();
    let at = steps[0].held_at;
    for part in [
        "LOCK ORDER: these can deadlock",
        &format!("task \"second\" held Lock \"b\" #{}, acquired at {at},", steps[0].held.id.get()),
        "and asked for Lock \"a\" #",
        "docs/hangs.md#a-warning-before-the-first-hang",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!the_one().is_of_one());
}

#[test]
fn what_the_report_presumes_is_said_in_it() {
    let pool = Arc::new(BoundedSemaphore::named("pool", 3));
    let _recording = recording();
    let a = lock("a");
    run(task("only", async move {
        let permit = pool.acquire().await;
        drop(a.acquire().await);
        drop(permit);
        let guard = a.acquire().await;
        drop(pool.acquire().await);
        drop(guard);
    }));
    assert!(the_one().is_of_one());
    let text = the_one().to_string();
    for part in ["provided that no permit of BoundedSemaphore \"pool\"", "that two tasks do what"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn accounts_of_one_name_are_ordered_if_the_user_says_so() {
    let _recording = recording();
    lock_order().apart(|site| site.name.as_deref() == Some("account"));
    let (one, other, third) = (lock("account"), lock("account"), lock("other"));
    in_turn(nested(one, other), nested(one, third));
    assert_eq!(lock_order().inversions(), []);
    run(task("third", nested(other, one)));
    assert_eq!(the_one().steps.len(), 2);
}

#[test]
fn a_filter_and_a_report_that_panic_are_caught() {
    let _recording = recording();
    lock_order().apart(|_| panic!("of the filter")).on_inversion(|_| panic!("of the report"));
    let (a, b) = (lock("a"), lock("b"));
    in_turn(nested(a, b), nested(b, a));
    assert_eq!(lock_order().inversions().len(), 1);
}

#[test]
fn each_inversion_is_reported_once_by_the_task_that_completes_it() {
    let _recording = recording();
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let tell = Arc::clone(&told);
    lock_order().on_inversion(move |inversion| tell.lock().unwrap().push(inversion.to_string()));
    let (a, b) = (lock("a"), lock("b"));
    for _ in 0..3 {
        in_turn(nested(a, b), nested(b, a));
    }
    assert_eq!(told.lock().unwrap().len(), 1);
    assert_eq!(told.lock().unwrap()[0], the_one().to_string());
}

#[test]
fn assert_none_fails_with_the_whole_of_it_and_if_nothing_was_recorded() {
    let _recording = recording();
    lock_order().assert_none();
    let (a, b) = (lock("a"), lock("b"));
    in_turn(nested(a, b), nested(b, a));
    let says = || {
        let failed = catch_unwind(AssertUnwindSafe(|| lock_order().assert_none()));
        *failed.expect_err("it fails").downcast::<String>().expect("it says why")
    };
    assert_eq!(says(), format!("1 lock order inversion\n\n{}", the_one()));
    lock_order().clear();
    lock_order().stop();
    assert!(!lock_order().is_started());
    let failed = catch_unwind(|| lock_order().assert_none()).expect_err("it fails");
    let says = failed.downcast_ref::<&str>().map(|says| says.to_string());
    let says = says.or_else(|| failed.downcast_ref().cloned()).unwrap();
    assert!(says.contains("the lock order is not recorded"), "{says}");
}

#[test]
fn nothing_is_recorded_before_the_start_and_after_the_stop() {
    let recording = recording();
    lock_order().stop();
    let (a, b) = (lock("a"), lock("b"));
    in_turn(nested(a, b), nested(b, a));
    lock_order().start();
    assert_eq!(lock_order().inversions(), []);
    run(task("again", nested(a, b)));
    drop(recording);
}

#[test]
fn a_guard_that_outlives_the_record_is_harmless() {
    let _recording = recording();
    let (a, b) = (lock("a"), lock("b"));
    run(task("first", async move {
        let guard = a.acquire().await;
        lock_order().stop();
        drop(b.acquire().await);
        lock_order().start();
        drop(guard);
        drop(b.acquire().await);
    }));
    run(task("second", nested(b, a)));
    assert_eq!(lock_order().inversions(), []);
}

#[test]
fn a_part_of_a_permit_is_held_on_after_the_rest_is_released() {
    let _recording = recording();
    let (pool, b) = (Arc::new(Semaphore::named("pool", 3)), lock("b"));
    let same = Arc::clone(&pool);
    in_turn(
        async move {
            let mut permits = pool.acquire_many(3).await;
            let part = permits.split(1);
            drop(permits);
            drop(b.acquire().await);
            drop(part);
            // By now nothing is held.
            drop(lock("free").acquire().await);
        },
        async move {
            let guard = b.acquire().await;
            drop(same.acquire().await);
            drop(guard);
        },
    );
    assert_eq!(the_one().steps.len(), 2);
}

#[test]
fn many_threads_that_enter_the_same_edges_find_one_inversion() {
    let _recording = recording();
    let (a, b) = (lock("a"), lock("b"));
    // An outer lock that does not count keeps them from the deadlock: it is not of the suite.
    let outer: &'static Mutex<()> = Box::leak(Box::default());
    let threads: Vec<_> = (0..8)
        .map(|number| {
            thread::spawn(move || {
                for _ in 0..50 {
                    let _outer = outer.lock().unwrap();
                    let (first, second) = if number % 2 == 0 { (a, b) } else { (b, a) };
                    let guard = first.acquire().block();
                    drop(second.acquire().block());
                    drop(guard);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(lock_order().inversions().len(), 1);
}

/// The last program of the example `hang_report`. docs/hangs.md shows what is said of it.
#[test]
fn the_examples_program_that_does_not_hang_is_warned_of() {
    let _recording = recording();
    let executor = Executor::new();
    let tasks = (programs::HEALTHY_SO_FAR.start)();
    let tasks: Vec<_> = tasks.into_iter().map(|task| executor.spawn(task)).collect();
    executor.settle();
    assert!(tasks.iter().all(|task| task.is_done()));
    let page = include_str!("../../docs/hangs.md");
    for line in the_one().to_string().lines() {
        // Without the directories and the numbers.
        let words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
        let is_number = |word: &&str| word.starts_with('#');
        let words: Vec<_> = words.filter(|word| !is_number(word)).collect();
        let is_it = |shown: &str| {
            let shown =
                shown.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
            shown.filter(|word| !is_number(word)).eq(words.iter().copied())
        };
        assert!(page.lines().any(is_it), "docs/hangs.md does not have\n{line}");
    }
}

#[test]
fn an_inversion_is_data() {
    let _recording = recording();
    let (a, b) = (lock("a"), lock("b"));
    in_turn(nested(a, b), nested(b, a));
    let data: serde_json::Value = serde_json::from_str(&the_one().to_json()).expect("JSON");
    assert_eq!(serde_json::to_value(the_one()).unwrap(), data);
    assert_eq!(data["is_of_one"], serde_json::json!(false));
    assert_eq!(data["steps"][0]["who"]["name"], serde_json::json!("second"));
    assert_eq!(data["steps"][0]["held"]["name"], serde_json::json!("b"));
}
