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
/// The session stands in a lock of this process: PostgreSQL would let one session in twice, so two tasks that share it would
/// both get in.
pub(crate) struct AdvisoryLock {
    session: Lock<Client>,
    /// Which lock it is, for all who use the database.
    key: i64,
}

/// An advisory lock that is held. It gives access to the session that holds it, and releases the lock when it is
/// dropped.
///
/// What is done through the session cannot outlive the hold: if the session ends, PostgreSQL takes the lock away, and
/// refuses the statement as well.
#[must_use = "dropped at once, the lock is released at once: keep the guard in a variable"]
pub(crate) struct AdvisoryGuard<'a> {
    session: LockGuard<'a, Client>,
    key: i64,
}

impl AdvisoryLock {
    pub(crate) const fn new(session: Client, key: i64) -> Self {
        Self {
            session: Lock::new(session),
            key,
        }
    }

    /// Waits for the lock: first among the tasks of this process, then among the sessions of the database.
    ///
    /// Dropping the future gives the place up. The database is told so, and the session is of use again when it has
    /// answered.
    pub(crate) async fn acquire(&self) -> Result<AdvisoryGuard<'_>, Error> {
        let session = self.session.acquire().await;
        // Made before it is true. If this future is dropped below, or the answer is lost, the guard sends the release
        // behind the acquire, and a session does what it is sent in order. To release what was not acquired is a
        // warning in PostgreSQL.
        let guard = AdvisoryGuard {
            session,
            key: self.key,
        };
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
        // The first poll sends the statement. The answer comes to nobody: if the session has ended there is nothing
        // to release, and who uses it next is told.
        let _ = release.poll(&mut Context::from_waker(Waker::noop()));
    }
}
