//! What the diagnostics report. They cover the whole process, in which other tests run at the same
//! time, so each test gives its primitives names of their own, and looks for those.
//!
//! Time is moved by hand.

mod adopting;
mod bad_input;
mod deadlocks;
mod hang_report;
mod outputs;
mod parts;
mod records;
mod reports;
mod resources;
mod signals;
mod sites;
mod snapshots;
mod watching;

use std::{future::Future, time::Duration};

use awaitlist::diagnostics::{Deadlock, Primitive, Snapshot, Stall, deadlocks, snapshot};
use awaitlist_tests::{
    clock,
    unnamed::{poll, ready, waiting},
};

/// Acquires something, and never releases it by itself.
async fn hold_on<F: Future>(acquire: F) {
    hold_until(acquire, std::future::pending()).await;
}

/// Acquires something, and releases it when `end` is ready.
async fn hold_until<F: Future>(acquire: F, end: impl Future<Output = ()>) {
    let held = acquire.await;
    end.await;
    drop(held);
}

const SECOND: Duration = Duration::from_secs(1);

/// What a snapshot says of the primitive with that name, which is held or waited for.
#[track_caller]
fn seen(name: &str) -> Primitive {
    find(&snapshot(), name).expect("it is held or waited for")
}

fn find(snapshot: &Snapshot, name: &str) -> Option<Primitive> {
    let mut primitives = snapshot.primitives.iter();
    primitives.find(|one| one.site.name.as_deref() == Some(name)).cloned()
}

/// The deadlocks in which the primitive with that name is.
fn deadlocks_at(name: &str) -> Vec<Deadlock> {
    let is_there = |deadlock: &Deadlock| {
        deadlock.edges.iter().any(|edge| edge.site.name.as_deref() == Some(name))
    };
    deadlocks().into_iter().filter(is_there).collect()
}

/// Those stalls that are on the primitive with that name.
fn stalls_at(name: &str, stalls: Vec<Stall>) -> Vec<Stall> {
    stalls.into_iter().filter(|stall| stall.site.name.as_deref() == Some(name)).collect()
}
