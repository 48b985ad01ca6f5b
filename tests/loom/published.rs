//! What the diagnostics publish of a hold: readers see one value whole, or none. And what there is
//! beside it, of one primitive after the other.
//!
//! The diagnostics themselves are not built on loom's atomics, which would multiply the states of
//! all other models. This is their file.

use loom::{sync::atomic::AtomicU64, thread};
use std::sync::Arc;

use self::{
    atomics::Ordering::Relaxed,
    beside::{Beside, OfPrimitive},
    published::Published,
};
use crate::support::model;

pub(crate) mod atomics {
    pub(crate) use loom::sync::{
        MutexGuard,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
    };

    /// With the methods of parking_lot's.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}

#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../../crates/diagnostics/src/published.rs"]
pub(crate) mod published;

#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../../crates/diagnostics/src/beside.rs"]
mod beside;

/// Two words, each of which is to be the number of the value.
type Words = [AtomicU64; 2];

fn empty() -> Arc<Published<Words>> {
    Arc::new(Published::new(AtomicU64::new(0), [AtomicU64::new(0), AtomicU64::new(0)]))
}

fn write(published: &Published<Words>, number: u64) {
    for word in published.words() {
        word.store(number, Relaxed);
    }
    published.publish(number);
}

fn read(published: &Published<Words>) {
    let value = published.read(|[first, second]| [first.load(Relaxed), second.load(Relaxed)]);
    if let Some((number, words)) = value {
        assert_eq!(words, [number; 2], "a value is read whole");
    }
}

#[test]
fn a_value_is_read_whole_while_its_owner_replaces_it() {
    model(|| {
        let published = empty();
        let owner = {
            let published = Arc::clone(&published);
            thread::spawn(move || {
                for _ in 0..2 {
                    let number = published.claim().expect("it was cleared");
                    write(&published, number);
                    published.clear(number);
                }
            })
        };
        read(&published);
        owner.join().unwrap();
        read(&published);
    });
}

#[test]
fn of_two_threads_one_claims_the_place_and_a_reader_sees_its_value() {
    model(|| {
        let published = empty();
        let claim = |published: &Arc<Published<Words>>| {
            let published = Arc::clone(published);
            thread::spawn(move || {
                let claimed = published.claim();
                if let Some(number) = claimed {
                    write(&published, number);
                }
                claimed.is_some()
            })
        };
        let claims = [claim(&published), claim(&published)];
        read(&published);
        let claimed = claims.map(|thread| usize::from(thread.join().unwrap()));
        assert_eq!(claimed.iter().sum::<usize>(), 1, "neither clears it");
        read(&published);
    });
}

/// The holders of a lock: the lock orders them, and none needs an exchange.
#[test]
fn owners_that_a_lock_orders_claim_without_an_exchange() {
    model(|| {
        let shared = Arc::new((loom::sync::Mutex::new(()), empty()));
        let hold = |shared: &(loom::sync::Mutex<()>, Arc<Published<Words>>)| {
            let (lock, published) = shared;
            let guard = lock.lock().unwrap();
            let number = published.claim_alone().expect("the last holder has cleared it");
            write(published, number);
            published.clear(number);
            drop(guard);
        };
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || hold(&shared))
        };
        let reader = {
            let published = Arc::clone(&shared.1);
            thread::spawn(move || read(&published))
        };
        hold(&shared);
        other.join().unwrap();
        reader.join().unwrap();
    });
}

/// What is beside: the number of the primitive, and how many waits its users have entered.
#[derive(Debug)]
struct Waits {
    of: u64,
    entered: usize,
}

impl OfPrimitive for Waits {
    fn of(&self) -> u64 {
        self.of
    }
}

/// A record: its primitive, and what is beside.
struct Record {
    made: Published<()>,
    more: Beside<Waits>,
}

impl Record {
    fn open(number: u64) -> Arc<Self> {
        let more = Beside::new(atomics::Mutex::new(None), atomics::AtomicBool::new(false), ());
        let record = Self { made: Published::new(AtomicU64::new(0), ()), more };
        record.made.begin(number);
        record.made.publish(number);
        Arc::new(record)
    }

    /// Drops the primitive, and makes another one.
    fn reopen(&self, number: u64) {
        self.made.clear(self.made.number());
        self.more.clear();
        self.made.begin(number);
        self.made.publish(number);
    }

    /// A user enters a wait. Returns how many there are.
    fn enter(&self, number: u64) -> usize {
        let mut more = self.more.own(number, || Waits { of: number, entered: 0 });
        let waits = more.as_mut().expect("it was made");
        assert_eq!(waits.of, number, "a user finds what is of its primitive");
        waits.entered += 1;
        waits.entered
    }

    /// A reader that keeps something of the primitive with that number. Returns how many waits it
    /// has seen, if the primitive lived.
    fn read(&self, number: u64) -> Option<usize> {
        let mut more = self.more.of_live(number, || self.made.has(number))?;
        if more.is_none() {
            self.more.put(&mut more, Waits { of: number, entered: 0 });
        }
        let waits = more.as_ref().expect("it was made");
        assert_eq!(waits.of, number, "a reader finds what is of the primitive that lives");
        Some(waits.entered)
    }

    /// Reads on another thread what is of the first primitive.
    fn reader_of_the_first(self: &Arc<Self>) -> thread::JoinHandle<Option<usize>> {
        let record = Arc::clone(self);
        thread::spawn(move || record.read(1))
    }
}

#[test]
fn a_box_that_a_reader_makes_while_a_primitive_is_dropped_is_not_the_next_ones() {
    model(|| {
        let record = Record::open(1);
        let reader = record.reader_of_the_first();
        record.reopen(2);
        assert_eq!(record.enter(2), 1, "the next primitive begins with none");
        assert!(matches!(reader.join().unwrap(), None | Some(0)), "none was entered of the first");
        assert_eq!(record.read(2), Some(1), "what was entered of the second is kept");
        record.reopen(3);
        assert!(!record.more.has_more(), "the closer has dropped what the users have made");
    });
}

#[test]
fn what_users_have_entered_is_dropped_with_their_primitive_whatever_a_reader_does() {
    model(|| {
        let record = Record::open(1);
        assert_eq!(record.enter(1), 1);
        let reader = {
            let record = Arc::clone(&record);
            thread::spawn(move || (record.read(1), record.read(2)))
        };
        record.reopen(2);
        let (first, second) = reader.join().unwrap();
        assert!(
            matches!(first, None | Some(1)),
            "a reader sees all of the first, or that it is gone"
        );
        assert!(matches!(second, None | Some(0)), "a reader sees nothing of it as the second's");
        assert_eq!(record.read(2), Some(0), "none was entered of the second");
    });
}

#[test]
fn a_box_that_is_left_of_a_dropped_primitive_is_not_read_as_the_next_ones() {
    model(|| {
        let record = Record::open(1);
        let reader = record.reader_of_the_first();
        record.reopen(2);
        assert_eq!(record.read(2), Some(0), "nothing was entered of either");
        reader.join().unwrap();
    });
}
