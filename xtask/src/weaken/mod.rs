//! Breaks the crates in one place at a time, and checks that a model fails.

mod breakages;
mod orderings;

use std::collections::BTreeSet;

use crate::{Failure, Outcome, Subcommand, copy::Copy, project, run::Run};
use breakages::BREAKAGES;

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "weaken",
    arguments: "[--list | [--every-model] [FILTER]]",
    about: "Weaken one memory ordering at a time, and check that a loom model fails",
    details: "\
Each breakage is an entry of xtask/src/weaken/breakages.rs: a file, a text in it, its replacement,
and the models that must fail. It is made in a copy of the project. FILTER chooses breakages by
name.

Every ordering in the sources that is stronger than Relaxed must have such an entry, or an argued
exemption in xtask/src/weaken/orderings.rs. --list only checks that.

With --every-model, runs all models against each breakage, and prints those that fail.",
    run,
};

/// Checks that each ordering in the sources has a breakage or an exemption.
pub(crate) fn check_orderings() -> Outcome {
    orderings::check()
}

/// One change that makes the crates wrong.
struct Breakage {
    name: &'static str,
    file: &'static str,
    /// Texts, each of which occurs once in the file, and what replaces them.
    edits: &'static [(&'static str, &'static str)],
    /// The models that must fail.
    seen_by: &'static [&'static str],
}

fn run(arguments: &[String]) -> Outcome {
    orderings::check()?;
    if arguments.first().is_some_and(|flag| flag == "--list") {
        return Ok(());
    }
    let (every_model, filter) = match arguments {
        [] => (false, ""),
        [flag] if flag == "--every-model" => (true, ""),
        [flag, filter] if flag == "--every-model" => (true, filter.as_str()),
        [filter] => (false, filter.as_str()),
        _ => return Err(SUBCOMMAND.usage()),
    };
    let mut chosen = BREAKAGES.iter().filter(|breakage| breakage.name.contains(filter)).peekable();
    if chosen.peek().is_none() {
        return Err(format!("no breakage is called `{filter}`"));
    }
    let copy = Copy::new("weaken")?;
    // So that the time that a model has is not used up by what it is built with.
    models(&copy, "cargo test").arg("--no-run").run()?;
    let (mut tried, mut unseen) = (0, 0);
    for breakage in chosen {
        let verdict = breakage.check(&copy, every_model);
        match &verdict {
            Ok(seen) => println!("seen      {}  ({seen})", breakage.name),
            Err(problem) => println!("NOT SEEN  {}  ({problem})", breakage.name),
        }
        tried += 1;
        unseen += u32::from(verdict.is_err());
    }
    if unseen > 0 {
        return Err(format!("{unseen} breakages are not seen"));
    }
    println!("{tried} defects, weakened orderings among them, each seen by a model");
    copy.remove()
}

impl Breakage {
    /// Breaks the copy, runs the models, and repairs it. Returns the models that failed.
    fn check(&self, copy: &Copy, every_model: bool) -> Result<String, Failure> {
        let whole = copy.read(self.file)?;
        let mut broken = whole.clone();
        for (text, replacement) in self.edits {
            match broken.matches(text).count() {
                1 => broken = broken.replacen(text, replacement, 1),
                0 => return Err(format!("{} has no `{text}`", self.file)),
                many => return Err(format!("{} has `{text}` {many} times", self.file)),
            }
        }
        copy.write(self.file, &broken)?;
        let verdict = match every_model {
            true => failing_models(copy, &[]),
            false => self.expected_models(copy),
        };
        copy.write(self.file, &whole)?;
        verdict
    }

    /// Runs each model that must fail by itself: one that fails may abort.
    fn expected_models(&self, copy: &Copy) -> Result<String, Failure> {
        for model in self.seen_by {
            let failing = failing_models(copy, &["--exact", model]);
            failing.map_err(|problem| format!("{model}: {problem}"))?;
        }
        Ok(self.seen_by.join(", "))
    }
}

/// A command that builds the models of the copy.
fn models(copy: &Copy, cargo_test: &str) -> Run {
    Run::new(cargo_test)
        .dir(copy.path())
        .env("RUSTFLAGS", "--cfg awaitlist_loom")
        .args("--quiet --release -p awaitlist-tests --test loom --target-dir".split(' '))
        .arg(project::absolute_target_for("weaken"))
}

/// Runs models on the copy, and returns those that failed. Fails if none did.
fn failing_models(copy: &Copy, arguments: &[&str]) -> Result<String, Failure> {
    let test = models(copy, "timeout 400 cargo test")
        .env("RUST_BACKTRACE", "0")
        .args(["--", "--test-threads", "1", "--nocapture"])
        .args(arguments);
    let (code, written) = test.capture()?;
    if let Some(error) = written.lines().find(|line| line.starts_with("error[")) {
        return Err(format!("it does not compile: {error}"));
    }
    // The list at the end, if the program got that far: some models panic on purpose, and pass.
    let failing: BTreeSet<&str> = match written.rsplit_once("\nfailures:\n") {
        Some((_, list)) => list.lines().filter_map(|line| line.strip_prefix("    ")).collect(),
        None => {
            let panics = written.lines().filter_map(|line| line.strip_prefix("thread '"));
            panics.filter_map(|rest| rest.split('\'').next()).collect()
        }
    };
    match code {
        Some(0) => Err("all models passed".to_owned()),
        Some(124) if failing.is_empty() => Err("no model failed in 400 seconds".to_owned()),
        _ if failing.is_empty() => Err(format!("the models could not be run:\n{written}")),
        _ => Ok(failing.into_iter().collect::<Vec<_>>().join(", ")),
    }
}
