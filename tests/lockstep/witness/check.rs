//! The invariants.

use super::{Seen, Verdict, Witness, ensure};
use crate::lockstep::{
    command::{Command, Family, LineId, LockId, SemaphoreId, Wait, Woken},
    subject::Primitives,
};
use awaitlist::semaphore::MAX_PERMITS;

impl Witness {
    /// The invariants of a family.
    pub(in crate::lockstep) fn check(&self, family: Family, now: &Primitives) -> Verdict {
        for &line in family.lines() {
            match line {
                LineId::Lock(lock) => self.check_lock(lock, now)?,
                LineId::Semaphore(semaphore) => self.check_semaphore(semaphore, now)?,
                LineId::Event => {
                    let asleep = self.line(line).any(|future| !future.awake);
                    ensure(!(now.is_set() && asleep), || {
                        "the event is set, and somebody sleeps".to_owned()
                    })?;
                }
                LineId::Condition(_) => {}
                LineId::Barrier => {
                    // Of those who wait it tells only a part.
                    let inside = now.waiters(line);
                    return ensure(inside < self.setup.parties, || {
                        format!("{inside} wait at the barrier")
                    });
                }
            }
            let (expected, seen) = (self.line(line).count(), now.waiters(line));
            ensure(expected == seen, || {
                format!("{expected} wait at {line:?}, which says {seen}")
            })?;
        }
        Ok(())
    }

    fn check_lock(&self, lock: LockId, now: &Primitives) -> Verdict {
        let guards = self.guards.iter().filter(|guard| guard.1 == lock).count();
        // A wait that was not polled yet has the hold of its guard.
        let not_begun = self.futures.iter().filter(|future| {
            let on = matches!(future.wait, Wait::Condition(on, ..) if on.lock() == lock);
            on && future.line.is_none()
        });
        let holders = guards + not_begun.count() + usize::from(self.forgotten[lock as usize]);
        let line = LineId::Lock(lock);
        let locked = now.locked(line);
        ensure(holders == usize::from(locked), || {
            format!("{holders} hold {lock:?}; locked: {locked}")
        })?;
        let waiting = self.line(line).count();
        let awake = self.line(line).filter(|future| future.awake).count();
        let designated = usize::from(!locked && waiting > 0);
        ensure(awake == designated, || {
            format!("{lock:?}; locked: {locked}, {waiting} wait, {awake} awake")
        })
    }

    fn check_semaphore(&self, of: SemaphoreId, now: &Primitives) -> Verdict {
        let line = LineId::Semaphore(of);
        let value = now.value(of);
        let awake = self.line(line).any(|future| future.awake);
        let next = self.line(line).find(|future| !future.awake);
        let need = next.map(Seen::need);
        ensure(awake || need.is_none_or(|need| need > value), || {
            format!("the first in line needs {need:?} of {value}, and sleeps")
        })?;
        let bound = self.bound(of);
        ensure(value <= bound, || {
            format!("the value is {value} of {bound}")
        })?;
        let (total, supply) = (self.total(of, now), self.supply[of as usize]);
        ensure(total == supply, || {
            format!("{total} permits in all, which were {supply}")
        })
    }

    fn bound(&self, of: SemaphoreId) -> usize {
        match of {
            SemaphoreId::Plain => MAX_PERMITS,
            SemaphoreId::Bounded => self.setup.bound,
        }
    }

    /// All permits: those to be had, those in somebody's hands, and those granted to one who has not run.
    fn total(&self, of: SemaphoreId, now: &Primitives) -> u128 {
        let held = self.permits.iter().filter(|permit| permit.1 == of);
        let held: u128 = held.map(|&(.., count)| count).sum();
        let granted = self.line(LineId::Semaphore(of));
        let granted = granted.filter(|future| future.awake);
        let granted: u128 = granted.map(|future| future.need() as u128).sum();
        now.value(of) as u128 + held + granted
    }

    /// Lets permits be missing that a drop discarded: where the value was at its bound, before those had theirs whom the
    /// drop woke.
    pub(super) fn discard(
        &mut self,
        family: Family,
        command: Command,
        woken: &[Woken],
        now: &Primitives,
    ) {
        let of = match family {
            Family::Plain => SemaphoreId::Plain,
            _ => SemaphoreId::Bounded,
        };
        let is_new = |future: &&Seen| woken.iter().any(|woken| woken.0 == future.id);
        let granted = self.line(LineId::Semaphore(of)).filter(is_new);
        let granted: usize = granted.map(Seen::need).sum();
        let at_bound = now.value(of) + granted >= self.bound(of);
        if at_bound && matches!(command, Command::LetGo(_) | Command::Abandon(_)) {
            let total = self.total(of, now);
            let supply = &mut self.supply[of as usize];
            *supply = total.min(*supply);
        }
    }
}
