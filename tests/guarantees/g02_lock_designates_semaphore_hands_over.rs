//! After a release with a waiter, a lock is not locked and its waiter counts until it runs; a
//! semaphore's permit is out of the value at the release. `release_many` is so many releases in one
//! step.

use awaitlist::{BoundedSemaphore, Lock, Semaphore};
use awaitlist_tests::now;
use tokio_test::{assert_pending, assert_ready, task::spawn};

#[test]
fn a_released_lock_is_not_locked_until_the_designated_one_runs() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let mut designated = spawn(lock.acquire());
    assert_pending!(designated.poll());
    drop(held);
    assert_eq!((lock.locked(), lock.waiters()), (false, 1));
    let held = assert_ready!(designated.poll());
    assert_eq!((lock.locked(), lock.waiters()), (true, 0));
    drop(held);
    assert!(!lock.locked());
}

#[test]
fn at_most_one_is_designated() {
    let lock = Lock::new(());
    let held = now(lock.acquire());
    let mut waiting = [(); 3].map(|()| spawn(lock.acquire()));
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    drop(held);
    assert_eq!(waiting.each_ref().map(|wait| wait.is_woken()), [true, false, false]);
}

#[test]
fn a_released_permit_is_out_of_the_value_before_its_receiver_runs() {
    let semaphore = Semaphore::new(0);
    let mut granted = spawn(semaphore.acquire());
    assert_pending!(granted.poll());
    semaphore.release();
    assert!(granted.is_woken());
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 1));
    assert!(semaphore.locked());
    let permit = assert_ready!(granted.poll());
    assert_eq!((semaphore.value(), semaphore.waiters()), (0, 0));
    drop(permit);
    assert!(!semaphore.locked());
}

#[test]
fn a_release_grants_one_waiter_though_the_value_would_do_for_more() {
    let semaphore = Semaphore::new(0);
    let mut first = spawn(semaphore.acquire());
    assert_pending!(first.poll());
    semaphore.release_many(4);
    let (mut second, mut third) = (spawn(semaphore.acquire()), spawn(semaphore.acquire()));
    assert_pending!(second.poll());
    assert_pending!(third.poll());
    assert_eq!(semaphore.value(), 3);
    semaphore.release();
    assert!(second.is_woken() && !third.is_woken());
    assert_eq!(semaphore.value(), 3);
}

#[test]
fn release_many_grants_what_so_many_releases_would() {
    // Needs in line, how many are released, whether each is granted, and the value after it.
    let cases: [(&[usize], usize, &[bool], usize); 8] = [
        (&[1, 1, 1], 2, &[true, true, false], 0),
        (&[1, 1], 5, &[true, true], 3),
        (&[3, 1], 2, &[false, false], 2),
        (&[3, 1], 3, &[true, false], 0),
        (&[3, 1], 4, &[true, true], 0),
        // A need of none takes a release's turn as well, and leaves the permit in the value.
        (&[0, 1], 1, &[true, false], 1),
        (&[0, 0, 2], 2, &[true, true, false], 2),
        (&[0, 2], 3, &[true, true], 1),
    ];
    for (needs, released, granted, value) in cases {
        let in_one = Semaphore::new(0);
        let one_by_one = Semaphore::new(0);
        // A waiter before them that is granted first, so that those that need no permits queue as
        // well.
        for semaphore in [&in_one, &one_by_one] {
            let mut head = spawn(semaphore.acquire());
            assert_pending!(head.poll());
            let mut waiting: Vec<_> =
                needs.iter().map(|need| spawn(semaphore.acquire_many(*need))).collect();
            for wait in &mut waiting {
                assert_pending!(wait.poll());
            }
            semaphore.release();
            if std::ptr::eq(semaphore, &in_one) {
                semaphore.release_many(released);
            } else {
                (0..released).for_each(|_| semaphore.release());
            }
            let woken: Vec<_> = waiting.iter().map(|wait| wait.is_woken()).collect();
            assert_eq!(woken, granted, "{needs:?} after {released}");
            assert_eq!(semaphore.value(), value, "{needs:?} after {released}");
        }
    }
}

#[test]
fn after_a_slow_acquire_as_many_are_granted_as_the_value_feeds() {
    let semaphore = Semaphore::new(0);
    let mut first = spawn(semaphore.acquire());
    assert_pending!(first.poll());
    semaphore.release_many(3);
    let mut waiting = [(); 3].map(|()| spawn(semaphore.acquire()));
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    assert_eq!(semaphore.value(), 2);
    let permit = assert_ready!(first.poll());
    assert_eq!(waiting.each_ref().map(|wait| wait.is_woken()), [true, true, false]);
    assert_eq!(semaphore.value(), 0);
    drop(permit);
    assert!(waiting[2].is_woken());
}

#[test]
fn after_a_drop_as_many_are_granted_as_the_value_feeds() {
    let semaphore = BoundedSemaphore::new(4);
    let held = now(semaphore.acquire_many(2));
    let mut head = spawn(semaphore.acquire_many(4));
    assert_pending!(head.poll());
    let mut waiting = [1, 1, 1].map(|need| spawn(semaphore.acquire_many(need)));
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    drop(head);
    assert_eq!(waiting.each_ref().map(|wait| wait.is_woken()), [true, true, false]);
    assert_eq!(semaphore.value(), 0);
    drop(held);
    assert!(waiting[2].is_woken());
}

#[test]
fn the_wake_loop_stops_at_a_head_that_does_not_fit() {
    let semaphore = Semaphore::new(0);
    let mut first = spawn(semaphore.acquire());
    assert_pending!(first.poll());
    semaphore.release_many(3);
    let mut waiting = [1, 2, 1].map(|need| spawn(semaphore.acquire_many(need)));
    for wait in &mut waiting {
        assert_pending!(wait.poll());
    }
    let permit = assert_ready!(first.poll());
    // Two were there: one for the first in line, and one left, which is too little for the second.
    assert_eq!(waiting.each_ref().map(|wait| wait.is_woken()), [true, false, false]);
    assert_eq!(semaphore.value(), 1);
    drop(permit);
    assert_eq!(waiting.each_ref().map(|wait| wait.is_woken()), [true, true, false]);
    assert_eq!(semaphore.value(), 0);
}

#[test]
fn locked_says_whether_a_newcomer_would_have_to_wait() {
    let semaphore = Semaphore::new(1);
    assert!(!semaphore.locked());
    let permit = now(semaphore.acquire());
    assert!(semaphore.locked());
    let mut waiting = spawn(semaphore.acquire());
    assert_pending!(waiting.poll());
    semaphore.release_many(2);
    // A value, and one in its window.
    assert_eq!((semaphore.value(), semaphore.locked()), (1, true));
    drop(waiting);
    assert_eq!((semaphore.value(), semaphore.locked()), (2, false));
    drop(permit);
}
