//! Wordings that the project does not use, and lines that are too long.

use std::fs;

use crate::{Failure, Outcome, Subcommand, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "prose",
    arguments: "[--count [REVISION]]",
    about: "Find wordings that are hard to read, and long lines, in comments and documents",
    details: "\
Prints each line of a Rust or Markdown file that has one of the wordings, and fails if there are
any. Write the noun instead of a relative clause without one (a thread, task, waiter, caller, holder
or notifier), and \"returns\" for what a function returns.

Prints each line of a comment or a Markdown file that is longer than 100 columns, too. A row of a
table may be longer, and so may a link and what a Markdown file shows as code.

With --count, prints how often the wordings of a wider list occur, at the present or at a revision
of git. Some of them are right in places, so that they are counted and not refused.

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
    let mut faults = words()?;
    faults.extend(long_lines()?);
    faults.iter().for_each(|fault| println!("{fault}"));
    match faults.len() {
        0 => Ok(()),
        faults => Err(format!("{faults} lines are hard to read")),
    }
}

/// The lines that have one of the wordings.
fn words() -> Result<Vec<String>, Failure> {
    let mut grep = Run::new("git grep --line-number --extended-regexp");
    for wording in WORDINGS {
        grep = grep.arg("-e").arg(wording);
    }
    match grep.args(["--", "*.rs", "*.md"]).capture()? {
        // What git exits with if no line matches.
        (Some(1), _) => Ok(Vec::new()),
        (Some(0), lines) => Ok(lines.lines().map(str::to_owned).collect()),
        (_, error) => Err(format!("git grep: {error}")),
    }
}

/// The longest line of a comment or a document.
const COLUMNS: usize = 100;

/// What another program writes.
const NOT_WRAPPED: [&str; 2] = ["docs/lab/", "docs/performance.md"];

fn long_lines() -> Result<Vec<String>, Failure> {
    let (_, files) = Run::new("git ls-files -- *.rs *.md").capture()?;
    let mut faults = Vec::new();
    for path in files.lines() {
        let file = project::root().join(path);
        // A file that is not committed yet, or not any more.
        if NOT_WRAPPED.iter().any(|start| path.starts_with(start)) || !file.exists() {
            continue;
        }
        let text = fs::read_to_string(&file).map_err(|error| format!("{path}: {error}"))?;
        let mut is_code = false;
        for (number, line) in text.lines().enumerate() {
            let is_prose = if path.ends_with(".md") {
                let is_fence = line.trim_start().starts_with("```");
                is_code ^= is_fence;
                !is_code && !is_fence
            } else {
                line.trim_start().starts_with("//")
            };
            if is_prose && is_too_long(line) {
                faults.push(format!("{path}:{}: over {COLUMNS} columns: {line}", number + 1));
            }
        }
    }
    Ok(faults)
}

fn is_too_long(line: &str) -> bool {
    let text = line.trim_start().trim_start_matches(['/', '!']).trim_start();
    let is_table = text.starts_with('|');
    let is_link = text.starts_with("[![") || (text.starts_with('[') && text.contains("]: "));
    line.chars().count() > COLUMNS && !is_table && !is_link && text.contains(' ')
}
