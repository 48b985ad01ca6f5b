//! Random schedules, and a reference model that runs each of them beside the crates.
//!
//! A [`Program`] is a list of draws, four bytes each. Each draw becomes a [`Command`](command::Command): a future is made,
//! polled with this waker or that one, dropped in whatever state it is; a guard is dropped, forgotten, mapped; something
//! is released, set, notified, aborted. Two machines do what the command says, and must agree after every one of them:
//!
//! | | |
//! |---|---|
//! | [`reference`] | asyncio's rules and what we promise beyond them (docs/guarantees.md), in plain lists and numbers |
//! | [`subject`] | the crates |
//!
//! What is compared is all that can be seen: the answer (ready with what, pending, refused, panicked), who was woken by
//! which waker in which order, and of each primitive its state, its numbers and what it prints. A [`witness`] watches
//! beside them that knows neither machine's mind: from answers and wakes alone it checks that permits are conserved, that a
//! lock has one holder, that the living are served first come first, and that nobody sleeps while what he needs is free.

mod command;
mod draw;
mod reference;
mod run;
mod schedule;
mod subject;
mod witness;

pub use draw::{Draw, Focus, Program};
pub use run::run;
