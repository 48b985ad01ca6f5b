//! Releases of permits that no guard has.

use std::{fmt, mem};

use super::PrimitiveTrace;

/// A release under way. Dropped, it was done.
#[must_use = "it is done when this is dropped"]
pub struct ReleaseTrace<'a> {
    trace: &'a PrimitiveTrace,
    permits: usize,
}

impl ReleaseTrace<'_> {
    /// It was refused.
    pub fn refused(mut self) {
        let permits = mem::take(&mut self.permits);
        self.trace.record().expect_less(permits);
        self.trace.resource.changes(&self.trace.made, 0, permits);
    }
}

impl Drop for ReleaseTrace<'_> {
    fn drop(&mut self) {
        self.trace.record().release(self.permits);
    }
}

impl fmt::Debug for ReleaseTrace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleaseTrace").field("permits", &self.permits).finish_non_exhaustive()
    }
}

impl PrimitiveTrace {
    /// So many permits are about to be given back that were forgotten, or were never acquired.
    pub fn releasing(&self, permits: usize) -> ReleaseTrace<'_> {
        let record = self.record();
        record.expect(permits);
        self.resource.changes(&self.made, permits, 0);
        ReleaseTrace { trace: self, permits }
    }
}
