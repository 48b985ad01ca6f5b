//! The order in which tasks acquire locks: a warning before the first deadlock.

mod graph;
mod held;
mod state;

use std::{
    fmt,
    io::{self, Write},
    panic::Location,
    sync::Arc,
};

pub(crate) use held::{Ask, Held, HeldList};

use crate::{Actor, Kind, Site, opt_in::Part, report::Brief};
use graph::Cycle;

/// Returns the record of the order in which tasks acquire locks and permits.
///
/// Once [started](LockOrder::start), it notes what each named task, and each thread in `block()`,
/// holds when it asks for something else. If one task asks for B while it holds A, and another asks
/// for A while it holds B, the two can deadlock, even if they did not in this run. Such an
/// [`Inversion`] is reported once. So are longer cycles, of at most eight locks.
///
/// - Primitives are told apart by their names. Those without a name are told apart by the place
///   where they were made, so all locks of one line are one, and are not ordered among themselves.
///   [`apart`](LockOrder::apart) changes that.
/// - `try_acquire` does not wait, so it is no request. But what it acquires is held.
/// - If all in a cycle hold one more lock meanwhile, an outer one, they cannot meet, and the cycle
///   is not reported.
/// - Nothing is noted of tasks without a name. A future that a named task polls with another waker
///   (in a `FuturesUnordered`, say) counts only if it is [named](crate::task()) as well.
/// - A task that was seen to acquire something in one branch of a `join!` while another branch
///   waited does not count, and neither do guards of a call site that were released by another
///   task. What is learned later takes an inversion back.
///
/// It costs memory for each pair of names or places, and time for each acquisition; nothing but a
/// relaxed load until it is started.
///
/// ```
/// use awaitlist_diagnostics::lock_order;
///
/// // At the start of a program, or of its tests:
/// lock_order().start().print();
/// // At the end of a test:
/// lock_order().assert_none();
/// ```
pub const fn lock_order() -> LockOrder {
    LockOrder(())
}

/// The record of the order in which tasks acquire locks, made by [`lock_order`]. A process has one.
#[derive(Clone, Copy, Debug)]
pub struct LockOrder(());

impl LockOrder {
    /// Starts to record. What is held already is not noted.
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn start(self) -> Self {
        Part::LockOrder.start();
        self
    }

    /// Stops. What was recorded is kept.
    pub fn stop(self) {
        Part::LockOrder.stop();
    }

    /// Returns whether it is started.
    pub fn is_started(self) -> bool {
        Part::LockOrder.is_started()
    }

    /// Prints each inversion that is found from now on to standard error.
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn print(self) -> Self {
        self.on_inversion(|inversion| {
            let _ = writeln!(io::stderr(), "{inversion}\n");
        })
    }

    /// Passes each inversion that is found from now on to `report`, instead of to what was set
    /// before. It is called by the task that completes the inversion, in the poll in which the task
    /// asks for the permits. If it panics, the panic is caught.
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn on_inversion(self, report: impl Fn(&Inversion) + Send + Sync + 'static) -> Self {
        state::set_report(Arc::new(report));
        self
    }

    /// Tells the primitives apart of which `filter` returns true, also if they have one name or
    /// were made at one place. Then their order counts: of two accounts, for example, whose locks
    /// have to be acquired in the order of the accounts' numbers.
    ///
    /// `filter` is called once for each name and each place. If it panics, the panic is caught, and
    /// the primitives count as one. What was recorded before is forgotten.
    ///
    /// ```
    /// use awaitlist_diagnostics::lock_order;
    ///
    /// lock_order().apart(|site| site.name.as_deref() == Some("account")).start();
    /// ```
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn apart(self, filter: impl Fn(&Site) -> bool + Send + Sync + 'static) -> Self {
        state::set_filter(Arc::new(filter));
        self
    }

    /// Forgets what was recorded.
    pub fn clear(self) {
        state::clear();
    }

    /// Returns the inversions that were found, but for those that what was seen later speaks
    /// against.
    pub fn inversions(self) -> Vec<Inversion> {
        let is_credible = |cycle: &&Cycle| cycle.iter().all(|witness| witness.is_credible());
        let found = state::read(|state| state.cycles.clone()).unwrap_or_default();
        found.iter().filter(is_credible).map(Inversion::of).collect()
    }

    /// Fails a test if an inversion was found.
    ///
    /// The record is of the whole process, so it covers all tests that have run in it so far.
    ///
    /// # Panics
    ///
    /// Panics if there is an inversion, with the whole of it; and if the record was not started.
    #[track_caller]
    pub fn assert_none(self) {
        let found = self.inversions();
        assert!(
            self.is_started() || !found.is_empty(),
            "the lock order is not recorded: call `lock_order().start()` before the program runs"
        );
        assert!(found.is_empty(), "{}", Found(&found));
    }
}

/// What [`LockOrder::assert_none`] says.
struct Found<'a>(&'a [Inversion]);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(found) = self;
        let plural = if found.len() == 1 { "" } else { "s" };
        write!(f, "{} lock order inversion{plural}", found.len())?;
        found.iter().try_for_each(|inversion| write!(f, "\n\n{inversion}"))
    }
}

/// Locks that were acquired in orders that do not agree: a deadlock that has not happened yet.
///
/// It says that tasks did each of these steps at some time, not that they can do so at the same
/// time. A program that runs them one after the other never deadlocks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inversion {
    /// Its steps. Each asks for what the next one holds, and the last for what the first holds: the
    /// same primitive, or one of the same name, or made at the same place.
    pub steps: Vec<OrderStep>,
}

/// A request, made by a task that held something else.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OrderStep {
    /// The task or thread.
    pub who: Actor,
    /// What it held.
    pub held: Site,
    /// Where it had acquired that.
    pub held_at: &'static Location<'static>,
    /// What it asked for.
    pub asked: Site,
    /// Where.
    pub asked_at: &'static Location<'static>,
}

impl Inversion {
    fn of(cycle: &Cycle) -> Self {
        let step = |witness: &Arc<graph::Witness>| OrderStep {
            who: witness.who.clone(),
            held: witness.held.clone(),
            held_at: witness.held_at,
            asked: witness.asked.clone(),
            asked_at: witness.asked_at,
        };
        Self { steps: cycle.iter().map(step).collect() }
    }

    /// Returns whether one task or thread did all of it. It does not deadlock with itself, but two
    /// tasks that do the same can.
    pub fn is_of_one(&self) -> bool {
        self.steps.windows(2).all(|steps| steps[0].who == steps[1].who)
    }
}

/// Each step with its task and its two places.
impl fmt::Display for Inversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "LOCK ORDER: these can deadlock, if each gets the first and then waits for the second",
        )?;
        for OrderStep { who, held, held_at, asked, asked_at } in &self.steps {
            write!(f, "\n    {who} held {}, acquired at {held_at},", Brief(held))?;
            write!(f, "\n      and asked for {} at {asked_at}", Brief(asked))?;
        }
        let mut pools: Vec<&Site> = Vec::new();
        for OrderStep { held, .. } in &self.steps {
            if held.kind != Kind::Lock && !pools.iter().any(|pool| pool.id == held.id) {
                pools.push(held);
                write!(f, "\n    provided that no permit of {} is left", Brief(held))?;
            }
        }
        if self.is_of_one() {
            f.write_str("\n    provided that two tasks do what this one did")?;
        }
        f.write_str("\n  see docs/hangs.md#a-warning-before-the-first-hang")
    }
}
