//! The rows of one thread on CPython's asyncio, by a script.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::harness::Row;

const SCRIPT: &str = include_str!("asyncio_rows.py");

/// Where to look for a Python.
const NAMES: [&str; 2] = ["python3.13", "python3"];

/// How much work it does.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// For how long each row and size is repeated.
    pub seconds: f64,
    /// The most waiters.
    pub waiters: usize,
}

/// The time that asyncio needed.
#[derive(Debug)]
pub struct Asyncio {
    /// CPython's version.
    pub version: String,
    /// The row's id, the size, and nanoseconds a unit.
    pub figures: Vec<(String, usize, f64)>,
}

/// Runs the script for these rows, by this Python or by one that is found.
///
/// # Errors
///
/// Returns an error if there is none, or it fails.
pub fn run(python: Option<&Path>, rows: &[Row], effort: Effort) -> Result<Asyncio, String> {
    let python = match python {
        Some(python) => python.to_owned(),
        None => find().ok_or("no Python was found: name one by --python")?,
    };
    let wanted: Vec<&str> = rows.iter().map(|row| row.id).collect();
    let output = feed(
        Command::new(&python)
            .arg("-")
            .arg(effort.seconds.to_string())
            .arg(effort.waiters.to_string())
            .arg(wanted.join(",")),
    )
    .map_err(|error| format!("{}: {error}", python.display()))?;
    parse(&output).ok_or_else(|| format!("{} printed something else:\n{output}", python.display()))
}

fn find() -> Option<PathBuf> {
    NAMES.into_iter().map(PathBuf::from).find(|python| {
        Command::new(python)
            .args(["-c", "from asyncio import Barrier"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

/// Gives the script to `python`, and returns what it prints.
fn feed(python: &mut Command) -> Result<String, String> {
    let mut child = python
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(SCRIPT.as_bytes()).map_err(|error| error.to_string())?;
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("the script failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

fn parse(output: &str) -> Option<Asyncio> {
    let mut lines = output.lines();
    let version = lines.next()?.strip_prefix("python ")?.to_owned();
    let figures = lines
        .map(|line| {
            let mut words = line.split(' ');
            let row = words.next()?.to_owned();
            Some((row, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect::<Option<_>>()?;
    Some(Asyncio { version, figures })
}
