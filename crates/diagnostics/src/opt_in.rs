//! What is recorded only after the program has asked for it: the [lock order](crate::lock_order())
//! and the [profile](crate::profile()).
//!
//! The hooks call this module at four places: where a task is enqueued, where a wait ends, where
//! something is acquired, and where a hold ends. Until something is started, a call is one relaxed
//! load, and the end of a hold is a comparison with null.

use std::{
    panic::{AssertUnwindSafe, Location},
    sync::atomic::{AtomicU8, Ordering},
    task::Context,
    time::Instant,
};

use crate::{
    Actor, Site,
    lock_order::{Ask, Held},
    profile::{self, Timer, WaitBegan},
    record::Attributed,
};

/// Something that can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    LockOrder = 1,
    Profile = 2,
}

/// The parts that are started.
static STARTED: AtomicU8 = AtomicU8::new(0);

// The orderings below are Relaxed: what is recorded is protected by locks of its own, and a hook on
// another thread may see a start or a stop late.
impl Part {
    pub(crate) fn start(self) {
        STARTED.fetch_or(self as u8, Ordering::Relaxed);
    }

    pub(crate) fn stop(self) {
        STARTED.fetch_and(!(self as u8), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn is_started(self) -> bool {
        STARTED.load(Ordering::Relaxed) & self as u8 != 0
    }
}

/// Returns whether anything is started.
#[inline]
pub(crate) fn is_any_started() -> bool {
    STARTED.load(Ordering::Relaxed) != 0
}

/// Returns the request of an actor that is about to wait for permits, to be dropped outside the
/// lock of the queue.
#[inline]
pub(crate) fn asks(
    whose: &Attributed,
    site: impl FnOnce() -> Site,
    at: &'static Location<'static>,
) -> Option<Ask> {
    if !Part::LockOrder.is_started() {
        return None;
    }
    Ask::new(whose.sure.then(|| whose.who.clone())?, site(), at)
}

/// Records that a wait ends that is followed by no hold.
#[inline]
pub(crate) fn ended(
    began: &WaitBegan,
    site: impl FnOnce() -> Site,
    at: &'static Location<'static>,
) {
    if let Some(began) = began.take() {
        profile::waited(&site(), at, began);
    }
}

/// What was acquired, and how.
pub(crate) struct Acquired {
    pub(crate) site: Site,
    pub(crate) at: &'static Location<'static>,
    /// Whether its guard owns the primitive.
    pub(crate) owned: bool,
}

/// What is recorded of one hold, until this is dropped.
///
/// It is unwind safe: each change of what it shares is complete before any code of the user's runs.
#[derive(Debug, Default)]
pub(crate) struct HoldLedger(Option<AssertUnwindSafe<Box<Entry>>>);

#[derive(Debug)]
struct Entry {
    /// For the lock order. `None` also if it is not known which task or thread has the hold.
    held: Option<Held>,
    /// For the profile.
    timer: Option<Timer>,
}

impl HoldLedger {
    pub(crate) const NOTHING: Self = Self(None);

    fn new(held: Option<Held>, timer: Option<Timer>) -> Self {
        let is_empty = held.is_none() && timer.is_none();
        Self((!is_empty).then(|| AssertUnwindSafe(Box::new(Entry { held, timer }))))
    }

    /// Records what was acquired in a poll. `waited`: it was asked for before.
    #[cold]
    pub(crate) fn polled(
        acquired: &Acquired,
        context: &Context<'_>,
        waited: bool,
        began: Option<Instant>,
    ) -> Self {
        let who = Part::LockOrder.is_started().then(|| Actor::known_polling(context)).flatten();
        if let (Some(who), false) = (&who, waited) {
            drop(Ask::new(who.clone(), acquired.site.clone(), acquired.at));
        }
        let held = who.map(|who| Held::new(who, acquired));
        Self::new(held, Timer::begin(&acquired.site, acquired.at, began))
    }

    /// Records what was acquired without asking: it was available.
    #[cold]
    pub(crate) fn tried(acquired: &Acquired) -> Self {
        let who =
            Some(Actor::here()).filter(|who| who.is_certain() && Part::LockOrder.is_started());
        let held = who.map(|who| Held::new(who, acquired));
        Self::new(held, Timer::begin(&acquired.site, acquired.at, None))
    }

    /// Returns the same for a part of the hold.
    pub(crate) fn split(&self) -> Self {
        self.0.as_ref().map_or(Self::NOTHING, |entry| {
            Self::new(entry.held.as_ref().and_then(Held::split), entry.timer.clone())
        })
    }

    /// Records that the caller has the hold by now.
    pub(crate) fn adopt(&self) {
        if let Some(held) = self.0.as_ref().and_then(|entry| entry.held.as_ref()) {
            held.pass_to(Actor::here());
        }
    }

    /// Ends the record.
    #[inline]
    pub(crate) fn end(&mut self) {
        if self.0.is_some() {
            self.clear();
        }
    }

    #[cold]
    fn clear(&mut self) {
        *self = Self::NOTHING;
    }
}
