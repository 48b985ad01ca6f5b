//! What has been recorded, and how it is reported.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parking_lot::RwLock;

use super::{
    Inversion,
    graph::{Cycle, Graph, Witness},
};
use crate::{Site, class::Class, opt_in::Part};

type Report = dyn Fn(&Inversion) + Send + Sync;
type Filter = dyn Fn(&Site) -> bool + Send + Sync;

#[derive(Default)]
pub(super) struct State {
    graph: Graph,
    pub(super) cycles: Vec<Cycle>,
    pub(super) report: Option<Arc<Report>>,
    /// Of which classes the primitives count one by one.
    apart: HashMap<Class, bool>,
    filter: Option<Arc<Filter>>,
}

static STATE: RwLock<Option<State>> = RwLock::new(None);

pub(super) fn read<R>(read: impl FnOnce(&State) -> R) -> Option<R> {
    STATE.read().as_ref().map(read)
}

fn write<R>(write: impl FnOnce(&mut State) -> R) -> R {
    write(STATE.write().get_or_insert_default())
}

pub(super) fn set_report(report: Arc<Report>) {
    let old = write(|state| state.report.replace(report));
    drop(old);
}

/// Forgets what was recorded, and has the primitives that `filter` chooses count one by one.
pub(super) fn set_filter(filter: Arc<Filter>) {
    let old = write(|state| {
        let report = state.report.take();
        std::mem::replace(state, State { filter: Some(filter), report, ..State::default() })
    });
    drop(old);
}

/// Forgets what was recorded.
pub(super) fn clear() {
    let old = write(|state| {
        let (filter, report) = (state.filter.take(), state.report.take());
        std::mem::replace(state, State { filter, report, ..State::default() })
    });
    drop(old);
}

/// Returns the class of a primitive: what it is in the graph.
pub(super) fn class_of(site: &Site) -> Class {
    let class = Class::of(site);
    let chosen = read(|state| {
        let chosen = state.apart.get(&class).copied();
        // Without a filter none is chosen.
        chosen.or_else(|| state.filter.is_none().then_some(false))
    });
    match chosen.unwrap_or(Some(false)).unwrap_or_else(|| choose(class, site)) {
        true => Class::alone(site),
        false => class,
    }
}

/// Asks the user's filter, once for each class.
#[cold]
fn choose(class: Class, site: &Site) -> bool {
    let filter = read(|state| state.filter.clone()).flatten();
    let chosen = filter.is_some_and(|filter| {
        let asked = catch_unwind(AssertUnwindSafe(|| filter(site)));
        asked.unwrap_or_else(|panic| {
            // Its drop may panic as well.
            std::mem::forget(panic);
            false
        })
    });
    write(|state| *state.apart.entry(class).or_insert(chosen))
}

/// Enters a witness of an edge, and reports the inversion that it completes.
pub(super) fn enter(from: Class, to: Class, witness: impl FnOnce() -> Witness) {
    if !Part::LockOrder.is_started() {
        return;
    }
    let witness = witness();
    if read(|state| state.graph.knows(from, to, &witness)).unwrap_or(false) {
        return;
    }
    let found = write(|state| {
        let cycle = state.graph.enter(from, to, witness)?;
        state.cycles.push(cycle.clone());
        Some((cycle, state.report.clone()?))
    });
    if let Some((cycle, report)) = found {
        let inversion = Inversion::of(&cycle);
        let reported = catch_unwind(AssertUnwindSafe(|| report(&inversion)));
        // Its drop may panic as well.
        reported.unwrap_or_else(std::mem::forget);
    }
}
