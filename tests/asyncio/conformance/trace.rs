//! Traces: what each step of a program did, and how the primitives looked after it.

use serde_json::{Map, Value, json};

/// The trace of a program.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The program's.
    pub id: Value,
    /// What ran it: a version of CPython, or of awaitlist.
    pub version: String,
    /// One for each operation.
    pub steps: Vec<Step>,
    /// The tasks that were not done at the end.
    pub blocked: Vec<Value>,
}

/// What one operation did.
#[derive(Clone, Debug)]
pub struct Step {
    /// The operation.
    pub op: Value,
    /// What it returned, if not `None`.
    pub ret: Option<Value>,
    /// What it raised.
    pub err: Option<Value>,
    /// What the tasks said: `[task, event, value?]`.
    pub log: Vec<Value>,
    /// How each primitive looks.
    pub obs: Map<String, Value>,
}

impl Trace {
    /// The form that the oracle writes.
    pub fn to_json(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(Step::to_json).collect();
        json!({"id": self.id, "v": self.version, "steps": steps, "blocked": self.blocked})
    }

    /// Reads what the oracle writes.
    ///
    /// # Errors
    ///
    /// A message that says what is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
        let steps = json["steps"].as_array().ok_or("a trace has `steps`")?;
        Ok(Self {
            id: json["id"].clone(),
            version: json["v"].as_str().ok_or("a trace has `v`")?.to_owned(),
            steps: steps.iter().map(Step::parse).collect::<Result<_, _>>()?,
            blocked: json["blocked"].as_array().ok_or("a trace has `blocked`")?.clone(),
        })
    }
}

impl Step {
    fn to_json(&self) -> Value {
        let mut step = Map::new();
        step.insert("op".into(), self.op.clone());
        if let Some(ret) = &self.ret {
            step.insert("ret".into(), ret.clone());
        }
        if let Some(err) = &self.err {
            step.insert("err".into(), err.clone());
        }
        step.insert("log".into(), json!(self.log));
        step.insert("obs".into(), json!(self.obs));
        Value::Object(step)
    }

    fn parse(json: &Value) -> Result<Self, String> {
        Ok(Self {
            op: json["op"].clone(),
            ret: json.get("ret").cloned(),
            err: json.get("err").cloned(),
            log: json["log"].as_array().ok_or("a step has `log`")?.clone(),
            obs: json["obs"].as_object().ok_or("a step has `obs`")?.clone(),
        })
    }
}
