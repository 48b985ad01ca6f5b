//! The intrusive list: nodes that live in the futures that wait, linked first come, first served.
//!
//! All unsafe code about nodes is here, and in the two types that hold one, [`Slot`](crate::Slot) and
//! [`Relay`](crate::Relay); the rest of the suite has none of it. It
//! rests on these invariants, which comments cite by number:
//!
//! 1. **The lock.** A list, and every node between its push and its leaving, is touched only by who holds the lock
//!    of the queue that the list belongs to. (`Queue::locked` gives the list to one caller at a time.)
//! 2. **Linked means a waker.** A node's links are written first when it is pushed, and from then on its waker is
//!    `Some` exactly as long as it is linked. Who calls it takes the waker out, and writes its note last of all: the owner may
//!    look at the note without the lock, and have the node freed at once.
//! 3. **Pinned and alive.** A linked node is pinned, and it is taken off the list before its memory is freed or used
//!    for something else: the drop of the `Slot` or `Relay` that holds it sees to that. If that drop never runs (the
//!    future is leaked), then the pin keeps the memory for ever, and the node stays a waiter for ever.
//! 4. **One list.** A node is linked in one list at a time, and taken off under the lock of the same. (A `Standing`
//!    pairs a place with the queue of the handle that the future holds, and a `Handle` always leads to the same one.)
//! 5. **No way back.** The list ends in `None` on both sides, and no node knows its queue: a primitive in which only
//!    leaked futures still wait may be moved, and dropped.

use core::{
    marker::PhantomPinned,
    mem::MaybeUninit,
    num::NonZeroUsize,
    ptr::{self, NonNull},
    task::Waker,
};

use crate::{
    sync::{AtomicPtr, Ordering, UnsafeCell},
    trace::{Origin, Seat},
};

type Link = Option<NonNull<Node>>;

/// A place in a list. Its links are left unwritten until it is first pushed: most waits end before that.
#[repr(C)]
pub(crate) struct Node {
    /// While linked, the one before: written under the lock. Once called, the note that the caller left: no address, and
    /// the owner may read it without the lock.
    previous: AtomicPtr<Self>,
    /// The owner writes it, under the lock or while nobody else has the node: at the push, and when it has left. In
    /// between it stays as it is, and both the owner and who holds the lock may read it.
    mark: Mark,
    /// Guarded by the queue's lock (invariant 1), written on the first push (invariant 2).
    links: UnsafeCell<MaybeUninit<Links>>,
    /// What the diagnostics know. What of it is not the owner's alone is safe to share.
    seat: Seat,
    /// Neighbours point here (invariant 3), and others read while the owner has a `&mut`.
    _pinned: PhantomPinned,
}

/// The primitive's word about a waiter (how many permits it needs, in which epoch it came), which is its tag, and whether
/// the node is queued: it joined, and has not left yet.
///
/// It is no atomic, so compilers see that a node which they have just made is not queued, and need not be dropped. It is
/// not zero, so that an `Option` of a future needs no more room than the future.
#[derive(Clone, Copy)]
struct Mark(NonZeroUsize);

impl Mark {
    const QUEUED: usize = 2;
    const TAG: usize = 4;

    #[inline(always)]
    const fn new(tag: usize, queued: bool) -> Self {
        let flag = if queued { Self::QUEUED } else { 0 };
        Self(NonZeroUsize::MIN.saturating_add(tag.wrapping_mul(Self::TAG) | flag))
    }

    #[inline(always)]
    const fn tag(self) -> usize {
        self.0.get() / Self::TAG
    }

    #[inline(always)]
    const fn queued(self) -> bool {
        self.0.get() & Self::QUEUED != 0
    }
}

struct Links {
    next: Link,
    /// `Some` while linked (invariant 2).
    waker: Option<Waker>,
}

// SAFETY: a node is a pair of pointers, a waker and two numbers; wakers are Send and Sync, and the pointers are
// followed only under the queue's lock (invariant 1).
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

impl Node {
    crate::const_fn! {
        /// A node with that tag, in no list, of a wait that was asked for at `origin`. Of a tag, here and elsewhere, the
        /// two highest bits are lost.
        #[inline(always)]
        pub(crate) const fn new(tag: usize, origin: Origin) -> Self {
            Self {
                previous: AtomicPtr::new(ptr::null_mut()),
                mark: Mark::new(tag, false),
                links: UnsafeCell::new(MaybeUninit::uninit()),
                seat: Seat::new(origin),
                _pinned: PhantomPinned,
            }
        }
    }

    /// Reads or writes the links.
    ///
    /// # Safety
    ///
    /// The node was pushed before, and the lock of its queue is held.
    #[inline(always)]
    unsafe fn links<R>(&self, access: impl FnOnce(&mut Links) -> R) -> R {
        self.links.with_mut(|links| {
            // SAFETY: the lock makes us the only one here (invariant 1), for as long as `access` runs: it is one of
            // the few closures of this file, and none of them comes back to the same node.
            let links = unsafe { &mut *links };
            // SAFETY: written on the first push (invariant 2), which has been.
            access(unsafe { links.assume_init_mut() })
        })
    }

    /// Whether the node is still on its list.
    ///
    /// # Safety
    ///
    /// As for [`links`](Self::links).
    #[inline]
    pub(crate) unsafe fn is_linked(&self) -> bool {
        // SAFETY: the caller's word.
        unsafe { self.links(|links| links.waker.is_some()) }
    }

    /// What the diagnostics know. For the owner, or under the lock.
    #[inline]
    pub(crate) const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// The tag with which it was made, or last pushed. For the owner, or under the lock.
    #[inline]
    pub(crate) const fn tag(&self) -> usize {
        self.mark.tag()
    }

    /// Whether the node joined a queue, and has not left yet: it is linked, or was called and its owner has not seen to
    /// that. For the owner.
    #[inline]
    pub(crate) const fn queued(&self) -> bool {
        self.mark.queued()
    }

    /// Says that the node has left its queue. For the owner, once the node is off the list.
    #[inline]
    pub(crate) const fn set_left(&mut self) {
        self.mark = Mark::new(self.mark.tag(), false);
    }

    /// The note with which it was called, if it was: 0 if with none. As long as it is linked, an address or 0.
    #[inline]
    pub(crate) fn note(&self) -> usize {
        // Acquire: pairs with the Release in `pop_front`, for an owner that looks without the lock.
        self.previous.load(Ordering::Acquire).addr()
    }

    /// Writes who stands before. Under the lock.
    #[inline(always)]
    fn set_previous(&self, previous: Link) {
        let previous = previous.map_or(ptr::null_mut(), NonNull::as_ptr);
        // Relaxed: read under the lock, or by an owner to whom no address says anything.
        self.previous.store(previous, Ordering::Relaxed);
    }

    /// Puts `waker` in the place of the one that waits here, which it answers. The node must be linked.
    ///
    /// # Safety
    ///
    /// As for [`links`](Self::links).
    #[inline]
    pub(crate) unsafe fn replace_waker(&self, waker: Waker) -> Option<Waker> {
        // SAFETY: the caller's word.
        unsafe { self.links(|links| links.waker.replace(waker)) }
    }

    /// Whether the node's waker would wake the same task as `waker`.
    ///
    /// # Safety
    ///
    /// As for [`links`](Self::links).
    #[inline]
    pub(crate) unsafe fn will_wake(&self, waker: &Waker) -> bool {
        // SAFETY: the caller's word. `Waker::will_wake` compares two pointers, no code of the user's runs.
        unsafe { self.links(|links| links.waker.as_ref().is_some_and(|own| own.will_wake(waker))) }
    }
}

/// In a model only: the memory is the owner's again, so whoever touches the node after its last allowed touch (invariants 2
/// and 3) is in a race with this, which loom sees.
#[cfg(awaitlist_loom)]
impl Drop for Node {
    fn drop(&mut self) {
        self.links.with_mut(|_| ());
        self.previous.with_mut(|_| ());
    }
}

/// First come, first served.
pub(crate) struct List {
    head: Link,
    tail: Link,
}

// SAFETY: the nodes that it points to are Send and Sync, and followed only under the queue's lock (invariant 1).
unsafe impl Send for List {}

impl List {
    pub(crate) const fn new() -> Self {
        Self {
            head: None,
            tail: None,
        }
    }

    /// Links `node` at the end: it is queued from here on.
    ///
    /// # Safety
    ///
    /// The lock is held. The node is pinned and in no list, and until it is dropped it will be taken off this
    /// list under the same lock (invariants 3 and 4).
    #[inline]
    pub(crate) unsafe fn push_back(&mut self, node: &mut Node, waker: Waker, tag: usize) {
        let previous = self.tail;
        // Before anybody else can reach the node.
        node.mark = Mark::new(tag, true);
        node.set_previous(previous);
        node.links.with_mut(|links| {
            // SAFETY: the node is in no list, so nobody but its owner, who is here, can reach it.
            unsafe { &mut *links }.write(Links {
                next: None,
                waker: Some(waker),
            });
        });
        let node = Some(NonNull::from(node));
        self.tail = node;
        match previous {
            // SAFETY: linked nodes are alive (invariant 3).
            Some(previous) => unsafe { set_next(previous, node) },
            None => self.head = node,
        }
    }

    /// The tag of the first in line.
    #[inline]
    pub(crate) fn front_tag(&self) -> Option<usize> {
        // SAFETY: linked nodes are alive (invariant 3), and who has `&self` holds the lock (invariant 1).
        self.head.map(|node| unsafe { node.as_ref() }.tag())
    }

    /// Takes the first in line off the list, leaves it `note`, and answers its waker. Without a note it finds 0, since
    /// nobody stands before the first. `called` is told of it.
    #[inline]
    pub(crate) fn pop_front(
        &mut self,
        note: Option<usize>,
        called: impl FnOnce(&Seat),
    ) -> Option<Waker> {
        // SAFETY: linked nodes are alive (invariant 3), and who has `&mut self` holds the lock (invariant 1).
        let node = unsafe { self.head?.as_ref() };
        // SAFETY: as above. Taking the waker marks the node as off the list (invariant 2).
        let (next, waker) = unsafe { node.links(|links| (links.next, links.waker.take())) };
        self.head = next;
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { next.as_ref() }.set_previous(None),
            None => self.tail = None,
        }
        called(&node.seat);
        if let Some(note) = note {
            let note = ptr::without_provenance_mut(note);
            // Release: pairs with the Acquire of an owner that looks without the lock (`Node::note`). The last touch:
            // the owner may free the node at once (invariant 2).
            node.previous.store(note, Ordering::Release);
        }
        waker
    }

    /// Takes `node` off the list, wherever it stands, and answers its waker. `None` if it is not linked any more.
    ///
    /// # Safety
    ///
    /// The lock is held, and it was this list that the node was last pushed on (invariant 4).
    #[inline]
    pub(crate) unsafe fn remove(&mut self, node: &Node) -> Option<Waker> {
        // SAFETY: the caller's word.
        if unsafe { !node.is_linked() } {
            return None;
        }
        // Relaxed: written under the lock.
        let previous = NonNull::new(node.previous.load(Ordering::Relaxed));
        // SAFETY: the caller's word. Taking the waker marks the node as off the list (invariant 2).
        let (next, waker) = unsafe { node.links(|links| (links.next, links.waker.take())) };
        match previous {
            // SAFETY: neighbours of a linked node are linked, hence alive (invariant 3).
            Some(previous) => unsafe { set_next(previous, next) },
            None => self.head = next,
        }
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { next.as_ref() }.set_previous(previous),
            None => self.tail = previous,
        }
        waker
    }

    /// The tags of all in line, first come first.
    pub(crate) fn tags(&self) -> impl Iterator<Item = usize> + '_ {
        let mut next = self.head;
        core::iter::from_fn(move || {
            let node = next?;
            // SAFETY: linked nodes are alive (invariant 3), and who has `&self` holds the lock (invariant 1).
            let node = unsafe { node.as_ref() };
            // SAFETY: as above.
            next = unsafe { node.links(|links| links.next) };
            Some(node.tag())
        })
    }
}

/// # Safety
///
/// The node is linked, and the lock is held.
#[inline(always)]
unsafe fn set_next(node: NonNull<Node>, next: Link) {
    // SAFETY: linked nodes are alive (invariant 3), and the caller holds the lock.
    unsafe { node.as_ref().links(|links| links.next = next) }
}
