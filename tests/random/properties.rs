//! Properties: random programs, run on the crates and on the reference model of
//! [`awaitlist_tests::lockstep`], which must agree after every step; and each of the invariants on
//! its own.
//!
//! `PROPTEST_CASES` says how many programs each property tries. A program that fails is made
//! smaller first, then printed as a script, and the seed that found it is added to
//! `tests/random/proptest-regressions/properties.txt`, from where it is tried before all others
//! from then on: commit that file.

use awaitlist_tests::{
    lockstep::{self, Focus, Program, Rule},
    workload::{self, Workload},
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use std::env;

/// `cases`, unless `PROPTEST_CASES` says another number.
fn config(cases: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/random/proptest-regressions/properties.txt"
    ))));
    if env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_none() {
        config.max_shrink_iters = 100_000;
    }
    config
}

fn programs(focus: Focus) -> impl Strategy<Value = Program> {
    let draws = prop::collection::vec(any::<[u8; 4]>(), 0..120);
    (any::<[u8; 3]>(), draws).prop_map(move |(setup, draws)| Program { focus, setup, draws })
}

macro_rules! properties {
    ($($name:ident($focus:ident) in $cases:literal cases;)*) => {
        $(proptest! {
            #![proptest_config(config($cases))]

            #[test]
            fn $name(program in programs(Focus::$focus)) {
                let _steps = lockstep::run(&program).map_err(TestCaseError::fail)?;
            }
        })*
    };
}

properties! {
    a_lock(Lock) in 1000 cases;
    a_semaphore(Semaphore) in 1000 cases;
    a_bounded_semaphore(BoundedSemaphore) in 1000 cases;
    an_event(Event) in 1000 cases;
    conditions(Condition) in 1000 cases;
    a_barrier(Barrier) in 1000 cases;
    all_of_them(All) in 1000 cases;
}

/// What shows that the programs reach what we promise beyond asyncio.
#[test]
fn a_reference_without_any_one_of_its_rules_is_noticed() {
    for rule in Rule::ALL {
        let mut programs = (0..10_000).map(Program::of_seed);
        let noticed = programs.any(|program| lockstep::run_without(rule, &program).is_err());
        assert!(noticed, "{rule:?}");
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn tasks_that_use_all_of_them(draws in prop::collection::vec(any::<[u8; 4]>(), 0..200)) {
        workload::run(&Workload { draws }).map_err(TestCaseError::fail)?;
    }
}
