//! What the feature `diagnostics` provides, for programs that are built without it.
//!
//! The functions have the same names and signatures and do nothing, so a program can name its
//! tasks, adopt its guards and start its watch whether the feature is enabled or not. Nothing is
//! ever reported: the types of reports have no values.

use core::{convert::Infallible, fmt, future::Future, marker::PhantomData, time::Duration};
use std::{borrow::Cow, string::String, vec::Vec};

/// A future that was named by [`task`]: without the feature, the future itself.
pub type Task<F> = F;

/// Returns `future`. With the feature, names it.
pub fn task<F: Future>(name: impl Into<Cow<'static, str>>, future: F) -> Task<F> {
    let _ = name;
    future
}

/// What [`adopt`] takes: with the feature, a guard or a permit.
pub trait Held {}

impl<T: ?Sized> Held for T {}

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
pub struct NamerIsSet(Infallible);

impl fmt::Display for NamerIsSet {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl std::error::Error for NamerIsSet {}

/// Returns an empty snapshot. With the feature, one of every primitive that is held or waited for.
pub const fn snapshot() -> Snapshot {
    Snapshot { primitives: Vec::new() }
}

/// What is held and waited for. Displayed, it says that the feature is disabled.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// None.
    pub primitives: Vec<Primitive>,
}

impl Snapshot {
    /// Returns a graph of nothing for Graphviz.
    pub fn to_dot(&self) -> String {
        String::from("digraph waits {\n}\n")
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nothing is known: the feature `diagnostics` of awaitlist is disabled.")
    }
}

/// Returns no deadlock.
pub const fn deadlocks() -> Vec<Deadlock> {
    Vec::new()
}

macro_rules! without_values {
    ($($name:ident: $doc:literal;)*) => {$(
        #[doc = $doc]
        ///
        /// It has no value without the feature.
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(Infallible);

        impl fmt::Display for $name {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {}
            }
        }
    )*};
}

without_values! {
    Primitive: "A primitive that is held or waited for.";
    Site: "Which primitive it is.";
    Deadlock: "Tasks and threads that wait for each other.";
    Stall: "What a watch reports.";
    ProfileRow: "What one call site did.";
    Inversion: "Locks that were acquired in orders that do not agree.";
}

/// Returns a record of nothing. With the feature, that of the order in which tasks acquire locks.
pub const fn lock_order() -> LockOrder {
    LockOrder(())
}

/// What [`lock_order`] returns.
#[derive(Clone, Copy, Debug)]
pub struct LockOrder(());

#[allow(clippy::must_use_candidate, reason = "with the feature, they do something")]
impl LockOrder {
    /// Does nothing.
    pub const fn start(self) -> Self {
        self
    }

    /// Does nothing.
    pub const fn stop(self) {}

    /// Returns false.
    pub const fn is_started(self) -> bool {
        false
    }

    /// Does nothing.
    pub const fn print(self) -> Self {
        self
    }

    /// Does nothing. `report` is dropped.
    pub fn on_inversion(self, report: impl Fn(&Inversion) + Send + Sync + 'static) -> Self {
        drop(report);
        self
    }

    /// Does nothing. `filter` is dropped.
    pub fn apart(self, filter: impl Fn(&Site) -> bool + Send + Sync + 'static) -> Self {
        drop(filter);
        self
    }

    /// Does nothing.
    pub const fn clear(self) {}

    /// Returns no inversion.
    pub const fn inversions(self) -> Vec<Inversion> {
        Vec::new()
    }

    /// Does nothing: without the feature nothing is known. A test suite that relies on it has to be
    /// run with the feature.
    pub const fn assert_none(self) {}
}

/// Returns a watch that reports nothing.
pub const fn watch(threshold: Duration) -> Watch {
    let _ = threshold;
    Watch(PhantomData)
}

/// What [`watch`] returns. As an iterator it is empty.
#[derive(Debug)]
pub struct Watch(PhantomData<fn()>);

impl Watch {
    /// Returns no stall.
    #[allow(clippy::missing_const_for_fn, reason = "with the feature it is not")]
    pub fn check(&mut self) -> Vec<Stall> {
        Vec::new()
    }

    /// Does nothing.
    #[must_use]
    pub const fn with_idle_waits(self) -> Self {
        self
    }

    /// Does nothing. `filter` is dropped.
    #[must_use]
    pub fn filter(self, filter: impl FnMut(&Site) -> bool + Send + 'static) -> Self {
        drop(filter);
        self
    }

    /// Starts no thread. `report` is dropped.
    pub fn spawn(self, report: impl FnMut(Stall) + Send + 'static) -> WatchThread {
        drop(report);
        WatchThread(PhantomData)
    }

    /// Starts no thread.
    pub const fn print(self) -> WatchThread {
        WatchThread(PhantomData)
    }
}

impl Iterator for Watch {
    type Item = Stall;

    fn next(&mut self) -> Option<Stall> {
        None
    }
}

/// With the feature, a watch in a thread of its own.
#[derive(Debug)]
#[must_use = "with the feature, the watch ends when this is dropped"]
pub struct WatchThread(PhantomData<fn()>);

impl WatchThread {
    /// Does nothing.
    pub const fn detach(self) {}

    /// Returns false: there is no thread.
    pub const fn is_alive(&self) -> bool {
        false
    }
}

/// Returns what counts nothing. With the feature, the profile of the process.
pub const fn profile() -> Profiler {
    Profiler(())
}

/// What [`profile`] returns.
#[derive(Clone, Copy, Debug)]
pub struct Profiler(());

#[allow(clippy::must_use_candidate, reason = "with the feature, they do something")]
impl Profiler {
    /// Does nothing.
    pub const fn start(self) -> Self {
        self
    }

    /// Does nothing.
    pub const fn stop(self) {}

    /// Returns false.
    pub const fn is_started(self) -> bool {
        false
    }

    /// Does nothing.
    pub const fn clear(self) {}

    /// Returns a profile of nothing.
    pub const fn read(self) -> Profile {
        Profile { lasted: Duration::ZERO, rows: Vec::new() }
    }
}

/// Where tasks wait. Displayed, it says that the feature is disabled.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// Zero.
    pub lasted: Duration,
    /// None.
    pub rows: Vec<ProfileRow>,
}

impl Profile {
    /// Returns no metrics.
    pub const fn to_prometheus(&self) -> String {
        String::new()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nothing is known: the feature `diagnostics` of awaitlist is disabled.")
    }
}
