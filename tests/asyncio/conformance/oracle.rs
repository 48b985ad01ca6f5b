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
        self.call(&["gen", &seed.to_string(), &count.to_string(), "--profile", profile], "")
    }

    /// Runs programs, and returns their traces, one per line.
    ///
    /// # Errors
    ///
    /// What Python said.
    pub fn run(&self, programs: &str) -> Result<String, String> {
        self.call(&["run"], programs)
    }

    fn call(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new(&self.python)
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
