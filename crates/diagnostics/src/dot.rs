//! The wait-for graph in Graphviz's language.

use std::{
    collections::HashMap,
    fmt::{self, Display},
    panic::Location,
};

use crate::{
    Actor, Deadlock, Hold, Primitive, PrimitiveId, Snapshot, Wait,
    actor::Key,
    deadlocks,
    report::{Brief, Seconds},
};

/// How many primitives are drawn, and how many holds and waits of each. `dot` takes minutes for
/// thousands.
const PRIMITIVES: usize = 60;
const EACH: usize = 12;

impl Snapshot {
    /// Returns the wait-for graph, for Graphviz (`dot -Tsvg`): an arrow from each waiter to what it
    /// waits for (dashed if it was woken and not polled since), and from each primitive to its
    /// holders. Each arrow says where, for how long, and how many permits.
    ///
    /// Deadlocks are red: those that [`deadlocks`] finds when this is called.
    ///
    /// At most 60 primitives are drawn, those of deadlocks and with the most waiters first, and of
    /// each at most 12 holders and 12 waiters. The others are counted.
    pub fn to_dot(&self) -> String {
        Dot { snapshot: self, deadlocks: deadlocks() }.to_string()
    }
}

struct Dot<'a> {
    snapshot: &'a Snapshot,
    deadlocks: Vec<Deadlock>,
}

impl Dot<'_> {
    /// Whether a wait for a primitive is part of a deadlock.
    fn is_stuck(&self, who: &Actor, id: PrimitiveId) -> bool {
        let mut edges = self.deadlocks.iter().flat_map(|deadlock| &deadlock.edges);
        edges.any(|edge| edge.site.id == id && edge.who == *who)
    }

    /// Whether a hold of a primitive is waited for by a deadlock.
    fn keeps_stuck(&self, who: &Actor, id: PrimitiveId) -> bool {
        let mut edges = self.deadlocks.iter().flat_map(|deadlock| &deadlock.edges);
        edges.any(|edge| edge.site.id == id && edge.held.iter().any(|hold| hold.who == *who))
    }

    fn is_in_deadlock(&self, id: PrimitiveId) -> bool {
        let mut edges = self.deadlocks.iter().flat_map(|deadlock| &deadlock.edges);
        edges.any(|edge| edge.site.id == id)
    }

    /// Those that are drawn, in the order of their numbers.
    fn drawn(&self) -> Vec<&Primitive> {
        let mut drawn: Vec<_> = self.snapshot.primitives.iter().collect();
        drawn.sort_by_key(|primitive| {
            let stuck = self.is_in_deadlock(primitive.site.id);
            std::cmp::Reverse((stuck, primitive.waits.len(), primitive.holds.len()))
        });
        drawn.truncate(PRIMITIVES);
        drawn.sort_by_key(|primitive| primitive.site.id);
        drawn
    }

    fn primitive<'a>(
        &'a self,
        f: &mut fmt::Formatter<'_>,
        actors: &mut Actors<'a>,
        primitive: &'a Primitive,
    ) -> fmt::Result {
        let Primitive { site, permits, parties, holds, waits, .. } = primitive;
        let id = site.id.get();
        let mut label = Brief(site).to_string();
        if *permits > 1 {
            let held = crate::snapshot::total(holds.iter().map(|hold| hold.permits));
            label += &format!("\n{held} of {permits} permits are held");
        } else if *parties > 0 {
            label += &format!("\nfor {parties} parties");
        }
        let color = if self.is_in_deadlock(site.id) { RED } else { "" };
        writeln!(f, "    p{id} [shape=box, label={}{color}];", Quoted(&label))?;

        // Those that are stuck first.
        let mut shown: Vec<&Hold> = holds.iter().collect();
        shown.sort_by_key(|hold| !self.keeps_stuck(&hold.who, site.id));
        for hold in shown.iter().take(EACH) {
            let stuck = self.keeps_stuck(&hold.who, site.id);
            let (actor, color) = (actors.number(&hold.who, stuck), if stuck { RED } else { "" });
            let label = self.label(hold.at, hold.since, hold.permits);
            writeln!(f, "    p{id} -> a{actor} [label={}{color}];", Quoted(&label))?;
        }
        let mut shown: Vec<&Wait> = waits.iter().collect();
        shown.sort_by_key(|wait| !self.is_stuck(&wait.who, site.id));
        for wait in shown.iter().take(EACH) {
            let stuck = self.is_stuck(&wait.who, site.id);
            let (actor, color) = (actors.number(&wait.who, stuck), if stuck { RED } else { "" });
            let style = if wait.woken().is_some() { ", style=dashed" } else { "" };
            let label = self.label(wait.at, wait.since, wait.permits);
            writeln!(f, "    a{actor} -> p{id} [label={}{style}{color}];", Quoted(&label))?;
        }
        let more = |f: &mut fmt::Formatter<'_>, count: usize, what: &str, arrow: &str| {
            let rest = count.saturating_sub(EACH);
            if rest == 0 {
                return Ok(());
            }
            writeln!(f, "    {what}{id} [shape=plaintext, label=\"... and {rest} more {what}\"];")?;
            writeln!(f, "    {arrow} [style=dotted];")
        };
        more(f, holds.len(), "holders", &format!("p{id} -> holders{id}"))?;
        more(f, waits.len(), "waiters", &format!("waiters{id} -> p{id}"))
    }

    fn label(&self, at: &Location<'_>, since: std::time::Instant, permits: usize) -> String {
        let (place, age) = (place(at), Seconds(self.snapshot.age(since)));
        match permits {
            0 | 1 => format!("{place}\n{age}"),
            _ => format!("{place}\n{age}, {permits} permits"),
        }
    }
}

const RED: &str = ", color=red, fontcolor=red";

impl Display for Dot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut actors = Actors::default();
        writeln!(f, "digraph waits {{")?;
        for what in ["graph", "node", "edge"] {
            writeln!(f, "    {what} [fontname=\"sans-serif\", fontsize=11];")?;
        }
        let drawn = self.drawn();
        for primitive in &drawn {
            self.primitive(f, &mut actors, primitive)?;
        }
        for (number, (actor, stuck)) in actors.seen.iter().enumerate() {
            let color = if *stuck { RED } else { "" };
            writeln!(f, "    a{number} [label={}{color}];", Quoted(&actor.to_string()))?;
        }
        match self.snapshot.primitives.len() - drawn.len() {
            0 => {}
            rest => {
                writeln!(
                    f,
                    "    rest [shape=plaintext, label=\"... and {rest} more primitives\"];"
                )?;
            }
        }
        f.write_str("}\n")
    }
}

/// The actors that were seen, numbered, and whether each is in a deadlock.
#[derive(Default)]
struct Actors<'a> {
    seen: Vec<(&'a Actor, bool)>,
    numbers: HashMap<Key, usize>,
}

impl<'a> Actors<'a> {
    /// Returns the number of an actor. One that cannot be told apart gets a new one each time.
    fn number(&mut self, who: &'a Actor, stuck: bool) -> usize {
        let next = self.seen.len();
        let number = Key::of(who).map_or(next, |key| *self.numbers.entry(key).or_insert(next));
        if number == next {
            self.seen.push((who, false));
        }
        self.seen[number].1 |= stuck;
        number
    }
}

/// The name of the file and the line.
fn place(location: &Location<'_>) -> String {
    let file = location.file();
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    format!("{name}:{}", location.line())
}

/// A string of Graphviz's.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(f, "\"{escaped}\"")
    }
}
