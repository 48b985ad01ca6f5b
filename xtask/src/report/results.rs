//! The figures of one machine: a file of docs/lab/performance/.

use std::{fs, path::Path};

use crate::{Failure, project};

const DIRECTORY: &str = "docs/lab/performance";

/// One figure. docs/lab/performance-figures.md describes the columns.
pub(super) struct Line {
    pub(super) section: String,
    pub(super) row: String,
    pub(super) n: String,
    pub(super) contender: String,
    pub(super) figure: String,
    pub(super) value: String,
}

impl Line {
    pub(super) fn number(&self) -> f64 {
        self.value.parse().unwrap_or(f64::NAN)
    }

    fn is(&self, row: &str, contender: &str, figure: &str) -> bool {
        self.row == row && self.contender == contender && self.figure == figure
    }
}

/// The figures of one machine.
pub(super) struct Results {
    /// The name of the file.
    pub(super) file: String,
    lines: Vec<Line>,
}

/// All there are, the newest first.
pub(super) fn all() -> Result<Vec<Results>, Failure> {
    let directory = project::root().join(DIRECTORY);
    let entries = fs::read_dir(&directory).map_err(|error| format!("{DIRECTORY}: {error}"))?;
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{DIRECTORY}: {error}"))?.path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            all.push(Results::read(&path)?);
        }
    }
    all.sort_by_key(|results| {
        (results.about("date").unwrap_or_default().to_owned(), results.file.clone())
    });
    all.reverse();
    Ok(all)
}

impl Results {
    fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate().skip(1) {
            let fields = <[String; 6]>::try_from(fields(line))
                .map_err(|_| format!("{shown}:{}: not six fields", number + 1))?;
            let [section, row, n, contender, figure, value] = fields;
            lines.push(Line { section, row, n, contender, figure, value });
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { file, lines })
    }

    pub(super) fn section<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.section == name)
    }

    /// What the file says about the run: its date, the machine.
    pub(super) fn about(&self, figure: &str) -> Option<&str> {
        let line = self.section("about").find(|line| line.figure == figure)?;
        Some(&line.value)
    }

    /// Whether a contender promises first come, first served.
    pub(super) fn is_fair(&self, contender: &str) -> bool {
        self.section("about")
            .any(|line| line.contender == contender && line.figure == "fair" && line.value == "1")
    }

    pub(super) fn title(&self, row: &str) -> &str {
        let title = |line: &&Line| line.row == row && line.figure == "title";
        self.section("row").find(title).map_or("", |line| &line.value)
    }

    /// Nanoseconds of a contender in a row with so many waiters.
    pub(super) fn ns(&self, row: &str, n: &str, contender: &str) -> Option<f64> {
        self.time(row, n, contender, "ns")
    }

    /// What counts of them: all, or what is above the floor of the row.
    pub(super) fn counted(&self, row: &str, n: &str, contender: &str) -> Option<f64> {
        let above = self.time(row, n, contender, "above floor");
        above.or_else(|| self.ns(row, n, contender))
    }

    fn time(&self, row: &str, n: &str, contender: &str, figure: &str) -> Option<f64> {
        let is_wanted = |line: &&Line| line.n == n && line.is(row, contender, figure);
        self.section("time").find(is_wanted).map(Line::number)
    }

    /// A figure of a section whose rows have one size.
    pub(super) fn number(
        &self,
        section: &str,
        row: &str,
        contender: &str,
        figure: &str,
    ) -> Option<f64> {
        self.section(section).find(|line| line.is(row, contender, figure)).map(Line::number)
    }

    /// The rows of `section`, in order.
    pub(super) fn rows<'a>(&'a self, section: &'a str) -> Vec<&'a str> {
        distinct(self.section(section).map(|line| line.row.as_str()))
    }

    /// The numbers of waiters with which a row was measured, in order.
    pub(super) fn sizes(&self, row: &str) -> Vec<&str> {
        let lines = self.section("time").filter(|line| line.row == row);
        distinct(lines.map(|line| line.n.as_str()))
    }

    /// The contenders that have figures in a row of `section`; or in all its rows.
    pub(super) fn contenders_of<'a>(&'a self, section: &'a str, row: Option<&str>) -> Vec<&'a str> {
        let lines = self.section(section).filter(|line| row.is_none_or(|row| line.row == row));
        distinct(lines.map(|line| line.contender.as_str()))
    }

    /// The crates and others that took part in a row and size, without floors and bounds.
    pub(super) fn contenders(&self, row: &str, n: &str) -> Vec<&str> {
        self.section("time")
            .filter(|line| line.row == row && line.n == n && line.figure == "ns")
            .map(|line| line.contender.as_str())
            .filter(|contender| !contender.contains(':'))
            .collect()
    }
}

/// The words without those that came before, in order.
fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for word in words {
        if !distinct.contains(&word) {
            distinct.push(word);
        }
    }
    distinct
}

/// The fields of a line of CSV. Those with commas are in quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => push(&mut fields, '"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => push(&mut fields, letter),
        }
    }
    fields
}

fn push(fields: &mut [String], letter: char) {
    fields.last_mut().expect("there is always one").push(letter);
}
