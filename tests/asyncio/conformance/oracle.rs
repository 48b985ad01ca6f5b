//! The oracle: a Python that runs `oracle.py`.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

/// A Python, and the script that it runs.
#[derive(Clone, Debug)]
pub struct Oracle {
    python: String,
    script: PathBuf,
}

/// On which classes a program is run.
#[derive(Clone, Copy, Debug)]
pub enum Classes<'a> {
    /// CPython's own if the program cancels nothing, otherwise those of `model.py`.
    AsItNeeds,
    /// CPython's own.
    Asyncio,
    /// Those of `model.py` without the change of that name, or without `all`.
    ModelWithout(&'a str),
}

impl Oracle {
    /// The oracle on that Python: a command's name or path.
    pub fn new(python: &str) -> Self {
        Self {
            python: python.to_owned(),
            script: [env!("CARGO_MANIFEST_DIR"), "asyncio", "conformance", "oracle.py"]
                .iter()
                .collect(),
        }
    }

    /// Generates programs, one a line.
    ///
    /// # Errors
    ///
    /// What Python said.
    pub fn generate(&self, seed: u64, count: u64, profile: &str) -> Result<String, String> {
        self.call(&["gen", &seed.to_string(), &count.to_string(), profile], "")
    }

    /// Runs programs, and returns their traces, one per line.
    ///
    /// # Errors
    ///
    /// What Python said.
    pub fn run(&self, programs: &str, classes: Classes<'_>) -> Result<String, String> {
        let arguments: &[&str] = match classes {
            Classes::AsItNeeds => &["run"],
            Classes::Asyncio => &["run", "--classes", "asyncio"],
            Classes::ModelWithout(change) => &["run", "--classes", "model", "--without", change],
        };
        self.call(arguments, programs)
    }

    /// The names of the changes that `model.py` makes to CPython's classes.
    ///
    /// # Errors
    ///
    /// What Python said.
    pub fn changes(&self) -> Result<Vec<String>, String> {
        Ok(self.call(&["changes"], "")?.lines().map(str::to_owned).collect())
    }

    fn call(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new(&self.python)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(&self.script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", self.python))?;
        let mut stdin = child.stdin.take().ok_or("Python has no standard input")?;
        let input = input.to_owned();
        let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let written = writer.join().map_err(|_| "the writer panicked")?;
        if !output.status.success() {
            return Err(format!("{} failed: {}", self.python, output.status));
        }
        written.map_err(|error| format!("Python did not read its input: {error}"))?;
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    }
}
