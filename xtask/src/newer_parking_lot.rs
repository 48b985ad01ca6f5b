//! Tests with the newer of the two versions of parking_lot that the crates allow.

use crate::{Outcome, Subcommand, copy::Copy, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "newer-parking-lot",
    arguments: "",
    about: "Test with parking_lot 0.13; the lock file has 0.12",
    details: "\
The lock file has 0.12 because 0.13 needs a newer rustc than the crates do. The tests run in a copy
of the project.",
    run,
};

pub(crate) fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    let copy = Copy::new("newer-parking-lot")?;
    let members = r#"members = ["crates/*", "tests"]"#;
    copy.replace_line("Cargo.toml", "members = ", members)?;
    copy.replace_line("Cargo.toml", "parking_lot = ", r#"parking_lot = "0.13""#)?;
    let tree = Run::new("cargo tree --quiet -p awaitlist-diagnostics --depth 1").dir(copy.path());
    let tree = tree.output()?;
    if !tree.contains("parking_lot v0.13") {
        return Err(format!("not built with parking_lot 0.13:\n{tree}"));
    }
    // Of what ships, the diagnostics alone use it.
    Run::new("cargo test --quiet -p awaitlist-tests --features diagnostics --test diagnostics --target-dir")
        .arg(project::absolute_target_for("newer-parking-lot"))
        .dir(copy.path())
        .run()?;
    copy.remove()
}
