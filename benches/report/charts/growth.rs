//! What a waiter costs, from ten to a million.

use std::{error::Error, path::Path};

use benches::harness::Who;
use plotters::prelude::*;

use super::palette::{INK, RULE, colour};
use crate::{measure::Measured, table};

const SIZE: (u32, u32) = (860, 460);
/// The legend's place, right of the chart.
const LEGEND: u32 = 170;

/// Draws one row: a line for each contender, on logarithmic axes.
pub(super) fn draw(measured: &Measured, row: &str, path: &Path) -> Result<(), Box<dyn Error>> {
    let row = measured.rows.iter().find(|known| known.id == row).ok_or("the row was measured")?;
    let lines: Vec<(Who, Vec<(f64, f64)>)> = contenders(measured, row.id)
        .into_iter()
        .map(|who| (who, points(measured, row.id, who)))
        .collect();
    let figures = lines.iter().flat_map(|(_, points)| points).map(|point| point.1);
    let (lowest, highest) =
        figures.fold((f64::MAX, 0.0_f64), |(low, high), ns| (low.min(ns), high.max(ns)));
    let (first, last) = (row.sizes[0] as f64, row.sizes[row.sizes.len() - 1] as f64);

    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(SIZE.0 - LEGEND);
    let mut chart = ChartBuilder::on(&left)
        .caption(row.title.replace('*', ""), ("sans-serif", 20, &INK))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (first..last).log_scale(),
            (lowest * 0.8..highest * 1.25).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("waiters")
        .y_desc(format!("nanoseconds a {}", row.unit))
        .x_label_formatter(&|n| table::thousands(n.round() as usize))
        .y_label_formatter(&|ns| table::thousands(ns.round() as usize))
        .bold_line_style(RULE)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(("sans-serif", 15, &INK))
        .draw()?;
    for (who, points) in lines.iter().rev() {
        let style = line_style(*who);
        chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, style.filled())))?;
    }
    for (place, (who, _)) in lines.iter().enumerate() {
        let y = 60 + 24 * i32::try_from(place)?;
        right.draw(&PathElement::new([(0, y), (22, y)], line_style(*who)))?;
        right.draw(&Circle::new((11, y), 3, line_style(*who).filled()))?;
        right.draw(&Text::new(
            table::name(*who),
            (30, y - 7),
            ("sans-serif", 16, &INK).into_text_style(&right),
        ))?;
    }
    root.present()?;
    Ok(())
}

fn line_style(who: Who) -> ShapeStyle {
    let width = if who == Who::Peer(benches::peers::Peer::Awaitlist) { 4 } else { 2 };
    colour(who).stroke_width(width)
}

/// All who took part at one size at least, in the order of the row.
fn contenders(measured: &Measured, row: &str) -> Vec<Who> {
    let mut all: Vec<Who> = Vec::new();
    for cell in measured.cells.iter().filter(|cell| cell.row == row) {
        for score in &cell.scores {
            if !all.contains(&score.who) {
                all.push(score.who);
            }
        }
    }
    all
}

fn points(measured: &Measured, row: &str, who: Who) -> Vec<(f64, f64)> {
    measured
        .cells
        .iter()
        .filter(|cell| cell.row == row)
        .filter_map(|cell| Some((cell.waiters as f64, cell.ns(who)?)))
        .collect()
}
