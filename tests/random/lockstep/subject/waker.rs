//! The wakers of a future: each writes down that it was woken.

use crate::lockstep::command::{Id, WAKERS, WakerNumber, Woken};
use std::{
    array,
    sync::{Arc, Mutex},
    task::{Wake, Waker},
};

/// The futures that were woken, in order.
pub(super) type Log = Arc<Mutex<Vec<Woken>>>;

struct Signal {
    woken: Woken,
    log: Log,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.log.lock().unwrap().push(self.woken);
    }
}

/// The wakers of one future, no two of which would wake each other.
pub(super) struct Wakers([Arc<Signal>; WAKERS as usize]);

impl Wakers {
    pub(super) fn new(id: Id, log: &Log) -> Self {
        let mut number = 0..WAKERS;
        Self(array::from_fn(|_| {
            Arc::new(Signal {
                woken: Woken(id, number.next().expect("one for each")),
                log: Arc::clone(log),
            })
        }))
    }

    pub(super) fn waker(&self, number: WakerNumber) -> Waker {
        Waker::from(Arc::clone(&self.0[usize::from(number)]))
    }

    /// How many wakers are kept by others.
    pub(super) fn kept(&self) -> usize {
        self.0.iter().map(|signal| Arc::strong_count(signal) - 1).sum()
    }
}
