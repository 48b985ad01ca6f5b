//! What each named task and each thread holds, and what it asks for meanwhile.

use std::{
    panic::Location,
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;

use super::{
    graph::{Gate, Witness},
    state,
};
use crate::{
    Actor, Kind, Site,
    class::Class,
    evidence::{self, Seen},
    opt_in::Acquired,
};

/// A list of holds: part of the life of a task or a thread.
pub(crate) type HeldList = Mutex<Vec<HeldLock>>;

/// A hold, as it is seen by those that come after it.
#[derive(Clone, Debug)]
pub(crate) struct HeldLock {
    number: u64,
    site: Site,
    class: Class,
    at: &'static Location<'static>,
    /// Whether its guard owns the primitive, and was not adopted.
    owned: bool,
}

/// A hold, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    lock: HeldLock,
    /// Which actor has it. `None` if that is not known any more.
    who: Mutex<Option<Actor>>,
}

impl Held {
    /// Enters a hold of `who`.
    pub(crate) fn new(who: Actor, acquired: &Acquired) -> Self {
        let class = state::class_of(&acquired.site);
        Self::enter(who, acquired.site.clone(), class, acquired.at, acquired.owned)
    }

    fn enter(
        who: Actor,
        site: Site,
        class: Class,
        at: &'static Location<'static>,
        owned: bool,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: all that matters is that no two are equal.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let lock = HeldLock { number, site, class, at, owned };
        add(&who, lock.clone());
        Self { lock, who: Mutex::new(Some(who)) }
    }

    /// Enters another hold of the same permits.
    pub(crate) fn split(&self) -> Option<Self> {
        let who = self.who.lock().clone()?;
        let HeldLock { site, class, at, owned, .. } = self.lock.clone();
        Some(Self::enter(who, site, class, at, owned))
    }

    /// Says that `who` has it by now.
    pub(crate) fn pass_to(&self, who: Actor) {
        let who = Some(who).filter(Actor::is_certain);
        if let Some(who) = &who {
            add(who, HeldLock { owned: false, ..self.lock.clone() });
        }
        let before = {
            let mut own = self.who.lock();
            std::mem::replace(&mut *own, who)
        };
        if let Some(before) = before {
            // The same actor may have adopted it: then its first entry is removed, and one is left.
            remove(&before, self.lock.number);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(who) = self.who.get_mut().take() {
            remove(&who, self.lock.number);
        }
    }
}

fn add(who: &Actor, lock: HeldLock) {
    if let Some(life) = who.life() {
        life.held().lock().push(lock);
    }
}

fn remove(who: &Actor, number: u64) {
    let Some(life) = who.life() else { return };
    let mut held = life.held().lock();
    if let Some(index) = held.iter().position(|lock| lock.number == number) {
        held.remove(index);
    }
}

/// A request for permits. Dropped, it is recorded: outside of all locks, since a new inversion is
/// reported at once.
#[derive(Debug)]
pub(crate) struct Ask {
    who: Actor,
    site: Site,
    at: &'static Location<'static>,
}

impl Ask {
    /// `None` if it can be no part of an inversion.
    #[inline]
    pub(crate) fn new(who: Actor, site: Site, at: &'static Location<'static>) -> Option<Self> {
        let counts = site.kind.has_permits() && who.is_certain();
        counts.then(|| Self { who, site, at })
    }

    /// What the actor holds, and what the named tasks hold that it runs inside.
    fn held(&self) -> Vec<HeldLock> {
        let mut held = Vec::new();
        let mut add = |who: &Actor| {
            if let Some(life) = who.life() {
                held.extend(life.held().lock().iter().cloned());
            }
        };
        add(&self.who);
        if let Actor::Task(task) = &self.who {
            let outer = std::iter::successors(task.inside(), |task| task.inside());
            outer.for_each(|task| add(&Actor::Task(task.clone())));
        }
        held
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        let held = self.held();
        if held.is_empty() {
            return;
        }
        let class = state::class_of(&self.site);
        for lock in held.iter().filter(|lock| lock.class != class) {
            // A guard that owns its primitive is often sent elsewhere. Once that was seen of its
            // place, what is acquired there does not count.
            if lock.owned && evidence::was_seen(lock.at, Seen::Moved) {
                continue;
            }
            let is_gate = |other: &&HeldLock| {
                other.site.kind == Kind::Lock
                    && other.site.id != lock.site.id
                    && other.site.id != self.site.id
            };
            let gates = held.iter().filter(is_gate);
            let gates = gates.map(|gate| Gate { id: gate.site.id, class: gate.class }).collect();
            state::enter(lock.class, class, || Witness {
                who: self.who.clone(),
                held: lock.site.clone(),
                held_at: lock.at,
                asked: self.site.clone(),
                asked_at: self.at,
                gates,
            });
        }
    }
}
