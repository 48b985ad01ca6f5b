//! The future that acquires permits of a semaphore.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use crate::{Handle, KeyOf, Permit, Pool, Slot, permit::probe};

pin_project_lite::pin_project! {
    /// Waits for permits, and answers them as a [`Permit`]: what a semaphore's `acquire` and `acquire_many` make,
    /// and, with an `Arc` for handle, `acquire_owned` and `acquire_many_owned`.
    ///
    /// The place in the queue is taken at the first poll.
    ///
    /// # Cancel safety
    ///
    /// Dropping it gives the place up. What it had been granted goes to the next in line at once.
    ///
    /// # Panics
    ///
    /// If it is polled after it has finished.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Acquire<H>
    where
        H: Handle,
        H::Target: Pool,
    {
        // Its tag says how many permits are needed.
        #[pin]
        slot: Slot<H>,
    }
}

impl<H: Handle<Target: Pool>> Acquire<H> {
    /// A future that acquires `need` permits.
    ///
    /// # Panics
    ///
    /// If `need` is more than can ever be had.
    #[inline]
    #[track_caller]
    pub fn new(handle: H, key: KeyOf<H>, need: usize) -> Self {
        let bound = handle.bound();
        if need > bound.max(1) {
            never(H::Target::NAME, need, bound);
        }
        Self {
            slot: Slot::with_tag(handle, key, need),
        }
    }
}

/// A wait that could never end is a bug of the caller's.
#[cold]
#[track_caller]
fn never(name: &str, need: usize, bound: usize) -> ! {
    panic!("acquire_many({need}) would wait for ever: the bound of this {name} is {bound}")
}

impl<H: Handle<Target: Pool>> Future for Acquire<H> {
    type Output = Permit<H>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit<H>> {
        let mut slot = self.project().slot;
        let need = slot.tag();
        slot.as_mut().seat().ask(context);
        let handle = match slot
            .as_mut()
            .finish_at_once(|queue| queue.take_at_once(need))
        {
            Some(handle) => handle,
            None => ready!(wait(slot.as_mut(), context)),
        };
        let hold = probe(&handle).acquired(slot.seat(), context, need);
        Poll::Ready(Permit::held(handle, need, hold))
    }
}

/// One poll of a wait that may be longer.
#[inline(never)]
fn wait<H>(mut slot: Pin<&mut Slot<H>>, context: &mut Context<'_>) -> Poll<H>
where
    H: Handle<Target: Pool>,
{
    let need = slot.tag();
    let bound = slot.handle().map_or(0, |semaphore| semaphore.bound());
    let mut standing = slot.as_mut().standing("Acquire");
    ready!(standing.poll_acquire(need, bound, context));
    Poll::Ready(slot.finish())
}

impl<H: Handle<Target: Pool>> fmt::Debug for Acquire<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("of", &H::Target::NAME)
            .field("need", &self.slot.tag())
            .field("queued", &self.slot.queued())
            .finish_non_exhaustive()
    }
}
