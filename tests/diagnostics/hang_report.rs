//! What is said of each program of the example `hang_report`. docs/hangs.md shows it.

#[allow(dead_code, reason = "the lock order has tests of its own")]
#[path = "../../crates/awaitlist/examples/hang_report/programs.rs"]
mod programs;

use std::sync::Mutex;

use awaitlist::diagnostics::watch;
use awaitlist_tests::executor::Executor;

use crate::{SECOND, clock, stalls_at};

/// Runs the program with that title until it hangs, and returns what the watch reports of the
/// primitive with that name.
#[track_caller]
fn report(title: &str, name: &str) -> String {
    // The others' primitives have the same names.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock();
    let clock = clock();
    let mut programs = programs::PROGRAMS.iter();
    let program = programs.find(|program| program.title.contains(title)).expect("there is one");
    let executor = Executor::new();
    let tasks: Vec<_> = (program.start)().into_iter().map(|task| executor.spawn(task)).collect();
    executor.settle();
    assert!(tasks.iter().any(|task| !task.is_done()), "it hangs");
    let mut watch = watch(SECOND);
    clock.advance(SECOND);
    let stalls = stalls_at(name, watch.check());
    for task in &tasks {
        task.cancel();
    }
    assert_eq!(stalls.len(), 1, "one cause, one report");
    stalls[0].to_string()
}

/// That a report says all that, in that order; and that docs/hangs.md has its places.
#[track_caller]
fn assert_says(report: &str, parts: &[&str]) {
    for place in report.split_whitespace().filter_map(|word| word.rsplit_once('/')) {
        let place = place.1.trim_end_matches([',', ';']);
        if let Some(("hangs.md", section)) = place.split_once('#') {
            let anchor = |heading: &str| {
                let heading = heading.trim_start_matches(['#', ' ']).to_lowercase();
                heading.replace(' ', "-").replace(|c: char| c != '-' && !c.is_alphanumeric(), "")
            };
            let mut headings = include_str!("../../docs/hangs.md").lines();
            let is_there = headings.any(|line| line.starts_with("## ") && anchor(line) == section);
            assert!(is_there, "docs/hangs.md has no section {section}");
            continue;
        }
        let is_shown = include_str!("../../docs/hangs.md").contains(place);
        assert!(is_shown, "docs/hangs.md does not have {place} of\n{report}");
    }
    let mut rest = report;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("{part:?} is not in its place in\n{report}")
        };
        rest = after;
    }
}

#[test]
fn opposite_order() {
    assert_says(
        &report("opposite order", "checking"),
        &[
            "STALL: task \"withdraw\" has waited ",
            " for Lock \"checking\" #",
            "programs.rs:",
            "DEADLOCK: none of these can go on; there is no evidence to the contrary in this run",
            "task \"withdraw\" waits at ",
            " for Lock \"checking\" #",
            "which task \"deposit\" acquired at ",
            "task \"deposit\" waits at ",
            " for Lock \"savings\" #",
            "which task \"withdraw\" acquired at ",
            "assumed:",
            "guards are where they were acquired, ",
        ],
    );
}

#[test]
fn itself() {
    assert_says(
        &report("that it holds", "cache"),
        &[
            "STALL: task \"refresh\" has waited ",
            " for Lock \"cache\" #",
            "DEADLOCK",
            "task \"refresh\" waits at ",
            "which task \"refresh\" itself acquired at ",
        ],
    );
}

#[test]
fn futurelock() {
    assert_says(
        &report("futurelock", "session"),
        &[
            "STALL: task \"impatient\" has waited ",
            " for Lock \"session\" #",
            "(and 1 more)",
            "WOKEN BUT NOT POLLED (futurelock)",
            "task \"impatient\" was woken ",
            " ago and has not been polled since; it waits at ",
            "programs.rs:",
        ],
    );
}

#[test]
fn leaked_permit() {
    assert_says(
        &report("permit is never given back", "connections"),
        &[
            "STALL: task \"next request\" has waited ",
            " for Semaphore \"connections\" #",
            "LEAKED: these were not released by the tasks that acquired them",
            "held by task \"handler\" for ",
            " (2 permits), acquired at ",
            "programs.rs:",
            ", which has ended since",
        ],
    );
}

#[test]
fn one_short() {
    assert_says(
        &report("one party", "ready"),
        &[
            "STALL: task \"reader\" has waited ",
            " for Barrier \"ready\" #",
            "BARRIER SHORT of 1: 2 of 3 parties have come",
            "1. task \"reader\" waits for ",
            "2. task \"writer\" waits for ",
        ],
    );
}
