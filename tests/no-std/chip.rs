//! A chip, or an emulator of one, with a debugger that takes what is written and the exit code: semihosting. Its critical
//! section switches interrupts off.

#[cfg(target_arch = "arm")]
use cortex_m as _; // the critical section
#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
use riscv as _; // the critical section
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;
use semihosting::{io, process};

#[entry]
fn main() -> ! {
    let mut output = io::stdout().unwrap_or_else(|_| process::abort());
    process::exit(crate::run(&mut Text(&mut output)))
}

/// `core`'s way to write text, on semihosting's to write bytes.
struct Text<'a, W>(&'a mut W);

impl<W: io::Write> core::fmt::Write for Text<'_, W> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0
            .write_all(text.as_bytes())
            .map_err(|_| core::fmt::Error)
    }
}
