//! The oracle's programs: primitives, and operations on them.

use serde_json::Value;

/// A program, as the oracle's `gen` writes it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The number that identifies it.
    pub id: Value,
    /// The primitives, in the order of their making.
    pub prims: Vec<(String, Spec)>,
    /// What happens, and how the program writes it.
    pub ops: Vec<(Op, Value)>,
    /// The line that it was read from.
    pub source: Value,
}

/// What a primitive is made of.
#[derive(Clone, Debug)]
pub enum Spec {
    /// `asyncio.Lock()`
    Lock,
    /// `asyncio.Event()`
    Event,
    /// `asyncio.Condition()`, or on the lock of that name
    Condition(Option<String>),
    /// `asyncio.Semaphore(value)`
    Semaphore(usize),
    /// `asyncio.BoundedSemaphore(value)`
    Bounded(usize),
    /// `asyncio.Barrier(parties)`
    Barrier(usize),
}

/// What the driver does, outside of all tasks.
#[derive(Clone, Debug)]
pub enum Op {
    /// Makes a task of that name.
    Spawn(String, Job),
    /// Releases a lock, a condition's lock or a semaphore.
    Release(String),
    /// Sets an event.
    Set(String),
    /// Clears an event.
    Clear(String),
    /// Notifies so many of a condition's waiters.
    Notify(String, usize),
    /// Notifies all of a condition's waiters.
    NotifyAll(String),
    /// Writes a flag that predicates read.
    Flag(String, i64),
    /// Cancels a task, with a message or without.
    Cancel(String, Option<String>),
    /// Runs the tasks that are ready now.
    Tick,
    /// Runs until no task is ready.
    Settle,
}

/// What a task does, and with which primitive.
#[derive(Clone, Debug)]
pub enum Job {
    /// Acquires, and keeps it.
    Acquire(String),
    /// Acquires, yields so often, releases.
    With(String, usize),
    /// Waits for an event.
    Wait(String),
    /// Acquires, waits for a notification, releases.
    CondWait(String),
    /// Acquires, waits for a notification, keeps the lock.
    CondHold(String),
    /// Acquires, waits until a flag is truthy, releases.
    CondFor(String, String),
    /// As `CondWait`, with a wait that a cancellation drops.
    CondWaitDrop(String),
    /// As `CondFor`, with a wait that a cancellation drops.
    CondForDrop(String, String),
    /// Waits at a barrier.
    BarWait(String),
    /// Resets a barrier.
    BarReset(String),
    /// Aborts a barrier.
    BarAbort(String),
}

impl Job {
    /// The primitive that it is about.
    pub fn prim(&self) -> &str {
        match self {
            Self::Acquire(p)
            | Self::With(p, _)
            | Self::Wait(p)
            | Self::CondWait(p)
            | Self::CondHold(p)
            | Self::CondFor(p, _)
            | Self::CondWaitDrop(p)
            | Self::CondForDrop(p, _)
            | Self::BarWait(p)
            | Self::BarReset(p)
            | Self::BarAbort(p) => p,
        }
    }

    /// Whether a primitive of that kind can be the object of it.
    fn suits(&self, spec: &Spec) -> bool {
        match self {
            Self::Acquire(_) | Self::With(..) => !matches!(spec, Spec::Event | Spec::Barrier(_)),
            Self::Wait(_) => matches!(spec, Spec::Event),
            Self::CondWait(_)
            | Self::CondHold(_)
            | Self::CondFor(..)
            | Self::CondWaitDrop(_)
            | Self::CondForDrop(..) => matches!(spec, Spec::Condition(_)),
            Self::BarWait(_) | Self::BarReset(_) | Self::BarAbort(_) => {
                matches!(spec, Spec::Barrier(_))
            }
        }
    }
}

impl Program {
    /// Reads a program from one line of JSON.
    ///
    /// # Errors
    ///
    /// A message that says what is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let source: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
        let prims = source["prims"]
            .as_object()
            .ok_or("`prims` must be an object of primitives")?
            .iter()
            .map(|(name, spec)| Ok((name.clone(), parse_spec(name, spec)?)))
            .collect::<Result<Vec<_>, String>>()?;
        let ops = source["ops"]
            .as_array()
            .ok_or("`ops` must be an array of operations")?
            .iter()
            .enumerate()
            .map(|(at, op)| {
                let parsed = parse_op(op).map_err(|e| format!("operation {at}, {op}: {e}"))?;
                Ok((parsed, op.clone()))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let program = Self { id: source["id"].clone(), prims, ops, source };
        program.check()?;
        Ok(program)
    }

    /// Whether it cancels tasks.
    pub fn cancels(&self) -> bool {
        self.ops.iter().any(|(op, _)| matches!(op, Op::Cancel(..)))
    }

    /// The primitive of that name.
    pub fn spec(&self, name: &str) -> Option<&Spec> {
        let mut named = self.prims.iter().filter(|(own, _)| own == name);
        named.next().map(|(_, spec)| spec)
    }

    /// Whether all that is named is there, and suits what is done with it.
    fn check(&self) -> Result<(), String> {
        for (at, (name, spec)) in self.prims.iter().enumerate() {
            if let Spec::Condition(Some(lock)) = spec {
                let earlier = &self.prims[..at];
                if !earlier.iter().any(|(own, spec)| own == lock && matches!(spec, Spec::Lock)) {
                    return Err(format!("condition {name}: no lock {lock} before it"));
                }
            }
        }
        let mut tasks: Vec<&str> = Vec::new();
        for (at, (op, source)) in self.ops.iter().enumerate() {
            let wrong = |what: String| Err(format!("operation {at}, {source}: {what}"));
            let spec_of = |name: &str| self.spec(name).ok_or(format!("no primitive {name}"));
            let suits = match op {
                Op::Spawn(task, job) => {
                    if tasks.contains(&task.as_str()) {
                        return wrong(format!("there is a task {task} already"));
                    }
                    tasks.push(task);
                    spec_of(job.prim()).map(|spec| job.suits(spec))
                }
                Op::Cancel(task, _) if !tasks.contains(&task.as_str()) => {
                    return wrong(format!("no task {task}"));
                }
                Op::Release(p) => {
                    spec_of(p).map(|spec| !matches!(spec, Spec::Event | Spec::Barrier(_)))
                }
                Op::Set(p) | Op::Clear(p) => spec_of(p).map(|spec| matches!(spec, Spec::Event)),
                Op::Notify(p, _) | Op::NotifyAll(p) => {
                    spec_of(p).map(|spec| matches!(spec, Spec::Condition(_)))
                }
                Op::Cancel(..) | Op::Flag(..) | Op::Tick | Op::Settle => Ok(true),
            };
            match suits {
                Ok(true) => {}
                Ok(false) => return wrong("a primitive of that kind does not have this".into()),
                Err(missing) => return wrong(missing),
            }
        }
        Ok(())
    }
}

fn parse_spec(name: &str, spec: &Value) -> Result<Spec, String> {
    let number = |key: &str, least: u64| match spec[key].as_u64() {
        Some(n) if n >= least => {
            usize::try_from(n).map_err(|_| format!("primitive {name}: `{key}` is too large"))
        }
        _ => Err(format!("primitive {name}: `{key}` must be a whole number from {least}")),
    };
    Ok(match spec["kind"].as_str() {
        Some("lock") => Spec::Lock,
        Some("event") => Spec::Event,
        Some("condition") => Spec::Condition(spec["lock"].as_str().map(str::to_owned)),
        Some("semaphore") => Spec::Semaphore(number("value", 0)?),
        Some("bounded") => Spec::Bounded(number("value", 0)?),
        Some("barrier") => Spec::Barrier(number("parties", 1)?),
        _ => return Err(format!("primitive {name}: unknown kind {}", spec["kind"])),
    })
}

fn parse_op(op: &Value) -> Result<Op, String> {
    let fields = op.as_array().ok_or("an operation is an array")?;
    let text = |at: usize| {
        let field = fields.get(at).and_then(Value::as_str);
        field.map(str::to_owned).ok_or(format!("field {at} must be a string"))
    };
    let number = |at: usize| {
        let field = fields.get(at).and_then(Value::as_i64);
        field.ok_or(format!("field {at} must be a whole number"))
    };
    let count = |at: usize| number(at).map(|n| usize::try_from(n).unwrap_or(0));
    let most = |n: usize| match fields.len() > n {
        true => Err(format!("more than {n} fields")),
        false => Ok(()),
    };
    let kind = text(0)?;
    let (op, fields_at_most) = match kind.as_str() {
        "spawn" => (Op::Spawn(text(1)?, parse_job(&text(2)?, text(3)?, &text, &count)?), 5),
        "release" => (Op::Release(text(1)?), 2),
        "set" => (Op::Set(text(1)?), 2),
        "clear" => (Op::Clear(text(1)?), 2),
        // asyncio accepts negative counts, and notifies no waiter.
        "notify" => (Op::Notify(text(1)?, count(2)?), 3),
        "notify_all" => (Op::NotifyAll(text(1)?), 2),
        "flag" => (Op::Flag(text(1)?, number(2)?), 3),
        "cancel" => {
            let message = (fields.len() > 2).then(|| text(2)).transpose()?;
            (Op::Cancel(text(1)?, message), 3)
        }
        "tick" => (Op::Tick, 1),
        "settle" => (Op::Settle, 1),
        _ => return Err(format!("unknown operation {kind}")),
    };
    most(fields_at_most)?;
    Ok(op)
}

fn parse_job(
    kind: &str,
    prim: String,
    text: &impl Fn(usize) -> Result<String, String>,
    count: &impl Fn(usize) -> Result<usize, String>,
) -> Result<Job, String> {
    Ok(match kind {
        "acquire" => Job::Acquire(prim),
        "with" => Job::With(prim, count(4)?),
        "wait" => Job::Wait(prim),
        "cond_wait" => Job::CondWait(prim),
        "cond_hold" => Job::CondHold(prim),
        "cond_for" => Job::CondFor(prim, text(4)?),
        "cond_wait_drop" => Job::CondWaitDrop(prim),
        "cond_for_drop" => Job::CondForDrop(prim, text(4)?),
        "bar_wait" => Job::BarWait(prim),
        "bar_reset" => Job::BarReset(prim),
        "bar_abort" => Job::BarAbort(prim),
        _ => return Err(format!("unknown task {kind}")),
    })
}
