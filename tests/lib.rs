//! What the tests share: helpers, the reference model, and the runner of asyncio programs.
//!
//! The tests themselves are in `suite.rs`. `CONTRIBUTING.md` says where a new one goes.

#[cfg(not(awaitlist_loom))]
#[path = "random/chaos/mod.rs"]
pub mod chaos;
#[path = "asyncio/conformance/mod.rs"]
pub mod conformance;
#[path = "random/lockstep/mod.rs"]
pub mod lockstep;
#[cfg(not(awaitlist_loom))]
#[path = "random/soak/mod.rs"]
pub mod soak;
mod support;
// Its implementation is linked because of this.
#[cfg(feature = "critical-section")]
use critical_section as _;
#[path = "random/workload/mod.rs"]
pub mod workload;

#[cfg(feature = "diagnostics")]
pub use support::clock;
pub use support::{
    Caught, Inline, Rng, TestWaker, assert_brackets, caught, executor, leak, now, once, poll,
    unnamed, waiting,
};

#[cfg(doctest)]
#[path = "api/compile_fail.rs"]
mod compile_fail;

/// The examples in the documents compile and run. (Those of docs/runtimes.md do so in
/// tests/platforms/runtimes, where the runtimes are.)
#[cfg(doctest)]
mod documents {
    /// One item for each page, so that a failure names the page.
    macro_rules! pages {
        ($($name:ident: $page:literal,)*) => {$(
            #[doc = include_str!(concat!("../", $page))]
            struct $name;
        )*};
    }

    pages! {
        Readme: "README.md",
        FacadeReadme: "crates/awaitlist/README.md",
        BeyondOneProcess: "docs/beyond-one-process.md",
        Hangs: "docs/hangs.md",
        AdoptingDiagnostics: "docs/guide/adopting-diagnostics.md",
        Blocking: "docs/guide/blocking.md",
        ForeignEventLoop: "docs/guide/foreign-event-loop.md",
        AsyncioDifferences: "docs/guide/from-asyncio/differences.md",
        AsyncioFirstFunction: "docs/guide/from-asyncio/first-function.md",
        IdiomsCleaningUp: "docs/guide/from-asyncio/idioms/cleaning-up.md",
        IdiomsConditions: "docs/guide/from-asyncio/idioms/conditions.md",
        IdiomsEventsAndBarriers: "docs/guide/from-asyncio/idioms/events-and-barriers.md",
        IdiomsHolding: "docs/guide/from-asyncio/idioms/holding.md",
        IdiomsStopping: "docs/guide/from-asyncio/idioms/stopping.md",
        IdiomsTimeouts: "docs/guide/from-asyncio/idioms/timeouts.md",
        AsyncioMistakes: "docs/guide/from-asyncio/mistakes.md",
        AsyncioNoLock: "docs/guide/from-asyncio/no-lock.md",
        ProgramsAcquireRelease: "docs/guide/from-asyncio/programs/acquire_release.md",
        ProgramsBoundedBuffer: "docs/guide/from-asyncio/programs/bounded_buffer.md",
        ProgramsCacheStampede: "docs/guide/from-asyncio/programs/cache_stampede.md",
        ProgramsCallbacks: "docs/guide/from-asyncio/programs/callbacks.md",
        ProgramsConnectionPool: "docs/guide/from-asyncio/programs/connection_pool.md",
        ProgramsEveningShift: "docs/guide/from-asyncio/programs/evening_shift.md",
        ProgramsGracefulShutdown: "docs/guide/from-asyncio/programs/graceful_shutdown.md",
        ProgramsLostUpdate: "docs/guide/from-asyncio/programs/lost_update.md",
        ProgramsPhasedWorkers: "docs/guide/from-asyncio/programs/phased_workers.md",
        ProgramsPrintTheLock: "docs/guide/from-asyncio/programs/print_the_lock.md",
        ProgramsRateLimit: "docs/guide/from-asyncio/programs/rate_limit.md",
        FromTokioSync: "docs/guide/from-tokio-sync.md",
        NotifyFromSyncCode: "docs/guide/notify-from-sync-code.md",
        ReadingWithoutTheLock: "docs/guide/reading-without-the-lock.md",
    }
}
