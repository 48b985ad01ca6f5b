//! Runs the oracle's programs on the crates.
//!
//! - `conformance < programs.jsonl > traces.jsonl` runs programs, and writes traces in the oracle's
//!   format.
//! - `conformance compare` has a Python generate and run fresh programs, and compares.
//! - `conformance golden DIR` has a Python make the traces that the project keeps.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, Write},
    ops::AddAssign,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use awaitlist_tests::conformance::{
    compare::{Compared, Strictness, compare},
    golden::pack,
    oracle::Oracle,
    program::Program,
    run::run,
    trace::Trace,
};
use clap::{Parser, Subcommand, ValueEnum};

/// Runs programs of the asyncio.locks oracle on awaitlist: from standard input, or as a command
/// says.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Compare fresh programs with what a Python makes of them.
    Compare {
        /// The Python to ask: 3.13 or later.
        #[arg(long, default_value = "python3")]
        python: String,
        /// How many programs.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The first program's seed.
        #[arg(long, default_value_t = 1_000_000)]
        seed: u64,
        /// Whether tasks are cancelled.
        #[arg(long, value_enum, default_value_t = Profile::None)]
        profile: Profile,
    },
    /// Write golden traces of programs of each kind, half of them with cancellations.
    Golden {
        /// Where to.
        folder: PathBuf,
        /// The Python to ask.
        #[arg(long, default_value = "python3")]
        python: String,
        /// How many programs of each kind.
        #[arg(long, default_value_t = 300)]
        each: usize,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Profile {
    /// Nothing is cancelled: equal at every step.
    None,
    /// Cancelled at rest: equal at every rest.
    Drop,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Drop => "drop",
        }
    }

    fn strictness(self) -> Strictness {
        match self {
            Self::None => Strictness::EveryStep,
            Self::Drop => Strictness::AtRest,
        }
    }
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        None => run_lines(),
        Some(Command::Compare { python, count, seed, profile }) => {
            compare_fresh(&Oracle::new(&python), seed, count, profile)
        }
        Some(Command::Golden { folder, python, each }) => {
            write_golden(&Oracle::new(&python), &folder, each)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run_lines() -> Result<(), String> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (at, line) in io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|error| format!("line {}: {error}", at + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let program = Program::parse(&line).map_err(|error| format!("line {}: {error}", at + 1))?;
        writeln!(out, "{}", run(&program).to_json()).map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())
}

/// What a comparison has seen.
#[derive(Default)]
struct Total {
    version: String,
    programs: u64,
    points: usize,
    let_off: usize,
    masked: u64,
    differences: Vec<String>,
}

impl AddAssign for Total {
    fn add_assign(&mut self, other: Self) {
        self.version = other.version;
        self.programs += other.programs;
        self.points += other.points;
        self.let_off += other.let_off;
        self.masked += other.masked;
        self.differences.extend(other.differences);
    }
}

/// How many programs a Python gets at once.
const CHUNK: u64 = 1_000;

fn compare_fresh(oracle: &Oracle, seed: u64, count: u64, profile: Profile) -> Result<(), String> {
    let workers = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let mut total = Total::default();
    let mut begun = 0;
    while begun < count {
        let chunks = (0..workers).map(|n| begun + n * CHUNK).filter(|from| *from < count);
        let answers = thread::scope(|scope| {
            let running: Vec<_> = chunks
                .map(|from| {
                    let size = CHUNK.min(count - from);
                    scope.spawn(move || compare_chunk(oracle, seed + from, size, profile))
                })
                .collect();
            running
                .into_iter()
                .map(|one| one.join().expect("a worker panicked"))
                .collect::<Vec<_>>()
        });
        for answer in answers {
            total += answer?;
        }
        begun += workers * CHUNK;
        eprintln!("{} of {count} programs, {} differ", total.programs, total.differences.len());
    }
    println!(
        "CPython {}, profile {}: {} programs, {} points compared ({} let off, {} programs with a masked barrier), {} differ",
        total.version,
        profile.name(),
        total.programs,
        total.points,
        total.let_off,
        total.masked,
        total.differences.len(),
    );
    match total.differences.first() {
        None => Ok(()),
        Some(first) => Err(format!("the first difference: {first}")),
    }
}

fn compare_chunk(
    oracle: &Oracle,
    seed: u64,
    count: u64,
    profile: Profile,
) -> Result<Total, String> {
    let mut total = Total::default();
    for (program, theirs) in ask(oracle, seed, count, profile)? {
        match compare(&program, &theirs, &run(&program), profile.strictness()) {
            Ok(Compared { points, let_off, barrier_masked }) => {
                total.points += points;
                total.let_off += let_off;
                total.masked += u64::from(barrier_masked);
            }
            Err(difference) => {
                total.differences.push(format!("{}\n{difference}", program.source));
            }
        }
        total.programs += 1;
        total.version = theirs.version;
    }
    Ok(total)
}

/// Programs, and what Python makes of them.
fn ask(
    oracle: &Oracle,
    seed: u64,
    count: u64,
    profile: Profile,
) -> Result<Vec<(Program, Trace)>, String> {
    let programs = oracle.generate(seed, count, profile.name())?;
    pairs(&programs, &oracle.run(&programs)?)
}

fn pairs(programs: &str, traces: &str) -> Result<Vec<(Program, Trace)>, String> {
    let pairs = programs.lines().zip(traces.lines());
    pairs.map(|(program, trace)| Ok((Program::parse(program)?, Trace::parse(trace)?))).collect()
}

fn write_golden(oracle: &Oracle, folder: &Path, each: usize) -> Result<(), String> {
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for profile in [Profile::None, Profile::Drop] {
        let mut of_kind: BTreeMap<String, usize> = BTreeMap::new();
        for (program, trace) in ask(oracle, 1, each as u64 * 12, profile)? {
            let kind = kind_of(&program);
            let count = of_kind.entry(kind.clone()).or_default();
            if *count < each.div_ceil(2) {
                *count += 1;
                kept.entry(kind).or_default().push(pack(&program, &trace));
            }
        }
    }
    for (kind, lines) in &kept {
        if lines.len() < each {
            return Err(format!("only {} programs of {kind}", lines.len()));
        }
    }
    let traps = include_str!("conformance/traps.jsonl");
    let packed = pairs(traps, &oracle.run(traps)?)?;
    let packed = packed.iter().map(|(program, trace)| pack(program, trace)).collect();
    kept.insert("traps".to_owned(), packed);
    for (kind, lines) in kept {
        let file = folder.join(format!("{kind}.jsonl"));
        fs::write(&file, lines.join("\n") + "\n").map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn kind_of(program: &Program) -> String {
    match &program.source["prims"].as_object().map(|prims| prims.values().collect::<Vec<_>>()) {
        Some(prims) if prims.len() == 1 => prims[0]["kind"].as_str().unwrap_or("mix").to_owned(),
        Some(prims) if prims.len() == 3 => "shared".to_owned(),
        _ => "mix".to_owned(),
    }
}
