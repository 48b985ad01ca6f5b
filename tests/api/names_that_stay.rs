//! A program that names its tasks and starts a watch compiles and runs with the feature
//! `diagnostics` and without it.

use std::{sync::Arc, time::Duration};

use awaitlist::{
    Block, Lock, Semaphore,
    diagnostics::{self, adopt, deadlocks, set_namer, snapshot, task, watch},
};

#[test]
fn a_program_may_use_the_diagnostics_whether_they_are_there_or_not() {
    let watching: diagnostics::WatchThread =
        watch(Duration::from_secs(3600)).with_idle_waits().filter(|_| true).print();
    let lock = Arc::new(Lock::new(1));
    let pool = Semaphore::new(1);
    let sum = task("sums", async {
        let guard = lock.acquire_owned().await;
        adopt(&guard);
        let permit = pool.acquire().await;
        adopt(&permit);
        *guard
    });
    assert_eq!(sum.block(), 1);
    let _ = (deadlocks(), snapshot().to_string(), snapshot().to_dot(), set_namer(|| None));
    assert_eq!(watching.is_alive(), cfg!(feature = "diagnostics"));
    assert!(watch(Duration::from_secs(3600)).check().is_empty());
    drop(watching);
}
