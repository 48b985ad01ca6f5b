//! Helpers for tests: an executor, wakers that record calls, and random numbers.

pub mod executor;
mod rng;
pub mod unnamed;
mod wakers;

pub use rng::Rng;
pub use wakers::{Caught, Inline, TestWaker, caught, leak, now, once, poll, waiting};

/// The clock of the diagnostics, which stands still but for what the tests advance it by. A test
/// that looks at time calls this first.
#[cfg(feature = "diagnostics")]
pub fn clock() -> &'static awaitlist::diagnostics::ManualClock {
    use awaitlist::diagnostics::{ManualClock, set_clock};
    use std::sync::Once;

    static CLOCK: ManualClock = ManualClock::new();
    static SET: Once = Once::new();
    SET.call_once(|| set_clock(&CLOCK).expect("the clock is set once"));
    &CLOCK
}

/// Asserts what a primitive prints between its brackets, which is what Python's `repr` prints
/// there.
#[track_caller]
pub fn assert_brackets(primitive: &impl std::fmt::Display, expected: &str) {
    let printed = primitive.to_string();
    let inside = printed.split_once(" [").and_then(|(_, rest)| rest.strip_suffix("]>"));
    assert_eq!(inside, Some(expected), "in {printed}");
}
