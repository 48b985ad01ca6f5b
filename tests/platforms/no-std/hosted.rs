//! Two functions, `write` and `abort`: of C where there is C, of the host where this is
//! WebAssembly.

use core::{
    fmt::{self, Write},
    panic::PanicInfo,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use no_std::SCRIPTS;

#[cfg_attr(target_family = "wasm", link(wasm_import_module = "host"))]
#[cfg_attr(not(target_family = "wasm"), link(name = "c"))]
unsafe extern "C" {
    fn write(file: i32, from: *const u8, length: usize) -> isize;
    safe fn abort() -> !;
}

/// Returns 0 if all is well, as C wants it. The name is the one that C calls.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let failed = crate::run(&mut Output, SCRIPTS);
    let (entered, open) = (ENTERED.load(Relaxed), OPEN.load(Relaxed));
    let _ = writeln!(Output, "{entered} critical sections, {open} left open");
    // The scripts take well over a hundred. With fewer it was something else that locked the lists.
    failed + i32::from(entered < 100 || open != 0)
}

struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the memory is readable for that length, and is only read.
        match unsafe { write(1, text.as_ptr(), text.len()) } {
            0.. => Ok(()),
            _ => Err(fmt::Error),
        }
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Output, "{info}");
    abort()
}

/// The installed `core` was compiled to unwind, and names this. Nothing here unwinds.
#[cfg(not(target_family = "wasm"))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// How many critical sections were entered, and how many of them are open.
static ENTERED: AtomicU32 = AtomicU32::new(0);
static OPEN: AtomicU32 = AtomicU32::new(0);

/// There is one thread and no interrupt, so a critical section has only to be counted.
struct OneThread;
critical_section::set_impl!(OneThread);

// SAFETY: nothing else runs, in a critical section or out of it.
unsafe impl critical_section::Impl for OneThread {
    unsafe fn acquire() {
        ENTERED.fetch_add(1, Relaxed);
        OPEN.fetch_add(1, Relaxed);
    }

    unsafe fn release(_: ()) {
        OPEN.fetch_sub(1, Relaxed);
    }
}
