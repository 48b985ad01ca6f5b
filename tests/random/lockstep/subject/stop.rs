//! What ends a `wait_or` from outside: a future that is ready once it is fired.

use awaitlist::{Condition, Lock};
use std::{
    borrow::Borrow,
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// The end that is kept.
#[derive(Default)]
pub(super) struct Trigger {
    ready: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    polls: Cell<usize>,
    dropped: Cell<bool>,
}

impl Trigger {
    pub(super) fn fire(&self) {
        self.ready.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// How often the stop was polled, as long as it is there.
    pub(super) fn polls(&self) -> Option<usize> {
        (!self.dropped.get()).then(|| self.polls.get())
    }
}

/// The end that is waited for.
pub(super) struct Stop<'p, L> {
    pub(super) trigger: Rc<Trigger>,
    /// What it notifies before it is ready, if it can have the lock.
    pub(super) last_word: Option<&'p Condition<(), L>>,
}

impl<L: Borrow<Lock<()>>> Future for Stop<'_, L> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let trigger = &self.trigger;
        trigger.polls.set(trigger.polls.get() + 1);
        if !trigger.ready.get() {
            trigger.waker.replace(Some(context.waker().clone()));
            return Poll::Pending;
        }
        if let Some(condition) = self.last_word {
            if let Some(guard) = condition.try_acquire() {
                condition.notify(&guard, 1);
            }
        }
        Poll::Ready(())
    }
}

impl<L> Drop for Stop<'_, L> {
    fn drop(&mut self) {
        self.trigger.dropped.set(true);
        self.trigger.waker.take();
    }
}
