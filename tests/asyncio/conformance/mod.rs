//! Conformance to CPython: runs the oracle's programs on the real crates, and compares what is
//! seen.
//!
//! `oracle.py`, beside this file, runs small programs on asyncio and writes traces: what each step
//! of a program did, and the state of every primitive after it. `programs.py` generates the
//! programs. If a program cancels tasks, the oracle runs it on the classes of `model.py`: CPython's
//! own, with the differences that docs/guarantees.md lists, and no other. [`run`] runs the same
//! programs on the crates, with an executor that steps as asyncio's loop does; [`compare`] compares
//! the traces; [`golden`] keeps traces in little space.

pub mod compare;
pub mod golden;
pub mod oracle;
pub mod program;
pub mod run;
mod tasks;
pub mod trace;
mod world;
