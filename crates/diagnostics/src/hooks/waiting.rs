//! Waits: what a waiter's node knows, and what is reported of it until it is over.

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt, mem,
    task::Context,
};

use super::{CallSite, PrimitiveTrace, Timestamp};
use crate::{
    actor::{Asker, RawId, Words},
    bell,
    console::Operation,
    here,
    lock_order::Ask,
    opt_in,
    profile::WaitBegan,
    record::{Slot, is_known},
    static_ref::StaticRef,
};

/// What a waiter's node knows of its entry.
pub struct WaitTrace {
    pub(super) site: CallSite,
    /// Where it is recorded, while it waits.
    slot: StaticRef<Slot>,
    /// What its owner alone looks at. Made when it is about to be enqueued: most never are.
    pub(super) own: OnceCell<OwnTrace>,
    /// What tokio-console shows of it. The owner's alone.
    pub(super) operation: Operation,
}

/// What the owner of a waiter knows of its entry.
pub(super) struct OwnTrace {
    /// Whose the entry is, with the waker that it is known by.
    pub(super) asker: RefCell<Asker>,
    /// The task or thread that polls it now, until `asker` is that one. After that, the former.
    next: Cell<Option<Box<Asker>>>,
    /// Whether it waits by now, and the watches are to know.
    joined: Cell<bool>,
    /// What it asks for, if the lock order is recorded.
    ask: Cell<Option<Box<Ask>>>,
    /// When it was enqueued, if there is a profile.
    pub(super) began: WaitBegan,
}

impl OwnTrace {
    /// Of a wait that `asker` is about to begin.
    fn new(asker: Asker) -> Self {
        Self {
            asker: RefCell::new(asker),
            next: Cell::new(None),
            joined: Cell::new(false),
            ask: Cell::new(None),
            began: WaitBegan::never(),
        }
    }

    /// Makes the wait one of what polls it now, and returns whether it was another's. The former is
    /// dropped after the lock.
    #[inline]
    fn renew(&self) -> bool {
        let Some(mut next) = self.next.take() else { return false };
        mem::swap(&mut *next, &mut *self.asker.borrow_mut());
        self.next.set(Some(next));
        true
    }

    #[inline]
    fn words(&self) -> Words {
        self.asker.borrow().words
    }
}

impl WaitTrace {
    /// That of a wait that was asked for there.
    #[inline]
    pub const fn new(site: CallSite) -> Self {
        Self { site, slot: StaticRef::none(), own: OnceCell::new(), operation: Operation::new() }
    }

    /// Records which task polls it, before the queue is locked.
    pub fn before_enqueue(&self, context: &Context<'_>) {
        let asker = Asker::waiting(context);
        match self.own.get() {
            Some(own) if self.slot().is_some() => own.next.set(Some(Box::new(asker))),
            Some(own) => drop(own.asker.replace(asker)),
            None => drop(self.own.set(OwnTrace::new(asker))),
        }
    }

    /// Records that a poll of the waiter found its wait to be over. Called outside the lock.
    #[inline]
    pub fn ended(&self) {
        self.operation.ends();
    }

    /// Drops what was recorded of that task, outside the lock. Returns whether the wait has just
    /// begun.
    #[inline]
    fn after_enqueue(&self) -> bool {
        let Some(own) = self.own.get() else { return false };
        drop(own.next.take());
        drop(own.ask.take());
        let has_joined = own.joined.take();
        if has_joined {
            bell::ring();
        }
        has_joined
    }

    #[inline]
    pub(super) fn slot(&self) -> Option<&'static Slot> {
        self.slot.get()
    }

    /// Returns where it is recorded, and records no more: it is over.
    #[inline]
    pub(super) fn take_slot(&self) -> Option<&'static Slot> {
        let slot = self.slot.get();
        if slot.is_some() {
            self.slot.put(None);
        }
        slot
    }
}

impl fmt::Debug for WaitTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitTrace").field("site", &self.site).finish_non_exhaustive()
    }
}

impl PrimitiveTrace {
    /// A waiter has joined the queue. Called under its lock.
    #[inline]
    pub fn enqueued(&self, wait: &WaitTrace, tag: usize) {
        let Some(own) = wait.own.get() else { return };
        own.renew();
        let asker = &*own.asker.borrow();
        let record = self.record();
        if self.made.may_wait {
            // It may have been said after the record was taken, for the name.
            record.may_wait();
        }
        if opt_in::is_any_started() {
            let ask = opt_in::asks(&asker.attributed(), || self.site(), wait.site.0);
            own.ask.set(ask.map(Box::new));
            own.began.now();
        }
        // Written and read under the lock of the queue, or by the owner.
        wait.slot.put(Some(record.wait(asker, wait.site.0, tag)));
        own.joined.set(true);
        wait.operation.asks_for(self.made.kind.need(tag));
    }

    /// Drops what was recorded of the task that polls, and shows the wait if it has just begun.
    /// Called outside the lock.
    #[inline]
    pub fn after_enqueue(&self, wait: &WaitTrace) {
        if wait.after_enqueue() {
            self.resource.waits(&self.made, &wait.operation, wait.site.0);
        }
    }

    /// Another task polls a waiter.
    pub fn waker_changed(&self, wait: &WaitTrace) {
        let (Some(slot), Some(own)) = (wait.slot(), wait.own.get()) else { return };
        if own.renew() {
            let former = own.next.take();
            if let Some(former) = &former {
                self.record().pass_wait(slot, former, &own.asker.borrow());
            }
            own.next.set(former);
        }
    }

    /// A waiter is polled, maybe by another task than before although with the same waker. Called
    /// outside the lock.
    #[inline]
    pub fn still_waiting(&self, wait: &WaitTrace, context: &Context<'_>) {
        if wait.slot().is_some() {
            self.is_polled_by(wait, here::polling(RawId::of(context.waker())), context);
        }
        self.resource.waits(&self.made, &wait.operation, wait.site.0);
    }

    /// A waiter is polled by `who`.
    #[inline]
    pub(super) fn is_polled_by(&self, wait: &WaitTrace, who: Words, context: &Context<'_>) {
        if wait.own.get().is_some_and(|own| !own.words().is_same(who)) {
            wait.before_enqueue(context);
            self.waker_changed(wait);
            wait.after_enqueue();
        }
    }

    /// A waiter is notified. Called under the lock of the queue.
    #[inline]
    pub fn notified(&self, wait: &WaitTrace, now: &mut Timestamp) {
        if let Some(slot) = wait.slot() {
            let is_exact = self.made.kind.has_signals() || is_known(slot);
            self.record().call(slot, now.get(is_exact));
        }
    }

    /// A waiter has left the queue by itself.
    #[inline]
    pub fn abandoned(&self, wait: &WaitTrace) {
        let (Some(slot), Some(own)) = (wait.take_slot(), wait.own.get()) else { return };
        self.record().end_wait(slot, &own.asker.borrow(), false);
        opt_in::ended(&own.began, || self.site(), wait.site.0);
    }
}
