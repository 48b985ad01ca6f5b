//! asyncio's barrier, written as its Python reads, on the mutex and the condition variable of the
//! standard library: it drains before it fills again. Without `reset` and `abort`.

use std::sync::{Condvar, Mutex};

use super::{BlockingBarrier, Peer};

pub(crate) const PEER: Peer = Peer::Plain;

/// The barrier.
#[derive(Debug)]
pub struct Barrier {
    parties: usize,
    round: Mutex<Round>,
    changed: Condvar,
}

#[derive(Debug)]
struct Round {
    inside: usize,
    draining: bool,
}

impl BlockingBarrier for Barrier {
    fn of(parties: usize) -> Self {
        let round = Mutex::new(Round { inside: 0, draining: false });
        Self { parties, round, changed: Condvar::new() }
    }

    fn wait_blocking(&self) {
        const NO_PANIC: &str = "no thread panics";
        let mut round = self.round.lock().expect(NO_PANIC);
        round = self.changed.wait_while(round, |round| round.draining).expect(NO_PANIC);
        round.inside += 1;
        if round.inside == self.parties {
            round.draining = true;
            self.changed.notify_all();
        }
        round = self.changed.wait_while(round, |round| !round.draining).expect(NO_PANIC);
        round.inside -= 1;
        if round.inside == 0 {
            round.draining = false;
            self.changed.notify_all();
        }
    }
}
