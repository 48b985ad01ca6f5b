//! Wordings that the project does not use.

use crate::{Outcome, Subcommand, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "prose",
    arguments: "",
    about: "Find wordings that are hard to read, in comments and documents",
    details: "\
Prints each line of a Rust or Markdown file that has one of them, and fails if there are any. Write the noun instead of a
relative clause without one (a thread, task, waiter, caller, holder or notifier), and \"returns\" for what a function returns.

The names of functions are not looked at, since their words are joined by underscores.",
    run,
};

/// Extended regular expressions. None of them matches its own line here.
const WORDINGS: [&str; 7] = [
    r"\b[Ww]hoever\b",
    r"\bto be had\b",
    r"\b[Aa]t a glance\b",
    r"\b[Ww]ho (finds|comes|waits|holds)\b",
    r"\bis told of\b",
    r"\btells of\b",
    r"\b[Aa]nswers (a|an|the) ",
];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    let mut grep = Run::new("git grep --line-number --extended-regexp");
    for wording in WORDINGS {
        grep = grep.arg("-e").arg(wording);
    }
    match grep.args(["--", "*.rs", "*.md"]).capture()? {
        // What git exits with if no line matches.
        (Some(1), _) => Ok(()),
        (Some(0), lines) => {
            print!("{lines}");
            Err(format!("{} lines have a wording that is not used here", lines.lines().count()))
        }
        (_, error) => Err(format!("git grep: {error}")),
    }
}
