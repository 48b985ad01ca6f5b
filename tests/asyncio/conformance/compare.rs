//! Holds a trace of the crates against one of CPython.
//!
//! Without cancellation ([`Strictness::EveryStep`]) everything must be equal at every step: what
//! was raised and returned, what the tasks logged and in which order, and the state of every
//! primitive.
//!
//! With it ([`Strictness::AtRest`]) a drop takes effect at once and a `CancelledError` one turn
//! later, so the two are held against each other where all tasks sleep: everything that happened
//! since the last rest must be the same in the same order, but for the moment of the cancellations
//! themselves. Two rows of docs/guarantees.md are let off:
//!
//! - a cancelled `Condition.wait` of asyncio acquires the lock again, and wakes another waiter; a
//!   drop does neither. After the first one in a program nothing more is compared.
//! - after a cancelled arrival at a barrier, asyncio's indices can repeat, and the order of return
//!   changes. From then on that barrier's rounds are compared by how many returned and how many
//!   failed with which error.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    program::{Job, Op, Program},
    trace::{Step, Trace},
};

/// How much must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Everything, after each operation.
    EveryStep,
    /// Everything that happened, when all sleep.
    AtRest,
}

/// How much of a program was compared, and found equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compared {
    /// Steps, or rests.
    pub points: usize,
    /// Points that were not compared, being after a cancelled `Condition.wait`.
    pub let_off: usize,
    /// Whether a barrier had a cancelled arrival.
    pub barrier_masked: bool,
}

/// Compares the traces of one program.
///
/// # Errors
///
/// What differs first, in words.
pub fn compare(
    program: &Program,
    theirs: &Trace,
    ours: &Trace,
    strictness: Strictness,
) -> Result<Compared, String> {
    if theirs.steps.len() != ours.steps.len() {
        return Err(format!("{} steps against {}", theirs.steps.len(), ours.steps.len()));
    }
    match strictness {
        Strictness::EveryStep => compare_steps(theirs, ours),
        Strictness::AtRest => compare_rests(program, theirs, ours),
    }
}

fn compare_steps(theirs: &Trace, ours: &Trace) -> Result<Compared, String> {
    for (at, (their, our)) in theirs.steps.iter().zip(&ours.steps).enumerate() {
        let place = format!("step {at}, {}", our.op);
        same(&place, "raised", &their.err, &our.err)?;
        same(&place, "answered", &their.ret, &our.ret)?;
        same(&place, "the tasks said", &their.log, &our.log)?;
        same_looks(&place, their, our)?;
    }
    same("the end", "blocked", &theirs.blocked, &ours.blocked)?;
    Ok(Compared { points: theirs.steps.len(), ..Compared::default() })
}

fn same<T: PartialEq + std::fmt::Debug>(
    place: &str,
    what: &str,
    theirs: &T,
    ours: &T,
) -> Result<(), String> {
    if theirs == ours {
        return Ok(());
    }
    Err(format!("{place}: {what}\n  asyncio   {theirs:?}\n  awaitlist {ours:?}"))
}

/// The keys that both show must be equal. The oracle shows some that only asyncio has, golden
/// traces leave some out.
fn same_looks(place: &str, their: &Step, our: &Step) -> Result<(), String> {
    for (name, looks) in &our.obs {
        let expected = &their.obs[name];
        if expected["repr"].is_null() {
            return Err(format!("{place}: asyncio's trace does not show {name}"));
        }
        for (key, value) in looks.as_object().into_iter().flatten() {
            if let Some(expected) = expected.get(key) {
                same(place, &format!("{name}'s {key}"), expected, value)?;
            }
        }
    }
    Ok(())
}

/// What happened between two rests.
#[derive(Debug, Default, PartialEq)]
struct Segment {
    /// In order.
    said: Vec<Value>,
    /// By rounds that are compared by number only.
    masked: BTreeMap<String, usize>,
    cancelled: BTreeSet<String>,
    raised: Vec<(Value, Value)>,
}

impl Segment {
    fn add(&mut self, step: &Step, masked_task: impl Fn(&str) -> bool) {
        for entry in &step.log {
            let task = entry[0].as_str().unwrap_or_default();
            let (event, value) = (&entry[1], &entry[2]);
            if event == "err"
                && value.as_str().is_some_and(|text| text.starts_with("CancelledError"))
            {
                self.cancelled.insert(task.to_owned());
            } else if masked_task(task) && event != "start" {
                let outcome = value.as_str().unwrap_or("returned").to_owned();
                *self.masked.entry(outcome).or_default() += 1;
            } else {
                self.said.push(entry.clone());
            }
        }
        if let Some(err) = &step.err {
            self.raised.push((step.op.clone(), err.clone()));
        }
    }
}

fn compare_rests(program: &Program, theirs: &Trace, ours: &Trace) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let mut exceptions = Exceptions::default();
    let (mut their_segment, mut our_segment) = (Segment::default(), Segment::default());
    for (at, (their, our)) in theirs.steps.iter().zip(&ours.steps).enumerate() {
        exceptions.before(&program.ops[at].0);
        if exceptions.condition_cancelled {
            compared.let_off += usize::from(our.is_rest());
            exceptions.after(&program.ops[at].0, our);
            continue;
        }
        their_segment.add(their, |task| exceptions.is_masked(task));
        our_segment.add(our, |task| exceptions.is_masked(task));
        exceptions.after(&program.ops[at].0, our);
        if our.is_rest() {
            let place = format!("rest at step {at}");
            same(&place, "since the last rest", &their_segment, &our_segment)?;
            same_looks(&place, their, our)?;
            (their_segment, our_segment) = Default::default();
            compared.points += 1;
        }
    }
    if compared.let_off == 0 {
        same("the end", "blocked", &theirs.blocked, &ours.blocked).or_else(|difference| {
            match exceptions.masked.is_empty() {
                // Which of them returned is asyncio's own affair after a cancelled arrival; how
                // many did, is not.
                false if theirs.blocked.len() == ours.blocked.len() => Ok(()),
                _ => Err(difference),
            }
        })?;
    }
    compared.barrier_masked = !exceptions.masked.is_empty();
    Ok(compared)
}

/// What the program has done that asyncio handles in a way that a drop cannot.
#[derive(Default)]
struct Exceptions {
    jobs: BTreeMap<String, Job>,
    /// Tasks that sleep in a wait for a condition, or at a barrier.
    waiting: BTreeSet<String>,
    condition_cancelled: bool,
    /// Barriers with a cancelled arrival.
    masked: BTreeSet<String>,
}

impl Exceptions {
    fn before(&mut self, op: &Op) {
        match op {
            Op::Spawn(task, job) => {
                self.jobs.insert(task.clone(), job.clone());
            }
            Op::Cancel(task, _) if self.waiting.contains(task) => match &self.jobs[task] {
                Job::BarWait(barrier) => {
                    self.masked.insert(barrier.clone());
                }
                _ => self.condition_cancelled = true,
            },
            _ => {}
        }
    }

    fn after(&mut self, _: &Op, our: &Step) {
        for entry in &our.log {
            let task = entry[0].as_str().unwrap_or_default();
            let begins = match self.jobs.get(task) {
                Some(Job::BarWait(_)) => "start",
                Some(Job::CondWait(_) | Job::CondHold(_) | Job::CondFor(..)) => "acq",
                _ => continue,
            };
            if entry[1] == begins {
                self.waiting.insert(task.to_owned());
            } else if entry[1] != "start" {
                self.waiting.remove(task);
            }
        }
    }

    fn is_masked(&self, task: &str) -> bool {
        matches!(self.jobs.get(task), Some(Job::BarWait(barrier)) if self.masked.contains(barrier))
    }
}
