//! A future's place in a queue: the node, and the safe way to it.

use core::{
    convert::Infallible,
    fmt, hint,
    ops::{ControlFlow, Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use crate::{
    Handle, KeyOf, Locked, Pass, Queue, StateOf, Waitable,
    list::Node,
    trace::{Origin, Seat},
};

/// A future's place, at the queue in which it stands or may join.
pub struct Standing<'a, S = ()> {
    node: &'a mut Node,
    queue: &'a Queue<S>,
}

impl<'a, S> Standing<'a, S> {
    /// The place of `node` at `queue`.
    ///
    /// # Safety
    ///
    /// The node is pinned. While it is queued, `queue` is the one that it joined, and has not moved since. Before it is
    /// dropped it is asked to leave, at that queue (invariants 3 and 4).
    #[inline]
    pub(crate) const unsafe fn new(node: &'a mut Node, queue: &'a Queue<S>) -> Self {
        Self { node, queue }
    }
}

impl<'a, S> Standing<'a, S> {
    /// Whether the place stands in the queue: it joined, and has not left yet.
    #[inline]
    pub const fn queued(&self) -> bool {
        self.node.queued()
    }

    /// The queue.
    #[inline]
    pub const fn queue(&self) -> &'a Queue<S> {
        self.queue
    }

    /// Runs `body` with the queue locked. As for [`Queue::locked`], code of the user's has no place in it.
    #[inline]
    pub fn locked<R>(&mut self, body: impl FnOnce(&mut Turn<'_, '_, S>) -> R) -> R {
        let node = &mut *self.node;
        self.queue.locked(|queue| body(&mut Turn { queue, node }))
    }

    /// Whether the place was [called with](Locked::call_with) that note, seen without the lock.
    ///
    /// The note is odd: what is found in its place before the call is even, being the address of a node, or 0.
    #[inline]
    pub(crate) fn called_with(&self, note: usize) -> bool {
        debug_assert!(note % 2 == 1);
        self.queued() && self.node.note() == note
    }

    /// Ends the stay of a place that was called, and counted out by who called it. The diagnostics are to be told by who
    /// does that: of the hold that becomes of it, or [of its leave](Self::tell_of_leave).
    ///
    /// # Safety
    ///
    /// The place was called.
    #[inline]
    pub(crate) unsafe fn forget_called(&mut self) {
        self.node.set_left();
    }

    /// Tells the diagnostics that the wait has come to nothing.
    #[inline]
    pub(crate) fn tell_of_leave(&self) {
        self.queue.probe().leave(self.node.seat());
    }

    /// Joins the queue.
    #[inline]
    pub fn join(&mut self, context: &Context<'_>, tag: usize) {
        let _: Poll<(Infallible, _)> = self.enter_or_join(context, |_| ControlFlow::Continue(tag));
    }

    /// Joins the queue, unless a look under the lock finds that there is nothing to wait for.
    ///
    /// `enter` looks: it answers what the wait comes to, or the tag with which the place joins. With an answer comes the
    /// waker that was cloned for nothing. Its drop may panic, so whoever has it sees first to what depends on the answer.
    #[inline(always)]
    pub fn enter_or_join<R>(
        &mut self,
        context: &Context<'_>,
        enter: impl FnOnce(&mut Locked<'_, S>) -> ControlFlow<R, usize>,
    ) -> Poll<(R, Waker)> {
        // Cloned before the lock, and dropped after it if it is not needed.
        let waker = context.waker().clone();
        self.node.seat().expect(context);
        let entered = self.locked(|turn| match enter(turn) {
            ControlFlow::Break(answer) => Poll::Ready((answer, waker)),
            ControlFlow::Continue(tag) => {
                turn.join(waker, tag);
                Poll::Pending
            }
        });
        if entered.is_pending() {
            self.node.seat().settle();
        }
        entered
    }

    /// Looks after a place that stands in the queue, as a poll of its future does.
    ///
    /// `look` says under the lock whether the wait is over, and if so has the place leave. If it answers `None`, the
    /// place must still stand in line; then the task of `context` is the one to be woken.
    #[inline]
    pub fn poll<R>(
        &mut self,
        context: &Context<'_>,
        mut look: impl FnMut(&mut Turn<'_, '_, S>) -> Option<R>,
    ) -> Poll<R> {
        let mut renewed = false;
        loop {
            let step = self.locked(|turn| match look(turn) {
                Some(answer) => Step::Over(answer),
                None if renewed || turn.will_wake(context.waker()) => Step::Waiting,
                None => Step::AnotherTask,
            });
            match step {
                Step::Over(answer) => return Poll::Ready(answer),
                Step::Waiting => {
                    self.queue.probe().polled(self.node.seat(), context);
                    return Poll::Pending;
                }
                Step::AnotherTask => self.renew_waker(context),
            }
            renewed = true;
        }
    }

    /// Has the task of `context` woken from now on, if the place still stands in line.
    ///
    /// Wakers are user code: the new one is cloned, and the old one dropped, outside the lock; and before the next look, so
    /// that a panic of theirs costs nothing that the look would have found.
    fn renew_waker(&mut self, context: &Context<'_>) {
        let waker = context.waker().clone();
        self.node.seat().expect(context);
        let stale = self.locked(|turn| match turn.called() {
            true => Some(waker),
            false => turn.replace_waker(waker),
        });
        self.node.seat().settle();
        drop(stale);
    }
}

/// What a look at a waiting place found.
enum Step<R> {
    /// The wait is over.
    Over(R),
    /// The wait goes on.
    Waiting,
    /// The wait goes on, for another task than the one that is woken now.
    AnotherTask,
}

impl<S> fmt::Debug for Standing<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing")
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}

/// A locked queue, and a place that stands in it or may join.
pub struct Turn<'a, 'q, S = ()> {
    queue: &'a mut Locked<'q, S>,
    node: &'a mut Node,
}

impl<S> Turn<'_, '_, S> {
    /// Goes to the end of the line.
    ///
    /// # Panics
    ///
    /// If the place stands in the queue already, or `u32::MAX` others do. Nothing has changed then.
    #[inline]
    fn join(&mut self, waker: Waker, tag: usize) {
        assert!(
            !self.node.queued(),
            "a place joins a queue once, until it leaves"
        );
        self.queue.enrol();
        // SAFETY: the list is locked (invariant 1). The node is in no list, since it is not queued; it is pinned, and its
        // owner has promised to have it leave this queue (`Standing::new`).
        unsafe { self.queue.list().push_back(self.node, waker, tag) };
        let probe = self.queue.queue().probe();
        probe.join(self.node.seat(), tag);
    }

    /// Whether the place was [called](Locked::call) since it joined.
    #[inline]
    pub fn called(&self) -> bool {
        // SAFETY: queued, hence pushed; and the list is locked.
        self.node.queued() && unsafe { !self.node.is_linked() }
    }

    /// What the place was [called with](Locked::call_with): 0 if [without](Locked::call). `None` if it was not called.
    #[inline]
    pub fn note(&self) -> Option<usize> {
        self.called().then(|| self.node.note())
    }

    /// The place's tag. `None` if it is not queued.
    #[inline]
    pub fn tag(&self) -> Option<usize> {
        self.node.queued().then(|| self.node.tag())
    }

    /// Takes the place out of the queue, called or not, and answers the waker of one that was not, to be dropped
    /// after the lock. Does nothing if it is not queued.
    #[inline]
    #[must_use = "the waker is to be dropped after the lock"]
    pub fn leave(&mut self) -> Option<Waker> {
        let waker = self.go();
        self.queue.queue().probe().leave(self.node.seat());
        waker
    }

    /// As [`leave`](Self::leave), of one that has got what it came for: the diagnostics are to be told of the hold that
    /// becomes of it.
    #[inline]
    pub(crate) fn go(&mut self) -> Option<Waker> {
        if !self.node.queued() {
            return None;
        }
        self.queue.strike_off();
        // SAFETY: it was this list that it was pushed on (`Standing::new`), and the list is locked.
        let waker = unsafe { self.queue.list().remove(self.node) };
        self.node.set_left();
        waker
    }

    fn will_wake(&self, waker: &Waker) -> bool {
        // SAFETY: queued, hence pushed; and the list is locked.
        self.node.queued() && unsafe { self.node.will_wake(waker) }
    }

    /// Has `waker` woken instead of the one before, which it answers.
    ///
    /// # Panics
    ///
    /// If the place does not stand in line.
    fn replace_waker(&mut self, waker: Waker) -> Option<Waker> {
        assert!(
            self.node.queued() && !self.called(),
            "only a place that stands in line has a waker"
        );
        let probe = self.queue.queue().probe();
        probe.pass_on(self.node.seat());
        // SAFETY: queued, hence pushed; and the list is locked. It is linked, so it stays one with a waker.
        unsafe { self.node.replace_waker(waker) }
    }
}

impl<'q, S> Deref for Turn<'_, 'q, S> {
    type Target = Locked<'q, S>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        self.queue
    }
}

impl<S> DerefMut for Turn<'_, '_, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.queue
    }
}

impl<S> fmt::Debug for Turn<'_, '_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("queued", &self.node.queued())
            .finish_non_exhaustive()
    }
}

/// A place, and the handle to the primitive in whose queue it waits. Most futures are little more.
///
/// When it is dropped while it stands in the queue, the primitive has it [withdraw](Waitable::withdraw).
///
/// A future that is made where it is polled, as `await` does, is made in its place, field by field. One that is moved first
/// is moved sixteen bytes at a time, and processors make such a load wait if its bytes come from two stores that are still
/// under way. So nothing in here may keep compilers from making it in its place: it is plain data for them as long as
/// it is not queued, and need not be dropped.
#[repr(C)]
pub struct Slot<H: Handle<Target: Waitable>> {
    node: Node,
    /// Given back when the wait is over. `Some` while the place is queued.
    handle: Option<H>,
}

impl<H: Handle<Target: Waitable>> Slot<H> {
    /// A place that has not joined the queue of `handle` yet.
    #[inline]
    #[track_caller]
    pub fn new(handle: H, key: KeyOf<H>) -> Self {
        Self::with_tag(handle, key, 0)
    }

    /// A place that has not joined the queue of `handle` yet, and has a tag already.
    #[inline]
    #[track_caller]
    pub(crate) fn with_tag(handle: H, _: KeyOf<H>, tag: usize) -> Self {
        Self {
            node: Node::new(tag, Origin::here()),
            handle: Some(handle),
        }
    }

    /// What the diagnostics know of the wait. For the owner alone, since a place may be shared between threads and what a
    /// seat knows may not: hence the `&mut`.
    #[inline]
    pub fn seat(self: Pin<&mut Self>) -> &Seat {
        self.into_ref().get_ref().node.seat()
    }

    /// The place's tag.
    #[inline]
    pub(crate) const fn tag(&self) -> usize {
        self.node.tag()
    }

    /// The handle, until it is [taken](Self::finish).
    #[inline]
    pub const fn handle(&self) -> Option<&H> {
        self.handle.as_ref()
    }

    /// Whether the place stands in the queue.
    #[inline]
    pub const fn queued(&self) -> bool {
        self.node.queued()
    }

    /// The place at its queue.
    ///
    /// # Panics
    ///
    /// If the wait is over: the future `name` was polled after it had finished.
    #[inline]
    #[track_caller]
    pub fn standing(self: Pin<&mut Self>, name: &str) -> Standing<'_, StateOf<H>> {
        // SAFETY: nothing is moved; the handle need not be pinned, and the node is only lent.
        let this = unsafe { self.get_unchecked_mut() };
        let Some(handle) = &this.handle else {
            polled_after_completion(name)
        };
        // SAFETY: the node is pinned, as we are. The handle stays the same while the place is queued (`finish`,
        // `finish_at_once`), hence so does the queue, which it keeps alive and unmoved (`Handle`, `Waitable`). Our drop has
        // the node leave.
        unsafe { Standing::new(&mut this.node, handle.queue(Pass::new())) }
    }

    /// Ends a wait that need not begin, and gives the handle back: if the place does not stand in the queue, and `over`
    /// says so of it.
    ///
    /// It is what every wait tries first. That is to be inlined into whoever awaits the future, and the rest is not, so
    /// nothing else is here: a future that was polled after it had finished is for the rest to complain of.
    #[inline(always)]
    pub fn finish_at_once(
        self: Pin<&mut Self>,
        over: impl FnOnce(&Queue<StateOf<H>>) -> bool,
    ) -> Option<H> {
        // SAFETY: the node is not moved, and the handle is taken only of a place that is not queued.
        let this = unsafe { self.get_unchecked_mut() };
        if this.node.queued() {
            return None;
        }
        // Taken before the exchange that `over` makes, and known to stay so: a load after an exchange waits for it, and the
        // next exchange for the load.
        let handle = this.handle.take()?;
        if !over(handle.queue(Pass::new())) {
            this.handle = Some(handle);
            return None;
        }
        // SAFETY: `this` is ours alone, and neither has changed since it was seen above.
        unsafe { hint::assert_unchecked(!this.node.queued() && this.handle.is_none()) };
        Some(handle)
    }

    /// Ends the wait, and gives the handle back.
    ///
    /// # Panics
    ///
    /// If the place stands in the queue, or the handle was given back before.
    #[inline]
    pub fn finish(self: Pin<&mut Self>) -> H {
        // SAFETY: the node is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(
            !this.node.queued(),
            "a place leaves its queue before its wait ends"
        );
        this.handle.take().expect("a wait ends once")
    }

    /// Begins a wait with the handle that [`finish`](Self::finish) gave back.
    ///
    /// # Panics
    ///
    /// If the last wait has not ended.
    #[inline]
    pub fn restart(self: Pin<&mut Self>, handle: H) {
        // SAFETY: the node is not moved. It is in no queue, since a place that is queued has its handle.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(this.handle.is_none(), "a wait ends before the next begins");
        this.handle = Some(handle);
    }

    /// Has a place leave the queue whose future is dropped.
    #[inline(never)]
    fn withdraw(&mut self) {
        if let Some(handle) = &self.handle {
            let queue = handle.queue(Pass::new());
            // SAFETY: as in `standing`: a node that is queued was pinned, and is until its drop is over. The primitive's
            // `withdraw` has it leave, by its contract.
            let standing = unsafe { Standing::new(&mut self.node, queue) };
            handle.withdraw(standing);
        }
    }
}

/// The contract of `Future::poll` forbids it.
#[cold]
#[track_caller]
pub(crate) fn polled_after_completion(name: &str) -> ! {
    panic!("`{name}` was polled after it had finished")
}

impl<H: Handle<Target: Waitable>> Drop for Slot<H> {
    #[inline]
    fn drop(&mut self) {
        if self.node.queued() {
            self.withdraw();
        }
    }
}

impl<H: Handle<Target: Waitable>> fmt::Debug for Slot<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}
