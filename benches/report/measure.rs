//! All that is measured.

use std::time::Instant;

use benches::{
    harness::{Cell, Contest, Row, Score, Who},
    memory::{self, Memory},
    peers::Peer,
    python::{self, Asyncio},
    rows,
    sizes::{self, Sizes},
    targets::{self, Verdict},
    waits::{self, Scenario, Waits},
};

use crate::{
    args::Args,
    diagnostics::{self, Costs},
    machine, table,
};

/// What was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The rows that were wanted.
    pub(crate) rows: Vec<Row>,
    /// Their figures, asyncio's among them.
    pub(crate) cells: Vec<Cell>,
    /// How long acquires wait.
    pub(crate) waits: Vec<(Scenario, Vec<(Peer, Waits)>)>,
    /// What the primitives weigh.
    pub(crate) sizes: Vec<(&'static str, Vec<(Peer, Sizes)>)>,
    /// What waits weigh.
    pub(crate) memory: Vec<(&'static str, Vec<(Peer, Memory)>)>,
    /// What the diagnostics cost.
    pub(crate) diagnostics: Costs,
    /// What the targets say of all that.
    pub(crate) verdicts: Vec<Verdict>,
    /// The CPython, if there is one.
    pub(crate) python: Option<String>,
    /// How busy the machine was before.
    pub(crate) load: Option<f64>,
    /// Whether it was done in a hurry.
    pub(crate) quick: bool,
}

/// Measures what was asked for, with a line on stderr for each row and size.
pub(crate) fn all(args: &Args) -> Result<Measured, String> {
    let (begin, load) = (Instant::now(), machine::load());
    let rows: Vec<Row> = rows::all().into_iter().filter(|row| args.wants(row.id)).collect();
    let scenarios: Vec<Scenario> =
        waits::scenarios().into_iter().filter(|scenario| args.wants(scenario.id)).collect();
    if rows.is_empty() && scenarios.is_empty() {
        return Err(format!("no row begins with {}", args.only.join(" or ")));
    }
    let asyncio = if rows.is_empty() { None } else { asyncio(args, &rows)? };
    let (sizes, memory) = (sizes::all(), memory::all());
    let mut cells = contests(args, &rows);
    for (row, waiters, ns) in asyncio.iter().flat_map(|asyncio| &asyncio.figures) {
        let cell = cells.iter_mut().find(|cell| cell.row == row && cell.waiters == *waiters);
        if let Some(cell) = cell {
            let who = Who::Peer(Peer::Asyncio);
            let (ns, spread) = (*ns, 0.0);
            cell.scores.push(Score { who, ns, spread });
        }
    }
    let waits = scenarios.into_iter().map(|scenario| {
        eprintln!("{} …", scenario.id);
        let (rounds, time) = args.waits();
        let waits = scenario.run(rounds, time);
        (scenario, waits)
    });
    let waits = waits.collect::<Vec<_>>();
    let mut verdicts = targets::judge_times(&cells);
    verdicts.extend(targets::judge_waits(&waits));
    let mut diagnostics = Costs::default();
    if args.only.is_empty() {
        verdicts.extend(targets::judge_memory(&sizes, &memory));
        diagnostics = diagnostics::measure(args)?;
    }
    verdicts.extend(diagnostics.verdicts());
    eprintln!("{:.0} seconds", begin.elapsed().as_secs_f64());
    Ok(Measured {
        rows,
        cells,
        waits,
        sizes,
        memory,
        diagnostics,
        verdicts,
        python: asyncio.map(|asyncio| asyncio.version),
        load,
        quick: args.quick,
    })
}

/// What ours needs in the rows that were wanted: the row, its size, and nanoseconds a unit. Of
/// waits, the scenario, the name of a figure, and the figure.
pub(crate) fn own(args: &Args) -> Vec<(&'static str, String, f64)> {
    let ours = Who::Peer(Peer::Awaitlist);
    let mut figures = Vec::new();
    for mut row in rows::all().into_iter().filter(|row| args.wants(row.id)) {
        row.contenders.retain(|contender| contender.who == ours);
        let mut contest = Contest::new(&row);
        for &waiters in row.sizes.iter().filter(|size| args.wants_size(**size)) {
            let ns = contest.run(waiters, args.budget(waiters)).ns(ours);
            figures.extend(ns.map(|ns| (row.id, waiters.to_string(), ns)));
        }
    }
    for mut scenario in waits::scenarios().into_iter().filter(|scenario| args.wants(scenario.id)) {
        scenario.contenders.retain(|(peer, _)| *peer == Peer::Awaitlist);
        let (rounds, time) = args.waits();
        for (_, waits) in scenario.run(rounds, time) {
            figures.extend(
                waits.figures().map(|(name, figure)| (scenario.id, name.to_owned(), figure)),
            );
        }
    }
    figures
}

/// A Python that was named must work. One that was not may be missing.
fn asyncio(args: &Args, rows: &[Row]) -> Result<Option<Asyncio>, String> {
    eprintln!("asyncio …");
    match python::run(args.python.as_deref(), rows, args.effort()) {
        Ok(asyncio) => Ok(Some(asyncio)),
        Err(error) if args.python.is_none() => {
            eprintln!("without asyncio: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn contests(args: &Args, rows: &[Row]) -> Vec<Cell> {
    let sizes = |row: &Row| row.sizes.iter().copied().filter(|size| args.wants_size(*size));
    let all: usize = rows.iter().map(|row| sizes(row).count()).sum();
    let mut done = 0;
    let mut cells = Vec::new();
    for row in rows {
        let mut contest = Contest::new(row);
        for waiters in sizes(row) {
            done += 1;
            let cell = contest.run(waiters, args.budget(waiters));
            eprintln!("[{done}/{all}] {}", table::progress(cell));
        }
        cells.extend(contest.into_cells());
    }
    cells
}
