//! All six primitives under random load for as long as you like, with cancellations and time-outs,
//! shared by three kinds of runtimes at once: tokio's threads, async-executor's threads, and plain
//! threads that block.
//!
//! `cargo run --release -p awaitlist-tests --bin soak -- --minutes 30`
//!
//! What must hold is checked all the time; each file in `tests/random/soak/` says what, for one
//! primitive. A visitor that makes no progress for half a minute is a failure, and every primitive
//! is printed. (On a machine that is busy with other things, `--stall SECONDS` allows more.) A line
//! a minute goes to standard error, and a table to standard output at the end. The exit code is 0
//! if nothing was found.
//!
//! This is not a test, since it takes the time that it is given. `tests/random/quick_soak.rs` has
//! the quick form.

#[cfg(not(awaitlist_loom))]
fn main() -> std::process::ExitCode {
    use awaitlist_tests::soak;
    use clap::Parser;
    use std::{process::ExitCode, time::Duration};

    /// Keeps all six primitives under random load on several runtimes at once, and checks what must
    /// hold.
    #[derive(Parser)]
    struct Arguments {
        /// How long; a fraction will do.
        #[arg(long, default_value_t = 1.0)]
        minutes: f64,
        /// How many seconds without progress are a failure.
        #[arg(long, default_value_t = 30)]
        stall: u64,
        /// The seed of the random numbers. What happens depends on the machine as well.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    }

    let arguments = Arguments::parse();
    match Duration::try_from_secs_f64(arguments.minutes * 60.0) {
        Ok(time) => soak::run(time, Duration::from_secs(arguments.stall), arguments.seed),
        Err(_) => {
            eprintln!("soak: {} minutes is no time", arguments.minutes);
            ExitCode::from(2)
        }
    }
}

#[cfg(awaitlist_loom)]
fn main() {
    eprintln!("The soak needs real threads: build it without the cfg for models.");
}
