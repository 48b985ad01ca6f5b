//! The charts.

mod growth;
mod palette;
mod ratios;

use std::{error::Error, fs, path::Path};

use crate::measure::Measured;

/// Draws all charts into a directory.
pub(crate) fn draw(measured: &Measured, directory: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    ratios::draw(measured, &directory.join("ratios.svg"))?;
    for (row, file) in [
        ("lock/hand-over", "hand-over.svg"),
        ("event/broadcast", "broadcast.svg"),
        ("lock/cancel", "cancel.svg"),
    ] {
        growth::draw(measured, row, &directory.join(file))?;
    }
    Ok(())
}
