//! Lists the names of all tests, and compares two lists.

use std::{collections::BTreeMap, fs};

use crate::{Failure, Outcome, Subcommand, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "test-names",
    arguments: "[--all] [--compare OLD_LIST]",
    about: "Print the sorted names of all tests, or what was added and removed",
    details: "\
    cargo xtask test-names > names.txt               the tests of cargo test --workspace
    cargo xtask test-names --all > names.txt         the models, the diagnostics and the platforms as well
    cargo xtask test-names --compare names.txt       prints names that were added (+) and removed (-)

A test that moved to another module or file counts as the same test if the last part of its path is
the same. The line number of a doctest is not compared. With `--compare`, fails if a name was
removed.",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    let (mut all, mut old) = (false, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--all" => all = true,
            "--compare" => old = Some(arguments.next().ok_or_else(|| SUBCOMMAND.usage())?),
            _ => return Err(SUBCOMMAND.usage()),
        }
    }
    let names = names(all)?;
    let Some(old) = old else {
        names.iter().for_each(|name| println!("{name}"));
        return Ok(());
    };
    let old = fs::read_to_string(old).map_err(|error| format!("{old}: {error}"))?;
    compare(old.lines().map(str::to_owned).collect(), names)
}

/// The names of the tests, sorted. A name that stands twice is the name of two tests.
fn names(all: bool) -> Result<Vec<String>, Failure> {
    let mut names = listed(Run::new("cargo test --quiet --workspace"))?;
    if all {
        let package = "cargo test --quiet -p awaitlist-tests";
        names.extend(listed(Run::new(&format!(
            "{package} --features diagnostics --test diagnostics"
        )))?);
        let loom = Run::new(&format!("{package} --release --test loom --target-dir"));
        let loom = loom.arg(project::target_for("loom"));
        names.extend(listed(loom.env("RUSTFLAGS", "--cfg awaitlist_loom"))?);
        for platform in ["no-std-panics", "runtimes"] {
            let manifest = format!("tests/platforms/{platform}/Cargo.toml");
            let list = Run::new("cargo test --quiet --manifest-path").arg(manifest);
            let list = list.arg("--target-dir").arg(project::target_for(platform));
            names.extend(listed(list)?);
        }
    }
    names.sort();
    Ok(names)
}

fn listed(test: Run) -> Result<Vec<String>, Failure> {
    let list = test.args(["--", "--list"]).output()?;
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

fn compare(mut old: Vec<String>, mut new: Vec<String>) -> Outcome {
    // Pairs tests of the same path first, then those whose last parts are the same: the more of
    // them, the sooner.
    let deepest = old.iter().chain(&new).map(|name| parts(name).len()).max();
    for length in (1..=deepest.unwrap_or(0)).rev() {
        let mut there: BTreeMap<String, usize> = BTreeMap::new();
        for name in &new {
            *there.entry(last_parts(name, length)).or_default() += 1;
        }
        let mut paired = there.clone();
        paired.values_mut().for_each(|count| *count = 0);
        old.retain(|name| {
            let end = last_parts(name, length);
            match there.get_mut(&end) {
                Some(count @ 1..) => {
                    *count -= 1;
                    *paired.entry(end).or_default() += 1;
                    false
                }
                _ => true,
            }
        });
        new.retain(|name| match paired.get_mut(&last_parts(name, length)) {
            Some(count @ 1..) => {
                *count -= 1;
                false
            }
            _ => true,
        });
    }
    new.iter().for_each(|name| println!("+ {name}"));
    old.iter().for_each(|name| println!("- {name}"));
    println!("{} added, {} removed", new.len(), old.len());
    if old.is_empty() { Ok(()) } else { Err("tests were removed".to_owned()) }
}

/// The parts of a path. A doctest is `FILE - ITEM (line NUMBER)`, or with ` - compile fail` behind
/// that.
fn parts(name: &str) -> Vec<&str> {
    match name.split_once(" - ") {
        Some((file, item)) => {
            let item = item.split(" (line").next().unwrap_or(item);
            file.split('/').chain([item]).collect()
        }
        None => name.split("::").collect(),
    }
}

fn last_parts(name: &str, length: usize) -> String {
    let parts = parts(name);
    let is_doctest = name.contains(" - ");
    // The item of a doctest may be empty: then its file is part of its name.
    let length = if is_doctest { length.max(2) } else { length };
    if length > parts.len() {
        return format!("whole {}", parts.join("::"));
    }
    parts[parts.len() - length..].join("::")
}
