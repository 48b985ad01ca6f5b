//! Finds tasks that can never continue: each waits for permits that are all held by such tasks.
//!
//! The search assumes at first that every waiter is stuck. It then clears each waiter that could
//! get its permits if all actors that are not stuck released what they hold, until it can clear no
//! more. The waiters that are left are stuck: they are the largest set of stuck waiters. A deadlock
//! is a cycle of those and of the primitives between them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    panic::Location,
    sync::Arc,
};

use crate::{
    Actor, Hold, Site,
    actor::Key,
    evidence::{self, Seen},
    life::{Life, Pulse},
    record::{Attributed, HoldEntry, HoldSeen, WaitEntry},
    snapshot::{Reading, readings, total},
};

/// Tasks and threads that wait for each other, or for themselves, and what they wait for.
///
/// It is what the diagnostics can see, and not a proof: safe code can move a guard unseen, and any
/// caller can cancel a task from outside. So do not restart a process on a single report, of
/// whatever [certainty](Certainty).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Deadlock {
    /// How strong the evidence is.
    pub certainty: Certainty,
    /// Its waits, each followed as far as can be by one of a holder of what it waits for.
    pub edges: Vec<Edge>,
    /// Why it may be none. Empty if it is [`Uncontradicted`](Certainty::Uncontradicted).
    pub doubts: Vec<Doubt>,
}

/// How strong the evidence for a deadlock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// There is no evidence to the contrary in this run. All in it are named tasks or threads.
    /// Nothing but these locks has a waker of any of them, and no task runs. No guard in it is
    /// known to have moved, or owns its primitive without having been adopted. What this run has
    /// shown of the call sites agrees: no such guard was released elsewhere, and no such wait was
    /// given up.
    ///
    /// [`ASSUMPTIONS`](Deadlock::ASSUMPTIONS) lists what cannot be seen.
    Uncontradicted,
    /// There are [doubts](Deadlock::doubts).
    Possible,
}

/// A reason why a deadlock may be none.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Doubt {
    /// It has no name. Several branches of a `join!` or `select!`, and several tasks that run
    /// inside another, may share its waker.
    Unnamed(Actor),
    /// Something else has its waker: a timer, a channel, another branch of a `join!` or `select!`.
    OtherWakers(Actor),
    /// It was polled while it was looked at, or was woken and is about to be polled.
    Running(Actor),
    /// It acquired or released something while it waited: it has branches.
    Branches(Actor),
    /// It runs other tasks, or one in which it is nested takes part.
    Nested(Actor),
    /// It has ended. What it held may have been returned, and what it polled may be polled by
    /// others.
    Ended(Actor),
    /// The guard that was acquired there owns its primitive and was not adopted: it may have been
    /// sent elsewhere.
    Owned(&'static Location<'static>),
    /// A guard that was acquired there was released by another task or thread before.
    Moved(&'static Location<'static>),
    /// A wait that began there was given up before.
    GivenUp(&'static Location<'static>),
    /// Permits were added to the semaphore before, or more are wanted than there are.
    Signal(Site),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed(who) => write!(f, "{who} has no name: name it with `diagnostics::task`"),
            Self::OtherWakers(who) => write!(
                f,
                "something else can wake {who}: a timer, or another branch of a `join!` or `select!`"
            ),
            Self::Running(who) => write!(f, "{who} is running, or about to run"),
            Self::Branches(who) => {
                write!(f, "{who} has acquired or released something else while it waited")
            }
            Self::Nested(who) => write!(f, "{who} runs others, or runs inside another"),
            Self::Ended(who) => write!(f, "{who} has ended"),
            Self::Owned(at) => {
                write!(
                    f,
                    "the guard acquired at {at} has no lifetime and was not adopted: it may have been sent elsewhere"
                )
            }
            Self::Moved(at) => write!(f, "a guard acquired at {at} was released elsewhere before"),
            Self::GivenUp(at) => write!(f, "a wait at {at} was given up before"),
            Self::Signal(site) => {
                write!(f, "another task may release permits of the {}", crate::report::Brief(site))
            }
        }
    }
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
    /// What cannot be seen, and is assumed of an [uncontradicted](Certainty::Uncontradicted)
    /// deadlock.
    pub const ASSUMPTIONS: [&str; 2] = [
        "guards are where they were acquired, or were passed on with `diagnostics::adopt`",
        "no caller cancels one of these tasks, or releases permits that it has not acquired",
    ];

    /// Has its edges begin with the wait of `who`, if it is one of them.
    #[cfg(not(awaitlist_loom))]
    pub(crate) fn begin_with(&mut self, who: &Actor) {
        if let Some(first) = self.edges.iter().position(|edge| edge.who == *who) {
            self.edges.rotate_left(first);
        }
    }

    /// Returns whether it is one task or thread that waits for itself.
    pub fn is_of_one(&self) -> bool {
        let [edge] = &self.edges[..] else { return false };
        edge.held.iter().all(|hold| hold.who == edge.who)
    }
}

/// Finds the tasks and threads that wait for each other's locks and permits, or for their own.
///
/// Like [`snapshot`](crate::snapshot()), it may be called anywhere. What it finds was so at one
/// moment: it looks twice, and keeps what it saw both times. It knows no threshold, so a deadlock
/// that a timeout is about to resolve is found as well, as a [possible](Certainty::Possible) one.
pub fn deadlocks() -> Vec<Deadlock> {
    deadlocks_among(&readings())
}

pub(crate) fn deadlocks_among(readings: &[Reading]) -> Vec<Deadlock> {
    if Search::new(readings, Certainty::Possible, &Doubts::default()).run().is_empty() {
        return Vec::new();
    }
    let before = pulses(readings);
    let readings: Vec<_> = readings.iter().map(confirm).collect();
    let doubts = Doubts::of(&readings, &before);
    let mut found = Search::new(&readings, Certainty::Uncontradicted, &doubts).run();
    let certain: HashSet<_> = found
        .iter()
        .flat_map(|deadlock| &deadlock.edges)
        .filter_map(|edge| Key::of(&edge.who))
        .collect();
    let possible = Search::new(&readings, Certainty::Possible, &doubts).run();
    found.extend(possible.into_iter().filter(|deadlock| {
        let mut who = deadlock.edges.iter().filter_map(|edge| Key::of(&edge.who));
        !who.any(|key| certain.contains(&key))
    }));
    found
}

/// The pulses of all actors that wait.
fn pulses(readings: &[Reading]) -> HashMap<Key, Pulse> {
    let waits = readings.iter().flat_map(|reading| &reading.waits);
    let pulse =
        |wait: &WaitEntry| Some((Key::of(&wait.whose.who)?, wait.whose.who.life()?.pulse()));
    waits.filter_map(pulse).collect()
}

/// Why what certain actors wait for may not be all that they do.
#[derive(Default)]
struct Doubts {
    of_actors: HashMap<Key, Vec<Doubt>>,
}

impl Doubts {
    /// Of the actors in `readings`, all of which was so since the pulses `before`.
    fn of(readings: &[Reading], before: &HashMap<Key, Pulse>) -> Self {
        let now = pulses(readings);
        let mut actors: HashMap<Key, (&Actor, usize)> = HashMap::new();
        for wait in readings.iter().flat_map(|reading| &reading.waits) {
            if let Some(key) = Key::of(&wait.whose.who) {
                // A waiter that was woken has no waker in the queue.
                actors.entry(key).or_insert((&wait.whose.who, 0)).1 +=
                    usize::from(wait.woken.is_none());
            }
        }
        let doubts = |(key, (who, waits)): (Key, (&Actor, usize))| {
            let mut doubts = Vec::new();
            match (before.get(&key), now.get(&key)) {
                (Some(before), Some(now)) => {
                    if now.is_running() || before != now {
                        doubts.push(Doubt::Running(who.clone()));
                    } else if now.wakers != waits {
                        doubts.push(Doubt::OtherWakers(who.clone()));
                    }
                }
                _ => doubts.push(Doubt::Unnamed(who.clone())),
            }
            if who.life().is_some_and(Life::branches) {
                doubts.push(Doubt::Branches(who.clone()));
            }
            (key, doubts)
        };
        Self { of_actors: actors.into_iter().map(doubts).collect() }
    }

    fn of_actor(&self, who: &Actor) -> &[Doubt] {
        Key::of(who).and_then(|key| self.of_actors.get(&key)).map_or(&[], Vec::as_slice)
    }

    /// Why a wait may not last, or not be all that its actor does.
    fn of_wait(&self, wait: &WaitEntry) -> Vec<Doubt> {
        let mut doubts = self.of_actor(&wait.whose.who).to_vec();
        doubts.extend(of_attribution(&wait.whose));
        if evidence::was_seen(wait.at, Seen::GivenUp) {
            doubts.push(Doubt::GivenUp(wait.at));
        }
        doubts
    }

    /// Why a hold may be another's.
    fn of_hold(hold: &HoldEntry) -> Vec<Doubt> {
        let mut doubts: Vec<_> = of_attribution(&hold.whose).collect();
        if hold.moves() {
            doubts.push(Doubt::Moved(hold.at));
        } else if hold.owned {
            doubts.push(Doubt::Owned(hold.at));
        }
        doubts
    }
}

/// Why something may be another's. What a task has left behind that has ended is not its any more:
/// a future that it had polled may be polled by others, and a guard may have been returned.
fn of_attribution(whose: &Attributed) -> impl Iterator<Item = Doubt> + use<> {
    let ended = whose.who.has_ended().then(|| Doubt::Ended(whose.who.clone()));
    let nested = (!whose.sure).then(|| Doubt::Nested(whose.who.clone()));
    let unnamed = (!whose.who.is_certain()).then(|| Doubt::Unnamed(whose.who.clone()));
    [ended, nested, unnamed].into_iter().flatten()
}

/// Looks again, and keeps what was so before and is so now: each was so all the time between, so
/// all were so at once.
fn confirm(before: &Reading) -> Reading {
    let mut now = Reading::of(before.record);
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
    doubts: &'a Doubts,
    /// By a task that waits: the outermost task around it that holds something. The two are one.
    around: HashMap<u64, u64>,
    numbers: HashMap<Key, usize>,
    /// By the actor's number.
    actors: Vec<Suspect>,
    /// By the number of a reading: for each wait, whether it is doubtful in this search; and for
    /// each hold.
    doubtful_waits: Vec<Vec<bool>>,
    doubtful_holds: Vec<Vec<bool>>,
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
    fn new(readings: &'a [Reading], certainty: Certainty, doubts: &'a Doubts) -> Self {
        let strict = certainty == Certainty::Uncontradicted;
        let mut search = Self {
            readings,
            certainty,
            doubts,
            around: if strict { HashMap::new() } else { tasks_around(readings) },
            numbers: HashMap::new(),
            actors: Vec::new(),
            doubtful_waits: Vec::new(),
            doubtful_holds: Vec::new(),
        };
        for (index, reading) in readings.iter().enumerate() {
            let waits = reading.waits.iter();
            search
                .doubtful_waits
                .push(waits.map(|wait| strict && !doubts.of_wait(wait).is_empty()).collect());
            let holds = reading.holds.iter();
            search
                .doubtful_holds
                .push(holds.map(|hold| strict && !Doubts::of_hold(hold).is_empty()).collect());
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

    /// The key of an actor. A task inside one that holds something is that one.
    fn key(&self, who: &Actor) -> Option<Key> {
        let key = Key::of(who)?;
        match key {
            Key::Task(id) => Some(Key::Task(self.around.get(&id).copied().unwrap_or(id))),
            _ => Some(key),
        }
    }

    /// The number of an actor, if it is to be looked at.
    fn enter(&mut self, Attributed { who, .. }: &Attributed) -> Option<usize> {
        if self.certainty == Certainty::Uncontradicted && !who.is_certain() {
            return None;
        }
        let number = *self.numbers.entry(self.key(who)?).or_insert_with(|| {
            self.actors.push(Suspect::default());
            self.actors.len() - 1
        });
        Some(number)
    }

    fn number(&self, who: &Actor) -> Option<usize> {
        self.numbers.get(&self.key(who)?).copied()
    }

    fn stuck(&self, whose: &Attributed) -> Option<usize> {
        self.number(&whose.who).filter(|&actor| self.actors[actor].stuck)
    }

    /// The holders in a reading that are stuck, and so cannot release what they hold.
    fn stuck_holders(&self, index: usize) -> impl Iterator<Item = (usize, &'a HoldSeen)> + '_ {
        let holds = self.readings[index].holds.iter().zip(&self.doubtful_holds[index]);
        holds
            .filter(|(hold, doubtful)| !hold.forgotten && !**doubtful)
            .filter_map(|(hold, _)| Some((self.stuck(&hold.whose)?, hold)))
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
            for actor in self.served(index) {
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

    /// The suspects that may get what they wait for in that reading.
    fn served(&self, index: usize) -> Vec<usize> {
        let reading = &self.readings[index];
        let supply = reading.supply;
        let strict = self.certainty == Certainty::Uncontradicted;
        let open = !reading.record.kind.has_permits() || supply.made_up && strict;
        let in_stuck_hands = total(self.stuck_holders(index).map(|(_, hold)| hold.permits));
        let to_be_had = supply.permits().saturating_sub(in_stuck_hands);
        let mut needed = 0;
        let mut served = Vec::new();
        for (wait, doubtful) in reading.waits.iter().zip(&self.doubtful_waits[index]) {
            let Some(actor) = self.stuck(&wait.whose) else {
                continue;
            };
            needed = needed.max(reading.need(wait));
            // One that wants more than there are waits for more: the semaphore is a signal.
            let signal = strict && reading.need(wait) > supply.permits();
            if open || signal || *doubtful || wait.woken.is_some() || needed <= to_be_had {
                served.push(actor);
            }
        }
        served
    }

    /// Those `within` who hold it, as they are shown, and their numbers.
    fn holders(
        &self,
        index: usize,
        within: &HashSet<usize>,
    ) -> (Arc<[Hold]>, std::vec::IntoIter<usize>) {
        let reading = &self.readings[index];
        let (held, numbers): (Vec<_>, Vec<_>) = self
            .stuck_holders(index)
            .filter(|(actor, _)| within.contains(actor))
            .map(|(actor, hold)| (reading.hold(hold), actor))
            .unzip();
        (held.into(), numbers.into_iter())
    }

    /// Why the deadlock of these actors may be none.
    fn doubts(&self, within: &HashSet<usize>) -> Vec<Doubt> {
        let mut doubts: Vec<Doubt> = Vec::new();
        let mut add = |more: Vec<Doubt>| {
            for doubt in more {
                // A thousand unnamed tasks are listed, but not compared each with each.
                if doubts.len() < MAX_DOUBTS && !doubts.contains(&doubt) {
                    doubts.push(doubt);
                }
            }
        };
        let indices: BTreeSet<_> = within
            .iter()
            .flat_map(|&actor| self.actors[actor].waits.iter().map(|&(index, _)| index))
            .collect();
        for index in indices {
            let reading = &self.readings[index];
            let is_within = |whose: &Attributed| {
                self.number(&whose.who).is_some_and(|actor| within.contains(&actor))
            };
            for wait in reading.waits.iter().filter(|wait| is_within(&wait.whose)) {
                add(self.doubts.of_wait(wait));
                if reading.supply.made_up || reading.need(wait) > reading.supply.permits() {
                    add(vec![Doubt::Signal(reading.site())]);
                }
                match &wait.whose.who {
                    Actor::Task(task) if self.around.contains_key(&task.id()) => {
                        add(vec![Doubt::Nested(wait.whose.who.clone())]);
                    }
                    _ => {}
                }
            }
            for (_, hold) in self.stuck_holders(index).filter(|(actor, _)| within.contains(actor)) {
                add(Doubts::of_hold(hold));
            }
        }
        doubts
    }

    /// What is reported of those actors.
    fn deadlock(&self, actors: &[usize]) -> Deadlock {
        let within: HashSet<_> = actors.iter().copied().collect();
        // By reading: the holders within the deadlock, and those of them that were not followed
        // yet.
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
                    holders.entry(index).or_insert_with(|| self.holders(index, &within));
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
        let doubts = match self.certainty {
            Certainty::Uncontradicted => Vec::new(),
            Certainty::Possible => self.doubts(&within),
        };
        Deadlock { certainty: self.certainty, edges, doubts }
    }
}

/// How many doubts are listed.
const MAX_DOUBTS: usize = 32;

/// For each task that waits inside another that holds something: the outermost of these.
fn tasks_around(readings: &[Reading]) -> HashMap<u64, u64> {
    let holds = readings.iter().flat_map(|reading| &reading.holds);
    let holders: HashSet<_> = holds.filter_map(|hold| Key::of(&hold.whose.who)).collect();
    let around = |wait: &WaitEntry| {
        let Actor::Task(task) = &wait.whose.who else { return None };
        let chain = std::iter::successors(task.inside(), |task| task.inside());
        let outermost = chain.filter(|task| holders.contains(&Key::Task(task.id()))).last()?;
        Some((task.id(), outermost.id()))
    };
    readings.iter().flat_map(|reading| &reading.waits).filter_map(around).collect()
}

/// The strongly connected parts of the graph of stuck actors and of the primitives between them:
/// Tarjan's algorithm, without recursion, since chains of waits may be long.
struct Cycles<'s, 'a> {
    search: &'s Search<'a>,
    /// By node: when it was first visited, counted from 1; and the earliest on the stack that it
    /// leads to.
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

    /// Where a node leads: an actor to the primitives that it waits for, a primitive to the stuck
    /// who hold it. Primitives are numbered after the actors.
    fn next(&self, node: usize) -> Vec<usize> {
        let actors = self.search.actors.len();
        match node.checked_sub(actors) {
            None => self.search.actors[node]
                .waits
                .iter()
                .map(|&(reading, _)| actors + reading)
                .collect(),
            Some(index) => self.search.stuck_holders(index).map(|(actor, _)| actor).collect(),
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

    /// Removes the part whose first node is `first` from the stack, and returns its actors. A part
    /// of one node has no cycle: a cycle has at least an actor and a primitive.
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
            Self::Uncontradicted => "no evidence to the contrary in this run",
            Self::Possible => "possible",
        })
    }
}
