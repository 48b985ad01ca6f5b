//! Runs the proofs, and writes docs/lab/verification.md from what it saw.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf, time::Instant};

use crate::{Failure, Outcome, Subcommand, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "verify",
    arguments: "[--quick] [--again] [--page] [PROOF...]",
    about: "Run the proofs, and write docs/lab/verification.md from what they showed",
    details: "\
Without PROOF, runs all of them, which takes hours; with --quick, each at a small size. A proof that
passed at this size since the sources of the core and the primitives last changed is not run again,
so a run that was stopped resumes; --again runs it anyway. What each run printed is in
verify/PROOF.log below the target directory. --page only writes the page, from
docs/lab/verification.tsv.

    cargo xtask verify --quick weaken shuttle     two of them, at their small size",
    run,
};

/// What the proofs are about.
const SOURCES: [&str; 7] = [
    "crates/core/src",
    "crates/lock/src",
    "crates/event/src",
    "crates/condition/src",
    "crates/semaphore/src",
    "crates/bounded-semaphore/src",
    "crates/barrier/src",
];

const RECORDS: &str = "docs/lab/verification.tsv";
const PAGE: &str = "docs/lab/verification.md";

struct Proof {
    name: &'static str,
    question: &'static str,
    /// Commands. Words with `=` in front of the program are its environment.
    full: &'static str,
    quick: &'static str,
    figure: Figure,
}

/// What a proof has to show for itself.
enum Figure {
    /// The number of tests that passed.
    Tests,
    /// The last line that contains one of these texts.
    Line(&'static [&'static str]),
    /// The lines that contain a text.
    Lines(&'static str),
    /// The number of lines that start with a text, and what they are.
    Count(&'static str, &'static str),
    /// Only that the command succeeded.
    Passed,
}

const SUITE: &str = "cargo test -p awaitlist-tests --test suite";
const SHUTTLE: &str = "RUSTFLAGS=--cfg=awaitlist_shuttle SHUTTLE_SEED=2 SHUTTLE_SCHEDULES=2000000 cargo test --release \
     -p awaitlist-tests --test shuttle --target-dir target/shuttle";
const SHUTTLE_QUICK: &str = "RUSTFLAGS=--cfg=awaitlist_shuttle cargo test --release -p awaitlist-tests --test shuttle \
     --target-dir target/shuttle";
const LOOM: &str = "RUSTFLAGS=--cfg=awaitlist_loom cargo test --release -p awaitlist-tests --test loom --target-dir target/loom";
const LOOM_QUICK: &str = "RUSTFLAGS=--cfg=awaitlist_loom cargo test --release -p awaitlist-tests --test loom \
     --target-dir target/loom -- hidden_word";
const LIMITS: &str = "RUSTFLAGS=--cfg=awaitlist_limits cargo test -p awaitlist-tests --test suite --target-dir target/limits \
     -- --skip ported_examples";
const SECTION: &str = "RUSTFLAGS=--cfg=awaitlist_critical_section cargo test -p awaitlist-tests --features critical-section \
     --test suite --target-dir target/critical_section -- --skip ported_examples";
const SECTION_QUICK: &str = "RUSTFLAGS=--cfg=awaitlist_critical_section cargo test -p awaitlist-tests \
     --features critical-section --test suite --target-dir target/critical_section -- quick_";
const SOAK: &str = "cargo run --release -p awaitlist-tests --bin soak -- --minutes 30";
const PREEMPT: &str = "RUSTFLAGS=--cfg=awaitlist_preempt cargo run --release -p awaitlist-tests --bin soak \
     --target-dir target/preempt -- --minutes 10";
const PREEMPT_QUICK: &str = "RUSTFLAGS=--cfg=awaitlist_preempt cargo run --release -p awaitlist-tests --bin soak \
     --target-dir target/preempt -- --minutes 0.2";
const ASAN: &str = "RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 cargo +nightly test -p awaitlist-tests \
     --test suite --target x86_64-unknown-linux-gnu --target-dir target/asan -- --skip ported_examples";
const ASAN_QUICK: &str = "RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 cargo +nightly test -p awaitlist-tests \
     --test suite --target x86_64-unknown-linux-gnu --target-dir target/asan -- wakers";
const CHAOS: &str = "RUSTFLAGS=-Zsanitizer=address cargo +nightly run --release -p awaitlist-tests --bin chaos \
     --target x86_64-unknown-linux-gnu --target-dir target/asan -- --operations 100000000";
const CHAOS_QUICK: &str = "RUSTFLAGS=-Zsanitizer=address cargo +nightly run --release -p awaitlist-tests --bin chaos \
     --target x86_64-unknown-linux-gnu --target-dir target/asan -- --operations 1000000";
/// In parts, so that a run that was stopped resumes after the last of them, and two can run at
/// once.
macro_rules! fuzz {
    ($seed:literal, $runs:literal) => {
        concat!(
            "cargo xtask tool cargo-fuzz@0.13.1 cargo +nightly fuzz run programs --no-trace-compares \
             --target-dir target/fuzz -- -max_len=68 -entropic=0 -seed=",
            $seed,
            " -runs=",
            $runs
        )
    };
}
const FUZZ_QUICK: &str = fuzz!("1", "20000");

const fn proof(
    name: &'static str,
    question: &'static str,
    full: &'static str,
    quick: &'static str,
    figure: Figure,
) -> Proof {
    Proof { name, question, full, quick, figure }
}

const fn fuzzing(name: &'static str, question: &'static str, full: &'static str) -> Proof {
    proof(name, question, full, FUZZ_QUICK, Figure::Line(&["Done "]))
}

const fn mutants(
    name: &'static str,
    question: &'static str,
    full: &'static str,
    quick: &'static str,
) -> Proof {
    proof(name, question, full, quick, Figure::Line(&["mutants tested"]))
}

const PROOFS: &[Proof] = &[
    proof("suite", "Does everything behave as documented?", SUITE, SUITE, Figure::Tests),
    proof(
        "oracle",
        "Does it behave as CPython on new programs?",
        "cargo xtask oracle --count 100000",
        "cargo xtask oracle --count 500",
        Figure::Lines("CPython "),
    ),
    proof(
        "oracle-3.14",
        "… with CPython 3.14?",
        "cargo xtask oracle --python pyodide@314.0.7 --count 100000",
        "cargo xtask oracle --python pyodide@314.0.7 --count 500",
        Figure::Lines("CPython "),
    ),
    proof(
        "oracle-3.15",
        "… with CPython 3.15?",
        "cargo xtask oracle --python pyodide@315.0.0-alpha.2 --count 100000",
        "cargo xtask oracle --python pyodide@315.0.0-alpha.2 --count 500",
        Figure::Lines("CPython "),
    ),
    proof(
        "changes",
        "Is each difference from CPython in the list, and needed?",
        "cargo xtask oracle changes --count 100000",
        "cargo xtask oracle changes --count 20000 --seed 2000000",
        Figure::Lines(" differ"),
    ),
    proof(
        "beyond",
        "Does what asyncio lacks behave as its model?",
        "cargo xtask oracle beyond --count 1000000",
        "cargo xtask oracle beyond --count 20000",
        Figure::Line(&["beyond asyncio"]),
    ),
    proof("models", "Does any interleaving lose something?", LOOM, LOOM_QUICK, Figure::Tests),
    proof(
        "weaken",
        "Would the models detect a weaker ordering?",
        "cargo xtask weaken",
        "cargo xtask weaken --list",
        Figure::Line(&["orderings"]),
    ),
    proof("shuttle", "Do random schedules of many threads?", SHUTTLE, SHUTTLE_QUICK, Figure::Tests),
    proof("limits", "Do counts and generations at their limits?", LIMITS, LIMITS, Figure::Tests),
    proof(
        "section",
        "Does a critical section across threads?",
        SECTION,
        SECTION_QUICK,
        Figure::Tests,
    ),
    proof("asan", "Is memory used after it was freed?", ASAN, ASAN_QUICK, Figure::Tests),
    proof(
        "tsan",
        "Is there a data race?",
        "cargo xtask tsan",
        "cargo xtask tsan quick_soak::locks",
        Figure::Tests,
    ),
    proof(
        "tsan-section",
        "… with a critical section across threads?",
        "cargo xtask tsan --critical-section",
        "cargo xtask tsan --critical-section quick_soak::locks",
        Figure::Tests,
    ),
    proof(
        "leaks",
        "Is memory leaked?",
        "cargo xtask leaks",
        "cargo xtask leaks",
        Figure::Line(&["definitely lost", "no leaks are possible"]),
    ),
    proof(
        "chaos",
        "Does user code that calls back and panics lose anything?",
        CHAOS,
        CHAOS_QUICK,
        Figure::Line(&[" found"]),
    ),
    proof(
        "soak",
        "Does it hold under long load?",
        SOAK,
        "cargo run --release -p awaitlist-tests --bin soak -- --minutes 0.2",
        Figure::Line(&[" found"]),
    ),
    proof(
        "preempt",
        "With holders of the queue's lock that are preempted?",
        PREEMPT,
        PREEMPT_QUICK,
        Figure::Line(&[" found"]),
    ),
    fuzzing("fuzz-1", "Does a random program break something?", fuzz!("1", "5000000")),
    fuzzing("fuzz-2", "… another five million?", fuzz!("2", "5000000")),
    fuzzing("fuzz-3", "… and another?", fuzz!("3", "5000000")),
    fuzzing("fuzz-4", "… and the last five of twenty?", fuzz!("4", "5000000")),
    mutants(
        "mutants-core",
        "Would the tests notice a changed line of the core?",
        "cargo xtask mutants -p awaitlist-core",
        "cargo xtask mutants -p awaitlist-core -f crates/core/src/handle.rs -f crates/core/src/guard.rs",
    ),
    mutants(
        "mutants-lock",
        "… of the lock or the event?",
        "cargo xtask mutants -p awaitlist-lock -p awaitlist-event",
        "cargo xtask mutants -p awaitlist-event -f crates/event/src/wait.rs",
    ),
    mutants(
        "mutants-semaphore",
        "… of the semaphores?",
        "cargo xtask mutants -p awaitlist-semaphore -p awaitlist-bounded-semaphore",
        "cargo xtask mutants -p awaitlist-semaphore -f crates/semaphore/src/acquire.rs",
    ),
    mutants(
        "mutants-condition",
        "… of the condition or the barrier?",
        "cargo xtask mutants -p awaitlist-condition -p awaitlist-barrier",
        "cargo xtask mutants -p awaitlist-barrier -f crates/barrier/src/wait.rs",
    ),
    proof(
        "targets",
        "Does it work on chips?",
        "cargo xtask targets",
        "cargo xtask targets thumbv7em-none-eabi",
        Figure::Count("-- ", "steps"),
    ),
    proof(
        "msrv",
        "With the oldest rustc?",
        "cargo xtask msrv",
        "cargo xtask msrv 1.85.1 cargo test -p awaitlist-tests --test suite",
        Figure::Tests,
    ),
    proof(
        "oldest-dependencies",
        "With the oldest dependencies?",
        "cargo xtask minimal-versions",
        "cargo xtask minimal-versions",
        Figure::Passed,
    ),
    proof(
        "newest-dependencies",
        "With the newest parking_lot?",
        "cargo xtask newer-parking-lot",
        "cargo xtask newer-parking-lot",
        Figure::Tests,
    ),
];

/// What a run of a proof showed.
struct Record {
    /// `full` or `quick`.
    size: String,
    date: String,
    /// What was checked out.
    commit: String,
    /// The last commit that changed the sources.
    sources: String,
    seconds: String,
    figure: String,
    /// `passed` or `FAILED`.
    outcome: String,
    command: String,
}

impl Record {
    fn parse(line: &str) -> Option<(String, Self)> {
        let fields: [&str; 9] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let [name, size, date, commit, sources, seconds, figure, outcome, command] =
            fields.map(str::to_owned);
        Some((name, Self { size, date, commit, sources, seconds, figure, outcome, command }))
    }

    fn line(&self, name: &str) -> String {
        let Self { size, date, commit, sources, seconds, figure, outcome, command } = self;
        format!(
            "{name}\t{size}\t{date}\t{commit}\t{sources}\t{seconds}\t{figure}\t{outcome}\t{command}\n"
        )
    }

    fn passed(&self) -> bool {
        self.outcome == "passed"
    }
}

fn run(arguments: &[String]) -> Outcome {
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let names: Vec<&String> = arguments.iter().filter(|name| !name.starts_with("--")).collect();
    let unknown = |name: &&&String| !PROOFS.iter().any(|proof| proof.name == **name);
    if let Some(unknown) = names.iter().find(unknown) {
        return Err(format!("no proof is called `{unknown}`"));
    }
    let mut records = records()?;
    let mut failures = Vec::new();
    let chosen = |proof: &&Proof| names.is_empty() || names.iter().any(|name| *name == proof.name);
    for proof in PROOFS.iter().filter(chosen).filter(|_| !flag("--page")) {
        let size = if flag("--quick") { "quick" } else { "full" };
        let sources = state_of(&SOURCES)?;
        let is_large_enough = |known: &Record| known.size == size || known.size == "full";
        let is_known =
            |known: &Record| is_large_enough(known) && known.sources == sources && known.passed();
        if !flag("--again") && records.get(proof.name).is_some_and(is_known) {
            println!("\n== {}: passed on the sources of {sources}", proof.name);
            continue;
        }
        let record = proof.run(size, sources)?;
        if !record.passed() {
            failures.push(proof.name);
        }
        // Another run may have saved something meanwhile.
        records = self::records()?;
        records.insert(proof.name.to_owned(), record);
        save(&records)?;
    }
    write_page(&records)?;
    if failures.is_empty() { Ok(()) } else { Err(format!("failed: {}", failures.join(", "))) }
}

impl Proof {
    fn run(&self, size: &str, sources: String) -> Result<Record, Failure> {
        let commit = state_of(&[".", ":!docs/lab"])?;
        let shown = if size == "quick" { self.quick } else { self.full };
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        println!("\n== {}: {shown}", self.name);
        let start = Instant::now();
        let (code, written) = command(&shown).capture()?;
        let seconds = format!("{:.0}", start.elapsed().as_secs_f64());
        let log = project::absolute_target_for("verify");
        fs::create_dir_all(&log).map_err(text)?;
        let log = log.join(format!("{}.log", self.name));
        fs::write(&log, &written).map_err(text)?;
        // A run that has no figure to show was none: of a filter that no test matches, for example.
        let figure = self.figure.of(&written);
        let passed = code == Some(0) && figure.is_some();
        let outcome = if passed { "passed" } else { "FAILED" };
        let figure = figure.unwrap_or_default();
        println!("-- {outcome}, {seconds} s: {figure} ({})", log.display());
        let date = Run::new("date -u +%F").output()?.trim().to_owned();
        Ok(Record {
            size: size.to_owned(),
            date,
            commit,
            sources,
            seconds,
            figure,
            outcome: outcome.to_owned(),
            command: shown,
        })
    }
}

/// `target/` is the target directory, wherever that is.
fn command(shown: &str) -> Run {
    let target = |word: &str| match word.strip_prefix("target/") {
        Some(rest) => project::target_for(rest).display().to_string(),
        None => word.to_owned(),
    };
    let mut words = shown.split(' ').peekable();
    let mut environment = Vec::new();
    while let Some(variable) = words.peek().and_then(|word| word.split_once('=')) {
        environment.push(variable);
        words.next();
    }
    let run = Run::new(words.next().expect("a command has a program"));
    let run = environment.into_iter().fold(run, |run, (name, value)| run.env(name, value));
    run.args(words.map(target))
}

impl Figure {
    /// The figure in what a run has written, if there is one.
    fn of(&self, written: &str) -> Option<String> {
        match self {
            Self::Tests => {
                let passed = written.lines().filter_map(|line| {
                    let rest = line.strip_prefix("test result: ok. ")?;
                    rest.split(' ').next()?.parse::<usize>().ok()
                });
                let passed = passed.sum::<usize>();
                (passed > 0).then(|| format!("{passed} tests"))
            }
            Self::Line(texts) => {
                let has = |line: &&str| texts.iter().any(|text| line.contains(text));
                let line = written.lines().rfind(has)?;
                Some(line.replace('\t', " ").trim().to_owned())
            }
            Self::Lines(text) => {
                let lines = written.lines().filter(|line| line.contains(text)).map(str::trim);
                let lines = lines.collect::<Vec<_>>().join("; ").replace('\t', " ");
                (!lines.is_empty()).then_some(lines)
            }
            Self::Count(start, what) => {
                let lines = written.lines().filter(|line| line.starts_with(start)).count();
                (lines > 0).then(|| format!("{lines} {what}"))
            }
            Self::Passed => Some(String::new()),
        }
    }
}

/// The last commit that changed one of these paths, and whether they differ from it.
fn state_of(paths: &[&str]) -> Result<String, Failure> {
    let commit = Run::new("git log -1 --format=%h --abbrev=7 --").args(paths).output()?;
    let changed = Run::new("git status --porcelain --").args(paths).output()?;
    let changed = if changed.is_empty() { "" } else { " and changes" };
    Ok(format!("{}{changed}", commit.trim()))
}

fn records() -> Result<BTreeMap<String, Record>, Failure> {
    let path = path(RECORDS);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let records = fs::read_to_string(path).map_err(text)?;
    let record =
        |line| Record::parse(line).ok_or_else(|| format!("{RECORDS}: not a record: {line}"));
    records.lines().map(record).collect()
}

fn save(records: &BTreeMap<String, Record>) -> Outcome {
    let lines = records.iter().map(|(name, record)| record.line(name));
    fs::create_dir_all(path("docs/lab")).map_err(text)?;
    fs::write(path(RECORDS), lines.collect::<String>()).map_err(text)
}

fn write_page(records: &BTreeMap<String, Record>) -> Outcome {
    let sources = state_of(&SOURCES)?;
    let is_whole = |proof: &&Proof| {
        let record = records.get(proof.name);
        record.is_some_and(|it| it.size == "full" && it.sources == sources && it.passed())
    };
    let whole = PROOFS.iter().filter(is_whole).count();
    let mut page = format!(
        "# What the proofs showed

**{whole} of {}** proofs have passed at their full size since the sources of the core and the
primitives last changed, in commit {sources}.

Written by `cargo xtask verify` from what it ran; no figure is typed by hand. A *quick* run shows
that a proof works, and no more than that. [Verification](../verification.md) says what the proofs
are worth, and what is argued by hand.
",
        PROOFS.len()
    );
    for proof in PROOFS {
        let _ = write!(page, "\n## {}\n\n", proof.question);
        let Some(record) = records.get(proof.name) else {
            let _ = writeln!(page, "`cargo xtask verify {}` was not run yet.", proof.name);
            continue;
        };
        let Record { size, date, commit, seconds, figure, outcome, command, .. } = record;
        let figure = if figure.is_empty() { String::new() } else { format!(": {figure}") };
        let older = if record.sources == sources {
            String::new()
        } else {
            format!(" (the sources of {})", record.sources)
        };
        let _ = write!(
            page,
            "```text\n{command}\n```\n\n**{outcome}**{figure}\n\n{size} size, {date}, commit {commit}{older}, \
             {seconds} s, `{}`\n",
            proof.name
        );
    }
    fs::write(path(PAGE), page).map_err(text)
}

fn path(file: &str) -> PathBuf {
    project::root().join(file)
}

fn text(error: std::io::Error) -> Failure {
    error.to_string()
}
