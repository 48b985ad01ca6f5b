//! What the diagnostics cost: our rows, built without them and with them.
//!
//! One program has one of the builds, so this one builds the others, and has each measure our own
//! rows alone, one after the other and several times. And the memory of locks, and what the lock
//! order and the profile cost.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use benches::{
    memory::{self, USED},
    opt_in,
    targets::Verdict,
};

use crate::args::Args;

/// The rows, and how many times as much each may cost.
const ROWS: &[(&str, f64)] = &[
    ("lock/uncontended", 4.0),
    ("semaphore/uncontended", 4.0),
    ("semaphore/many", 4.0),
    ("event/when-set", 4.0),
    ("condition/nobody", 4.0),
    ("lock/contended-1", 2.5),
    ("lock/contended-2", 2.5),
    ("semaphore/contended-1", 2.5),
    ("semaphore/contended-2", 2.5),
    ("semaphore/pool-1", 2.5),
    ("semaphore/pool-2", 2.5),
    ("lock/blocking", 2.5),
    ("lock/convoy-tasks", 3.0),
    ("lock/short-lived", 4.0),
];

/// What one row costs, in nanoseconds a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// The row.
    pub(crate) row: &'static str,
    /// Without the diagnostics.
    pub(crate) without: f64,
    /// With them.
    pub(crate) with: f64,
    /// With them, and the lock order started.
    pub(crate) with_lock_order: f64,
    /// With them, and the profile started.
    pub(crate) with_profile: f64,
    /// How many times as much it may be.
    pub(crate) limit: f64,
}

impl Cost {
    /// How many times as much it is.
    pub(crate) fn ratio(self) -> f64 {
        self.with / self.without
    }
}

/// How many bytes more a lock may have that was used.
const MORE_BYTES: f64 = 160.0;

/// What the lock order and the profile cost in one row: nanoseconds in each of the
/// [modes](opt_in::NAMES).
#[derive(Clone, Debug)]
pub(crate) struct OptInCost {
    pub(crate) row: String,
    pub(crate) modes: [f64; 4],
}

/// What a lock weighs after something was done with it.
#[derive(Clone, Debug)]
pub(crate) struct LockBytes {
    pub(crate) after: String,
    pub(crate) without: f64,
    pub(crate) with: f64,
    pub(crate) with_tracing: f64,
}

/// All that the diagnostics cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Costs {
    pub(crate) rows: Vec<Cost>,
    pub(crate) opt_in: Vec<OptInCost>,
    pub(crate) lock_bytes: Vec<LockBytes>,
}

impl Costs {
    /// What the targets say of them.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let rows = self.rows.iter().map(|cost| Verdict {
            what: format!("{}{SUFFIX}", cost.row),
            against: "without".to_owned(),
            figure: cost.ratio(),
            limit: cost.limit,
            bound: None,
        });
        let used = self.lock_bytes.iter().filter(|bytes| bytes.after == USED);
        let bytes = used.map(|bytes| Verdict {
            what: format!("bytes more of a used lock{SUFFIX}"),
            against: "at most".to_owned(),
            figure: bytes.with - bytes.without,
            limit: MORE_BYTES,
            bound: None,
        });
        rows.chain(bytes).collect()
    }
}

/// How the names of their targets end.
pub(crate) const SUFFIX: &str = " with the diagnostics";

/// Measures them.
pub(crate) fn measure(args: &Args) -> Result<Costs, String> {
    eprintln!("the diagnostics …");
    let without = env::current_exe().map_err(|error| error.to_string())?;
    let with_tracing = build("tracing")?;
    let with = build("diagnostics")?;
    Ok(Costs {
        rows: rows(args, &without, &with)?,
        opt_in: opt_in(args, &with)?,
        lock_bytes: lock_bytes([&without, &with, &with_tracing])?,
    })
}

fn rows(args: &Args, without: &Path, with: &Path) -> Result<Vec<Cost>, String> {
    let rounds = if args.quick { 1 } else { 5 };
    let modes =
        [(without, None), (with, None), (with, Some("lock-order")), (with, Some("profile"))];
    let mut figures = [const { BTreeMap::new() }; 4];
    for _ in 0..rounds {
        for ((program, start), figures) in modes.into_iter().zip(&mut figures) {
            for (row, ns) in run_rows(program, start)? {
                figures.entry(row).or_insert_with(Vec::new).push(ns);
            }
        }
    }
    let median = |of: usize, row: &str| -> Result<f64, String> {
        let mut all = figures[of].get(row).cloned().unwrap_or_default();
        all.sort_by(f64::total_cmp);
        let median = all.get(all.len() / 2).copied();
        median.ok_or_else(|| format!("{row} was not measured"))
    };
    ROWS.iter()
        .map(|&(row, limit)| {
            Ok(Cost {
                row,
                without: median(0, row)?,
                with: median(1, row)?,
                with_lock_order: median(2, row)?,
                with_profile: median(3, row)?,
                limit,
            })
        })
        .collect()
}

/// Has the build with the diagnostics measure the lock order and the profile.
fn opt_in(args: &Args, with: &Path) -> Result<Vec<OptInCost>, String> {
    let mut arguments = vec!["--print", "opt-in"];
    arguments.extend(args.quick.then_some("--quick"));
    let text = run(with, &arguments)?;
    let cost = |line: &str| {
        let mut words = line.split('\t');
        let row = words.next()?.to_owned();
        let modes: Vec<f64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(OptInCost { row, modes: modes.try_into().ok()? })
    };
    text.lines().map(|line| cost(line).ok_or_else(|| format!("no figures: {line}"))).collect()
}

/// Has each build weigh locks.
fn lock_bytes(builds: [&Path; 3]) -> Result<Vec<LockBytes>, String> {
    let weigh = |build: &Path| -> Result<Vec<(String, f64)>, String> {
        let text = run(build, &["--print", "lock-bytes"])?;
        let line = |line: &str| {
            let (after, bytes) = line.split_once('\t')?;
            Some((after.to_owned(), bytes.parse().ok()?))
        };
        text.lines().map(|text| line(text).ok_or_else(|| format!("no bytes: {text}"))).collect()
    };
    let [without, with, with_tracing] = builds.map(weigh);
    let all = without?.into_iter().zip(with?).zip(with_tracing?);
    Ok(all
        .map(|(((after, without), (_, with)), (_, with_tracing))| LockBytes {
            after,
            without,
            with,
            with_tracing,
        })
        .collect())
}

/// Prints what a build with the diagnostics is asked for.
pub(crate) fn print_opt_in(args: &Args) {
    let (rounds, times) = args.opt_in();
    for (row, modes) in opt_in::measure(rounds, times) {
        println!("{row}\t{}", modes.map(|ns| ns.to_string()).join("\t"));
    }
}

/// The same, of the memory of locks.
pub(crate) fn print_lock_bytes() {
    for (after, bytes) in memory::locks() {
        println!("{after}\t{bytes}");
    }
}

/// Builds this program with a feature of this package, and returns where it is.
fn build(feature: &str) -> Result<PathBuf, String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/diagnostics");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--bin", "report", "--features", feature])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .status()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if !status.success() {
        return Err(format!("the build with the feature {feature} failed"));
    }
    // The next build replaces what cargo made.
    let kept = target.join(format!("report-{feature}"));
    fs::copy(target.join("release/report"), &kept).map_err(|error| error.to_string())?;
    Ok(kept)
}

/// Runs a build, and returns what it prints.
fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed", program.display()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Has `program` measure our own rows, each with its first size, after it has started a part of the
/// diagnostics.
fn run_rows(program: &Path, start: Option<&str>) -> Result<BTreeMap<String, f64>, String> {
    let mut arguments = vec!["--quick", "--own"];
    arguments.extend(ROWS.iter().flat_map(|(row, _)| ["--only", row]));
    arguments.extend(start.map(|part| ["--start", part]).into_iter().flatten());
    let text = run(program, &arguments)?;
    let figure = |line: &str| {
        let mut words = line.split(' ');
        let (row, _size, ns) = (words.next()?, words.next()?, words.next()?);
        Some((row.to_owned(), ns.parse().ok()?))
    };
    let mut figures = BTreeMap::new();
    for line in text.lines() {
        let (row, ns) = figure(line).ok_or_else(|| format!("not a figure: {line}"))?;
        figures.entry(row).or_insert(ns);
    }
    Ok(figures)
}
