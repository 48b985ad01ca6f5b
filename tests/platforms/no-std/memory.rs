//! Memory for the owned forms: handed out once, and never taken back.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

#[global_allocator]
static MEMORY: Memory = Memory { bytes: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0) };

const SIZE: usize = 1 << 12;

struct Memory {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

// SAFETY: there is one thread, and each byte is handed out once.
unsafe impl Sync for Memory {}

// SAFETY: what is handed out lies within `bytes`, is aligned, and overlaps with nothing handed out
// before.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base: *mut u8 = self.bytes.get().cast();
        let start = (base.addr() + self.used.load(Relaxed)).next_multiple_of(layout.align());
        let used = start - base.addr() + layout.size();
        if used > SIZE {
            return ptr::null_mut();
        }
        self.used.store(used, Relaxed);
        base.with_addr(start)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
