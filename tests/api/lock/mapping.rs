//! Guards of a part of the value.

use awaitlist::{
    Lock, LockGuard, OwnedLockGuard,
    lock::{Guard, MappedGuard, MappedLockGuard, OwnedMappedLockGuard},
};
use awaitlist_tests::{caught, now};
use std::sync::Arc;
use tokio_test::{assert_pending, assert_ready, task::spawn};

#[test]
fn a_mapped_guard_holds_the_lock_and_reaches_its_part_only() {
    let lock = Lock::new((1, String::from("one")));
    let mut name: MappedLockGuard<'_, String> =
        LockGuard::map(now(lock.acquire()), |pair| &mut pair.1);
    assert!(lock.locked());
    name.push('!');
    assert_eq!(*name, "one!");
    drop(name);
    assert!(!lock.locked());
    assert_eq!(lock.into_inner(), (1, String::from("one!")));
}

#[test]
fn a_mapped_guard_is_mapped_further() {
    let lock = Lock::new(([1_u8, 2, 3], 0));
    let array = LockGuard::map(now(lock.acquire()), |pair| &mut pair.0);
    let slice: MappedLockGuard<'_, [u8]> = MappedGuard::map(array, |array| &mut array[1..]);
    let mut last = MappedGuard::try_map(slice, |slice| slice.last_mut()).unwrap();
    *last = 9;
    assert!(lock.locked());
    drop(last);
    assert!(!lock.locked());
    assert_eq!(lock.into_inner().0, [1, 2, 9]);
}

#[test]
fn try_map_of_a_part_that_is_not_there_gives_the_guard_back() {
    let lock = Lock::new(vec![1]);
    let guard = LockGuard::try_map(now(lock.acquire()), |list| list.get_mut(1)).unwrap_err();
    assert!(lock.locked());
    assert_eq!(*guard, [1]);
    let part = LockGuard::try_map(guard, |list| list.get_mut(0)).unwrap();
    assert_eq!(*part, 1);
    drop(part);
    assert!(!lock.locked());
}

#[test]
fn try_map_of_a_mapped_guard_gives_that_back() {
    let lock = Lock::new((vec![1], ()));
    let list = LockGuard::map(now(lock.acquire()), |pair| &mut pair.0);
    let list = MappedGuard::try_map(list, |list| list.get_mut(5)).unwrap_err();
    assert!(lock.locked());
    assert_eq!(*list, [1]);
    drop(list);
    assert!(!lock.locked());
}

#[test]
fn an_owned_mapped_guard_keeps_the_lock_alive() {
    let lock = Arc::new(Lock::new((1, String::from("one"))));
    let name: OwnedMappedLockGuard<(i32, String), String> =
        OwnedLockGuard::map(now(lock.acquire_owned()), |pair| &mut pair.1);
    let mut name = OwnedMappedLockGuard::map(name, |name| name.as_mut_str());
    name.make_ascii_uppercase();
    assert_eq!(Arc::strong_count(&lock), 2);
    let weak = Arc::downgrade(&lock);
    drop(lock);
    assert_eq!(&*name, "ONE");
    drop(name);
    assert!(weak.upgrade().is_none());
}

#[test]
fn try_map_of_an_owned_guard_gives_it_back() {
    let lock = Arc::new(Lock::new(None::<u8>));
    let guard = Guard::try_map(now(lock.acquire_owned()), Option::as_mut).unwrap_err();
    assert!(lock.locked());
    drop(guard);
    assert!(!lock.locked());
    assert_eq!(Arc::strong_count(&lock), 1);
}

#[test]
fn dropping_a_mapped_guard_wakes_the_next_in_line() {
    let lock = Lock::new((1, 2));
    let part = LockGuard::map(now(lock.acquire()), |pair| &mut pair.0);
    let mut next = spawn(lock.acquire());
    assert_pending!(next.poll());
    drop(part);
    assert!(next.is_woken());
    drop(assert_ready!(next.poll()));
}

#[test]
fn a_panic_while_mapping_releases_the_lock() {
    let lock = Arc::new(Lock::new((1, 2)));
    caught(|| LockGuard::map(now(lock.acquire()), |_| -> &mut i32 { panic!() }));
    assert!(!lock.locked());
    caught(|| {
        OwnedLockGuard::try_map(now(lock.acquire_owned()), |_| -> Option<&mut i32> { panic!() })
    });
    assert!(!lock.locked());
    let part = LockGuard::map(now(lock.acquire()), |pair| &mut pair.0);
    caught(|| MappedGuard::map(part, |_| -> &mut i32 { panic!() }));
    assert!(!lock.locked());
    assert_eq!(Arc::strong_count(&lock), 1);
}
