//! The future that a thread blocks on, so that the thread is known.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::RawId;
use crate::{here::set_blocking, life::BlockedThread};

pin_project_lite::pin_project! {
    /// A future that a thread blocks on: what polls with its waker is the thread.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Blocking<F> {
        #[pin]
        future: F,
        blocks: Blocks,
    }
}

/// What a thread keeps while it blocks. Made in the first poll.
#[derive(Debug)]
struct Blocks(Option<BlockedThread>);

impl<F> Blocking<F> {
    pub(crate) const fn new(future: F) -> Self {
        Self { future, blocks: Blocks(None) }
    }
}

impl<F: Future> Future for Blocking<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        /// Sets back what blocked before, also when a poll panics.
        struct Outer(RawId);

        impl Drop for Outer {
            fn drop(&mut self) {
                set_blocking(self.0);
            }
        }

        let this = self.project();
        let blocked = this.blocks.0.get_or_insert_with(BlockedThread::begin);
        blocked.relay().lead_to(context.waker());
        let waker = blocked.relay().waker();
        let _outer = Outer(set_blocking(RawId::of(waker)));
        let polled = blocked.thread().life().begin_poll(None);
        let poll = this.future.poll(&mut Context::from_waker(waker));
        drop(polled);
        poll
    }
}
