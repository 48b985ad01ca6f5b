//! The results as CSV: one figure a line, so that files of several machines can be joined.
//!
//! The columns are `section,row,n,contender,figure,value`. `cargo xtask performance` makes the page
//! of it; docs/lab/performance-figures.md says what the sections are.

use std::fmt::Display;

use benches::{
    harness::{Cell, Who},
    peers::Peer,
    targets::Verdict,
};

use crate::{
    diagnostics::{Costs, SUFFIX},
    machine,
    measure::Measured,
};

/// The name of the file for this machine.
pub(crate) fn file_name() -> String {
    let words = machine::describe();
    let words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("{}.csv", words.join("-").to_lowercase())
}

/// All that was measured.
pub(crate) fn csv(measured: &Measured) -> String {
    let mut csv = Csv("section,row,n,contender,figure,value\n".to_owned());
    about(&mut csv, measured);
    for row in &measured.rows {
        csv.figure("row", row.id, "", "title", row.title);
        csv.figure("row", row.id, "", "unit", row.unit);
    }
    for cell in &measured.cells {
        times(&mut csv, cell);
    }
    for (scenario, waits) in &measured.waits {
        csv.figure("row", scenario.id, "", "title", scenario.title);
        for (peer, waits) in waits {
            for (name, figure) in waits.figures() {
                csv.figure("wait", scenario.id, peer.name(), name, figure);
            }
        }
    }
    for (primitive, sizes) in &measured.sizes {
        for (peer, sizes) in sizes {
            csv.figure("size", primitive, peer.name(), "primitive", sizes.primitive);
            if let Some(guard) = sizes.guard {
                csv.figure("size", primitive, peer.name(), "guard", guard);
            }
            csv.figure("size", primitive, peer.name(), "wait", sizes.wait);
        }
    }
    for (primitive, memory) in &measured.memory {
        for (peer, memory) in memory {
            csv.figure("memory", primitive, peer.name(), "allocations", memory.allocations);
            csv.figure("memory", primitive, peer.name(), "bytes", memory.bytes);
        }
    }
    diagnostics(&mut csv, &measured.diagnostics);
    for verdict in &measured.verdicts {
        target(&mut csv, verdict);
    }
    csv.0
}

/// The figure that says when that was measured.
const DATE: &str = "date of the diagnostics";

/// The sections of what the diagnostics cost.
const OF_DIAGNOSTICS: [&str; 3] = ["diagnostics", "opt-in", "lock bytes"];

fn diagnostics(csv: &mut Csv, costs: &Costs) {
    let [rows, opt_in, lock_bytes] = OF_DIAGNOSTICS;
    if !costs.rows.is_empty() {
        csv.figure("about", "", "", DATE, machine::today());
    }
    for cost in &costs.rows {
        csv.figure(rows, cost.row, "", "without", cost.without);
        csv.figure(rows, cost.row, "", "with", cost.with);
        csv.figure(rows, cost.row, "", "with lock order", cost.with_lock_order);
        csv.figure(rows, cost.row, "", "with profile", cost.with_profile);
        csv.figure(rows, cost.row, "", "limit", cost.limit);
    }
    for cost in &costs.opt_in {
        for (mode, ns) in benches::opt_in::NAMES.into_iter().zip(cost.modes) {
            csv.figure(opt_in, &cost.row, "", mode, ns);
        }
    }
    for bytes in &costs.lock_bytes {
        csv.figure(lock_bytes, &bytes.after, "", "without", bytes.without);
        csv.figure(lock_bytes, &bytes.after, "", "with", bytes.with);
        csv.figure(lock_bytes, &bytes.after, "", "with tracing", bytes.with_tracing);
    }
}

/// The file `before`, with other costs of the diagnostics.
pub(crate) fn with_other_costs(before: &str, costs: &Costs) -> String {
    // None of these fields is in quotes.
    let is_theirs = |line: &&str| {
        let mut fields = line.split(',');
        let (section, row) = (fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        let is_target = section == "target" && row.ends_with(SUFFIX);
        let is_date = section == "about" && line.contains(DATE);
        OF_DIAGNOSTICS.contains(&section) || is_target || is_date
    };
    let is_target = |line: &&str| line.starts_with("target,");
    let (targets, others): (Vec<&str>, Vec<&str>) =
        before.lines().filter(|line| !is_theirs(line)).partition(is_target);
    let lines =
        |lines: Vec<&str>| lines.into_iter().flat_map(|line| [line, "\n"]).collect::<String>();
    let mut csv = Csv(lines(others));
    diagnostics(&mut csv, costs);
    csv.0 += &lines(targets);
    for verdict in costs.verdicts() {
        target(&mut csv, &verdict);
    }
    csv.0
}

fn about(csv: &mut Csv, measured: &Measured) {
    csv.figure("about", "", "", "date", machine::today());
    csv.figure("about", "", "", "machine", machine::describe());
    if let Some(load) = measured.load {
        csv.figure("about", "", "", "load before", load);
    }
    csv.figure("about", "", "", "compiler", machine::RUSTC);
    csv.figure("about", "", "", "effort", if measured.quick { "quick" } else { "full" });
    for peer in Peer::CRATES.into_iter().chain([Peer::ParkingLot]) {
        let version = format!("{} {}", peer.package(), machine::version(peer));
        csv.figure("about", "", peer.name(), "version", version);
    }
    if let Some(version) = &measured.python {
        csv.figure("about", "", Peer::Asyncio.name(), "version", format!("CPython {version}"));
    }
    for peer in Peer::CRATES.into_iter().chain(Peer::FOR_THREADS).chain([Peer::Asyncio]) {
        csv.figure("about", "", peer.name(), "fair", u8::from(peer.is_fifo()));
    }
}

fn times(csv: &mut Csv, cell: &Cell) {
    for score in &cell.scores {
        let contender = match score.who {
            Who::Peer(peer) => peer.name().to_owned(),
            Who::Floor(name) => format!("floor: {name}"),
            Who::Bound(name) => format!("bound: {name}"),
        };
        csv.line("time", cell.row, cell.waiters, &contender, "ns", score.ns);
        // What counts, where the floor does not.
        if let Some(counted) = cell.counted(score.who).filter(|counted| *counted != score.ns) {
            csv.line("time", cell.row, cell.waiters, &contender, "above floor", counted);
        }
    }
}

fn target(csv: &mut Csv, verdict: &Verdict) {
    let (what, against) = (&verdict.what, &verdict.against);
    csv.figure("target", what, against, "figure", verdict.figure);
    csv.figure("target", what, against, "limit", verdict.limit);
    if let Some((name, bound)) = verdict.forbidden_by() {
        csv.figure("target", what, against, &format!("bound: {name}"), bound);
    }
}

struct Csv(String);

impl Csv {
    fn figure(
        &mut self,
        section: &str,
        row: &str,
        contender: &str,
        figure: &str,
        value: impl Display,
    ) {
        self.line(section, row, "", contender, figure, value);
    }

    fn line(
        &mut self,
        section: &str,
        row: &str,
        n: impl Display,
        contender: &str,
        figure: &str,
        value: impl Display,
    ) {
        let n = n.to_string();
        let value = value.to_string();
        let fields = [section, row, &n, contender, figure, &value].map(field);
        self.0 += &fields.join(",");
        self.0 += "\n";
    }
}

/// A field, in quotes if it needs them.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
