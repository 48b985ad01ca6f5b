//! Looks for memory leaks.

use crate::{
    Outcome, Subcommand,
    run::{self, Run},
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "leaks",
    arguments: "",
    about: "Run the tests and a minute of the soak under valgrind's leak check",
    details: "\
Needs valgrind. Tests with many threads are left out, since valgrind runs one thread at a time; so
are tests whose wakers panic, since some leave a waker behind on purpose, and the core drops the
payload of a second panic.",
    run,
};

const SKIPPED: [&str; 7] = [
    "quick_soak",
    "quick_chaos",
    "queue::",
    "ported_examples",
    "golden",
    "once_lost",
    "panicking_wake",
];

fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    run::need("valgrind", "valgrind")?;
    cargo()
        .args("test -p awaitlist-tests --test suite -- --test-threads 1".split(' '))
        .args(SKIPPED.map(|name| format!("--skip={name}")))
        .run()?;
    cargo().args("run -p awaitlist-tests --bin soak -- --minutes 1".split(' ')).run()
}

/// Cargo, with valgrind in front of what it runs.
fn cargo() -> Run {
    let runner = [
        "valgrind",
        "--leak-check=full",
        "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite",
        "--error-exitcode=9",
    ];
    Run::new("cargo")
        .arg("--config")
        .arg(format!("target.'cfg(unix)'.runner = {runner:?}"))
        .env("PROPTEST_CASES", "20")
}
