//! What the feature `diagnostics` provides, for programs that are built without it.
//!
//! The functions and types have the same names, signatures, fields and auto traits, and do
//! nothing. So a program can name its tasks, adopt its guards, start its watch and handle its
//! reports whether the feature is enabled or not. Nothing is ever reported: the types of reports
//! have no values.

mod actor;
mod clock;
mod opt_in;
mod reports;
#[cfg(not(awaitlist_loom))]
mod watch;

use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};
use std::{borrow::Cow, string::String, time::SystemTime, vec::Vec};

pub use actor::{Actor, TaskInfo, ThreadInfo, WakerId};
pub use clock::{Clock, ClockIsSet, ManualClock, set_clock};
pub use opt_in::{Histogram, LockOrder, Profile, Profiler, lock_order, profile};
#[cfg(all(unix, feature = "signal"))]
pub use opt_in::{SignalThread, on_signal, print_report};
pub use reports::{
    Cause, Certainty, ConditionSite, Deadlock, Doubt, Edge, Hold, Inversion, Kind, Name, OrderStep,
    Phase, Primitive, PrimitiveId, ProfileRow, Signal, Signals, Site, Stall, Unserved, Wait,
    WaitState,
};
#[cfg(not(awaitlist_loom))]
pub use watch::{Stalls, Watch, WatchThread, watch};

/// A future that was named by [`task`]: without the feature, nothing but the future.
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Task<F> {
    future: F,
    /// With the feature, a task is not unwind safe.
    _auto_traits: PhantomData<dyn Send + Sync + Unpin>,
}

/// Returns a future that does what `future` does. With the feature, names it.
pub fn task<F: Future>(name: impl Into<Cow<'static, str>>, future: F) -> Task<F> {
    let _ = name;
    Task { future, _auto_traits: PhantomData }
}

impl<F> Task<F> {
    /// Returns what is known of the task: nothing. Its name is empty.
    pub const fn info(&self) -> &TaskInfo {
        &TaskInfo::NONE
    }
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is pinned with the task: nothing moves it out of the field, no
        // method lends it out unpinned, the task has no `Drop`, and it is `Unpin` only if the
        // future is.
        unsafe { self.map_unchecked_mut(|task| &mut task.future) }.poll(context)
    }
}

impl<F: fmt::Debug> fmt::Debug for Task<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("future", &self.future).finish_non_exhaustive()
    }
}

/// A guard or a permit: what [`adopt`] takes. The primitives implement it.
pub trait Held {}

/// Does nothing. With the feature, attributes a guard or a permit to the task that calls.
pub fn adopt(held: &impl Held) {
    let _ = held;
}

/// Does nothing. With the feature, has `namer` name the tasks that have no name.
///
/// # Errors
///
/// Never fails without the feature.
pub fn set_namer(namer: fn() -> Option<String>) -> Result<(), NamerIsSet> {
    let _ = namer;
    Ok(())
}

/// The error of [`set_namer`] if a hook was set before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamerIsSet;

impl fmt::Display for NamerIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hook that names tasks is set already")
    }
}

impl std::error::Error for NamerIsSet {}

/// Returns an empty snapshot. With the feature, one of every primitive that is held or waited for.
pub fn snapshot() -> Snapshot {
    Snapshot { taken: std::time::Instant::now(), time: SystemTime::now(), primitives: Vec::new() }
}

/// What is held and waited for. Displayed, it says that the feature is disabled.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub taken: std::time::Instant,
    /// The same as time of day.
    pub time: SystemTime,
    /// None.
    pub primitives: Vec<Primitive>,
}

impl Snapshot {
    /// How long ago it was at the time of the snapshot.
    pub fn age(&self, since: std::time::Instant) -> core::time::Duration {
        self.taken.saturating_duration_since(since)
    }

    /// Returns a graph of nothing for Graphviz.
    pub fn to_dot(&self) -> String {
        String::from("digraph waits {\n}\n")
    }

    /// Returns that the feature is disabled, as JSON.
    pub fn to_json(&self) -> String {
        String::from(NO_DATA)
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DISABLED)
    }
}

#[cfg(feature = "serde")]
impl serde_core::Serialize for Snapshot {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("disabled", true)])
    }
}

/// What reports that are empty say.
const DISABLED: &str = "Nothing is known: the feature `diagnostics` of awaitlist is disabled.";
const NO_DATA: &str = "{\"disabled\":true}";

/// Returns no deadlock.
pub const fn deadlocks() -> Vec<Deadlock> {
    Vec::new()
}
