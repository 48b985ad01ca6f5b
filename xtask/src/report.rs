//! Measures the primitives and their peers.

use crate::{Outcome, Subcommand, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "report",
    arguments: "[ARGUMENT...]",
    about: "Measure the primitives beside their peers, and write docs/performance.md",
    details: "\
Arguments go to the program (`cargo xtask report -- --help` lists them):

    cargo xtask report --quick                      in under two minutes
    cargo xtask report --only lock/uncontended      one row, and writes nothing

Times drift by tens of per cent on a busy machine: compare ratios within one run.",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    let arguments = match arguments.split_first() {
        Some((dashes, rest)) if dashes == "--" => rest,
        _ => arguments,
    };
    Run::new("cargo run --release --locked -p benches --bin report --").args(arguments).run()
}
