//! The waits for one primitive, each in a slot that any thread reads without waiting for it.
//!
//! A slot is [published](crate::published) by the thread that enqueues a waiter, under the lock of
//! the queue, and cleared by the owner of the waiter. In between, the notifier stores when it has
//! woken it. None of them takes another lock, or makes an exchange.
//!
//! The slots are a ring of chunks. What is [taken](Line::take_slot) is the first one that is free,
//! counted from the one that was taken last. If more than half of those that were met in a round
//! were in use, the ring doubles: so a slot is found in two steps on average, however many wait.
//!
//! A line is used for one primitive after the other. Neither lines nor chunks are freed, so a
//! reader may find what is of the next primitive: it checks [after each wait](Line::read) whether
//! its own still lives.
//!
//! `tests/loom/published.rs` models this file.

use std::{array, panic::Location};

use super::{
    atomics::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    published::Published,
    static_ref::StaticRef,
};

/// How many slots a chunk has.
const SLOTS: usize = if cfg!(awaitlist_loom) { 1 } else { 8 };

/// A wait, or none. Its number is the wait's, and in the lowest bits how many times the wait was
/// passed on.
pub(crate) type Slot = Published<WaitWords>;

const VERSION: u64 = 0xff;
const ORDER_SHIFT: u32 = 8;

/// The words of a wait. With the state of the [`Slot`] they fill a line of the cache.
#[derive(Debug)]
pub(crate) struct WaitWords {
    who: [AtomicU64; 2],
    at: StaticRef<Location<'static>>,
    since: AtomicU64,
    /// When it was woken, or 0. Stored by the notifier, and else by the owner before that.
    woken: AtomicU64,
    tag: AtomicUsize,
    flags: AtomicU64,
}

/// What the words of a wait say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitFacts {
    /// What the waiter is known by.
    pub(crate) who: [u64; 2],
    /// What sort of waiter that is, and whether there is more about the wait elsewhere.
    pub(crate) flags: u64,
    pub(crate) at: &'static Location<'static>,
    pub(crate) since: u64,
    /// The tag that it joined with.
    pub(crate) tag: usize,
}

/// A wait as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitSeen {
    /// The place in the order in which waits for the primitive began.
    pub(crate) number: u64,
    pub(crate) facts: WaitFacts,
    /// When it was woken, or 0.
    pub(crate) woken: u64,
}

impl WaitWords {
    fn none() -> Self {
        Self {
            who: [AtomicU64::new(0), AtomicU64::new(0)],
            at: StaticRef::none(),
            since: AtomicU64::new(0),
            woken: AtomicU64::new(0),
            tag: AtomicUsize::new(0),
            flags: AtomicU64::new(0),
        }
    }

    // Relaxed, here and below: `Published` orders the words.
    #[inline]
    fn store_who(&self, [data, vtable]: [u64; 2], flags: u64) {
        self.who[0].store(data, Ordering::Relaxed);
        self.who[1].store(vtable, Ordering::Relaxed);
        self.flags.store(flags, Ordering::Relaxed);
    }

    #[inline]
    fn load(&self) -> Option<(WaitFacts, u64)> {
        let facts = WaitFacts {
            who: [&self.who[0], &self.who[1]].map(|word| word.load(Ordering::Relaxed)),
            flags: self.flags.load(Ordering::Relaxed),
            at: self.at.get()?,
            since: self.since.load(Ordering::Relaxed),
            tag: self.tag.load(Ordering::Relaxed),
        };
        Some((facts, self.woken.load(Ordering::Relaxed)))
    }
}

impl Slot {
    /// Records that the waiter is woken. Called under the lock of the queue.
    #[inline]
    pub(crate) fn wake(&self, now: u64) {
        // Release: pairs with the Acquire fence of `Published::read`. A reader that loads this does
        // not load the state of an earlier wait after that.
        self.words().woken.store(now, Ordering::Release);
    }

    /// Records that the wait is another's by now. For the owner.
    pub(crate) fn pass(&self, who: [u64; 2], flags: u64) {
        let number = self.number();
        let next = number & !VERSION | number.wrapping_add(1) & VERSION;
        self.begin(next);
        self.words().store_who(who, flags);
        self.publish(next);
    }

    /// Ends the wait. For the owner.
    #[inline]
    pub(crate) fn end(&self) {
        self.clear(self.number());
    }

    /// Returns what it is. For the owner, which has seen the notification if it was woken.
    #[inline]
    pub(crate) fn own(&self) -> Option<WaitSeen> {
        let (facts, woken) = self.words().load()?;
        Some(WaitSeen { number: self.order(), facts, woken })
    }

    /// Returns its place in the order in which waits begin. For the owner.
    #[inline]
    pub(crate) fn order(&self) -> u64 {
        self.number() >> ORDER_SHIFT
    }

    /// Returns the flags. For the owner, or under the lock of the queue.
    #[inline]
    pub(crate) fn flags(&self) -> u64 {
        self.words().flags.load(Ordering::Relaxed)
    }

    fn seen(&self) -> Option<WaitSeen> {
        let (number, words) = self.read(WaitWords::load)?;
        let (facts, woken) = words?;
        Some(WaitSeen { number: number >> ORDER_SHIFT, facts, woken })
    }
}

/// Some slots.
///
/// Aligned so that each is in a line of the cache of its own.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Chunk {
    slots: [Slot; SLOTS],
    next: StaticRef<Chunk>,
}

impl Chunk {
    pub(crate) fn new() -> Self {
        let slot = |_| Published::new(AtomicU64::new(0), WaitWords::none());
        Self { slots: array::from_fn(slot), next: StaticRef::none() }
    }

    /// Empties it, and returns the one that follows.
    pub(crate) fn reset(&self) -> Option<&'static Self> {
        for slot in &self.slots {
            // There is a wait if its future was leaked while it was queued.
            slot.reset();
        }
        let next = self.next.get();
        self.next.put(None);
        next
    }
}

/// The waits for one primitive.
///
/// All but the slots is stored under the lock of the queue, with the exceptions named.
#[derive(Debug)]
pub(crate) struct Line {
    first: Chunk,
    /// The place of the slot that was taken last.
    chunk: StaticRef<Chunk>,
    index: AtomicUsize,
    /// How many slots there are, and how many in use were met in this round.
    slots: AtomicUsize,
    met: AtomicUsize,
    /// The number of the last wait.
    last: AtomicU64,
    /// Since when no waiter was served: with the first hold of this number plus 1. 0 if one was.
    /// That is stored by the waiter that is served.
    unserved_with: AtomicU64,
    unserved_since: AtomicU64,
    /// Whether waits were given up, so that [`Attempts`](crate::attempts::Attempts) has more.
    /// Stored under the lock of the record.
    pub(crate) is_retried: AtomicBool,
    /// Of an event or a condition: the counts that were seen, and the one that woke a waiter.
    /// Stored under the lock of the record.
    pub(crate) seen_counts: AtomicU64,
    pub(crate) woke_count: AtomicU64,
}

// The orderings below are Relaxed, if not said otherwise: the lock of the queue orders them.
impl Line {
    pub(crate) fn new() -> Self {
        Self {
            first: Chunk::new(),
            chunk: StaticRef::none(),
            index: AtomicUsize::new(0),
            slots: AtomicUsize::new(SLOTS),
            met: AtomicUsize::new(0),
            last: AtomicU64::new(0),
            unserved_with: AtomicU64::new(0),
            unserved_since: AtomicU64::new(0),
            is_retried: AtomicBool::new(false),
            seen_counts: AtomicU64::new(0),
            woke_count: AtomicU64::new(0),
        }
    }

    /// Makes it that of the next primitive. `give` gets the chunks that it has beside its own. The
    /// numbers of the waits go on, so that no two are equal.
    pub(crate) fn reset(&self, mut give: impl FnMut(&'static Chunk)) {
        let mut next = self.first.reset();
        while let Some(chunk) = next {
            next = chunk.reset();
            give(chunk);
        }
        self.chunk.put(None);
        self.index.store(0, Ordering::Relaxed);
        self.slots.store(SLOTS, Ordering::Relaxed);
        self.met.store(0, Ordering::Relaxed);
        self.unserved_with.store(0, Ordering::Relaxed);
        self.is_retried.store(false, Ordering::Relaxed);
        self.seen_counts.store(0, Ordering::Relaxed);
        self.woke_count.store(0, Ordering::Relaxed);
    }

    /// Enters a wait. Called under the lock of the queue.
    #[inline]
    pub(crate) fn enter(
        &'static self,
        facts: WaitFacts,
        more: impl Fn() -> &'static Chunk,
    ) -> &'static Slot {
        let slot = self.take_slot(more);
        let order = self.next();
        self.last.store(order, Ordering::Relaxed);
        let number = order << ORDER_SHIFT;
        slot.begin(number);
        let words = slot.words();
        words.store_who(facts.who, facts.flags);
        words.at.put(Some(facts.at));
        words.since.store(facts.since, Ordering::Relaxed);
        words.woken.store(0, Ordering::Relaxed);
        words.tag.store(facts.tag, Ordering::Relaxed);
        slot.publish(number);
        slot
    }

    /// Returns the number that the next wait gets.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.last.load(Ordering::Relaxed) + 1
    }

    /// Returns a slot that is free.
    #[inline]
    fn take_slot(&'static self, more: impl Fn() -> &'static Chunk) -> &'static Slot {
        let chunk = self.chunk.get().unwrap_or(&self.first);
        let index = self.index.load(Ordering::Relaxed);
        // The usual cases: none waits, or who came first has left first.
        let last = &chunk.slots[index];
        if last.is_empty() {
            return last;
        }
        match chunk.slots.get(index + 1) {
            Some(slot) if slot.is_empty() => {
                self.index.store(index + 1, Ordering::Relaxed);
                slot
            }
            _ => self.search_slot(chunk, index + 1, more),
        }
    }

    #[inline(never)]
    fn search_slot(
        &'static self,
        mut chunk: &'static Chunk,
        mut index: usize,
        more: impl Fn() -> &'static Chunk,
    ) -> &'static Slot {
        let mut met = self.met.load(Ordering::Relaxed);
        loop {
            for slot in &chunk.slots[index..] {
                if slot.is_empty() {
                    self.chunk.put(Some(chunk));
                    self.index.store(index, Ordering::Relaxed);
                    self.met.store(met, Ordering::Relaxed);
                    return slot;
                }
                index += 1;
                met += 1;
            }
            index = 0;
            chunk = match chunk.next.get() {
                Some(next) => next,
                None if 2 * met > self.slots.load(Ordering::Relaxed) => {
                    met = 0;
                    self.double(chunk, &more)
                }
                None => {
                    met = 0;
                    &self.first
                }
            };
        }
    }

    /// Adds as many chunks as there are, after the last one. Returns the first of them.
    fn double(&self, last: &'static Chunk, more: &impl Fn() -> &'static Chunk) -> &'static Chunk {
        let slots = self.slots.load(Ordering::Relaxed);
        self.slots.store(2 * slots, Ordering::Relaxed);
        let first = more();
        let mut end = first;
        for _ in 1..slots / SLOTS {
            let next = more();
            end.next.put(Some(next));
            end = next;
        }
        last.next.put(Some(first));
        first
    }

    /// Calls `look` with each wait, in no order, as long as the primitive `lives`.
    pub(crate) fn read(&self, lives: impl Fn() -> bool, mut look: impl FnMut(&WaitSeen)) {
        self.any(|slot| {
            let Some(wait) = slot.seen() else { return false };
            // What is of the next primitive was stored after this one was closed, and was acquired
            // with the words.
            let is_its = lives();
            if is_its {
                look(&wait);
            }
            !is_its
        });
    }

    /// Returns whether there is a wait, as far as the caller sees.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.any(|slot| !slot.is_empty())
    }

    /// Calls `is_it` with the slots until it returns true, and returns whether it did. Slots are
    /// taken in this order, so the first one that the primitive has not used is the end.
    fn any(&self, mut is_it: impl FnMut(&Slot) -> bool) -> bool {
        let mut chunk = &self.first;
        loop {
            for slot in &chunk.slots {
                if slot.is_unused() {
                    return false;
                }
                if is_it(slot) {
                    return true;
                }
            }
            match chunk.next.get() {
                Some(next) => chunk = next,
                None => return false,
            }
        }
    }

    /// Notes that a wait begins while the first hold has that number.
    #[inline]
    pub(crate) fn begin_unserved(&self, hold: u64, now: u64) {
        if self.unserved_with.load(Ordering::Relaxed) != hold + 1 {
            self.set_unserved(hold, now);
        }
    }

    /// Notes since when no waiter was served.
    pub(crate) fn set_unserved(&self, hold: u64, since: u64) {
        self.unserved_since.store(since, Ordering::Relaxed);
        self.unserved_with.store(hold + 1, Ordering::Relaxed);
    }

    /// Notes that a waiter is served. Called by the waiter.
    #[inline]
    pub(crate) fn end_unserved(&self) {
        self.unserved_with.store(0, Ordering::Relaxed);
    }

    /// Returns the number of the first hold with which no waiter was served, and since when.
    pub(crate) fn unserved(&self) -> Option<(u64, u64)> {
        let hold = self.unserved_with.load(Ordering::Relaxed).checked_sub(1)?;
        Some((hold, self.unserved_since.load(Ordering::Relaxed)))
    }
}
