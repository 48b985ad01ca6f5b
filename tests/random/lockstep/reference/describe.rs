//! What there is to be seen, as the model has it. `subject` writes the same of the crates.

use super::{
    Reference,
    barrier::{Barrier, Phase},
    condition,
    event::Event,
    semaphore::Semaphore,
};
use crate::lockstep::command::{LineId, SemaphoreId};
use std::fmt::{self, Write};

/// What asyncio prints: `<Lock [locked, waiters:2]>`.
struct Repr<'a> {
    name: &'a str,
    state: &'a str,
    value: Option<usize>,
    waiters: usize,
}

impl fmt::Display for Repr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} [{}", self.name, self.state)?;
        if let Some(value) = self.value {
            write!(f, ", value:{value}")?;
        }
        if self.waiters > 0 {
            write!(f, ", waiters:{}", self.waiters)?;
        }
        f.write_str("]>")
    }
}

const fn lockedness(locked: bool) -> &'static str {
    if locked { "locked" } else { "unlocked" }
}

impl Reference {
    pub(super) fn describe_line(&self, line: LineId, text: &mut String) {
        let written = match line {
            LineId::Lock(lock) => {
                let lock = &self.locks[lock as usize];
                describe_lock("Lock", lock.held(), lock.line.len(), text)
            }
            LineId::Condition(condition) => {
                let held = self.locks[condition.lock() as usize].held();
                let waiters = self.conditions[condition as usize].len();
                describe_lock("Condition", held, waiters, text)
            }
            LineId::Semaphore(SemaphoreId::Plain) => {
                describe_semaphore("Semaphore", &self.semaphores[0], text)
            }
            LineId::Semaphore(SemaphoreId::Bounded) => {
                let bounded = &self.semaphores[1];
                describe_semaphore("BoundedSemaphore", bounded, text)
                    .and_then(|()| writeln!(text, "bound: {}", bounded.bound()))
            }
            LineId::Event => describe_event(&self.event, text),
            LineId::Barrier => describe_barrier(&self.barrier, text),
        };
        written.expect("a text takes all that is written");
    }

    /// Which stops are still there, and how often each was polled.
    pub(super) fn describe_stops(&self, text: &mut String) {
        for future in &self.futures {
            let polls = future.condition.as_ref().and_then(condition::Wait::stop_polls);
            if let Some(polls) = polls {
                writeln!(text, "stop of #{}: polled {polls} times", future.id)
                    .expect("a text takes all that is written");
            }
        }
    }
}

fn describe_lock(name: &str, locked: bool, waiters: usize, text: &mut String) -> fmt::Result {
    let repr = Repr { name, state: lockedness(locked), value: None, waiters };
    writeln!(text, "{repr} locked: {locked}, waiters: {waiters}")
}

fn describe_semaphore(name: &str, semaphore: &Semaphore, text: &mut String) -> fmt::Result {
    let (locked, value) = (semaphore.locked(), semaphore.value());
    let waiters = semaphore.line.len();
    let repr = Repr { name, state: lockedness(locked), value: (!locked).then_some(value), waiters };
    writeln!(text, "{repr} locked: {locked}, value: {value}, waiters: {waiters}")
}

fn describe_event(event: &Event, text: &mut String) -> fmt::Result {
    let (set, waiters) = (event.set, event.line.len());
    let repr =
        Repr { name: "Event", state: if set { "set" } else { "unset" }, value: None, waiters };
    writeln!(text, "{repr} set: {set}, waiters: {waiters}")
}

fn describe_barrier(barrier: &Barrier, text: &mut String) -> fmt::Result {
    let (n_waiting, parties) = (barrier.n_waiting(), barrier.parties);
    let phase = match barrier.phase {
        Phase::Filling => "filling",
        Phase::Draining => "draining",
        Phase::Resetting => "resetting",
        Phase::Broken => "broken",
    };
    let broken = barrier.phase == Phase::Broken;
    match broken {
        true => write!(text, "<Barrier [{phase}]>")?,
        false => write!(text, "<Barrier [{phase}, waiters:{n_waiting}/{parties}]>")?,
    }
    let inside = barrier.inside();
    writeln!(
        text,
        " n_waiting: {n_waiting}, inside: {inside}, broken: {broken}, parties: {parties}"
    )
}
