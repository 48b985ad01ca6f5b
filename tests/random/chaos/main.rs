//! Chaos for as long as you like: `cargo run --release -p awaitlist-tests --bin chaos --
//! --operations 10000000`.
//!
//! What it does, and what must hold, is in `tests/random/chaos/mod.rs`. It prints a line at the
//! end; the exit code is 0 if nothing was found. `tests/random/quick_chaos.rs` has the quick form.

#[cfg(not(awaitlist_loom))]
fn main() -> std::process::ExitCode {
    use awaitlist_tests::chaos::{Outcome, Round};
    use clap::Parser;
    use std::process::ExitCode;

    /// Runs rounds in which wakers, stops and predicates use the primitives that call them, and
    /// panic.
    #[derive(Parser)]
    struct Arguments {
        /// How many operations, at least.
        #[arg(long, default_value_t = 1_000_000)]
        operations: u64,
        /// Of the first round. The next ones have the next seeds.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    }

    let arguments = Arguments::parse();
    let mut total = Outcome::default();
    let mut rounds = 0;
    while total.operations < arguments.operations {
        let seed = arguments.seed + rounds;
        rounds += 1;
        total.add(Round::new(seed).run());
        if !total.found.is_empty() {
            println!("seed {seed}:");
            total.found.iter().for_each(|found| println!("- {found}"));
            println!("again: --seed {seed} --operations 1");
            break;
        }
    }
    let Outcome { operations, panics, found } = total;
    println!("{operations} operations in {rounds} rounds, {panics} panics, {} found", found.len());
    if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(awaitlist_loom)]
fn main() {
    eprintln!("Chaos needs real threads: build it without the cfg for models.");
}
