//! What `Semaphore` and `BoundedSemaphore` have in common, which is all but the release.

/// Defines what both semaphores have: the names of their futures and permits, how to acquire, what can be looked at, and
/// how they print. `$name` has a field `queue: Queue<Permits>` and implements `Pool`; `$krate` is the crate's name, for
/// the examples; `$never` says how many permits can never be had.
#[doc(hidden)]
#[macro_export]
macro_rules! semaphore {
    ($name:ident, $krate:literal, $never:literal) => {
        /// What opens the queue of a semaphore.
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub struct Key(());

        const KEY: Key = Key(());

        #[doc = concat!("What [`", stringify!($name), "::acquire`] and [`", stringify!($name), "::acquire_many`] make.")]
        pub type Acquire<'a> = $crate::Acquire<&'a $name>;

        #[doc = concat!("What [`", stringify!($name), "::acquire_owned`] and [`", stringify!($name), "::acquire_many_owned`] make.")]
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        pub type AcquireOwned = $crate::Acquire<alloc::sync::Arc<$name>>;

        #[doc = concat!("What [`", stringify!($name), "::acquire`] and [`", stringify!($name), "::acquire_many`] answer.")]
        pub type Permit<'a> = $crate::Permit<&'a $name>;

        #[doc = concat!("What [`", stringify!($name), "::acquire_owned`] and [`", stringify!($name), "::acquire_many_owned`] answer.")]
        #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
        pub type OwnedPermit = $crate::Permit<alloc::sync::Arc<$name>>;

        impl $name {
            /// Waits for a permit, which is given back when it is dropped.
            ///
            /// The place in the queue is taken when the future is first polled. If a permit is to be had and nobody
            /// waits, that poll is ready: an uncontended acquire never suspends.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future gives up its place. What it had been granted goes to the next in line at once.
            ///
            /// ```
            #[doc = concat!("# use ", $krate, "::{Block, ", stringify!($name), "};")]
            /// # async {
            #[doc = concat!("let semaphore = ", stringify!($name), "::new(2);")]
            /// let permit = semaphore.acquire().await;
            /// assert_eq!(semaphore.value(), 1);
            /// # drop(permit);
            /// # }.block();
            /// ```
            #[inline]
            #[track_caller]
            pub fn acquire(&self) -> Acquire<'_> {
                $crate::Acquire::new(self, KEY, 1)
            }

            /// Waits for `n` permits at once. Those behind it in the queue wait until it has them, even if there would
            /// be enough for them. For none at all it waits for its turn as well.
            ///
            /// # Cancel safety
            ///
            /// As [`acquire`](Self::acquire). If the one that is dropped was first in line, those behind it get what
            /// they need.
            ///
            /// # Panics
            ///
            #[doc = concat!("If `n` is above ", $never, ", which can never be had.")]
            ///
            /// ```
            #[doc = concat!("# use ", $krate, "::{Block, ", stringify!($name), "};")]
            /// # async {
            #[doc = concat!("let semaphore = ", stringify!($name), "::new(3);")]
            /// let permits = semaphore.acquire_many(2).await;
            /// assert_eq!((permits.count(), semaphore.value()), (2, 1));
            /// # }.block();
            /// ```
            #[inline]
            #[track_caller]
            pub fn acquire_many(&self, n: usize) -> Acquire<'_> {
                $crate::Acquire::new(self, KEY, n)
            }

            /// Acquires a permit if one is to be had and nobody waits, else answers `None`.
            ///
            /// ```
            #[doc = concat!("# use ", $krate, "::", stringify!($name), ";")]
            #[doc = concat!("let semaphore = ", stringify!($name), "::new(1);")]
            /// let permit = semaphore.try_acquire();
            /// assert!(permit.is_some() && semaphore.try_acquire().is_none());
            /// ```
            #[inline]
            #[track_caller]
            pub fn try_acquire(&self) -> Option<Permit<'_>> {
                self.try_acquire_many(1)
            }

            /// Acquires `n` permits if they are to be had and nobody waits, else answers `None`, as it always does for more
            /// than can ever be had.
            #[inline]
            #[track_caller]
            pub fn try_acquire_many(&self, n: usize) -> Option<Permit<'_>> {
                let origin = $crate::trace::Origin::here();
                let taken = self.queue.try_take(n);
                taken.then(|| $crate::Permit::new(self, KEY, n, origin))
            }

            /// [`acquire`](Self::acquire), with a permit that owns the semaphore's `Arc`, to be kept in a struct or sent
            /// to a task.
            ///
            /// ```
            #[doc = concat!("# use ", $krate, "::{Block, ", stringify!($name), "};")]
            /// # use std::sync::Arc;
            #[doc = concat!("let semaphore = Arc::new(", stringify!($name), "::new(1));")]
            /// let permit = semaphore.acquire_owned().block();
            /// std::thread::spawn(move || drop(permit)).join().unwrap();
            /// assert_eq!(semaphore.value(), 1);
            /// ```
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            #[inline]
            #[track_caller]
            pub fn acquire_owned(self: &alloc::sync::Arc<Self>) -> AcquireOwned {
                self.acquire_many_owned(1)
            }

            /// [`acquire_many`](Self::acquire_many), with a permit that owns the semaphore's `Arc`.
            ///
            /// # Panics
            ///
            #[doc = concat!("If `n` is above ", $never, ", which can never be had.")]
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            #[inline]
            #[track_caller]
            pub fn acquire_many_owned(self: &alloc::sync::Arc<Self>, n: usize) -> AcquireOwned {
                $crate::Acquire::new(alloc::sync::Arc::clone(self), KEY, n)
            }

            /// [`try_acquire`](Self::try_acquire), with a permit that owns the semaphore's `Arc`.
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            #[inline]
            #[track_caller]
            pub fn try_acquire_owned(self: &alloc::sync::Arc<Self>) -> Option<OwnedPermit> {
                self.try_acquire_many_owned(1)
            }

            /// [`try_acquire_many`](Self::try_acquire_many), with a permit that owns the semaphore's `Arc`.
            #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
            #[inline]
            #[track_caller]
            pub fn try_acquire_many_owned(
                self: &alloc::sync::Arc<Self>,
                n: usize,
            ) -> Option<OwnedPermit> {
                let origin = $crate::trace::Origin::here();
                let taken = self.queue.try_take(n);
                taken.then(|| $crate::Permit::new(alloc::sync::Arc::clone(self), KEY, n, origin))
            }

            /// Whether an acquire would have to wait: no permit is to be had, or somebody waits.
            #[inline]
            pub fn locked(&self) -> bool {
                self.queue.would_wait()
            }

            /// How many permits are to be had: not in anybody's hands, and not granted to one who has not run yet.
            #[inline]
            pub fn value(&self) -> usize {
                self.queue.value()
            }

            /// How many wait, those included that were granted their permits and have not run yet.
            #[inline]
            pub fn waiters(&self) -> usize {
                self.queue.waiters()
            }
        }

        // SAFETY: the queue is a field of the semaphore, the same each time, and `withdraw` of permits has the place
        // leave.
        unsafe impl $crate::Waitable for $name {
            type State = $crate::Permits;
            type Key = Key;

            #[inline]
            fn queue(&self, _: $crate::Pass) -> &$crate::Queue<$crate::Permits> {
                &self.queue
            }

            fn withdraw(&self, standing: $crate::Standing<'_, $crate::Permits>) {
                standing.withdraw($crate::Pool::bound(self));
            }
        }

        #[doc = concat!("What asyncio prints in brackets: `<", stringify!($name), " [unlocked, value:2]>`, `<", stringify!($name), " [locked, waiters:1]>`.")]
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.queue.fmt_as_asyncio(stringify!($name), f)
            }
        }

        /// One permit, as asyncio's.
        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(1)
            }
        }
    };
}
