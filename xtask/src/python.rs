//! Builds the package for Python, and runs its tests.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use crate::{Failure, Outcome, Subcommand, oracle, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "python",
    arguments: "[soak SECONDS | wheels]",
    about: "Build the package for Python, and run CPython's tests and its own on it",
    details: "\
Needs python3.13, or a later one that `PYTHON` names. Builds a wheel of crates/python with maturin,
installs it into an environment below the target directory, and runs CPython's test_locks and
test_queues, unmodified, with awaitlist's classes in asyncio's place; then the tests in
crates/python/tests, among them the three steps of the example, and Rust's documentation tests; 500
random programs of each kind against asyncio and the model; two seconds of the soak; the tests again
on a build with the diagnostics; and mypy and pyright on the stubs.

    cargo xtask python
    cargo xtask python soak 60    only the soak, for as many seconds
    cargo xtask python wheels     the wheels, for Python 3.10 and later and for free-threaded 3.14",
    run,
};

/// What is installed beside the wheel. All of it has wheels for every platform.
const TOOLS: [&str; 3] = ["maturin==1.16.0", "mypy==2.4.1", "pyright==1.1.414"];

/// For the wheel that is built without its interpreter.
const TARGET: &str = "x86_64-unknown-linux-gnu";

const MANIFEST: [&str; 2] = ["--manifest-path", "crates/python/Cargo.toml"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [] => all(),
        [soak, seconds] if soak == "soak" => {
            let package = Package::new()?;
            package.install("tests/extension", "extension")?;
            package.soak(seconds)
        }
        [wheels] if wheels == "wheels" => Package::new()?.print_wheels(),
        _ => Err(SUBCOMMAND.usage()),
    }
}

fn all() -> Outcome {
    let package = Package::new()?;
    Run::new("cargo fmt --all --check").args(MANIFEST).run()?;
    package
        .built("cargo clippy --workspace --all-targets --locked")
        .args(MANIFEST)
        .args(["--", "-D", "warnings"])
        .run()?;
    package.documentation_tests()?;
    package.check_free_threaded()?;

    package.install("", "release")?;
    package.install("example/extension", "extension")?;
    package.install("tests/extension", "extension")?;
    package
        .built("cargo build --locked --quiet --profile extension -p wordcount")
        .args(MANIFEST)
        .run()?;

    package.tests("-X dev -W error run_cpython.py").run()?;
    package
        .tests("-X dev -m unittest --quiet")
        .env("WORDCOUNT", package.target.join("extension/wordcount"))
        .run()?;
    package.tests("compare.py 500").run()?;
    package.soak("2")?;
    package.diagnostics()?;
    package.tests("-m mypy --strict typed.py").run()?;
    package.tests("-m pyright --warnings --pythonpath").arg(&package.python).arg("typed.py").run()
}

/// The package, and an environment to install it in.
struct Package {
    target: PathBuf,
    python: PathBuf,
}

impl Package {
    fn new() -> Result<Self, Failure> {
        let python = environment()?.join("bin/python");
        Ok(Self { target: project::absolute_target_for("python"), python })
    }

    /// A command that builds.
    fn built(&self, command: &str) -> Run {
        Run::new(command)
            .hidden_env("CARGO_TARGET_DIR", &self.target)
            .hidden_env("PYO3_PYTHON", &self.python)
    }

    /// A command of the interpreter.
    fn python(&self, command: &str) -> Run {
        Run::new(&format!("{} {command}", self.python.display()))
    }

    /// The same, in the directory of the tests.
    fn tests(&self, command: &str) -> Run {
        self.python(command).dir(project::root().join("crates/python/tests"))
    }

    /// Builds the wheel of a directory of crates/python, and installs it.
    fn install(&self, directory: &str, profile: &str) -> Outcome {
        let wheels = self.wheels(directory, profile, &[])?;
        self.python("-m pip install --quiet --force-reinstall --no-deps").args(wheels).run()
    }

    /// Runs the tests on a build with the diagnostics, which is not installed.
    fn diagnostics(&self) -> Outcome {
        self.built("cargo clippy --locked --features diagnostics")
            .args(MANIFEST)
            .args(["--", "-D", "warnings"])
            .run()?;
        let wheels = self.wheels("", "extension", &["--features", "diagnostics"])?;
        let directory = self.target.join("diagnostics");
        self.python("-m pip install --quiet --no-deps --upgrade --target")
            .arg(&directory)
            .args(wheels)
            .run()?;
        for tests in [
            "-X dev -m unittest --quiet test_diagnostics",
            "-X dev -W error run_cpython.py",
            "-m unittest --quiet test_awaitlist",
            "compare.py 200",
        ] {
            self.tests(tests).env("PYTHONPATH", &directory).run()?;
        }
        Ok(())
    }

    /// Builds both wheels, and prints where they are.
    fn print_wheels(&self) -> Outcome {
        let kept = self.target.join("dist");
        fs::create_dir_all(&kept).map_err(|error| error.to_string())?;
        // maturin knows the configuration of an interpreter that is not there, given a target.
        let free_threaded =
            ["--no-default-features", "--interpreter", "python3.14t", "--target", TARGET];
        for flags in [&[][..], &free_threaded] {
            for wheel in self.wheels("", "release", flags)? {
                let name = wheel.file_name().unwrap_or_default();
                fs::copy(&wheel, kept.join(name)).map_err(|error| error.to_string())?;
                println!("{}", kept.join(name).display());
            }
        }
        Ok(())
    }

    /// Compiles for free-threaded Python, which has no stable interface.
    fn check_free_threaded(&self) -> Outcome {
        let configuration = self.target.join("free-threaded.txt");
        let text = "\
implementation=CPython
version=3.14
shared=true
abi3=false
pointer_width=64
build_flags=Py_GIL_DISABLED
suppress_build_script_link_lines=true
";
        // Written only once, since a newer file would be compiled for again.
        if !fs::read_to_string(&configuration).is_ok_and(|before| before == text) {
            fs::write(&configuration, text).map_err(|error| error.to_string())?;
        }
        Run::new("cargo check --locked --quiet --no-default-features")
            .args(MANIFEST)
            .hidden_env("CARGO_TARGET_DIR", self.target.join("free-threaded"))
            .hidden_env("PYO3_CONFIG_FILE", &configuration)
            .run()
    }

    /// Builds the wheel of a directory of crates/python.
    fn wheels(
        &self,
        directory: &str,
        profile: &str,
        flags: &[&str],
    ) -> Result<Vec<PathBuf>, Failure> {
        let manifest = Path::new("crates/python").join(directory).join("Cargo.toml");
        let wheels = self.target.join("wheels");
        if wheels.exists() {
            fs::remove_dir_all(&wheels).map_err(|error| error.to_string())?;
        }
        let maturin = self.python.with_file_name("maturin").display().to_string();
        let build = self
            .built(&maturin)
            .args(["build", "--locked", "--quiet", "--profile", profile])
            .args(flags)
            .arg("--manifest-path")
            .arg(manifest)
            .arg("--out")
            .arg(&wheels);
        match flags.contains(&"--interpreter") {
            true => build.run()?,
            false => build.arg("--interpreter").arg(&self.python).run()?,
        }
        let wheels = fs::read_dir(&wheels).map_err(|error| error.to_string())?;
        let wheels: Result<Vec<_>, _> = wheels.map(|wheel| Ok(wheel?.path())).collect();
        wheels.map_err(|error: io::Error| error.to_string())
    }

    /// Runs the documentation tests, in a process of Rust that has an interpreter in it.
    fn documentation_tests(&self) -> Outcome {
        let print = "import sys, sysconfig\nprint(sysconfig.get_config_var('LIBDIR'))\nprint(sys.base_prefix)";
        let said = Run::program(&self.python).args(["-c", print]).output()?;
        let mut lines = said.lines();
        let (libraries, prefix) =
            (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        self.built("cargo test --locked --quiet --doc")
            .args(MANIFEST)
            .hidden_env("LD_LIBRARY_PATH", libraries)
            .hidden_env("PYTHONHOME", prefix)
            .run()
    }

    fn soak(&self, seconds: &str) -> Outcome {
        self.tests("-X dev -W error soak.py").arg(seconds).run()
    }
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
