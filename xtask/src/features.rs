//! Builds every combination of features.

use crate::{
    Outcome, Subcommand, project,
    run::{self, Run},
    tool,
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "features",
    arguments: "",
    about: "Build every combination of features",
    details: "\
Each combination that has a way to lock (std, critical-section) builds without a warning. A
combination without one fails with a single error, which says what to do.

A primitive that is built on another one also builds if only the other one has a feature: cargo
unifies the features of a crate over all that depend on it.",
    run,
};

/// Features that decide how the diagnostics report.
const OUTPUTS: &str = "serde,signal,tracing";

const CARGO_HACK: &str = "cargo-hack@0.6.46";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    check(&format!(
        "cargo hack check {} --feature-powerset --no-dev-deps \
         --at-least-one-of std,critical-section --exclude-features diagnostics,{OUTPUTS}",
        project::PUBLISHED
    ))?;
    for command in unified() {
        prepared(&command).run()?;
    }
    // The diagnostics need std: with every combination of the primitives.
    check(&format!(
        "cargo hack check -p awaitlist --feature-powerset --no-dev-deps --features diagnostics \
         --exclude-features default,std,alloc,critical-section,portable-atomic,{OUTPUTS}"
    ))?;
    // Their outputs, with them and without.
    check("cargo hack check -p awaitlist-diagnostics --feature-powerset --no-dev-deps")?;
    check(
        "cargo hack check -p awaitlist-core --feature-powerset --no-dev-deps --features std \
         --exclude-features default,alloc,critical-section,portable-atomic",
    )?;
    without_a_way_to_lock()
}

/// Commands that enable a feature of a primitive, and not that of the primitive that is built on
/// it.
fn unified() -> impl Iterator<Item = String> {
    let built_on = [("condition", "lock"), ("bounded-semaphore", "semaphore")];
    built_on.into_iter().flat_map(|(primitive, base)| {
        ["futures-core", "alloc", "std", "diagnostics"].map(|feature| {
            format!(
                "cargo check --locked -p awaitlist-{primitive} -p awaitlist-{base} \
                 --no-default-features --features \
                 awaitlist-{primitive}/critical-section,awaitlist-{base}/{feature}"
            )
        })
    })
}

fn check(command: &str) -> Outcome {
    tool::with(CARGO_HACK, prepared(command))?.run()
}

fn prepared(command: &str) -> Run {
    Run::new(command)
        .env("RUSTFLAGS", "-D warnings")
        .env("CARGO_TARGET_DIR", project::target_for("features"))
}

fn without_a_way_to_lock() -> Outcome {
    let check = "cargo check --locked -p awaitlist --no-default-features --features lock";
    run::timed(check, || {
        let (code, written) = prepared(check).capture()?;
        fails_with_one_error(code, &written)
    })
}

fn fails_with_one_error(code: Option<i32>, written: &str) -> Outcome {
    if code == Some(0) {
        return Err("awaitlist builds without a way to lock".to_owned());
    }
    let errors: Vec<&str> = written
        .lines()
        .filter(|line| line.starts_with("error"))
        .filter(|line| !line.starts_with("error: could not compile"))
        .collect();
    match errors[..] {
        [error] if error.contains("enable the feature `std`") => {
            println!("\nwithout a way to lock: {error}");
            Ok(())
        }
        _ => Err(format!(
            "without a way to lock, there is not one error that says what to do:\n{written}"
        )),
    }
}
