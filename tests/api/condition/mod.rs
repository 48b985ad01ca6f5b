//! `Condition`: every method.

use awaitlist::{Condition, Lock, LockGuard, OwnedLockGuard, condition::AnyCondition};
use awaitlist_tests::{now, poll};
use std::{fmt::Debug, ptr, sync::Arc, task::Waker};
use tokio_test::{assert_pending, assert_ready, task::spawn};

mod waiting_for;
mod waiting_or;

mod making {
    use super::*;

    static OWN: Condition<Vec<u8>> = Condition::new(Vec::new());
    static NAMED: Condition = Condition::named("jobs", ());
    static SHARED: Lock<u8> = Lock::new(3);
    static ON_SHARED: Condition<u8, &'static Lock<u8>> = Condition::with_lock(&SHARED);
    static NAMED_ON_SHARED: Condition<u8, &'static Lock<u8>> =
        Condition::named_with_lock("jobs", &SHARED);

    #[test]
    fn a_static_condition_guards_its_value() {
        now(OWN.acquire()).push(1);
        assert_eq!(*now(OWN.acquire()), [1]);
        drop(now(NAMED.acquire()));
        assert!(!NAMED.locked());
    }

    #[test]
    fn conditions_on_one_lock_share_it() {
        let guard = now(SHARED.acquire());
        assert!(ON_SHARED.locked() && NAMED_ON_SHARED.locked());
        assert!(ON_SHARED.try_acquire().is_none());
        drop(guard);
        assert!(ptr::eq(ON_SHARED.lock(), &SHARED));
        assert!(ptr::eq(NAMED_ON_SHARED.lock(), &SHARED));
    }

    #[test]
    fn a_condition_is_made_of_a_reference_an_arc_or_the_lock_itself() {
        let lock = Lock::new(1);
        assert!(ptr::eq(Condition::with_lock(&lock).lock(), &lock));
        let lock = Arc::new(lock);
        assert!(ptr::eq(Condition::with_lock(Arc::clone(&lock)).lock(), &*lock));
        let owner = Condition::with_lock(Lock::new(2));
        assert_eq!(*now(owner.acquire()), 2);
    }

    #[test]
    fn a_default_and_a_converted_condition_have_a_lock_of_their_own() {
        assert_eq!(<Condition>::default().to_string(), "<Condition [unlocked]>");
        assert_eq!(*now(Condition::<u8>::default().acquire()), 0);
        let converted: Condition<&str> = "value".into();
        assert_eq!(*now(converted.acquire()), "value");
    }

    #[test]
    fn get_mut_and_into_inner_reach_the_value_without_acquiring() {
        let mut condition = Condition::new(1);
        std::mem::forget(now(condition.acquire()));
        *condition.get_mut() += 1;
        assert_eq!(condition.into_inner(), 2);
    }

    #[test]
    fn a_condition_on_an_unsized_value_waits_as_any_other() {
        let lock: Arc<Lock<dyn Debug + Send>> = Arc::new(Lock::new(5));
        let condition = Condition::with_lock(Arc::clone(&lock));
        let mut wait = spawn(condition.wait(now(condition.acquire_owned())));
        assert_pending!(wait.poll());
        condition.notify_all(&now(lock.acquire()));
        assert_eq!(format!("{:?}", assert_ready!(wait.poll())), "5");
    }
}

mod locking {
    use super::*;

    #[test]
    fn acquire_and_its_kin_are_those_of_the_lock() {
        let condition = Condition::with_lock(Arc::new(Lock::new(0)));
        assert!(!condition.locked());
        let guard = now(condition.acquire());
        assert!(condition.locked());
        assert!(condition.try_acquire().is_none());
        assert!(condition.try_acquire_owned().is_none());
        let mut queued = spawn(condition.acquire_owned());
        assert_pending!(queued.poll());
        assert_eq!(condition.lock().waiters(), 1);
        drop(guard);
        drop(assert_ready!(queued.poll()));
        drop(condition.try_acquire().unwrap());
        drop(condition.try_acquire_owned().unwrap());
        assert!(!condition.locked());
    }

    #[test]
    fn a_guard_of_the_lock_serves_wherever_it_was_acquired() {
        let lock = Arc::new(Lock::new(()));
        let condition = Condition::with_lock(Arc::clone(&lock));
        let guard = now(lock.acquire());
        condition.notify(&guard, 1);
        condition.notify_all(&guard);
        let mut wait = spawn(condition.wait(guard));
        assert_pending!(wait.poll());
        let owned: OwnedLockGuard = now(lock.acquire_owned());
        condition.notify(&owned, 1);
        drop(owned);
        assert!(ptr::eq(*LockGuard::lock(&assert_ready!(wait.poll())), &*lock));
    }

    #[test]
    fn a_forgotten_and_adopted_hold_serves_as_well() {
        let condition = Condition::new(());
        LockGuard::forget(now(condition.acquire()));
        let adopted = condition.lock().adopt().unwrap();
        let mut wait = spawn(condition.wait(adopted));
        assert_pending!(wait.poll());
        assert!(!condition.locked());
        LockGuard::forget(now(condition.acquire()));
        let adopted = condition.lock().adopt().unwrap();
        condition.notify(&adopted, 1);
        drop(adopted);
        drop(assert_ready!(wait.poll()));
    }
}

mod waiting {
    use super::*;

    #[test]
    fn a_wait_lets_the_lock_go_at_its_first_poll_and_has_it_again_when_notified() {
        let condition = Condition::new(0);
        let mut wait = spawn(condition.wait(now(condition.acquire())));
        assert!(condition.locked());
        assert_eq!(condition.waiters(), 0);
        assert_pending!(wait.poll());
        assert!(!condition.locked());
        assert_eq!(condition.waiters(), 1);

        let mut guard = now(condition.acquire());
        *guard = 7;
        condition.notify(&guard, 1);
        assert!(wait.is_woken());
        assert_eq!(condition.waiters(), 1);
        drop(guard);
        let guard = assert_ready!(wait.poll());
        assert_eq!((*guard, condition.waiters()), (7, 0));
        assert!(condition.locked());
    }

    #[test]
    fn one_notified_acquires_the_lock_from_the_back_of_its_queue() {
        let condition = Condition::new(());
        let mut wait = spawn(condition.wait(now(condition.acquire())));
        assert_pending!(wait.poll());
        let guard = now(condition.acquire());
        let mut other = spawn(condition.acquire());
        assert_pending!(other.poll());
        condition.notify(&guard, 1);
        assert_pending!(wait.poll());
        assert_eq!((condition.waiters(), condition.lock().waiters()), (0, 2));
        drop(guard);
        assert!(other.is_woken() && !wait.is_woken());
        drop(assert_ready!(other.poll()));
        assert!(wait.is_woken());
        drop(assert_ready!(wait.poll()));
        assert!(!condition.locked());
    }

    #[test]
    fn an_owned_wait_keeps_condition_and_lock_alive_until_it_is_over() {
        let condition = Arc::new(Condition::with_lock(Arc::new(Lock::new(1))));
        let mut wait = spawn(condition.wait_owned(now(condition.acquire_owned())));
        assert_pending!(wait.poll());
        condition.notify_all(&now(condition.acquire()));
        let weak = Arc::downgrade(&condition);
        drop(condition);
        assert!(weak.upgrade().is_some());
        let guard = assert_ready!(wait.poll());
        drop(wait);
        assert!(weak.upgrade().is_none());
        assert_eq!(*guard, 1);
    }

    #[test]
    fn a_wait_with_its_own_lock_may_be_owned_too() {
        let condition = Arc::new(Condition::new(1));
        let guard = now(condition.acquire());
        let mut wait = spawn(condition.wait_owned(guard));
        assert_pending!(wait.poll());
        condition.notify_all(&now(condition.acquire()));
        assert_eq!(*assert_ready!(wait.poll()), 1);
    }
}

mod fickle_borrows {
    use super::*;
    use awaitlist_tests::caught;
    use std::{
        borrow::Borrow,
        sync::atomic::{AtomicBool, Ordering::SeqCst},
    };

    /// User code that returns one lock or the other.
    #[derive(Default)]
    struct Fickle {
        locks: [Lock<u8>; 2],
        second: AtomicBool,
    }

    impl Borrow<Lock<u8>> for Fickle {
        fn borrow(&self) -> &Lock<u8> {
            &self.locks[usize::from(self.second.load(SeqCst))]
        }
    }

    #[test]
    fn a_wait_acquires_the_lock_again_that_its_guard_was_of() {
        let fickle = Arc::new(Fickle::default());
        let condition = Condition::with_lock(Shared(Arc::clone(&fickle)));
        let [first, second] = &fickle.locks;
        let mut wait = spawn(condition.wait(now(first.acquire())));
        assert_pending!(wait.poll());
        assert!(!first.locked());
        fickle.second.store(true, SeqCst);
        assert!(caught(|| condition.notify(&now(first.acquire()), 1)).message.contains("another"));
        let held = now(second.acquire());
        condition.notify(&held, 1);
        // The second lock is held, but it waits for the first, which is free.
        let guard = assert_ready!(wait.poll());
        assert!(ptr::eq(*LockGuard::lock(&guard), first));
        assert!(first.locked() && second.locked());
        drop((guard, held));
    }

    struct Shared(Arc<Fickle>);

    impl Borrow<Lock<u8>> for Shared {
        fn borrow(&self) -> &Lock<u8> {
            (*self.0).borrow()
        }
    }
}

mod notifying {
    use super::*;

    /// Three waiters, polled once.
    macro_rules! three_wait_for {
        ($condition:expr) => {
            [(); 3].map(|()| {
                let mut wait = spawn($condition.wait(now($condition.acquire())));
                assert_pending!(wait.poll());
                wait
            })
        };
    }

    #[test]
    fn notify_reaches_the_first_n_in_the_order_in_which_they_came() {
        let condition = Condition::new(());
        let waits = three_wait_for!(condition);
        let woken = || [0, 1, 2].map(|n| waits[n].is_woken());
        let guard = now(condition.acquire());
        condition.notify(&guard, 0);
        assert_eq!(woken(), [false, false, false]);
        condition.notify(&guard, 2);
        assert_eq!(woken(), [true, true, false]);
        assert_eq!(condition.waiters(), 3);
    }

    #[test]
    fn those_notified_before_do_not_count() {
        let condition = Condition::new(());
        let mut waits = three_wait_for!(condition);
        let guard = now(condition.acquire());
        condition.notify(&guard, 1);
        condition.notify(&guard, 1);
        assert!(waits[0].is_woken() && waits[1].is_woken() && !waits[2].is_woken());
        condition.notify(&guard, 2048);
        assert!(waits[2].is_woken());
        drop(guard);
        for wait in &mut waits {
            drop(assert_ready!(wait.poll()));
        }
    }

    #[test]
    fn notify_all_reaches_all_who_wait_and_one_gets_the_lock_at_a_time() {
        let condition = Condition::new(());
        let mut waits = three_wait_for!(condition);
        let guard = now(condition.acquire());
        condition.notify_all(&guard);
        assert!(waits.iter().all(|wait| wait.is_woken()));
        for wait in &mut waits {
            assert_pending!(wait.poll());
        }
        drop(guard);
        for wait in &mut waits {
            drop(assert_ready!(wait.poll()));
        }
        assert!(!condition.locked());
    }

    #[test]
    fn a_notification_is_not_remembered() {
        let condition = Condition::new(());
        let guard = now(condition.acquire());
        condition.notify(&guard, 5);
        condition.notify_all(&guard);
        let mut wait = spawn(condition.wait(guard));
        assert_pending!(wait.poll());
        assert!(!wait.is_woken());
        assert_pending!(wait.poll());
    }

    #[test]
    fn two_conditions_on_one_lock_have_waiters_of_their_own() {
        let lock = Lock::new(());
        let (full, empty) = (Condition::with_lock(&lock), Condition::with_lock(&lock));
        let mut on_full = spawn(full.wait(now(lock.acquire())));
        assert_pending!(on_full.poll());
        let mut on_empty = spawn(empty.wait(now(lock.acquire())));
        assert_pending!(on_empty.poll());
        empty.notify_all(&now(lock.acquire()));
        assert!(on_empty.is_woken() && !on_full.is_woken());
        assert_eq!((full.waiters(), empty.waiters()), (1, 1));
        drop(assert_ready!(on_empty.poll()));
        assert_eq!((full.waiters(), empty.waiters()), (1, 0));
    }
}

mod printing {
    use super::*;

    #[test]
    fn display_prints_asyncios_brackets() {
        let condition = Condition::new(());
        assert_eq!(condition.to_string(), "<Condition [unlocked]>");
        let guard = now(condition.acquire());
        assert_eq!(condition.to_string(), "<Condition [locked]>");
        let mut wait = spawn(condition.wait(guard));
        assert_pending!(wait.poll());
        assert_eq!(condition.to_string(), "<Condition [unlocked, waiters:1]>");
        let guard = now(condition.acquire());
        let mut lock_waiter = spawn(condition.acquire());
        assert_pending!(lock_waiter.poll());
        assert_eq!(condition.to_string(), "<Condition [locked, waiters:1]>");
        condition.notify_all(&guard);
        assert_eq!(condition.to_string(), "<Condition [locked, waiters:1]>");
        // A waiter that already waits for the lock does not count.
        assert_pending!(wait.poll());
        assert_eq!(condition.to_string(), "<Condition [locked]>");
        drop(guard);
        assert_eq!(condition.to_string(), "<Condition [unlocked]>");
    }

    #[test]
    fn debug_shows_the_waiters_and_the_lock() {
        let condition = Condition::new(3);
        assert_eq!(
            format!("{condition:?}"),
            "Condition { waiters: 0, lock: Lock { locked: false, waiters: 0, value: 3 } }"
        );
        let guard = now(condition.acquire());
        assert!(!format!("{condition:?}").contains('3'));
        drop(guard);
        assert_eq!(format!("{:?}", condition.as_raw()), "RawCondition { waiters: 0 }");
    }

    #[test]
    fn futures_print_how_far_they_are() {
        let condition = Condition::new(());
        let mut wait = Box::pin(condition.wait(now(condition.acquire())));
        let made = format!("{wait:?}");
        assert!(poll(&mut wait, Waker::noop()).is_pending());
        let waits = format!("{wait:?}");
        assert!(made.starts_with("Wait {") && waits.starts_with("Wait {"));
        assert_ne!(made, waits);
        drop(wait);
        let predicate = condition.wait_for(now(condition.acquire()), |()| true);
        assert!(format!("{predicate:?}").starts_with("WaitFor {"));
        drop(predicate);
        let predicate = condition.wait_for_some(now(condition.acquire()), |()| Some(1));
        assert!(format!("{predicate:?}").starts_with("WaitForSome {"));
        drop(predicate);
        let or = condition.wait_or(now(condition.acquire()), async {});
        assert!(format!("{or:?}").starts_with("WaitOr {"));
    }
}
