//! While a list is locked its word is not valid: does a thread that loads it from outside ever
//! treat it as valid?

use awaitlist_event::Event;
use awaitlist_lock::{Lock, LockGuard};
use awaitlist_semaphore::Semaphore;

use crate::support::{Arc, model, poll_once, thread};

/// A lock that is held for good, while a waiter queues and is dropped.
#[test]
fn a_lock_that_is_held_shows_as_held() {
    model(|| {
        let lock = Arc::new(Lock::new(()));
        LockGuard::forget(lock.try_acquire().unwrap());
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || {
            let mut wait = Box::pin(other.acquire());
            assert!(poll_once(wait.as_mut()).is_pending());
        });
        assert!(lock.locked());
        assert!(lock.try_acquire().is_none());
        thread.join().unwrap();
        assert!(lock.locked());
        lock.release().expect("only this thread releases it");
    });
}

/// A semaphore with a permit to spare, while another permit goes and comes back.
#[test]
fn a_permit_to_spare_is_always_to_be_had() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(2));
        let other = Arc::clone(&semaphore);
        let thread = thread::spawn(move || drop(other.try_acquire().expect("one is left")));
        assert!(semaphore.value() >= 1);
        assert!(!semaphore.locked());
        drop(semaphore.try_acquire().expect("one is left"));
        thread.join().unwrap();
        assert_eq!(semaphore.value(), 2);
    });
}

/// An event that is set for good, while a waiter from before the set is dropped.
#[test]
fn an_event_that_is_set_shows_as_set() {
    model(|| {
        let event = Arc::new(Event::new());
        let mut wait = Box::pin(event.wait_owned());
        assert!(poll_once(wait.as_mut()).is_pending());
        event.set();
        let thread = thread::spawn(move || drop(wait));
        assert!(event.is_set());
        assert!(poll_once(Box::pin(event.wait()).as_mut()).is_ready());
        thread.join().unwrap();
        assert!(event.is_set());
    });
}
