//! What is said of primitives where they are made, each kept once, so that one word refers to it.
//! And the places that are known by their addresses.

use std::{cell::Cell, collections::HashMap, panic::Location};

use parking_lot::{Mutex, RwLock};

use crate::class::address;

/// What a primitive is called, and what sort of use it was made for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Label {
    pub(crate) name: Option<&'static str>,
    pub(crate) may_wait: bool,
    pub(crate) of_condition: bool,
}

/// A label, by the address and the length of its name, and its attributes.
type Address = (usize, usize, bool, bool);

impl Label {
    fn address(&self) -> Address {
        let name = self.name.unwrap_or_default();
        let start = if self.name.is_some() { name.as_ptr().addr() } else { 0 };
        (start, name.len(), self.may_wait, self.of_condition)
    }

    const fn is_blank(&self) -> bool {
        self.name.is_none() && !self.may_wait && !self.of_condition
    }
}

/// How many labels a thread finds without a lock.
const CACHED: usize = 16;

static LABELS: Mutex<Option<HashMap<Address, &'static Label>>> = Mutex::new(None);

thread_local! {
    static CACHE: [Cell<Option<&'static Label>>; CACHED] =
        const { [const { Cell::new(None) }; CACHED] };
}

/// Returns a reference to `label` that stays the same. `None` if it says nothing. A program has so
/// many labels as it has literals.
pub(crate) fn interned(label: Label) -> Option<&'static Label> {
    if label.is_blank() {
        return None;
    }
    let address = label.address();
    let place = (address.0 ^ address.0 >> 4 ^ address.1) % CACHED;
    CACHE.with(|cache| match cache[place].get() {
        Some(cached) if cached.address() == address => Some(cached),
        _ => {
            let found = find(address, label);
            cache[place].set(Some(found));
            Some(found)
        }
    })
}

#[cold]
fn find(address: Address, label: Label) -> &'static Label {
    let mut labels = LABELS.lock();
    labels.get_or_insert_default().entry(address).or_insert_with(|| Box::leak(Box::new(label)))
}

/// The places that are known by their addresses.
static PLACES: RwLock<Option<HashMap<usize, &'static Location<'static>>>> = RwLock::new(None);

/// Makes a place known by its address.
#[cold]
pub(crate) fn know(place: &'static Location<'static>) {
    PLACES.write().get_or_insert_default().insert(address(place), place);
}

/// Returns the place with that address, if it is known.
pub(crate) fn place(address: usize) -> Option<&'static Location<'static>> {
    PLACES.read().as_ref()?.get(&address).copied()
}
