//! Runs the scripts with next to nothing underneath: two functions of C, or of the host of a
//! WebAssembly module; or a chip. With `std` anywhere in the graph it would not link: there would
//! be two panic handlers.
#![no_std]
#![no_main]

use core::fmt::Write;

use no_std::Script;

#[cfg(target_os = "none")]
#[path = "chip.rs"]
mod below;
#[cfg(not(target_os = "none"))]
#[path = "hosted.rs"]
mod below;
#[cfg(feature = "alloc")]
mod memory;

/// Runs scripts, and says how each went. Returns how many failed.
fn run(output: &mut impl Write, scripts: &[Script]) -> i32 {
    let mut failed = 0;
    for (name, script) in scripts {
        let outcome = script();
        failed += i32::from(outcome.is_err());
        let _ = writeln!(output, "{name}: {}", outcome.err().unwrap_or("ok"));
    }
    failed
}
