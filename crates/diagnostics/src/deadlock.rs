//! Finds tasks that can never continue: each waits for permits that are all held by such tasks.
//!
//! The search assumes at first that every waiter is stuck. It then clears each waiter that could get its
//! permits if all actors that are not stuck released what they hold, until it can clear no more. The
//! waiters that are left are stuck: they are the largest set of stuck waiters. A deadlock is a cycle of
//! those and of the primitives between them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    panic::Location,
    sync::Arc,
};

use crate::{
    Actor, Hold, Site,
    actor::Key,
    record::{Attributed, HoldEntry, WaitEntry},
    snapshot::{Reading, readings, total},
};

/// Tasks and threads that wait for each other, or for themselves, and what they wait for.
///
/// A [`Certain`](Certainty::Certain) one never ends, as far as [`ASSUMPTIONS`](Deadlock::ASSUMPTIONS) hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Deadlock {
    /// How sure it is.
    pub certainty: Certainty,
    /// Its waits, each followed as far as can be by one of a holder of what it waits for.
    pub edges: Vec<Edge>,
}

/// How sure a deadlock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// All in it are named tasks, or threads.
    Certain,
    /// Some in it are known only by their wakers, which several branches of a `join!` or `select!` may
    /// share; or by the name of a task that runs others inside it, or has ended; or they wait for a
    /// semaphore to which permits were added before, or can still be added.
    Possible,
}

/// A waiter in a deadlock, and the holders of what it waits for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Edge {
    /// The waiter.
    pub who: Actor,
    /// Where it asked for the wait.
    pub waits_at: &'static Location<'static>,
    /// What it waits for.
    pub site: Site,
    /// The holders that wait in this deadlock as well, and where they acquired it. All edges to one
    /// primitive share the list.
    pub held: Arc<[Hold]>,
}

impl Deadlock {
    /// What a certain deadlock takes for granted.
    pub const ASSUMPTIONS: [&str; 3] = [
        "each task, and each thread that blocks, does one thing at a time",
        "guards are where they were acquired, or were passed on with `diagnostics::adopt`",
        "nobody gives up one of these waits, or releases what it has not acquired",
    ];
}

/// Finds the tasks and threads that can never go on: that wait for each other's locks and permits, or for their own.
///
/// As [`snapshot`](crate::snapshot()), it may be called anywhere. What it finds was so at one moment: it looks twice,
/// and believes what it saw both times.
pub fn deadlocks() -> Vec<Deadlock> {
    deadlocks_among(&readings())
}

pub(crate) fn deadlocks_among(readings: &[Reading]) -> Vec<Deadlock> {
    if Search::new(readings, Certainty::Possible).run().is_empty() {
        return Vec::new();
    }
    let readings: Vec<_> = readings.iter().map(confirm).collect();
    let mut found = Search::new(&readings, Certainty::Certain).run();
    let certain: HashSet<_> = found
        .iter()
        .flat_map(|deadlock| &deadlock.edges)
        .filter_map(|edge| Key::of(&edge.who))
        .collect();
    let possible = Search::new(&readings, Certainty::Possible).run();
    found.extend(possible.into_iter().filter(|deadlock| {
        let mut who = deadlock.edges.iter().filter_map(|edge| Key::of(&edge.who));
        !who.any(|key| certain.contains(&key))
    }));
    found
}

/// Looks again, and keeps what was so before and is so now: each was so all the time between, so all were so at once.
fn confirm(before: &Reading) -> Reading {
    let mut now = Reading::of(Arc::clone(&before.record));
    let held: HashSet<_> = before.holds.iter().map(|hold| hold.number).collect();
    now.holds.retain(|hold| held.contains(&hold.number));
    // A wait keeps its number when it is passed on.
    let waiter = |wait: &WaitEntry| (wait.number, Key::of(&wait.whose.who));
    let waited: HashSet<_> = before.waits.iter().map(waiter).collect();
    for wait in &mut now.waits {
        if !waited.contains(&waiter(wait)) {
            // One who has only come: it is not stuck yet, as far as is known.
            wait.woken.get_or_insert(wait.since);
        }
    }
    now.supply.made_up |= now.supply != before.supply;
    now
}

/// A search among the actors that are as certain as is asked for.
struct Search<'a> {
    readings: &'a [Reading],
    certainty: Certainty,
    numbers: HashMap<Key, usize>,
    /// By the actor's number.
    actors: Vec<Suspect>,
}

/// An actor that waits or holds.
#[derive(Default)]
struct Suspect {
    /// Whether it may never go on.
    stuck: bool,
    /// The readings in which it waits, and at which place of theirs.
    waits: Vec<(usize, usize)>,
    /// The readings in which it holds.
    holds: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(readings: &'a [Reading], certainty: Certainty) -> Self {
        let mut search = Self { readings, certainty, numbers: HashMap::new(), actors: Vec::new() };
        for (index, reading) in readings.iter().enumerate() {
            for hold in &reading.holds {
                if let Some(actor) = search.enter(&hold.whose) {
                    search.actors[actor].holds.push(index);
                }
            }
            for (place, wait) in reading.waits.iter().enumerate() {
                if let Some(actor) = search.enter(&wait.whose) {
                    search.actors[actor].waits.push((index, place));
                }
            }
        }
        for actor in &mut search.actors {
            actor.stuck = !actor.waits.is_empty();
        }
        search
    }

    /// The number of an actor, if it is to be looked at.
    fn enter(&mut self, Attributed { who, .. }: &Attributed) -> Option<usize> {
        if self.certainty == Certainty::Certain && !who.is_certain() {
            return None;
        }
        let number = *self.numbers.entry(Key::of(who)?).or_insert_with(|| {
            self.actors.push(Suspect::default());
            self.actors.len() - 1
        });
        Some(number)
    }

    fn number(&self, who: &Actor) -> Option<usize> {
        self.numbers.get(&Key::of(who)?).copied()
    }

    fn stuck(&self, whose: &Attributed) -> Option<usize> {
        self.number(&whose.who).filter(|&actor| self.actors[actor].stuck)
    }

    /// Whether it is doubtful for this search whose it is. What a task has left behind that has ended is not its any more: a
    /// future that it had polled may be polled by others, and a guard may have been what it answered.
    fn doubts(&self, whose: &Attributed) -> bool {
        self.certainty == Certainty::Certain && (!whose.sure || whose.who.has_ended())
    }

    /// The holder of these permits, if it is stuck and so cannot release them.
    fn stuck_holder(&self, hold: &HoldEntry) -> Option<usize> {
        self.stuck(&hold.whose).filter(|_| !hold.forgotten && !self.doubts(&hold.whose))
    }

    fn run(mut self) -> Vec<Deadlock> {
        self.clear_all_that_may_go_on();
        Cycles::of(&self).into_iter().map(|actors| self.deadlock(&actors)).collect()
    }

    /// Clears actors until nobody more can be cleared.
    fn clear_all_that_may_go_on(&mut self) {
        let mut doubtful: Vec<usize> = (0..self.readings.len()).collect();
        let mut queued = vec![true; self.readings.len()];
        while let Some(index) = doubtful.pop() {
            queued[index] = false;
            for actor in self.served(&self.readings[index]) {
                self.actors[actor].stuck = false;
                // What it holds may be given back; and whom it stands before may come to the front.
                let touched = &self.actors[actor];
                let waits = touched.waits.iter().map(|&(reading, _)| reading);
                for reading in touched.holds.iter().copied().chain(waits) {
                    if !queued[reading] {
                        queued[reading] = true;
                        doubtful.push(reading);
                    }
                }
            }
        }
    }

    /// The suspects that may get what they wait for in `reading`.
    fn served(&self, reading: &Reading) -> Vec<usize> {
        let supply = reading.supply;
        let open = !reading.record.kind.has_permits()
            || supply.made_up && self.certainty == Certainty::Certain;
        let holds = reading.holds.iter();
        let stuck = holds.filter(|hold| self.stuck_holder(hold).is_some());
        let in_stuck_hands = total(stuck.map(|hold| hold.permits));
        let to_be_had = supply.permits().saturating_sub(in_stuck_hands);
        let mut needed = 0;
        let mut served = Vec::new();
        for wait in &reading.waits {
            let Some(actor) = self.stuck(&wait.whose) else {
                continue;
            };
            needed = needed.max(reading.need(wait));
            // Who wants more than there are waits for somebody to make them: the semaphore is a signal.
            let signal =
                self.certainty == Certainty::Certain && reading.need(wait) > supply.permits();
            let doubtful = open || signal || self.doubts(&wait.whose);
            if doubtful || wait.woken.is_some() || needed <= to_be_had {
                served.push(actor);
            }
        }
        served
    }

    /// Those `within` who hold it, as they are shown, and their numbers.
    fn holders(
        &self,
        reading: &Reading,
        within: &HashSet<usize>,
    ) -> (Arc<[Hold]>, std::vec::IntoIter<usize>) {
        let (held, numbers): (Vec<_>, Vec<_>) = reading
            .holds
            .iter()
            .filter_map(|hold| {
                let actor = self.stuck_holder(hold).filter(|it| within.contains(it))?;
                Some((reading.hold(hold), actor))
            })
            .unzip();
        (held.into(), numbers.into_iter())
    }

    /// What is reported of those actors.
    fn deadlock(&self, actors: &[usize]) -> Deadlock {
        let within: HashSet<_> = actors.iter().copied().collect();
        // By reading: the holders within the deadlock, and those of them that were not followed yet.
        let mut holders = HashMap::new();
        let mut edges = Vec::new();
        let mut left: BTreeSet<_> = actors.iter().copied().collect();
        let mut next = left.first().copied();
        while let Some(actor) = next {
            left.remove(&actor);
            next = None;
            for &(index, place) in &self.actors[actor].waits {
                let reading = &self.readings[index];
                let (held, follow) =
                    holders.entry(index).or_insert_with(|| self.holders(reading, &within));
                if held.is_empty() {
                    continue;
                }
                let wait = &reading.waits[place];
                edges.push(Edge {
                    who: wait.whose.who.clone(),
                    waits_at: wait.at,
                    site: reading.site(),
                    held: Arc::clone(held),
                });
                // A holder of what this actor waits for.
                next = next.or_else(|| follow.find(|holder| left.contains(holder)));
            }
            // Or else any that is left.
            next = next.or_else(|| left.first().copied());
        }
        Deadlock { certainty: self.certainty, edges }
    }
}

/// The strongly connected parts of the graph of stuck actors and of the primitives between them: Tarjan's algorithm, without
/// recursion, since chains of waits may be long.
struct Cycles<'s, 'a> {
    search: &'s Search<'a>,
    /// By node: when it was first visited, counted from 1; and the earliest on the stack that it leads to.
    visited: Vec<usize>,
    lowest: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<usize>,
    time: usize,
}

impl<'s, 'a> Cycles<'s, 'a> {
    /// The actors of each part that has a cycle.
    fn of(search: &'s Search<'a>) -> Vec<Vec<usize>> {
        let nodes = search.actors.len() + search.readings.len();
        let mut cycles = Self {
            search,
            visited: vec![0; nodes],
            lowest: vec![0; nodes],
            on_stack: vec![false; nodes],
            stack: Vec::new(),
            time: 0,
        };
        let mut found = Vec::new();
        for actor in 0..search.actors.len() {
            if search.actors[actor].stuck && cycles.visited[actor] == 0 {
                cycles.visit(actor, &mut found);
            }
        }
        found
    }

    /// Where a node leads: an actor to the primitives that it waits for, a primitive to the stuck who hold it. Primitives
    /// are numbered after the actors.
    fn next(&self, node: usize) -> Vec<usize> {
        let actors = self.search.actors.len();
        match node.checked_sub(actors) {
            None => self.search.actors[node]
                .waits
                .iter()
                .map(|&(reading, _)| actors + reading)
                .collect(),
            Some(reading) => self.search.readings[reading]
                .holds
                .iter()
                .filter_map(|hold| self.search.stuck_holder(hold))
                .collect(),
        }
    }

    fn enter(&mut self, node: usize) -> (usize, std::vec::IntoIter<usize>) {
        self.time += 1;
        self.visited[node] = self.time;
        self.lowest[node] = self.time;
        self.stack.push(node);
        self.on_stack[node] = true;
        (node, self.next(node).into_iter())
    }

    fn visit(&mut self, start: usize, found: &mut Vec<Vec<usize>>) {
        let mut path = vec![self.enter(start)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            match next.next() {
                Some(next) if self.visited[next] == 0 => path.push(self.enter(next)),
                Some(next) if self.on_stack[next] => {
                    self.lowest[node] = self.lowest[node].min(self.visited[next]);
                }
                Some(_) => {}
                None => {
                    path.pop();
                    if let Some(&(parent, _)) = path.last() {
                        self.lowest[parent] = self.lowest[parent].min(self.lowest[node]);
                    }
                    if self.lowest[node] == self.visited[node] {
                        found.extend(self.part(node));
                    }
                }
            }
        }
    }

    /// Takes the part off the stack whose first node is `first`, and answers its actors. A part of one node has no cycle: a
    /// cycle has an actor and a primitive at least.
    fn part(&mut self, first: usize) -> Option<Vec<usize>> {
        let start = self.stack.iter().rposition(|&node| node == first)?;
        let nodes = self.stack.split_off(start);
        for &node in &nodes {
            self.on_stack[node] = false;
        }
        let actors = self.search.actors.len();
        (nodes.len() > 1).then(|| nodes.into_iter().filter(|&node| node < actors).collect())
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certain => "certain",
            Self::Possible => "possible",
        })
    }
}
