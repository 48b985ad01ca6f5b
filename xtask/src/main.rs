//! The project's checks. `cargo xtask --help` lists them.
//!
//! Each subcommand is a module with a [`Subcommand`] and a function that runs it. Commands are run
//! through [`run::Run`], which prints each one before it runs and its seconds afterwards.

mod book;
mod build_cost;
mod ci;
mod console;
mod consumer;
mod copy;
mod debian;
mod dependencies;
mod features;
mod instructions;
mod leaks;
mod minimal_versions;
mod msrv;
mod mutants;
mod newer_parking_lot;
mod oracle;
mod porting_python;
mod postgres;
mod project;
mod prose;
mod public_api;
mod python;
mod report;
mod run;
mod rustdoc;
mod targets;
mod test_names;
mod tool;
mod tsan;
mod verify;
mod weaken;

use std::{env, process::ExitCode};

/// Why a check failed, in words for a person.
type Failure = String;
type Outcome = Result<(), Failure>;

/// A subcommand of `cargo xtask`.
struct Subcommand {
    name: &'static str,
    /// What follows the name on the command line.
    arguments: &'static str,
    /// One line for the list.
    about: &'static str,
    /// The rest of its help.
    details: &'static str,
    run: fn(&[String]) -> Outcome,
}

const SUBCOMMANDS: &[Subcommand] = &[
    ci::SUBCOMMAND,
    console::SUBCOMMAND,
    consumer::SUBCOMMAND,
    features::SUBCOMMAND,
    dependencies::SUBCOMMAND,
    instructions::SUBCOMMAND,
    oracle::SUBCOMMAND,
    newer_parking_lot::SUBCOMMAND,
    minimal_versions::SUBCOMMAND,
    msrv::SUBCOMMAND,
    targets::SUBCOMMAND,
    verify::SUBCOMMAND,
    weaken::SUBCOMMAND,
    mutants::SUBCOMMAND,
    leaks::SUBCOMMAND,
    tsan::SUBCOMMAND,
    report::SUBCOMMAND,
    build_cost::SUBCOMMAND,
    report::PERFORMANCE,
    book::SUBCOMMAND,
    postgres::SUBCOMMAND,
    prose::SUBCOMMAND,
    public_api::SUBCOMMAND,
    python::SUBCOMMAND,
    rustdoc::SUBCOMMAND,
    porting_python::SUBCOMMAND,
    test_names::SUBCOMMAND,
    tool::SUBCOMMAND,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match start(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &[String]) -> Outcome {
    let is_help = |argument: &str| matches!(argument, "--help" | "-h" | "help");
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) if !is_help(name) => (name, rest),
        _ => {
            print!("{}", list());
            return Ok(());
        }
    };
    let subcommand = SUBCOMMANDS
        .iter()
        .find(|subcommand| subcommand.name == name)
        .ok_or_else(|| format!("no subcommand `{name}`; see cargo xtask --help"))?;
    if rest.first().is_some_and(|first| is_help(first)) {
        print!("{}", subcommand.help());
        return Ok(());
    }
    env::set_current_dir(project::root()).map_err(|error| error.to_string())?;
    (subcommand.run)(rest)
}

fn list() -> String {
    let lines = SUBCOMMANDS
        .iter()
        .map(|subcommand| format!("  {:18} {}\n", subcommand.name, subcommand.about));
    format!(
        "Usage: cargo xtask SUBCOMMAND [ARGUMENT...]\n\n{}\nHelp for one of them: cargo xtask SUBCOMMAND --help\n",
        lines.collect::<String>()
    )
}

impl Subcommand {
    fn help(&self) -> String {
        let Self { name, arguments, about, details, .. } = self;
        let usage = format!("{name} {arguments}");
        format!("{about}.\n\nUsage: cargo xtask {}\n\n{details}\n", usage.trim_end())
    }

    /// The failure for arguments that the subcommand does not take.
    fn usage(&self) -> Failure {
        let usage = format!("{} {}", self.name, self.arguments);
        format!("usage: cargo xtask {}", usage.trim_end())
    }

    fn refuse_arguments(&self, arguments: &[String]) -> Outcome {
        if arguments.is_empty() { Ok(()) } else { Err(self.usage()) }
    }
}
