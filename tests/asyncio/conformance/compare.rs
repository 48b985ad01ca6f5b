//! Compares a trace of the crates with one of the oracle.
//!
//! Everything must be equal after each operation: what was raised and returned, what the tasks
//! logged and in which order, and the state of every primitive; and at the end the tasks that are
//! still suspended. Nothing is left out. A program without cancellations is compared with CPython's
//! own classes, any other with those of `model.py`.

use serde_json::Value;

use super::trace::{Step, Trace};

/// Compares the traces of one program.
///
/// # Errors
///
/// What differs first, in words.
pub fn compare(theirs: &Trace, ours: &Trace) -> Result<(), String> {
    if theirs.steps.len() != ours.steps.len() {
        return Err(format!("{} steps against {}", theirs.steps.len(), ours.steps.len()));
    }
    for (at, (their, our)) in theirs.steps.iter().zip(&ours.steps).enumerate() {
        let place = format!("step {at}, {}", our.op);
        same(&place, "raised", &their.err, &our.err)?;
        same(&place, "returned", &their.ret, &our.ret)?;
        same(&place, "the tasks logged", &their.log, &our.log)?;
        same_looks(&place, their, our)?;
    }
    same("the end", "blocked", &theirs.blocked, &ours.blocked)
}

fn same<T: PartialEq + std::fmt::Debug>(
    place: &str,
    what: &str,
    theirs: &T,
    ours: &T,
) -> Result<(), String> {
    if theirs == ours {
        return Ok(());
    }
    Err(format!("{place}: {what}\n  oracle    {theirs:?}\n  awaitlist {ours:?}"))
}

/// All that the crates show must be equal, except that golden traces leave some of it out.
fn same_looks(place: &str, their: &Step, our: &Step) -> Result<(), String> {
    for (name, looks) in &our.obs {
        let expected = &their.obs[name];
        if expected["repr"].is_null() {
            return Err(format!("{place}: the oracle's trace does not show {name}"));
        }
        for (key, value) in looks.as_object().into_iter().flatten() {
            let expected: Option<&Value> = expected.get(key);
            if let Some(expected) = expected {
                same(place, &format!("{name}'s {key}"), expected, value)?;
            }
        }
    }
    Ok(())
}
