//! The intrusive list: nodes that live in the futures that wait, linked first come, first served.
//!
//! All unsafe code about nodes is here, and in the two types that hold one, [`Slot`](crate::Slot) and
//! [`Relay`](crate::Relay); the rest of the suite has none of it. It
//! rests on these invariants, which comments cite by number:
//!
//! 1. **The lock.** A list, and every node between its push and its leaving, is touched only by who holds the lock
//!    of the queue that the list belongs to. (`Queue::locked` gives the list to one caller at a time.)
//! 2. **Linked means a waker.** A node's links are written first when it is pushed, and from then on its waker is
//!    `Some` exactly as long as it is linked. Who calls it takes the waker out, and writes its tag last of all: the owner may
//!    look at the tag without the lock, and have the node freed at once.
//! 3. **Pinned and alive.** A linked node is pinned, and it is taken off the list before its memory is freed or used
//!    for something else: the drop of the `Slot` or `Relay` that holds it sees to that. If that drop never runs (the
//!    future is leaked), then the pin keeps the memory for ever, and the node stays a waiter for ever.
//! 4. **One list.** A node is linked in one list at a time, and taken off under the lock of the same. (A `Standing`
//!    pairs a place with the queue of the handle that the future holds, and a `Handle` always leads to the same one.)
//! 5. **No way back.** The list ends in `None` on both sides, and no node knows its queue: a primitive in which only
//!    leaked futures still wait may be moved, and dropped.

use core::{marker::PhantomPinned, mem::MaybeUninit, ptr::NonNull, task::Waker};

use crate::sync::{AtomicUsize, Ordering, UnsafeCell};

type Link = Option<NonNull<Node>>;

/// A place in a list. Its links are left unwritten until it is first pushed: most waits end before that.
#[repr(C)]
pub(crate) struct Node {
    /// Guarded by the queue's lock (invariant 1), written on the first push (invariant 2).
    links: UnsafeCell<MaybeUninit<Links>>,
    /// The primitive's word about this waiter: how many permits it needs, in which epoch it came, that it was called.
    /// From its push on it is written under the lock; the owner may read it without.
    tag: AtomicUsize,
    /// Neighbours point here (invariant 3).
    _pinned: PhantomPinned,
}

struct Links {
    previous: Link,
    next: Link,
    /// `Some` while linked (invariant 2).
    waker: Option<Waker>,
}

// SAFETY: a node is a pair of pointers, a waker and a number; wakers are Send and Sync, and the pointers are
// followed only under the queue's lock (invariant 1).
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

impl Node {
    crate::const_fn! {
        /// A node with that tag, in no list.
        #[inline(always)]
        pub(crate) const fn new(tag: usize) -> Self {
            Self {
                links: UnsafeCell::new(MaybeUninit::uninit()),
                tag: AtomicUsize::new(tag),
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

    /// The tag, as it was pushed or last written.
    #[inline]
    pub(crate) fn tag(&self) -> usize {
        // Acquire: pairs with the Release in `pop_front`, for an owner that looks without the lock.
        self.tag.load(Ordering::Acquire)
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
        self.tag.with_mut(|_| ());
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

    /// Links `node` at the end.
    ///
    /// # Safety
    ///
    /// The lock is held. The node is pinned and in no list, and until it is dropped it will be taken off this
    /// list under the same lock (invariants 3 and 4).
    #[inline]
    pub(crate) unsafe fn push_back(&mut self, node: &Node, waker: Waker, tag: usize) {
        let previous = self.tail;
        node.links.with_mut(|links| {
            // SAFETY: the node is in no list, so nobody but its owner, who is here, can reach it.
            unsafe { &mut *links }.write(Links {
                previous,
                next: None,
                waker: Some(waker),
            });
        });
        // Relaxed: who looks at it before it is called is the owner, or has the lock.
        node.tag.store(tag, Ordering::Relaxed);
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

    /// Takes the first in line off the list, gives it `tag`, and answers its waker.
    #[inline]
    pub(crate) fn pop_front(&mut self, tag: Option<usize>) -> Option<Waker> {
        // SAFETY: linked nodes are alive (invariant 3), and who has `&mut self` holds the lock (invariant 1).
        let node = unsafe { self.head?.as_ref() };
        // SAFETY: as above. Taking the waker marks the node as off the list (invariant 2).
        let (next, waker) = unsafe { node.links(|links| (links.next, links.waker.take())) };
        self.head = next;
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { set_previous(next, None) },
            None => self.tail = None,
        }
        if let Some(tag) = tag {
            // Release: pairs with the Acquire of an owner that looks without the lock (`Node::tag`). The last touch:
            // the owner may free the node at once (invariant 2).
            node.tag.store(tag, Ordering::Release);
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
        let take = |links: &mut Links| (links.previous, links.next, links.waker.take());
        // SAFETY: the caller's word. Taking the waker marks the node as off the list (invariant 2).
        let (previous, next, waker) = unsafe { node.links(take) };
        match previous {
            // SAFETY: neighbours of a linked node are linked, hence alive (invariant 3).
            Some(previous) => unsafe { set_next(previous, next) },
            None => self.head = next,
        }
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { set_previous(next, previous) },
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

/// # Safety
///
/// The node is linked, and the lock is held.
#[inline(always)]
unsafe fn set_previous(node: NonNull<Node>, previous: Link) {
    // SAFETY: linked nodes are alive (invariant 3), and the caller holds the lock.
    unsafe { node.as_ref().links(|links| links.previous = previous) }
}
