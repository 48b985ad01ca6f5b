//! The page. Its prose is in `page.md`; what is in braces there is put in here.

use benches::{
    harness::{Cell, Row, Who},
    peers::Peer,
    targets::Verdict,
};

use crate::{
    machine,
    measure::Measured,
    table::{digits, markdown, name, ratio, thousands},
};

const PAGE: &str = include_str!("page.md");

/// The primitives, by which a row's name begins.
const PRIMITIVES: [&str; 5] = ["lock", "semaphore", "event", "condition", "barrier"];

/// The whole page.
pub(crate) fn write(measured: &Measured) -> String {
    let met = measured.verdicts.iter().filter(|verdict| verdict.is_met());
    let forbidden = measured.verdicts.iter().filter_map(Verdict::forbidden_by);
    let mut page = PAGE
        .replace("{date}", &machine::today())
        .replace("{machine}", &machine::describe())
        .replace("{rustc}", machine::RUSTC)
        .replace("{load}", &load(measured))
        .replace("{effort}", if measured.quick { " -- --quick" } else { "" })
        .replace("{versions}", &versions(measured))
        .replace("{met}", &met.count().to_string())
        .replace("{forbidden}", &forbidden.count().to_string())
        .replace("{targets}", &measured.verdicts.len().to_string())
        .replace("{verdicts}", &verdicts(&measured.verdicts))
        .replace("{waits}", &waits(measured))
        .replace("{sizes}", &sizes(measured))
        .replace("{memory}", &memory(measured))
        .replace("{diagnostics}", &diagnostics(measured));
    for primitive in PRIMITIVES {
        let place = format!("{{{primitive}}}");
        page = page.replace(&place, &figures(measured, primitive));
    }
    page
}

/// The tables of the rows that were measured, and nothing else.
pub(crate) fn tables(measured: &Measured) -> String {
    PRIMITIVES
        .into_iter()
        .map(|primitive| figures(measured, primitive))
        .chain([waits(measured)])
        .filter(|table| !table.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn load(measured: &Measured) -> String {
    let load = measured.load.map(|load| format!("{load:.1}"));
    load.unwrap_or_else(|| "unknown".to_owned())
}

fn versions(measured: &Measured) -> String {
    let crates = Peer::CRATES
        .into_iter()
        .chain([Peer::ParkingLot])
        .map(|peer| format!("{} {}", peer.package(), machine::version(peer)));
    let python = measured.python.iter().map(|version| format!("CPython {version}"));
    crates.chain(python).collect::<Vec<_>>().join(", ")
}

fn verdicts(verdicts: &[Verdict]) -> String {
    let head = ["what", "against", "ours", "at most", ""];
    let mut rows = vec![head.map(String::from).to_vec()];
    rows.extend(verdicts.iter().map(|verdict| {
        vec![
            verdict.what.clone(),
            verdict.against.clone(),
            digits(verdict.figure),
            digits(verdict.limit),
            match verdict.forbidden_by() {
                Some((name, bound)) => {
                    format!("**missed**: the {name} alone is {}", digits(bound))
                }
                None if verdict.is_met() => "met".to_owned(),
                None => "**missed**".to_owned(),
            },
        ]
    }));
    markdown(&rows)
}

fn diagnostics(measured: &Measured) -> String {
    let head = ["", "without", "with", "ratio", "at most"];
    let mut rows = vec![head.map(String::from).to_vec()];
    rows.extend(measured.diagnostics.iter().map(|cost| {
        let figures = [cost.without, cost.with, cost.ratio(), cost.limit].map(digits);
        [cost.row.to_owned()].into_iter().chain(figures).collect()
    }));
    markdown(&rows)
}

/// The rows of one primitive: a line for each size, a column for each who takes part in one of them.
fn figures(measured: &Measured, primitive: &str) -> String {
    let begins = |id: &str| id.split('/').next() == Some(primitive);
    let cells: Vec<&Cell> = measured.cells.iter().filter(|cell| begins(cell.row)).collect();
    if cells.is_empty() {
        return String::new();
    }
    let peers: Vec<Peer> = Peer::CRATES
        .into_iter()
        .chain(Peer::FOR_THREADS)
        .chain([Peer::Asyncio])
        .filter(|peer| cells.iter().any(|cell| cell.ns(Who::Peer(*peer)).is_some()))
        .collect();
    let mut head = vec![String::new(), "*n*".to_owned()];
    head.extend(peers.iter().map(|peer| peer.name().to_owned()));
    head.extend(["floor", "of the best fair", "of the best"].map(String::from));
    let mut rows = vec![head];
    for row in measured.rows.iter().filter(|row| begins(row.id)) {
        let of_row = cells.iter().filter(|cell| cell.row == row.id);
        rows.extend(of_row.enumerate().map(|(place, cell)| line(row, cell, place, &peers)));
    }
    markdown(&rows)
}

/// A line of a table. A row's title is written once.
fn line(row: &Row, cell: &Cell, place: usize, peers: &[Peer]) -> Vec<String> {
    let title = if place == 0 { row.title } else { "" };
    let mut line = vec![title.to_owned(), thousands(cell.waiters)];
    line.extend(peers.iter().map(|peer| {
        let ns = cell.ns(Who::Peer(*peer)).map(digits);
        match (ns, peer) {
            (Some(ns), Peer::Awaitlist) => format!("**{ns}**"),
            (Some(ns), _) => ns,
            (None, _) => String::new(),
        }
    }));
    let floors = cell.scores.iter().filter_map(|score| match score.who {
        Who::Floor(_) | Who::Bound(_) => Some(format!("{} {}", name(score.who), digits(score.ns))),
        Who::Peer(_) => None,
    });
    line.push(floors.collect::<Vec<_>>().join(", "));
    line.push(ratio(cell, Peer::is_fifo).unwrap_or_default());
    line.push(ratio(cell, |_| true).unwrap_or_default());
    line
}

/// A line for each contender of each scenario.
fn waits(measured: &Measured) -> String {
    if measured.waits.is_empty() {
        return String::new();
    }
    let head = ["", "", "an acquire", "most / least served", "median wait", "p99", "longest"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for (scenario, waits) in &measured.waits {
        rows.extend(waits.iter().enumerate().map(|(place, (peer, waits))| {
            let title = if place == 0 { scenario.title } else { "" };
            let name = match peer {
                Peer::Awaitlist => format!("**{}**", peer.name()),
                _ => peer.name().to_owned(),
            };
            let figures =
                [waits.ns, waits.unevenness, waits.median, waits.p99, waits.longest].map(digits);
            [title.to_owned(), name].into_iter().chain(figures).collect()
        }));
    }
    markdown(&rows)
}

/// A line for each crate, a column for each primitive: itself, its guard, its future.
fn sizes(measured: &Measured) -> String {
    by_peer(&measured.sizes, |sizes| {
        let guard = sizes.guard.map(|guard| format!(" / {guard}"));
        format!("{}{} / {}", sizes.primitive, guard.unwrap_or_default(), sizes.wait)
    })
}

/// A line for each crate, a column for each primitive: allocations and bytes of a wait.
fn memory(measured: &Measured) -> String {
    by_peer(&measured.memory, |memory| {
        format!("{} / {:.0}", digits(memory.allocations), memory.bytes)
    })
}

fn by_peer<T>(columns: &[(&'static str, Vec<(Peer, T)>)], show: impl Fn(&T) -> String) -> String {
    let mut head = vec![String::new()];
    head.extend(columns.iter().map(|(primitive, _)| (*primitive).to_owned()));
    let mut rows = vec![head];
    rows.extend(Peer::CRATES.map(|peer| {
        let mut row = vec![peer.name().to_owned()];
        row.extend(columns.iter().map(|(_, entries)| {
            let entry = entries.iter().find(|(of, _)| *of == peer);
            entry.map(|(_, entry)| show(entry)).unwrap_or_default()
        }));
        row
    }));
    markdown(&rows)
}
