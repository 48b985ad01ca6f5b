use std::{pin::pin, task::Poll};

use awaitlist_bounded_semaphore::BoundedSemaphore;
use awaitlist_semaphore::Semaphore;

use crate::support::{Arc, block_on, model, poll_once, thread};

/// Two releases at once, two waiters: are both let in, and is no permit left over?
#[test]
fn two_releases_let_two_waiters_in() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut waiters: Vec<_> = (0..2).map(|_| Box::pin(semaphore.acquire())).collect();
        for waiter in &mut waiters {
            assert!(poll_once(waiter.as_mut()).is_pending());
        }
        let other = Arc::clone(&semaphore);
        let thread = thread::spawn(move || other.release());
        semaphore.release();
        thread.join().unwrap();
        for waiter in &mut waiters {
            match poll_once(waiter.as_mut()) {
                Poll::Ready(permit) => permit.forget(),
                Poll::Pending => panic!("not let in"),
            }
        }
        assert_eq!((semaphore.value(), semaphore.waiters()), (0, 0));
    });
}

/// Two releases while two begin to wait: does each find a permit?
#[test]
fn two_releases_against_two_who_begin_to_wait() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = Arc::clone(&semaphore);
        let thread = thread::spawn(move || {
            other.release();
            other.release();
        });
        block_on(semaphore.acquire()).forget();
        block_on(semaphore.acquire()).forget();
        thread.join().unwrap();
        assert_eq!((semaphore.value(), semaphore.waiters()), (0, 0));
    });
}

/// The first waiter, which needs more than there is, is dropped: does the one behind it get the
/// permit that is there?
#[test]
fn the_drop_of_a_big_head_lets_the_next_in() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let mut head = Box::pin(semaphore.acquire_many_owned(2));
        assert!(poll_once(head.as_mut()).is_pending());
        let next = Arc::clone(&semaphore);
        let next = thread::spawn(move || drop(block_on(next.acquire())));
        drop(head);
        next.join().unwrap();
        assert_eq!(semaphore.value(), 1);
    });
}

/// The big head is dropped while the permit that it lacks is released.
#[test]
fn the_drop_of_a_big_head_against_a_release() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let mut head = Box::pin(semaphore.acquire_many_owned(2));
        assert!(poll_once(head.as_mut()).is_pending());
        let mut next = pin!(semaphore.acquire());
        assert!(poll_once(next.as_mut()).is_pending());
        let dropper = thread::spawn(move || drop(head));
        semaphore.release();
        drop(block_on(next));
        dropper.join().unwrap();
        assert_eq!(semaphore.value(), 2);
    });
}

/// A permit is handed over while a newcomer enters: is it given once, and does the newcomer stay
/// behind?
#[test]
fn a_permit_handed_over_while_a_newcomer_enters() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut waiter = pin!(semaphore.acquire());
        assert!(poll_once(waiter.as_mut()).is_pending());
        let newcomer = Arc::clone(&semaphore);
        let newcomer = thread::spawn(move || {
            let got_in = newcomer.try_acquire().is_some();
            assert!(!got_in, "it overtook a waiter");
        });
        semaphore.release();
        newcomer.join().unwrap();
        assert!(poll_once(waiter).is_ready());
    });
}

/// A release and an acquire without waiters: does the thread that gets the permit see what was done
/// before?
#[test]
fn a_permit_carries_what_was_done_before() {
    model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let data = Arc::new(loom::cell::UnsafeCell::new(0));
        let (other, written) = (Arc::clone(&semaphore), Arc::clone(&data));
        let thread = thread::spawn(move || {
            // SAFETY: no thread reads before the release.
            written.with_mut(|data| unsafe { *data = 1 });
            other.release();
        });
        block_on(semaphore.acquire()).forget();
        // SAFETY: the acquire comes after the release.
        assert_eq!(data.with(|data| unsafe { *data }), 1);
        thread.join().unwrap();
    });
}

/// Two releases of a bounded semaphore at one below its bound: is exactly one of them too many?
#[test]
fn one_of_two_releases_is_too_many() {
    model(|| {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        semaphore.try_acquire().unwrap().forget();
        let other = Arc::clone(&semaphore);
        let thread = thread::spawn(move || usize::from(other.release().is_ok()));
        let released = usize::from(semaphore.release().is_ok());
        assert_eq!(released + thread.join().unwrap(), 1);
        assert_eq!(semaphore.value(), 1);
    });
}

/// The bound rises while a permit is released: is the waiter granted a permit, and is none lost?
#[test]
fn a_raised_bound_against_a_release() {
    model(|| {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        let held = semaphore.try_acquire_owned().expect("one is available");
        let mut waiters: Vec<_> = (0..2).map(|_| Box::pin(semaphore.acquire())).collect();
        for waiter in &mut waiters {
            assert!(poll_once(waiter.as_mut()).is_pending());
        }
        let releaser = thread::spawn(move || drop(held));
        semaphore.set_bound(2);
        releaser.join().unwrap();
        for waiter in &mut waiters {
            match poll_once(waiter.as_mut()) {
                Poll::Ready(permit) => drop(permit),
                Poll::Pending => panic!("not granted"),
            }
        }
        assert_eq!((semaphore.value(), semaphore.bound(), semaphore.waiters()), (2, 2, 0));
    });
}

/// The bound falls while two threads acquire and release without the queue's lock: is the value the
/// bound in the end, and does an acquire wait until it is above 0?
#[test]
fn a_lowered_bound_against_an_acquire() {
    model(|| {
        let semaphore = Arc::new(BoundedSemaphore::new(2));
        let held = semaphore.try_acquire_owned().expect("two are available");
        let other = Arc::clone(&semaphore);
        let thread = thread::spawn(move || drop(block_on(other.acquire())));
        semaphore.set_bound(1);
        drop(held);
        thread.join().unwrap();
        assert_eq!((semaphore.value(), semaphore.waiters()), (1, 0));
        assert!(semaphore.release().is_err());
    });
}
