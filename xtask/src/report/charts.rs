//! The charts: five operations as bars, and growth with the number of waiters as lines.

use super::{
    results::Results,
    svg::Svg,
    tables::{COLUMNS, digits, thousands},
};
use crate::Failure;

/// The row, the number of waiters, and the words of the chart.
const OPERATIONS: [(&str, &str, &str); 5] = [
    ("lock/uncontended", "1", "Lock: acquire and release"),
    ("lock/hand-over", "1000", "Lock: queue, and be served"),
    ("lock/cancel", "1000", "Lock: cancel a waiter"),
    ("semaphore/uncontended", "1", "Semaphore: acquire and release"),
    ("event/broadcast", "1000", "Event: wait, and be released"),
];

/// The rows whose growth is drawn, the file of each, and its title.
const GROWTH: [(&str, &str, &str); 3] = [
    ("lock/hand-over", "docs/charts/hand-over.svg", "Lock: a waiter, queued and served"),
    ("lock/cancel", "docs/charts/cancel.svg", "Lock: a waiter, cancelled in random order"),
    ("event/broadcast", "docs/charts/broadcast.svg", "Event: a waiter, queued and released"),
];

/// The lines of the growth charts: the crates of the bars, and those closest to awaitlist.
const LINES: [&str; 6] =
    [COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3], "futures-intrusive", "maitake-sync"];

const WIDTH: f64 = 740.0;
const LEFT: f64 = 256.0;
const BAR: f64 = 16.0;
const GAP: f64 = 14.0;

/// The path and the text of each chart.
pub(super) fn all(results: &Results) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut all = vec![("docs/charts/readme.svg", bars(results)?)];
    for (row, path, title) in GROWTH {
        all.push((path, growth(results, row, title)?));
    }
    Ok(all)
}

fn bars(results: &Results) -> Result<String, Failure> {
    let mut groups = Vec::new();
    for (row, n, words) in OPERATIONS {
        let bar = |(place, name)| Some((place, results.ns(row, n, name)?));
        let bars: Vec<(usize, f64)> = COLUMNS.into_iter().enumerate().filter_map(bar).collect();
        if bars.is_empty() {
            return Err(format!("there are no figures of {row} with {n} waiters"));
        }
        groups.push((words, bars));
    }
    let most = groups.iter().flat_map(|(_, bars)| bars).map(|bar| bar.1).fold(1.0, f64::max);
    let mut svg = Svg::new();
    for (place, name) in COLUMNS.iter().enumerate() {
        let x = LEFT + place as f64 * 112.0;
        svg.rect(&format!("c{place}"), [x, 12.0, 12.0, 12.0]);
        svg.text(x + 18.0, 22.0, "", name);
    }
    let mut y = 40.0;
    for (words, bars) in groups {
        svg.text_before(LEFT - 12.0, y + bars.len() as f64 * BAR / 2.0 + 5.0, "", words);
        for (place, ns) in bars {
            let width = (ns / most * (WIDTH - LEFT - 60.0)).max(1.0);
            svg.rect(&format!("c{place}"), [LEFT, y, width, BAR - 3.0]);
            svg.text(LEFT + width + 6.0, y + 11.0, "n", &digits(ns));
            y += BAR;
        }
        y += GAP;
    }
    svg.text(LEFT, y + 8.0, "n", &caption(results, "nanoseconds"));
    let title =
        "Nanoseconds of five operations, for awaitlist, tokio::sync, async-lock and asyncband";
    Ok(svg.finish(title, WIDTH, y + 20.0))
}

fn caption(results: &Results, what: &str) -> String {
    let about = |figure| results.about(figure).unwrap_or("unknown");
    format!("{what}, lower is better; {}, {}", about("machine"), about("date"))
}

/// Where the axes of a growth chart are, and what they show.
struct Axes {
    waiters: (f64, f64),
    ns: (f64, f64),
}

const HEIGHT: f64 = 400.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = HEIGHT - 56.0;
const FROM: f64 = 70.0;
const TO: f64 = WIDTH - 150.0;

impl Axes {
    fn x(&self, waiters: f64) -> f64 {
        FROM + (TO - FROM) * share(waiters, self.waiters)
    }

    fn y(&self, ns: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * share(ns, self.ns)
    }
}

/// Where a value lies between two others on a logarithmic scale: 0 to 1.
fn share(value: f64, (least, most): (f64, f64)) -> f64 {
    (value / least).ln() / (most / least).ln()
}

/// A line of a growth chart.
struct Growth<'a> {
    /// Its place in [`LINES`].
    place: usize,
    name: &'a str,
    /// Waiters and nanoseconds.
    points: Vec<(f64, f64)>,
}

fn growth(results: &Results, row: &str, title: &str) -> Result<String, Failure> {
    let sizes = results.sizes(row);
    let mut lines = Vec::new();
    for (place, name) in LINES.into_iter().enumerate() {
        let point = |n: &&str| Some((n.parse().ok()?, results.ns(row, n, name)?));
        let points: Vec<(f64, f64)> = sizes.iter().filter_map(point).collect();
        if !points.is_empty() {
            lines.push(Growth { place, name, points });
        }
    }
    let times = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let waiters = || lines.iter().flat_map(|line| &line.points).map(|point| point.0);
    let axes = Axes {
        waiters: (waiters().fold(f64::MAX, f64::min), waiters().fold(1.0, f64::max)),
        ns: (times().fold(f64::MAX, f64::min) * 0.8, times().fold(1.0, f64::max) * 1.2),
    };
    if lines.is_empty() {
        return Err(format!("there are no figures of {row}"));
    }
    let mut svg = Svg::new();
    svg.text(FROM, 22.0, "", title);
    grid(&mut svg, &axes, &sizes);
    for Growth { place, points, .. } in lines.iter().rev() {
        let points: Vec<(f64, f64)> =
            points.iter().map(|&(waiters, ns)| (axes.x(waiters), axes.y(ns))).collect();
        svg.series(*place, &points);
    }
    labels(&mut svg, &axes, &lines);
    let what = "nanoseconds a waiter, both scales logarithmic";
    svg.text(FROM, HEIGHT - 8.0, "n", &caption(results, what));
    Ok(svg.finish(title, WIDTH, HEIGHT))
}

/// Lines at round numbers of nanoseconds, and the numbers of waiters.
fn grid(svg: &mut Svg, axes: &Axes, sizes: &[&str]) {
    let round = (0..9).flat_map(|power| [1.0, 2.0, 5.0].map(|first| first * 10_f64.powi(power)));
    for ns in round.filter(|ns| (axes.ns.0..axes.ns.1).contains(ns)) {
        let y = axes.y(ns);
        svg.line("g", (FROM, y), (TO, y));
        svg.text_before(FROM - 8.0, y + 4.0, "n", &thousands(&format!("{ns:.0}")));
    }
    for n in sizes {
        if let Ok(waiters) = n.parse() {
            let shown = thousands(n);
            svg.text(axes.x(waiters) - 3.5 * shown.len() as f64, BOTTOM + 18.0, "n", &shown);
        }
    }
    svg.text_before(TO, BOTTOM + 34.0, "n", "waiters");
}

/// The name of each line at its end, moved apart where two would cover each other.
fn labels(svg: &mut Svg, axes: &Axes, lines: &[Growth<'_>]) {
    let mut labels: Vec<(f64, usize, &str)> = lines
        .iter()
        .filter_map(|line| Some((axes.y(line.points.last()?.1), line.place, line.name)))
        .collect();
    labels.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut free = 0.0_f64;
    for (y, place, name) in labels {
        let y = y.max(free);
        svg.text(TO + 12.0, y + 5.0, &format!("c{place}"), name);
        free = y + 17.0;
    }
}
