//! Counts at their limits. With `--cfg awaitlist_limits` a queue has at most 1,000 waiters, and the
//! generations of events and barriers wrap at the third change. So the whole suite runs across the
//! wrap then, and the tests of this file reach the limit.

use awaitlist::{Barrier, Event};
use awaitlist_tests::{TestWaker, now, poll};

#[test]
fn generations_wrap_and_release_everything() {
    let event = Event::new();
    let barrier = Barrier::new(2);
    let waker = TestWaker::new().waker();
    for _ in 0..8 {
        let mut wait = Box::pin(event.wait());
        assert!(poll(&mut wait, &waker).is_pending());
        event.set();
        event.clear();
        let mut late = Box::pin(event.wait());
        assert!(poll(&mut late, &waker).is_pending());
        assert!(poll(&mut wait, &waker).is_ready());
        assert!(poll(&mut late, &waker).is_pending());

        let mut first = Box::pin(barrier.wait());
        assert!(poll(&mut first, &waker).is_pending());
        assert_eq!(now(barrier.wait()), Ok(1));
        assert_eq!(now(first), Ok(0));
    }
}

#[cfg(awaitlist_limits)]
mod waiters {
    use super::{Barrier, Event, TestWaker, poll};
    use awaitlist_tests::caught;

    const MOST: usize = 1000;

    #[test]
    fn one_waiter_too_many_panics_and_nothing_else_changes() {
        let event = Event::new();
        let waker = TestWaker::new().waker();
        let mut waits: Vec<_> = (0..MOST).map(|_| Box::pin(event.wait())).collect();
        for wait in &mut waits {
            assert!(poll(wait, &waker).is_pending());
        }
        let mut more = Box::pin(event.wait());
        let panic = caught(|| poll(&mut more, &waker));
        assert_eq!(panic.message, "more than u32::MAX futures wait in one queue");
        drop(more);
        assert_eq!(event.waiters(), MOST);
        event.set();
        assert!(waits.iter_mut().all(|wait| poll(wait, &waker).is_ready()));
    }

    #[test]
    fn one_arrival_too_many_does_not_count() {
        let barrier = Barrier::new(MOST + 2);
        let waker = TestWaker::new().waker();
        let mut waits: Vec<_> = (0..MOST).map(|_| Box::pin(barrier.wait())).collect();
        for wait in &mut waits {
            assert!(poll(wait, &waker).is_pending());
        }
        let mut more = Box::pin(barrier.wait());
        let panic = caught(|| poll(&mut more, &waker));
        assert_eq!(panic.message, "more than u32::MAX futures wait in one queue");
        drop(more);
        assert_eq!(barrier.n_waiting(), MOST);
        drop(waits);
        assert_eq!(barrier.n_waiting(), 0);
    }
}
