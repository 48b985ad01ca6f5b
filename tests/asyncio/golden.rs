//! What CPython did, kept in the project: 300 programs of each kind and more, and the 45 traps.
//! Half of the programs cancel tasks, and were run on CPython's classes with the documented
//! differences.

use awaitlist_tests::conformance::{
    compare::compare,
    golden::{pack, unpack},
    program::Program,
    run::run,
    trace::Trace,
};

fn rows(lines: &str) -> Vec<(Program, Trace)> {
    let rows = lines.lines().map(unpack).collect::<Result<_, _>>();
    rows.expect("the golden file is well-formed")
}

fn check(lines: &str) {
    let rows = rows(lines);
    assert!(rows.len() >= 300, "only {} programs", rows.len());
    let cancelling = rows.iter().filter(|(program, _)| program.cancels()).count();
    assert!(cancelling >= 75, "only {cancelling} programs cancel tasks");
    let mut steps = 0;
    for (program, theirs) in &rows {
        assert!(theirs.version.starts_with("3.13"), "made by {}", theirs.version);
        if let Err(difference) = compare(theirs, &run(program)) {
            panic!("{}\n{difference}", program.source);
        }
        steps += theirs.steps.len();
    }
    assert!(steps > 10 * rows.len(), "only {steps} steps were compared");
}

macro_rules! golden {
    ($($kind:ident)*) => {$(
        #[test]
        fn $kind() {
            check(include_str!(concat!("conformance/golden/", stringify!($kind), ".jsonl")));
        }
    )*};
}

golden!(lock event condition semaphore bounded barrier mix shared);

/// Where a port of asyncio goes wrong easily.
#[test]
fn the_traps() {
    let rows = rows(include_str!("conformance/golden/traps.jsonl"));
    assert_eq!(rows.len(), 45);
    let different: Vec<_> = rows
        .iter()
        .filter_map(|(program, theirs)| {
            let difference = compare(theirs, &run(program)).err()?;
            Some(format!("{}: {difference}", program.id))
        })
        .collect();
    assert!(different.is_empty(), "{different:#?}");
}

/// The comparison itself would notice: a trace with one word changed is not equal.
#[test]
fn a_changed_trace_is_noticed() {
    let lines = include_str!("conformance/golden/traps.jsonl");
    for (at, (program, theirs)) in rows(lines).into_iter().enumerate() {
        let repacked = pack(&program, &theirs);
        let changed = repacked.replacen("locked", "blocked", 1).replacen("unset", "upset", 1);
        let changed = changed.replacen("filling", "falling", 1).replacen("broken", "woken", 1);
        assert_ne!(repacked, changed, "line {at} has no state");
        let Ok((program, theirs)) = unpack(&changed) else {
            continue;
        };
        let ours = run(&program);
        assert!(compare(&theirs, &ours).is_err(), "line {at}");
    }
}
