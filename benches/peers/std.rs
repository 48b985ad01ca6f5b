//! The standard library. Only threads can wait for its primitives, and the first thread that finds
//! the lock free acquires it.

use super::{BlockingBarrier, BlockingLock, Peer};

pub(crate) const PEER: Peer = Peer::Std;

/// [`std::sync::Mutex`].
#[derive(Debug)]
pub struct Lock(std::sync::Mutex<()>);

impl BlockingLock for Lock {
    fn free() -> Self {
        Self(std::sync::Mutex::new(()))
    }

    #[inline]
    fn acquire_blocking(&self) -> impl Sized {
        self.0.lock().expect("no thread panics")
    }
}

/// [`std::sync::Barrier`].
#[derive(Debug)]
pub struct Barrier(std::sync::Barrier);

impl BlockingBarrier for Barrier {
    fn of(parties: usize) -> Self {
        Self(std::sync::Barrier::new(parties))
    }

    fn wait_blocking(&self) {
        self.0.wait();
    }
}
