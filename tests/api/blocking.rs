//! Waiting on a plain thread, for futures of any kind.

use std::{cell::RefCell, future::poll_fn, task::Poll, thread, time::Duration};

use awaitlist::{Block, Lock};

#[test]
fn a_wake_that_has_come_is_looked_at_though_the_time_is_over() {
    let mut polls = 0;
    let third_time_ready = poll_fn(|context| {
        polls += 1;
        context.waker().wake_by_ref();
        match polls {
            3 => Poll::Ready("ready"),
            _ => Poll::Pending,
        }
    });
    assert_eq!(third_time_ready.block_timeout(Duration::ZERO), Ok("ready"));
}

/// The parker of a thread is kept in a thread-local, which may be destroyed first.
#[test]
fn a_thread_blocks_in_the_destructor_of_a_thread_local() {
    static DESTROYED: Lock<u32> = Lock::new(0);

    struct Blocks;
    impl Drop for Blocks {
        fn drop(&mut self) {
            *DESTROYED.acquire().block() += 1;
            *DESTROYED.acquire().block_timeout(Duration::MAX).unwrap() += 1;
        }
    }

    thread_local! {
        static FIRST: RefCell<Option<Blocks>> = const { RefCell::new(None) };
        static LAST: RefCell<Option<Blocks>> = const { RefCell::new(None) };
    }

    let destroys = thread::spawn(|| {
        FIRST.with_borrow_mut(|first| *first = Some(Blocks));
        assert_eq!(*DESTROYED.acquire().block(), 0);
        LAST.with_borrow_mut(|last| *last = Some(Blocks));
    });
    destroys.join().unwrap();
    assert_eq!(*DESTROYED.acquire().block(), 4);
}
