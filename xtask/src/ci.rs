//! All that must pass before a change lands.

use std::{fs, process, time::SystemTime};

use crate::{
    Failure, Outcome, Subcommand, book, console, consumer, dependencies, features, instructions,
    newer_parking_lot, oracle, postgres, project, prose, public_api, python, report,
    run::{self, Run},
    rustdoc, weaken,
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "ci",
    arguments: "[--quick]",
    about: "Run all that must pass before a change lands",
    details: "\
With --quick, only the format, the wordings, the lints and the main tests: under three minutes once
the dependencies are built. Prints each command, its seconds, and a table of all seconds at the end.",
    run,
};

fn run(arguments: &[String]) -> Outcome {
    let outcome = match arguments {
        [] => everything(),
        [quick] if quick == "--quick" => quickly(),
        _ => return Err(SUBCOMMAND.usage()),
    };
    run::print_seconds();
    outcome
}

fn quickly() -> Outcome {
    step("cargo fmt --all --check")?;
    run::timed("cargo xtask prose", || prose::run(&[]))?;
    step("cargo clippy --workspace --all-targets --locked -- -D warnings")?;
    step("cargo test --locked -p awaitlist-tests --test suite")
}

fn everything() -> Outcome {
    step("cargo fmt --all --check")?;
    run::timed("cargo xtask prose", || prose::run(&[]))?;
    step("cargo clippy --workspace --all-targets --locked -- -D warnings")?;
    lint_platforms()?;
    step("cargo test --workspace")?;
    oracle::compare_fresh(2_000)?;
    oracle::compare_fresh_beyond(20_000)?;
    postgres::run()?;

    // With the diagnostics.
    step(
        "cargo clippy -p awaitlist-tests -p awaitlist --all-targets --features diagnostics,awaitlist-tests/postgres --locked -- -D warnings",
    )?;
    step("cargo test -p awaitlist-tests --features diagnostics")?;
    step("cargo test -p awaitlist-diagnostics --all-features")?;

    Run::new(&format!("cargo doc {} --no-deps --locked", project::PUBLISHED))
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    report::write(&["--check".to_owned()])?;
    public_api::run(&[])?;
    rustdoc::run(&[])?;
    consumer::run(&[])?;
    book::run(&[])?;
    examples()?;
    models("")?;
    models("--features diagnostics")?;
    run::timed("cargo xtask weaken --list", weaken::check_orderings)?;
    schedules()?;
    limits()?;
    critical_section()?;
    preemption()?;
    address_sanitizer()?;
    newer_parking_lot::run(&[])?;
    features::run(&[])?;
    run::timed("cargo xtask dependencies --check", || dependencies::run(&["--check".to_owned()]))?;
    platforms()?;
    console::test()?;
    python::run(&[])?;
    instructions::run(&[])?;
    package()
}

fn step(command: &str) -> Outcome {
    Run::new(command).run()
}

const PLATFORMS: [&str; 3] = ["no-std", "no-std-panics", "runtimes"];

/// A command for a package of tests/platforms, which is no member of the workspace.
fn on_platform(platform: &str, command: &str) -> Run {
    Run::new(command).arg("--manifest-path").arg(format!("tests/platforms/{platform}/Cargo.toml"))
}

/// The same, for a command that builds.
fn built_on_platform(platform: &str, command: &str) -> Run {
    on_platform(platform, command)
        .arg("--locked")
        .arg("--target-dir")
        .arg(project::target_for(platform))
}

fn lint_platforms() -> Outcome {
    for platform in PLATFORMS {
        on_platform(platform, "cargo fmt --check").run()?;
        let clippy = built_on_platform(platform, "cargo clippy");
        let clippy = match platform {
            // Its program has no standard library, in which a test harness would run.
            "no-std" => clippy,
            _ => clippy.arg("--all-targets"),
        };
        clippy.args(["--", "-D", "warnings"]).run()?;
    }
    Ok(())
}

/// The examples, as a user runs them.
fn examples() -> Outcome {
    for (package, directory) in
        [("awaitlist", "crates/awaitlist/examples"), ("awaitlist-examples", "examples")]
    {
        for example in names_of_examples(directory)? {
            let run = Run::new("cargo run --quiet --release -p").arg(package);
            let run = match example.as_str() {
                "hang_report" | "locks_page" => run.args(["--features", "diagnostics"]),
                _ => run,
            };
            run.arg("--example").arg(example).run()?;
        }
    }
    Ok(())
}

/// The names of the files and directories with an example.
fn names_of_examples(directory: &str) -> Result<Vec<String>, Failure> {
    let files = fs::read_dir(project::root().join(directory));
    let mut examples = Vec::new();
    for file in files.map_err(|error| error.to_string())? {
        let path = file.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "rs") || path.is_dir() {
            let name = path.file_stem().unwrap_or_default();
            examples.push(name.to_string_lossy().into_owned());
        }
    }
    examples.sort();
    Ok(examples)
}

/// Races, model-checked.
fn models(flags: &str) -> Outcome {
    let models = "cargo test --release -p awaitlist-tests --test loom";
    with_cfg("loom", models).args(flags.split_whitespace()).run()
}

/// A command of cargo with `--cfg awaitlist_NAME`, in a target directory of that name.
fn with_cfg(name: &str, command: &str) -> Run {
    Run::new(command)
        .env("RUSTFLAGS", format!("--cfg awaitlist_{name}"))
        .arg("--target-dir")
        .arg(project::target_for(name))
}

/// Random schedules of many threads.
fn schedules() -> Outcome {
    with_cfg("shuttle", "cargo test --release -p awaitlist-tests --test shuttle").run()
}

/// Counts at their limits, which a cfg makes small.
fn limits() -> Outcome {
    with_cfg("limits", "cargo test -p awaitlist-tests --test suite")
        .args(["--", "--skip", "ported_examples"])
        .run()
}

/// A critical section that locks across threads, and the tests with many of them.
fn critical_section() -> Outcome {
    let tests = "cargo test -p awaitlist-tests --features critical-section --test suite";
    with_cfg("critical_section", tests).args(["--", "quick_"]).run()
}

/// Holders of a queue's lock that are preempted. `cargo xtask verify preempt` runs this for longer.
fn preemption() -> Outcome {
    with_cfg("preempt", "cargo run -p awaitlist-tests --bin soak")
        .args(["--", "--minutes", "0.1"])
        .run()
}

/// Memory errors. Leaks are not looked for, since some tests leak on purpose: `cargo xtask leaks`
/// does that.
fn address_sanitizer() -> Outcome {
    Run::new(
        "cargo +nightly test -p awaitlist-tests --test suite --target x86_64-unknown-linux-gnu",
    )
    .env("RUSTFLAGS", "-Zsanitizer=address")
    .env("ASAN_OPTIONS", "detect_leaks=0")
    .arg("--target-dir")
    .arg(project::target_for("asan"))
    .args(["--", "--skip", "ported_examples"])
    .run()
}

/// Without std, and on every runtime. Chips are emulated by `cargo xtask targets`.
fn platforms() -> Outcome {
    built_on_platform("no-std", "cargo run").run()?;
    built_on_platform("no-std", "cargo run").args(["--features", "alloc,portable-atomic"]).run()?;
    built_on_platform("no-std-panics", "cargo test").run()?;
    built_on_platform("runtimes", "cargo test").run()?;
    built_on_platform("runtimes", "cargo run").args(["--example", "embassy"]).run()
}

/// The packages build from what they contain.
///
/// In a new directory each time: cargo names what it unpacks there after the package and its
/// version, and would build the next run from the same directory against the sources of the last.
fn package() -> Outcome {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_err(|error| error.to_string())?.as_secs();
    let directory = project::target_for(&format!("package-{now}-{}", process::id()));
    Run::new(&format!("cargo package {} --locked --allow-dirty", project::PUBLISHED))
        .arg("--target-dir")
        .arg(&directory)
        .run()?;
    let remove = || fs::remove_dir_all(project::root().join(&directory));
    remove().map_err(|error| -> Failure { error.to_string() })
}
