//! Compares the crates with CPython's asyncio.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    Failure, Outcome, Subcommand, project,
    run::{Run, need},
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "oracle",
    arguments: "[compare | changes | beyond | golden DIRECTORY] [--python PYTHON] [ARGUMENT...]",
    about: "Compare the crates with CPython's asyncio, on new random programs",
    details: "\
PYTHON is an interpreter, or pyodide@VERSION: CPython in WebAssembly, from the npm package, which
needs node. It is installed below the target directory. Without PYTHON, a Python 3.13 is taken from
PATH or from pyenv.

    cargo xtask oracle                                100,000 programs of each profile
    cargo xtask oracle --profile raw --count 5000     cancelled anywhere
    cargo xtask oracle --python pyodide@314.0.7       CPython 3.14.2
    cargo xtask oracle --python pyodide@315.0.0-alpha.2
    cargo xtask oracle changes                        which programs differ without which difference
    cargo xtask oracle beyond                         what asyncio lacks, with a model in Rust

The other arguments go to tests/asyncio/runner.rs, whose --help lists them.",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    if arguments.first().is_some_and(|command| command == "beyond") {
        return runner("--release", "beyond").args(&arguments[1..]).run();
    }
    let mut arguments = arguments.to_vec();
    let named = match arguments.iter().position(|argument| argument == "--python") {
        Some(at) if at + 1 < arguments.len() => arguments.drain(at..at + 2).nth(1),
        Some(_) => return Err(SUBCOMMAND.usage()),
        None => None,
    };
    let python = match named {
        Some(python) => interpreter(&python)?,
        None => python_313()?,
    };
    let command = match arguments.first() {
        Some(first) if !first.starts_with('-') => arguments.remove(0),
        _ => "compare".to_owned(),
    };
    runner("--release", &command).arg("--python").arg(python).args(arguments).run()
}

/// Compares programs that no earlier run has seen, and prints the commands that compare them again.
pub(crate) fn compare_fresh(count: u32) -> Outcome {
    let python = python_313()?;
    runner("", "compare").arg("--python").arg(python).arg("--count").arg(count.to_string()).run()
}

/// The same with what asyncio lacks, and the project's own model.
pub(crate) fn compare_fresh_beyond(count: u32) -> Outcome {
    runner("", "beyond").arg("--count").arg(count.to_string()).run()
}

fn runner(flags: &str, command: &str) -> Run {
    Run::new("cargo run --quiet --locked -p awaitlist-tests --bin conformance")
        .args(flags.split_whitespace())
        .args(["--", command])
}

/// The program that a name of the command line means.
fn interpreter(name: &str) -> Result<PathBuf, Failure> {
    match name.strip_prefix("pyodide@") {
        Some(version) => pyodide(version),
        None => Ok(name.into()),
    }
}

/// Installs a version of pyodide, unless it is there, and returns a program that runs as Python.
fn pyodide(version: &str) -> Result<PathBuf, Failure> {
    need("node", "nodejs")?;
    need("npm", "npm")?;
    let directory = project::absolute_target_for("pyodide").join(version);
    let python = directory.join("python");
    if !python.exists() {
        Run::new("npm install --silent --no-audit --no-fund --ignore-scripts")
            .arg("--prefix")
            .arg(&directory)
            .arg(format!("pyodide@{version}"))
            .run()?;
        let script = format!(
            "#!/bin/sh\nexec node '{}' '{}' \"$@\"\n",
            project::root().join("tests/asyncio/conformance/pyodide.mjs").display(),
            directory.join("node_modules/pyodide/pyodide.mjs").display(),
        );
        let written = fs::write(&python, script)
            .and_then(|()| fs::set_permissions(&python, fs::Permissions::from_mode(0o755)));
        written.map_err(|error| error.to_string())?;
    }
    Ok(python)
}

/// A Python 3.13: of that name in PATH, of pyenv, or the default one.
pub(crate) fn python_313() -> Result<PathBuf, Failure> {
    let mut candidates = vec![PathBuf::from("python3.13")];
    candidates.extend(pyenv_versions("3.13"));
    candidates.push("python3".into());
    let found = candidates.into_iter().find(|python| is_version(python, "3.13"));
    found.ok_or_else(|| {
        "Python 3.13 is missing: pyenv install 3.13, or another way that puts python3.13 into PATH"
            .to_owned()
    })
}

/// The interpreters of a version that pyenv has installed, the newest first. Its own python3.13
/// runs only where that version is selected.
fn pyenv_versions(version: &str) -> Vec<PathBuf> {
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv")));
    let versions = root.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let mut found: Vec<(u32, PathBuf)> = versions
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let patch = name.strip_prefix(version)?.strip_prefix('.')?.parse().ok()?;
            Some((patch, entry.path().join("bin/python3")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, python)| python).collect()
}

fn is_version(python: &Path, version: &str) -> bool {
    let print = "import sys; print('%d.%d' % sys.version_info[:2])";
    let said = Run::program(python).args(["-c", print]).capture();
    said.is_ok_and(|(code, text)| code == Some(0) && text.trim() == version)
}
