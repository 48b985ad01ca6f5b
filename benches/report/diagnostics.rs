//! What the diagnostics cost: our rows, built without them and with them.
//!
//! One program has one of the two builds, so this one builds the other, and has both measure our
//! own rows alone, one after the other and several times.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Command,
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

/// Measures them.
pub(crate) fn measure(args: &Args) -> Result<Vec<Cost>, String> {
    eprintln!("the diagnostics …");
    let without = env::current_exe().map_err(|error| error.to_string())?;
    let with = build()?;
    let rounds = if args.quick { 1 } else { 5 };
    let modes =
        [(&without, None), (&with, None), (&with, Some("lock-order")), (&with, Some("profile"))];
    let mut figures = [const { BTreeMap::new() }; 4];
    for _ in 0..rounds {
        for ((program, start), figures) in modes.into_iter().zip(&mut figures) {
            for (row, ns) in run(program, start)? {
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

/// Builds this program with the diagnostics on, and returns where it is.
fn build() -> Result<PathBuf, String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/diagnostics");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--bin", "report", "--features", "diagnostics"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .status()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    if !status.success() {
        return Err("the build with the diagnostics failed".to_owned());
    }
    Ok(target.join("release/report"))
}

/// Has `program` measure our own rows, each with its first size, after it has started a part of the
/// diagnostics.
fn run(program: &Path, start: Option<&str>) -> Result<BTreeMap<String, f64>, String> {
    let rows = ROWS.iter().flat_map(|(row, _)| ["--only", row]);
    let output = Command::new(program)
        .args(["--quick", "--own"])
        .args(rows)
        .args(start.map(|part| ["--start", part]).into_iter().flatten())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed", program.display()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
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
