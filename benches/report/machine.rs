//! On what, when and of what versions.

use std::{env::consts, fs, thread};

use benches::peers::Peer;

/// The compiler that built this program.
pub(crate) const RUSTC: &str = env!("RUSTC_VERSION");

const LOCK_FILE: &str = include_str!("../../Cargo.lock");

/// The processor, and what runs on it.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let plural = if cores == 1 { "" } else { "s" };
    format!(
        "{}, {cores} core{plural}, {} {}",
        processor().unwrap_or_else(|| "an unknown processor".to_owned()),
        consts::OS,
        consts::ARCH
    )
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.trim().to_owned())
}

/// How many threads wanted to run in the last minute.
pub(crate) fn load() -> Option<f64> {
    let averages = fs::read_to_string("/proc/loadavg").ok()?;
    averages.split(' ').next()?.parse().ok()
}

/// The day.
pub(crate) fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// The version of a peer that was built in.
pub(crate) fn version(peer: Peer) -> &'static str {
    let mut lines = LOCK_FILE.lines();
    let name = format!("name = \"{}\"", peer.package());
    lines
        .find(|line| *line == name)
        .and_then(|_| lines.next())
        .and_then(|line| line.strip_prefix("version = \""))
        .and_then(|line| line.strip_suffix('"'))
        .expect("every peer is in the lock file")
}
