//! Cargo tools in fixed versions.

use std::{env, fs, path::PathBuf};

use crate::{Failure, Outcome, Subcommand, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "tool",
    arguments: "NAME@VERSION COMMAND...",
    about: "Run a command with a cargo tool of a fixed version",
    details: "\
The first time, the tool is installed below the target directory; nothing is installed for the user.

    cargo xtask tool cargo-hack@0.6.46 cargo hack check --each-feature
    cargo xtask tool cargo-deny@0.20.2 cargo deny check bans licenses sources
    cargo xtask tool cargo-semver-checks@0.51.0 cargo semver-checks --workspace \\
        --baseline-rev v0.1.0",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    let [tool, program, arguments @ ..] = arguments else {
        return Err(SUBCOMMAND.usage());
    };
    with(tool, Run::new(program).args(arguments))?.run()
}

/// Has `command` find the tool first in its path.
pub(crate) fn with(tool: &str, command: Run) -> Result<Run, Failure> {
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = [installed(tool)?].into_iter().chain(env::split_paths(&path));
    let paths = env::join_paths(paths).map_err(|error| error.to_string())?;
    Ok(command.hidden_env("PATH", paths))
}

/// The directory of the tool's program, which is installed if it is not there.
fn installed(tool: &str) -> Result<PathBuf, Failure> {
    let directory = project::absolute_target_for("tools").join(tool);
    let build = directory.join("build");
    if !directory.join(".crates.toml").exists() {
        Run::new("cargo install --quiet --locked")
            .arg("--root")
            .arg(&directory)
            .arg("--target-dir")
            .arg(&build)
            .args(features(tool).split_whitespace())
            .arg(tool)
            .run()?;
    }
    if build.exists() {
        fs::remove_dir_all(&build).map_err(|error| error.to_string())?;
    }
    Ok(directory.join("bin"))
}

/// Flags for a tool of which only a part is needed, and the rest takes minutes to build.
fn features(tool: &str) -> &'static str {
    match tool.split('@').next() {
        // Without its server.
        Some("mdbook") => "--no-default-features --features search",
        _ => "",
    }
}
