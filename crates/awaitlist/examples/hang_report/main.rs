//! Five programs that hang, and what the watch reports about each.
//!
//! Each runs on a tokio runtime of its own. None of them ends, and none says why; the watch does,
//! after a fifth of a second. docs/hangs.md explains them: symptom, report, fix.
//!
//! ```text
//! cargo run -p awaitlist --features diagnostics --example hang_report
//! ```

mod programs;

use std::time::Duration;

use awaitlist::diagnostics::{self, Stall};
use tokio::runtime::Runtime;

use crate::programs::{PROGRAMS, Program};

/// The threshold of the watch. In a service it would be some seconds.
const THRESHOLD: Duration = Duration::from_millis(200);

fn main() -> std::io::Result<()> {
    for program in PROGRAMS {
        println!("== {}\n", program.title);
        println!("{}\n", hang(program)?);
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
