//! What a child of `fork` can do with primitives. It has a copy of the thread that forked and of no
//! other, so what another thread had locked at that moment stays locked there for ever.
//!
//! In a process of its own, since all threads of a process count. The child must not run the test
//! harness on, nor wait for another thread.
#![cfg(unix)]

use std::{
    future::Future,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    task::{Context, Waker},
};

use awaitlist::{Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore};
use awaitlist_tests::{TestWaker, now};

/// Has one test run at a time: while it forks, the others do nothing.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `child` in a child process, and returns what it returns there.
fn in_child(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child calls `child`, which needs no other thread, and then `_exit`, so that it
    // returns into nothing that the parent goes on with.
    let process = unsafe { libc::fork() };
    match process {
        -1 => panic!("fork: {}", io::Error::last_os_error()),
        0 => {
            let is_right = catch_unwind(AssertUnwindSafe(child)).unwrap_or(false);
            // SAFETY: it ends the process.
            unsafe { libc::_exit(i32::from(!is_right)) }
        }
        process => {
            let mut status = 0;
            // SAFETY: the place of the status lives until this returns.
            let ended = unsafe { libc::waitpid(process, &raw mut status, 0) };
            assert_eq!(ended, process, "waitpid: {}", io::Error::last_os_error());
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
        }
    }
}

/// Polls a future once. What it returns is dropped.
fn is_ready(future: Pin<&mut impl Future>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// Has waiters of each primitive wait, and go on. Returns whether all did as they should.
fn uses_primitives_of_its_own() -> bool {
    let lock = Lock::new(());
    let guard = now(lock.acquire());
    let (mut first, mut second) = (pin!(lock.acquire()), pin!(lock.acquire()));
    let mut is_right = !is_ready(first.as_mut()) && !is_ready(second.as_mut());
    drop(guard);
    is_right &= is_ready(first) && is_ready(second) && !lock.locked();

    let (semaphore, bounded) = (Semaphore::new(0), BoundedSemaphore::new(1));
    let mut wait = pin!(semaphore.acquire_many(2));
    is_right &= !is_ready(wait.as_mut());
    semaphore.release_many(2);
    let permit = now(bounded.acquire());
    let mut cancelled = Box::pin(bounded.acquire());
    is_right &= is_ready(wait) && !is_ready(cancelled.as_mut());
    drop(cancelled);
    drop(permit);

    let (event, condition) = (Event::new(), Condition::new(()));
    let mut wait = pin!(event.wait());
    is_right &= !is_ready(wait.as_mut());
    event.set();
    is_right &= is_ready(wait);
    let mut wait = pin!(condition.wait(now(condition.acquire())));
    is_right &= !is_ready(wait.as_mut());
    condition.notify_all(&now(condition.acquire()));
    is_right &= is_ready(wait);

    let barrier = Barrier::new(2);
    let mut wait = pin!(barrier.wait());
    is_right &= !is_ready(wait.as_mut());
    is_right && now(barrier.wait()).is_ok() && is_ready(wait)
}

/// User code runs without any lock of the primitive, so it may fork, and the child may use that
/// primitive.
#[test]
fn a_child_that_is_forked_in_a_waker_may_use_the_primitive_that_called_it() {
    let _alone = alone();
    let semaphore = Arc::new(Semaphore::new(0));
    let (sender, forked) = mpsc::channel();
    let in_waker = {
        let semaphore = Arc::clone(&semaphore);
        move || {
            let is_right = in_child(|| {
                semaphore.release();
                let mut another = pin!(semaphore.acquire_many(2));
                let waits = !is_ready(another.as_mut());
                semaphore.release_many(2);
                waits && is_ready(another) && uses_primitives_of_its_own()
            });
            sender.send(is_right).unwrap();
        }
    };
    let family = TestWaker::new().on_wake(in_waker);
    let mut wait = awaitlist_tests::waiting(semaphore.acquire(), &family.waker());
    semaphore.release();
    assert_eq!(forked.try_recv(), Ok(true));
    assert!(awaitlist_tests::poll(&mut wait, Waker::noop()).is_ready());
}

/// With the diagnostics, the records of all primitives are in one list: docs/hangs.md says what may
/// happen then.
#[cfg(not(feature = "diagnostics"))]
mod with_busy_threads {
    use std::{
        sync::atomic::{AtomicBool, Ordering::Relaxed},
        thread,
    };

    use super::*;

    /// More than there are processors, so that some are stopped while they have a queue locked, and
    /// others wait for it.
    const THREADS: usize = 8;
    const FORKS: usize = 1_000;

    #[derive(Default)]
    struct Shared {
        lock: Lock,
        semaphore: Semaphore,
        event: Event,
        stop: AtomicBool,
    }

    impl Shared {
        /// Locks the queues again and again: enqueues, cancels, notifies.
        fn use_them(&self) {
            while !self.stop.load(Relaxed) {
                let mut acquire = pin!(self.lock.acquire());
                let mut permit = pin!(self.semaphore.acquire_many(2));
                let mut wait = pin!(self.event.wait());
                let _ = (is_ready(acquire.as_mut()), is_ready(permit.as_mut()));
                let is_set = is_ready(wait.as_mut());
                self.event.set();
                self.event.clear();
                assert!(is_set || is_ready(wait), "it was released by the set");
            }
        }
    }

    /// In an earlier design, threads that found a queue locked for long waited at a mutex that many
    /// queues shared. A child that was forked while a thread had it waited there for ever.
    #[test]
    fn a_child_uses_its_own_primitives_whatever_other_threads_did_to_theirs() {
        let _alone = alone();
        let shared = Shared::default();
        let held = now(shared.lock.acquire());
        let children = thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| shared.use_them());
            }
            let children = (0..FORKS).filter(|_| in_child(uses_primitives_of_its_own)).count();
            shared.stop.store(true, Relaxed);
            children
        });
        assert_eq!(children, FORKS);
        drop(held);
    }
}

#[cfg(feature = "diagnostics")]
mod with_diagnostics {
    use std::time::Duration;

    use awaitlist::diagnostics::{deadlocks, snapshot, watch};

    use super::*;

    const NAME: &str = "held at the fork";

    /// Returns how many hold the lock and wait for it, as a snapshot shows it.
    fn holds_and_waits() -> Option<(usize, usize)> {
        let shown = snapshot();
        let mut primitives = shown.primitives.iter();
        let one = primitives.find(|one| one.site.name.as_deref() == Some(NAME))?;
        Some((one.holds.len(), one.waits.len()))
    }

    /// The other threads are in no primitive and in no function of the diagnostics, so the child
    /// may use all of them.
    #[test]
    fn a_child_that_a_report_forks_sees_what_was_held_and_has_no_watch() {
        let _alone = alone();
        let lock = Lock::named(NAME, ());
        let held = now(lock.acquire());
        let (go, goes) = mpsc::channel();
        let (sender, forked) = mpsc::channel();
        let watching = watch(Duration::ZERO)
            .filter(|site| site.name.as_deref() == Some(NAME))
            .spawn(move |_| {
                // The waiter has told the watch, and does nothing more.
                if goes.recv().is_err() {
                    return;
                }
                let is_right = in_child(|| {
                    holds_and_waits() == Some((1, 1))
                        && deadlocks().is_empty()
                        && uses_primitives_of_its_own()
                });
                let _ = sender.send(is_right);
            });
        let wait = awaitlist_tests::waiting(lock.acquire(), Waker::noop());
        go.send(()).unwrap();
        assert_eq!(forked.recv(), Ok(true));

        // What it says of the thread is of the parent's.
        assert!(in_child(|| watching.is_alive()));
        drop((go, watching, wait, held));
    }
}
