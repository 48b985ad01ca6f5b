//! The same colour for the same peer in every chart.

use benches::{harness::Who, peers::Peer};
use plotters::style::RGBColor;

/// What is no data: axes, floors, words.
pub(super) const INK: RGBColor = RGBColor(60, 60, 60);
/// Lines that lead the eye.
pub(super) const RULE: RGBColor = RGBColor(225, 225, 225);

/// The colour of a contender.
pub(super) const fn colour(who: Who) -> RGBColor {
    match who {
        Who::Floor(_) | Who::Bound(_) => RGBColor(150, 150, 150),
        Who::Peer(peer) => match peer {
            Peer::Awaitlist => RGBColor(200, 30, 30),
            Peer::Tokio => RGBColor(31, 119, 180),
            Peer::AsyncLock => RGBColor(255, 152, 40),
            Peer::Asyncband => RGBColor(44, 150, 60),
            Peer::Saa => RGBColor(148, 103, 189),
            Peer::FuturesIntrusive => RGBColor(140, 86, 75),
            Peer::Maitake => RGBColor(227, 119, 194),
            Peer::Performables => RGBColor(23, 170, 190),
            Peer::EventListener => RGBColor(170, 170, 30),
            Peer::Std | Peer::ParkingLot | Peer::Plain => RGBColor(110, 110, 110),
            Peer::Asyncio => RGBColor(20, 20, 20),
        },
    }
}
