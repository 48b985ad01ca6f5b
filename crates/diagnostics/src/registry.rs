//! All records: one for each primitive that was acquired or waited for, and lives.

use std::sync::Arc;

use parking_lot::Mutex;
use slab::Slab;

use crate::record::Record;

static RECORDS: Mutex<Slab<Arc<Record>>> = Mutex::new(Slab::new());

/// A record as long as its primitive lives.
pub(crate) struct Registered {
    record: Arc<Record>,
    key: usize,
}

impl Registered {
    pub(crate) fn new(record: Record) -> Self {
        let record = Arc::new(record);
        let key = RECORDS.lock().insert(Arc::clone(&record));
        Self { record, key }
    }

    #[inline]
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let record = RECORDS.lock().remove(self.key);
        drop(record);
    }
}

/// All records, in the order in which they were made.
pub(crate) fn records() -> Vec<Arc<Record>> {
    let mut records: Vec<_> = RECORDS.lock().iter().map(|(_, record)| Arc::clone(record)).collect();
    records.sort_unstable_by_key(|record| record.id);
    records
}
