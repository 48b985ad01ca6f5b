//! What the tests share: helpers, the reference model, and the runner of asyncio programs.
//!
//! The tests themselves are in `suite.rs`. `CONTRIBUTING.md` says where a new one goes.

#[path = "asyncio/conformance/mod.rs"]
pub mod conformance;
#[path = "random/lockstep/mod.rs"]
pub mod lockstep;
#[cfg(not(awaitlist_loom))]
#[path = "random/soak/mod.rs"]
pub mod soak;
mod support;
#[path = "random/workload/mod.rs"]
pub mod workload;

pub use support::{
    Caught, Inline, Rng, TestWaker, assert_brackets, caught, executor, leak, now, once, poll,
    waiting,
};

#[cfg(doctest)]
#[path = "api/compile_fail.rs"]
mod compile_fail;

/// The examples in the documents compile and run.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../docs/porting.md")]
    struct Porting;

    #[doc = include_str!("../docs/hangs.md")]
    struct Hangs;

    #[doc = include_str!("../docs/beyond-one-process.md")]
    struct BeyondOneProcess;
}
