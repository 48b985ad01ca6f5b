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

/// The address and the length of a name, its attributes, and the address of where it was said.
type Address = (usize, usize, bool, bool, usize);

impl Label {
    fn address(&self, created: &'static Location<'static>) -> Address {
        let name = self.name.unwrap_or_default();
        let start = if self.name.is_some() { name.as_ptr().addr() } else { 0 };
        (start, name.len(), self.may_wait, self.of_condition, address(created))
    }

    const fn is_blank(&self) -> bool {
        self.name.is_none() && !self.may_wait && !self.of_condition
    }
}

/// A label, and a copy of the place where it was said.
struct Labelled {
    label: Label,
    address: Address,
    place: Location<'static>,
}

/// How many labels a thread finds without a lock.
const CACHED: usize = 16;

static LABELS: Mutex<Option<HashMap<Address, &'static Labelled>>> = Mutex::new(None);
/// The same, by the addresses of the copies.
static LABELLED: RwLock<Option<HashMap<usize, &'static Labelled>>> = RwLock::new(None);

thread_local! {
    static CACHE: [Cell<Option<&'static Labelled>>; CACHED] =
        const { [const { Cell::new(None) }; CACHED] };
}

/// Returns the place where a primitive was made as a reference that stays the same, and that leads
/// to the [label](label_at). It is a copy if there is a label. A program has so many labels as it
/// has literals.
#[inline]
pub(crate) fn labelled(
    created: &'static Location<'static>,
    label: Label,
) -> &'static Location<'static> {
    if label.is_blank() { created } else { copy(created, label) }
}

#[inline(never)]
fn copy(created: &'static Location<'static>, label: Label) -> &'static Location<'static> {
    let address = label.address(created);
    let place = (address.0 ^ address.0 >> 4 ^ address.1 ^ address.4 >> 3) % CACHED;
    CACHE.with(|cache| match cache[place].get() {
        Some(cached) if cached.address == address => &cached.place,
        _ => {
            let found = find(address, created, label);
            cache[place].set(Some(found));
            &found.place
        }
    })
}

#[cold]
fn find(address: Address, created: &'static Location<'static>, label: Label) -> &'static Labelled {
    let mut labels = LABELS.lock();
    labels.get_or_insert_default().entry(address).or_insert_with(|| {
        let new = &*Box::leak(Box::new(Labelled { label, address, place: *created }));
        LABELLED.write().get_or_insert_default().insert(crate::class::address(&new.place), new);
        new
    })
}

/// Returns the label of a primitive that was made there.
pub(crate) fn label_at(created: &'static Location<'static>) -> Label {
    let labels = LABELLED.read();
    let found = labels.as_ref().and_then(|labels| labels.get(&address(created)));
    found.map(|found| found.label).unwrap_or_default()
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
