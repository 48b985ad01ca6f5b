//! Names, each kept once: so one word refers to a name.

use std::{cell::Cell, collections::HashMap};

use parking_lot::Mutex;

/// A name, by its address and its length.
type Address = (usize, usize);

type Interned = (Address, &'static &'static str);

/// How many names a thread finds without a lock.
const CACHED: usize = 16;

static NAMES: Mutex<Option<HashMap<Address, &'static &'static str>>> = Mutex::new(None);

thread_local! {
    static CACHE: [Cell<Option<Interned>>; CACHED] = const { [const { Cell::new(None) }; CACHED] };
}

/// Returns a reference to `name` that stays the same. A program has so many names as it has
/// literals.
pub(crate) fn interned(name: &'static str) -> &'static &'static str {
    let address = (name.as_ptr().addr(), name.len());
    let place = (address.0 ^ address.0 >> 4 ^ address.1) % CACHED;
    CACHE.with(|cache| match cache[place].get() {
        Some((cached, name)) if cached == address => name,
        _ => {
            let found = find(address, name);
            cache[place].set(Some((address, found)));
            found
        }
    })
}

#[cold]
fn find(address: Address, name: &'static str) -> &'static &'static str {
    let mut names = NAMES.lock();
    names.get_or_insert_default().entry(address).or_insert_with(|| Box::leak(Box::new(name)))
}
