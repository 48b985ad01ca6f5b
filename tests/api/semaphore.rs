//! `Semaphore`: every method of it and of its permits.

use awaitlist::{
    Block, Semaphore, TimedOut,
    semaphore::{MAX_PERMITS, OwnedPermit, SemaphorePermit},
};
use awaitlist_tests::now;
use std::{
    ptr,
    sync::Arc,
    task::Waker,
    thread,
    time::{Duration, Instant},
};
use tokio_test::{assert_pending, assert_ready, task::spawn};

mod making {
    use super::*;

    static DOWNLOADS: Semaphore = Semaphore::new(2);
    static NAMED: Semaphore = Semaphore::named("downloads", 3);

    #[test]
    fn a_semaphore_has_the_permits_it_was_made_with() {
        assert_eq!(DOWNLOADS.value(), 2);
        assert_eq!(NAMED.value(), 3);
        assert_eq!(Semaphore::default().value(), 1);
        assert_eq!(Semaphore::new(0).value(), 0);
        assert_eq!(Semaphore::new(MAX_PERMITS).value(), MAX_PERMITS);
    }

    // A few bits of a word are kept for other things.
    const _: () = assert!(MAX_PERMITS >= usize::MAX >> 4 && MAX_PERMITS <= usize::MAX >> 1);

    #[test]
    fn a_semaphore_of_all_permits_gives_them_all_and_takes_them_back() {
        let semaphore = Semaphore::new(MAX_PERMITS);
        let all = now(semaphore.acquire_many(MAX_PERMITS));
        assert_eq!((all.count(), semaphore.value()), (MAX_PERMITS, 0));
        assert!(semaphore.locked());
        drop(all);
        assert_eq!(semaphore.value(), MAX_PERMITS);
    }
}

mod acquiring {
    use super::*;

    #[test]
    fn a_permit_is_one_off_the_value_until_it_is_dropped() {
        let semaphore = Semaphore::new(2);
        let permit: SemaphorePermit<'_> = now(semaphore.acquire());
        assert_eq!((permit.count(), semaphore.value()), (1, 1));
        assert!(!semaphore.locked());
        let other = now(semaphore.acquire());
        assert_eq!(semaphore.value(), 0);
        assert!(semaphore.locked());
        drop(permit);
        assert_eq!(semaphore.value(), 1);
        drop(other);
        assert_eq!(semaphore.value(), 2);
    }

    #[test]
    fn one_too_many_waits_for_a_permit_to_come_back() {
        let semaphore = Semaphore::new(1);
        let permit = now(semaphore.acquire());
        let mut next = spawn(semaphore.acquire());
        assert_pending!(next.poll());
        assert_eq!(semaphore.waiters(), 1);
        drop(permit);
        assert!(next.is_woken());
        let permit = assert_ready!(next.poll());
        assert_eq!((semaphore.value(), semaphore.waiters()), (0, 0));
        drop(permit);
        assert_eq!(semaphore.value(), 1);
    }

    #[test]
    fn many_permits_are_acquired_at_once_or_not_at_all() {
        let semaphore = Semaphore::new(3);
        let one = now(semaphore.acquire());
        let mut three = spawn(semaphore.acquire_many(3));
        assert_pending!(three.poll());
        assert_eq!(semaphore.value(), 2);
        drop(one);
        assert_eq!(semaphore.value(), 0);
        let three = assert_ready!(three.poll());
        assert_eq!(three.count(), 3);
        drop(three);
        assert_eq!(semaphore.value(), 3);
    }

    #[test]
    fn more_permits_than_there_are_come_by_release() {
        let semaphore = Semaphore::new(0);
        let mut five = spawn(semaphore.acquire_many(5));
        assert_pending!(five.poll());
        semaphore.release_many(4);
        assert!(!five.is_woken());
        assert_eq!(semaphore.value(), 4);
        semaphore.release();
        assert!(five.is_woken());
        assert_eq!(semaphore.value(), 0);
        assert_eq!(assert_ready!(five.poll()).count(), 5);
        assert_eq!(semaphore.value(), 5);
    }

    #[test]
    fn no_permits_are_had_at_once_where_nobody_waits() {
        let semaphore = Semaphore::new(0);
        let none = now(semaphore.acquire_many(0));
        assert_eq!(none.count(), 0);
        drop(none);
        assert_eq!(semaphore.value(), 0);
        assert_eq!(semaphore.try_acquire_many(0).unwrap().count(), 0);
    }

    #[test]
    fn every_form_of_try_answers_none_where_there_is_too_little() {
        let semaphore = Arc::new(Semaphore::new(2));
        assert_eq!(semaphore.try_acquire().unwrap().count(), 1);
        assert_eq!(semaphore.try_acquire_owned().unwrap().count(), 1);
        assert_eq!(semaphore.try_acquire_many(2).unwrap().count(), 2);
        assert_eq!(semaphore.try_acquire_many_owned(2).unwrap().count(), 2);
        assert!(semaphore.try_acquire_many(3).is_none());
        assert!(semaphore.try_acquire_many_owned(3).is_none());
        assert!(semaphore.try_acquire_many(usize::MAX).is_none());
        let all = semaphore.try_acquire_many(2);
        assert!(semaphore.try_acquire().is_none());
        assert!(semaphore.try_acquire_owned().is_none());
        drop(all);
        assert_eq!(semaphore.value(), 2);
    }

    #[test]
    fn an_owned_permit_keeps_the_semaphore_alive() {
        let semaphore = Arc::new(Semaphore::new(3));
        let one: OwnedPermit = now(semaphore.acquire_owned());
        let two = now(semaphore.acquire_many_owned(2));
        assert_eq!((one.count(), two.count()), (1, 2));
        assert_eq!(Arc::strong_count(&semaphore), 3);
        let weak = Arc::downgrade(&semaphore);
        drop(semaphore);
        drop(one);
        assert_eq!(two.semaphore().value(), 1);
        thread::spawn(move || drop(two)).join().unwrap();
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn borrowed_and_owned_waits_stand_in_one_queue() {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut first = spawn(semaphore.acquire_owned());
        let mut second = spawn(semaphore.acquire());
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        semaphore.release();
        assert!(first.is_woken() && !second.is_woken());
        drop(assert_ready!(first.poll()));
        assert!(second.is_woken());
    }
}

mod releasing {
    use super::*;

    #[test]
    fn a_release_makes_a_permit_up() {
        let semaphore = Semaphore::new(1);
        semaphore.release();
        assert_eq!(semaphore.value(), 2);
        semaphore.release_many(3);
        assert_eq!(semaphore.value(), 5);
        semaphore.release_many(0);
        assert_eq!(semaphore.value(), 5);
    }

    #[test]
    fn releasing_none_wakes_nobody() {
        let semaphore = Semaphore::new(0);
        let mut next = spawn(semaphore.acquire());
        let mut none = spawn(semaphore.acquire_many(0));
        assert_pending!(next.poll());
        assert_pending!(none.poll());
        semaphore.release_many(0);
        assert!(!next.is_woken() && !none.is_woken());
    }

    #[test]
    fn a_permit_of_none_gives_nothing_back() {
        let semaphore = Semaphore::new(1);
        let none = now(semaphore.acquire_many(0));
        let mut waiting = spawn(semaphore.acquire_many(2));
        assert_pending!(waiting.poll());
        drop(none);
        assert!(!waiting.is_woken());
        assert_eq!(semaphore.value(), 1);
    }
}

mod permits {
    use super::*;

    #[test]
    fn a_permit_is_split_and_merged_again() {
        let semaphore = Semaphore::new(5);
        let mut permit = now(semaphore.acquire_many(5));
        let two = permit.split(2).unwrap();
        assert_eq!((permit.count(), two.count(), semaphore.value()), (3, 2, 0));
        drop(two);
        assert_eq!(semaphore.value(), 2);
        let one = permit.split(1).unwrap();
        permit.merge(one);
        assert_eq!((permit.count(), semaphore.value()), (3, 2));
        permit.merge(now(semaphore.acquire_many(2)));
        assert_eq!(permit.count(), 5);
        drop(permit);
        assert_eq!(semaphore.value(), 5);
    }

    #[test]
    fn a_split_of_more_than_there_is_changes_nothing() {
        let semaphore = Semaphore::new(2);
        let mut permit = now(semaphore.acquire_many(2));
        assert!(permit.split(3).is_none());
        assert!(permit.split(usize::MAX).is_none());
        assert_eq!(permit.count(), 2);
        let none = permit.split(0).unwrap();
        let all = permit.split(2).unwrap();
        assert_eq!((none.count(), permit.count(), all.count()), (0, 0, 2));
        drop((none, permit));
        assert_eq!(semaphore.value(), 0);
        drop(all);
        assert_eq!(semaphore.value(), 2);
    }

    #[test]
    fn owned_permits_are_split_and_merged_each_with_its_arc() {
        let semaphore = Arc::new(Semaphore::new(3));
        let mut permit = now(semaphore.acquire_many_owned(3));
        let one = permit.split(1).unwrap();
        assert_eq!(Arc::strong_count(&semaphore), 3);
        permit.merge(one);
        assert_eq!((Arc::strong_count(&semaphore), permit.count()), (2, 3));
        drop(permit);
        assert_eq!((Arc::strong_count(&semaphore), semaphore.value()), (1, 3));
    }

    #[test]
    fn a_forgotten_permit_does_not_come_back_until_it_is_released() {
        let semaphore = Arc::new(Semaphore::new(3));
        now(semaphore.acquire_many(2)).forget();
        assert_eq!(semaphore.value(), 1);
        now(semaphore.acquire_owned()).forget();
        assert_eq!((semaphore.value(), Arc::strong_count(&semaphore)), (0, 1));
        semaphore.release_many(3);
        assert_eq!(semaphore.value(), 3);
    }

    #[test]
    fn a_permit_knows_its_semaphore() {
        let semaphore = Arc::new(Semaphore::new(2));
        let borrowed = now(semaphore.acquire());
        let owned = now(semaphore.acquire_owned());
        assert!(ptr::eq(*borrowed.semaphore(), &*semaphore));
        assert!(Arc::ptr_eq(owned.semaphore(), &semaphore));
    }

    #[test]
    fn dropping_a_permit_of_many_wakes_as_many_as_it_feeds() {
        let semaphore = Semaphore::new(3);
        let permit = now(semaphore.acquire_many(3));
        let mut waiting: Vec<_> = (0..4).map(|_| spawn(semaphore.acquire())).collect();
        for wait in &mut waiting {
            assert_pending!(wait.poll());
        }
        drop(permit);
        let woken: Vec<_> = waiting.iter().map(|wait| wait.is_woken()).collect();
        assert_eq!(woken, [true, true, true, false]);
        assert_eq!(semaphore.value(), 0);
    }
}

mod printing {
    use super::*;

    #[test]
    fn display_prints_asyncios_brackets() {
        let semaphore = Semaphore::new(2);
        assert_eq!(semaphore.to_string(), "<Semaphore [unlocked, value:2]>");
        let both = now(semaphore.acquire_many(2));
        assert_eq!(semaphore.to_string(), "<Semaphore [locked]>");
        let mut next = spawn(semaphore.acquire());
        assert_pending!(next.poll());
        assert_eq!(semaphore.to_string(), "<Semaphore [locked, waiters:1]>");
        drop(both);
        // One was granted, one is there: yet a newcomer would have to wait, so the value is not
        // shown.
        assert_eq!(semaphore.value(), 1);
        assert_eq!(semaphore.to_string(), "<Semaphore [locked, waiters:1]>");
        let permit = assert_ready!(next.poll());
        assert_eq!(semaphore.to_string(), "<Semaphore [unlocked, value:1]>");
        drop(permit);
    }

    #[test]
    fn debug_shows_the_value_and_the_waiters() {
        let semaphore = Semaphore::new(1);
        assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 1, waiters: 0 }");
        let mut two = spawn(semaphore.acquire_many(2));
        assert_pending!(two.poll());
        assert_eq!(format!("{semaphore:?}"), "Semaphore { value: 1, waiters: 1 }");
    }

    #[test]
    fn permits_and_futures_print_what_they_are() {
        let semaphore = Semaphore::new(2);
        let permit = now(semaphore.acquire_many(2));
        assert_eq!(format!("{permit:?}"), r#"Permit { of: "Semaphore", count: 2, .. }"#);
        let mut next = Box::pin(semaphore.acquire());
        assert!(awaitlist_tests::poll(&mut next, Waker::noop()).is_pending());
        assert_eq!(
            format!("{next:?}"),
            r#"Acquire { of: "Semaphore", need: 1, queued: true, .. }"#
        );
    }
}

mod blocking {
    use super::*;

    #[test]
    fn a_thread_waits_for_a_permit() {
        let semaphore = Arc::new(Semaphore::new(0));
        thread::scope(|scope| {
            let thread = scope.spawn(|| semaphore.acquire_many(2).block().count());
            while semaphore.waiters() == 0 {
                thread::yield_now();
            }
            semaphore.release_many(2);
            assert_eq!(thread.join().unwrap(), 2);
        });
        assert_eq!(semaphore.value(), 2);
    }

    #[test]
    fn a_wait_that_times_out_leaves_the_queue() {
        let semaphore = Semaphore::new(1);
        let timed_out = semaphore.acquire_many(2).block_timeout(Duration::ZERO);
        assert_eq!(timed_out.unwrap_err(), TimedOut);
        let timed_out = semaphore.acquire_many(2).block_deadline(Instant::now());
        assert_eq!(timed_out.unwrap_err(), TimedOut);
        assert_eq!((semaphore.waiters(), semaphore.value()), (0, 1));
        assert!(!semaphore.locked());
        drop(semaphore.acquire().block_timeout(Duration::ZERO).unwrap());
    }
}

mod releasing_or_not {
    use super::*;
    use awaitlist::semaphore::{MAX_PERMITS, TooManyPermits};

    #[test]
    fn try_release_returns_an_error_where_release_panics() {
        let semaphore = Semaphore::new(MAX_PERMITS - 1);
        assert_eq!(semaphore.try_release_many(2), Err(TooManyPermits));
        assert_eq!(semaphore.try_release(), Ok(()));
        assert_eq!(semaphore.try_release(), Err(TooManyPermits));
        assert_eq!(semaphore.try_release_many(usize::MAX), Err(TooManyPermits));
        assert_eq!(semaphore.try_release_many(0), Ok(()));
        assert_eq!(semaphore.value(), MAX_PERMITS);
        let message = TooManyPermits.to_string();
        assert_eq!(message, "the release would take the semaphore above its bound");
    }

    #[test]
    fn try_release_grants_the_first_waiter() {
        let semaphore = Semaphore::new(0);
        let mut first = spawn(semaphore.acquire());
        let mut second = spawn(semaphore.acquire());
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        assert_eq!(semaphore.try_release(), Ok(()));
        assert!(first.is_woken() && !second.is_woken());
        assert_eq!(semaphore.try_release_many(2), Ok(()));
        assert!(second.is_woken());
        assert_eq!(semaphore.value(), 1);
    }
}
