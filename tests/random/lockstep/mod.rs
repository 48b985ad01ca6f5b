//! Random schedules, and a reference model that runs each of them beside the crates.
//!
//! A [`Program`] is a list of draws, four bytes each. Each draw becomes a
//! [`Command`](command::Command): a future is made, polled with this waker or that one, dropped in
//! whatever state it is; a guard is dropped, forgotten, mapped; something is released, set,
//! notified, aborted. Two machines do what the command says, and must agree after every one of
//! them:
//!
//! | | |
//! |---|---|
//! | [`reference`] | asyncio's rules and what we promise beyond them (docs/guarantees.md), in plain lists and numbers |
//! | [`subject`] | the crates |
//!
//! All that can be seen is compared: the answer (ready with what, pending, refused, panicked),
//! which futures were woken by which waker in which order, and of each primitive its state, its
//! numbers and what it prints. A [`witness`] checks beside them, and knows the state of neither
//! machine: from answers and wakes alone it checks that permits are conserved, that a lock has one
//! holder, that waiters are served first come first, and that none sleeps while what it needs is
//! available.

mod command;
mod draw;
mod reference;
mod rules;
mod run;
mod schedule;
mod subject;
mod witness;

pub use draw::{Draw, Focus, Program};
pub use rules::Rule;
pub use run::{run, run_without};
