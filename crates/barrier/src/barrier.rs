//! The barrier itself.

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use alloc::sync::Arc;
use core::fmt;

use awaitlist_core::{Brackets, Guarded, WaitQueue, const_fn, trace::PrimitiveTrace};

#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
use crate::WaitOwned;
use crate::{
    Wait,
    phase::{Arrival, Phase, Round, arrive_last, notify_older},
};

/// A point that a number of tasks and threads reach together, again and again: `asyncio.Barrier` of
/// CPython 3.13.
///
/// Each party waits until all have arrived. The last arrival releases all of them, and the barrier
/// is ready for the next round. A future that is dropped withdraws its arrival: the barrier counts
/// only parties that are there.
///
/// ```
/// use awaitlist::{Barrier, Block};
///
/// let barrier = Barrier::new(2);
/// std::thread::scope(|scope| {
///     let other = scope.spawn(|| barrier.wait().block());
///     let (a, b) = (barrier.wait().block()?, other.join().unwrap()?);
///     assert_eq!(a + b, 1); // one got index 0, the other index 1
///     Ok::<(), awaitlist::BrokenBarrier>(())
/// })?;
/// # Ok::<(), awaitlist::BrokenBarrier>(())
/// ```
///
/// If no code aborts or resets the barrier, [`wait`](Self::wait) does not fail, and an `expect` is
/// right.
///
/// # Memory ordering
///
/// What each party did before its wait is visible to all parties after theirs.
///
/// # Examples
///
/// ## Work in phases, with one party that finishes each
///
/// ```
/// use awaitlist::{Barrier, Block, BrokenBarrier};
/// use std::{
///     sync::atomic::{AtomicU32, Ordering::Relaxed},
///     thread,
/// };
///
/// static BARRIER: Barrier = Barrier::new(3);
/// static SUM: AtomicU32 = AtomicU32::new(0);
/// static SUMS: AtomicU32 = AtomicU32::new(0);
///
/// async fn worker(number: u32) -> Result<(), BrokenBarrier> {
///     for _phase in 0..2 {
///         SUM.fetch_add(number, Relaxed);
///         if BARRIER.wait().await? == 0 {
///             // All have added. One of them takes the sum, while the others wait below.
///             SUMS.fetch_add(SUM.swap(0, Relaxed), Relaxed);
///         }
///         BARRIER.wait().await?;
///     }
///     Ok(())
/// }
///
/// let workers = [1, 2, 3].map(|number| thread::spawn(move || worker(number).block()));
/// for worker in workers {
///     worker.join().unwrap()?;
/// }
/// assert_eq!(SUMS.load(Relaxed), 12);
/// # Ok::<(), BrokenBarrier>(())
/// ```
///
/// ## A party that fails must not leave the others waiting
///
/// [`abort`](Self::abort) makes all of them fail. A guard calls it unless it is forgotten:
///
/// ```
/// use awaitlist::{Barrier, Block};
/// use std::{mem, thread};
///
/// static BARRIER: Barrier = Barrier::new(2);
///
/// struct AbortOnDrop;
///
/// impl Drop for AbortOnDrop {
///     fn drop(&mut self) {
///         BARRIER.abort();
///     }
/// }
///
/// async fn party(number: Result<u32, &'static str>) -> Result<u32, &'static str> {
///     let abort = AbortOnDrop;
///     let number = number?; // the barrier breaks if this fails
///     BARRIER.wait().await.map_err(|_broken| "another party failed")?;
///     mem::forget(abort);
///     Ok(number)
/// }
///
/// let other = thread::spawn(|| party(Ok(1)).block());
/// assert_eq!(party(Err("no number")).block(), Err("no number"));
/// assert_eq!(other.join().unwrap(), Err("another party failed"));
/// ```
///
/// # asyncio
///
/// | asyncio | here |
/// |---|---|
/// | `Barrier(parties)` | [`Barrier::new(parties)`](Barrier::new) |
/// | `await barrier.wait()`, `async with barrier as i` | `let i = barrier.wait().await?;` |
/// | `await barrier.abort()`, `await barrier.reset()` | [`abort`](Self::abort), [`reset`](Self::reset), which never suspend |
/// | `parties`, `n_waiting`, `broken` | the same |
/// | `BrokenBarrierError` | [`BrokenBarrier`] |
/// | `repr(barrier)` | [`Display`](fmt::Display): `<Barrier [filling, waiters:1/3]>` |
pub struct Barrier {
    pub(crate) queue: WaitQueue<Guarded<Round>>,
    parties: usize,
}

impl Barrier {
    const_fn! {
        /// Creates a barrier for `parties`.
        ///
        /// # Panics
        ///
        /// Panics if `parties` is 0.
        #[track_caller]
        #[must_use]
        pub const fn new(parties: usize) -> Self {
            Self::traced(None, parties)
        }
    }

    const_fn! {
        /// Creates a barrier for `parties`, with a name for the diagnostics. Without the feature
        /// `diagnostics` the name is discarded.
        ///
        /// # Panics
        ///
        /// Panics if `parties` is 0.
        #[track_caller]
        #[must_use]
        pub const fn named(name: &'static str, parties: usize) -> Self {
            Self::traced(Some(name), parties)
        }
    }

    const_fn! {
        #[track_caller]
        const fn traced(name: Option<&'static str>, parties: usize) -> Self {
            assert!(parties > 0, "a barrier needs at least one party (parties must be >= 1)");
            let trace = PrimitiveTrace::barrier(name, parties);
            // SAFETY: the methods of this crate hold one guard at a time, and drop it before they
            // wake or return.
            let queue = unsafe { WaitQueue::new(0, Guarded::new(Round::new()), trace) };
            Self { queue, parties }
        }
    }
}

awaitlist_core::described! {
    /// use awaitlist::Barrier;
    ///
    /// static READY: Barrier = Barrier::named("ready", 3).may_wait();
    /// let phase = Barrier::new(3).with_name(format!("phase {}", 17));
    /// # let _ = phase;
    [] Barrier, |this| this.queue
}

impl Barrier {
    /// Arrives, and waits until all parties have arrived. Returns the index of this party: the
    /// parties of a round get the indices from 0 to `parties - 1` in the order of their arrival.
    /// The last party does not suspend.
    ///
    /// A future arrives when it is first polled. While the last round is leaving, it waits for that
    /// first.
    ///
    /// It is an `Acquire` and a `Release`: what each party did before is visible to all after the
    /// wait.
    ///
    /// # Errors
    ///
    /// Returns [`BrokenBarrier`] if the barrier is broken on arrival, or is aborted or reset before
    /// the future returns.
    ///
    /// # Cancel safety
    ///
    /// Safe in a `select!`: dropping the future withdraws the arrival, and the barrier waits for
    /// another one. If the round was complete already, the others keep their indices. The barrier
    /// does not break.
    ///
    /// ```
    /// use awaitlist::{Barrier, Block, BrokenBarrier};
    /// use std::thread;
    ///
    /// static BARRIER: Barrier = Barrier::new(3);
    ///
    /// async fn party() -> Result<usize, BrokenBarrier> {
    ///     BARRIER.wait().await
    /// }
    ///
    /// let parties = [(); 3].map(|()| thread::spawn(|| party().block()));
    /// let mut indices = parties.map(|party| party.join().unwrap().unwrap());
    /// indices.sort();
    /// assert_eq!(indices, [0, 1, 2]);
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(&self) -> Wait<&Self> {
        Wait::new(self)
    }

    /// Like [`wait`](Self::wait), but the future owns the barrier's `Arc`, so that it can be stored
    /// in a struct. Cancel safe in the same way.
    ///
    /// # Errors
    ///
    /// Returns [`BrokenBarrier`] in the same cases.
    #[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
    #[inline]
    #[track_caller]
    pub fn wait_owned(self: &Arc<Self>) -> WaitOwned {
        Wait::new(Arc::clone(self))
    }

    /// Breaks the barrier. All current parties fail, including those released but not yet polled,
    /// and so do all arrivals until it is [reset](Self::reset).
    ///
    /// ```
    /// use awaitlist::{Barrier, Block, BrokenBarrier};
    ///
    /// let barrier = Barrier::new(2);
    /// barrier.abort();
    /// assert_eq!(barrier.wait().block(), Err(BrokenBarrier::Aborted));
    /// barrier.reset();
    /// assert!(!barrier.broken());
    /// ```
    pub fn abort(&self) {
        let mut queue = self.queue.lock();
        let round = queue.state_mut();
        round.phase = Phase::Broken;
        round.begin_generation();
        notify_older(queue);
    }

    /// Resets the barrier. All current parties fail, including those released but not yet polled.
    /// Later arrivals wait until they have left, then join the new round.
    pub fn reset(&self) {
        let mut queue = self.queue.lock();
        let round = queue.state_mut();
        round.phase = match round.inside {
            0 => Phase::Filling,
            _ => Phase::Resetting,
        };
        round.begin_generation();
        notify_older(queue);
    }

    /// Returns the number of parties that the barrier waits for.
    #[inline]
    #[must_use]
    pub const fn parties(&self) -> usize {
        self.parties
    }

    /// Returns the number of parties that have arrived and wait for the others: 0 unless the
    /// barrier is filling.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.snapshot().1
    }

    /// Returns whether the barrier is broken.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.phase() == Phase::Broken
    }

    /// Returns the phase that the barrier is in. A snapshot.
    ///
    /// ```
    /// use awaitlist::{Barrier, barrier::Phase};
    ///
    /// let barrier = Barrier::new(2);
    /// assert_eq!(barrier.phase(), Phase::Filling);
    /// barrier.abort();
    /// assert_eq!(barrier.phase(), Phase::Broken);
    /// ```
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.queue.lock().state().phase
    }

    /// Returns the number of parties inside: those that have arrived, and whose future was neither
    /// ready nor dropped since. Unlike [`n_waiting`](Self::n_waiting), it counts them in every
    /// phase. A snapshot.
    ///
    /// A party that arrives while the last round is leaving is not inside yet.
    #[must_use]
    pub fn inside(&self) -> usize {
        self.queue.lock().state().inside
    }

    /// Returns the text that asyncio's `repr` has in brackets: `filling, waiters:1/3`. A snapshot.
    ///
    /// It locks the queue.
    ///
    /// ```
    /// use awaitlist::Barrier;
    ///
    /// assert_eq!(Barrier::new(3).brackets().to_string(), "filling, waiters:0/3");
    /// ```
    #[must_use]
    pub fn brackets(&self) -> Brackets {
        match self.snapshot() {
            (Phase::Broken, _) => Brackets::new(Phase::Broken.name(), 0),
            (phase, arrived) => Brackets::new(phase.name(), arrived).with_parties(self.parties),
        }
    }

    /// Returns whether an arrival seems to be the last that is missing. A guess: gated waiters, and
    /// parties that have not left yet, count as well.
    pub(crate) fn seems_last(&self) -> bool {
        self.queue.waiters() + 1 >= self.parties
    }

    /// Arrives if there is nothing to wait for, and wakes the others if that completes the round.
    #[inline(never)]
    pub(crate) fn arrive_and_wake(&self) -> Option<Arrival> {
        let mut queue = self.queue.lock();
        let arrival = arrive_last(&mut queue, self.parties);
        if let Some(Arrival::Trips) = arrival {
            notify_older(queue);
        }
        arrival
    }

    /// Returns the phase and the number of arrivals at one moment.
    fn snapshot(&self) -> (Phase, usize) {
        let queue = self.queue.lock();
        let round = queue.state();
        (round.phase, round.arrived())
    }
}

/// The error of a wait that failed because of an [`abort`](Barrier::abort) or a
/// [`reset`](Barrier::reset): asyncio's `BrokenBarrierError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BrokenBarrier {
    /// The barrier was broken on arrival.
    Aborted,
    /// The barrier was aborted or reset while this party was inside.
    AbortOrReset,
}

impl BrokenBarrier {
    /// Returns asyncio's text for this error, to be printed by a ported program: `Barrier aborted`
    /// or `Abort or reset of barrier`
    #[must_use]
    pub const fn asyncio_message(self) -> &'static str {
        match self {
            Self::Aborted => "Barrier aborted",
            Self::AbortOrReset => "Abort or reset of barrier",
        }
    }
}

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "the barrier is broken",
            Self::AbortOrReset => "the barrier was aborted or reset",
        })
    }
}

impl core::error::Error for BrokenBarrier {}

/// Writes the text that asyncio has in brackets: `<Barrier [filling, waiters:1/3]>`, `<Barrier
/// [broken]>`.
impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Barrier [{}]>", self.brackets())
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, arrived) = self.snapshot();
        f.debug_struct("Barrier")
            .field("phase", &phase)
            .field("n_waiting", &arrived)
            .field("parties", &self.parties)
            .finish()
    }
}
