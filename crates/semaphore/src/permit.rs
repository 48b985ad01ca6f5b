//! Permits that release themselves.

use core::{fmt, mem, ptr, task::Context};

use awaitlist_core::{
    Handle,
    trace::{CallSite, HoldTrace, WaitTrace},
};

use crate::{Semaphore, raw::AnySemaphore};

/// The permit that [`Semaphore::acquire`] returns: a [`Permit`] that borrows the semaphore.
pub type SemaphorePermit<'a> = Permit<&'a Semaphore>;

/// The permit that [`Semaphore::acquire_owned`] returns: a [`Permit`] that owns the semaphore's
/// `Arc`.
///
/// It has no lifetime, so it can be stored in a struct or moved into a task.
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
pub type OwnedPermit = Permit<alloc::sync::Arc<Semaphore>>;

/// One or more permits of a semaphore, released when this is dropped.
///
/// `H` is `&Semaphore` or `Arc<Semaphore>`, or the same of a `BoundedSemaphore`.
///
/// The release never fails. Permits that would take the value above the bound, because more were
/// released than acquired, are discarded. It is a `Release`: it synchronizes with the acquire that
/// takes the permits next.
///
/// ```
/// use awaitlist::{Block, Semaphore};
///
/// let semaphore = Semaphore::new(3);
/// let mut permit = semaphore.acquire_many(3).block();
/// let one = permit.split(1).expect("it has three");
/// drop(permit);
/// assert_eq!(semaphore.value(), 2);
/// drop(one);
/// assert_eq!(semaphore.value(), 3);
/// ```
#[must_use = "dropped at once, the permit is released at once: keep it in a variable with a name (`let _permit = …`, not `let _ = …`); to release it on purpose, write `drop(…)`"]
#[clippy::has_significant_drop]
pub struct Permit<H: Handle<Target: AnySemaphore>> {
    semaphore: H,
    count: usize,
    /// What the diagnostics know of them.
    trace: HoldTrace,
}

impl<H: Handle<Target: AnySemaphore>> Permit<H> {
    /// Tries to take `count` permits, for the caller at `site`.
    #[doc(hidden)]
    #[inline]
    pub fn try_take(semaphore: H, count: usize, site: CallSite) -> Option<Self> {
        let raw = semaphore.as_raw();
        if !raw.try_take(count) {
            return None;
        }
        let trace = raw.queue.trace().acquired_at(site, count, mem::needs_drop::<H>());
        Some(Self { semaphore, count, trace })
    }

    /// Makes a permit of `count` permits that were taken for a future that is polled.
    #[inline(always)]
    pub(crate) fn acquired(
        semaphore: H,
        count: usize,
        wait: &WaitTrace,
        context: &Context<'_>,
    ) -> Self {
        let primitive = semaphore.as_raw().queue.trace();
        let trace = primitive.acquired(wait, context, count, mem::needs_drop::<H>());
        Self { semaphore, count, trace }
    }

    /// States that this is a permit of `count` permits, for the sake of the compiler.
    #[inline(always)]
    pub(crate) fn of(mut self, count: usize) -> Self {
        debug_assert_eq!(self.count, count);
        self.count = count;
        self
    }

    /// Returns the number of permits.
    #[inline]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns the handle to the semaphore: a reference, or the `Arc`.
    ///
    /// ```
    /// use awaitlist::{Block, Semaphore};
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(Semaphore::new(2));
    /// let permit = semaphore.acquire_owned().block();
    /// let again = Arc::clone(permit.semaphore()).try_acquire_owned();
    /// assert!(again.is_some());
    /// ```
    #[inline]
    pub const fn semaphore(&self) -> &H {
        &self.semaphore
    }

    /// Drops this without releasing the permits. The semaphore's `release_many` releases them
    /// later, from anywhere.
    pub fn forget(mut self) {
        let primitive = self.semaphore.as_raw().queue.trace();
        primitive.forgotten(&mut self.trace);
        self.count = 0;
    }

    /// Splits off `n` permits. Returns `None` if there are fewer; nothing has changed then.
    #[must_use = "dropped at once, the permits are released at once"]
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.count = self.count.checked_sub(n)?;
        let primitive = self.semaphore.as_raw().queue.trace();
        Some(Self {
            semaphore: self.semaphore.clone(),
            count: n,
            trace: primitive.split(&mut self.trace, n, self.count),
        })
    }

    /// Adds the permits of `other` to this one.
    ///
    /// # Panics
    ///
    /// Panics if `other` is a permit of another semaphore. Both are unchanged then, and are
    /// released when they are dropped.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            ptr::addr_eq(&raw const *self.semaphore, &raw const *other.semaphore),
            "permits of two different semaphores cannot be merged"
        );
        // Saturates if `release` has made up more permits than a semaphore can have. A release
        // would discard them.
        self.count = self.count.saturating_add(mem::take(&mut other.count));
        let primitive = self.semaphore.as_raw().queue.trace();
        primitive.merged(&mut self.trace, &mut other.trace, self.count);
    }
}

awaitlist_core::held!([H: Handle<Target: AnySemaphore>] Permit<H>, |permit| {
    (permit.semaphore.as_raw().queue.trace(), &permit.trace)
});

impl<H: Handle<Target: AnySemaphore>> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            let raw = self.semaphore.as_raw();
            raw.queue.trace().released(&mut self.trace);
            raw.release_saturating(self.count);
        }
    }
}

impl<H: Handle<Target: AnySemaphore>> fmt::Debug for Permit<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("of", &H::Target::NAME)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
