//! What wakes the watches: rung when a wait begins.

#[cfg(not(awaitlist_loom))]
mod rope {
    use event_listener::{Event, EventListener};

    static BELL: Event = Event::new();

    /// Wakes all who listen. While nobody does, a fence and a load.
    #[inline]
    pub(crate) fn ring() {
        BELL.notify(usize::MAX);
    }

    pub(crate) fn listen() -> EventListener {
        BELL.listen()
    }
}

/// In a model nobody watches.
#[cfg(awaitlist_loom)]
mod rope {
    pub(crate) const fn ring() {}
}

pub(crate) use rope::*;
