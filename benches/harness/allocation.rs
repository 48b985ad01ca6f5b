//! An allocator that counts on request.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed},
};

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicIsize = AtomicIsize::new(0);

/// The system's allocator. It counts only inside [`allocations_of`], so it distorts no time.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

/// What was allocated during a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocated {
    /// How often.
    pub times: usize,
    /// How many bytes more are in use than before.
    pub bytes: isize,
}

/// Runs `body`, and returns what all threads allocated meanwhile.
///
/// Zero if [`Counting`] is not the program's allocator.
pub fn allocations_of<R>(body: impl FnOnce() -> R) -> (R, Allocated) {
    let before = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
    COUNTING.store(true, Relaxed);
    let result = body();
    COUNTING.store(false, Relaxed);
    let allocated = Allocated {
        times: ALLOCATIONS.load(Relaxed) - before.0,
        bytes: BYTES.load(Relaxed) - before.1,
    };
    (result, allocated)
}

fn count(times: usize, bytes: isize) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(times, Relaxed);
        BYTES.fetch_add(bytes, Relaxed);
    }
}

// SAFETY: each method calls the same method of the system's allocator, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size().cast_signed());
        // SAFETY: the caller's promises are those of this method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size().cast_signed());
        // SAFETY: the caller's promises are those of this method.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -layout.size().cast_signed());
        // SAFETY: the caller's promises are those of this method.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size.cast_signed() - layout.size().cast_signed());
        // SAFETY: the caller's promises are those of this method.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
