//! Reports why an async program hangs: which task holds a lock, which tasks wait for it, and which
//! can never continue.
//!
//! It is a part of [awaitlist](https://docs.rs/awaitlist), whose primitives report to it when their
//! feature `diagnostics` is enabled. When disabled, the feature costs nothing, not even a byte. It
//! needs `std`.
//!
//! | question | answer |
//! |---|---|
//! | what is held, by which task, and which tasks wait? | [`snapshot()`], to be printed, drawn ([`Snapshot::to_dot`]) or counted |
//! | which tasks wait for each other? | [`deadlocks()`], with the doubts about each |
//! | does anything hang at all? | [`watch()`], which reports each wait that takes too long, and why |
//! | can it deadlock, even if it has not yet? | [`lock_order()`], which notes what is acquired while something else is held |
//! | where does the time go? | [`profile()`], which adds up waits and holds by call site |
//! | which task is that? | [`task()`] gives it a name |
//!
//! ```no_run
//! use awaitlist_diagnostics as diagnostics;
//! use std::time::Duration;
//!
//! diagnostics::watch(Duration::from_secs(10)).print().detach();
//! println!("{}", diagnostics::snapshot());
//! for deadlock in diagnostics::deadlocks() {
//!     println!("{deadlock}");
//! }
//! ```
//!
//! # Who is who
//!
//! What is acquired or waited for is attributed to the innermost [`task()`] that polls it; else to
//! the thread that blocks on it; else to the waker that it is polled with, which is kept as long,
//! so that no other has its address. A guard that is sent elsewhere is [adopted](adopt()) there.
//!
//! # Features
//!
//! | feature | enables |
//! |---|---|
//! | `serde` | `Serialize` of [`Snapshot`], [`Stall`], [`Deadlock`], [`Inversion`] and [`Profile`]. They have `to_json` without it |
//! | `signal` | `on_signal`, on Unix: a report on a signal, by a thread of its own |
//! | `tracing` | an event of `tracing` for each report, and the spans that tokio-console shows |
//!
//! # What it costs
//!
//! An acquisition for which no task waits is written down in a few atomic words, without a lock or
//! a look at the clock. So are a wait and a wake-up, with their times: tens of nanoseconds. Each
//! further hold of a semaphore is written down under a small lock of the primitive's own. No user's
//! lock is ever taken and no code of the user's runs under a lock of the diagnostics, so they may
//! be asked from anywhere, inside a waker too.
//!
//! The memory for the most waits that there were at a time for a primitive is kept for later ones,
//! until it is dropped: 72 bytes each, for up to four times as many.
//!
//! # Times
//!
//! On Linux, the times at which a wait or a hold began are those of the system's coarse clock,
//! which costs a fifth of the standard one. They are up to one tick of the system (1 to 10 ms) too
//! early and never too late, so a wait is shown as longer than it was by that at most. Times that a
//! report compares or adds up are exact: when a named task or a thread was woken and polled, when
//! an event was set and a condition notified, and when a wait began after others were given up.
#![deny(unsafe_code)]
#![cfg_attr(awaitlist_loom, allow(dead_code, reason = "a model has no watch"))]
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(awaitlist_loom, target_has_atomic = "ptr"))))]

mod actor;
mod adopt;
mod atomics;
mod attempts;
mod bell;
mod beside;
mod class;
mod clock;
mod console;
mod data;
mod deadlock;
mod dot;
mod ended;
#[cfg(feature = "tracing")]
mod events;
mod evidence;
mod here;
#[doc(hidden)]
pub mod hooks;
mod life;
mod lock_order;
mod namer;
mod names;
mod opt_in;
mod profile;
mod published;
mod record;
mod registry;
mod report;
#[cfg(all(unix, feature = "signal"))]
mod signal;
mod signals;
mod site;
mod snapshot;
mod stall;
mod static_ref;
#[cfg(not(awaitlist_loom))]
mod watch;

#[doc(hidden)]
pub use actor::task_with_same_waker;
pub use actor::{Actor, Task, TaskInfo, WakerId, task};
pub use adopt::{Held, adopt};
pub use clock::{Clock, ClockIsSet, ManualClock, set_clock};
pub use deadlock::{Certainty, Deadlock, Doubt, Edge, deadlocks};
#[doc(hidden)]
pub use evidence::forget_evidence;
pub use life::ThreadInfo;
pub use lock_order::{Inversion, LockOrder, OrderStep, lock_order};
pub use namer::{NamerIsSet, set_namer};
pub use profile::{Histogram, Profile, ProfileRow, Profiler, profile};
#[cfg(all(unix, feature = "signal"))]
pub use signal::{SignalThread, on_signal, print_report};
pub use signals::{Signal, Signals};
pub use site::{ConditionSite, Name, Site};
pub use snapshot::{Hold, Kind, Primitive, PrimitiveId, Snapshot, Wait, WaitState, snapshot};
pub use stall::{Cause, Phase, Stall, Unserved};
#[cfg(not(awaitlist_loom))]
pub use watch::{Stalls, Watch, WatchThread, watch};

/// The README's example runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
