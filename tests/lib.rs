//! What the tests share.
pub mod conformance;
mod dice;
pub mod fifo;
pub mod lockstep;
mod probe;
pub mod workload;

pub use dice::Dice;
pub use probe::{Caught, Inline, Probe, caught, leak, now, once, poll, waiting};

/// Asserts what a primitive prints between its brackets, which is what Python's `repr` prints there.
#[track_caller]
pub fn assert_brackets(primitive: &impl std::fmt::Display, expected: &str) {
    let printed = primitive.to_string();
    let inside = printed
        .split_once(" [")
        .and_then(|(_, rest)| rest.strip_suffix("]>"));
    assert_eq!(inside, Some(expected), "in {printed}");
}

#[cfg(doctest)]
mod compile_fail;

/// The examples in the documents compile and run.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../docs/porting.md")]
    struct Porting;

    #[doc = include_str!("../docs/hangs.md")]
    struct Hangs;

    #[doc = include_str!("../docs/beyond-one-process.md")]
    struct BeyondOneProcess;
}
