//! The barrier itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{Pass, Queue, Standing, Waitable, const_fn, trace::Probe};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::WaitOwned;
use crate::{
    Wait, WaitWith,
    round::{self, Arrival, Phase, Round, begin_epoch, wake_older, withdraw},
};

/// What opens the queue of a barrier.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Key(());

pub(crate) const KEY: Key = Key(());

/// A point that a number of parties reach together, again and again: `asyncio.Barrier` of CPython 3.13.
///
/// | asyncio | here |
/// |---|---|
/// | `Barrier(parties)` | [`Barrier::new(parties)`](Barrier::new) |
/// | `await barrier.wait()`, `async with barrier as i` | `let i = barrier.wait().await?;` |
/// | `await barrier.abort()`, `await barrier.reset()` | [`abort`](Self::abort), [`reset`](Self::reset), which never suspend |
/// | `parties`, `n_waiting`, `broken` | the same |
/// | `BrokenBarrierError` | [`BrokenBarrier`] |
/// | `repr(barrier)` | [`Display`](fmt::Display): `<Barrier [filling, waiters:1/3]>` |
///
/// ```
/// use awaitlist_barrier::{Barrier, Block};
///
/// let barrier = Barrier::new(2);
/// std::thread::scope(|scope| {
///     let other = scope.spawn(|| barrier.wait().block());
///     let (a, b) = (barrier.wait().block()?, other.join().unwrap()?);
///     assert_eq!(a + b, 1); // one got index 0, the other index 1
///     Ok::<(), awaitlist_barrier::BrokenBarrier>(())
/// })?;
/// # Ok::<(), awaitlist_barrier::BrokenBarrier>(())
/// ```
pub struct Barrier {
    queue: Queue<Round>,
    parties: usize,
}

impl Barrier {
    const_fn! {
        /// A barrier for `parties`.
        ///
        /// # Panics
        ///
        /// If `parties` is 0.
        #[track_caller]
        pub const fn new(parties: usize) -> Self {
            Self::told_of(None, parties)
        }
    }

    const_fn! {
        /// A barrier for `parties`, with a name for diagnostics. Without those the name is not kept.
        ///
        /// # Panics
        ///
        /// If `parties` is 0.
        #[track_caller]
        pub const fn named(name: &'static str, parties: usize) -> Self {
            Self::told_of(Some(name), parties)
        }
    }

    const_fn! {
        #[track_caller]
        const fn told_of(name: Option<&'static str>, parties: usize) -> Self {
            assert!(parties > 0, "a barrier needs at least one party (parties must be >= 1)");
            Self { queue: Queue::new(0, Round::new(), Probe::barrier(name, parties)), parties }
        }
    }

    /// Arrives, and waits until all parties have. Answers this one's index: all of a round get different ones, from 0 to
    /// `parties - 1`, in the order of their arrival. The last to arrive does not suspend.
    ///
    /// A future has arrived when it is first polled. While the last round is still leaving, it waits for that first.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrier`], if the barrier is broken on arrival, or is aborted or reset before the future returns.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future withdraws the arrival: the barrier waits for another one. If it had been released already,
    /// the others keep their indices. The barrier does not break.
    ///
    /// ```
    /// # use awaitlist_barrier::{Barrier, Block};
    /// # async {
    /// let alone = Barrier::new(1);
    /// assert_eq!(alone.wait().await, Ok(0));
    /// # }.block();
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> Wait<'_> {
        WaitWith::new(self)
    }

    /// [`wait`](Self::wait), with a future that owns the barrier's `Arc`, to be kept in a struct.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn wait_owned(self: &Arc<Self>) -> WaitOwned {
        WaitWith::new(Arc::clone(self))
    }

    /// Breaks the barrier: all inside fail, those released that have not returned yet included, and so do all who come,
    /// until it is [reset](Self::reset).
    ///
    /// ```
    /// # use awaitlist_barrier::{Barrier, Block, BrokenBarrier};
    /// let barrier = Barrier::new(2);
    /// barrier.abort();
    /// assert_eq!(barrier.wait().block(), Err(BrokenBarrier::Aborted));
    /// barrier.reset();
    /// assert!(!barrier.broken());
    /// ```
    pub fn abort(&self) {
        wake_older(&self.queue, |queue| {
            queue.state().phase = Phase::Broken;
            begin_epoch(queue);
        });
    }

    /// Makes the barrier as new: all inside fail, those released that have not returned yet included. Those who come
    /// before these have left wait for that, and join the new round.
    pub fn reset(&self) {
        wake_older(&self.queue, |queue| {
            let round = queue.state();
            round.phase = match round.inside {
                0 => Phase::Filling,
                _ => Phase::Resetting,
            };
            begin_epoch(queue);
        });
    }

    /// How many parties it takes.
    #[inline]
    pub const fn parties(&self) -> usize {
        self.parties
    }

    /// How many have arrived and wait for the others. 0 unless the barrier is filling.
    pub fn n_waiting(&self) -> usize {
        self.snapshot().1
    }

    /// Whether the barrier is broken.
    pub fn broken(&self) -> bool {
        self.snapshot().0 == Phase::Broken
    }

    /// Whether an arrival seems to be the last that is missing. It is a guess, made without the lock: those who have not
    /// left yet, and those who wait to come in, count as well.
    pub(crate) fn seems_last(&self) -> bool {
        self.queue.waiters() + 1 >= self.parties
    }

    /// Arrives, if there is nothing to wait for, and wakes all others if it is the last. Nothing has changed if there is.
    #[inline(never)]
    pub(crate) fn arrive_and_wake(&self) -> Option<Arrival> {
        round::arrive_and_wake(&self.queue, self.parties)
    }

    /// Wakes those whom the last change of phase lets go.
    pub(crate) fn wake_older(&self) {
        wake_older(&self.queue, |_| ());
    }

    /// The phase and the number of arrivals, at one and the same moment.
    fn snapshot(&self) -> (Phase, usize) {
        self.queue.locked(|queue| {
            let round = queue.state();
            (round.phase, round.arrived())
        })
    }
}

// SAFETY: the queue is a field of the barrier, the same each time, and `withdraw` has the place leave.
unsafe impl Waitable for Barrier {
    type State = Round;
    type Key = Key;

    #[inline]
    fn queue(&self, _: Pass) -> &Queue<Round> {
        &self.queue
    }

    fn withdraw(&self, mut standing: Standing<'_, Round>) {
        let (waker, opens) = standing.locked(withdraw);
        if opens {
            self.wake_older();
        }
        // Last, for its drop may panic, and the others are awake by now.
        drop(waker);
    }
}

/// A wait failed because of an [`abort`](Barrier::abort) or a [`reset`](Barrier::reset): asyncio's
/// `BrokenBarrierError`, whose texts these print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BrokenBarrier {
    /// The barrier was broken on arrival: `Barrier aborted`.
    Aborted,
    /// It was aborted or reset while this one was inside: `Abort or reset of barrier`.
    AbortOrReset,
}

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "Barrier aborted",
            Self::AbortOrReset => "Abort or reset of barrier",
        })
    }
}

impl core::error::Error for BrokenBarrier {}

/// What asyncio prints in brackets: `<Barrier [filling, waiters:1/3]>`, `<Barrier [broken]>`.
impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, arrived) = self.snapshot();
        match phase {
            Phase::Broken => f.write_str("<Barrier [broken]>"),
            _ => write!(
                f,
                "<Barrier [{}, waiters:{arrived}/{}]>",
                phase.name(),
                self.parties
            ),
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, arrived) = self.snapshot();
        f.debug_struct("Barrier")
            .field("state", &format_args!("{}", phase.name()))
            .field("n_waiting", &arrived)
            .field("parties", &self.parties)
            .finish()
    }
}
