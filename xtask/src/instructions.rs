//! Counts the instructions of the paths that must not grow.

use crate::{
    Outcome, Subcommand,
    run::{self, Run},
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "instructions",
    arguments: "[ARGUMENT...]",
    about: "Count the instructions of the guarded paths; fail if one has grown",
    details: "\
Needs valgrind. The counts do not depend on the load of the machine. Arguments replace `--check`:

    cargo xtask instructions --write     writes benches/instructions/table.toml",
    run,
};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    run::need("valgrind", "valgrind")?;
    let count = Run::new("cargo run --release --locked -p benches --bin instructions --");
    if arguments.is_empty() { count.arg("--check").run() } else { count.args(arguments).run() }
}
