//! What the peers need, in multiples of what awaitlist needs: one line a row, one dot a peer.

use std::{error::Error, path::Path};

use benches::{
    harness::{Cell, Who},
    peers::Peer,
    targets::ours,
};
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::palette::{INK, RULE, colour};
use crate::{measure::Measured, table};

const WIDTH: u32 = 1230;
/// The height of a line.
const LINE: u32 = 26;
/// Above the lines: the legend. Below them: the axis.
const TOP: u32 = 84;
const BOTTOM: u32 = 44;
/// Left of the dots: the titles.
const LEFT: u32 = 540;
/// Who is further off is drawn at the edge.
const LEAST: f64 = 0.25;
const MOST: f64 = 40.0;
/// Where peers are faster than awaitlist, and where they are slower.
const FASTER: RGBColor = RGBColor(253, 240, 238);
const SLOWER: RGBColor = RGBColor(240, 249, 240);
/// Of a row with several sizes, the largest up to this is shown.
const SHOWN: usize = 10_000;

/// Draws it.
pub(super) fn draw(measured: &Measured, path: &Path) -> Result<(), Box<dyn Error>> {
    let lines: Vec<(String, &Cell)> = measured
        .rows
        .iter()
        .filter_map(|row| {
            let cell =
                measured.cells.iter().rfind(|cell| cell.row == row.id && cell.waiters <= SHOWN)?;
            let n = table::thousands(cell.waiters);
            Some((row.title.replace("*n*", &n), cell))
        })
        .collect();
    let height = TOP + BOTTOM + LINE * u32::try_from(lines.len())?;
    let root = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    legend(&root)?;

    let mut chart = ChartBuilder::on(&root)
        .margin_top(TOP)
        .margin_left(LEFT)
        .margin_right(24)
        .x_label_area_size(BOTTOM)
        .build_cartesian_2d((LEAST..MOST).log_scale(), (lines.len() as f64 - 0.5)..-0.5)?;
    let whole = -0.5..lines.len() as f64 - 0.5;
    for (from, to, shade) in [(LEAST, 1.0, FASTER), (1.0, MOST, SLOWER)] {
        let area = [(from, whole.start), (to, whole.end)];
        chart.draw_series([Rectangle::new(area, shade.filled())])?;
    }
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc("times what awaitlist needs: right of the red line is slower; at the edge is 40 times or more")
        .x_label_formatter(&|ratio| format!("{ratio}×"))
        .bold_line_style(RULE)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(("sans-serif", 15, &INK))
        .draw()?;
    chart.draw_series(LineSeries::new(
        [(1.0, whole.start), (1.0, whole.end)],
        colour(Who::Peer(Peer::Awaitlist)).stroke_width(3),
    ))?;
    for (place, (title, cell)) in lines.iter().enumerate() {
        let y = place as f64;
        let dots = dots(cell);
        let clip = |ratio: f64| ratio.clamp(LEAST, MOST);
        let span = dots.iter().map(|dot| clip(dot.1));
        let (low, high) = span.fold((1.0_f64, 1.0_f64), |(low, high), x| (low.min(x), high.max(x)));
        chart.draw_series(LineSeries::new([(low, y), (high, y)], RULE.stroke_width(2)))?;
        chart.draw_series(dots.iter().map(|&(peer, ratio)| {
            Circle::new((clip(ratio), y), 5, colour(Who::Peer(peer)).filled())
        }))?;
        let (_, middle) = chart.backend_coord(&(1.0, y));
        root.draw(&Text::new(
            title.clone(),
            (i32::try_from(LEFT)? - 12, middle),
            ("sans-serif", 15, &INK)
                .into_text_style(&root)
                .pos(Pos::new(HPos::Right, VPos::Center)),
        ))?;
    }
    root.present()?;
    Ok(())
}

/// The peers of a cell, and how many times our cost each needs. If we need nothing above the floor, there is none.
fn dots(cell: &Cell) -> Vec<(Peer, f64)> {
    let Some(ours) = ours(cell).filter(|ours| *ours > 0.0) else {
        return Vec::new();
    };
    cell.scores
        .iter()
        .filter_map(|score| match score.who {
            Who::Peer(Peer::Awaitlist) | Who::Floor(_) | Who::Bound(_) => None,
            Who::Peer(peer) => Some((peer, cell.counted(score.who)? / ours)),
        })
        .collect()
}

fn legend(
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
) -> Result<(), Box<dyn Error>> {
    let style = ("sans-serif", 15, &INK).into_text_style(root);
    root.draw(&Text::new(
        "Every row: what the peers need, in multiples of what awaitlist needs (the red line)",
        (24, 14),
        ("sans-serif", 20, &INK).into_text_style(root),
    ))?;
    let peers = Peer::CRATES.into_iter().skip(1).chain([Peer::Asyncio]);
    for (place, peer) in peers.enumerate() {
        let x = 30 + 124 * i32::try_from(place)?;
        root.draw(&Circle::new((x, 58), 5, colour(Who::Peer(peer)).filled()))?;
        root.draw(&Text::new(peer.name(), (x + 9, 51), style.clone()))?;
    }
    Ok(())
}
