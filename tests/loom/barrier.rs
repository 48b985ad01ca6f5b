use awaitlist_barrier::{Barrier, BrokenBarrier};

use crate::support::{Arc, block_on, model, model_bounded, poll_once, thread};

/// Two arrive at once: does each get an index of its own?
#[test]
fn two_arrive() {
    model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = Arc::clone(&barrier);
        let thread = thread::spawn(move || block_on(other.wait()).unwrap());
        let index = block_on(barrier.wait()).unwrap();
        assert_eq!(index + thread.join().unwrap(), 1);
        assert_eq!(barrier.n_waiting(), 0);
    });
}

/// Each writes before it arrives: does the other read that when it has got past?
#[test]
fn what_was_done_before_an_arrival_is_seen_after_the_barrier() {
    model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let written = [(); 2].map(|()| Arc::new(loom::cell::UnsafeCell::new(0)));
        let meet = |barrier: Arc<Barrier>, mine: &loom::cell::UnsafeCell<u8>| {
            // SAFETY: only its owner accesses it before the barrier.
            mine.with_mut(|mine| unsafe { *mine = 1 });
            block_on(barrier.wait()).unwrap();
        };
        let (others, both) = (Arc::clone(&barrier), written.clone());
        let thread = thread::spawn(move || {
            meet(others, &both[0]);
            // SAFETY: after the barrier no thread writes.
            assert_eq!(both[1].with(|theirs| unsafe { *theirs }), 1);
        });
        meet(barrier, &written[1]);
        // SAFETY: after the barrier no thread writes.
        assert_eq!(written[0].with(|theirs| unsafe { *theirs }), 1);
        thread.join().unwrap();
    });
}

/// The last one arrives while an arrival is dropped: does it go with it, or wait for another?
#[test]
fn the_last_arrival_against_a_drop() {
    model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let mut first = Box::pin(barrier.wait_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let dropper = thread::spawn(move || drop(first));
        let mut last = Box::pin(barrier.wait());
        let released = poll_once(last.as_mut()).is_ready();
        dropper.join().unwrap();
        // Cancelled before: the arrival that came is the only one, and another releases it.
        assert_eq!(barrier.n_waiting(), usize::from(!released));
        if !released {
            assert_eq!(block_on(barrier.wait()), Ok(1));
            assert_eq!(block_on(last), Ok(0));
        }
        assert_eq!(barrier.n_waiting(), 0);
    });
}

/// An abort against an arrival that would complete the round: do both sides agree on what happened?
#[test]
fn an_abort_against_the_last_arrival() {
    model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = Arc::clone(&barrier);
        let arrival = thread::spawn(move || block_on(other.wait()));
        let mut own = Box::pin(barrier.wait());
        let early = poll_once(own.as_mut());
        barrier.abort();
        let own = match early {
            std::task::Poll::Ready(result) => result,
            std::task::Poll::Pending => block_on(own),
        };
        let others = arrival.join().unwrap();
        assert!(barrier.broken());
        // The last one to arrive returned before the abort, or none returned.
        assert!(own.is_err() || others.is_err() || own != others);
        barrier.reset();
        assert!(!barrier.broken());
    });
}

/// A reset against an arrival: does an arrival that was inside fail, and does a later one join the
/// new round?
#[test]
fn a_reset_against_an_arrival() {
    model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let mut first = Box::pin(barrier.wait_owned());
        assert!(poll_once(first.as_mut()).is_pending());
        let other = Arc::clone(&barrier);
        let resetter = thread::spawn(move || other.reset());
        let mut second = Box::pin(barrier.wait());
        let early = poll_once(second.as_mut());
        resetter.join().unwrap();
        assert_eq!(block_on(first), Err(BrokenBarrier::AbortOrReset));
        if early.is_pending() {
            // Gated by the reset; it joined the new round when the first had left, and another
            // completes that.
            assert!(poll_once(second.as_mut()).is_pending());
            assert_eq!(block_on(barrier.wait()), Ok(1));
            assert_eq!(block_on(second), Ok(0));
        } else {
            assert_eq!(early, std::task::Poll::Ready(Ok(1)));
        }
    });
}

/// Two rounds by two threads: does a thread that comes early wait until the round before has left?
#[test]
fn two_rounds() {
    model_bounded(1, || {
        let barrier = Arc::new(Barrier::new(2));
        let other = Arc::clone(&barrier);
        let rounds = |barrier: Arc<Barrier>| {
            (block_on(barrier.wait()).unwrap(), block_on(barrier.wait()).unwrap())
        };
        let thread = thread::spawn(move || rounds(other));
        let (first, second) = rounds(barrier);
        let (others_first, others_second) = thread.join().unwrap();
        assert_eq!((first + others_first, second + others_second), (1, 1));
    });
}

/// A released arrival is dropped between two batches of wake-ups (of two in a model), before it has
/// an index: do those behind it keep theirs?
#[test]
fn a_drop_between_two_batches_renumbers_no_other() {
    model(|| {
        let barrier = Arc::new(Barrier::new(5));
        let mut waits: Vec<_> = (0..4).map(|_| Box::pin(barrier.wait_owned())).collect();
        for wait in &mut waits {
            assert!(poll_once(wait.as_mut()).is_pending());
        }
        let third = waits.remove(2);
        let dropper = thread::spawn(move || drop(third));
        let mut last = Box::pin(barrier.wait());
        let released = poll_once(last.as_mut());
        dropper.join().unwrap();
        if released.is_ready() {
            assert_eq!(released, std::task::Poll::Ready(Ok(4)));
            for (wait, index) in waits.iter_mut().zip([0, 1, 3]) {
                assert_eq!(poll_once(wait.as_mut()), std::task::Poll::Ready(Ok(index)));
            }
            assert_eq!(barrier.to_string(), "<Barrier [filling, waiters:0/5]>");
        } else {
            // Cancelled before: one arrival is missing.
            assert_eq!(barrier.n_waiting(), 4);
            assert_eq!(poll_once(Box::pin(barrier.wait()).as_mut()), std::task::Poll::Ready(Ok(4)));
        }
    });
}
