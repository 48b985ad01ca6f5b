//! Primitives that count as one: those of one kind that have one name, or that have none and were
//! made at one place.

use std::{collections::HashMap, panic::Location};

use parking_lot::RwLock;

use crate::{Kind, Site};

/// The number of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Class(u64);

impl Class {
    /// Returns the class of a primitive.
    pub(crate) fn of(site: &Site) -> Self {
        let known = CLASSES.read().as_ref().and_then(|classes| classes.find(site));
        known.unwrap_or_else(|| CLASSES.write().get_or_insert_default().add(site))
    }

    /// Returns a class of this primitive alone.
    pub(crate) const fn alone(site: &Site) -> Self {
        Self(site.id.get() | 1 << 63)
    }
}

static CLASSES: RwLock<Option<Classes>> = RwLock::new(None);

#[derive(Default)]
struct Classes {
    named: HashMap<String, Vec<(Kind, Class)>>,
    /// One place may have several addresses: it is looked up by its address first.
    made_at: HashMap<(Kind, usize), Class>,
    made: HashMap<(Kind, Location<'static>), Class>,
    count: u64,
}

/// The address of a place in memory.
pub(crate) fn address(place: &'static Location<'static>) -> usize {
    std::ptr::from_ref(place).addr()
}

impl Classes {
    fn find(&self, site: &Site) -> Option<Class> {
        match site.name.as_deref() {
            Some(name) => {
                let kinds = self.named.get(name)?;
                kinds.iter().find(|(kind, _)| *kind == site.kind).map(|(_, class)| *class)
            }
            None => self.made_at.get(&(site.kind, address(site.created))).copied(),
        }
    }

    fn add(&mut self, site: &Site) -> Class {
        if let Some(class) = self.find(site) {
            // Another thread has added it meanwhile.
            return class;
        }
        self.count += 1;
        let new = Class(self.count);
        match site.name.as_deref() {
            Some(name) => {
                self.named.entry(name.to_owned()).or_default().push((site.kind, new));
                new
            }
            None => {
                let class = *self.made.entry((site.kind, *site.created)).or_insert(new);
                self.made_at.insert((site.kind, address(site.created)), class);
                class
            }
        }
    }
}
