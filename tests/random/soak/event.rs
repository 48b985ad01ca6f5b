//! Events. What must hold: a waiter that comes after a clear passes only at a later set, and sees
//! what was written before that set; a waiter for an event that is set once, and never cleared,
//! passes.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use awaitlist::Event;

use super::{
    crew::{Site, Visits},
    meter::Meter,
    visitor::{Home, Visitor},
};

/// An event that is set and cleared all the time, by one visitor.
#[derive(Debug, Default)]
struct Blinking {
    event: Event,
    /// Counts the sets, each before it is made. Relaxed: the event is what makes it seen.
    set: AtomicU64,
    /// Counts the clears, each after it was made.
    cleared: AtomicU64,
}

/// The events, and the counts of visitors.
#[derive(Debug)]
pub(crate) struct Events {
    meter: Meter,
    /// The first visitor from each home has one to blink with.
    blinking: [Blinking; Home::ALL.len()],
    /// Set when it is replaced by another.
    once: Mutex<Arc<Event>>,
}

impl Default for Events {
    fn default() -> Self {
        Self { meter: Meter::new("Event"), blinking: Default::default(), once: Mutex::default() }
    }
}

impl Events {
    fn once(&self) -> Arc<Event> {
        Arc::clone(&self.once.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace_once(&self) {
        let next = Arc::default();
        let once =
            mem::replace(&mut *self.once.lock().unwrap_or_else(PoisonError::into_inner), next);
        once.set();
    }

    async fn blink(&self, mut visitor: Visitor) {
        let blinking = &self.blinking[visitor.home() as usize];
        for number in 1.. {
            blinking.set.store(number, Relaxed);
            blinking.event.set();
            visitor.done(&self.meter);
            if !visitor.goes_on() {
                break;
            }
            if visitor.one_in(4) {
                visitor.pause().await;
            }
            blinking.event.clear();
            blinking.cleared.store(number, Release);
            visitor.pause().await;
            if visitor.one_in(3) {
                self.replace_once();
            }
        }
        // Set for good, for the waiters that are still to come.
        self.once().set();
    }

    async fn wait(&self, visitor: &mut Visitor) {
        let blinking = &self.blinking[visitor.below(self.blinking.len())];
        let cleared = blinking.cleared.load(Acquire);
        let passed = if visitor.one_in(8) {
            visitor.done(&self.meter);
            blinking.event.is_set()
        } else {
            let wait = blinking.event.wait();
            visitor.perhaps(&self.meter, wait).await.is_some()
        };
        let set = blinking.set.load(Relaxed);
        assert!(
            !passed || set > cleared,
            "got past by set {set}, though that was cleared ({cleared})"
        );
    }
}

impl Visits for Events {
    const VISITORS: usize = 5;

    async fn visit(self: Arc<Self>, mut visitor: Visitor) {
        if visitor.number() == 0 {
            return self.blink(visitor).await;
        }
        while visitor.goes_on() {
            if visitor.one_in(3) {
                let wait = self.once().wait_owned();
                visitor.perhaps(&self.meter, wait).await;
            } else {
                self.wait(&mut visitor).await;
            }
            visitor.pause().await;
        }
    }
}

impl Site for Events {
    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn check_at_rest(&self) {
        for blinking in &self.blinking {
            assert!(blinking.event.is_set());
            assert_eq!(blinking.event.waiters(), 0);
        }
    }
}
