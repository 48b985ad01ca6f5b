//! Counting by valgrind.

use std::{env, process::Command};

/// How often a path is gone in the shorter of two runs.
const TIMES: usize = 1_000;

/// Returns the instructions of one pass of a path, its loop included: those of a run, less those of
/// a run half as long.
///
/// # Errors
///
/// If valgrind is missing, or fails.
pub(crate) fn instructions(path: &str) -> Result<f64, String> {
    let (shorter, longer) = (run(path, TIMES)?, run(path, 2 * TIMES)?);
    Ok((longer - shorter) as f64 / TIMES as f64)
}

/// Runs this program under valgrind, and returns how many instructions it has executed.
fn run(path: &str, times: usize) -> Result<i64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["repeat", path, &times.to_string()])
        .output()
        .map_err(|error| {
            format!("instructions are counted by valgrind, which does not run: {error}")
        })?;
    let report = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind failed:\n{report}"));
    }
    report
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok())
        .ok_or_else(|| format!("valgrind did not say how many:\n{report}"))
}
