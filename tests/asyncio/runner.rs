//! Runs the oracle's programs on the crates.
//!
//! - `conformance < programs.jsonl > traces.jsonl` runs programs, and writes traces in the oracle's
//!   format.
//! - `conformance compare` has a Python generate and run fresh programs, and compares.
//! - `conformance changes` counts, for each change that the oracle's model makes to asyncio, the
//!   programs that differ without it.
//! - `conformance beyond` compares fresh programs with the model of what asyncio lacks.
//! - `conformance golden DIR` has a Python make the traces that the project keeps.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::SystemTime,
};

use awaitlist_tests::{
    conformance::{
        compare::compare,
        golden::pack,
        oracle::{Classes, Oracle},
        program::Program,
        run::run,
        trace::Trace,
    },
    lockstep,
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
        /// How many programs of each profile.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The first program's seed. Otherwise the time is taken.
        #[arg(long)]
        seed: Option<u64>,
        /// Where tasks are cancelled. Without it, each profile is compared.
        #[arg(long, value_enum)]
        profile: Option<Profile>,
    },
    /// Count the programs that differ without one of the model's changes to asyncio, which shows
    /// that the list of differences is complete and minimal.
    Changes {
        /// The Python to ask: 3.13 or later.
        #[arg(long, default_value = "python3")]
        python: String,
        /// How many programs.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The first program's seed.
        #[arg(long, default_value_t = 1_000_000)]
        seed: u64,
        /// Where tasks are cancelled.
        #[arg(long, value_enum, default_value_t = Profile::Raw)]
        profile: Profile,
    },
    /// Compare fresh programs with the project's own model, which has what asyncio lacks as well:
    /// `acquire_many`, `wait_or` and its kin, `forget`, `adopt`, `set_bound`, `try_release`.
    /// Futures are dropped anywhere.
    Beyond {
        /// How many programs.
        #[arg(long, default_value_t = 100_000)]
        count: u64,
        /// The first program's seed. Otherwise the time is taken.
        #[arg(long)]
        seed: Option<u64>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// No task is cancelled. Compared with asyncio as it is.
    None,
    /// Tasks are cancelled when all are suspended. Compared with the model.
    Drop,
    /// Tasks are cancelled anywhere. Compared with the model.
    Raw,
}

impl Profile {
    const ALL: [Self; 3] = [Self::None, Self::Drop, Self::Raw];

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Drop => "drop",
            Self::Raw => "raw",
        }
    }
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        None => run_lines(),
        Some(Command::Compare { python, count, seed, profile }) => {
            let profiles = profile.map_or(Profile::ALL.to_vec(), |profile| vec![profile]);
            let seed = seed.unwrap_or_else(fresh_seed);
            profiles.into_iter().try_for_each(|profile| {
                compare_fresh(&Batch { python: &python, seed, count, profile })
            })
        }
        Some(Command::Changes { python, count, seed, profile }) => {
            count_changes(&Batch { python: &python, seed, count, profile })
        }
        Some(Command::Beyond { count, seed }) => {
            compare_beyond(seed.unwrap_or_else(fresh_seed), count)
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

fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
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

/// Programs that a Python generates and runs.
#[derive(Clone, Copy)]
struct Batch<'a> {
    python: &'a str,
    seed: u64,
    count: u64,
    profile: Profile,
}

/// How many programs a Python gets at once, at most.
const CHUNK: u64 = 10_000;

impl Batch<'_> {
    /// The command that compares these programs again.
    fn replay(&self) -> String {
        format!(
            "cargo run --release -p awaitlist-tests --bin conformance -- compare --python {} --profile {} --seed {} --count {}",
            self.python,
            self.profile.name(),
            self.seed,
            self.count,
        )
    }

    fn chunks(self, workers: usize) -> impl Iterator<Item = Self> {
        let size = self.count.div_ceil(workers as u64).clamp(1, CHUNK);
        (0..self.count).step_by(size as usize).map(move |from| Self {
            seed: self.seed + from,
            count: size.min(self.count - from),
            ..self
        })
    }

    /// Applies `work` to parts of the batch, on all processors, and returns what it returned.
    fn in_parallel<T: Send>(
        self,
        work: impl Fn(&Self) -> Result<T, String> + Sync,
    ) -> Result<Vec<T>, String> {
        let workers = thread::available_parallelism().map_or(1, |n| n.get());
        let chunks: Vec<Self> = self.chunks(workers).collect();
        let share = chunks.len().div_ceil(workers).max(1);
        thread::scope(|scope| {
            let running: Vec<_> = chunks
                .chunks(share)
                .map(|chunks| scope.spawn(|| chunks.iter().map(&work).collect::<Vec<_>>()))
                .collect();
            let done = running.into_iter().map(|one| one.join().expect("a worker panicked"));
            done.flatten().collect()
        })
    }
}

fn compare_fresh(batch: &Batch<'_>) -> Result<(), String> {
    println!("{}", batch.replay());
    let compared = batch.in_parallel(|part| {
        let oracle = Oracle::new(part.python);
        let programs = oracle.generate(part.seed, part.count, part.profile.name())?;
        compare_all(&programs, &oracle.run(&programs, Classes::AsItNeeds)?)
    })?;
    let mut total = Total::default();
    for part in compared {
        total.version = part.version;
        total.programs += part.programs;
        total.steps += part.steps;
        total.differences.extend(part.differences);
    }
    if total.programs != batch.count {
        return Err(format!("{} programs were run, not {}", total.programs, batch.count));
    }
    println!(
        "CPython {}, profile {}: {} programs, {} steps compared, {} programs differ",
        total.version,
        batch.profile.name(),
        total.programs,
        total.steps,
        total.differences.len(),
    );
    match total.differences.first() {
        None => Ok(()),
        Some((program, difference)) => {
            let seed = program.id.as_u64().unwrap_or_default();
            let again = Batch { seed, count: 1, ..*batch }.replay();
            Err(format!("the first difference: {}\n{difference}\n{again}", program.source))
        }
    }
}

/// What a comparison has seen.
#[derive(Default)]
struct Total {
    version: String,
    programs: u64,
    steps: usize,
    differences: Vec<(Program, String)>,
}

fn compare_all(programs: &str, traces: &str) -> Result<Total, String> {
    let mut total = Total::default();
    for (program, theirs) in pairs(programs, traces)? {
        total.programs += 1;
        total.steps += theirs.steps.len();
        let compared = compare(&theirs, &run(&program));
        total.version = theirs.version;
        if let Err(difference) = compared {
            total.differences.push((program, difference));
        }
    }
    Ok(total)
}

/// How many programs differ with which classes.
fn count_changes(batch: &Batch<'_>) -> Result<(), String> {
    let changes = Oracle::new(batch.python).changes()?;
    let counts = batch.in_parallel(|part| {
        let oracle = Oracle::new(part.python);
        let programs = oracle.generate(part.seed, part.count, part.profile.name())?;
        let different = |classes| -> Result<u64, String> {
            let total = compare_all(&programs, &oracle.run(&programs, classes)?)?;
            Ok(total.differences.len() as u64)
        };
        let asyncio = oracle.run(&programs, Classes::Asyncio)?;
        let unchanged = oracle.run(&programs, Classes::ModelWithout("all"))?;
        let differ = asyncio.lines().zip(unchanged.lines()).filter(|(one, other)| one != other);
        let mut counts = vec![differ.count() as u64, different(Classes::ModelWithout(""))?];
        for change in &changes {
            counts.push(different(Classes::ModelWithout(change))?);
        }
        counts.push(different(Classes::Asyncio)?);
        Ok(counts)
    })?;
    let total = |row: usize| counts.iter().map(|counts| counts[row]).sum::<u64>();
    println!(
        "of {} programs of profile {}, from seed {}",
        batch.count,
        batch.profile.name(),
        batch.seed
    );
    println!("{:>7}  differ between the model without any change and asyncio", total(0));
    println!("{:>7}  differ between the crates and the model", total(1));
    for (at, change) in changes.iter().enumerate() {
        println!("{:>7}  … without the change {change}", total(2 + at));
    }
    println!("{:>7}  differ between the crates and asyncio", total(2 + changes.len()));
    let needless = changes.iter().enumerate().find(|(at, _)| total(2 + at) == 0);
    match needless {
        _ if total(0) + total(1) > 0 => Err("there are differences that must not be".to_owned()),
        Some((_, change)) => Err(format!("no program needs the change {change}")),
        None => Ok(()),
    }
}

/// Compares programs with the project's own model.
fn compare_beyond(seed: u64, count: u64) -> Result<(), String> {
    let again = |seed, count| {
        format!(
            "cargo run --release -p awaitlist-tests --bin conformance -- beyond --seed {seed} --count {count}"
        )
    };
    println!("{}", again(seed, count));
    let mut steps = 0;
    for seed in seed..seed + count {
        let program = lockstep::Program::of_seed(seed);
        let compared = lockstep::run(&program);
        steps += compared
            .map_err(|difference| format!("{difference}\n{program:?}{}", again(seed, 1)))?;
    }
    println!("beyond asyncio: {count} programs, {steps} steps compared, 0 programs differ");
    Ok(())
}

fn pairs(programs: &str, traces: &str) -> Result<Vec<(Program, Trace)>, String> {
    let pairs = programs.lines().zip(traces.lines());
    pairs.map(|(program, trace)| Ok((Program::parse(program)?, Trace::parse(trace)?))).collect()
}

fn write_golden(oracle: &Oracle, folder: &Path, each: usize) -> Result<(), String> {
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (profile, share) in [(Profile::None, 2), (Profile::Drop, 4), (Profile::Raw, 4)] {
        let mut of_kind: BTreeMap<String, usize> = BTreeMap::new();
        let programs = oracle.generate(1, each as u64 * 12, profile.name())?;
        let traces = oracle.run(&programs, Classes::AsItNeeds)?;
        for (program, trace) in pairs(&programs, &traces)? {
            let kind = kind_of(&program);
            let count = of_kind.entry(kind.clone()).or_default();
            if *count < each.div_ceil(share) {
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
    let packed = pairs(traps, &oracle.run(traps, Classes::AsItNeeds)?)?;
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
