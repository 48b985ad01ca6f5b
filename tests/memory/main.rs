//! What the diagnostics keep of a lock, in bytes.
//!
//! In a process of its own: records are used again, so what was made before would count less. With
//! the feature `diagnostics` it counts what `tracing` adds as well; without that, it is
//! `cargo test -p awaitlist-tests --features diagnostics-alone --test memory`.
#![cfg(target_pointer_width = "64")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    pin::pin,
    task::{Context, Waker},
};

use awaitlist::Lock;

/// The bytes of a `Lock` without the diagnostics: `api/sizes.rs` has that they are no more.
const PLAIN: usize = 32;

/// How many more a lock may have that was acquired and released.
const LIMIT: f64 = 160.0;

/// What the feature `tracing` may add: the place of the span that tokio-console shows.
const OF_TRACING: f64 = if cfg!(feature = "diagnostics") { 16.0 } else { 0.0 };

const LOCKS: usize = 100_000;

/// The system's allocator, which counts for each thread how many bytes are in use.
struct Counting;

thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

impl Counting {
    fn count(bytes: isize) {
        // A thread that is ending has nothing to count with.
        let _ = BYTES.try_with(|all| all.set(all.get() + bytes));
    }
}

// SAFETY: everything is left to the system's allocator. Counting does not allocate: the counter is
// a constant.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as isize);
        // SAFETY: the caller's obligations are those of `System`, to which this forwards.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        Self::count(-(layout.size() as isize));
        // SAFETY: the caller's obligations are those of `System`, to which this forwards.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many bytes more are in use after `change` than before.
fn more_bytes(change: impl FnOnce()) -> isize {
    let before = BYTES.get();
    change();
    BYTES.get() - before
}

/// Polls a future that is ready.
fn now<F: Future>(future: F) -> F::Output {
    let context = &mut Context::from_waker(Waker::noop());
    match pin!(future).poll(context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it has to wait"),
    }
}

/// Has a waiter wait for the lock, acquire and release it.
fn wait_for(lock: &Lock) {
    let context = &mut Context::from_waker(Waker::noop());
    let held = now(lock.acquire());
    let mut wait = pin!(lock.acquire());
    assert!(wait.as_mut().poll(context).is_pending());
    drop(held);
    assert!(wait.poll(context).is_ready());
}

/// One test, since the second one would find the records of the first.
#[test]
fn a_used_lock_has_at_most_160_bytes_more_and_one_that_is_dropped_leaves_its_record_to_the_next() {
    // What the thread and the process keep once.
    wait_for(&Lock::new(()));

    let locks: Vec<Lock> = (0..LOCKS).map(|_| Lock::new(())).collect();
    let records = more_bytes(|| locks.iter().for_each(|lock| drop(now(lock.acquire()))));
    let more = (size_of::<Lock>() - PLAIN) as f64 + records as f64 / LOCKS as f64;
    println!("a used lock has {more} bytes more");
    assert!(more <= LIMIT + OF_TRACING, "{more} bytes more");
    assert!(records > 0, "the allocator counts");

    let waits = more_bytes(|| locks.iter().for_each(wait_for));
    assert!(waits > 0);
    drop(locks);
    // Others have their records, also those of the waits.
    let again = more_bytes(|| {
        let locks: Vec<Lock> = (0..LOCKS).map(|_| Lock::new(())).collect();
        locks.iter().for_each(wait_for);
    });
    assert!(again <= (records + waits) / 10, "{again} bytes, as if there were no records");
}
