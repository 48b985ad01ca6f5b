//! What a caller can do wrong: a panic that says what, points at the caller and loses nothing; or
//! an error.

mod polled_again;

use awaitlist::{
    Barrier, BoundedSemaphore, BrokenBarrier, Condition, Lock, LockGuard, NotAcquired,
    ReleasedTooManyTimes, Semaphore, semaphore::MAX_PERMITS,
};
use awaitlist_tests::{Caught, caught, now};
use std::{future::poll_fn, sync::Arc, task::Poll};
use tokio_test::{assert_pending, assert_ready, task::spawn};

/// That a panic says each of `texts`, and points at the caller.
#[track_caller]
fn assert_says(panic: &Caught, texts: &[&str]) {
    for text in texts {
        assert!(panic.message.contains(text), "{panic:?} lacks {text:?}");
    }
    assert_eq!(panic.file, file!(), "{panic:?} points elsewhere");
}

mod making {
    use super::*;

    #[test]
    fn a_barrier_for_nobody() {
        assert_says(&caught(|| Barrier::new(0)), &["parties must be >= 1"]);
        assert_says(&caught(|| Barrier::named("b", 0)), &["parties must be >= 1"]);
    }

    #[test]
    fn a_semaphore_of_more_permits_than_there_can_be() {
        for many in [MAX_PERMITS + 1, usize::MAX] {
            assert_says(&caught(|| Semaphore::new(many)), &["MAX_PERMITS"]);
            assert_says(&caught(|| Semaphore::named("s", many)), &["MAX_PERMITS"]);
            assert_says(&caught(|| BoundedSemaphore::new(many)), &["MAX_PERMITS"]);
            assert_says(&caught(|| BoundedSemaphore::named("s", many)), &["MAX_PERMITS"]);
        }
    }
}

mod acquiring {
    use super::*;

    #[test]
    fn more_than_a_semaphore_can_ever_have() {
        let semaphore = Arc::new(Semaphore::new(1));
        let too_many = MAX_PERMITS + 1;
        let texts =
            [format!("acquire_many({too_many})"), "for ever".into(), MAX_PERMITS.to_string()];
        let texts = texts.each_ref().map(String::as_str);
        // At the call: nothing was polled.
        assert_says(&caught(|| drop(semaphore.acquire_many(too_many))), &texts);
        assert_says(&caught(|| drop(semaphore.acquire_many_owned(too_many))), &texts);
        assert!(caught(|| drop(semaphore.acquire_many(usize::MAX))).message.contains("for ever"));
        assert_eq!((semaphore.value(), semaphore.waiters()), (1, 0));
        assert_eq!(Arc::strong_count(&semaphore), 1);
        assert_pending!(spawn(semaphore.acquire_many(MAX_PERMITS)).poll());
        drop(now(semaphore.acquire()));
    }

    #[test]
    fn more_than_the_bound() {
        let semaphore = Arc::new(BoundedSemaphore::new(3));
        let texts = ["acquire_many(4)", "for ever", "BoundedSemaphore", "3"];
        assert_says(&caught(|| drop(semaphore.acquire_many(4))), &texts);
        assert_says(&caught(|| drop(semaphore.acquire_many_owned(4))), &texts);
        assert!(semaphore.try_acquire_many(4).is_none());
        // However many are available at the moment.
        now(semaphore.acquire_many(3)).forget();
        assert_says(&caught(|| drop(semaphore.acquire_many(4))), &texts);
        assert_pending!(spawn(semaphore.acquire_many(3)).poll());
        semaphore.release_many(3).unwrap();
        assert_eq!((semaphore.value(), semaphore.waiters()), (3, 0));
    }

    #[test]
    fn more_than_one_of_a_semaphore_that_has_none() {
        let semaphore = Arc::new(BoundedSemaphore::new(0));
        assert_says(&caught(|| drop(semaphore.acquire_many(2))), &["acquire_many(2)", "for ever"]);
        assert_says(&caught(|| drop(semaphore.acquire_many_owned(2))), &["acquire_many(2)"]);
        // One waits for ever, as in asyncio.
        assert_pending!(spawn(semaphore.acquire()).poll());
        assert_pending!(spawn(semaphore.acquire_many(1)).poll());
        assert_eq!(semaphore.waiters(), 0);
    }

    #[test]
    fn none_is_granted_in_its_turn() {
        let semaphore = Semaphore::new(0);
        let (mut one, mut none) = (spawn(semaphore.acquire()), spawn(semaphore.acquire_many(0)));
        assert_pending!(one.poll());
        assert_pending!(none.poll());
        drop(one);
        assert!(none.is_woken());
        assert_eq!(assert_ready!(none.poll()).count(), 0);
    }
}

mod releasing {
    use super::*;

    #[test]
    fn beyond_the_most_there_can_be() {
        let semaphore = Semaphore::new(MAX_PERMITS);
        assert_says(&caught(|| semaphore.release()), &["above", "MAX_PERMITS"]);
        let panic = caught(|| semaphore.release_many(2));
        assert_says(&panic, &["a release of 2", "above", "MAX_PERMITS"]);
        assert!(caught(|| semaphore.release_many(usize::MAX)).message.contains("above"));
        assert_eq!(semaphore.value(), MAX_PERMITS);
        let permit = now(semaphore.acquire());
        semaphore.release();
        drop(permit);
        assert_eq!(semaphore.value(), MAX_PERMITS);
    }

    #[test]
    fn beyond_the_most_there_can_be_while_somebody_waits() {
        let semaphore = Semaphore::new(0);
        let (mut first, mut second) =
            (spawn(semaphore.acquire()), spawn(semaphore.acquire_many(2)));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        assert_says(&caught(|| semaphore.release_many(usize::MAX)), &["above"]);
        assert_says(&caught(|| semaphore.release_many(MAX_PERMITS + 4)), &["above"]);
        assert!(!first.is_woken() && !second.is_woken());
        assert_eq!((semaphore.value(), semaphore.waiters()), (0, 2));
        // Three are granted on the way.
        semaphore.release_many(MAX_PERMITS + 3);
        assert!(first.is_woken() && second.is_woken());
        assert_eq!(semaphore.value(), MAX_PERMITS);
    }

    #[test]
    fn too_much_of_a_bounded_semaphore_is_an_error() {
        let semaphore = BoundedSemaphore::new(1);
        assert_eq!(semaphore.release(), Err(ReleasedTooManyTimes));
        assert_eq!(semaphore.release_many(usize::MAX), Err(ReleasedTooManyTimes));
        drop(now(semaphore.acquire()));
        assert_eq!(semaphore.value(), 1);
    }

    #[test]
    fn a_lock_that_is_free_or_guarded_is_an_error() {
        let lock = Lock::new(());
        assert_eq!(lock.release(), Err(NotAcquired));
        let guard: LockGuard<'_> = now(lock.acquire());
        assert_eq!(lock.release(), Err(NotAcquired));
        drop(guard);
        drop(now(lock.acquire()));
    }

    #[test]
    fn a_permit_dropped_above_the_bound_is_let_go_without_a_word() {
        let semaphore = BoundedSemaphore::new(1);
        let permit = now(semaphore.acquire());
        semaphore.release().unwrap();
        drop(permit);
        assert_eq!(semaphore.value(), 1);
    }

    #[test]
    fn waiting_at_a_broken_barrier_is_an_error() {
        let barrier = Barrier::new(2);
        barrier.abort();
        assert_eq!(now(barrier.wait()), Err(BrokenBarrier::Aborted));
        barrier.reset();
        assert_pending!(spawn(barrier.wait()).poll());
    }
}

mod merging {
    use super::*;

    #[test]
    fn permits_of_two_semaphores() {
        let (here, there) = (Semaphore::new(2), Semaphore::new(2));
        let mut permit = now(here.acquire());
        let other = now(there.acquire_many(2));
        assert_says(&caught(|| permit.merge(other)), &["different semaphores"]);
        assert_eq!((permit.count(), here.value(), there.value()), (1, 1, 2));
        permit.merge(now(here.acquire()));
        drop(permit);
        assert_eq!((here.value(), there.value()), (2, 2));
    }

    #[test]
    fn owned_permits_of_two_bounded_semaphores() {
        let (here, there) =
            (Arc::new(BoundedSemaphore::new(2)), Arc::new(BoundedSemaphore::new(2)));
        let mut permit = now(here.acquire_owned());
        let other = now(there.acquire_many_owned(2));
        assert_says(&caught(|| permit.merge(other)), &["different semaphores"]);
        assert_eq!((Arc::strong_count(&there), there.value()), (1, 2));
        drop(permit);
        assert_eq!((Arc::strong_count(&here), here.value()), (1, 2));
    }
}

mod guards_of_another_lock {
    use super::*;

    /// A condition with a waiter, and a lock that is not the condition's.
    fn two<R>(body: impl FnOnce(&Arc<Condition<u8>>, &Arc<Lock<u8>>) -> R) {
        let condition = Arc::new(Condition::new(0));
        let other = Arc::new(Lock::new(0));
        let mut wait = spawn(condition.wait(now(condition.acquire())));
        assert_pending!(wait.poll());
        body(&condition, &other);
        // Both locks are free, no waiter was notified, and the condition works.
        assert!(!condition.locked() && !other.locked());
        assert!(!wait.is_woken());
        assert_eq!(condition.waiters(), 1);
        condition.notify(&now(condition.acquire()), 1);
        drop(assert_ready!(wait.poll()));
        drop(now(other.acquire()));
        assert_eq!(Arc::strong_count(&other), 1);
    }

    #[test]
    fn given_to_wait() {
        two(|condition, other| {
            let guard = now(other.acquire());
            assert_says(&caught(|| drop(condition.wait(guard))), &["another lock"]);
        });
    }

    #[test]
    fn given_to_wait_owned() {
        two(|condition, other| {
            let guard = now(other.acquire_owned());
            assert_says(&caught(|| drop(condition.wait_owned(guard))), &["another lock"]);
            assert_eq!(Arc::strong_count(condition), 1);
        });
    }

    #[test]
    fn given_to_wait_for() {
        two(|condition, other| {
            let guard = now(other.acquire());
            let wait = caught(|| drop(condition.wait_for(guard, |_| unreachable!())));
            assert_says(&wait, &["another lock"]);
            let guard = now(other.acquire_owned());
            let wait = caught(|| {
                drop(condition.wait_for_some(guard, |_| -> Option<()> { unreachable!() }))
            });
            assert_says(&wait, &["another lock"]);
        });
    }

    #[test]
    fn given_to_wait_or() {
        two(|condition, other| {
            let guard = now(other.acquire());
            let kept = Arc::new(());
            let in_stop = Arc::clone(&kept);
            let stop = poll_fn(move |_| -> Poll<()> { unreachable!("{in_stop:?}") });
            let panic = caught(|| drop(condition.wait_or(guard, stop)));
            assert_says(&panic, &["another lock"]);
            assert_eq!(Arc::strong_count(&kept), 1);
        });
    }

    #[test]
    fn given_to_notify() {
        two(|condition, other| {
            let guard = now(other.acquire());
            assert_says(&caught(|| condition.notify(&guard, 1)), &["another lock"]);
            assert_says(&caught(|| condition.notify(&guard, 0)), &["another lock"]);
            assert_says(&caught(|| condition.notify_all(&guard)), &["another lock"]);
            // Only lent, so it is held still.
            assert!(other.locked());
            drop(guard);
            let guard = now(other.acquire_owned());
            assert_says(&caught(|| condition.notify_all(&guard)), &["another lock"]);
        });
    }

    #[test]
    fn of_an_equal_lock_in_another_arc() {
        let (mine, other) = (Arc::new(Lock::new(0)), Arc::new(Lock::new(0)));
        let condition = Condition::with_lock(Arc::clone(&mine));
        let guard = now(other.acquire_owned());
        assert_says(&caught(|| drop(condition.wait(guard))), &["another lock"]);
        assert!(!mine.locked() && !other.locked());
        // A clone of the Arc is the same lock.
        let guard = now(Arc::clone(&mine).acquire_owned());
        condition.notify_all(&guard);
    }
}
