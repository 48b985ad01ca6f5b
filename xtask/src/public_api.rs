//! Compares the public API of each published crate with its snapshot, so that a name changes only
//! on purpose.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Failure, Outcome, Subcommand, project,
    run::{self, Run},
    tool,
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "public-api",
    arguments: "[--write]",
    about: "Compare the public API of each crate with its snapshot, or write the snapshots",
    details: "\
The snapshots are in tests/expected/public-api, a file for each crate, with all features on. A
change of the API changes a snapshot, so that a reviewer sees it:

    cargo xtask public-api              fails if a crate differs from its snapshot, and prints the difference
    cargo xtask public-api --write      writes the snapshots again

Needs a nightly toolchain whose rustdoc writes the JSON that cargo-public-api reads:
nightly-2026-05-20. If that is not installed, it takes the toolchain `nightly`, whatever its date.",
    run,
};

const CARGO_PUBLIC_API: &str = "cargo-public-api@0.52.0";

/// The nightly toolchain that the version of cargo-public-api was tried with.
const TRIED: &str = "nightly-2026-05-20";

const SNAPSHOTS: &str = "tests/expected/public-api";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let write = match arguments {
        [] => false,
        [write] if write == "--write" => true,
        _ => return Err(SUBCOMMAND.usage()),
    };
    run::timed("compare the public API", || {
        let toolchain = toolchain()?;
        let mut differing = Vec::new();
        for package in packages()? {
            let api = api_of(&package, toolchain)?;
            let snapshot = project::root().join(SNAPSHOTS).join(format!("{package}.txt"));
            if write {
                fs::write(&snapshot, api).map_err(|error| failure(&snapshot, &error))?;
            } else if !is_same(&package, &snapshot, &api)? {
                differing.push(package);
            }
        }
        match differing.len() {
            0 => Ok(()),
            _ => Err(format!(
                "the public API of {} differs from its snapshot. If that is meant, run cargo xtask \
                 public-api --write, and add a line to CHANGELOG.md",
                differing.join(", ")
            )),
        }
    })
}

/// The names of the packages in crates/. The one for Python is a workspace of its own.
fn packages() -> Result<Vec<String>, Failure> {
    let crates = project::root().join("crates");
    let mut packages = Vec::new();
    for entry in fs::read_dir(&crates).map_err(|error| failure(&crates, &error))? {
        let directory = entry.map_err(|error| failure(&crates, &error))?.path();
        if directory.ends_with("python") {
            continue;
        }
        let manifest = directory.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(|error| failure(&manifest, &error))?;
        let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        let name = name.ok_or_else(|| format!("{} has no name", manifest.display()))?;
        packages.push(name.to_owned());
    }
    packages.sort();
    Ok(packages)
}

fn toolchain() -> Result<&'static str, Failure> {
    let installed = Run::new("rustup toolchain list").output()?;
    let is_there = installed.lines().any(|toolchain| toolchain.starts_with(TRIED));
    Ok(if is_there { TRIED } else { "nightly" })
}

/// The public API of a package: a line for each item. Derived and blanket implementations are left
/// out, and so are the auto traits of the compiler that are not stable. The others are promised.
fn api_of(package: &str, toolchain: &str) -> Result<String, Failure> {
    let command = Run::new("cargo public-api --all-features --color never")
        .args(["--omit", "blanket-impls,auto-derived-impls", "--package", package])
        .hidden_env("RUSTUP_TOOLCHAIN", toolchain)
        .hidden_env("CARGO_TARGET_DIR", project::absolute_target_for("public-api"));
    let api = tool::with(CARGO_PUBLIC_API, command)?.output()?;
    let unstable = ["core::marker::Freeze for ", "core::marker::UnsafeUnpin for "];
    let lines = api.lines().filter(|line| !unstable.iter().any(|name| line.contains(name)));
    Ok(lines.map(|line| format!("{line}\n")).collect())
}

/// Compares, and prints the lines that differ.
fn is_same(package: &str, snapshot: &Path, api: &str) -> Result<bool, Failure> {
    let expected = fs::read_to_string(snapshot).unwrap_or_default();
    if expected == api {
        println!("{package}: {} lines", api.lines().count());
        return Ok(true);
    }
    let actual: PathBuf = project::absolute_target_for("public-api").join("actual.txt");
    fs::write(&actual, api).map_err(|error| failure(&actual, &error))?;
    let diff = Run::new("git diff --no-index --unified=0 --").arg(snapshot).arg(&actual);
    let (_, difference) = diff.capture()?;
    let lines = difference.lines().filter(|line| !line.starts_with("@@")).skip(4);
    println!("{package} differs:");
    lines.for_each(|line| println!("{line}"));
    Ok(false)
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}", path.display())
}
