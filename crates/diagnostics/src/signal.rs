//! Reports on a signal, by a thread of their own.

use std::{
    fmt,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use signal_hook::iterator::{Handle, Signals};

use crate::{deadlocks, lock_order, profile, snapshot};

/// Calls `action` each time the process gets `signal`, on a thread of its own: a signal handler of
/// a runtime would hang with the runtime.
///
/// `action` runs outside the signal handler, so it can do what any thread can. [`print_report`]
/// prints all that the diagnostics know. If it panics, the panic is caught. Signals that arrive
/// while it runs are one.
///
/// It ends when what this returns is dropped, unless that was [detached](SignalThread::detach). The
/// signal has no other effect then: the process does not fall back to what it did with the signal
/// before.
///
/// # Errors
///
/// Returns the error of the system if the signal cannot be caught or there is no thread.
///
/// # Panics
///
/// Panics if `signal` is one that no program may catch, such as `SIGKILL` or `SIGSEGV`.
///
/// ```
/// use awaitlist_diagnostics as diagnostics;
///
/// # const SIGUSR1: i32 = 10;
/// // At the start of `main`. Then: kill -USR1 PID
/// diagnostics::on_signal(SIGUSR1, diagnostics::print_report)?.detach();
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn on_signal(
    signal: i32,
    mut action: impl FnMut() + Send + 'static,
) -> io::Result<SignalThread> {
    let mut signals = Signals::new([signal])?;
    let handle = signals.handle();
    let run = move || {
        for _ in &mut signals {
            let done = catch_unwind(AssertUnwindSafe(&mut action));
            // Its drop may panic as well.
            done.unwrap_or_else(std::mem::forget);
        }
    };
    thread::Builder::new().name(String::from("awaitlist-signal")).spawn(run)?;
    Ok(SignalThread { handle, ends: true })
}

/// Prints to standard error what is held and waited for, the deadlocks, the inversions of the lock
/// order, and the profile if it was started.
pub fn print_report() {
    // A closed standard error is no reason to end the thread.
    let _ = write(&mut io::stderr().lock());
}

fn write(out: &mut impl Write) -> io::Result<()> {
    // Read before it is written, which may block.
    let (snapshot, deadlocks) = (snapshot(), deadlocks());
    writeln!(out, "awaitlist: report of process {}\n\n{snapshot}\n", std::process::id())?;
    for deadlock in deadlocks {
        writeln!(out, "{deadlock}\n")?;
    }
    for inversion in lock_order().inversions() {
        writeln!(out, "{inversion}\n")?;
    }
    let counted = profile().read();
    if !counted.rows.is_empty() {
        writeln!(out, "{counted}\n")?;
    }
    Ok(())
}

/// A thread that waits for signals, made by [`on_signal`]. Dropping it ends the thread.
#[must_use = "dropped at once, the thread ends at once"]
pub struct SignalThread {
    handle: Handle,
    /// Whether its drop ends the thread.
    ends: bool,
}

impl SignalThread {
    /// Lets the thread go on for as long as the process does.
    pub fn detach(mut self) {
        self.ends = false;
    }
}

impl Drop for SignalThread {
    fn drop(&mut self) {
        if self.ends {
            self.handle.close();
        }
    }
}

impl fmt::Debug for SignalThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalThread").finish_non_exhaustive()
    }
}
