//! Waits: each has a slot of the primitive's [line](super::line) from the time at which its task is
//! enqueued until it is over.

use std::{panic::Location, sync::atomic::Ordering, time::Instant};

use super::{
    Attributed, Record,
    holds::{Amount, FIRST},
    line::{Line, Slot, WaitFacts, WaitSeen},
    lines,
};
use crate::{
    Kind,
    actor::{Asker, Key, Words},
    attempts::Before,
    clock,
    evidence::{self, Seen},
    here,
    life::Life,
};

/// A wait as it is read.
#[derive(Clone)]
pub(crate) struct WaitEntry {
    pub(crate) number: u64,
    pub(crate) whose: Attributed,
    pub(crate) at: &'static Location<'static>,
    pub(crate) since: Instant,
    /// What was given up before it, at the same place and by the same task.
    pub(crate) before: Before,
    /// When it was woken, if it was.
    pub(crate) woken: Option<Instant>,
    /// The tag that it joined with.
    pub(crate) tag: usize,
}

/// What there is about a wait that its slot has no words for.
#[derive(Clone, Default)]
pub(super) struct BesideWait {
    /// Whose it is, if that has a label.
    pub(super) whose: Option<Attributed>,
    pub(super) before: Before,
}

/// The flags of a slot: what sort of waiter it is, as in [`Words`], and these.
pub(super) const LABELLED: u64 = 1 << 3;
const RETRIED: u64 = 1 << 4;
/// Whether it began at an exact time, not at one of the coarse clock.
const EXACT: u64 = 1 << 5;
/// Whether there is a [`BesideWait`].
pub(super) const BESIDE: u64 = LABELLED | RETRIED;

/// Returns what the waiter is known by.
pub(super) const fn words_of(facts: &WaitFacts) -> Words {
    Words { kind: facts.flags & (Words::KIND | Words::SURE), who: facts.who }
}

/// Returns whether the time at which the waiter is woken must be exact: it is known when the waiter
/// is polled, so that it can be told whether it was polled after that; or its wait began at an
/// exact time, which a coarse one might precede.
#[inline]
pub(crate) fn is_known(slot: &Slot) -> bool {
    let flags = slot.flags();
    matches!(flags & Words::KIND, Words::TASK | Words::THREAD) || flags & EXACT != 0
}

impl Record {
    /// The line of the primitive, for a waiter that is about to be enqueued.
    #[inline]
    fn own_line(&self) -> &'static Line {
        self.line.get().unwrap_or_else(|| self.take_line())
    }

    #[inline(never)]
    fn take_line(&self) -> &'static Line {
        let line = lines::take();
        // Under the lock of the queue, so no other thread does the same.
        self.line.put(Some(line));
        line
    }

    /// Enters a wait that begins now, and returns its slot. Called under the lock of the queue.
    #[inline]
    pub(crate) fn wait(
        &self,
        asker: &Asker,
        at: &'static Location<'static>,
        tag: usize,
    ) -> &'static Slot {
        let line = self.own_line();
        let Words { kind: mut flags, who } = asker.words;
        // Relaxed: what was given up is seen under the lock of the record, and a wait that begins
        // just after that may have a coarse time.
        let is_retried = line.is_retried.load(Ordering::Relaxed);
        let since = if is_retried {
            // Waits that are given up are added up, and so would be the error of each.
            flags |= EXACT;
            clock::exact_stamp()
        } else {
            self.kind().stamp()
        };
        self.see(line, since);
        if self.kind().has_permits() {
            asker.tell_life(Life::begin_wait);
            match is_retried {
                false => line.begin_unserved(self.first.number(), since),
                true => flags |= self.wait_again(line, asker, at, since),
            }
        }
        if asker.has_label() {
            flags |= LABELLED;
            self.label_wait(line.next(), asker);
        }
        line.enter(WaitFacts { who, flags, at, since, tag }, lines::chunk)
    }

    /// Adds up what was given up before a wait that begins now. Returns the flags for that.
    #[cold]
    fn wait_again(
        &self,
        line: &'static Line,
        asker: &Asker,
        at: &'static Location<'static>,
        since: u64,
    ) -> u64 {
        let hold = self.first.number();
        let is_first = !line.is_waited_for();
        let now = clock::instant(since);
        let entries = &mut *self.entries();
        entries.attempts.begin(hold, is_first, now);
        let key = Key::of_words(asker.words);
        let before = key.map(|key| entries.attempts.take(key, at, now)).unwrap_or_default();
        if let Some(since) = entries.attempts.has_none(now) {
            line.set_unserved(hold, clock::as_stamp(since));
            line.is_retried.store(false, Ordering::Relaxed);
        }
        if before.attempts == 0 {
            return 0;
        }
        entries.waits.insert(line.next(), BesideWait { whose: None, before });
        RETRIED
    }

    #[cold]
    fn label_wait(&self, number: u64, asker: &Asker) {
        let whose = asker.attributed();
        let old = self.entries().waits.entry(number).or_default().whose.replace(whose);
        drop(old);
    }

    /// Strikes out what there is beside the slot.
    #[inline]
    fn end_beside(&self, wait: &WaitSeen) -> BesideWait {
        match wait.facts.flags & BESIDE {
            0 => BesideWait::default(),
            _ => self.entries().waits.remove(&wait.number).unwrap_or_default(),
        }
    }

    /// Records that a wait is another's by now.
    pub(crate) fn pass_wait(&self, slot: &Slot, former: &Asker, asker: &Asker) {
        let Some(wait) = slot.own() else { return };
        if self.kind().has_permits() {
            asker.tell_life(Life::begin_wait);
            former.tell_life(Life::end_wait);
        }
        let mut flags = wait.facts.flags & (RETRIED | EXACT) | asker.words.kind;
        if asker.has_label() {
            self.label_wait(wait.number, asker);
            flags |= LABELLED;
        }
        slot.pass(asker.words.who, flags);
        if wait.facts.flags & !flags & LABELLED != 0 {
            self.remove_label(wait.number, flags);
        }
    }

    /// Strikes out the label of a wait that is another's by now. `flags` are its new ones.
    #[cold]
    fn remove_label(&self, number: u64, flags: u64) {
        let old = {
            let entries = &mut *self.entries();
            match flags & RETRIED {
                0 => entries.waits.remove(&number).and_then(|beside| beside.whose),
                _ => entries.waits.get_mut(&number).and_then(|beside| beside.whose.take()),
            }
        };
        // After the unlock: a label's drop is not ours.
        drop(old);
    }

    /// Records that a waiter is woken. Called under the lock of the queue.
    #[inline]
    pub(crate) fn call(&self, slot: &Slot, now: u64) {
        slot.wake(now);
        if self.kind().has_signals() {
            self.signal_wakes(now);
        }
    }

    /// Makes a hold of a wait that `asker` ends, and returns its key. `words`: what it is known by,
    /// if that can be published.
    #[inline]
    pub(crate) fn grant(
        &self,
        slot: &Slot,
        asker: &Asker,
        words: Option<Words>,
        permits: usize,
        owned: bool,
    ) -> usize {
        let Some(wait) = slot.own() else { return FIRST };
        let since = if wait.woken == 0 { wait.facts.since } else { wait.woken };
        drop(self.end_beside(&wait));
        // First: a reader that sees the hold does not see the wait after that.
        slot.end();
        asker.tell_life(Life::end_wait);
        self.serve();
        if let (Some(words), Some(amount)) = (words, Amount::new(permits, owned)) {
            if self.hold_first(words, wait.facts.at, amount, since, self.kind() == Kind::Lock) {
                here::begins_first_hold(words);
                return FIRST;
            }
        }
        here::acts();
        let whose = asker.attributed();
        let entries = &mut *self.entries();
        let number = self.tick(entries);
        let since = Some(clock::instant(since));
        entries.hold(number, whose, wait.facts.at, since, permits, owned)
    }

    /// Records that a waiter is served.
    #[inline]
    pub(super) fn serve(&self) {
        let Some(line) = self.line.get() else { return };
        line.end_unserved();
        if line.is_retried.load(Ordering::Relaxed) {
            self.entries().attempts.served();
        }
    }

    /// Strikes a wait out. `granted`: it has come to its end.
    #[inline]
    pub(crate) fn end_wait(&self, slot: &Slot, asker: &Asker, granted: bool) {
        let Some(wait) = slot.own() else { return };
        let beside = self.end_beside(&wait);
        if !self.kind().has_permits() {
            slot.end();
            return;
        }
        if !granted && wait.woken == 0 {
            self.give_up(&wait, beside.before, asker);
        } else if let Some(line) = self.line.get() {
            // It was its turn.
            line.end_unserved();
        }
        slot.end();
        asker.tell_life(Life::end_wait);
        // A task that is dropped with its wait does not go on: that shows nothing of the program.
        if !granted && asker.is_polled() {
            evidence::learn(wait.facts.at, Seen::GivenUp);
        }
    }

    /// Records a wait that was not served.
    #[inline(never)]
    fn give_up(&self, wait: &WaitSeen, before: Before, asker: &Asker) {
        let Some(line) = self.line.get() else { return };
        let entries = &mut *self.entries();
        if !line.is_retried.load(Ordering::Relaxed) {
            let unserved = line.unserved().map(|(hold, since)| (hold, clock::instant(since)));
            entries.attempts.resume(unserved);
        }
        let (at, now) = (wait.facts.at, clock::now());
        let since = clock::instant(wait.facts.since);
        // Rather too short than too long, since the times of many waits are added up.
        let since = match wait.facts.flags & EXACT {
            0 => (since + clock::error()).min(now),
            _ => since,
        };
        entries.attempts.give_up(Key::of_words(asker.words), at, since, before, now);
        line.is_retried.store(true, Ordering::Relaxed);
    }
}
