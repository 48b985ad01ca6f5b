//! Changes the crates in one place at a time, and runs the tests.

use std::{num::NonZero, thread::available_parallelism};

use crate::{Outcome, Subcommand, run::Run, tool};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "mutants",
    arguments: "[ARGUMENT...]",
    about: "Change the crates in one place at a time, and check that a test fails",
    details: "\
A change that no test notices is printed as MISSED. A change that makes a test hang counts as
noticed (TIMEOUT): that is how a lost wake-up shows. Arguments go to cargo-mutants and choose what
is changed:

    cargo xtask mutants -p awaitlist-core -f crates/core/src/list.rs

The tests of a change get 20 seconds, or as many as --timeout says. One change more is tested at a
time than there are processors, unless --jobs says something else: a test that hangs needs none.

Without arguments it makes about 870 changes, which takes an hour and a half on two cores.
.cargo/mutants.toml says what is left out.",
    run,
};

const CARGO_MUTANTS: &str = "cargo-mutants@27.1.0";
const CRATES: [&str; 7] =
    ["core", "lock", "event", "condition", "semaphore", "bounded-semaphore", "barrier"];

/// How long the tests of a change may take, unless the arguments say something else.
const SECONDS: &str = "20";

/// Returns whether one of the arguments is the option `--NAME` or `-N`, with or without a value.
fn has_option(arguments: &[String], name: &str, letter: &str) -> bool {
    arguments.iter().any(|argument| {
        let is_short = argument.starts_with(letter) && !argument.starts_with("--");
        is_short || argument.split('=').next() == Some(name)
    })
}

fn run(arguments: &[String]) -> Outcome {
    // The unchanged tree is not tested first: cargo-mutants would run the changed package's own
    // tests, and it has none.
    let mut mutants = Run::new("cargo mutants --baseline skip")
        // A failure need not be made smaller here, and most failures come early.
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_CASES", "100");
    if !has_option(arguments, "--timeout", "-t") {
        mutants = mutants.args(["--timeout", SECONDS]);
    }
    if !has_option(arguments, "--jobs", "-j") {
        let processors = available_parallelism().map_or(1, NonZero::get);
        mutants = mutants.args(["--jobs", &(processors + 1).to_string()]);
    }
    let mutants = if arguments.is_empty() {
        mutants.args(CRATES.map(|name| format!("--package=awaitlist-{name}")))
    } else {
        mutants.args(arguments)
    };
    tool::with(CARGO_MUTANTS, mutants)?.run()
}
