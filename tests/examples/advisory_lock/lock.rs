//! A lock that all processes on one PostgreSQL database share, with the guard of an in-process one.

use std::{
    ops::{Deref, DerefMut},
    pin::pin,
    task::{Context, Waker},
};

use awaitlist::{Lock, LockGuard};
use tokio_postgres::{Client, Error};

/// An advisory lock of PostgreSQL, and the session that takes it.
///
/// The session is guarded by a lock of this process: PostgreSQL grants the lock to the same session
/// twice, so two tasks that share a session would both acquire it.
pub(crate) struct AdvisoryLock {
    session: Lock<Client>,
    /// Identifies the lock in the whole database.
    key: i64,
}

/// A guard of an advisory lock. It gives access to the session that holds the lock, and releases
/// the lock when it is dropped.
///
/// A statement sent through the session cannot outlive the hold: if the session ends, PostgreSQL
/// releases the lock and rejects the statement.
#[must_use = "if dropped at once, the lock is released at once: keep the guard in a variable"]
pub(crate) struct AdvisoryGuard<'a> {
    session: LockGuard<'a, Client>,
    key: i64,
}

impl AdvisoryLock {
    pub(crate) const fn new(session: Client, key: i64) -> Self {
        Self { session: Lock::new(session), key }
    }

    /// Waits for the lock: first among the tasks of this process, then among the sessions of the
    /// database.
    ///
    /// Dropping the future gives up its place. The drop sends a release to the database, and the
    /// session can be used again after the database has processed it.
    pub(crate) async fn acquire(&self) -> Result<AdvisoryGuard<'_>, Error> {
        let session = self.session.acquire().await;
        // Created before the lock is held. If this future is dropped below, or the response is
        // lost, the guard sends the release after the acquire, and a session executes its
        // statements in order. Releasing a lock that was not acquired is only a warning in
        // PostgreSQL.
        let guard = AdvisoryGuard { session, key: self.key };
        let statement = format!("SELECT pg_advisory_lock({})", self.key);
        guard.batch_execute(&statement).await?;
        Ok(guard)
    }
}

impl Deref for AdvisoryGuard<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.session
    }
}

impl DerefMut for AdvisoryGuard<'_> {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.session
    }
}

impl Drop for AdvisoryGuard<'_> {
    fn drop(&mut self) {
        let statement = format!("SELECT pg_advisory_unlock({})", self.key);
        let release = pin!(self.session.batch_execute(&statement));
        // The first poll sends the statement. The response is ignored: if the session has ended,
        // there is nothing to release, and the session's next use fails.
        let _ = release.poll(&mut Context::from_waker(Waker::noop()));
    }
}
