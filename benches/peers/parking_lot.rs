//! parking_lot. Only threads can wait for its primitives. Its lock lets newcomers pass, and is
//! handed over every half millisecond.

use super::{BlockingLock, Peer};

pub(crate) const PEER: Peer = Peer::ParkingLot;

/// [`parking_lot::Mutex`].
#[derive(Debug)]
pub struct Lock(parking_lot::Mutex<()>);

impl BlockingLock for Lock {
    fn free() -> Self {
        Self(parking_lot::Mutex::new(()))
    }

    #[inline]
    fn acquire_blocking(&self) -> impl Sized {
        self.0.lock()
    }
}
