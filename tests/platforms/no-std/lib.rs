//! The six primitives without `std`: a script for each, and the executor that runs them.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

mod executor;
mod scripts;

/// What went well, or what did not.
pub type Outcome = Result<(), &'static str>;

pub use scripts::{SCRIPTS, Script};

/// Ends a script if something is not so.
macro_rules! ensure {
    ($condition:expr, $otherwise:literal) => {
        if !$condition {
            return Err($otherwise);
        }
    };
}
use ensure;

/// Runs futures side by side, in this order to begin with, until all have finished.
macro_rules! run {
    ($($task:expr),+ $(,)?) => {
        $crate::executor::run(&mut [$(Some(core::pin::pin!($task))),+])
    };
}
use run;
