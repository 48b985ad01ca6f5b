//! The documents are true: the programs and tests that they show exist, and their links resolve.

mod ported_examples;
mod tower;

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

const PORTING: &str = include_str!("../../docs/porting.md");
const BEYOND_ONE_PROCESS: &str = include_str!("../../docs/beyond-one-process.md");
const MODEL_CHECKING: &str = include_str!("../../docs/model-checking.md");
const GUARANTEES: &str = include_str!("../../docs/guarantees.md");

/// That docs/porting.md has the program, without the comment at its top, and what it prints.
macro_rules! porting_shows {
    ($($example:ident),* $(,)?) => {$(
        #[test]
        fn $example() {
            let source = include_str!(concat!(
                "../../crates/awaitlist/examples/",
                stringify!($example),
                ".rs"
            ));
            let output = include_str!(concat!("../expected/", stringify!($example), ".txt"));
            assert_shows(PORTING, "rust", &below_the_top(source));
            assert_shows(PORTING, "text", output.trim_end());
        }
    )*};
}

mod porting_shows_the_example {
    use super::*;

    porting_shows!(
        cache_stampede,
        lost_update,
        acquire_release,
        callbacks,
        print_the_lock,
        bounded_buffer,
        connection_pool,
        rate_limit,
        graceful_shutdown,
        phased_workers,
        evening_shift,
    );
}

#[test]
fn model_checking_shows_the_model() {
    for source in
        [include_str!("../loom/user_code/mailbox.rs"), include_str!("../loom/user_code/mod.rs")]
    {
        assert_shows(MODEL_CHECKING, "rust", &below_the_top(source));
    }
}

#[test]
fn beyond_one_process_shows_the_advisory_lock() {
    let source = include_str!("../examples/advisory_lock/lock.rs");
    assert_shows(BEYOND_ONE_PROCESS, "rust", &below_the_top(source));
}

/// A program without the comment at its top.
fn below_the_top(source: &str) -> String {
    let is_top = |line: &&str| line.is_empty() || line.starts_with("//!");
    source.lines().skip_while(is_top).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_shows(page: &str, language: &str, text: &str) {
    let block = format!("\n```{language}\n{text}\n```\n");
    assert!(page.contains(&block), "the page has another version, or none, of this:\n{block}");
}

/// Each row of each method's table names its tests, and they are there.
#[test]
fn guarantees_names_a_test_for_each_method() {
    let there = tests_there();
    let rows: Vec<&str> = GUARANTEES
        .lines()
        .skip_while(|line| *line != "## Method by method")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| "))
        .filter(|line| !line.starts_with("| method |"))
        .collect();
    assert!(rows.len() > 40, "only {} rows", rows.len());
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next();
        let tests = tests.expect("a row has a last cell");
        assert!(tests.starts_with('`'), "no test in: {row}");
        for test in tests.split('`').skip(1).step_by(2) {
            assert!(there.iter().any(|there| names(test, there)), "no test {test}");
        }
    }
}

/// Whether `named` on the page means the test `there`: by the test's path without its group
/// (`api::`, `guarantees::` …), by the module that the test is in, or by the number of the
/// guarantee.
fn names(named: &str, there: &str) -> bool {
    let there = match there.split_once("::") {
        Some(("api" | "asyncio" | "documents" | "guarantees" | "random", rest)) => rest,
        _ => there,
    };
    // g01_fifo_no_barging::test is also g01::test.
    let is_numbered =
        there.starts_with(['g']) && there[1..].starts_with(|c: char| c.is_ascii_digit());
    let short = match there.find("::") {
        Some(module) if is_numbered => [&there[..3], &there[module..]].concat(),
        _ => there.to_owned(),
    };
    let rest = short.strip_prefix(named);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The paths of all tests of this binary, and of the models.
fn tests_there() -> BTreeSet<String> {
    let this = env::current_exe().expect("the test knows where it is");
    let list = Command::new(this).arg("--list").output();
    let list = list.expect("the test can be run").stdout;
    let list = String::from_utf8(list).expect("names are text");
    let here = list.lines().filter_map(|line| line.strip_suffix(": test"));
    let mut there: BTreeSet<String> = here.map(str::to_owned).collect();

    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("loom");
    for file in fs::read_dir(models).expect("the models are there") {
        let path = file.expect("it can be listed").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let module = path.file_stem().expect("it has a name").to_string_lossy();
        let source = fs::read_to_string(&path).expect("it is text");
        let models = source.split("#[test]\nfn ").skip(1);
        let models = models.filter_map(|rest| rest.split_once("()"));
        there.extend(models.map(|(name, _)| format!("loom::{module}::{name}")));
    }
    there
}

/// Every link from a page to a file, or to a heading, leads there. (Not of docs/performance.md,
/// which `benches` writes.)
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_dir(root.join("docs")).expect("the documents are there");
    let mut pages: Vec<_> = docs
        .map(|file| file.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| !path.ends_with("performance.md"))
        .collect();
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|page| root.join(page)));
    for path in pages {
        let page = fs::read_to_string(&path).expect("a page is text");
        let directory = path.parent().expect("a page is in a directory");
        for target in prose(&page).split("](").skip(1) {
            let target = target.split(')').next().unwrap_or_default();
            let found = match target.split_once('#') {
                _ if target.contains("://") => true,
                Some(("", heading)) => headings(&page).any(|there| there == heading),
                Some((file, heading)) => fs::read_to_string(directory.join(file))
                    .is_ok_and(|page| headings(&page).any(|there| there == heading)),
                None => directory.join(target).exists(),
            };
            assert!(found, "{} leads to no {target}", path.display());
        }
    }
}

/// What is not in a block of code.
fn prose(page: &str) -> String {
    page.split("\n```").step_by(2).collect()
}

/// The headings of a page, as links to them are written.
fn headings(page: &str) -> impl Iterator<Item = String> {
    let headings: Vec<String> = prose(page)
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| line.trim_start_matches('#').trim_start().to_lowercase())
        .collect();
    headings.into_iter().map(|heading| {
        let kept = heading.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        });
        kept.collect()
    })
}
