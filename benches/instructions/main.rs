//! Counts the instructions of the paths that must not grow, and fails when one has.
//!
//! `cargo run --release -p benches --bin instructions -- --check` runs this program under valgrind
//! for each path, with a number of repetitions and with twice as many. The difference, without that
//! of a path that does nothing, is the cost of the path. Times depend on the load of the machine;
//! instructions do not.

mod callgrind;
mod paths;
mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use table::{Counts, Growth};

/// Counts the instructions of the paths that must not grow. Without an option, prints them.
#[derive(Debug, Parser)]
struct Args {
    /// Compare with the table, and fail if a path has grown.
    #[arg(long)]
    check: bool,

    /// Write the table.
    #[arg(long, conflicts_with = "check")]
    write: bool,

    /// The table.
    #[arg(long, value_name = "PATH", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions/table.toml"))]
    table: PathBuf,

    #[command(subcommand)]
    repeat: Option<Repeat>,
}

#[derive(Debug, Subcommand)]
enum Repeat {
    /// Goes a path so many times: what is run under valgrind.
    #[command(hide = true)]
    Repeat {
        /// Its name.
        path: String,
        /// How often.
        times: usize,
    },
}

fn main() -> Result<ExitCode, String> {
    let args = Args::parse();
    if let Some(Repeat::Repeat { path, times }) = args.repeat {
        paths::repeat(&path, times)?;
        return Ok(ExitCode::SUCCESS);
    }
    let counted = count()?;
    if args.write {
        table::write(&args.table, &counted)?;
        eprintln!("written: {}", args.table.display());
        return Ok(ExitCode::SUCCESS);
    }
    if args.check {
        return Ok(check(&table::read(&args.table)?, &counted));
    }
    for (path, instructions) in &counted {
        println!("{path:20} {instructions:6.1}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What each path costs, in instructions.
fn count() -> Result<Counts, String> {
    let nothing = callgrind::instructions(paths::NOTHING)?;
    paths::names()
        .map(|path| Ok((path.to_owned(), callgrind::instructions(path)? - nothing)))
        .collect()
}

/// Says of each path how it compares with the table.
fn check(before: &Counts, counted: &Counts) -> ExitCode {
    let mut result = ExitCode::SUCCESS;
    for (path, now) in counted {
        let Some((_, before)) = before.iter().find(|(known, _)| known == path) else {
            println!("{path:20} {now:6.1}  is not in the table: run with --write");
            result = ExitCode::FAILURE;
            continue;
        };
        let remark = match Growth::of(*before, *now) {
            Growth::None => "",
            Growth::Less => "less than the table says: run with --write",
            Growth::More => "GREW",
        };
        println!("{path:20} {now:6.1}  before {before:6.1}  {remark}");
        if Growth::of(*before, *now) == Growth::More {
            result = ExitCode::FAILURE;
        }
    }
    result
}
