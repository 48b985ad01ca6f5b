//! Figures in words and tables.

use benches::{
    harness::{Cell, Who},
    peers::Peer,
    targets::{Verdict, best, ours},
};

/// Three digits of a number, and more only before the point.
pub(crate) fn digits(number: f64) -> String {
    match number {
        n if n < 9.995 => format!("{n:.2}"),
        n if n < 99.95 => format!("{n:.1}"),
        n if n < 9_999.5 => format!("{n:.0}"),
        n => thousands(n.round() as usize),
    }
}

/// `1,000,000`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How a contender is called.
pub(crate) const fn name(who: Who) -> &'static str {
    match who {
        Who::Peer(peer) => peer.name(),
        Who::Floor(name) | Who::Bound(name) => name,
    }
}

/// What is said of a row and size while others are measured.
pub(crate) fn progress(cell: &Cell) -> String {
    let figures: Vec<String> = cell
        .scores
        .iter()
        .map(|score| format!("{} {}", name(score.who), digits(score.ns)))
        .collect();
    let ratio = ratio(cell, |_| true).unwrap_or_default();
    format!(
        "{} {} ×{}: {} | {ratio}",
        cell.row,
        thousands(cell.waiters),
        cell.rounds,
        figures.join(", ")
    )
}

/// Our figure over the best peer's.
pub(crate) fn ratio(cell: &Cell, counts: impl Fn(Peer) -> bool) -> Option<String> {
    let (peer, theirs) = best(cell, counts)?;
    Some(format!("{} of {}", digits(ours(cell)? / theirs), peer.name()))
}

/// A verdict as a sentence.
pub(crate) fn sentence(verdict: &Verdict) -> String {
    let bound = verdict
        .forbidden_by()
        .map(|(name, bound)| format!(" (cannot be met: the {name} alone is {})", digits(bound)));
    format!(
        "{}: {} against {}, at most {}{}",
        verdict.what,
        digits(verdict.figure),
        verdict.against,
        digits(verdict.limit),
        bound.unwrap_or_default()
    )
}
