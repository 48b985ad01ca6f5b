//! Helpers for tests: an executor, wakers that record calls, and random numbers.

pub mod executor;
mod rng;
mod wakers;

pub use rng::Rng;
pub use wakers::{Caught, Inline, TestWaker, caught, leak, now, once, poll, waiting};

/// Asserts what a primitive prints between its brackets, which is what Python's `repr` prints
/// there.
#[track_caller]
pub fn assert_brackets(primitive: &impl std::fmt::Display, expected: &str) {
    let printed = primitive.to_string();
    let inside = printed.split_once(" [").and_then(|(_, rest)| rest.strip_suffix("]>"));
    assert_eq!(inside, Some(expected), "in {printed}");
}
