//! Checks the documentation of the crates, as docs.rs builds it.

use std::{fs, path::Path};

use crate::{
    Failure, Outcome, Subcommand, project,
    run::{self, Run},
};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "rustdoc",
    arguments: "",
    about: "Check the documentation as docs.rs builds it",
    details: "\
- No page says that an item depends on a cfg of the project's own or of the target.
- The pages of awaitlist contain every future and guard, so that they are found by search.
- Each section `Panics` begins with \"Panics if\".
- The root of each primitive's crate says what to import from there.

Needs a nightly toolchain, as docs.rs uses.",
    run,
};

/// What no page may show.
const BADGES: [&str; 2] = ["awaitlist_loom", "target_has_atomic"];

/// What the list of all items of awaitlist contains.
const FOUND: [&str; 21] = [
    "barrier::Wait",
    "barrier::WaitOwned",
    "bounded_semaphore::Acquire",
    "bounded_semaphore::AcquireOwned",
    "bounded_semaphore::BoundedSemaphorePermit",
    "bounded_semaphore::OwnedPermit",
    "condition::Wait",
    "condition::WaitFor",
    "condition::WaitForOr",
    "condition::WaitForSome",
    "condition::WaitForSomeOr",
    "condition::WaitOr",
    "condition::WaitOwned",
    "diagnostics::Snapshot",
    "event::Wait",
    "event::WaitOwned",
    "lock::Acquire",
    "lock::AcquireOwned",
    "lock::Guard",
    "semaphore::OwnedPermit",
    "semaphore::SemaphorePermit",
];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    let target = project::absolute_target_for("rustdoc");
    let _ = fs::remove_dir_all(target.join("doc"));
    Run::new(&format!("cargo +nightly doc {} --all-features --no-deps", project::PUBLISHED))
        .env("RUSTDOCFLAGS", "--cfg docsrs -D warnings")
        .arg("--target-dir")
        .arg(&target)
        .run()?;
    run::timed("check the documentation", || {
        let mut faults = Vec::new();
        let pages = files(&target.join("doc"), "html")?;
        for (path, page) in &pages {
            let shown = BADGES.iter().filter(|badge| has_badge(page, badge));
            faults.extend(shown.map(|badge| format!("{path} shows {badge}")));
        }
        let all = target.join("doc/awaitlist/all.html");
        let all = fs::read_to_string(&all).map_err(|error| failure(&all, &error))?;
        for item in FOUND {
            if !all.contains(&format!(">{item}</a>")) {
                faults.push(format!("awaitlist has no page for {item}"));
            }
        }
        for (path, source) in files(&project::root().join("crates"), "rs")? {
            check_source(&path, &source, &mut faults);
        }
        faults.iter().for_each(|fault| println!("{fault}"));
        println!("{} pages, {} faults", pages.len(), faults.len());
        match faults.len() {
            0 => Ok(()),
            faults => Err(format!("{faults} faults of the documentation")),
        }
    })
}

/// Whether a page says that an item is available only with a cfg. (The cfg may be in a source that
/// the page shows.)
fn has_badge(page: &str, cfg: &str) -> bool {
    page.split("class=\"stab portability\"").skip(1).any(|rest| {
        let badge = rest.split("</div>").next().unwrap_or_default();
        badge.split("</span>").next().unwrap_or_default().contains(cfg)
    })
}

fn check_source(path: &str, source: &str, faults: &mut Vec<String>) {
    let mut lines = source.lines().map(str::trim_start).enumerate();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("/// # Panics") {
            let first = lines.by_ref().map(|(_, line)| line).find(|line| *line != "///");
            if !first.is_some_and(|line| line.starts_with("/// Panics if")) {
                faults.push(format!("{path}:{}: does not begin with \"Panics if\"", number + 1));
            }
        }
    }
    let is_primitive = ["lock", "event", "condition", "semaphore", "barrier"]
        .iter()
        .any(|name| path.ends_with(&format!("{name}/src/lib.rs")));
    if is_primitive && !source.contains("With this crate alone, import from") {
        faults.push(format!("{path}: does not say what to import"));
    }
}

/// The files below a directory whose names end so, with their contents.
fn files(directory: &Path, extension: &str) -> Result<Vec<(String, String)>, Failure> {
    let (mut files, mut left) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(|error| failure(&path, &error))? {
                left.push(entry.map_err(|error| failure(&path, &error))?.path());
            }
        } else if path.extension().is_some_and(|actual| actual == extension) {
            let text = fs::read_to_string(&path).map_err(|error| failure(&path, &error))?;
            let name = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
            files.push((name, text));
        }
    }
    files.sort();
    Ok(files)
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}", path.display())
}
