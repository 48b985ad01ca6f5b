//! `docs/cpython-tests.md` is true: it has all of CPython's tests, and every test of ours that it
//! names exists.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../docs/cpython-tests.md");

/// A class of CPython's tests: its section, its module here with the source, and the names without
/// `test_`.
struct Class {
    section: &'static str,
    module: &'static str,
    source: &'static str,
    tests: &'static str,
}

const CLASSES: [Class; 5] = [
    Class {
        section: "Lock",
        module: "lock",
        source: include_str!("lock.rs"),
        tests: "repr lock lock_doesnt_accept_loop_parameter lock_by_with_statement acquire acquire_cancel cancel_race \
            cancel_release_race finished_waiter_cancelled release_not_acquired release_no_waiters context_manager",
    },
    Class {
        section: "Event",
        module: "event",
        source: include_str!("event.rs"),
        tests: "repr wait wait_on_set wait_cancel clear clear_with_waiters",
    },
    Class {
        section: "Condition",
        module: "condition",
        source: include_str!("condition.rs"),
        tests: "wait wait_cancel wait_cancel_contested wait_cancel_after_notify wait_unacquired wait_for \
            wait_for_unacquired notify notify_all notify_unacquired notify_all_unacquired repr context_manager \
            explicit_lock ambiguous_loops timeout_in_block cancelled_error_wakeup cancelled_error_re_aquire \
            cancelled_wakeup cancelled_wakeup_relock",
    },
    Class {
        section: "Semaphore",
        module: "semaphore",
        source: include_str!("semaphore.rs"),
        tests: "initial_value_zero repr semaphore semaphore_value acquire acquire_cancel acquire_cancel_before_awoken \
            acquire_hang acquire_no_hang release_not_acquired release_no_waiters acquire_fifo_order \
            acquire_fifo_order_2 acquire_fifo_order_3 acquire_fifo_order_4",
    },
    Class {
        section: "Barrier",
        module: "barrier",
        source: include_str!("barrier.rs"),
        tests: "barrier repr barrier_parties context_manager filling_one_task filling_one_task_twice \
            filling_task_by_task filling_tasks_wait_twice filling_tasks_check_return_value draining_state \
            blocking_tasks_while_draining filling_tasks_cancel_one reset_barrier reset_barrier_while_tasks_waiting \
            reset_barrier_when_tasks_half_draining reset_barrier_when_tasks_half_draining_half_blocking \
            reset_barrier_while_tasks_waiting_and_waiting_again reset_barrier_while_tasks_draining abort_barrier \
            abort_barrier_when_tasks_half_draining_half_blocking abort_barrier_when_exception \
            abort_barrier_when_exception_then_resetting",
    },
];

/// The rows of a section's table: CPython's test, and what the page says of ours.
fn rows(section: &str) -> Vec<(&'static str, &'static str)> {
    PAGE.lines()
        .skip_while(|line| line.strip_prefix("## ") != Some(section))
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| test_"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [theirs, asserts, ours] = cells[..] else {
                panic!("not three cells: {line}");
            };
            assert!(!asserts.is_empty(), "{theirs} asserts nothing");
            (theirs, ours)
        })
        .collect()
}

/// The names of the tests in a source file.
fn tests_in(source: &'static str) -> BTreeSet<&'static str> {
    source
        .split("\n#[test]\n")
        .skip(1)
        .filter_map(|rest| rest.lines().find_map(|line| line.strip_prefix("fn ")))
        .filter_map(|function| function.strip_suffix("() {"))
        .collect()
}

/// All 75 are there, once and in their sections. Each has its pair under the same name, or the page
/// says why it has none. And there are no tests here that it leaves out.
#[test]
fn the_page_pairs_all_of_cpythons_tests_with_ours() {
    let (mut theirs_in_all, mut ours_in_all, mut typed_in_all) = (0, 0, 0);
    for Class { section, module, source, tests } in CLASSES {
        let rows = rows(section);
        let named: Vec<&str> = rows.iter().map(|(theirs, _)| &theirs[5..]).collect();
        let expected: Vec<&str> = tests.split_whitespace().collect();
        assert_eq!(named, expected, "in {section}");

        let mut paired = BTreeSet::new();
        for (theirs, ours) in rows {
            if let Some(reason) = ours.strip_prefix("not applicable: ") {
                assert!(!reason.is_empty(), "{theirs} has no reason");
                continue;
            }
            let typed = ours.strip_prefix("by the type system, and ");
            typed_in_all += usize::from(typed.is_some());
            let path = typed.unwrap_or(ours);
            assert_eq!(path, format!("`{module}::{theirs}`"));
            paired.insert(theirs);
        }
        assert!(!source.contains("#[ignore"), "in {section}");
        assert_eq!(paired, tests_in(source), "in {section}");
        theirs_in_all += expected.len();
        ours_in_all += paired.len();
    }
    assert_eq!(theirs_in_all, 75);
    let not_applicable = theirs_in_all - ours_in_all;
    for claim in [
        format!("Of those, {ours_in_all} have a test"),
        format!("for {typed_in_all} of them the type system says"),
        format!("{not_applicable} is not applicable."),
    ] {
        assert!(PAGE.contains(&claim), "the page does not say: {claim}");
    }
}
