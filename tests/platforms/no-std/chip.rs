//! A chip, or an emulator of one, with a debugger that takes what is written and the exit code:
//! semihosting. Its critical section switches interrupts off.

#[cfg(target_arch = "arm")]
use cortex_m as _; // the critical section
#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
use no_std::SCRIPTS;
#[cfg(target_arch = "riscv32")]
use riscv as _; // the critical section
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;
use semihosting::{io, process};

#[entry]
fn main() -> ! {
    let mut output = io::stdout().unwrap_or_else(|_| process::abort());
    let mut output = Text(&mut output);
    let failed = crate::run(&mut output, SCRIPTS);
    #[cfg(target_arch = "arm")]
    let failed = failed + crate::run(&mut output, interrupts::SCRIPTS);
    process::exit(failed)
}

/// `core`'s way to write text, on semihosting's to write bytes.
struct Text<'a, W>(&'a mut W);

impl<W: io::Write> core::fmt::Write for Text<'_, W> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.write_all(text.as_bytes()).map_err(|_| core::fmt::Error)
    }
}

/// An interrupt handler that releases while the program acquires: it comes between any two
/// instructions but those of a critical section.
#[cfg(target_arch = "arm")]
mod interrupts {
    use core::{
        future::Future,
        pin::pin,
        sync::atomic::{AtomicU32, Ordering::Relaxed},
        task::{Context, Poll, Waker},
    };

    use awaitlist::Semaphore;
    use cortex_m::{Peripherals, peripheral::syst::SystClkSource};
    use cortex_m_rt::exception;
    use no_std::{Outcome, Script};

    pub const SCRIPTS: &[Script] = &[("interrupts", interrupts)];

    const ROUNDS: u32 = 2000;
    /// Some instructions, so that the handler is never far.
    const TICK: u32 = 400;

    static PERMITS: Semaphore = Semaphore::new(0);
    static RELEASED: AtomicU32 = AtomicU32::new(0);

    #[exception]
    fn SysTick() {
        // Only this handler writes it.
        RELEASED.store(RELEASED.load(Relaxed) + 1, Relaxed);
        PERMITS.release();
    }

    fn interrupts() -> Outcome {
        let mut timer = Peripherals::take().ok_or("the timer is taken")?.SYST;
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(TICK);
        timer.clear_current();
        timer.enable_interrupt();
        timer.enable_counter();
        for _ in 0..ROUNDS {
            let mut acquire = pin!(PERMITS.acquire());
            let mut context = Context::from_waker(Waker::noop());
            loop {
                if let Poll::Ready(permit) = acquire.as_mut().poll(&mut context) {
                    permit.forget();
                    break;
                }
            }
        }
        timer.disable_counter();
        timer.disable_interrupt();
        // An interrupt that was pending may come all the same: not between the two looks.
        let (released, left) =
            cortex_m::interrupt::free(|_| (RELEASED.load(Relaxed), PERMITS.value()));
        if released - ROUNDS != left as u32 { Err("a permit was lost") } else { Ok(()) }
    }
}
