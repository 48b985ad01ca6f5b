//! Measures the primitives and their peers, and makes a page and charts of the figures.

mod charts;
mod page;
mod results;
mod svg;
mod tables;

use std::fs;

use crate::{
    Failure, Outcome, Subcommand, project,
    run::{self, Run},
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "report",
    arguments: "[ARGUMENT...]",
    about: "Measure the primitives beside their peers, and write docs/performance.md",
    details: "\
The figures are written to a file of docs/lab/performance/ that is named after the machine; then
`cargo xtask performance` runs. Arguments go to the program (`cargo xtask report -- --help` lists
them):

    cargo xtask report --quick                      not as exact
    cargo xtask report --only lock/uncontended      one row, and writes nothing
    cargo xtask report --diagnostics                only what the diagnostics cost

Times drift by tens of per cent on a busy machine: compare ratios within one run.",
    run: measure,
};

pub(crate) const PERFORMANCE: Subcommand = Subcommand {
    name: "performance",
    arguments: "[--check]",
    about: "Write docs/performance.md and its charts from the newest figures, or check them",
    details: "\
The figures are the files of docs/lab/performance/, one for each machine. The page and the charts
show the newest, and link the others. The charts are readable on a light and on a dark page.",
    run: write,
};

fn measure(arguments: &[String]) -> Outcome {
    let arguments = match arguments.split_first() {
        Some((dashes, rest)) if dashes == "--" => rest,
        _ => arguments,
    };
    Run::new("cargo run --release --locked -p benches --bin report --").args(arguments).run()?;
    let wrote_nothing = ["--only", "--own", "--print", "--help", "-h", "--results"];
    if arguments.iter().any(|argument| wrote_nothing.contains(&argument.as_str())) {
        return Ok(());
    }
    write(&[])
}

/// Writes the page and the charts, or checks that they are up to date.
pub(crate) fn write(arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [check] if check == "--check" => true,
        _ => return Err(PERFORMANCE.usage()),
    };
    run::timed("write docs/performance.md and its charts", || {
        for (path, text) in documents()? {
            let file = project::root().join(path);
            if !check {
                fs::write(file, text).map_err(|error| format!("{path}: {error}"))?;
            } else if fs::read_to_string(file).ok().as_deref() != Some(text.as_str()) {
                return Err(format!("{path} is out of date: run cargo xtask performance"));
            }
        }
        Ok(())
    })
}

/// The paths of all that is written, and the text of each.
fn documents() -> Result<Vec<(&'static str, String)>, Failure> {
    let machines = results::all()?;
    let newest = machines.first().ok_or("there are no figures: run cargo xtask report")?;
    let mut documents = charts::all(newest)?;
    documents.push(("docs/performance.md", page::performance(&machines)?));
    documents.push(("docs/lab/performance-targets.md", page::targets(newest)?));
    Ok(documents)
}
