//! The queue: one word in front, a list of waiting futures behind, and the lock between them.

use core::{
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
    task::Waker,
};

use crate::{
    list::List,
    patience::Patience,
    sync::{
        AtomicBool, AtomicU32, AtomicUsize, Gate, LOCKS_OUTLAST_SECTIONS, Ordering, UnsafeCell,
        look, publish, section,
    },
    trace::{Moment, Probe},
};

/// Set while somebody holds the list's lock.
pub(crate) const LOCKED: usize = 1;
/// Set while somebody waits: stands in the list, or was woken and has not run yet (but not for a lock's designated one: behind
/// that the door is shut anyway).
pub(crate) const WAITERS: usize = 2;
/// The lowest bit of the word that belongs to the primitive. All above it do.
pub const PAYLOAD: usize = 4;

const FLAGS: usize = LOCKED | WAITERS;
/// The word while the list is locked.
const TAKEN: usize = LOCKED | WAITERS;

/// A first come, first served queue of futures, with a word and a state of the primitive's own.
///
/// # The word
///
/// | bits | meaning | who writes them |
/// |---|---|---|
/// | 0 `LOCKED` | the list is locked: **the other bits mean nothing** | who takes the lock, and lets it go |
/// | 1 `WAITERS` | somebody waits, or was woken and has not run (but not for a lock's designated one) | the holder of the lock, when it lets go |
/// | the rest | the primitive's: a flag, a count of permits | the holder of the lock, when it lets go; or, **while both flags are clear**, anybody with one exchange of the whole word |
///
/// The lock is taken with a swap, in which nothing depends on a look at the word before: who finds by it that the list was
/// locked has overwritten `TAKEN` with `TAKEN`, and the holder has the word as it was. So while `LOCKED` is set
/// nobody but the holder changes the word, and a plain store lets the lock go. And while somebody waits,
/// no newcomer gets past the list: every short cut starts from a word without flags. `TAKEN` has both, so who looks at a
/// locked word for waiters is on the safe side.
///
/// # Orderings
///
/// Taking the lock is an `Acquire`, letting it go a `Release`: each pairs with the other, and with the exchanges of
/// the short cuts, which are `Acquire` where something is taken and `Release` where something is given.
pub struct Queue<S = ()> {
    /// See above.
    pub(crate) word: AtomicUsize,
    /// Who waits. Guarded by the lock.
    list: UnsafeCell<List>,
    /// The primitive's own. Guarded by the lock.
    state: UnsafeCell<S>,
    /// How many wait: those in the list, and those woken that have not run. Written under the lock, read by anybody.
    waiters: AtomicU32,
    /// A lock's: one more waits, who was called and has not run. Set under the lock, cleared by that one without it.
    designated: AtomicBool,
    /// Where threads wait for the lock when spinning does not help.
    gate: Gate,
    /// A lock's: whether to look again before queueing.
    pub(crate) patience: Patience,
    /// What the diagnostics are told.
    probe: Probe,
}

// SAFETY: the list and the state are reached only by the holder of the lock, one at a time, and both are Send.
unsafe impl<S: Send> Sync for Queue<S> {}

// No user code runs while a list is locked, so a panic never leaves a queue half changed.
impl<S> UnwindSafe for Queue<S> {}
impl<S> RefUnwindSafe for Queue<S> {}

impl<S> Queue<S> {
    crate::const_fn! {
        /// An empty queue whose word holds `payload` (a multiple of [`PAYLOAD`]).
        pub const fn new(payload: usize, state: S, probe: Probe) -> Self {
            assert!(payload & FLAGS == 0, "the payload starts above the queue's own flags");
            Self {
                word: AtomicUsize::new(payload),
                list: UnsafeCell::new(List::new()),
                state: UnsafeCell::new(state),
                waiters: AtomicU32::new(0),
                designated: AtomicBool::new(false),
                gate: Gate::new(),
                patience: Patience::new(),
                probe,
            }
        }
    }

    /// What the diagnostics are told of the primitive.
    #[inline]
    pub const fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The primitive's bits of the word. Waits while the list is locked, so who holds the lock asks
    /// [it](Locked::payload) instead.
    ///
    /// An `Acquire`: it pairs with the `Release` of whatever wrote what it reads.
    #[inline]
    pub fn payload(&self) -> usize {
        self.unlocked_word() & !FLAGS
    }

    /// The primitive's bits of the word, or 0 while the list is locked. As [`payload`](Self::payload) otherwise.
    #[inline]
    pub fn payload_at_a_glance(&self) -> usize {
        self.word.load(Ordering::Acquire) & !FLAGS
    }

    /// The word, when nobody holds the lock.
    ///
    /// An `Acquire`: as for [`payload`](Self::payload).
    #[inline]
    pub(crate) fn unlocked_word(&self) -> usize {
        let word = self.word.load(Ordering::Acquire);
        if word & LOCKED == 0 {
            word
        } else {
            self.word_after_the_lock()
        }
    }

    #[cold]
    fn word_after_the_lock(&self) -> usize {
        section(|| {
            let word = self.lock();
            self.unlock(word);
            word
        })
    }

    /// Replaces the payload `from` by `to`, if nobody waits and nobody holds the lock. Answers whether it did.
    ///
    /// An `AcqRel`: it pairs with itself and with the lock.
    ///
    /// # Panics
    ///
    /// If one of the two is not a payload.
    #[inline]
    pub fn exchange(&self, from: usize, to: usize) -> bool {
        // Not for debugging only: a flag in it would take the lock, or let it go.
        assert!(
            (from | to) & FLAGS == 0,
            "a payload has none of the queue's own flags"
        );
        self.word
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Whether nobody waits, as far as this thread knows: `true` only if every waiter whose entry
    /// happened before this call has left, or is a lock's designated one. `false` while the list is locked.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // Relaxed: what is asked is only what coherence promises, and nothing is read in consequence.
        self.word.load(Ordering::Relaxed) & WAITERS == 0
    }

    /// How many wait: those who stand in line, and those who were woken and have not run yet.
    #[inline]
    pub fn waiters(&self) -> usize {
        // Relaxed: a number to look at, out of date by the time it is seen. Of a lock it is exact under the list's lock only,
        // since it has two parts there.
        self.counted() + usize::from(self.is_designated())
    }

    /// How many wait, without one who was designated.
    #[inline]
    pub(crate) fn counted(&self) -> usize {
        self.waiters.load(Ordering::Relaxed) as usize
    }

    /// Whether one was designated who has not run yet. A lock's.
    #[inline]
    pub(crate) fn is_designated(&self) -> bool {
        // Relaxed: under the lock it is ordered by that; elsewhere it is a state to look at.
        self.designated.load(Ordering::Relaxed)
    }

    /// Says whether one was designated who has not run yet. A lock's.
    #[inline]
    pub(crate) fn set_designated(&self, designated: bool) {
        // Relaxed: set under the lock, whose Release publishes it. Cleared by the designated one, after whom only its
        // own release, or what comes after that, sets it again.
        self.designated.store(designated, Ordering::Relaxed);
    }

    /// Runs `body` with the list locked.
    ///
    /// Code of the user's has no place in it: no waker is cloned, woken or dropped there.
    #[inline]
    pub fn locked<R>(&self, body: impl FnOnce(&mut Locked<'_, S>) -> R) -> R {
        self.locked_since(None, body)
    }

    /// As [`locked`](Self::locked), if need be with a lock that was [taken ahead](Self::lock_ahead).
    #[inline]
    pub(crate) fn locked_since<R>(
        &self,
        word: Option<usize>,
        body: impl FnOnce(&mut Locked<'_, S>) -> R,
    ) -> R {
        section(|| {
            body(&mut Locked {
                queue: self,
                word: word.unwrap_or_else(|| self.lock()),
                // Relaxed: written under the lock only.
                counted: self.waiters.load(Ordering::Relaxed),
                now: Moment::unknown(),
            })
        })
    }

    /// Takes the lock for a step that has little to do as a rule, and answers the word: the caller
    /// [lets it go](Self::unlock) then and there, or passes it on to [`locked_since`](Self::locked_since).
    ///
    /// `None` if that is no way to take it: where interrupts are off for as long as a list is locked; and if somebody
    /// waits and the diagnostics are to be told when the call comes, for which they look at a clock beforehand.
    #[inline]
    pub(crate) fn lock_ahead(&self) -> Option<usize> {
        if !LOCKS_OUTLAST_SECTIONS || (Moment::IS_KEPT && !self.is_empty()) {
            return None;
        }
        let word = self.lock();
        if Moment::IS_KEPT && word & WAITERS != 0 {
            self.unlock(word);
            return None;
        }
        Some(word)
    }

    /// Takes the lock, and answers the word as it was.
    #[inline]
    fn lock(&self) -> usize {
        match self.try_lock() {
            Some(word) => word,
            None => self.lock_contended(),
        }
    }

    /// Takes the lock and answers the word as it was. `None` if somebody else holds it.
    #[inline]
    fn try_lock(&self) -> Option<usize> {
        // Acquire: pairs with the Release of `unlock` and of the short cuts.
        let word = self.word.swap(TAKEN, Ordering::Acquire);
        (word & LOCKED == 0).then_some(word)
    }

    #[cold]
    fn lock_contended(&self) -> usize {
        self.gate.wait(|| match look(&self.word) & LOCKED {
            0 => self.try_lock(),
            _ => None,
        })
    }

    /// Lets the lock go, which the caller holds, with the word as it is from now on.
    #[inline]
    pub(crate) fn unlock(&self, word: usize) {
        publish(&self.word, word);
        self.gate.unlocked();
    }
}

impl<S> fmt::Debug for Queue<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("waiters", &self.waiters())
            .finish_non_exhaustive()
    }
}

/// A queue whose lock is held.
pub struct Locked<'q, S = ()> {
    queue: &'q Queue<S>,
    /// The word as it will be when the lock is let go, but for the flags.
    word: usize,
    /// How many wait, as it will be when the lock is let go, without one who was designated.
    counted: u32,
    /// When those are called who are called now.
    now: Moment,
}

impl<S> Locked<'_, S> {
    /// The primitive's bits of the word.
    #[inline]
    pub fn payload(&self) -> usize {
        self.word & !FLAGS
    }

    /// Writes the primitive's bits of the word. Others see them when the lock is let go.
    #[inline]
    pub fn set_payload(&mut self, payload: usize) {
        debug_assert!(payload & FLAGS == 0);
        self.word = payload & !FLAGS;
    }

    /// The primitive's own state.
    #[inline]
    pub fn state(&mut self) -> &mut S {
        // SAFETY: we hold the lock, and `&mut self` keeps the loan unique.
        self.queue.state.with_mut(|state| unsafe { &mut *state })
    }

    /// How many wait, woken ones that have not run included.
    #[inline]
    pub fn waiters(&self) -> usize {
        self.counted() + usize::from(self.queue.is_designated())
    }

    /// How many wait, without one who was designated.
    #[inline]
    pub(crate) const fn counted(&self) -> usize {
        self.counted as usize
    }

    /// Whether nobody waits: nobody stands in line, and nobody was woken and has not run yet.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.waiters() == 0
    }

    /// The tag of the first in line.
    #[inline]
    pub fn front(&mut self) -> Option<usize> {
        self.list().front_tag()
    }

    /// The tags of all in line, first come first.
    pub fn tags(&mut self) -> impl Iterator<Item = usize> + '_ {
        self.list().tags()
    }

    /// Calls the first in line: it stands in line no more, but counts as a waiter until its future runs or
    /// is dropped. The waker is to be woken after the lock, best by [`drain`](crate::drain).
    #[inline]
    #[must_use = "the waiter's task runs only when the waker is woken"]
    pub fn call(&mut self) -> Option<Waker> {
        self.pop_front(None)
    }

    /// [`call`](Self::call), leaving the waiter a note to find when it runs.
    #[inline]
    #[must_use = "the waiter's task runs only when the waker is woken"]
    pub fn call_with(&mut self, note: usize) -> Option<Waker> {
        self.pop_front(Some(note))
    }

    #[inline]
    fn pop_front(&mut self, note: Option<usize>) -> Option<Waker> {
        let (probe, now) = (&self.queue.probe, self.now);
        self.list().pop_front(note, |seat| probe.call(seat, now))
    }

    /// Says when those are called who are called now.
    #[inline]
    pub(crate) const fn set_now(&mut self, now: Moment) {
        self.now = now;
    }

    /// The queue.
    #[inline]
    pub(crate) const fn queue(&self) -> &Queue<S> {
        self.queue
    }

    #[inline]
    pub(crate) fn list(&mut self) -> &mut List {
        // SAFETY: we hold the lock, and `&mut self` keeps the loan unique.
        self.queue.list.with_mut(|list| unsafe { &mut *list })
    }

    /// Counts one waiter more.
    #[inline]
    pub(crate) fn enrol(&mut self) {
        self.counted = self
            .counted
            .checked_add(1)
            .expect("more than u32::MAX futures wait in one queue");
    }

    /// Counts one waiter less.
    #[inline]
    pub(crate) fn strike_off(&mut self) {
        self.counted -= 1;
    }
}

impl<S> Drop for Locked<'_, S> {
    #[inline]
    fn drop(&mut self) {
        // Relaxed: a number to look at, for those without the lock.
        self.queue.waiters.store(self.counted, Ordering::Relaxed);
        let waiters = match self.counted {
            0 => 0,
            _ => WAITERS,
        };
        self.queue.unlock(self.payload() | waiters);
    }
}

impl<S> fmt::Debug for Locked<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked")
            .field("waiters", &self.waiters())
            .finish_non_exhaustive()
    }
}
