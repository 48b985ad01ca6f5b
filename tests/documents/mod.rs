//! The documents are true: the programs and tests that they show exist, their links resolve, and
//! every page is in the book.

mod ported_examples;
mod tower;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const BEYOND_ONE_PROCESS: &str = include_str!("../../docs/beyond-one-process.md");
const MODEL_CHECKING: &str = include_str!("../../docs/model-checking.md");
const GUARANTEES: &str = include_str!("../../docs/guarantees.md");

/// That the page of a ported program has the program, without the comment at its top, and what it
/// prints.
macro_rules! pages_of_programs {
    ($($example:ident),* $(,)?) => {$(
        #[test]
        fn $example() {
            let source = include_str!(concat!(
                "../../crates/awaitlist/examples/",
                stringify!($example),
                ".rs"
            ));
            let output = include_str!(concat!("../expected/", stringify!($example), ".txt"));
            let page = include_str!(concat!(
                "../../docs/guide/from-asyncio/programs/",
                stringify!($example),
                ".md"
            ));
            let python = include_str!(concat!(
                "../../crates/awaitlist/examples/",
                stringify!($example),
                ".py"
            ));
            assert_shows(page, "rust", &below_the_top(source));
            assert_shows(page, "python", python.trim_end());
            assert_shows(page, "text", output.trim_end());
        }
    )*};
}

mod guide_shows_the_example {
    use super::*;

    pages_of_programs!(
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

/// Each difference from CPython names a test, and it is there.
#[test]
fn guarantees_names_a_test_for_each_difference() {
    let there = tests_there();
    let (_, differences) =
        GUARANTEES.split_once("\n## Differences from CPython").expect("the page lists them");
    let differences = differences.split("\n## ").next().unwrap_or_default();
    let differences: Vec<&str> = differences.split("\n### ").skip(1).collect();
    assert!(differences.len() >= 10, "only {} differences", differences.len());
    for difference in differences {
        let (_, tests) = difference.rsplit_once("\nTest:\n").unwrap_or_default();
        let named = tests.split('`').nth(1).unwrap_or_default();
        assert!(!named.is_empty(), "no test for: {difference}");
        assert!(there.iter().any(|there| names(named, there)), "no test {named}");
    }
}

/// The names in docs/llms.txt exist: each that is called with parentheses is a function of the
/// sources, and each that is imported is in the list of the public API.
#[test]
fn llms_txt_names_what_exists() {
    let page = fs::read_to_string(root().join("docs/llms.txt")).expect("it is text");
    let apis: String = entries(&root().join("tests/expected/public-api"))
        .into_iter()
        .map(|path| fs::read_to_string(path).expect("a snapshot is text"))
        .collect();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut checked = 0;
    let primitives = "Lock LockGuard Event Condition Semaphore BoundedSemaphore Barrier";
    for primitive in primitives.split(' ') {
        let called = format!("{primitive}::");
        for rest in page.split(&called).skip(1) {
            let function = rest.split(|letter| !is_word(letter)).next().unwrap_or_default();
            assert!(apis.contains(&format!("::{function}(")), "{primitive}::{function}");
            checked += 1;
        }
    }
    for variable in ["lock.", "event.", "condition.", "semaphore.", "barrier."] {
        // The right column of the mapping.
        let mapping = page.lines().filter(|line| line.starts_with("    "));
        let ours: Vec<&str> = mapping.filter_map(|line| line.get(44..)).collect();
        for rest in ours.iter().flat_map(|line| line.split(variable).skip(1)) {
            let function = rest.split(|letter| !is_word(letter)).next().unwrap_or_default();
            let exists =
                ["(", "<"].iter().any(|next| apis.contains(&format!("::{function}{next}")))
                    || function == "to_string";
            assert!(exists, "{variable}{function}");
            checked += 1;
        }
    }
    for import in between(&page, "use awaitlist::{", "}").flat_map(|names| names.split(", ")) {
        assert!(apis.contains(&format!("pub use awaitlist::{import}\n")), "{import}");
        checked += 1;
    }
    assert!(checked > 30, "only {checked} names");
}

/// Each change that the conformance model makes to CPython's classes has a row in the table of the
/// differences, and each row a change.
#[test]
fn guarantees_lists_each_change_of_the_model() {
    let model = include_str!("../asyncio/conformance/model.py");
    let changes = model.split_once("CHANGES = {").expect("the model lists its changes").1;
    let changes = changes.lines().take_while(|line| *line != "}");
    let changes: BTreeSet<&str> =
        changes.filter_map(|line| line.strip_prefix("    \"")?.strip_suffix("\":")).collect();
    let (_, differences) =
        GUARANTEES.split_once("\n## Differences from CPython\n").expect("the section is there");
    let rows = differences.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(changes, rows.collect());
    assert!(changes.len() > 5, "only {changes:?}");
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

/// Where the repository's files are on the web. Pages that are also read elsewhere link there.
const REPOSITORY: &str = "https://github.com/awaitlist/awaitlist/";

/// Every link from a page to a file of the repository, or to a heading, leads there; and every
/// reference link has a definition.
#[test]
fn links_lead_somewhere() {
    let root = root();
    let mut pages = pages_of_docs();
    for page in
        ["README.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md"]
    {
        pages.push(root.join(page));
    }
    pages.extend(crates().into_iter().map(|directory| directory.join("README.md")));

    let mut checked = 0;
    for path in pages {
        let page = fs::read_to_string(&path).expect("a page is text");
        let prose = prose(&page);
        let definitions: Vec<(&str, &str)> = definitions(&prose).collect();
        for name in between(&prose, "][", "]") {
            let is_defined = definitions.iter().any(|(defined, _)| *defined == name);
            assert!(is_defined, "{} does not define [{name}]", path.display());
        }
        let targets = definitions.iter().map(|(_, target)| *target);
        for target in between(&prose, "](", ")").chain(targets) {
            assert!(leads_somewhere(&path, target), "{} leads to no {target}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 400, "only {checked} links");
}

/// Whether the target of a link on the page at `path` exists. Pages of other sites are not checked.
fn leads_somewhere(path: &Path, target: &str) -> bool {
    let (file, heading) = match target.split_once('#') {
        Some((file, heading)) => (file, Some(heading)),
        None => (target, None),
    };
    let in_repository = file.strip_prefix(REPOSITORY).and_then(|file| {
        file.strip_prefix("blob/main/").or_else(|| file.strip_prefix("tree/main/"))
    });
    let file = match (in_repository, file) {
        (Some(file), _) => root().join(file),
        (None, "") => path.to_owned(),
        (None, file) if file.contains(':') => return true,
        (None, file) => path.parent().expect("a page is in a directory").join(file),
    };
    match heading {
        None => file.exists(),
        Some(heading) => fs::read_to_string(file)
            .is_ok_and(|page| headings(&page).any(|existing| existing == heading)),
    }
}

/// The reference definitions of a page: `[name]: target`.
fn definitions(prose: &str) -> impl Iterator<Item = (&str, &str)> {
    prose.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
}

/// The pieces of a text that begin behind `start` and end before the next `end`.
fn between<'a>(text: &'a str, start: &str, end: &str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0))
}

/// `docs/SUMMARY.md` lists every page, so that the book has it.
#[test]
fn the_book_has_every_page() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("the book has a summary");
    let listed: BTreeSet<PathBuf> =
        between(&summary, "](", ")").map(|page| docs.join(page)).collect();
    for page in pages_of_docs() {
        let is_listed = page.ends_with("SUMMARY.md") || listed.contains(&page);
        assert!(is_listed, "docs/SUMMARY.md does not list {}", page.display());
    }
}

/// A published package contains only what is in its directory.
#[test]
fn each_crate_has_the_licences() {
    for directory in crates() {
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let expected = fs::read_to_string(root().join(licence)).expect("the root has it");
            let copy = directory.join(licence);
            let text = fs::read_to_string(&copy).unwrap_or_default();
            assert!(text == expected, "{} differs from {licence}", copy.display());
        }
    }
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are in the repository").to_owned()
}

fn crates() -> Vec<PathBuf> {
    let crates = entries(&root().join("crates"));
    let is_crate = |path: &PathBuf| path.join("Cargo.toml").exists();
    crates.into_iter().filter(is_crate).collect()
}

/// The Markdown files of docs/ and of its directories.
fn pages_of_docs() -> Vec<PathBuf> {
    let (mut pages, mut left) = (Vec::new(), vec![root().join("docs")]);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(entries(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the directory exists");
    entries.map(|entry| entry.expect("it can be listed").path()).collect()
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
