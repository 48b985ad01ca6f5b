//! The graph of what was asked for while something else was held, and the search for its cycles.
//!
//! Its nodes are [classes](Class) of primitives. An edge was seen at least once: a witness says by
//! which task, and what that task held besides. Two witnesses that held the same lock besides, a
//! *gate*, cannot be at the same time. So a cycle counts if there is a witness for each of its
//! edges, and no two of them exclude each other.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    panic::Location,
    sync::Arc,
};

use crate::{
    Actor, PrimitiveId, Site,
    class::Class,
    evidence::{self, Seen},
};

/// A request, made while something else was held.
#[derive(Debug)]
pub(crate) struct Witness {
    pub(crate) who: Actor,
    pub(crate) held: Site,
    pub(crate) held_at: &'static Location<'static>,
    pub(crate) asked: Site,
    pub(crate) asked_at: &'static Location<'static>,
    pub(crate) gates: Vec<Gate>,
}

/// A lock that was held besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) id: PrimitiveId,
    pub(crate) class: Class,
}

impl Witness {
    /// Returns whether nothing that this run has shown since speaks against it.
    pub(crate) fn is_credible(&self) -> bool {
        let branches = self.who.life().is_some_and(|life| life.branches());
        !branches && !evidence::was_seen(self.held_at, Seen::Moved)
    }

    /// Returns whether the two cannot be at the same time.
    fn excludes(&self, other: &Self) -> bool {
        let holds = |who: &Self, lock: PrimitiveId| who.gates.iter().any(|gate| gate.id == lock);
        let meet = |id| [other.held.id, other.asked.id].contains(&id);
        let apart = !meet(self.held.id) && !meet(self.asked.id);
        holds(self, other.held.id)
            || holds(other, self.held.id)
            || self.gates.iter().any(|gate| {
                other.gates.iter().any(|theirs| {
                    // A gate of the same class but of other locks is taken for the gate of these: a
                    // lock of each connection, which protects the locks of the same connection.
                    gate.id == theirs.id || apart && gate.class == theirs.class
                })
            })
    }

    /// Returns whether `other` says no more than this: all that excludes this excludes it too.
    fn covers(&self, other: &Self) -> bool {
        self.gates.iter().all(|gate| other.gates.contains(gate))
    }
}

/// A cycle: of each edge a witness.
pub(crate) type Cycle = Vec<Arc<Witness>>;

#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: HashMap<Class, BTreeMap<Class, Vec<Arc<Witness>>>>,
    /// The cycles that were found, each beginning with its least class.
    found: HashSet<Vec<Class>>,
}

/// How many witnesses an edge has at most, how many of these by different tasks with the same
/// gates, how long a cycle is at most, and how many steps a search takes at most.
const WITNESSES: usize = 8;
const TASKS: usize = 2;
const LONGEST: usize = 8;
const STEPS: usize = 20_000;

impl Graph {
    /// Returns whether such a witness would say nothing new.
    pub(crate) fn knows(&self, from: Class, to: Class, witness: &Witness) -> bool {
        let Some(known) = self.edges.get(&from).and_then(|edges| edges.get(&to)) else {
            return false;
        };
        let mut covering = 0;
        for known in known {
            if known.covers(witness) {
                covering += 1;
                if covering >= TASKS || known.who == witness.who {
                    return true;
                }
            }
        }
        known.len() >= WITNESSES
    }

    /// Enters a witness, and returns the shortest cycle that it closes, unless it was found before.
    pub(crate) fn enter(&mut self, from: Class, to: Class, witness: Witness) -> Option<Cycle> {
        if self.knows(from, to, &witness) {
            return None;
        }
        let witness = Arc::new(witness);
        self.edges.entry(from).or_default().entry(to).or_default().push(Arc::clone(&witness));
        let mut steps = STEPS;
        for length in 2..=LONGEST {
            // By as many tasks as possible: one task alone cannot deadlock so.
            for distinct in [true, false] {
                let mut search = Search {
                    graph: self,
                    length,
                    distinct,
                    classes: vec![from, to],
                    witnesses: vec![Arc::clone(&witness)],
                    steps: &mut steps,
                };
                if search.extend(to) {
                    let Search { classes, witnesses, .. } = search;
                    return self.found.insert(canonical(classes)).then_some(witnesses);
                }
            }
        }
        None
    }
}

/// The same cycle, beginning with its least class.
fn canonical(mut classes: Vec<Class>) -> Vec<Class> {
    let least = (0..classes.len()).min_by_key(|&index| classes[index]).unwrap_or_default();
    classes.rotate_left(least);
    classes
}

/// A search for a cycle of one length.
struct Search<'a> {
    graph: &'a Graph,
    length: usize,
    /// Whether each witness has to be another task.
    distinct: bool,
    /// The path so far.
    classes: Vec<Class>,
    witnesses: Vec<Arc<Witness>>,
    /// How many steps are left.
    steps: &'a mut usize,
}

impl Search<'_> {
    /// Extends the path from its end to its beginning.
    fn extend(&mut self, end: Class) -> bool {
        let closes = self.witnesses.len() + 1 == self.length;
        let Some(edges) = self.graph.edges.get(&end) else { return false };
        for (&next, witnesses) in edges {
            let is_wanted = match closes {
                true => next == self.classes[0],
                false => !self.classes.contains(&next),
            };
            if !is_wanted {
                continue;
            }
            for witness in witnesses {
                if *self.steps == 0 {
                    return false;
                }
                *self.steps -= 1;
                if !self.fits(witness) {
                    continue;
                }
                self.witnesses.push(Arc::clone(witness));
                if closes {
                    return true;
                }
                self.classes.push(next);
                if self.extend(next) {
                    return true;
                }
                self.classes.pop();
                self.witnesses.pop();
            }
        }
        false
    }

    fn fits(&self, witness: &Witness) -> bool {
        witness.is_credible()
            && !self
                .witnesses
                .iter()
                .any(|other| witness.excludes(other) || self.distinct && witness.who == other.who)
    }
}
