//! Draws the chart of the README from the figures of docs/performance.md.

use std::{fmt::Write, fs};

use crate::{Failure, Outcome, Subcommand, project, run};

pub(crate) const SUBCOMMAND: Subcommand = Subcommand {
    name: "chart",
    arguments: "[--check]",
    about: "Draw the README's chart from docs/performance.md, or check that it is up to date",
    details: "\
Writes docs/charts/readme.svg: five operations, and the crates that most users choose among. It is
readable on a light and on a dark page. Run it after cargo xtask report.",
    run,
};

const PAGE: &str = "docs/performance.md";
const CHART: &str = "docs/charts/readme.svg";

/// The title of a row of the page, the number of waiters, and the words of the chart.
const OPERATIONS: [(&str, &str, &str); 5] = [
    ("Lock: acquire and release", "1", "Lock: acquire and release"),
    ("Lock: queue *n*, then hand it from one to the next", "1,000", "Lock: queue, and be served"),
    ("Lock: drop each of *n* waiters, in random order", "1,000", "Lock: cancel a waiter"),
    ("Semaphore: acquire and release", "1", "Semaphore: acquire and release"),
    ("Event: *n* wait, one sets it, all return", "1,000", "Event: wait, and be released"),
];

/// The columns of the page, in the order of the bars.
const CRATES: [&str; 4] = ["awaitlist", "tokio::sync", "async-lock", "asyncband"];

const WIDTH: usize = 740;
const LEFT: usize = 256;
const BAR: usize = 16;
const GAP: usize = 14;
const TOP: usize = 40;

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let check = match arguments {
        [] => false,
        [check] if check == "--check" => true,
        _ => return Err(SUBCOMMAND.usage()),
    };
    run::timed(&format!("draw {CHART}"), || {
        let page = project::root().join(PAGE);
        let page = fs::read_to_string(page).map_err(|error| format!("{PAGE}: {error}"))?;
        let chart = draw(&page)?;
        let path = project::root().join(CHART);
        if !check {
            return fs::write(path, chart).map_err(|error| format!("{CHART}: {error}"));
        }
        match fs::read_to_string(path) {
            Ok(there) if there == chart => Ok(()),
            _ => Err(format!("{CHART} is out of date: run cargo xtask chart")),
        }
    })
}

fn draw(page: &str) -> Result<String, Failure> {
    let mut groups = Vec::new();
    for (title, waiters, words) in OPERATIONS {
        groups.push((words, figures(page, title, waiters)?));
    }
    let most = groups.iter().flat_map(|(_, bars)| bars).map(|(_, ns, _)| *ns).fold(1.0, f64::max);
    let room = (WIDTH - LEFT - 60) as f64;
    let (mut bars, mut y) = (String::new(), TOP);
    for (words, figures) in &groups {
        let middle = y + figures.len() * BAR / 2 + 5;
        add(
            &mut bars,
            format_args!(
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{words}</text>\n",
                LEFT - 12
            ),
        );
        for (place, ns, shown) in figures {
            let width = (ns / most * room).max(1.0);
            add(
                &mut bars,
                format_args!(
                    "<rect class=\"c{place}\" x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\"/>\
                     <text class=\"n\" x=\"{:.1}\" y=\"{}\">{shown}</text>\n",
                    BAR - 3,
                    LEFT as f64 + width + 6.0,
                    y + 11
                ),
            );
            y += BAR;
        }
        y += GAP;
    }
    let mut legend = String::new();
    for (place, name) in CRATES.iter().enumerate() {
        let x = LEFT + place * 112;
        add(
            &mut legend,
            format_args!(
                "<rect class=\"c{place}\" x=\"{x}\" y=\"12\" width=\"12\" height=\"12\"/>\
                 <text x=\"{}\" y=\"22\">{name}</text>\n",
                x + 18
            ),
        );
    }
    let caption = y + 8;
    let date = cell_beside(page, "date").unwrap_or("an unknown date");
    let height = caption + 12;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>Nanoseconds of five operations, for awaitlist, tokio::sync, async-lock and asyncband</title>\n\
         <style>\n{STYLE}</style>\n{legend}{bars}\
         <text class=\"n\" x=\"{LEFT}\" y=\"{caption}\">nanoseconds, lower is better; one run of {date}</text>\n</svg>\n"
    ))
}

/// Colours that also differ in lightness, for a light and for a dark page.
const STYLE: &str = "\
text { font: 14px system-ui, sans-serif; fill: #24292f }
.n { font-size: 12px; fill: #57606a }
.c0 { fill: #b3261e } .c1 { fill: #1f5fa8 } .c2 { fill: #e3a008 } .c3 { fill: #7a8794 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .n { fill: #9da7b1 }
  .c0 { fill: #ff6b5e } .c1 { fill: #58a6ff } .c2 { fill: #f2cc60 } .c3 { fill: #8b949e }
}
";

/// The figures of a row: the place of the crate in [`CRATES`], its nanoseconds, and these as the
/// page shows them.
fn figures(page: &str, title: &str, waiters: &str) -> Result<Vec<(usize, f64, String)>, Failure> {
    let (mut header, mut current) = (Vec::new(), "");
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            [_, "*n*", ..] => header = cells,
            [name, n, ..] => {
                current = if name.is_empty() { current } else { name };
                if current != title || n != waiters {
                    continue;
                }
                let figure = |(place, name): (usize, &&str)| {
                    let column = header.iter().position(|column| column == name)?;
                    let shown = cells.get(column)?.trim_matches('*');
                    let ns = shown.replace(',', "").parse().ok()?;
                    Some((place, ns, shown.to_owned()))
                };
                return Ok(CRATES.iter().enumerate().filter_map(figure).collect());
            }
            _ => {}
        }
    }
    Err(format!("{PAGE} has no row `{title}` with {waiters} waiters"))
}

/// The second cell of the row that begins with `name`.
fn cell_beside<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let rows = page.lines().filter_map(|line| line.strip_prefix('|')?.split_once('|'));
    let mut rows = rows.filter(|(first, _)| first.trim() == name);
    Some(rows.next()?.1.trim_matches(['|', ' ']))
}

fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes all text");
}
