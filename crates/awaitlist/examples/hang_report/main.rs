//! Five programs that hang, and what the watch reports about each; and one that does not, but can.
//!
//! Each runs on a tokio runtime of its own. None of the five ends, and none says why; the watch
//! does, after a fifth of a second. The last one ends, and the lock order warns of it.
//! docs/hangs.md explains them: symptom, report, fix.
//!
//! ```text
//! cargo run -p awaitlist --features diagnostics --example hang_report
//! ```

mod programs;

use std::time::Duration;

use awaitlist::diagnostics::{self, Inversion, Stall};
use tokio::runtime::Runtime;

use crate::programs::{HEALTHY_SO_FAR, PROGRAMS, Program};

/// The threshold of the watch. In a service it would be some seconds.
const THRESHOLD: Duration = Duration::from_millis(200);

fn main() -> std::io::Result<()> {
    for program in PROGRAMS {
        println!("== {}\n", program.title);
        println!("{}\n", hang(program)?);
    }
    println!("== {}\n", HEALTHY_SO_FAR.title);
    for inversion in warn(&HEALTHY_SO_FAR)? {
        println!("{inversion}");
    }
    Ok(())
}

/// Runs a program until the watch says why it hangs.
fn hang(program: &Program) -> std::io::Result<Stall> {
    let runtime = Runtime::new()?;
    for task in (program.start)() {
        runtime.spawn(task);
    }
    let stall = diagnostics::watch(THRESHOLD).next();
    // Its tasks are dropped, and what they waited for with them.
    runtime.shutdown_timeout(Duration::from_secs(10));
    Ok(stall.expect("the watch runs until there is a stall"))
}

/// Runs a program to its end, and returns what the lock order warns of.
fn warn(program: &Program) -> std::io::Result<Vec<Inversion>> {
    diagnostics::lock_order().start();
    let runtime = Runtime::new()?;
    let tasks: Vec<_> = (program.start)().into_iter().map(|task| runtime.spawn(task)).collect();
    for task in tasks {
        runtime.block_on(task).map_err(std::io::Error::other)?;
    }
    Ok(diagnostics::lock_order().inversions())
}
