//! Barriers. What must hold: at one whose arrivals are never cancelled, each round has each index
//! once; at one with cancelled arrivals, aborts and resets, no index comes more often than rounds
//! were tripped, and no more are missing than waits were cancelled.
//!
//! The second is visited in episodes, and looked at between them, when all visitors are at the
//! first.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use awaitlist::{Barrier, BrokenBarrier};

use super::{
    crew::{Site, Visits},
    meter::Meter,
    visitor::{Home, Visitor},
};

/// The number of all visitors.
const STEADY: usize = Barriers::VISITORS * Home::ALL.len();
/// Less than half of them, so that some are always at the gate.
const SHAKY: usize = 4;
/// An episode ends when a visitor has waited so often.
const WAITS: usize = 300;

/// The barriers, and what visitors saw there.
#[derive(Debug)]
pub(crate) struct Barriers {
    meter: Meter,
    steady: Barrier,
    /// The indices seen in this round of the steady one and in the last, a bit each.
    seen: [AtomicU64; 2],
    shaky: Barrier,
    /// How often each index came in this episode.
    indices: [AtomicU64; SHAKY],
    /// How many waits at the shaky one ended without an index in this episode.
    without: AtomicU64,
    /// This episode ends: the shaky barrier is broken, and stays so.
    ends: AtomicBool,
    /// So does the visit.
    last: AtomicBool,
}

impl Default for Barriers {
    fn default() -> Self {
        Self {
            meter: Meter::new("Barrier"),
            steady: Barrier::new(STEADY),
            seen: Default::default(),
            shaky: Barrier::new(SHAKY),
            indices: Default::default(),
            without: AtomicU64::new(0),
            ends: AtomicBool::new(false),
            last: AtomicBool::new(false),
        }
    }
}

impl Barriers {
    /// Waits for all others. One of them, which gets `true`, has the barriers to itself until it
    /// comes here again.
    async fn meet(&self, round: &mut usize, visitor: &mut Visitor) -> bool {
        let index = visitor.surely(&self.meter, self.steady.wait()).await;
        let index = index.expect("the steady barrier is never broken");
        let before = self.seen[*round % 2].fetch_or(1 << index, SeqCst);
        assert_eq!(before & 1 << index, 0, "index {index} came twice in a round");
        *round += 1;
        let is_first = index == 0;
        if is_first && *round > 1 {
            // All are past the round before: they have come to this one. None is at the next, which
            // lacks this visitor.
            let seen = self.seen[*round % 2].swap(0, SeqCst);
            assert_eq!(seen, (1 << STEADY) - 1, "not all indices came in a round");
        }
        is_first
    }

    async fn shake(&self, visitor: &mut Visitor) {
        for _ in 0..WAITS {
            match visitor.perhaps(&self.meter, self.shaky.wait()).await {
                Some(Ok(index)) => {
                    self.indices[index].fetch_add(1, SeqCst);
                }
                Some(Err(BrokenBarrier::Aborted)) if self.ends.load(SeqCst) => return,
                _ => {
                    self.without.fetch_add(1, SeqCst);
                }
            }
            if visitor.one_in(100) {
                if visitor.one_in(2) {
                    self.shaky.abort();
                    visitor.pause().await;
                }
                self.shaky.reset();
                if self.ends.load(SeqCst) {
                    self.shaky.abort();
                }
            }
            visitor.pause().await;
        }
        self.ends.store(true, SeqCst);
        self.shaky.abort();
    }

    fn check_between_episodes(&self) {
        let text = self.shaky.to_string();
        assert_eq!(text, "<Barrier [broken]>");
        self.shaky.reset();
        let text = self.shaky.to_string();
        assert_eq!(text, format!("<Barrier [filling, waiters:0/{SHAKY}]>"));
        let mut indices = self.indices.each_ref().map(|count| count.swap(0, SeqCst));
        // The last to arrive does not wait, so it is never given up.
        let rounds = indices[SHAKY - 1];
        let without = self.without.swap(0, SeqCst);
        let missing: u64 = indices
            .iter_mut()
            .map(|count| rounds.checked_sub(*count).expect("an index came twice"))
            .sum();
        assert!(
            missing <= without,
            "{missing} indices are missing, and {without} waits ended without one"
        );
        self.ends.store(false, SeqCst);
    }
}

impl Visits for Barriers {
    async fn visit(self: Arc<Self>, mut visitor: Visitor) {
        let mut round = 0;
        while !self.last.load(SeqCst) {
            self.shake(&mut visitor).await;
            if self.meet(&mut round, &mut visitor).await {
                self.check_between_episodes();
                self.last.store(!visitor.goes_on(), SeqCst);
            }
            self.meet(&mut round, &mut visitor).await;
        }
    }
}

impl Site for Barriers {
    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn check_at_rest(&self) {
        assert_eq!((self.steady.n_waiting(), self.shaky.n_waiting()), (0, 0));
        assert!(!self.steady.broken() && !self.shaky.broken());
    }
}
