//! Writes docs/dependencies.md.

use std::{collections::BTreeSet, fmt::Write, fs};

use crate::{Failure, Outcome, Subcommand, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "dependencies",
    arguments: "[--check]",
    about: "Print docs/dependencies.md, or check that it is up to date",
    details: "\
    cargo xtask dependencies > docs/dependencies.md     writes the page
    cargo xtask dependencies --check                    fails if the page is out of date",
    run,
};

const PAGE: &str = "docs/dependencies.md";
const PRIMITIVES: [&str; 6] =
    ["lock", "event", "condition", "semaphore", "bounded-semaphore", "barrier"];
const BARE: &str = "--no-default-features --features critical-section";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [] => {
            print!("{}", page()?);
            Ok(())
        }
        [check] if check == "--check" => compare(),
        _ => Err(SUBCOMMAND.usage()),
    }
}

fn compare() -> Outcome {
    let there = fs::read_to_string(project::root().join(PAGE));
    let there = there.map_err(|error| format!("{PAGE}: {error}"))?;
    let page = page()?;
    let differs = there.lines().zip(page.lines()).position(|(a, b)| a != b);
    match differs {
        None if there == page => {
            println!("\n{PAGE} is up to date");
            Ok(())
        }
        differs => {
            let line = differs.unwrap_or_else(|| there.lines().count().min(page.lines().count()));
            Err(format!(
                "{PAGE} is out of date from line {} on: run cargo xtask dependencies > {PAGE}",
                line + 1
            ))
        }
    }
}

/// The tree of what a crate depends on, without the paths of our crates.
fn tree(flags: &str) -> Result<String, Failure> {
    let command =
        format!("cargo tree --locked --edges normal --target x86_64-unknown-linux-gnu {flags}");
    let tree = Run::new(&command).output()?;
    let lines = tree.lines().map(|line| {
        // " (/path/of/ours)" and " (*)" for what was printed before, but not " (proc-macro)".
        let cut = line.find(" (/").or_else(|| line.find(" (*"));
        format!("{}\n", &line[..cut.unwrap_or(line.len())])
    });
    Ok(lines.collect())
}

/// How many crates a crate depends on that are not ours.
fn others(flags: &str) -> Result<usize, Failure> {
    let tree = tree(&format!("{flags} --prefix none"))?;
    let others = tree.lines().filter(|line| !line.starts_with("awaitlist"));
    Ok(others.collect::<BTreeSet<_>>().len())
}

fn page() -> Result<String, Failure> {
    let mut page = String::from(
        "\
# Dependencies

Written by `cargo xtask dependencies` from the lock file, for x86-64 Linux. `cargo
xtask ci` fails if it is out of date.

| crate | used for |
|---|---|
| `pin-project-lite` | pinned futures without unsafe code of our own |
| `parking` | std: waiting on a thread |
| `critical-section` | without std: the target's critical section |
| `portable-atomic` | targets without compare-and-swap |
| `parking_lot`, `slab` | diagnostics: guard the records, and store their entries |
| `libc` | diagnostics, on Linux: read the coarse clock |
| `event-listener`, `futures-lite` | diagnostics: wake the stall watch, and let it wait |
| `serde_core`, `signal-hook`, `tracing` | diagnostics: each with its feature of that name (`signal`), none by default |

The number of crates that are not ours:

| crate | std | critical-section | with portable-atomic |
|---|---|---|---|
",
    );
    for primitive in PRIMITIVES {
        let package = format!("-p awaitlist-{primitive}");
        let counts = [
            others(&package)?,
            others(&format!("{package} {BARE}"))?,
            others(&format!("{package} {BARE},portable-atomic"))?,
        ];
        let [std, bare, portable] = counts;
        write_to(
            &mut page,
            format_args!("| awaitlist-{primitive} | {std} | {bare} | {portable} |\n"),
        );
    }
    for primitive in PRIMITIVES {
        let package = format!("-p awaitlist-{primitive}");
        let (std, bare) = (tree(&package)?, tree(&format!("{package} {BARE}"))?);
        write_to(
            &mut page,
            format_args!(
                "\n## awaitlist-{primitive}\n\n```text\n{std}```\n\nWithout std:\n\n```text\n{bare}```\n"
            ),
        );
    }
    let diagnostics = tree("-p awaitlist-diagnostics")?;
    write_to(
        &mut page,
        format_args!(
            "\n## With the diagnostics\n\nOnly with the feature `diagnostics`:\n\n```text\n{diagnostics}```\n"
        ),
    );
    Ok(page)
}

fn write_to(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a string takes all text");
}
