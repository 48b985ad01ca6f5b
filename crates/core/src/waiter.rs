//! The waiter: what a future keeps in order to wait.

use core::{
    hint,
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    guard::{QueueGuard, REMOVED},
    handle::{Access, Handle},
    list::Node,
    queue::WaitQueue,
    sync::{Guarded, MAX_WAITERS},
    trace::{CallSite, WaitTrace},
};

/// A node, and the handle to the primitive that it waits for.
///
/// It is the whole of most futures. Dropped while it is queued, it is [cancelled](Access::cancel).
///
/// `await` makes a future in place, field by field. A future that is moved first is copied sixteen
/// bytes at a time, and processors stall on such a load while the two stores that it covers are
/// still under way. So nothing here may keep the compiler from making a waiter in place: as long as
/// it is not queued, it is plain data that need not be dropped.
#[repr(C)]
pub struct Waiter<H: Handle, A: Access<H::Target>> {
    node: Node,
    /// `Some` until the wait is over, and so always while the node is queued.
    pub(crate) handle: Option<H>,
    /// Invariant in `A`: another `A` may lead to another queue.
    access: PhantomData<fn(A) -> A>,
}

impl<H: Handle, A: Access<H::Target>> Waiter<H, A> {
    /// Creates a waiter that is not queued. The two highest bits of `tag` are discarded.
    #[track_caller]
    pub fn new(handle: H, tag: usize) -> Self {
        Self::asked_for_at(CallSite::here(), handle, tag)
    }

    /// Creates a waiter that is not queued, of a wait that the diagnostics attribute to `site`.
    pub fn asked_for_at(site: CallSite, handle: H, tag: usize) -> Self {
        Self { node: Node::new(tag, site), handle: Some(handle), access: PhantomData }
    }

    /// Returns the tag.
    pub const fn tag(&self) -> usize {
        self.node.tag()
    }

    /// Returns whether the waiter is queued.
    pub const fn is_queued(&self) -> bool {
        self.node.is_queued()
    }

    /// Returns what the diagnostics know of the wait. It is not synchronized, hence the `&mut`.
    pub fn trace(self: Pin<&mut Self>) -> &WaitTrace {
        self.into_ref().get_ref().node.trace()
    }

    #[inline]
    fn project(self: Pin<&mut Self>) -> &mut Self {
        // SAFETY: the callers, all in this file, do not move the node.
        unsafe { self.get_unchecked_mut() }
    }

    /// Completes the wait and returns the handle if the waiter is not queued and `ready` returns
    /// true. If `ready` panics, the wait is over.
    ///
    /// This is the fast path of every poll, and is inlined into the caller. It leaves everything
    /// else to the slow path, the panic of a poll after completion included.
    #[inline(always)]
    pub fn try_fast(self: Pin<&mut Self>, ready: impl FnOnce(&H::Target) -> bool) -> Option<H> {
        let this = self.project();
        if this.node.is_queued() {
            return None;
        }
        // Taken before the exchange that `ready` makes: a load after it would wait for it.
        let handle = this.handle.take()?;
        if !ready(&handle) {
            this.handle = Some(handle);
            return None;
        }
        // SAFETY: `this` is exclusive, and neither has changed since it was checked above.
        unsafe { hint::assert_unchecked(!this.node.is_queued() && this.handle.is_none()) };
        Some(handle)
    }

    /// Completes the wait and returns the handle.
    ///
    /// # Panics
    ///
    /// Panics if the waiter is queued or the handle was taken before.
    #[inline]
    pub fn take_handle(self: Pin<&mut Self>) -> H {
        let this = self.project();
        assert!(!this.node.is_queued(), "a queued waiter needs its handle");
        this.handle.take().expect("a wait ends once")
    }

    /// Ends a wait whose waiter was [notified and removed](QueueGuard::notify_and_remove). Returns
    /// whether it was. Takes no lock.
    #[inline]
    pub fn take_removal(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let removed = this.node.is_queued() && this.node.notification() == REMOVED;
        if removed {
            this.node.set_removed();
        }
        removed
    }

    /// Borrows the parts, and the primitive.
    ///
    /// # Panics
    ///
    /// Panics if the wait is over.
    #[inline]
    fn parts(self: Pin<&mut Self>) -> (&mut Node, &H::Target) {
        let this = self.project();
        match &this.handle {
            Some(handle) => (&mut this.node, handle),
            None => panic!("`{}` was polled after completion", A::FUTURE),
        }
    }

    /// Calls `admit` with the queue locked. If it returns `Ok`, the wait is over. If it returns
    /// `Err(tag)`, the waiter is enqueued with that tag.
    ///
    /// With the result comes the waker that was cloned for nothing. Its drop is user code and may
    /// panic, so the caller drops it when the result is safe: when a guard owns it, for example.
    ///
    /// # Panics
    ///
    /// Panics if the wait is over, the waiter is queued, or `u32::MAX` others are.
    #[inline(always)]
    pub fn admit_or_enqueue<R>(
        self: Pin<&mut Self>,
        context: &Context<'_>,
        admit: impl FnOnce(&H::Target, &mut QueueGuard<'_, A::State>) -> Result<R, usize>,
    ) -> Poll<(R, Waker)> {
        let (node, primitive) = self.parts();
        assert!(!node.is_queued(), "a waiter is enqueued once");
        // User code: before the lock.
        let waker = context.waker().clone();
        node.trace().before_enqueue(context);
        let own_queue = A::queue(primitive);
        let mut queue = own_queue.lock();
        // Before `admit`, which may change the state of the primitive.
        assert!(own_queue.waiters() < MAX_WAITERS, "more than u32::MAX futures wait in one queue");
        let admitted = admit(primitive, &mut queue);
        // Two guards can be swapped.
        assert!(core::ptr::eq(own_queue, queue.queue()), "not the guard of this queue");
        let tag = match admitted {
            Ok(result) => {
                drop(queue);
                return Poll::Ready((result, waker));
            }
            Err(tag) => tag,
        };
        queue.add_waiter();
        // SAFETY: the lock of the node's own queue is held. The node is not queued, so it is on no
        // list. It is pinned, and its drop removes it.
        queue.list_mut(|list| unsafe { list.push_back(node, waker, tag) });
        own_queue.trace().enqueued(node.trace(), tag);
        drop(queue);
        own_queue.trace().after_enqueue(node.trace());
        Poll::Pending
    }

    /// Polls a queued waiter.
    ///
    /// `check` gets the waiter with its queue locked. If the wait is over, it removes the waiter
    /// and returns what the wait comes to. Otherwise it gives the waiter back, and the task of
    /// `context` is woken from now on.
    ///
    /// # Panics
    ///
    /// Panics if the waiter is not queued.
    #[inline]
    pub fn poll_queued<R>(
        mut self: Pin<&mut Self>,
        context: &Context<'_>,
        mut check: impl for<'a> FnMut(
            &H::Target,
            LockedWaiter<'a, A::State>,
        ) -> Result<R, LockedWaiter<'a, A::State>>,
    ) -> Poll<R> {
        let mut waker_is_current = false;
        let result = loop {
            let (node, primitive) = self.as_mut().parts();
            assert!(node.is_queued(), "a waiter is enqueued before it is polled again");
            match check(primitive, LockedWaiter::lock(A::queue(primitive), node)) {
                Ok(result) => break result,
                Err(waiter) => waker_is_current |= waiter.will_wake(context.waker()),
            }
            let (node, primitive) = self.as_mut().parts();
            if waker_is_current {
                A::queue(primitive).trace().still_waiting(node.trace(), context);
                return Poll::Pending;
            }
            renew_waker(A::queue(primitive), node, context);
            waker_is_current = true;
        };
        self.project().node.trace().ended();
        Poll::Ready(result)
    }

    /// Removes the waiter of a future that is dropped.
    #[inline(never)]
    fn cancel(&mut self) {
        // A queued waiter has its handle.
        if let Some(handle) = &self.handle {
            let queue = A::queue(handle);
            let evict = Evict(&mut self.node, queue);
            // Dropped last: its drop may panic, and by then the others have been woken.
            let _waker = A::cancel(handle, LockedWaiter::lock(queue, &mut *evict.0));
            debug_assert!(!evict.0.is_queued(), "`Access::cancel` removes the waiter");
            core::mem::forget(evict);
        }
    }
}

/// Removes the waiter if [`Access::cancel`] panics before it has done so.
struct Evict<'a, S>(&'a mut Node, &'a WaitQueue<S>);

impl<S> Drop for Evict<'_, S> {
    fn drop(&mut self) {
        if self.0.is_queued() {
            drop(LockedWaiter::lock(self.1, self.0).remove());
        }
    }
}

/// Replaces the waker, unless the waiter was notified meanwhile.
///
/// Wakers are user code: the new one is cloned and the old one is dropped without the lock, and
/// before the next check, so that a panic loses nothing that the check would have found.
#[cold]
fn renew_waker<S>(queue: &WaitQueue<S>, node: &mut Node, context: &Context<'_>) {
    let waker = context.waker().clone();
    node.trace().before_enqueue(context);
    let mut waiter = LockedWaiter::lock(queue, node);
    let unused_waker = waiter.replace_waker(waker);
    drop(waiter);
    queue.trace().after_enqueue(node.trace());
    drop(unused_waker);
}

impl<H: Handle, A: Access<H::Target>> Drop for Waiter<H, A> {
    #[inline]
    fn drop(&mut self) {
        // If it is queued it was pinned, and is until this is over (invariant 3).
        if self.node.is_queued() {
            self.cancel();
        }
    }
}

/// A queued waiter and its queue, which is locked.
///
/// It is made only in this file, from the node of a pinned waiter and the queue that its handle
/// leads to (invariants 3 and 4). It lends out the guard by shared reference only, so that the two
/// stay a pair.
pub struct LockedWaiter<'a, S = ()> {
    queue: QueueGuard<'a, S>,
    node: &'a mut Node,
}

impl<'a, S> LockedWaiter<'a, S> {
    /// Locks the queue of a node that is queued there.
    #[inline]
    fn lock(queue: &'a WaitQueue<S>, node: &'a mut Node) -> Self {
        debug_assert!(node.is_queued(), "the methods read what the push initialized");
        let queue = queue.lock();
        Self { queue, node }
    }

    /// Returns whether the waiter was notified since it was enqueued.
    #[inline]
    pub fn is_notified(&self) -> bool {
        // SAFETY: the lock is held, and a queued node was pushed.
        unsafe { self.node.with_waker(|waker| waker.is_none()) }
    }

    /// Returns the number that the waiter was [notified](QueueGuard::notify) with, if it was.
    #[inline]
    pub fn notification(&self) -> Option<usize> {
        self.is_notified().then(|| self.node.notification() >> 1)
    }

    /// Returns the tag.
    pub const fn tag(&self) -> usize {
        self.node.tag()
    }

    /// Removes the waiter, notified or not. Returns its waker if it was not, to be dropped after
    /// the unlock.
    #[inline]
    pub fn remove(self) -> (QueueGuard<'a, S>, Option<Waker>) {
        self.queue.queue().trace().abandoned(self.node.trace());
        self.complete()
    }

    /// Removes a waiter that has acquired something. Otherwise like [`remove`](Self::remove).
    #[inline]
    pub fn complete(self) -> (QueueGuard<'a, S>, Option<Waker>) {
        let Self { mut queue, node } = self;
        // SAFETY: the lock is held, and the two are a pair: the node was pushed to this list.
        let waker = queue.list_mut(|list| unsafe { list.remove(node) });
        if waker.is_some() || node.notification() != REMOVED {
            queue.subtract_waiter();
        }
        node.set_removed();
        (queue, waker)
    }

    /// Unlocks the queue while `body` runs.
    pub fn unlocked(self, body: impl FnOnce()) -> Self {
        let Self { queue, node } = self;
        let unlocked = queue.queue();
        drop(queue);
        body();
        Self::lock(unlocked, node)
    }

    #[inline]
    fn will_wake(&self, waker: &Waker) -> bool {
        let will_wake =
            |own: &mut Option<Waker>| own.as_ref().is_some_and(|own| own.will_wake(waker));
        // SAFETY: the lock is held, and a queued node was pushed. `Waker::will_wake` compares two
        // pointers and runs no user code.
        unsafe { self.node.with_waker(will_wake) }
    }

    /// Replaces the waker and returns the old one; or, if the waiter was notified, returns `waker`.
    pub fn replace_waker(&mut self, waker: Waker) -> Option<Waker> {
        if self.is_notified() {
            return Some(waker);
        }
        self.queue.queue().trace().waker_changed(self.node.trace());
        // SAFETY: the lock is held, and the node is linked.
        unsafe { self.node.with_waker(|own| own.replace(waker)) }
    }
}

impl<T> LockedWaiter<'_, Guarded<T>> {
    /// Returns the state, to be changed.
    pub fn state_mut(&mut self) -> &mut T {
        self.queue.state_mut()
    }
}

impl<'a, S> Deref for LockedWaiter<'a, S> {
    type Target = QueueGuard<'a, S>;

    fn deref(&self) -> &Self::Target {
        &self.queue
    }
}
