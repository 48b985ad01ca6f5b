//! Builds the package for Python, and runs its tests.

use std::{env, fs, path::PathBuf};

use crate::{Failure, Outcome, Subcommand, oracle, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "python",
    arguments: "",
    about: "Build the package for Python, and run CPython's tests and its own on it",
    details: "\
Needs python3.13, or a later one that `PYTHON` names. Builds a wheel of crates/python with maturin,
installs it into an environment below the target directory, and runs CPython's test_locks and
test_queues, unmodified, with awaitlist's classes in asyncio's place; then the tests in
crates/python/tests; 500 random programs of each kind against asyncio and the model; and mypy and
pyright on the stubs.",
    run,
};

/// What is installed beside the wheel. All of it has wheels for every platform.
const TOOLS: [&str; 3] = ["maturin==1.16.0", "mypy==2.4.1", "pyright==1.1.414"];

const MANIFEST: [&str; 2] = ["--manifest-path", "crates/python/Cargo.toml"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    let environment = environment()?;
    let python = environment.join("bin/python");
    let target = project::absolute_target_for("python");
    let built = |command: &str| {
        Run::new(command).hidden_env("CARGO_TARGET_DIR", &target).hidden_env("PYO3_PYTHON", &python)
    };

    Run::new("cargo fmt --check").args(MANIFEST).run()?;
    built("cargo clippy --all-targets --locked")
        .args(MANIFEST)
        .args(["--", "-D", "warnings"])
        .run()?;

    let wheels = target.join("wheels");
    if wheels.exists() {
        fs::remove_dir_all(&wheels).map_err(|error| error.to_string())?;
    }
    let maturin = environment.join("bin/maturin").display().to_string();
    built(&maturin)
        .args(["build", "--release", "--locked", "--quiet"])
        .args(MANIFEST)
        .arg("--interpreter")
        .arg(&python)
        .arg("--out")
        .arg(&wheels)
        .run()?;
    let in_environment = |command: &str| Run::new(&format!("{} {command}", python.display()));
    in_environment("-m pip install --quiet --force-reinstall --no-deps --no-index --find-links")
        .arg(&wheels)
        .arg("awaitlist")
        .run()?;

    let tests = project::root().join("crates/python/tests");
    in_environment("-X dev -W error run_cpython.py").dir(&tests).run()?;
    in_environment("-X dev -m unittest --quiet").dir(&tests).run()?;
    in_environment("compare.py 500").dir(&tests).run()?;
    in_environment("-m mypy --strict typed.py").dir(&tests).run()?;
    in_environment("-m pyright --warnings --pythonpath")
        .arg(&python)
        .arg("typed.py")
        .dir(&tests)
        .run()
}

/// Makes an environment with the tools, if there is none yet, and returns its directory.
fn environment() -> Result<PathBuf, Failure> {
    let directory = project::absolute_target_for("python").join("environment");
    // Named after the tools, so that other versions are installed anew.
    let directory = directory.join(TOOLS.join("-").replace("==", "-"));
    if directory.join("complete").exists() {
        return Ok(directory);
    }
    Run::program(interpreter()?).args(["-m", "venv", "--clear"]).arg(&directory).run()?;
    let python = directory.join("bin/python").display().to_string();
    Run::new(&python).args(["-m", "pip", "install", "--quiet"]).args(TOOLS).run()?;
    fs::write(directory.join("complete"), "").map_err(|error| error.to_string())?;
    Ok(directory)
}

/// Returns the interpreter that `PYTHON` names, or a Python 3.13.
fn interpreter() -> Result<PathBuf, Failure> {
    match env::var_os("PYTHON") {
        Some(python) => Ok(python.into()),
        None => oracle::python_313(),
    }
}
