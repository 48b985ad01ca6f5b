//! Locks. What must hold: one visitor at a time has the guard, and sees what all before it wrote; a
//! forgotten hold keeps all others out until it is released or adopted.

use std::{
    ops::DerefMut,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use awaitlist::{Lock, LockGuard};

use super::{
    crew::{Site, Visits},
    meter::Meter,
    visitor::Visitor,
};

/// Plain numbers: the first is changed when a guard is got, the second before it goes.
#[derive(Debug, Default)]
struct Ledger {
    begun: u64,
    ended: u64,
}

/// The locks, and what visitors check there.
#[derive(Debug)]
pub(crate) struct Locks {
    meter: Meter,
    ledger: Arc<Lock<Ledger>>,
    /// The same count, of an atomic.
    entries: AtomicU64,
    /// Its holds are forgotten now and then.
    door: Lock,
    inside: AtomicBool,
}

impl Default for Locks {
    fn default() -> Self {
        Self {
            meter: Meter::new("Lock"),
            ledger: Arc::default(),
            entries: AtomicU64::new(0),
            door: Lock::new(()),
            inside: AtomicBool::new(false),
        }
    }
}

impl Locks {
    async fn enter(&self, mut ledger: impl DerefMut<Target = Ledger>, visitor: &mut Visitor) {
        assert_eq!(ledger.begun, ledger.ended, "two hold one lock");
        assert_eq!(
            ledger.begun,
            self.entries.fetch_add(1, Relaxed),
            "what the last one wrote is not seen"
        );
        ledger.begun += 1;
        visitor.pause().await;
        ledger.ended += 1;
        assert_eq!(ledger.begun, ledger.ended, "two hold one lock");
    }

    async fn pass_the_door(&self, visitor: &mut Visitor) {
        if let Some(guard) = visitor.perhaps(&self.meter, self.door.acquire()).await {
            self.stay_alone(visitor).await;
            LockGuard::forget(guard);
        }
        // A hold of any visitor, maybe its own.
        if let Ok(guard) = self.door.adopt() {
            self.stay_alone(visitor).await;
            LockGuard::forget(guard);
        }
        // Releases any forgotten hold, so that none stays for long.
        let _ = self.door.release();
        visitor.done(&self.meter);
    }

    async fn stay_alone(&self, visitor: &mut Visitor) {
        assert!(!self.inside.swap(true, Relaxed), "two are behind one door");
        visitor.pause().await;
        assert!(self.inside.swap(false, Relaxed), "two are behind one door");
    }
}

impl Visits for Locks {
    const VISITORS: usize = 8;

    async fn visit(self: Arc<Self>, mut visitor: Visitor) {
        while visitor.goes_on() {
            match visitor.below(5) {
                0 => self.pass_the_door(&mut visitor).await,
                1 => {
                    if let Some(guard) = self.ledger.try_acquire() {
                        self.enter(guard, &mut visitor).await;
                    }
                    visitor.done(&self.meter);
                }
                2 => {
                    let acquire = self.ledger.acquire_owned();
                    if let Some(guard) = visitor.perhaps(&self.meter, acquire).await {
                        self.enter(guard, &mut visitor).await;
                    }
                }
                _ => {
                    let acquire = self.ledger.acquire();
                    if let Some(guard) = visitor.perhaps(&self.meter, acquire).await {
                        self.enter(guard, &mut visitor).await;
                    }
                }
            }
            visitor.pause().await;
        }
    }
}

impl Site for Locks {
    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn check_at_rest(&self) {
        assert_eq!((self.ledger.waiters(), self.door.waiters()), (0, 0));
        assert!(!self.door.locked(), "a forgotten hold was left behind");
        let ledger = self.ledger.try_acquire().expect("it is free");
        assert_eq!(ledger.begun, self.entries.load(Relaxed));
    }
}
