//! What Python holds of a primitive.
//!
//! asyncio has no guards: any code may release. So a guard of Rust is forgotten when Python has
//! acquired, and `release` releases without one. With the feature `diagnostics` the guards are
//! kept, since a hold is attributed by its guard.

/// A guard or a permit that any code may release once it is forgotten.
pub(crate) trait Guard: Send + 'static {
    fn forget_it(self);
}

impl Guard for awaitlist::OwnedLockGuard {
    fn forget_it(self) {
        Self::forget(self);
    }
}

impl Guard for awaitlist::semaphore::OwnedPermit {
    fn forget_it(self) {
        self.forget();
    }
}

impl Guard for awaitlist::bounded_semaphore::OwnedPermit {
    fn forget_it(self) {
        self.forget();
    }
}

#[cfg(not(feature = "diagnostics"))]
pub(crate) use forgotten::Holds;
#[cfg(feature = "diagnostics")]
pub(crate) use kept::Holds;

#[cfg(not(feature = "diagnostics"))]
mod forgotten {
    use std::{marker::PhantomData, sync::Arc};

    use super::Guard;
    use crate::names::Name;

    /// Forgets each guard.
    pub(crate) struct Holds<G>(PhantomData<fn(G)>);

    impl<G: Guard> Holds<G> {
        #[inline(always)]
        pub(crate) fn of<T>(_primitive: &Arc<T>, _name: &Name) -> Self {
            Self(PhantomData)
        }

        /// Keeps what the task that runs has acquired, until it is released.
        #[inline(always)]
        pub(crate) fn keep(&self, guard: G) {
            guard.forget_it();
        }

        /// Returns what is to be released, unless its guard was forgotten.
        #[inline(always)]
        pub(crate) fn take(&self) -> Option<G> {
            None
        }

        /// Calls `function` with a guard that is kept. Returns whether there is one.
        #[inline(always)]
        pub(crate) fn lend(&self, _function: impl FnOnce(&G)) -> bool {
            false
        }
    }

    impl<G> Clone for Holds<G> {
        fn clone(&self) -> Self {
            Self(PhantomData)
        }
    }
}

#[cfg(feature = "diagnostics")]
mod kept {
    use std::{
        any::Any,
        collections::HashMap,
        sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    };

    use awaitlist::diagnostics::{Held, adopt};

    use super::Guard;
    use crate::{names::Name, task};

    /// All that are kept, by the address of their primitive: several objects of Python may have the
    /// same one.
    static ALL: OnceLock<Mutex<HashMap<usize, Weak<dyn Any + Send + Sync>>>> = OnceLock::new();

    fn all() -> MutexGuard<'static, HashMap<usize, Weak<dyn Any + Send + Sync>>> {
        ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the guards.
    pub(crate) struct Holds<G: Guard>(Arc<Kept<G>>);

    struct Kept<G: Guard> {
        primitive: usize,
        name: Option<&'static str>,
        entries: Mutex<Vec<Entry<G>>>,
    }

    struct Entry<G> {
        guard: G,
        /// The number of the task that acquired it.
        task: Option<u64>,
    }

    impl<G: Guard> Drop for Kept<G> {
        fn drop(&mut self) {
            let is_dead = |kept: &Weak<_>| kept.strong_count() == 0;
            let mut all = all();
            if all.get(&self.primitive).is_some_and(is_dead) {
                all.remove(&self.primitive);
            }
            drop(all);
            // What Rust has of the primitive stays acquired.
            for entry in self.entries.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
                task::released(self.name, entry.task);
                entry.guard.forget_it();
            }
        }
    }

    impl<G: Guard> Kept<G> {
        fn entries(&self) -> MutexGuard<'_, Vec<Entry<G>>> {
            self.entries.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Removes what this task has acquired, or else the oldest.
        fn take(&self) -> Option<Entry<G>> {
            let task = task::current_id();
            let mut entries = self.entries();
            if entries.is_empty() {
                return None;
            }
            let own = task.and_then(|_| entries.iter().position(|entry| entry.task == task));
            Some(entries.remove(own.unwrap_or(0)))
        }

        /// Removes the place of a hold, unless its task has another.
        fn forget_place(&self, task: Option<u64>) {
            if !self.entries().iter().any(|entry| entry.task == task) {
                task::released(self.name, task);
            }
        }
    }

    impl<G: Guard + Held> Holds<G> {
        pub(crate) fn of<T>(primitive: &Arc<T>, name: &Name) -> Self {
            let address = Arc::as_ptr(primitive).addr();
            let mut all = all();
            let found = all.get(&address).and_then(Weak::upgrade);
            if let Some(Ok(kept)) = found.map(Arc::downcast::<Kept<G>>) {
                return Self(kept);
            }
            let kept = Arc::new(Kept {
                primitive: address,
                name: name.get(),
                entries: Mutex::new(Vec::new()),
            });
            let known: Weak<dyn Any + Send + Sync> = Arc::downgrade(&kept) as _;
            all.insert(address, known);
            Self(kept)
        }

        pub(crate) fn keep(&self, guard: G) {
            let task = task::current_id();
            if task.is_some() {
                // Otherwise it could have been sent elsewhere.
                adopt(&guard);
            }
            task::acquired(self.0.name);
            self.0.entries().push(Entry { guard, task });
        }

        pub(crate) fn take(&self) -> Option<G> {
            let entry = self.0.take()?;
            self.0.forget_place(entry.task);
            Some(entry.guard)
        }

        pub(crate) fn lend(&self, function: impl FnOnce(&G)) -> bool {
            let Some(entry) = self.0.take() else { return false };
            function(&entry.guard);
            self.0.entries().push(entry);
            true
        }
    }

    impl<G: Guard> Clone for Holds<G> {
        fn clone(&self) -> Self {
            Self(Arc::clone(&self.0))
        }
    }
}
