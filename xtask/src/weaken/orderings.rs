//! The list of orderings, from the sources: each one that is stronger than Relaxed must have a
//! breakage for each way to weaken it, or an exemption that says why no model can notice.

use std::{fs, path::Path};

use super::breakages::BREAKAGES;
use crate::{Failure, Outcome, project, run::Run};

/// A file, a text of a line in it, the weaker ordering, and why no model fails with that.
const EXEMPT: &[(&str, &str, &str, &str)] = &[
    (
        "crates/core/src/sync/word.rs",
        "word.store(value, Ordering::Release)",
        "Relaxed",
        "not part of a model: the store that is, in loom.rs beside it, has a breakage",
    ),
    (
        "crates/event/src/event.rs",
        "exchange(word, set, Ordering::AcqRel)",
        "Release",
        "`set` returns nothing, so a caller cannot learn that it came after a certain `clear`; it acquires as it \
         does where it locks the queue",
    ),
    (
        "crates/event/src/event.rs",
        "word.payload() & !SET, Ordering::AcqRel",
        "Acquire",
        "no wait and no check returns because of a `clear`; it releases as it does where it locks the queue",
    ),
];

pub(super) fn check() -> Outcome {
    let files = Run::new("git ls-files crates").output()?;
    // Of no model: the diagnostics, which a build with models has only in part, and the package for
    // Python, which waits for an interpreter.
    let without_models = ["crates/diagnostics/", "crates/python/"];
    let ours = |file: &&str| {
        let has_models = !without_models.iter().any(|directory| file.starts_with(directory));
        file.ends_with(".rs") && file.contains("/src/") && has_models
    };
    let (mut orderings, mut missing, mut used) = (0, Vec::new(), vec![false; EXEMPT.len()]);
    for file in files.lines().filter(ours) {
        let text = fs::read_to_string(project::root().join(Path::new(file)));
        let text = text.map_err(|error| -> Failure { format!("{file}: {error}") })?;
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for (name, weaker) in [
                ("Acquire", &["Relaxed"][..]),
                ("Release", &["Relaxed"]),
                ("AcqRel", &["Acquire", "Release"]),
                ("SeqCst", &["AcqRel"]),
            ] {
                let ordering = format!("Ordering::{name}");
                if !line.contains(&ordering) {
                    continue;
                }
                for weaker in weaker {
                    orderings += 1;
                    if !is_broken(file, line, &ordering, weaker)
                        && !is_exempt(file, line, weaker, &mut used)
                    {
                        missing.push(format!("{file}: {} to {weaker}", line.trim()));
                    }
                }
            }
        }
    }
    println!(
        "{orderings} ways to weaken orderings are in the sources, {} of them exempt",
        EXEMPT.len()
    );
    let unused = EXEMPT.iter().zip(used).filter(|(_, used)| !used);
    missing.extend(
        unused.map(|((file, line, ..), _)| format!("{file}: an exemption of no line: {line}")),
    );
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("without a breakage or an exemption:\n{}", missing.join("\n")))
}

/// Whether a breakage replaces the ordering in this line by a weaker one.
fn is_broken(file: &str, line: &str, ordering: &str, weaker: &str) -> bool {
    BREAKAGES.iter().filter(|breakage| breakage.file == file).any(|breakage| {
        breakage.edits.iter().any(|(text, replacement)| {
            let weakened = text.replace(ordering, &format!("Ordering::{weaker}"));
            text.contains(ordering) && line.contains(text) && *replacement == weakened
        })
    })
}

fn is_exempt(file: &str, line: &str, weaker: &str, used: &mut [bool]) -> bool {
    let exemption = EXEMPT.iter().position(|(exempt, text, to, reason)| {
        *exempt == file && line.contains(text) && *to == weaker && !reason.is_empty()
    });
    if let Some(exemption) = exemption {
        used[exemption] = true;
    }
    exemption.is_some()
}
