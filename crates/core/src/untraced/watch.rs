//! The watch: it starts no thread and sees no stall.

use core::{fmt, marker::PhantomData, time::Duration};
use std::{boxed::Box, vec::Vec};

use super::{Site, Stall};

/// Returns a watch that reports nothing.
pub const fn watch(threshold: Duration) -> Watch {
    let _ = threshold;
    Watch(PhantomData)
}

/// What [`watch`] returns. As an iterator it is empty.
pub struct Watch(PhantomData<Filter>);

/// What a watch has with the feature.
type Filter = Box<dyn FnMut(&Site) -> bool + Send>;

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
        WatchThread(())
    }

    /// Starts no thread.
    pub const fn print(self) -> WatchThread {
        WatchThread(())
    }

    /// Starts no thread.
    #[cfg(feature = "tracing")]
    pub const fn trace(self) -> WatchThread {
        WatchThread(())
    }

    /// Returns a stream that never has an item.
    pub const fn stream(self) -> Stalls {
        Stalls(())
    }
}

impl Iterator for Watch {
    type Item = Stall;

    fn next(&mut self) -> Option<Stall> {
        None
    }
}

impl core::iter::FusedIterator for Watch {}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// With the feature, a watch in a thread of its own.
#[derive(Debug)]
#[must_use = "with the feature, the watch ends when this is dropped"]
pub struct WatchThread(());

impl WatchThread {
    /// Does nothing.
    pub const fn detach(self) {}

    /// Returns false: there is no thread.
    pub const fn is_alive(&self) -> bool {
        false
    }
}

/// What [`Watch::stream`] returns. It is a stream only with the feature `futures-core`, whose
/// trait it needs.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Stalls(());

#[cfg(feature = "futures-core")]
impl futures_core::Stream for Stalls {
    type Item = Stall;

    fn poll_next(
        self: core::pin::Pin<&mut Self>,
        _: &mut core::task::Context<'_>,
    ) -> core::task::Poll<Option<Stall>> {
        core::task::Poll::Pending
    }
}
