//! What it costs to build a program that uses one lock: crates, processor time, and bytes.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{Failure, Outcome, Subcommand, project, run::Run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "build-cost",
    arguments: "",
    about: "Build a program with one lock of each peer; print crates, processor seconds and bytes",
    details: "\
Linux only. Each program polls an acquire of a lock that is free, and one of a lock that is held. It
is built from nothing in the release profile, stripped, with the versions of Cargo.lock. The seconds
are those of all processes of the build. Seconds and bytes are what the program takes more than one
that polls a future of the standard library.",
    run,
};

/// A lock, as a program uses it.
struct Peer {
    name: &'static str,
    dependency: &'static str,
    lock: &'static str,
    acquire: &'static str,
}

const PEERS: [Peer; 6] = [
    Peer {
        name: "awaitlist-lock",
        dependency: "awaitlist-lock = { path = \"{root}/crates/lock\" }",
        lock: "awaitlist_lock::Lock::new(())",
        acquire: "acquire",
    },
    Peer {
        name: "tokio::sync",
        dependency: "tokio = { version = \"1\", features = [\"sync\"] }",
        lock: "tokio::sync::Mutex::new(())",
        acquire: "lock",
    },
    Peer {
        name: "async-lock",
        dependency: "async-lock = \"3\"",
        lock: "async_lock::Mutex::new(())",
        acquire: "lock",
    },
    Peer {
        name: "asyncband",
        dependency: "asyncband = { version = \"0.7\", features = [\"mutex\"] }",
        lock: "asyncband::mutex::Mutex::new(())",
        acquire: "lock",
    },
    Peer {
        name: "saa",
        dependency: "saa = \"5\"",
        lock: "saa::Lock::new()",
        acquire: "lock_async",
    },
    Peer {
        name: "futures-intrusive",
        dependency: "futures-intrusive = \"0.5\"",
        lock: "futures_intrusive::sync::Mutex::new((), true)",
        acquire: "lock",
    },
];

/// The program without a lock.
const NOTHING: Peer = Peer { name: "", dependency: "", lock: "Nothing", acquire: "ready" };

const PROGRAM: &str = "\
#[allow(dead_code)]
struct Nothing;

#[allow(dead_code)]
impl Nothing {
    fn ready(&self) -> std::future::Ready<()> {
        std::future::ready(())
    }
}

fn main() {
    use std::{future::Future, hint::black_box, pin::pin, task::{Context, Waker}};

    let mut context = Context::from_waker(Waker::noop());
    let lock = black_box({lock});
    let held = pin!(lock.{acquire}()).poll(&mut context);
    let waits = pin!(lock.{acquire}()).poll(&mut context).is_pending();
    println!(\"{} {waits}\", held.is_ready());
}
";

struct Cost {
    crates: usize,
    seconds: f64,
    bytes: u64,
}

fn run(arguments: &[String]) -> Outcome {
    SUBCOMMAND.refuse_arguments(arguments)?;
    let without = NOTHING.build()?;
    let costs = PEERS.iter().map(|peer| Ok((peer.name, peer.build()?)));
    let costs: Vec<(&str, Cost)> = costs.collect::<Result<_, Failure>>()?;
    println!("| | crates | seconds | kB |\n| --- | --: | --: | --: |");
    for (name, Cost { crates, seconds, bytes }) in costs {
        let more_bytes = bytes.saturating_sub(without.bytes) as f64 / 1e3;
        let more_seconds = seconds - without.seconds;
        println!("| {name} | {crates} | {more_seconds:.2} | {more_bytes:.1} |");
    }
    Ok(())
}

impl Peer {
    fn build(&self) -> Result<Cost, Failure> {
        let directory = project::absolute_target_for("build-cost").join("program");
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(|error| error.to_string())?;
        }
        let root = project::root();
        let manifest = format!(
            "[workspace]\n[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [profile.release]\nstrip = true\n[dependencies]\n{}\n",
            self.dependency.replace("{root}", &root.display().to_string())
        );
        let program = PROGRAM.replace("{lock}", self.lock).replace("{acquire}", self.acquire);
        let write = |file: &str, text: &str| fs::write(directory.join(file), text);
        fs::create_dir_all(directory.join("src"))
            .and_then(|()| fs::copy(root.join("Cargo.lock"), directory.join("Cargo.lock")))
            .and_then(|_| write("Cargo.toml", &manifest))
            .and_then(|()| write("src/main.rs", &program))
            .map_err(|error| error.to_string())?;
        let tree = cargo(&directory, "tree -e normal,build --prefix none").output()?;
        let crates: BTreeSet<&str> =
            tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        let before = seconds_of_children()?;
        cargo(&directory, "build --release --quiet").run()?;
        let seconds = seconds_of_children()? - before;
        let built = fs::metadata(directory.join("target/release/program"));
        let bytes = built.map_err(|error| error.to_string())?.len();
        // The program itself is none of them.
        Ok(Cost { crates: crates.len() - 1, seconds, bytes })
    }
}

fn cargo(directory: &Path, words: &str) -> Run {
    Run::new(&format!("cargo {words}"))
        .arg("--manifest-path")
        .arg(directory.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", directory.join("target"))
}

/// The processor seconds of all processes that this one has waited for.
fn seconds_of_children() -> Result<f64, Failure> {
    /// What Linux reports is in hundredths of a second.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| error.to_string())?;
    // After the name, which is in parentheses: the fields from the third on. cutime and cstime are
    // the 16th and 17th.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(13).take(2).map(|field| field.parse::<f64>().unwrap_or_default());
    Ok(ticks.sum::<f64>() / TICKS)
}
