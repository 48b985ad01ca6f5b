//! Drawings that follow the reader's choice of a light or a dark page.

use std::fmt::{Arguments, Write};

/// The colours of the series, which also differ in lightness, on a light and on a dark page.
const STYLE: &str = "\
text { font: 14px system-ui, sans-serif; fill: #24292f }
.n { font-size: 12px; fill: #57606a } .g { stroke: #d0d7de } .l { fill: none; stroke-width: 2 }
.c0 { fill: #b3261e; stroke: #b3261e } .c1 { fill: #1f5fa8; stroke: #1f5fa8 }
.c2 { fill: #c77d00; stroke: #c77d00 } .c3 { fill: #7a8794; stroke: #7a8794 }
.c4 { fill: #2d7d46; stroke: #2d7d46 } .c5 { fill: #7b4fa3; stroke: #7b4fa3 }
text.c0, text.c1, text.c2, text.c3, text.c4, text.c5 { stroke: none } .l { fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .n { fill: #9da7b1 } .g { stroke: #30363d }
  .c0 { fill: #ff6b5e; stroke: #ff6b5e } .c1 { fill: #58a6ff; stroke: #58a6ff }
  .c2 { fill: #f2cc60; stroke: #f2cc60 } .c3 { fill: #8b949e; stroke: #8b949e }
  .c4 { fill: #56d364; stroke: #56d364 } .c5 { fill: #d2a8ff; stroke: #d2a8ff }
  .l { fill: none }
}
";

/// A drawing.
pub(super) struct Svg(String);

impl Svg {
    pub(super) const fn new() -> Self {
        Self(String::new())
    }

    /// Adds an element.
    pub(super) fn add(&mut self, element: Arguments<'_>) {
        writeln!(self.0, "{element}").expect("a string takes all text");
    }

    /// A text whose first letter is at `x`.
    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.add(format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"));
    }

    /// A text whose last letter ends at `x`.
    pub(super) fn text_before(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{text}</text>"
        ));
    }

    pub(super) fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4]) {
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/>"
        ));
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.add(format_args!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through points, with the mark of the series at each.
    pub(super) fn series(&mut self, place: usize, points: &[(f64, f64)]) {
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.add(format_args!("<polyline class=\"c{place} l\" points=\"{}\"/>", path.join(" ")));
        for &(x, y) in points {
            self.mark(place, x, y);
        }
    }

    /// A mark whose shape tells the series as well as its colour does.
    fn mark(&mut self, place: usize, x: f64, y: f64) {
        let corners: &[(f64, f64)] = match place {
            0 => {
                return self.add(format_args!(
                    "<circle class=\"c0\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>"
                ));
            }
            1 => &[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)],
            2 => &[(0.0, -5.0), (5.0, 4.0), (-5.0, 4.0)],
            3 => &[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)],
            4 => &[(0.0, 5.0), (5.0, -4.0), (-5.0, -4.0)],
            _ => &[(-5.0, -1.5), (5.0, -1.5), (5.0, 1.5), (-5.0, 1.5)],
        };
        let points: Vec<String> =
            corners.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
        self.add(format_args!("<polygon class=\"c{place}\" points=\"{}\"/>", points.join(" ")));
    }

    /// The whole file.
    pub(super) fn finish(self, title: &str, width: f64, height: f64) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{title}</title>\n\
             <style>\n{STYLE}</style>\n{}</svg>\n",
            self.0
        )
    }
}
