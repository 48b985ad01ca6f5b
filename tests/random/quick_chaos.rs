//! Chaos in its quick form. The long one is a program: `tests/random/chaos/main.rs`.

use awaitlist_tests::chaos::{Flaw, Outcome, Round, STEPS};

/// Runs rounds until there were so many operations.
fn rounds(operations: u64, round: impl Fn(u64) -> Round) -> Outcome {
    let mut total = Outcome::default();
    for seed in 0.. {
        total.add(round(seed).run());
        assert!(total.found.is_empty(), "seed {seed}: {:#?}", total.found);
        if total.operations >= operations {
            break;
        }
    }
    total
}

#[test]
fn user_code_that_calls_back_and_panics_loses_nothing() {
    let total = rounds(100_000, |seed| Round { threads: 1, steps: STEPS, ..Round::new(seed) });
    assert!(total.panics > 1_000, "{} panics", total.panics);
}

#[test]
fn user_code_that_calls_back_and_panics_on_three_threads_loses_nothing() {
    rounds(30_000, |seed| Round { threads: 3, steps: STEPS / 3, ..Round::new(seed) });
}

/// Whether one of the first rounds finds a flaw, and with which words.
fn finds(flaw: Flaw, words: &str) {
    let mut found = (0..20)
        .flat_map(|seed| Round { threads: 1, flaw: Some(flaw), ..Round::new(seed) }.run().found);
    assert!(found.any(|found| found.contains(words)), "{flaw:?} was not found");
}

#[test]
fn a_lost_wake_up_is_found() {
    finds(Flaw::LosesAWakeUp, "never woken");
}

#[test]
fn a_lost_permit_is_found() {
    finds(Flaw::LosesAPermit, "expected");
}

#[test]
fn a_waker_that_is_kept_is_found() {
    finds(Flaw::KeepsAWaker, "wakers were never dropped");
}
