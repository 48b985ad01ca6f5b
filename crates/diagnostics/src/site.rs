//! Which primitive it is: what was said of it where it was made, or later.

use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    panic::Location,
    sync::Arc,
};

use crate::{Kind, PrimitiveId};

/// Which primitive it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Site {
    /// Its number.
    pub id: PrimitiveId,
    /// Its type.
    pub kind: Kind,
    /// Its name, if it has one: `Lock::named("cache", …)`, `Lock::new(…).with_name(…)`.
    pub name: Option<Name>,
    /// Where it was made.
    pub created: &'static Location<'static>,
    /// Whether waits for it are meant to be long: `Event::new().may_wait()`.
    pub may_wait: bool,
    /// Of a lock: the condition that it was made for, or that was the first to wait with it.
    pub condition: Option<ConditionSite>,
}

/// The condition that a lock belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConditionSite {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Where it was made.
    pub created: &'static Location<'static>,
}

impl ConditionSite {
    pub(crate) fn of(Site { name, created, .. }: Site) -> Self {
        Self { name, created }
    }
}

/// The name of a primitive. It dereferences to `str`, so that `site.name.as_deref()` is an
/// `Option<&str>`.
#[derive(Clone)]
pub struct Name(Text);

#[derive(Clone)]
enum Text {
    Static(&'static str),
    /// Freed with the primitive and the last report of it.
    Shared(Arc<str>),
}

impl Name {
    pub(crate) const fn of_static(name: &'static str) -> Self {
        Self(Text::Static(name))
    }

    pub(crate) fn new(name: Cow<'static, str>) -> Self {
        Self(match name {
            Cow::Borrowed(name) => Text::Static(name),
            Cow::Owned(name) => Text::Shared(name.into()),
        })
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Text::Static(name) => name,
            Text::Shared(name) => name,
        }
    }
}

/// Two are equal if their texts are.
impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// As the text is written: in quotes.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
