//! One visitor hands numbers over to another through a place for one, each asleep until the other
//! notifies it, among others that wait at the same conditions and give up. What must hold: a
//! notification that reached one of those goes to the next. A lost notification leaves both asleep
//! for good.

use std::sync::Arc;

use awaitlist::{Condition, Lock, LockGuard};

use super::{
    meter::Meter,
    visitor::{Home, Visitor},
};

#[derive(Debug, Default)]
struct Place {
    number: Option<u64>,
    /// No more will come.
    closed: bool,
}

type OnPlace = Condition<Place, Arc<Lock<Place>>>;

/// The place, and its conditions.
#[derive(Debug)]
pub(crate) struct Handover {
    place: Arc<Lock<Place>>,
    emptied: OnPlace,
    filled: OnPlace,
}

impl Default for Handover {
    fn default() -> Self {
        let place = Arc::default();
        Self {
            emptied: Condition::with_lock(Arc::clone(&place)),
            filled: Condition::with_lock(Arc::clone(&place)),
            place,
        }
    }
}

impl Handover {
    async fn acquire(&self, meter: &Meter, visitor: &mut Visitor) -> LockGuard<'_, Place> {
        visitor.surely(meter, self.place.acquire()).await
    }

    /// Gives numbers until the time is over.
    pub(crate) async fn give(&self, meter: &Meter, visitor: &mut Visitor) {
        for number in 0.. {
            let mut place = self.acquire(meter, visitor).await;
            while place.number.is_some() {
                place = visitor.surely(meter, self.emptied.wait(place)).await;
            }
            if !visitor.goes_on() {
                place.closed = true;
                self.emptied.notify_all(&place);
                self.filled.notify_all(&place);
                return;
            }
            place.number = Some(number);
            self.filled.notify(&place, 1);
        }
    }

    /// Takes numbers until there are no more.
    pub(crate) async fn take(&self, meter: &Meter, visitor: &mut Visitor) {
        for expected in 0.. {
            let place = self.acquire(meter, visitor).await;
            let wait = self.filled.wait_for_some(place, |place| {
                let closed = place.closed.then_some(None);
                place.number.take().map(Some).or(closed)
            });
            let (place, number) = visitor.surely(meter, wait).await;
            let Some(number) = number else {
                return;
            };
            assert_eq!(number, expected, "a number was lost, or came twice");
            self.emptied.notify(&place, 1);
        }
    }

    /// Waits for nothing of its own: gives up, or passes the notification on.
    pub(crate) async fn disturb(&self, meter: &Meter, visitor: &mut Visitor) {
        let place = self.acquire(meter, visitor).await;
        if place.closed {
            return;
        }
        let condition = if visitor.one_in(2) { &self.emptied } else { &self.filled };
        let notified = if visitor.home() == Home::Thread || visitor.one_in(2) {
            visitor.perhaps(meter, condition.wait(place)).await
        } else {
            let wait = condition.wait_or(place, visitor.turns());
            let (place, outcome) = wait.await;
            match outcome {
                Ok(()) => visitor.done(meter),
                Err(()) => meter.cancelled(),
            }
            outcome.is_ok().then_some(place)
        };
        if let Some(place) = notified {
            condition.notify(&place, 1);
        }
    }

    pub(crate) fn check_at_rest(&self) {
        assert_eq!((self.emptied.waiters(), self.filled.waiters()), (0, 0));
        assert_eq!((self.place.locked(), self.place.waiters()), (false, 0));
    }
}
