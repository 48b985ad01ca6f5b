//! Runs a program on both machines, and compares them after every step.

use super::{
    command::{Family, Machine, Woken},
    draw::{Program, Setup},
    rules::{Rule, Rules},
    schedule::{Done, follow},
    subject::{Primitives, Subject},
    witness::Witness,
};

/// Runs a program on the crates and on the reference model, beside each other. Returns how many
/// steps were compared.
///
/// # Errors
///
/// Where and how they differ, or which invariant is broken.
pub fn run(program: &Program) -> Result<usize, String> {
    compare(program, Rules::ALL)
}

/// The same, with a reference that does not follow one of its rules.
///
/// # Errors
///
/// Where and how they differ, as they should in some programs.
pub fn run_without(rule: Rule, program: &Program) -> Result<usize, String> {
    compare(program, Rules::without(rule))
}

fn compare(program: &Program, rules: Rules) -> Result<usize, String> {
    let setup = Setup::drawn(program.setup);
    let primitives = Primitives::new(setup);
    let mut comparison = Comparison {
        subject: Subject::new(&primitives),
        witness: Witness::new(setup),
        families: Vec::new(),
        steps: 0,
        woken: Vec::new(),
        texts: Default::default(),
    };
    follow(program, rules, |done| {
        let step = comparison.steps;
        comparison.steps += 1;
        let command = done.command;
        let compared = comparison.compare(&done);
        compared.map_err(|difference| format!("step {step}, {command:?}: {difference}"))
    })?;
    Ok(comparison.steps)
}

struct Comparison<'p> {
    subject: Subject<'p>,
    witness: Witness,
    /// Of each future, guard and permit, by its number.
    families: Vec<Family>,
    steps: usize,
    /// Kept for their memory.
    woken: Vec<Woken>,
    texts: [String; 2],
}

impl Comparison<'_> {
    fn compare(&mut self, done: &Done<'_>) -> Result<(), String> {
        self.woken.clear();
        let answer = self.subject.apply(done.command, &mut self.woken);
        same("the answer", done.answer, answer)?;
        same("who was woken", done.woken, &self.woken[..])?;
        let family = done.command.family(|id| self.families[id as usize]);
        if done.command.makes().is_some() {
            self.families.push(family);
        }
        let last = done.reference.futures.is_empty() && done.reference.holdings.is_empty();
        if last {
            // So at the end of the program, if not before, all are compared.
            Family::ALL.into_iter().try_for_each(|family| self.describe(family, done))?;
        } else {
            self.describe(family, done)?;
        }
        same("wakers kept of futures that are gone", 0, self.subject.left_behind)?;
        let primitives = self.subject.primitives;
        self.witness.see(done.command, answer, &self.woken, primitives)
    }

    fn describe(&mut self, family: Family, done: &Done<'_>) -> Result<(), String> {
        let [expected, seen] = &mut self.texts;
        expected.clear();
        done.reference.describe(family, expected);
        seen.clear();
        self.subject.describe(family, seen);
        match expected == seen {
            true => Ok(()),
            false => Err(format!("expected\n{expected}but saw\n{seen}")),
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, seen: T) -> Result<(), String> {
    match expected == seen {
        true => Ok(()),
        false => Err(format!("{what}: expected {expected:?}, saw {seen:?}")),
    }
}
