//! A place that stands in one queue and then in another: what a wait for a condition needs, with one node for both.

use core::{fmt, pin::Pin};

use crate::{
    Handle, KeyOf, Pass, Queue, StateOf, Waitable,
    list::Node,
    slot::{Standing, polled_after_completion},
    trace::{Origin, Seat},
};

/// In which queue the place stands, if it is queued, or stood last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg {
    First,
    Second,
}

/// One place for two queues, in either of which it may stand, but never in both.
///
/// When it is dropped while it stands in one, the primitive there has it [withdraw](Waitable::withdraw).
pub struct Relay<A, B, N>
where
    A: Handle<Target: Waitable>,
    B: Handle<Target: Waitable>,
{
    first: A,
    /// Given back when the wait is over. `Some` while the place is queued.
    second: Option<B>,
    node: Node,
    leg: Leg,
    /// The owner's own. It lives here because there is room between the fields.
    note: N,
}

impl<A, B, N> Relay<A, B, N>
where
    A: Handle<Target: Waitable>,
    B: Handle<Target: Waitable>,
{
    /// A place that has joined neither queue yet.
    #[inline]
    #[track_caller]
    pub fn new((first, _): (A, KeyOf<A>), (second, _): (B, KeyOf<B>), note: N) -> Self {
        Self {
            first,
            second: Some(second),
            node: Node::new(0, Origin::here()),
            leg: Leg::First,
            note,
        }
    }

    /// The first queue.
    #[inline]
    pub fn first_queue(&self) -> &Queue<StateOf<A>> {
        self.first.queue(Pass::new())
    }

    /// The handle of the second queue, until it is [taken](Self::finish).
    #[inline]
    pub const fn second_handle(&self) -> Option<&B> {
        self.second.as_ref()
    }

    /// What the diagnostics know of the wait. For the owner alone, see [`Slot::seat`](crate::Slot::seat).
    #[inline]
    pub fn seat(self: Pin<&mut Self>) -> &Seat {
        self.into_ref().get_ref().node.seat()
    }

    /// The owner's note.
    #[inline]
    pub const fn note(&self) -> &N {
        &self.note
    }

    /// Writes the owner's note.
    #[inline]
    pub fn set_note(self: Pin<&mut Self>, note: N) {
        // SAFETY: the node is not moved, and the note need not be pinned.
        unsafe { self.get_unchecked_mut() }.note = note;
    }

    /// The place at the first queue.
    ///
    /// # Panics
    ///
    /// If the place stands in the second, or the wait is over: the future `name` was polled after it had finished.
    #[inline]
    #[track_caller]
    pub fn first(self: Pin<&mut Self>, name: &str) -> Standing<'_, StateOf<A>> {
        // SAFETY: the node is only lent.
        let this = unsafe { self.get_unchecked_mut() };
        if this.second.is_none() {
            polled_after_completion(name)
        }
        this.enter(Leg::First);
        // SAFETY: the node is pinned, as we are. If it is queued, then here (`enter`), and handles always lead to the
        // same queue and keep it alive and unmoved (`Handle`, `Waitable`). Our drop has the node leave.
        unsafe { Standing::new(&mut this.node, this.first.queue(Pass::new())) }
    }

    /// The place at the second queue.
    ///
    /// # Panics
    ///
    /// If the place stands in the first, or the wait is over: the future `name` was polled after it had finished.
    #[inline]
    #[track_caller]
    pub fn second(self: Pin<&mut Self>, name: &str) -> Standing<'_, StateOf<B>> {
        // SAFETY: the node is only lent.
        let this = unsafe { self.get_unchecked_mut() };
        this.enter(Leg::Second);
        let Some(second) = &this.second else {
            polled_after_completion(name)
        };
        // SAFETY: as in `first`; and the second handle stays the same while the place is queued (`finish`).
        unsafe { Standing::new(&mut this.node, second.queue(Pass::new())) }
    }

    fn enter(&mut self, leg: Leg) {
        assert!(
            !self.node.queued() || self.leg == leg,
            "a place leaves one queue before it joins another"
        );
        self.leg = leg;
    }

    /// Has the place leave the queue in which it stands, if any, as if the future had been dropped.
    pub fn withdraw(self: Pin<&mut Self>) {
        // SAFETY: the node is only lent.
        unsafe { self.get_unchecked_mut() }.withdraw_unpinned();
    }

    fn withdraw_unpinned(&mut self) {
        let (true, Some(second)) = (self.node.queued(), &self.second) else {
            return;
        };
        match self.leg {
            Leg::First => {
                let queue = self.first.queue(Pass::new());
                // SAFETY: as in `first`: a node that is queued was pinned, and is until its drop is over.
                let standing = unsafe { Standing::new(&mut self.node, queue) };
                self.first.withdraw(standing);
            }
            Leg::Second => {
                let queue = second.queue(Pass::new());
                // SAFETY: as in `second`, and above.
                let standing = unsafe { Standing::new(&mut self.node, queue) };
                second.withdraw(standing);
            }
        }
    }

    /// Ends the wait, and gives the second handle back.
    ///
    /// # Panics
    ///
    /// If the place stands in a queue, or the handle was given back before.
    #[inline]
    pub fn finish(self: Pin<&mut Self>) -> B {
        // SAFETY: the node is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(
            !this.node.queued(),
            "a place leaves its queue before its wait ends"
        );
        this.second.take().expect("a wait ends once")
    }

    /// Begins another wait, with the handle that [`finish`](Self::finish) gave back.
    #[inline]
    pub fn restart(self: Pin<&mut Self>, second: B, note: N) {
        // SAFETY: the node is not moved, and by the assertion it is in no queue.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(
            !this.node.queued() && this.second.is_none(),
            "a wait ends before the next begins"
        );
        this.second = Some(second);
        this.note = note;
    }
}

impl<A, B, N> Drop for Relay<A, B, N>
where
    A: Handle<Target: Waitable>,
    B: Handle<Target: Waitable>,
{
    #[inline]
    fn drop(&mut self) {
        self.withdraw_unpinned();
    }
}

impl<A, B, N> fmt::Debug for Relay<A, B, N>
where
    A: Handle<Target: Waitable>,
    B: Handle<Target: Waitable>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("queued", &self.node.queued())
            .field("leg", &self.leg)
            .finish_non_exhaustive()
    }
}
