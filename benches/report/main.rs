//! Measures everything, and writes the figures as CSV.
//!
//! `cargo run --release -p benches --bin report -- --help` lists its options.

mod args;
mod diagnostics;
mod machine;
mod measure;
mod results;
mod table;

use std::{error::Error, process::ExitCode, time::Duration};

use args::{Args, OptIn, Part};
use benches::{harness::Counting, targets::Verdict};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    if args.own {
        // As in a program that is built with the diagnostics.
        awaitlist::diagnostics::watch(Duration::from_secs(10)).print().detach();
        match args.start {
            Some(OptIn::LockOrder) => _ = awaitlist::diagnostics::lock_order().start(),
            Some(OptIn::Profile) => _ = awaitlist::diagnostics::profile().start(),
            None => {}
        }
        for (row, size, ns) in measure::own(&args) {
            println!("{row} {size} {ns}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    match args.print {
        Some(Part::OptIn) => {
            diagnostics::print_opt_in(&args);
            return Ok(ExitCode::SUCCESS);
        }
        Some(Part::LockBytes) => {
            diagnostics::print_lock_bytes();
            return Ok(ExitCode::SUCCESS);
        }
        None => {}
    }
    let path = args.results.join(results::file_name());
    if args.diagnostics {
        let before = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}: measure all first", path.display()))?;
        let costs = diagnostics::measure(&args)?;
        std::fs::write(&path, results::with_other_costs(&before, &costs))?;
        eprintln!("written: {}", path.display());
        return Ok(verdict(&args, &costs.verdicts()));
    }
    let measured = measure::all(&args)?;
    if args.only.is_empty() {
        std::fs::create_dir_all(&args.results)?;
        std::fs::write(&path, results::csv(&measured))?;
        eprintln!("written: {}", path.display());
    } else {
        print!("{}", results::csv(&measured));
    }
    Ok(verdict(&args, &measured.verdicts))
}

/// Prints the targets that were missed, and fails if that was asked for.
fn verdict(args: &Args, verdicts: &[Verdict]) -> ExitCode {
    let missed: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.is_met()).collect();
    let all = verdicts.len();
    println!("{} of {all} targets are met", all - missed.len());
    for verdict in &missed {
        println!("missed: {}", table::sentence(verdict));
    }
    if args.check && !missed.is_empty() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
