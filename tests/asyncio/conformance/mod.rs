//! Conformance to CPython: runs the oracle's programs on the real crates, and compares what is
//! seen.
//!
//! `oracle.py`, beside this file, runs small programs on asyncio and writes traces: what each step
//! of a program did, and how every primitive looked after it. [`run`] does the same with the crates
//! of this suite, on an executor that steps as asyncio's loop does; [`compare`] holds the two
//! against each other; [`golden`] keeps traces in little space.

pub mod compare;
pub mod golden;
pub mod oracle;
pub mod program;
pub mod run;
mod tasks;
pub mod trace;
mod world;
