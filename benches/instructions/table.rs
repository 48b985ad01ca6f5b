//! The table of what the paths cost: a line of TOML each.

use std::{fmt::Write, fs, path::Path};

/// The paths' names, and their instructions.
pub(crate) type Counts = Vec<(String, f64)>;

const HEAD: &str = "\
# What the paths cost that must not grow, in instructions.
# Written by: cargo run --release -p benches --bin instructions -- --write
";

/// How far a path may grow unnoticed: instructions, or a part of what it costs, whichever is more.
const TOLERANCE: (f64, f64) = (1.0, 0.02);

/// How a path compares with the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// It is as it was.
    None,
    /// It has become cheaper: the table is to be written again, for else it could grow unnoticed.
    Less,
    /// It has grown.
    More,
}

impl Growth {
    /// Compares what a path cost with what it costs.
    pub(crate) fn of(before: f64, now: f64) -> Self {
        let tolerance = TOLERANCE.0.max(before * TOLERANCE.1);
        if now > before + tolerance {
            Self::More
        } else if now < before - tolerance {
            Self::Less
        } else {
            Self::None
        }
    }
}

/// Reads the table.
pub(crate) fn read(path: &Path) -> Result<Counts, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
        .map(|line| {
            let (name, count) = line.split_once(" = ")?;
            Some((name.to_owned(), count.parse().ok()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| format!("{} has a line that is none of ours", path.display()))
}

/// Writes the table.
pub(crate) fn write(path: &Path, counts: &Counts) -> Result<(), String> {
    let mut text = format!("{HEAD}# Built by: {}\n\n", env!("RUSTC_VERSION"));
    for (name, count) in counts {
        writeln!(text, "{name} = {count:.1}").expect("a string takes all");
    }
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
