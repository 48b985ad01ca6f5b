//! Builds and tests what ships with the oldest dependencies that it allows.

use crate::{Failure, Outcome, Subcommand, copy::Copy, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "minimal-versions",
    arguments: "",
    about: "Build and test what ships with the oldest dependencies it allows",
    details: "Needs a nightly toolchain to resolve the versions. Works in a copy of the project.",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    let copy = Copy::new("minimal-versions")?;
    copy.replace_line("Cargo.toml", "members = ", r#"members = ["crates/*"]"#)?;
    without_examples(&copy)?;
    let cargo = |words: &str| Run::new(words).dir(copy.path());
    std::fs::remove_file(copy.path().join("Cargo.lock")).map_err(|error| error.to_string())?;
    cargo("cargo +nightly generate-lockfile --quiet -Z direct-minimal-versions").run()?;
    cargo("cargo tree --quiet --locked --all-features -p awaitlist-core --depth 1").run()?;
    let target = project::absolute_target_for("minimal-versions");
    cargo("cargo test --quiet --locked --workspace --all-features --target-dir")
        .arg(&target)
        .run()?;
    cargo(
        "cargo check --quiet --locked --workspace --no-default-features \
         --features critical-section,portable-atomic,alloc --target-dir",
    )
    .arg(&target)
    .run()?;
    copy.remove()
}

/// The facade's examples do not ship: removes them, and what only they depend on.
fn without_examples(copy: &Copy) -> Result<(), Failure> {
    let examples = copy.path().join("crates/awaitlist/examples");
    std::fs::remove_dir_all(examples).map_err(|error| error.to_string())?;
    let manifest = "crates/awaitlist/Cargo.toml";
    let text = copy.read(manifest)?;
    let sections = text.split("\n\n").filter(|section| {
        !section.starts_with("[[example]]")
            && !section.starts_with("[dev-dependencies]")
            && !section.contains("\n[[example]]")
    });
    copy.write(manifest, &sections.collect::<Vec<_>>().join("\n\n"))
}
