//! Random tasks that use several primitives at once, on an executor, and are cancelled wherever
//! they are.
//!
//! A [`Workload`] is a list of draws, four bytes each: spawn a task that does one of the [`acts`],
//! give the ready tasks a turn, run until none is ready, poll a task for no reason, drop a task.
//! Tasks hold one thing while they wait for another, give up after some polls, and race one wait
//! against another, whose loser is dropped. Each poll of a task brings another waker.
//!
//! There is no model of the schedule. Tasks check what they can see from inside (no other task has
//! the lock, no more permits are held than there are, indices of a round differ), and the [`world`]
//! is checked whenever all tasks sleep: permits are conserved, each primitive's waiters are the
//! tasks that wait there, and no task waits for what is available. At the end everything is opened
//! (the event set, the barrier aborted, the buffer fed and drained), and then every task must come
//! to its end and leave everything as it was.

mod acts;
mod shaken;
mod world;

use crate::support::executor::{Executor, Task};
use shaken::{Handle, shaken};
use world::World;

/// What one step is drawn from.
pub type Draw = [u8; 4];

/// How many tasks there are at most at a time.
const TASKS: usize = 12;

/// A random load.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The steps.
    pub draws: Vec<Draw>,
}

/// Runs a workload to its end.
///
/// # Errors
///
/// The first invariant that is broken.
pub fn run(workload: &Workload) -> Result<(), String> {
    let world = World::new();
    let executor = Executor::new();
    let mut tasks: Vec<(Task<'_, ()>, Handle)> = Vec::new();
    for &[verb, which, how, much] in &workload.draws {
        tasks.retain(|(task, _)| !task.is_done());
        let chosen = usize::from(which).checked_rem(tasks.len());
        match (verb % 8, chosen) {
            (0..=2, _) if tasks.len() < TASKS => {
                let (handle, act) = shaken(acts::act(&world, verb / 8, how, much));
                tasks.push((executor.spawn(act), handle));
            }
            (3..=4, _) => drop(executor.tick()),
            (5, Some(task)) => tasks[task].1.poke(),
            (6, Some(task)) => drop(tasks.swap_remove(task).0.cancel()),
            (7, _) => {
                executor.settle();
                world.check_at_rest()?;
            }
            _ => {}
        }
        world.check()?;
    }
    // Each time at least one of the tasks that wait for something from outside gets it, and no task
    // waits more than six times.
    for _ in 0..6 * TASKS {
        executor.settle();
        world.check_at_rest()?;
        tasks.retain(|(task, _)| !task.is_done());
        if tasks.is_empty() {
            return world.check_at_the_end();
        }
        world.open();
    }
    let stuck = tasks.len();
    Err(format!("{stuck} never end: {}", world.description()))
}
