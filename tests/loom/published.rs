//! What the diagnostics publish of a hold: readers see one value whole, or none.
//!
//! The diagnostics themselves are not built on loom's atomics, which would multiply the states of
//! all other models. This is their file.

use loom::{sync::atomic::AtomicU64, thread};
use std::sync::Arc;

use self::{atomics::Ordering::Relaxed, published::Published};
use crate::support::model;

mod atomics {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
}

#[allow(dead_code, reason = "the models use a part of it")]
#[path = "../../crates/diagnostics/src/published.rs"]
mod published;

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
