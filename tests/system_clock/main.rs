//! The diagnostics on the system's clocks: every other test of them moves its clock by hand.

use std::{pin::pin, task::Context, time::Instant};

use awaitlist::{Lock, diagnostics::snapshot};
use awaitlist_tests::TestWaker;

/// The coarse clock is too early, by up to a tick, and so many errors would be seconds.
#[test]
fn waits_that_were_given_up_add_up_to_no_more_than_has_passed() {
    const ATTEMPTS: usize = 1000;
    let begin = Instant::now();
    let lock = Lock::named("tried again and again", ());
    let _guard = lock.try_acquire().expect("it is new");
    let waker = TestWaker::new().waker();
    // One call site, and one task.
    for attempt in 0..=ATTEMPTS {
        let wait = pin!(lock.acquire());
        assert!(wait.poll(&mut Context::from_waker(&waker)).is_pending());
        if attempt == ATTEMPTS {
            let seen = snapshot();
            let waits = seen.primitives.iter().flat_map(|primitive| &primitive.waits);
            let waited = waits.map(|wait| wait.waited_before).collect::<Vec<_>>();
            assert!(matches!(waited[..], [waited] if waited <= begin.elapsed()), "{waited:?}");
        }
    }
}
