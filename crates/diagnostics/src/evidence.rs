//! What the run has shown about call sites: where guards move, and where waits are given up.
//!
//! A deadlock is called certain only as far as nothing of this contradicts it.

use std::{collections::HashMap, panic::Location};

use parking_lot::RwLock;

/// Something that a call site was seen to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A hold that began there was released by another task or thread.
    Moved = 1,
    /// A wait that began there was dropped, and its task went on.
    GivenUp = 2,
}

static SEEN: RwLock<Option<HashMap<Location<'static>, u8>>> = RwLock::new(None);

/// Returns whether that was seen of `site`.
pub(crate) fn was_seen(site: &'static Location<'static>, what: Seen) -> bool {
    let seen = SEEN.read();
    let flags = seen.as_ref().and_then(|seen| seen.get(site)).copied().unwrap_or_default();
    flags & what as u8 != 0
}

/// Forgets all that was seen: for tests, whose programs share their call sites.
pub fn forget_evidence() {
    *SEEN.write() = None;
}

/// Remembers that of `site`.
#[cold]
pub(crate) fn learn(site: &'static Location<'static>, what: Seen) {
    if !was_seen(site, what) {
        let mut seen = SEEN.write();
        *seen.get_or_insert_default().entry(*site).or_default() |= what as u8;
    }
}
