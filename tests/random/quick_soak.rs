//! The soak in its quick form: many tasks and threads at each primitive, for a number of
//! operations. What must hold is counted, no time is. `cargo xtask tsan` runs these tests under
//! ThreadSanitizer.

use awaitlist_tests::soak::{Site, quick};

#[test]
fn locks() {
    quick(Site::Lock, 60_000);
}

#[test]
fn events() {
    quick(Site::Event, 60_000);
}

#[test]
fn conditions() {
    quick(Site::Condition, 30_000);
}

#[test]
fn semaphores() {
    quick(Site::Semaphore, 60_000);
}

#[test]
fn bounded_semaphores() {
    quick(Site::BoundedSemaphore, 60_000);
}

#[test]
fn barriers() {
    quick(Site::Barrier, 30_000);
}
