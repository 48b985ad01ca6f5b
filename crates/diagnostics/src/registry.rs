//! All records: each belongs to a primitive that was acquired or waited for and lives, or is free.
//!
//! Records are never freed, but used again. Each thread has a few free ones, so that a primitive
//! that is made, used and dropped takes no lock of the registry.

use std::{
    cell::{Cell, RefCell},
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;

use crate::{
    PrimitiveId,
    record::{Live, Record},
};

/// How many records are allocated at a time, and how many are moved between a thread and the rest.
const CHUNK: usize = 16;
/// How many free records a thread keeps.
const KEPT: usize = 8 * CHUNK;

/// All that there are.
static RECORDS: Mutex<Vec<&'static [Record; CHUNK]>> = Mutex::new(Vec::new());
/// Those that are free and that no thread has.
static FREE: Mutex<Vec<&'static Record>> = Mutex::new(Vec::new());
/// The number of the next primitive.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// What a thread has.
struct Pool {
    /// The record that became free last: it is still in the cache of the processor.
    recent: Cell<Option<&'static Record>>,
    free: RefCell<Vec<&'static Record>>,
    /// The number of its next primitive, and how many it has.
    next: Cell<(u64, u64)>,
}

thread_local! {
    static POOL: Pool = const {
        Pool {
            recent: Cell::new(None),
            free: RefCell::new(Vec::new()),
            next: Cell::new((0, 0)),
        }
    };
}

/// How many numbers a thread takes at a time.
const NUMBERS: u64 = 256;

impl Pool {
    #[inline]
    fn number(&self) -> u64 {
        let (next, left) = self.next.get();
        if left == 0 {
            return self.take_numbers();
        }
        self.next.set((next + 1, left - 1));
        next
    }

    #[cold]
    fn take_numbers(&self) -> u64 {
        let next = numbers(NUMBERS);
        self.next.set((next + 1, NUMBERS - 1));
        next
    }

    #[inline]
    fn take(&self) -> &'static Record {
        self.recent.take().unwrap_or_else(|| self.take_another())
    }

    #[inline(never)]
    fn take_another(&self) -> &'static Record {
        let free = &mut *self.free.borrow_mut();
        match free.pop() {
            Some(record) => record,
            None => {
                refill(free);
                free.pop().expect("there are some now")
            }
        }
    }

    #[inline]
    fn give(&self, record: &'static Record) {
        if let Some(other) = self.recent.replace(Some(record)) {
            self.keep(other);
        }
    }

    #[inline(never)]
    fn keep(&self, record: &'static Record) {
        let free = &mut *self.free.borrow_mut();
        free.push(record);
        if free.len() > KEPT {
            FREE.lock().extend(free.drain(KEPT / 2..));
        }
    }
}

/// The free records of a thread that ends go to others.
impl Drop for Pool {
    fn drop(&mut self) {
        let mut free = FREE.lock();
        free.extend(self.recent.take());
        free.append(self.free.get_mut());
    }
}

fn numbers(count: u64) -> u64 {
    // Relaxed: all that matters is that no two are equal.
    NEXT.fetch_add(count, Ordering::Relaxed)
}

#[cold]
fn refill(free: &mut Vec<&'static Record>) {
    let mut others = FREE.lock();
    let rest = others.len().saturating_sub(CHUNK);
    free.extend(others.drain(rest..));
    drop(others);
    if free.is_empty() {
        let chunk: &[Record; CHUNK] = Box::leak(Box::new([const { Record::free() }; CHUNK]));
        RECORDS.lock().push(chunk);
        // The first is taken first.
        free.extend(chunk.iter().rev());
    }
}

/// Takes a free record, and a number for the primitive that it will be of.
#[inline]
pub(crate) fn take() -> (&'static Record, u64) {
    POOL.try_with(|pool| (pool.take(), pool.number())).unwrap_or_else(|_| take_at_end())
}

/// Does so on a thread that is ending.
#[cold]
fn take_at_end() -> (&'static Record, u64) {
    let mut free = Vec::new();
    refill(&mut free);
    let record = free.pop().expect("there are some now");
    FREE.lock().append(&mut free);
    (record, numbers(1))
}

/// Frees the record of a primitive that is dropped.
#[inline(never)]
pub(crate) fn free(record: &'static Record) {
    record.close();
    if POOL.try_with(|pool| pool.give(record)).is_err() {
        FREE.lock().push(record);
    }
}

/// Calls `look` with each record, free or not.
pub(crate) fn for_each(look: impl FnMut(&'static Record)) {
    let chunks = RECORDS.lock().clone();
    chunks.into_iter().flatten().for_each(look);
}

/// All records of primitives, in the order in which these were first used by one thread.
pub(crate) fn records() -> Vec<Live> {
    let chunks = RECORDS.lock().clone();
    let mut records: Vec<_> = chunks.into_iter().flatten().filter_map(Record::live).collect();
    records.sort_unstable_by_key(|live| live.id);
    records
}

impl PrimitiveId {
    /// Returns whether any primitive has reported anything in this process.
    pub(crate) fn any() -> bool {
        // Relaxed: nothing is read in consequence.
        NEXT.load(Ordering::Relaxed) > 1
    }
}
