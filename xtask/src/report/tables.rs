//! The tables of the page.

use super::results::{Line, Results};

/// The contender that the others are compared with.
pub(super) const OURS: &str = "awaitlist";
/// The crates with a column of their own: those that most users choose among.
pub(super) const COLUMNS: [&str; 4] = [OURS, "tokio::sync", "async-lock", "asyncband"];
const ASYNCIO: &str = "asyncio";
/// A difference that is called none.
const NOISE: f64 = 1.03;

/// How awaitlist compares with the best of the others in one row and size.
pub(super) struct Comparison<'a> {
    row: &'a str,
    n: &'a str,
    best: &'a str,
    /// Its time divided by the best of the others: below 1, it is faster.
    ratio: f64,
}

impl<'a> Comparison<'a> {
    /// Compares with all others that `counts` accepts.
    fn new(
        results: &'a Results,
        row: &'a str,
        n: &'a str,
        counts: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let ours = results.counted(row, n, OURS)?;
        let others = results.contenders(row, n).into_iter().filter(|name| *name != OURS);
        let times = others
            .filter(|name| counts(name))
            .filter_map(|name| Some((name, results.counted(row, n, name)?)));
        let (best, theirs) = times.min_by(|left, right| left.1.total_cmp(&right.1))?;
        Some(Self { row, n, best, ratio: ours / theirs })
    }

    pub(super) fn is_behind(&self) -> bool {
        self.ratio > NOISE
    }
}

/// All rows and sizes, each compared with the best of those that `counts` accepts.
pub(super) fn comparisons(results: &Results, counts: impl Fn(&str) -> bool) -> Vec<Comparison<'_>> {
    let mut all = Vec::new();
    for row in results.rows("time") {
        for n in results.sizes(row) {
            all.extend(Comparison::new(results, row, n, &counts));
        }
    }
    all
}

/// The rows in which awaitlist is behind, the worst first.
pub(super) fn behind(results: &Results) -> String {
    let mut rows = vec![["operation", "*n*", OURS, "the best", "ratio"].map(String::from).to_vec()];
    let mut behind = comparisons(results, |_| true);
    behind.retain(Comparison::is_behind);
    behind.sort_by(|left, right| right.ratio.total_cmp(&left.ratio));
    for Comparison { row, n, best, ratio } in behind {
        let ns = |name| results.ns(row, n, name).map(digits).unwrap_or_default();
        rows.push(vec![
            results.title(row).to_owned(),
            thousands(n),
            ns(OURS),
            format!("{} {}", marked(results, best), ns(best)),
            digits(ratio),
        ]);
    }
    markdown(&rows)
}

/// The rows of one primitive, a line for each size.
pub(super) fn times(results: &Results, primitive: &str) -> String {
    let mut head = vec![String::new(), "*n*".to_owned()];
    head.extend(COLUMNS.map(|name| marked(results, name)));
    head.extend(["best of the others", ASYNCIO, "ratio to the best"].map(String::from));
    let mut rows = vec![head];
    let is_own = |row: &&str| row.split('/').next() == Some(primitive);
    for row in results.rows("time").into_iter().filter(is_own) {
        for (place, n) in results.sizes(row).into_iter().enumerate() {
            let title = if place == 0 { results.title(row) } else { "" };
            rows.push(line(results, row, n, title));
        }
    }
    markdown(&rows)
}

fn line(results: &Results, row: &str, n: &str, title: &str) -> Vec<String> {
    let ns = |name: &str| results.ns(row, n, name).map(digits).unwrap_or_default();
    let mut line = vec![title.to_owned(), thousands(n)];
    line.extend(COLUMNS.map(|name| match ns(name) {
        figure if name == OURS => format!("**{figure}**"),
        figure => figure,
    }));
    let others = results.contenders(row, n).into_iter();
    let others = others.filter(|name| !COLUMNS.contains(name) && *name != ASYNCIO);
    let best = others
        .filter_map(|name| Some((name, results.ns(row, n, name)?)))
        .min_by(|left, right| left.1.total_cmp(&right.1));
    line.push(best.map_or_else(String::new, |(name, ns)| {
        format!("{} {}", marked(results, name), digits(ns))
    }));
    line.push(ns(ASYNCIO));
    let comparison = Comparison::new(results, row, n, |_| true);
    line.push(comparison.map_or_else(String::new, |comparison| digits(comparison.ratio)));
    line
}

/// A line for each contender of each scenario.
pub(super) fn waits(results: &Results) -> String {
    let figures = ["acquire", "unevenness", "median", "p99", "longest"];
    let head = ["", "", "an acquire", "most / least served", "median wait", "p99", "longest"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for row in results.rows("wait") {
        let mut title = results.title(row);
        for contender in results.contenders_of("wait", Some(row)) {
            let name =
                if contender == OURS { format!("**{OURS}**") } else { marked(results, contender) };
            let mut line = vec![std::mem::take(&mut title).to_owned(), name];
            line.extend(figures.map(|figure| {
                results.number("wait", row, contender, figure).map(digits).unwrap_or_default()
            }));
            rows.push(line);
        }
    }
    markdown(&rows)
}

/// A line for each crate and a column for each primitive, with the figures joined by slashes.
pub(super) fn by_crate(results: &Results, section: &str, figures: &[&str]) -> String {
    let primitives = results.rows(section);
    let mut head = vec![String::new()];
    head.extend(primitives.iter().map(|primitive| (*primitive).to_owned()));
    let mut rows = vec![head];
    for name in results.contenders_of(section, None) {
        let mut row = vec![name.to_owned()];
        row.extend(primitives.iter().map(|primitive| {
            let values = figures.iter().filter_map(|figure| {
                results.number(section, primitive, name, figure).map(whole_or_digits)
            });
            values.collect::<Vec<_>>().join(" / ")
        }));
        rows.push(row);
    }
    markdown(&rows)
}

pub(super) fn diagnostics(results: &Results) -> String {
    let mut rows = vec![["", "without", "with", "ratio"].map(String::from).to_vec()];
    // Files from before these were measured do not have them.
    let parts = ["with lock order", "with profile"]
        .into_iter()
        .filter(|part| results.section("diagnostics").any(|line| line.figure == *part));
    let parts: Vec<&str> = parts.collect();
    rows[0].extend(parts.iter().map(|part| (*part).to_owned()));
    for row in results.rows("diagnostics") {
        let value =
            |figure: &str| results.number("diagnostics", row, "", figure).unwrap_or(f64::NAN);
        let (without, with) = (value("without"), value("with"));
        let mut line = vec![results.title(row).to_owned()];
        line.extend([without, with, with / without].map(digits));
        line.extend(parts.iter().map(|part| digits(value(part))));
        rows.push(line);
    }
    markdown(&rows)
}

/// A line for each row of the lock order and the profile, and a column for each mode.
pub(super) fn opt_in(results: &Results) -> String {
    by_figure(results, "opt-in", &["off", "lock order", "profile", "both"])
}

/// A line for each state of a lock, and a column for each build.
pub(super) fn lock_bytes(results: &Results) -> String {
    by_figure(results, "lock bytes", &["without", "with", "with tracing"])
}

/// A line for each row of a section, and a column for each figure. Files from before these were
/// measured do not have them.
fn by_figure(results: &Results, section: &str, figures: &[&str]) -> String {
    let mut head = vec![String::new()];
    head.extend(figures.iter().map(|figure| (*figure).to_owned()));
    let mut rows = vec![head];
    for row in results.rows(section) {
        let value = |figure: &&str| results.number(section, row, "", figure).map(whole_or_digits);
        let mut line = vec![row.to_owned()];
        line.extend(figures.iter().map(|figure| value(figure).unwrap_or_default()));
        rows.push(line);
    }
    match rows.len() {
        1 => String::from("Not measured yet."),
        _ => markdown(&rows),
    }
}

/// The goals of the project, and whether each is met.
pub(super) fn targets(results: &Results) -> (usize, usize, String) {
    let head = ["what", "against", "figure", "at most", ""];
    let mut rows = vec![head.map(String::from).to_vec()];
    let lines: Vec<&Line> = results.section("target").collect();
    let (mut met, mut all) = (0, 0);
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.figure == "figure") {
        let limit = lines.get(place + 1).map_or(f64::NAN, |line| line.number());
        let bound = lines.get(place + 2).filter(|line| line.figure.starts_with("bound: "));
        let is_met = line.number() <= limit;
        met += usize::from(is_met);
        all += 1;
        let verdict = match bound {
            _ if is_met => "met".to_owned(),
            Some(bound) => format!(
                "**missed**: the {} alone is {}",
                bound.figure.trim_start_matches("bound: "),
                digits(bound.number())
            ),
            None => "**missed**".to_owned(),
        };
        let (what, against) = (line.row.clone(), line.contender.clone());
        rows.push(vec![what, against, digits(line.number()), digits(limit), verdict]);
    }
    (met, all, markdown(&rows))
}

/// A name, with an asterisk if it does not promise first come, first served.
fn marked(results: &Results, name: &str) -> String {
    if results.is_fair(name) { name.to_owned() } else { format!("{name}\\*") }
}

/// Three digits of a number, and more only before the point.
pub(super) fn digits(number: f64) -> String {
    match number {
        n if n < 9.995 => format!("{n:.2}"),
        n if n < 99.95 => format!("{n:.1}"),
        n if n < 9_999.5 => format!("{n:.0}"),
        n => thousands(&format!("{n:.0}")),
    }
}

fn whole_or_digits(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { digits(number) }
}

/// `1,000,000`.
pub(super) fn thousands(number: &str) -> String {
    let mut grouped = String::new();
    for (place, digit) in number.chars().enumerate() {
        if place > 0 && (number.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A table of Markdown. The first row is the head.
fn markdown(rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let Some((head, body)) = rows.split_first() else {
        return String::new();
    };
    let mut table = line(head);
    let rule: Vec<String> =
        (0..head.len()).map(|column| if column == 0 { "---" } else { "--:" }.to_owned()).collect();
    table += &line(&rule);
    for row in body {
        table += &line(row);
    }
    table.trim_end().to_owned()
}
