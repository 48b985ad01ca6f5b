//! A record of the diagnostics as a whole: a primitive is made, held, waited for, handed over and
//! dropped, and another takes its place, while a reader looks.
//!
//! The published words and the line of waits are the diagnostics' own files. What calls them in
//! which order is repeated here: see `Record` in `crates/diagnostics/src/record`.

use std::{
    panic::Location,
    sync::{Arc, OnceLock},
};

use loom::{
    sync::{Mutex, atomic::AtomicU64},
    thread,
};

use self::{
    line::{Chunk, Line, Slot, WaitFacts, WaitSeen},
    static_ref::StaticRef,
};
use crate::{
    published::{
        atomics::{self, Ordering::Relaxed},
        published::{self, Published},
    },
    support::model,
};

#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../../crates/diagnostics/src/record/line.rs"]
mod line;

/// With the methods and the orderings of the diagnostics' own, on loom's atomics.
mod static_ref {
    use loom::sync::atomic::{AtomicUsize, Ordering};

    /// References, each with its number plus 1.
    #[derive(Debug)]
    pub(crate) struct StaticRef<T: 'static> {
        number: AtomicUsize,
        known: std::sync::Mutex<Vec<&'static T>>,
    }

    impl<T> StaticRef<T> {
        pub(crate) fn none() -> Self {
            Self { number: AtomicUsize::new(0), known: std::sync::Mutex::default() }
        }

        pub(crate) fn get(&self) -> Option<&'static T> {
            let number = self.number.load(Ordering::Acquire).checked_sub(1)?;
            Some(self.known.lock().unwrap()[number])
        }

        pub(crate) fn put(&self, value: Option<&'static T>) {
            let number = value.map_or(0, |value| {
                let mut known = self.known.lock().unwrap();
                known.push(value);
                known.len()
            });
            self.number.store(number, Ordering::Release);
        }
    }
}

/// A record, and the lock of the queue of its primitive.
struct Record {
    made: Published<()>,
    /// What the holder is known by.
    first: Published<AtomicU64>,
    line: StaticRef<Line>,
    queue: Mutex<()>,
    /// A line that no primitive has.
    free: &'static Line,
}

fn here() -> &'static Location<'static> {
    static HERE: OnceLock<&'static Location<'static>> = OnceLock::new();
    HERE.get_or_init(Location::caller)
}

fn chunk() -> &'static Chunk {
    Box::leak(Box::new(Chunk::new()))
}

impl Record {
    fn open(number: u64) -> Arc<Self> {
        let record = Self {
            made: Published::new(AtomicU64::new(0), ()),
            first: Published::new(AtomicU64::new(0), AtomicU64::new(0)),
            line: StaticRef::none(),
            queue: Mutex::new(()),
            free: Box::leak(Box::new(Line::new())),
        };
        record.made.begin(number);
        record.made.publish(number);
        Arc::new(record)
    }

    /// Drops the primitive, and makes another one, which gets the same line.
    fn reopen(&self, number: u64) {
        self.made.clear(self.made.number());
        self.first.clear(self.first.number());
        if let Some(line) = self.line.get() {
            self.line.put(None);
            line.reset(drop);
        }
        self.made.begin(number);
        self.made.publish(number);
    }

    /// `who` is enqueued for the primitive, whose number is in the words too. Under the lock of the
    /// queue.
    fn wait(&self, who: u64, primitive: u64) -> &'static Slot {
        let line = self.line.get().unwrap_or_else(|| {
            self.line.put(Some(self.free));
            self.free
        });
        let facts = WaitFacts {
            who: [who; 2],
            flags: who,
            at: here(),
            since: who,
            tag: primitive as usize,
        };
        line.enter(facts, chunk)
    }

    /// `who` acquires the primitive, which is free.
    fn hold(&self, who: u64) {
        let number = self.first.claim_alone().expect("the last holder has released it");
        self.first.words().store(who, Relaxed);
        self.first.publish(number);
    }

    fn release(&self) {
        self.first.clear(self.first.number());
    }

    /// A waiter that was woken acquires the primitive.
    fn grant(&self, slot: &Slot, who: u64) {
        slot.end();
        self.hold(who);
    }

    /// Reads the primitive with that number: the holder, and then the waits.
    fn read(&self, primitive: u64) -> (Option<u64>, Vec<WaitSeen>) {
        let holder = self.first.read(|who| who.load(Relaxed)).map(|(_, who)| who);
        let mut waits = Vec::new();
        if !self.made.has(primitive) {
            return (None, waits);
        }
        if let Some(line) = self.line.get() {
            line.read(|| self.made.has(primitive), |wait| waits.push(*wait));
        }
        for WaitSeen { facts, woken, .. } in &waits {
            let who = facts.who[0];
            assert_eq!(facts.who, [who; 2], "a wait is read whole");
            assert_eq!((facts.flags, facts.since), (who, who), "a wait is read whole");
            assert_eq!(facts.tag as u64, primitive, "a wait that is read is for the primitive");
            assert!([0, who].contains(woken), "what wakes the wait before it does not wake it");
            assert_ne!(Some(who), holder, "a wait that became a hold is not read as both");
        }
        (holder, waits)
    }
}

#[test]
fn a_wait_that_becomes_a_hold_is_never_read_as_both() {
    model(|| {
        let record = Record::open(1);
        record.hold(1);
        let slot = record.wait(2, 1);
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || record.read(1))
        };
        slot.wake(2);
        record.release();
        record.grant(slot, 2);
        let (holder, waits) = reader.join().unwrap();
        assert!(matches!(holder, None | Some(1 | 2)));
        assert!(waits.len() <= 1 && waits.iter().all(|wait| wait.facts.who == [2; 2]));
        let (holder, waits) = record.read(1);
        assert_eq!((holder, waits.len()), (Some(2), 0), "it is the holder");
    });
}

#[test]
fn a_wait_of_the_next_primitive_is_not_read_as_one_of_the_first() {
    model(|| {
        let record = Record::open(1);
        let slot = record.wait(7, 1);
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || (record.read(1), record.read(2)))
        };
        slot.end();
        record.reopen(2);
        record.wait(8, 2);
        let ((_, first), (_, second)) = reader.join().unwrap();
        assert!(first.iter().all(|wait| wait.facts.who == [7; 2]));
        assert!(second.iter().all(|wait| wait.facts.who == [8; 2]));
        assert_eq!(record.read(2).1.len(), 1);
    });
}

#[test]
fn a_wait_of_a_future_that_was_leaked_ends_with_its_primitive() {
    model(|| {
        let record = Record::open(1);
        let _leaked = record.wait(7, 1);
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || (record.read(1), record.read(2)))
        };
        record.reopen(2);
        record.wait(8, 2);
        let (_, (_, second)) = reader.join().unwrap();
        assert!(second.iter().all(|wait| wait.facts.who == [8; 2]));
        assert_eq!(record.read(2).1.len(), 1);
    });
}

/// A waiter that was woken leaves without the lock of the queue.
#[test]
fn a_slot_that_its_owner_clears_is_taken_by_the_next_waiter() {
    model(|| {
        let record = Record::open(1);
        let slot = record.wait(2, 1);
        slot.wake(2);
        let other = {
            let record = Arc::clone(&record);
            thread::spawn(move || {
                let queue = record.queue.lock().unwrap();
                record.wait(3, 1);
                drop(queue);
            })
        };
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || record.read(1))
        };
        slot.end();
        other.join().unwrap();
        reader.join().unwrap();
        let (_, waits) = record.read(1);
        assert_eq!(waits.len(), 1, "one waits");
        assert_eq!(waits[0].facts.who, [3; 2]);
    });
}

/// The notifier is a third thread, which has not begun the wait that it wakes.
#[test]
fn a_wait_that_is_given_up_is_not_read_as_woken_with_the_next_one_in_its_slot() {
    model(|| {
        let record = Record::open(1);
        // The queue, and its first waiter.
        let queue = Arc::new(Mutex::new(Some((record.wait(2, 1), 2))));
        let notifier = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                if let Some((slot, who @ 3)) = *queue.lock().unwrap() {
                    slot.wake(who);
                }
            })
        };
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || record.read(1))
        };
        {
            let mut queue = queue.lock().unwrap();
            if let Some((slot, _)) = queue.take() {
                slot.end();
            }
            *queue = Some((record.wait(3, 1), 3));
        }
        notifier.join().unwrap();
        reader.join().unwrap();
    });
}

#[test]
fn a_wait_that_is_passed_on_is_read_as_one_tasks_or_the_others() {
    model(|| {
        let record = Record::open(1);
        let slot = record.wait(2, 1);
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || {
                let line = record.line.get().expect("there is a wait");
                let mut seen = Vec::new();
                line.read(|| true, |wait| seen.push((wait.facts.who, wait.facts.flags)));
                seen
            })
        };
        slot.pass([3; 2], 3);
        for (who, flags) in reader.join().unwrap() {
            assert!(matches!((who, flags), ([2, 2], 2) | ([3, 3], 3)), "a wait is read whole");
        }
        assert_eq!(slot.order(), 1, "it keeps its place");
    });
}

/// The ring grows while it is read.
#[test]
fn a_reader_sees_each_wait_once_while_the_ring_grows() {
    model(|| {
        let record = Record::open(1);
        record.wait(2, 1);
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || record.read(1))
        };
        record.wait(3, 1);
        record.wait(4, 1);
        let (_, waits) = reader.join().unwrap();
        let mut numbers: Vec<_> = waits.iter().map(|wait| wait.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), waits.len(), "each once");
        assert!(numbers.contains(&1), "that of the first, which waited all the time");
        assert_eq!(record.read(1).1.len(), 3);
    });
}
