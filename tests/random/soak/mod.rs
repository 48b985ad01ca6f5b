//! The soak: see `tests/bin/soak.rs`.

mod barrier;
mod condition;
mod crew;
mod event;
mod handover;
mod lock;
mod meter;
mod semaphore;
mod visitor;
mod watch;

use std::{process::ExitCode, time::Duration};

use clap::Parser;

/// Keeps all six primitives under random load on several runtimes at once, and checks what must hold.
#[derive(Parser)]
struct Arguments {
    /// How long; a fraction will do.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// Where the rng begin. What happens depends on the machine as well.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Ok(time) = Duration::try_from_secs_f64(arguments.minutes * 60.0) else {
        eprintln!("soak: {} minutes is no time", arguments.minutes);
        return ExitCode::from(2);
    };
    watch::listen_for_panics();
    let mut crew = crew::Crew::new(arguments.seed);
    crew.enlist(lock::Locks::default());
    crew.enlist(event::Events::default());
    crew.enlist(condition::Buffers::default());
    crew.enlist(semaphore::Semaphores::default());
    crew.enlist(semaphore::BoundedSemaphores::default());
    crew.enlist(barrier::Barriers::default());
    watch::watch(crew, time)
}
