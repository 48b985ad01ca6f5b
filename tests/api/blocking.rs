//! Waiting on a plain thread, for futures of any kind.

use std::{future::poll_fn, task::Poll, time::Duration};

use awaitlist::Block;

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
