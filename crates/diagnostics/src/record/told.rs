//! What is said of a primitive after it was made: another name, the condition that waits with it.

use std::{borrow::Cow, sync::atomic::Ordering};

use super::Record;
use crate::{ConditionSite, Name, Site, names};

/// What was said of a primitive after it was made.
#[derive(Default)]
pub(super) struct Told {
    pub(super) name: Option<Name>,
    pub(super) condition: Option<ConditionSite>,
    pub(super) may_wait: bool,
}

impl Record {
    /// Names the primitive.
    pub(crate) fn set_name(&self, name: Cow<'static, str>) {
        let name = Name::new(name);
        let mut entries = self.entries();
        let told = entries.told.get_or_insert_default();
        let old = told.name.replace(name);
        self.more.flags.was_told.store(true, Ordering::Relaxed);
        drop(entries);
        drop(old);
    }

    /// Records that waits may be long, unless the label says so.
    #[cold]
    pub(crate) fn may_wait(&self) {
        let created = self.made.words().created.get();
        if created.is_none_or(|created| !names::label_at(created).may_wait) {
            self.entries().told.get_or_insert_default().may_wait = true;
            self.more.flags.was_told.store(true, Ordering::Relaxed);
        }
    }

    /// Whether something was said of the primitive after it was made.
    #[inline]
    pub(crate) fn was_told(&self) -> bool {
        // Relaxed: for the users of the primitive, or nothing but a hint.
        self.more.flags.was_told.load(Ordering::Relaxed)
    }

    /// Records the condition that waits with this lock, if none has before.
    #[inline]
    pub(crate) fn set_condition(&self, condition: impl FnOnce() -> ConditionSite) {
        if !self.was_told() || !self.has_condition() {
            self.add_condition(condition());
        }
    }

    #[cold]
    fn has_condition(&self) -> bool {
        self.entries().told.as_ref().is_some_and(|told| told.condition.is_some())
    }

    #[cold]
    fn add_condition(&self, condition: ConditionSite) {
        let mut entries = self.entries();
        entries.told.get_or_insert_default().condition.get_or_insert(condition);
        self.more.flags.was_told.store(true, Ordering::Relaxed);
    }

    /// Adds to `site` what was said of the primitive after it was made. The caller uses it.
    pub(crate) fn add_what_was_told(&self, mut site: Site) -> Site {
        if self.was_told() {
            self.entries().add_to(&mut site);
        }
        site
    }
}
