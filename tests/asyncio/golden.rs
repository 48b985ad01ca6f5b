//! What CPython did, kept in the project: 300 programs of each kind and more, and the 45 traps.

use awaitlist_tests::conformance::{
    compare::{Strictness, compare},
    golden::{pack, unpack},
    program::{Op, Program},
    run::run,
    trace::Trace,
};

fn rows(lines: &str) -> Vec<(Program, Trace)> {
    let rows = lines.lines().map(unpack).collect::<Result<_, _>>();
    rows.expect("the golden file is well-formed")
}

/// Without cancellation every step is compared, with it every rest.
fn strictness(program: &Program) -> Strictness {
    match program.ops.iter().any(|(op, _)| matches!(op, Op::Cancel(..))) {
        false => Strictness::EveryStep,
        true => Strictness::AtRest,
    }
}

fn check(lines: &str) {
    let rows = rows(lines);
    assert!(rows.len() >= 300, "only {} programs", rows.len());
    let mut points = 0;
    for (program, theirs) in &rows {
        assert!(theirs.version.starts_with("3.13"), "made by {}", theirs.version);
        match compare(program, theirs, &run(program), strictness(program)) {
            Ok(compared) => points += compared.points,
            Err(difference) => panic!("{}\n{difference}", program.source),
        }
    }
    assert!(points > 5 * rows.len(), "only {points} points were compared");
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

/// Where asyncio shows something between two rests that a drop, which acts at once, does not.
#[test]
fn the_traps() {
    let rows = rows(include_str!("conformance/golden/traps.jsonl"));
    assert_eq!(rows.len(), 45);
    let different: Vec<_> = rows
        .iter()
        .filter_map(|(program, theirs)| {
            let difference = compare(program, theirs, &run(program), strictness(program)).err()?;
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
        assert!(compare(&program, &theirs, &ours, Strictness::EveryStep).is_err(), "line {at}");
    }
}
