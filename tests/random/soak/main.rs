//! All six primitives under random load for as long as you like, with cancellations and time-outs, shared by three kinds
//! of runtimes at once: tokio's threads, async-executor's threads, and plain threads that block.
//!
//! `cargo run --release -p tests --bin soak -- --minutes 30`
//!
//! What must hold is checked all the time (`tests/soak/` says what, one file for each primitive); who gets nowhere
//! for half a minute is a failure, which prints every primitive. A line a minute goes to standard error, and a table to
//! standard output at the end. The exit code is 0 if nothing was found.
//!
//! Not a test: it takes the time that it is given.

#[cfg(not(awaitlist_loom))]
#[path = "mod.rs"]
mod soak;

#[cfg(not(awaitlist_loom))]
fn main() -> std::process::ExitCode {
    soak::main()
}

#[cfg(awaitlist_loom)]
fn main() {
    eprintln!("The soak needs real threads: build it without the cfg for models.");
}
