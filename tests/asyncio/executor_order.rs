//! The executor that the scripts run on keeps asyncio's order: were it wrong, so would they be.

use std::cell::{Cell, RefCell};

use awaitlist_tests::executor::{Executor, yield_now};

#[test]
fn tasks_run_in_the_order_in_which_they_became_ready() {
    let log = RefCell::new(Vec::new());
    let tasks = Executor::new();
    for name in ["a", "b"] {
        let log = &log;
        tasks.spawn(async move {
            log.borrow_mut().push((name, 1));
            yield_now().await;
            log.borrow_mut().push((name, 2));
        });
    }
    assert!(log.borrow().is_empty(), "nothing runs before its turn");
    assert_eq!(tasks.tick(), 2);
    assert_eq!(log.take(), [("a", 1), ("b", 1)]);
    // A task that comes now is behind those that yielded.
    tasks.spawn(async { log.borrow_mut().push(("c", 1)) });
    assert_eq!(tasks.tick(), 3);
    assert_eq!(log.take(), [("a", 2), ("b", 2), ("c", 1)]);
    assert_eq!(tasks.tick(), 0);
}

#[test]
fn who_is_woken_twice_runs_once_and_in_the_next_turn() {
    let polls = Cell::new(0);
    let waker = RefCell::new(None);
    let tasks = Executor::new();
    let sleeper = tasks.spawn(std::future::poll_fn(|context| {
        polls.set(polls.get() + 1);
        waker.replace(Some(context.waker().clone()));
        std::task::Poll::<()>::Pending
    }));
    tasks.tick();
    assert_eq!((polls.get(), tasks.tick()), (1, 0));

    let woken = waker.borrow().clone().expect("it was polled");
    woken.wake_by_ref();
    woken.wake();
    assert_eq!((tasks.tick(), polls.get(), tasks.tick()), (1, 2, 0));
    assert!(!sleeper.is_done());
}

#[test]
fn a_cancelled_task_is_dropped_at_once_and_never_runs_again() {
    let dropped = Cell::new(false);
    struct Witness<'a>(&'a Cell<bool>);
    impl Drop for Witness<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let tasks = Executor::new();
    let task = tasks.spawn(async {
        let _witness = Witness(&dropped);
        yield_now().await;
        unreachable!("it was cancelled");
    });
    tasks.tick();
    assert!(!dropped.get());
    assert!(task.cancel());
    assert!(dropped.get());
    tasks.settle();
    assert!(!task.is_done());
    assert!(!task.cancel(), "there is nothing left to cancel");
}

#[test]
fn a_task_runs_to_its_end_without_its_handle() {
    let count = Cell::new(0);
    let tasks = Executor::new();
    let ended = tasks.spawn(async { 7 });
    drop(tasks.spawn(async { count.set(count.get() + 1) }));
    tasks.settle();
    assert!(ended.is_done() && !ended.cancel());
    assert_eq!((ended.result(), count.get()), (7, 1));
}
