//! Traps of the lock.

use awaitlist::Lock;
use awaitlist_tests::assert_brackets;

use super::{Log, NOTHING, Stage};

/// A release does not hand the lock over. Until the one designated runs, it is not locked, and
/// cannot be released.
#[test]
fn trap_01_release_is_not_a_hand_over() {
    let (lock, log) = (Lock::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.acquire("a", &lock);
    stage.acquire("b", &lock);
    assert_brackets(&lock, "unlocked");
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&lock, "locked, waiters:1");
    assert_eq!(lock.release(), Ok(()));
    assert_brackets(&lock, "unlocked, waiters:1");
    let again = lock.release().map_err(|error| error.asyncio_message().to_owned());
    assert_eq!(again, Err("Lock is not acquired.".into()));
    assert_brackets(&lock, "unlocked, waiters:1");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&lock, "locked");
}

/// A newcomer does not get in between the release and the turn of the one designated, though the
/// lock is free.
#[test]
fn trap_02_a_newcomer_does_not_barge_in_after_a_release() {
    let (lock, log) = (Lock::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.acquire("a", &lock);
    stage.acquire("b", &lock);
    assert_eq!(stage.settle(), ["a"]);
    // Its first turn comes before that of `b`.
    stage.acquire("c", &lock);
    assert_eq!(lock.release(), Ok(()));
    assert_brackets(&lock, "unlocked, waiters:1");
    assert!(lock.try_acquire().is_none());
    assert_eq!(stage.tick(), ["b"]);
    assert_brackets(&lock, "locked, waiters:1");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&lock, "locked, waiters:1");
    assert_eq!(lock.release(), Ok(()));
    assert_brackets(&lock, "unlocked, waiters:1");
    assert_eq!(stage.settle(), ["c"]);
    assert_brackets(&lock, "locked");
}

/// A task that is cancelled when it is designated passes its turn on. Ours designates the next at
/// the drop.
#[test]
fn trap_03_a_cancelled_designate_passes_its_turn_on() {
    let (lock, log) = (Lock::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.acquire("a", &lock);
    let b = stage.acquire("b", &lock);
    stage.acquire("c", &lock);
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&lock, "locked, waiters:2");
    assert_eq!(lock.release(), Ok(()));
    assert_brackets(&lock, "unlocked, waiters:2");
    assert!(b.cancel());
    assert_brackets(&lock, "unlocked, waiters:1");
    assert_eq!(stage.settle(), ["c"]);
    assert_brackets(&lock, "locked");
}

/// CPython's release wakes no task if the first waiter is cancelled and has not run; that task
/// passes the turn on when it runs. Ours is gone at the drop, so the release designates the next,
/// one turn earlier.
#[test]
fn trap_04_a_cancelled_head_is_gone_before_the_release() {
    let (lock, log) = (Lock::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.acquire("a", &lock);
    let b = stage.acquire("b", &lock);
    stage.acquire("c", &lock);
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&lock, "locked, waiters:2");
    assert!(b.cancel());
    assert_brackets(&lock, "locked, waiters:1");
    assert_eq!(lock.release(), Ok(()));
    assert_brackets(&lock, "unlocked, waiters:1");
    assert_eq!(stage.tick(), ["c"]);
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&lock, "locked");
}

/// When all waiters are cancelled, a newcomer gets in at once. CPython counts the cancelled waiters
/// until they run; ours are gone at the drop.
#[test]
fn trap_05_a_newcomer_passes_those_who_were_cancelled() {
    let (lock, log) = (Lock::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.acquire("a", &lock);
    let b = stage.acquire("b", &lock);
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&lock, "locked, waiters:1");
    stage.acquire("c", &lock);
    assert!(b.cancel());
    assert_brackets(&lock, "locked");
    assert_eq!(lock.release(), Ok(()));
    assert_brackets(&lock, "unlocked");
    assert_eq!(stage.tick(), ["c"]);
    assert_brackets(&lock, "locked");
    assert_eq!(stage.settle(), NOTHING);
    assert_brackets(&lock, "locked");
}

/// When a waiter that is not first is cancelled, and the first is designated, no other is.
#[test]
fn trap_06_a_cancelled_waiter_behind_the_designate_wakes_nobody() {
    let (lock, log) = (Lock::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.acquire("a", &lock);
    stage.acquire("b", &lock);
    let c = stage.acquire("c", &lock);
    let d = stage.acquire("d", &lock);
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&lock, "locked, waiters:3");
    assert_eq!(lock.release(), Ok(()));
    assert_brackets(&lock, "unlocked, waiters:3");
    assert!(c.cancel());
    assert_brackets(&lock, "unlocked, waiters:2");
    assert_eq!(stage.settle(), ["b"]);
    assert_brackets(&lock, "locked, waiters:1");
    assert!(!d.is_done());
}

/// When one is cancelled and the lock is held, there is no turn to pass on.
#[test]
fn trap_07_a_cancelled_waiter_of_a_held_lock_wakes_nobody() {
    let (lock, log) = (Lock::new(()), Log::default());
    let stage = Stage::new(&log);
    stage.acquire("a", &lock);
    let b = stage.acquire("b", &lock);
    let c = stage.acquire("c", &lock);
    assert_eq!(stage.settle(), ["a"]);
    assert_brackets(&lock, "locked, waiters:2");
    assert!(b.cancel());
    assert_eq!(stage.tasks.tick(), 0, "no task was woken");
    assert_brackets(&lock, "locked, waiters:1");
    assert!(!c.is_done());
}
