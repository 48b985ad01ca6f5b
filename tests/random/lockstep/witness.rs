//! Invariants, checked by a witness that knows no rules but them.
//!
//! From the commands, the answers and the wakes, and from the numbers that the primitives show, but
//! not from the reference model:
//!
//! - **Order**: of the waiters in a line, none is woken before one that came earlier and still
//!   waits; a newcomer passes none; and a waiter is ready only when it was woken.
//! - **One holder**: a lock is locked exactly while one guard, or one forgotten hold, or one wait
//!   that has not begun has it; and at most one of its waiters is designated, while it is free.
//! - **Conservation**: the value, the permits held and the permits granted add up to what they
//!   were, except for what was released and forgotten, and by what a bound was changed; some may be
//!   missing only where the value is at its bound, and the value is 0 while too many are out.
//! - **No waiter stranded**: no lock is free, and no semaphore has what the first in line needs,
//!   while there are waiters and none is awake; none sleeps at an event that is set; no barrier is
//!   full.
//! - **Waiters**: each primitive's number is that of the futures that wait there.
//! - **Indices**: those of one round of a barrier are different, below the number of parties, and
//!   in order of arrival.

use super::{
    command::{Answer, Command, ConditionId, Id, LineId, LockId, SemaphoreId, Wait, Woken},
    draw::Setup,
    subject::Primitives,
};
use awaitlist::semaphore::MAX_PERMITS;

/// A future that has not finished.
struct Seen {
    id: Id,
    wait: Wait,
    /// Where it waits. `None`: not polled yet.
    line: Option<LineId>,
    /// When it came there.
    arrival: usize,
    /// Woken since it came, and not polled since.
    awake: bool,
    /// A stop was fired, which may end its wait.
    fired: bool,
}

pub(super) struct Witness {
    setup: Setup,
    futures: Vec<Seen>,
    guards: Vec<(Id, LockId)>,
    forgotten: [bool; 2],
    permits: Vec<(Id, SemaphoreId, i128)>,
    /// How many permits there are, wherever. Negative if more were forgotten than a lowered bound
    /// allows.
    supply: [i128; 2],
    /// The bound of the bounded semaphore.
    bound: usize,
    arrivals: usize,
    /// The indices of the barrier's round, with the times at which their owners arrived.
    round: Vec<(usize, usize)>,
}

type Verdict = Result<(), String>;

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(message()) }
}

impl Witness {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            setup,
            futures: Vec::new(),
            guards: Vec::new(),
            forgotten: [false; 2],
            permits: Vec::new(),
            supply: [setup.value as i128, setup.bound as i128],
            bound: setup.bound,
            arrivals: 0,
            round: Vec::new(),
        }
    }

    /// Takes note of a step, and checks the invariants after it.
    pub(super) fn see(
        &mut self,
        command: Command,
        answer: Answer,
        woken: &[Woken],
        now: &Primitives,
    ) -> Verdict {
        match command {
            Command::Start(id, wait, _) => self.start(id, wait),
            Command::Poll(id, _) => self.arrive(id),
            Command::Cancel(id) => self.futures.retain(|future| future.id != id),
            Command::Fire(id) => {
                self.future(id).fired = true;
                // A stop's waker is the test's own business.
                return self.check(command, &[], now);
            }
            Command::ReleaseForgotten(lock) if answer == Answer::Done => {
                self.forgotten[lock as usize] = false;
            }
            Command::Adopt(_, lock, _) if answer != Answer::Refused => {
                self.forgotten[lock as usize] = false;
            }
            Command::Forget(id) => self.forget(id),
            Command::DropHolding(id) => {
                self.guards.retain(|&(guard, _)| guard != id);
                self.permits.retain(|&(permit, ..)| permit != id);
            }
            Command::Release(of, n) if answer == Answer::Done => {
                self.supply[of as usize] += n as i128;
            }
            Command::TryRelease(n) if answer == Answer::Done => {
                self.supply[SemaphoreId::Plain as usize] += n as i128;
            }
            Command::SetBound(bound) => {
                let difference = bound as i128 - self.bound as i128;
                self.supply[SemaphoreId::Bounded as usize] += difference;
                self.bound = bound;
            }
            Command::Split(_, from, n) if answer != Answer::Refused => {
                self.permit(from).2 -= n as i128;
            }
            Command::Merge(into, from) => {
                let (_, _, count) = *self.permit(from);
                self.permits.retain(|&(permit, ..)| permit != from);
                self.permit(into).2 += count;
            }
            _ => {}
        }
        for &Woken(id, _) in woken {
            self.wake(id)?;
        }
        if let Command::Poll(id, _) = command {
            self.polled(id, answer, now)?;
        }
        self.receive(command, answer);
        self.check(command, woken, now)
    }

    fn future(&mut self, id: Id) -> &mut Seen {
        let mut futures = self.futures.iter_mut();
        futures.find(|future| future.id == id).expect("it is alive")
    }

    fn permit(&mut self, id: Id) -> &mut (Id, SemaphoreId, i128) {
        let mut permits = self.permits.iter_mut();
        permits.find(|permit| permit.0 == id).expect("it is held")
    }

    /// Those in a line, first come first.
    fn line(&self, line: LineId) -> Vec<&Seen> {
        let waiting = self.futures.iter();
        let mut waiting: Vec<_> = waiting.filter(|future| future.line == Some(line)).collect();
        waiting.sort_by_key(|future| future.arrival);
        waiting
    }

    fn start(&mut self, id: Id, wait: Wait) {
        if let Wait::Condition(.., guard) = wait {
            self.guards.retain(|&(held, _)| held != guard);
        }
        self.futures.push(Seen { id, wait, line: None, arrival: 0, awake: false, fired: false });
    }

    /// Puts one at the end of a line.
    fn join(&mut self, id: Id, line: LineId) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let future = self.future(id);
        future.line = Some(line);
        future.arrival = arrival;
        future.awake = false;
    }

    /// A first poll joins the line. If it is ready at once, it leaves it again.
    fn arrive(&mut self, id: Id) {
        let future = self.future(id);
        if future.line.is_none() {
            let line = future.wait.line();
            self.join(id, line);
        }
    }

    fn wake(&mut self, id: Id) -> Verdict {
        let alive = self.futures.iter().any(|future| future.id == id);
        ensure(alive, || format!("#{id} is gone, and was woken"))?;
        let Some(line) = self.future(id).line else {
            return Err(format!("#{id} was never polled, and was woken"));
        };
        let first = self.line(line).into_iter().find(|future| !future.awake);
        let first = first.map(|future| future.id);
        ensure(first == Some(id), || {
            format!("#{id} was woken, though #{first:?} is the first who sleeps")
        })?;
        self.future(id).awake = true;
        Ok(())
    }

    fn polled(&mut self, id: Id, answer: Answer, now: &Primitives) -> Verdict {
        if !answer.is_ready() {
            return self.still_waits(id, now);
        }
        let place = self.futures.iter().position(|future| future.id == id);
        let future = self.futures.remove(place.expect("it is alive"));
        let line = future.line.expect("it has joined");
        // A newcomer has the highest arrival of all, and was in line only in this book.
        let newcomer = future.arrival == self.arrivals && !future.awake;
        let free = self.line(line).is_empty();
        match line {
            LineId::Lock(_) | LineId::Semaphore(_) => {
                ensure(future.awake || (newcomer && free), || {
                    "it got past others, or was not woken".to_owned()
                })
            }
            LineId::Event => ensure(future.awake || newcomer, || "it was not woken".to_owned()),
            LineId::Condition(_) => {
                let asked =
                    matches!(future.wait, Wait::Condition(_, until, _) if until.has_predicate());
                ensure(future.awake || future.fired || (newcomer && asked), || {
                    "it was not notified".to_owned()
                })
            }
            LineId::Barrier => {
                ensure(future.awake || newcomer, || "it was not woken".to_owned())?;
                self.count_off(&future, answer)
            }
        }
    }

    /// One that was polled, and is not ready.
    fn still_waits(&mut self, id: Id, now: &Primitives) -> Verdict {
        let future = self.future(id);
        let (line, awake) = (future.line.expect("it has joined"), future.awake);
        let Wait::Condition(condition, until, _) = future.wait else {
            if awake {
                // Only at the gate of a barrier is there more to wait for.
                ensure(line == LineId::Barrier, || "it was woken for nothing".to_owned())?;
                self.join(id, line);
            }
            return Ok(());
        };
        let (of_condition, of_lock) =
            (LineId::Condition(condition), LineId::Lock(condition.lock()));
        if awake || until.has_stop() {
            // From the one line into the other, or to the end of the same.
            let here = self.line(of_condition).len();
            let others = here - usize::from(line == of_condition);
            if now.waiters(of_condition) > others {
                if awake {
                    self.join(id, of_condition);
                }
            } else if line != of_lock || awake {
                self.join(id, of_lock);
            }
        }
        Ok(())
    }

    fn count_off(&mut self, future: &Seen, answer: Answer) -> Verdict {
        let Answer::Index(index) = answer else {
            return Ok(());
        };
        let parties = self.setup.parties;
        ensure(index < parties, || format!("{index} of {parties}"))?;
        let mut arrival = future.arrival;
        if index + 1 == parties {
            // The arrival that trips the barrier is the first of its round to return, and the last
            // to arrive: it may have been at the gate before.
            self.round.clear();
            self.arrivals += 1;
            arrival = self.arrivals;
        }
        let mut others = self.round.iter();
        let agree =
            others.all(|&(other, its)| index != other && (index < other) == (arrival < its));
        ensure(agree, || format!("index {index} after {:?}", self.round))?;
        self.round.push((index, arrival));
        Ok(())
    }

    /// Keeps what an answer hands over.
    fn receive(&mut self, command: Command, answer: Answer) {
        let made = match command {
            Command::Poll(id, _) => Some(id),
            command => command.makes(),
        };
        let Some(id) = made else { return };
        match answer {
            Answer::Guard(lock)
            | Answer::GuardAndLeft(lock, _)
            | Answer::GuardAndStopped(lock, _) => self.guards.push((id, lock)),
            Answer::Permit(of, count) => self.permits.push((id, of, count as i128)),
            _ => {}
        }
    }

    fn forget(&mut self, id: Id) {
        if let Some(place) = self.guards.iter().position(|guard| guard.0 == id) {
            let (_, lock) = self.guards.remove(place);
            self.forgotten[lock as usize] = true;
        } else {
            let (_, of, count) = *self.permit(id);
            self.permits.retain(|&(permit, ..)| permit != id);
            self.supply[of as usize] -= count;
        }
    }

    fn check(&mut self, command: Command, woken: &[Woken], now: &Primitives) -> Verdict {
        for lock in [LockId::Shared, LockId::Own] {
            self.check_lock(lock, now)?;
        }
        for semaphore in [SemaphoreId::Plain, SemaphoreId::Bounded] {
            self.check_semaphore(semaphore, command, woken, now)?;
        }
        for condition in [ConditionId::Left, ConditionId::Right, ConditionId::Own] {
            self.check_waiters(LineId::Condition(condition), now)?;
        }
        self.check_waiters(LineId::Event, now)?;
        let asleep = self.line(LineId::Event).iter().any(|future| !future.awake);
        ensure(!(now.is_set() && asleep), || "the event is set, and a waiter sleeps".to_owned())?;
        let inside = now.waiters(LineId::Barrier);
        ensure(inside < self.setup.parties, || format!("{inside} wait at the barrier"))
    }

    fn check_waiters(&self, line: LineId, now: &Primitives) -> Verdict {
        let (expected, seen) = (self.line(line).len(), now.waiters(line));
        ensure(expected == seen, || format!("{expected} wait at {line:?}, which says {seen}"))
    }

    fn check_lock(&self, lock: LockId, now: &Primitives) -> Verdict {
        let line = LineId::Lock(lock);
        self.check_waiters(line, now)?;
        let guards = self.guards.iter().filter(|guard| guard.1 == lock).count();
        // A wait that was not polled yet has the hold of its guard.
        let not_begun = self.futures.iter().filter(|future| {
            let on = matches!(future.wait, Wait::Condition(on, ..) if on.lock() == lock);
            on && future.line.is_none()
        });
        let holders = guards + not_begun.count() + usize::from(self.forgotten[lock as usize]);
        let locked = now.locked(line);
        ensure(holders == usize::from(locked), || {
            format!("{holders} hold {lock:?}; locked: {locked}")
        })?;
        let waiting = self.line(line);
        let awake = waiting.iter().filter(|future| future.awake).count();
        ensure(locked || waiting.is_empty() || awake == 1, || {
            format!("{lock:?} is free, {} wait, {awake} awake", waiting.len())
        })?;
        ensure(!locked || awake == 0, || format!("{lock:?} is held, and {awake} were designated"))
    }

    fn check_semaphore(
        &mut self,
        of: SemaphoreId,
        command: Command,
        woken: &[Woken],
        now: &Primitives,
    ) -> Verdict {
        let line = LineId::Semaphore(of);
        self.check_waiters(line, now)?;
        let value = now.value(of);
        let need = |future: &Seen| match future.wait {
            Wait::Permits(_, need) => need,
            _ => 0,
        };
        let waiting = self.line(line);
        let granted = waiting.iter().filter(|future| future.awake);
        let granted: i128 = granted.map(|future| need(future) as i128).sum();
        let awake = waiting.iter().any(|future| future.awake);
        let held = self.permits.iter().filter(|permit| permit.1 == of);
        let held: i128 = held.map(|&(.., count)| count).sum();
        let supply = self.supply[of as usize];
        // What is shown as 0 may be less.
        let available = match value {
            0 => supply.min(held + granted) - held - granted,
            value => value as i128,
        };
        if let (Some(first), false) = (waiting.first(), awake) {
            let need = need(first);
            ensure(need as i128 > available, || {
                format!("#{} needs {need} of {available}, and sleeps", first.id)
            })?;
        }
        let total = available + held + granted;
        let bound = match of {
            SemaphoreId::Plain => MAX_PERMITS,
            SemaphoreId::Bounded => self.bound,
        };
        ensure(value <= bound, || format!("the value is {value} of {bound}"))?;
        // Only a drop discards, and only at the bound: before the waiters that it woke were granted
        // theirs.
        let drops = matches!(command, Command::DropHolding(_) | Command::Cancel(_));
        let just_now =
            waiting.iter().filter(|future| woken.iter().any(|woken| woken.0 == future.id));
        let just_now: usize = just_now.map(|future| need(future)).sum();
        let discarded = drops && value + just_now >= bound && total < supply;
        ensure(total == supply || discarded, || {
            format!("{available} available, {held} held, {granted} granted: not {supply} in all")
        })?;
        self.supply[of as usize] = total;
        Ok(())
    }
}
