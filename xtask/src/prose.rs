//! Wordings that the project does not use.

use crate::{Outcome, Subcommand, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "prose",
    arguments: "[--count [REVISION]]",
    about: "Find wordings that are hard to read, in comments and documents",
    details: "\
Prints each line of a Rust or Markdown file that has one of them, and fails if there are any. Write the noun instead of a
relative clause without one (a thread, task, waiter, caller, holder or notifier), and \"returns\" for what a function returns.

With --count, prints how often the wordings of a wider list occur, at the present or at a revision of git. Some of them are
right in places, so that they are counted and not refused.

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

/// What is counted. The first three are the most frequent of those that need a second reading.
const COUNTED: [(&str, &str); 6] = [
    ("who … does", r"\b[Ww]ho [a-z]+s\b"),
    ("answer, for return", r"\b[Aa]nswer(s|ed|ing)?\b"),
    ("a pronoun for a thread", r"\b([Ww]hoever|[Ss]omebody|[Nn]obody)\b"),
    ("to let go, to give back", r"\b([Ll]ets? go|[Gg]ives? back)\b"),
    ("told, for report", r"\b(is|are) told\b|\btells? of\b"),
    ("a look", r"\b[Aa]t a glance\b|\ba look\b"),
];

fn count(revision: &[String]) -> Outcome {
    for (name, wording) in COUNTED {
        let grep = Run::new("git grep -h --only-matching --extended-regexp -e");
        let grep = grep.arg(wording).args(revision).args(["--", "*.rs", "*.md"]);
        let (_, found) = grep.capture()?;
        println!("{:>6}  {name}", found.lines().count());
    }
    Ok(())
}

pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [] => {}
        [option, revision @ ..] if option == "--count" && revision.len() < 2 => {
            return count(revision);
        }
        _ => return Err(SUBCOMMAND.usage()),
    }
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
