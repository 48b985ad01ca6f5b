//! Permits in somebody's hands.

use core::{fmt, mem, ops::Deref};

use crate::{
    Excess, Handle, KeyOf, Pass, Pool, Waitable,
    trace::{Hold, Origin, Probe},
};

/// One or more permits of a semaphore, given back when this is dropped.
///
/// Giving back never fails: permits that would take the value above its bound (somebody released more than was
/// acquired) are let go.
#[must_use = "dropped at once, the permit is released at once: keep it in a variable with a name (`let _permit = …`, not `let _ = …`)"]
#[clippy::has_significant_drop]
pub struct Permit<H: Handle<Target: Pool>> {
    handle: H,
    count: usize,
    /// What the diagnostics know of them.
    hold: Hold,
}

impl<H: Handle<Target: Pool>> Permit<H> {
    /// Permits that were taken from the queue of `handle` just now, as was asked for at `origin`.
    #[inline]
    pub fn new(handle: H, _: KeyOf<H>, count: usize, origin: Origin) -> Self {
        let hold = probe(&handle).taken(origin, count);
        Self::held(handle, count, hold)
    }

    #[inline]
    pub(crate) const fn held(handle: H, count: usize, hold: Hold) -> Self {
        Self {
            handle,
            count,
            hold,
        }
    }

    /// How many permits these are.
    #[inline]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The semaphore that they are of.
    #[inline]
    pub fn semaphore(&self) -> &<H as Deref>::Target {
        &self.handle
    }

    /// Lets the permits go without giving them back. To give them back after all, from anywhere, there is the
    /// semaphore's `release_many`.
    pub fn forget(mut self) {
        probe(&self.handle).forget(&mut self.hold);
        self.count = 0;
    }

    /// Takes `n` permits out as a permit of their own. `None` if there are fewer; nothing has changed then.
    #[must_use = "dropped at once, the permits are released at once"]
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.count = self.count.checked_sub(n)?;
        Some(Self {
            handle: self.handle.clone(),
            count: n,
            hold: probe(&self.handle).split(&mut self.hold, n, self.count),
        })
    }

    /// Takes the permits of `other` in.
    ///
    /// # Panics
    ///
    /// If they are of another semaphore. Both permits are then as they were, and so given back as they are dropped.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            core::ptr::addr_eq(self.semaphore(), other.semaphore()),
            "permits of two different semaphores cannot be merged"
        );
        // Saturates where more permits were made up by `release` than a semaphore can have. They would be let go anyway.
        self.count = self.count.saturating_add(mem::take(&mut other.count));
        probe(&self.handle).merge(&mut self.hold, &mut other.hold, self.count);
    }
}

/// What is told of the semaphore.
#[inline]
pub(crate) fn probe<H: Handle<Target: Pool>>(handle: &H) -> &Probe {
    Waitable::queue(&**handle, Pass::new()).probe()
}

#[cfg(feature = "diagnostics")]
impl<H: Handle<Target: Pool>> crate::diagnostics::Held for Permit<H> {
    fn held(&self) -> (&Probe, &Hold) {
        (probe(&self.handle), &self.hold)
    }
}

impl<H: Handle<Target: Pool>> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            let bound = self.handle.bound();
            let queue = Waitable::queue(&*self.handle, Pass::new());
            queue.probe().end(&mut self.hold);
            // Never an error: what is too much is discarded.
            let _ = queue.give_back(self.count, bound, Excess::Discard);
        }
    }
}

impl<H: Handle<Target: Pool>> fmt::Debug for Permit<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("of", &H::Target::NAME)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
