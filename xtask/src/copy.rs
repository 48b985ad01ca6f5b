//! Copies of the project, to change before they are built.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Failure, Outcome, project, run::Run};

/// A copy of all files that git tracks, and of new ones that it does not ignore.
pub(crate) struct Copy {
    root: PathBuf,
}

impl Copy {
    /// Makes a copy below the target directory, in place of an earlier one of that name.
    pub(crate) fn new(name: &str) -> Result<Self, Failure> {
        let root = project::absolute_target_for("copies").join(name);
        if root.exists() {
            fs::remove_dir_all(&root).map_err(|error| failure(&root, &error))?;
        }
        let files = Run::new("git ls-files -z --cached --others --exclude-standard").output()?;
        for file in files.split_terminator('\0') {
            let (from, to) = (project::root().join(file), root.join(file));
            // A file that was removed, and is still in the index.
            if !from.is_file() {
                continue;
            }
            let directory = to.parent().expect("a file is in a directory");
            fs::create_dir_all(directory).map_err(|error| failure(directory, &error))?;
            fs::copy(&from, &to).map_err(|error| failure(&from, &error))?;
        }
        Ok(Self { root })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    pub(crate) fn read(&self, file: &str) -> Result<String, Failure> {
        let path = self.root.join(file);
        fs::read_to_string(&path).map_err(|error| failure(&path, &error))
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> Outcome {
        let path = self.root.join(file);
        fs::write(&path, text).map_err(|error| failure(&path, &error))
    }

    /// Replaces the first line that starts with `start`.
    pub(crate) fn replace_line(&self, file: &str, start: &str, line: &str) -> Outcome {
        let text = self.read(file)?;
        let old = text.lines().find(|line| line.starts_with(start));
        let old = old.ok_or_else(|| format!("{file}: no line starts with `{start}`"))?;
        self.write(file, &text.replacen(old, line, 1))
    }

    /// Removes the copy, which later failures leave for a person to look at.
    pub(crate) fn remove(self) -> Outcome {
        fs::remove_dir_all(&self.root).map_err(|error| failure(&self.root, &error))
    }
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}", path.display())
}
