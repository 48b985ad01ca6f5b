//! Reports as events of `tracing`: one event for one report.

#[cfg(not(awaitlist_loom))]
use crate::{Cause, Phase, Stall, Watch, WatchThread, report::Brief};
use crate::{Inversion, LockOrder};

#[cfg(not(awaitlist_loom))]
impl Stall {
    /// Emits an event of `tracing` with the target `awaitlist::stall`: an error if it is a
    /// deadlock, at level `INFO` if it is over, and else a warning.
    ///
    /// Its fields are `cause` (`"HOLDER GONE QUIET"`), `phase` (`"new"`, `"still"`, `"ended"`),
    /// `primitive`, `waiter`, `at`, and `report`: the whole of it.
    pub fn trace(&self) {
        macro_rules! event {
            ($level:ident, $phase:literal) => {
                tracing::event!(
                    target: "awaitlist::stall",
                    tracing::Level::$level,
                    cause = self.cause.title(),
                    phase = $phase,
                    primitive = %Brief(&self.site),
                    waiter = %self.wait.who,
                    at = %self.wait.at,
                    report = %self,
                )
            };
        }
        match (&self.phase, &self.cause) {
            (Phase::Ended { .. }, _) => event!(INFO, "ended"),
            (Phase::New, Cause::Deadlocked(_)) => event!(ERROR, "new"),
            (Phase::New, _) => event!(WARN, "new"),
            (Phase::Still { .. }, Cause::Deadlocked(_)) => event!(ERROR, "still"),
            (Phase::Still { .. }, _) => event!(WARN, "still"),
        }
    }
}

#[cfg(not(awaitlist_loom))]
impl Watch {
    /// Watches in a thread of its own, and emits an [event](Stall::trace) of `tracing` for each
    /// stall.
    ///
    /// The thread has the global subscriber, not one that was set for another thread.
    ///
    /// # Panics
    ///
    /// Panics if the system cannot start a thread.
    ///
    /// ```no_run
    /// use awaitlist_diagnostics::watch;
    /// use std::time::Duration;
    ///
    /// watch(Duration::from_secs(10)).trace().detach();
    /// ```
    pub fn trace(self) -> WatchThread {
        self.spawn(|stall| stall.trace())
    }
}

impl Inversion {
    /// Emits a warning of `tracing` with the target `awaitlist::lock_order`. Its field `report` is
    /// the whole of it.
    pub fn trace(&self) {
        tracing::warn!(
            target: "awaitlist::lock_order",
            locks = self.steps.len(),
            report = %self,
        );
    }
}

impl LockOrder {
    /// Emits an [event](Inversion::trace) of `tracing` for each inversion that is found from now
    /// on.
    ///
    /// ```
    /// use awaitlist_diagnostics::lock_order;
    ///
    /// lock_order().start().trace();
    /// ```
    #[allow(clippy::must_use_candidate, reason = "it does something")]
    pub fn trace(self) -> Self {
        self.on_inversion(Inversion::trace)
    }
}
