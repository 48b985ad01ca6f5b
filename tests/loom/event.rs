use std::pin::pin;

use awaitlist_event::Event;
use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicUsize, Ordering},
    thread::JoinHandle,
};

use crate::support::{Arc, block_on, model, model_bounded, poll_once, thread};

/// An event that another thread sets when it has written to the cell.
fn set_after_a_write() -> (Arc<Event>, Arc<UnsafeCell<i32>>, JoinHandle<()>) {
    let event = Arc::new(Event::new());
    let data = Arc::new(UnsafeCell::new(0));
    let (other, written) = (Arc::clone(&event), Arc::clone(&data));
    let thread = thread::spawn(move || {
        // SAFETY: no thread reads before the set.
        written.with_mut(|data| unsafe { *data = 1 });
        other.set();
    });
    (event, data, thread)
}

/// A set against a wait that begins: is it never missed, and is what was done before it seen?
#[test]
fn a_set_against_a_wait() {
    model(|| {
        let (event, data, thread) = set_after_a_write();
        block_on(event.wait());
        // SAFETY: the wait returns because of the set.
        assert_eq!(data.with(|data| unsafe { *data }), 1);
        thread.join().unwrap();
        assert!(event.is_set());
    });
}

/// One waits already; the flag is set and cleared at once: is it released all the same?
#[test]
fn a_set_and_a_clear_release_who_waited() {
    model(|| {
        let event = Arc::new(Event::new());
        let mut wait = pin!(event.wait());
        assert!(poll_once(wait.as_mut()).is_pending());
        let other = Arc::clone(&event);
        let thread = thread::spawn(move || {
            other.set();
            other.clear();
        });
        block_on(wait);
        thread.join().unwrap();
        assert_eq!(event.waiters(), 0);
    });
}

/// Two set at once, with three waiting (more than a batch): is each woken?
#[test]
fn two_sets_release_all() {
    model_bounded(2, || {
        let event = Arc::new(Event::new());
        let mut waits: Vec<_> = (0..3).map(|_| Box::pin(event.wait())).collect();
        for wait in &mut waits {
            assert!(poll_once(wait.as_mut()).is_pending());
        }
        let other = Arc::clone(&event);
        let thread = thread::spawn(move || other.set());
        event.set();
        thread.join().unwrap();
        for wait in &mut waits {
            assert!(poll_once(wait.as_mut()).is_ready());
        }
        assert_eq!(event.waiters(), 0);
    });
}

/// A set against the drop of one waiter: is the other still released?
#[test]
fn a_set_against_a_drop() {
    model(|| {
        let event = Arc::new(Event::new());
        let mut first = Box::pin(event.wait_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = pin!(event.wait());
        assert!(poll_once(second.as_mut()).is_pending());
        let dropper = thread::spawn(move || drop(first));
        event.set();
        block_on(second);
        dropper.join().unwrap();
        assert_eq!(event.waiters(), 0);
    });
}

/// Clear, look, wait: a change before a `set` is seen by the look after the `clear`, or the wait
/// returns. Even if the event was set already when it was set.
#[test]
fn clear_look_wait_misses_nothing() {
    model(|| {
        let event = Arc::new(Event::new());
        let jobs = Arc::new(AtomicUsize::new(0));
        event.set();
        let (other, added) = (Arc::clone(&event), Arc::clone(&jobs));
        let thread = thread::spawn(move || {
            added.store(1, Ordering::Relaxed);
            other.set();
        });
        loop {
            event.clear();
            if jobs.load(Ordering::Relaxed) == 1 {
                break;
            }
            block_on(event.wait());
        }
        thread.join().unwrap();
    });
}

/// A check from outside, without a wait: does a thread that sees the flag see what was done before
/// it was set?
#[test]
fn a_look_sees_what_was_done_before() {
    model(|| {
        let (event, data, thread) = set_after_a_write();
        // Or loom would let this thread look first, always.
        thread::yield_now();
        if event.is_set() {
            // SAFETY: written before the set, and by no thread after it.
            assert_eq!(data.with(|data| unsafe { *data }), 1);
        }
        thread.join().unwrap();
    });
}
