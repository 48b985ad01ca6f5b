//! The condition without its lock: waiters that are notified in order.

use core::fmt;

use awaitlist_core::{QueueGuard, WaitQueue};

/// A [`Condition`](crate::Condition) without its lock.
///
/// It has no methods; the futures use it to wait.
pub struct RawCondition {
    pub(crate) queue: WaitQueue,
}

impl RawCondition {
    /// Notifies the first `n` waiters.
    pub(crate) fn notify(&self, n: usize) {
        Self::notify_locked(self.queue.lock(), n);
    }

    /// Notifies the first `n` waiters of the locked queue.
    pub(crate) fn notify_locked(queue: QueueGuard<'_>, mut n: usize) {
        queue.notify_while(|queue| {
            n = n.checked_sub(1)?;
            queue.notify(0)
        });
    }
}

impl fmt::Debug for RawCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCondition").field("waiters", &self.queue.waiters()).finish()
    }
}

/// A [`Condition`](crate::Condition), whatever its value and its lock. Sealed.
pub trait AnyCondition: sealed::Sealed {
    /// Returns the condition without its lock: the same part of `self` each time.
    #[doc(hidden)]
    fn as_raw(&self) -> &RawCondition;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}
