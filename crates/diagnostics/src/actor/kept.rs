//! What is kept of a holder or a waiter for as long as it is known by that.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Waker,
};

use super::TaskInfo;
use crate::life::ThreadInfo;

/// What is kept so that a holder or a waiter stays known: its waker, so that no other has its
/// address. Tasks and threads are known by their numbers. A wait keeps them; of a hold see
/// [`ended`](crate::ended).
///
/// Cloning and dropping a waker runs the user's code. If that panics, the panic goes no further:
/// whatever is under way has nothing to do with it.
#[derive(Debug, Default)]
pub(crate) enum Kept {
    #[default]
    Nothing,
    Waker(KeptWaker),
    /// With what the [namer](crate::set_namer) calls the task.
    Labelled(Box<(KeptWaker, Arc<str>)>),
    /// A thread that is ending, and so is not found by its number. Of a wait: any thread.
    Thread(ThreadInfo),
    /// The thread that blocks. Of a wait.
    Blocked(ThreadInfo),
    /// A named task. Of a wait.
    Task(TaskInfo),
}

impl Kept {
    /// Takes the waker, if it is one. In place: a copy would wait for its stores.
    #[inline]
    pub(crate) fn take_waker(&mut self) -> KeptWaker {
        match self {
            Self::Waker(waker) => mem::take(waker),
            Self::Labelled(labelled) => mem::take(&mut labelled.0),
            _ => KeptWaker::NONE,
        }
    }
}

/// A waker of the user's, or none.
#[derive(Debug, Default)]
pub(crate) struct KeptWaker(Option<Waker>);

impl KeptWaker {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) const fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// The same once more. `None` if it cannot be had.
    pub(crate) fn again(&self) -> Option<Self> {
        match &self.0 {
            Some(waker) => Self::of(waker),
            None => Some(Self::NONE),
        }
    }

    /// A clone of `waker`. `None` if it cannot be had.
    #[inline]
    pub(crate) fn of(waker: &Waker) -> Option<Self> {
        match catch_unwind(AssertUnwindSafe(|| waker.clone())) {
            Ok(waker) => Some(Self(Some(waker))),
            Err(panic) => {
                // Not dropped, for that may panic as well.
                mem::forget(panic);
                None
            }
        }
    }
}

impl Drop for KeptWaker {
    #[inline]
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            drop_quietly(waker);
        }
    }
}

#[inline(never)]
fn drop_quietly(waker: Waker) {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(waker)));
    dropped.unwrap_or_else(mem::forget);
}
