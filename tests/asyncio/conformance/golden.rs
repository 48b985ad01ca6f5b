//! Traces kept in the project: each program with what CPython did, in one line.
//!
//! A line is `[program, version, steps, blocked]`. A step is `[ret, err, log, looks]`, where
//! `looks` has only the primitives that changed, and of each only what cannot be read off its text
//! in brackets: `[repr, value]` of a semaphore, `[repr, lockq]` of a condition (the waiters of its
//! lock), `[repr]` of the others.

use serde_json::{Map, Value, json};

use super::{
    program::{Program, Spec},
    trace::{Step, Trace},
};

/// The key of what is kept beside the text in brackets.
fn extra_key(spec: &Spec) -> Option<&'static str> {
    match spec {
        Spec::Semaphore(_) | Spec::Bounded(_) => Some("value"),
        Spec::Condition(_) => Some("lockq"),
        Spec::Lock | Spec::Event | Spec::Barrier(_) => None,
    }
}

/// The line that keeps `trace`.
pub fn pack(program: &Program, trace: &Trace) -> String {
    let mut shown = Map::new();
    let steps: Vec<Value> = trace
        .steps
        .iter()
        .map(|step| {
            let mut changed = Map::new();
            for (name, spec) in &program.prims {
                let looks = &step.obs[name];
                let kept: Vec<&Value> = std::iter::once(&looks["repr"])
                    .chain(extra_key(spec).map(|key| &looks[key]))
                    .collect();
                let kept = json!(kept);
                if shown.insert(name.clone(), kept.clone()) != Some(kept.clone()) {
                    changed.insert(name.clone(), kept);
                }
            }
            json!([step.ret, step.err, step.log, changed])
        })
        .collect();
    json!([program.source, trace.version, steps, trace.blocked]).to_string()
}

/// Reads a line back. What was not kept is missing from the trace's observations.
///
/// # Errors
///
/// A message that says what is wrong with the line.
pub fn unpack(line: &str) -> Result<(Program, Trace), String> {
    let json: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    let program = Program::parse(&json[0].to_string())?;
    let mut shown = Map::new();
    let steps = json[2].as_array().ok_or("the third field has the steps")?;
    let steps = steps
        .iter()
        .zip(&program.ops)
        .map(|(step, (_, op))| {
            for (name, kept) in step[3].as_object().into_iter().flatten() {
                let mut looks = Map::new();
                looks.insert("repr".into(), kept[0].clone());
                if let Some(key) = program.spec(name).and_then(extra_key) {
                    looks.insert(key.into(), kept[1].clone());
                }
                shown.insert(name.clone(), Value::Object(looks));
            }
            Step {
                op: op.clone(),
                ret: Some(step[0].clone()).filter(|ret| !ret.is_null()),
                err: Some(step[1].clone()).filter(|err| !err.is_null()),
                log: step[2].as_array().cloned().unwrap_or_default(),
                obs: shown.clone(),
            }
        })
        .collect();
    let trace = Trace {
        id: program.id.clone(),
        version: json[1].as_str().unwrap_or_default().to_owned(),
        steps,
        blocked: json[3].as_array().cloned().unwrap_or_default(),
    };
    Ok((program, trace))
}
