//! Checks what tokio-console shows.

use crate::{Outcome, Subcommand, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "console",
    arguments: "",
    about: "Check what tokio-console shows, over the gRPC stream of console-subscriber",
    details: "\
Runs the tests of tests/console, a workspace of its own. console-subscriber is built with a `--cfg`
without which it refuses to run on a tokio that is built without `tokio_unstable`.",
    run: |arguments| {
        SUBCOMMAND.refuse_arguments(arguments)?;
        built("cargo clippy").args(["--all-targets", "--", "-D", "warnings"]).run()?;
        test()
    },
};

/// Without clippy, for which everything would be compiled once more.
pub(crate) fn test() -> Outcome {
    command("cargo fmt --check").run()?;
    built("cargo test").run()
}

fn command(words: &str) -> Run {
    Run::new(words).args(["--manifest-path", "tests/console/Cargo.toml"])
}

/// The same, for a command that builds.
fn built(words: &str) -> Run {
    command(words)
        .arg("--locked")
        .env("RUSTFLAGS", "--cfg console_without_tokio_unstable")
        .arg("--target-dir")
        .arg(project::target_for("console"))
}
