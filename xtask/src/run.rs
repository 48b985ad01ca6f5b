//! Runs commands. Each is printed before it runs, and its seconds are printed and recorded when it
//! has ended.

use std::{
    env,
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
    time::Instant,
};

use crate::{Failure, Outcome, project};

/// What was run so far, and how many seconds it took.
static FINISHED: Mutex<Vec<(String, f64)>> = Mutex::new(Vec::new());

/// A command to run in the project's root.
pub(crate) struct Run {
    command: Command,
    /// Its environment and its words, as printed.
    shown: Vec<String>,
    variables: usize,
}

impl Run {
    /// A command of words that are separated by spaces.
    pub(crate) fn new(words: &str) -> Self {
        let mut words = words.split_whitespace();
        let program = words.next().expect("a command has a program");
        words.fold(Self::program(program), Self::arg)
    }

    /// A command of one word, which may contain spaces: the path of a program.
    pub(crate) fn program(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command.current_dir(project::root());
        // Cargo sets these for xtask itself. Build scripts that read them would run again.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        Self { command, shown: vec![quoted(&program.to_string_lossy())], variables: 0 }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        let argument = argument.as_ref();
        self.command.arg(argument);
        self.shown.push(quoted(&argument.to_string_lossy()));
        self
    }

    pub(crate) fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref();
        self.command.env(name, value);
        let shown = format!("{name}={}", quoted(&value.to_string_lossy()));
        self.shown.insert(self.variables, shown);
        self.variables += 1;
        self
    }

    /// Sets a variable that is not worth printing.
    pub(crate) fn hidden_env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    fn shown(&self) -> String {
        self.shown.join(" ")
    }

    /// Prints the command, runs it, prints its seconds, and fails if it failed.
    pub(crate) fn run(mut self) -> Outcome {
        let shown = self.shown();
        timed(&shown, || {
            let status = self.command.status();
            let status = status.map_err(|error| format!("cannot run {shown}: {error}"))?;
            if status.success() { Ok(()) } else { Err(format!("{status}: {shown}")) }
        })
    }

    /// Runs the command without printing it, and returns what it wrote to standard output. Fails if
    /// it failed.
    pub(crate) fn output(mut self) -> Result<String, Failure> {
        let shown = self.shown();
        let output = self.command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("cannot run {shown}: {error}"))?;
        if !output.status.success() {
            return Err(format!("{}: {shown}", output.status));
        }
        String::from_utf8(output.stdout).map_err(|_| format!("not text: the output of {shown}"))
    }

    /// Runs the command without printing it. Returns its exit code, and all that it wrote.
    pub(crate) fn capture(mut self) -> Result<(Option<i32>, String), Failure> {
        let shown = self.shown();
        let output = self.command.output();
        let output = output.map_err(|error| format!("cannot run {shown}: {error}"))?;
        let written = [output.stdout, output.stderr].concat();
        let written = String::from_utf8_lossy(&written).into_owned();
        Ok((output.status.code(), written))
    }
}

/// Prints the name of a step, does it, and prints and records its seconds.
pub(crate) fn timed(name: &str, step: impl FnOnce() -> Outcome) -> Outcome {
    println!("\n== {name}");
    let start = Instant::now();
    let outcome = step();
    let seconds = start.elapsed().as_secs_f64();
    println!("-- {seconds:.1} s");
    let mut finished = FINISHED.lock().unwrap_or_else(|poison| poison.into_inner());
    finished.push((name.to_owned(), seconds));
    outcome
}

/// A word as a shell would need it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_=./:,+@%^~".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Whether a program is installed.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// Fails if a program is not installed. `package` is what Debian calls it.
pub(crate) fn need(program: &str, package: &str) -> Outcome {
    if is_installed(program) {
        Ok(())
    } else {
        Err(format!("{program} is missing: apt-get install {package}"))
    }
}

/// Prints the seconds of all that was run.
pub(crate) fn print_seconds() {
    let finished = FINISHED.lock().unwrap_or_else(|poison| poison.into_inner());
    println!("\n{:>8}  command", "seconds");
    for (shown, seconds) in &*finished {
        println!("{seconds:>8.1}  {shown}");
    }
    let total: f64 = finished.iter().map(|(_, seconds)| seconds).sum();
    println!("{total:>8.1}  in all");
}
