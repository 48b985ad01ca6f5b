//! How a program runs: the reference does each step first, which says what there is to draw the
//! next one from.

use super::{
    command::{Answer, Command, Id, LockId, Machine, Woken},
    draw::{Program, Setup, Step, draw},
    reference::Reference,
    rules::Rules,
};
use std::{fmt, mem};

/// What the reference did at a step.
pub(super) struct Done<'a> {
    pub(super) command: Command,
    pub(super) answer: Answer,
    pub(super) woken: &'a [Woken],
    pub(super) reference: &'a Reference,
}

struct Schedule<V> {
    reference: Reference,
    /// The number of the next future, guard or permit.
    next: Id,
    /// The futures that were woken and not polled since, in the order in which they were woken.
    awake: Vec<Id>,
    visit: V,
}

/// Runs a program, and shows each step to `visit`. At its end everything is released: guards and
/// permits are dropped, woken futures run, and then futures that still wait are dropped.
pub(super) fn follow(
    program: &Program,
    rules: Rules,
    visit: impl FnMut(Done<'_>) -> Result<(), String>,
) -> Result<(), String> {
    let mut schedule = Schedule {
        reference: Reference::new(Setup::drawn(program.setup), rules),
        next: 0,
        awake: Vec::new(),
        visit,
    };
    for &bytes in &program.draws {
        match draw(bytes, program.focus, &schedule.reference, schedule.next) {
            Some(Step::Tick(waker)) => schedule.tick(waker)?,
            Some(Step::Begin(command, id, waker)) => {
                schedule.step(command)?;
                schedule.step(Command::Poll(id, waker))?;
            }
            Some(Step::One(command)) => schedule.step(command)?,
            None => {}
        }
    }
    schedule.close()
}

impl<V: FnMut(Done<'_>) -> Result<(), String>> Schedule<V> {
    fn step(&mut self, command: Command) -> Result<(), String> {
        let mut woken = Vec::new();
        let answer = self.reference.apply(command, &mut woken);
        if let Command::Poll(id, _) | Command::Cancel(id) = command {
            self.awake.retain(|&awake| awake != id);
        }
        for &Woken(id, _) in &woken {
            if !self.awake.contains(&id) && self.is_alive(id) {
                self.awake.push(id);
            }
        }
        self.next += u32::from(command.makes().is_some());
        (self.visit)(Done { command, answer, woken: &woken, reference: &self.reference })
    }

    fn is_alive(&self, id: Id) -> bool {
        self.reference.futures.iter().any(|future| future.id == id)
    }

    /// Polls the futures that are awake now.
    fn tick(&mut self, waker: u8) -> Result<(), String> {
        for id in mem::take(&mut self.awake) {
            self.step(Command::Poll(id, waker))?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        for lock in [LockId::Shared, LockId::Own] {
            if self.reference.is_forgotten(lock) {
                self.step(Command::ReleaseForgotten(lock))?;
            }
        }
        loop {
            if !self.awake.is_empty() {
                self.tick(0)?;
            } else if let Some(held) = self.reference.holdings.first() {
                self.step(Command::DropHolding(held.id))?;
            } else if let Some(future) = self.reference.futures.first() {
                self.step(Command::Cancel(future.id))?;
            } else {
                return Ok(());
            }
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}, {:?}", self.focus, Setup::drawn(self.setup))?;
        let mut step = 0;
        let written = follow(self, Rules::ALL, |done| {
            let (command, answer) = (done.command, done.answer);
            write!(f, "{step:3} {command:?}: {answer:?}").map_err(|error| error.to_string())?;
            if !done.woken.is_empty() {
                write!(f, ", wakes {:?}", done.woken).map_err(|error| error.to_string())?;
            }
            step += 1;
            writeln!(f).map_err(|error| error.to_string())
        });
        written.map_err(|_| fmt::Error)
    }
}
