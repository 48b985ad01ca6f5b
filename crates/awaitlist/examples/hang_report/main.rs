//! Five programs that hang, and what the watch says of each.
//!
//! Each runs on a tokio runtime of its own. None of them ever ends, and none tells why; the stall
//! watch does, after a fifth of a second. docs/hangs.md walks through them: symptom, report, cure.
//!
//! ```text
//! cargo run -p awaitlist --features diagnostics --example hang_report
//! ```

mod programs;

use std::time::Duration;

use awaitlist::diagnostics::{self, Stall};
use tokio::runtime::Runtime;

use crate::programs::{PROGRAMS, Program};

/// How long is too long. In a service it would be some seconds.
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
    Ok(stall.expect("a watch that nobody ends goes on until there is a stall"))
}
