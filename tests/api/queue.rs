//! The core's queue by itself, as a primitive stands on it.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

use awaitlist_core::{Excess, MAX_PERMITS, Overflow, Queue, trace::Probe};

#[test]
fn one_thread_at_a_time_is_in_a_queue() {
    const THREADS: usize = 4;
    const TIMES: usize = 100;
    let queue = Queue::new(0, 0, Probe::event(None));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    queue.locked(|queue| {
                        let before = *queue.state();
                        // Others come meanwhile.
                        thread::yield_now();
                        *queue.state() = before + 1;
                    });
                }
            });
        }
    });
    assert_eq!(queue.locked(|queue| *queue.state()), THREADS * TIMES);
}

/// Locks the list of `queue`, and unlocks it when another thread has begun with `body` and cannot
/// proceed.
fn while_locked<S: Send, R: Send>(queue: &Queue<S>, body: impl FnOnce() -> R + Send) -> R {
    let (came, went) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let other = queue.locked(|_| {
            let other = scope.spawn(|| {
                came.store(true, SeqCst);
                let answer = body();
                went.store(true, SeqCst);
                answer
            });
            // Until it has come, and then as long as it takes to find another way in, if there were
            // one.
            let mut turns = 0;
            while turns < 100 {
                thread::yield_now();
                turns += usize::from(came.load(SeqCst));
            }
            assert!(!went.load(SeqCst), "no thread gets past the lock of a list");
            other
        });
        other.join().unwrap()
    })
}

#[test]
fn who_comes_while_a_queue_is_locked_waits_until_it_is_let_go() {
    let queue = Queue::new(0, (), Probe::event(None));
    assert_eq!(while_locked(&queue, || queue.locked(|_| "in")), "in");
}

#[test]
fn a_free_permit_is_had_though_the_list_is_locked_for_a_moment() {
    let sole = Queue::with_one_permit(Probe::lock(None));
    assert!(while_locked(&sole, || sole.try_take()));
    assert!(!sole.try_take());
    let five = Queue::with_permits(5, Probe::semaphore(None, 5));
    assert!(while_locked(&five, || five.try_take(2)));
    assert_eq!(five.value(), 3);
}

#[test]
fn nothing_given_back_above_the_bound_is_nothing() {
    let five = Queue::with_permits(5, Probe::semaphore(None, 5));
    assert_eq!(five.give_back(0, 3, Excess::Discard), Ok(()));
    assert_eq!(five.give_back(1, 3, Excess::Discard), Ok(()));
    assert_eq!(five.give_back(1, 3, Excess::Refuse), Err(Overflow));
    assert_eq!(five.value(), 5);
}

#[test]
fn what_a_semaphore_shows_is_the_same_while_its_list_is_locked() {
    // The locked word shows no permits and a waiter. A thread that loads it waits until it is valid
    // again.
    let two = Queue::with_permits(2, Probe::semaphore(None, 2));
    std::thread::scope(|scope| {
        let seen = two.locked(|_| scope.spawn(|| (two.value(), two.would_wait())));
        assert_eq!(seen.join().unwrap(), (2, false));
    });
    assert!(!two.locked(|_| two.is_empty()), "on the safe side");
    assert!(two.is_empty());
}

#[test]
fn a_bound_above_what_there_can_be_is_that() {
    let one = Queue::with_permits(1, Probe::semaphore(None, 1));
    let released = one.give_back(usize::MAX / 2, usize::MAX, Excess::Refuse);
    assert_eq!(released, Err(Overflow));
    assert_eq!(one.value(), 1);
    one.give_back(usize::MAX / 2, usize::MAX, Excess::Discard)
        .expect("permits above the bound are discarded");
    assert_eq!(one.value(), MAX_PERMITS);
}
