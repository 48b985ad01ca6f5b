//! What there is beside the [published](crate::published) words of a primitive: a box behind a
//! lock.
//!
//! A record is used for one primitive after the other. The box says which one it is of, by the
//! primitive's number, and there are three kinds of threads that look at it:
//!
//! - **Users** of the primitive, which is not dropped before they have returned. One that finds the
//!   box of an older primitive replaces it.
//! - **The closer**, which drops the primitive after all users have returned.
//! - **Readers**, at any time. One that has the lock checks whether the primitive still lives: then
//!   the next one has no box yet, and what the reader finds is of this one or of an older one. It
//!   may make a box, which the closer may not see: then it is left, of a primitive that is gone.
//!
//! `tests/loom/published.rs` models this file.

use super::atomics::{AtomicBool, Mutex, MutexGuard, Ordering};

/// What is in the box.
pub(crate) trait OfPrimitive {
    /// The number of the primitive that it is of.
    fn of(&self) -> u64;
}

/// A box or none.
#[derive(Debug)]
pub(crate) struct Beside<T, F = ()> {
    more: Mutex<Option<Box<T>>>,
    /// Whether there is one. Stored under the lock.
    has_more: AtomicBool,
    /// What the owner keeps in the spare bytes.
    pub(crate) flags: F,
}

impl<T: OfPrimitive, F> Beside<T, F> {
    pub(crate) const fn new(more: Mutex<Option<Box<T>>>, has_more: AtomicBool, flags: F) -> Self {
        Self { more, has_more, flags }
    }

    /// Returns whether there is a box: for the users, and for others nothing but a hint.
    #[inline]
    pub(crate) fn has_more(&self) -> bool {
        // Relaxed: what is in the box is read under the lock.
        self.has_more.load(Ordering::Relaxed)
    }

    /// Locks the box, for a user of the primitive with that number. There is one from now on:
    /// `make` makes it.
    #[inline]
    pub(crate) fn own(
        &self,
        number: u64,
        make: impl FnOnce() -> T,
    ) -> MutexGuard<'_, Option<Box<T>>> {
        let mut more = self.more.lock();
        if more.as_ref().is_none_or(|entries| entries.of() != number) {
            self.put(&mut more, make());
        }
        more
    }

    /// Puts something in the box, which is locked.
    #[cold]
    pub(crate) fn put(&self, more: &mut Option<Box<T>>, made: T) {
        self.has_more.store(true, Ordering::Relaxed);
        *more = Some(Box::new(made));
    }

    /// Puts something in the box, which is locked, if it is empty. Returns what there is.
    pub(crate) fn fill<'a>(
        &self,
        more: &'a mut Option<Box<T>>,
        make: impl FnOnce() -> T,
    ) -> &'a mut T {
        if more.is_none() {
            self.put(more, make());
        }
        more.as_mut().expect("there is something now")
    }

    /// Locks the box, for a reader of the primitive with that number, if it still `lives`.
    pub(crate) fn of_live(
        &self,
        number: u64,
        lives: impl FnOnce() -> bool,
    ) -> Option<MutexGuard<'_, Option<Box<T>>>> {
        let mut more = self.more.lock();
        // The next primitive has a box only after it has its number.
        if !lives() {
            return None;
        }
        // Made by a reader when the last primitive was dropped: there is nothing in it.
        if more.as_ref().is_some_and(|entries| entries.of() != number) {
            self.has_more.store(false, Ordering::Relaxed);
            *more = None;
        }
        Some(more)
    }

    /// Drops the box: for the closer.
    #[inline]
    pub(crate) fn clear(&self) {
        // What the users have stored came before this. A box that a reader makes just now may not
        // be seen: it has this primitive's number, and is replaced by those that find it later.
        if self.has_more() {
            self.drop_box();
        }
    }

    #[inline(never)]
    fn drop_box(&self) {
        let mut more = self.more.lock();
        self.has_more.store(false, Ordering::Relaxed);
        let entries = more.take();
        drop(more);
        drop(entries);
    }
}
