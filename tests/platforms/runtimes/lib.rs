//! The examples of docs/runtimes.md, which compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/runtimes.md")]
struct Runtimes;
