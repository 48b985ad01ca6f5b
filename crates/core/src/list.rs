//! The intrusive list of waiters, and the node that each waiting future contributes to it.
//!
//! # Invariants
//!
//! Every `unsafe` block of the core argues from these, by number. They stand here and nowhere else.
//!
//! 1. **The lock guards the list.** The ends of a list, and `next` and `waker` of a node on it, are
//!    accessed only while the lock of the queue is held. Three fields of a node are exceptions:
//!    - `state` is written by the owner of the node, and only while the node is on no list. While
//!      it is linked it is not written, so the owner and the holder of the lock may both read it.
//!    - `previous` is atomic. The holder of the lock writes it while the node is linked, and once
//!      more to notify it. The owner may load it at any time: an odd value is a notification, and
//!      an address is never odd.
//!    - `trace` is accessed by its owner alone, except for its parts that are atomic or constant.
//! 2. **Linked means that there is a waker.** `next` and `waker` are initialized when a node is
//!    pushed for the first time. From then on the waker is `Some` exactly as long as the node is
//!    linked. A notifier takes the waker, and stores the notification, if there is one, last: from
//!    that store on it does not touch the node, which its owner may free at once.
//! 3. **Pinned and alive.** A linked node is pinned, and it is unlinked before its memory is freed
//!    or reused: the drop of the [`Waiter`](crate::Waiter) that contains it sees to that. If that
//!    drop never runs because the future was leaked, pinning keeps the memory valid for ever, and
//!    the node stays a waiter for ever.
//! 4. **One queue.** A node is linked in one list at a time and is unlinked under the lock of the
//!    same queue. A `Waiter` reaches its queue through a [`Handle`](crate::Handle), and a handle
//!    always leads to the same one.
//! 5. **No pointer to the queue.** The list ends in `None` on both sides and no node points to its
//!    queue, so a primitive whose only waiters are leaked futures may be moved and dropped.

use core::{
    marker::PhantomPinned,
    mem::MaybeUninit,
    num::NonZeroUsize,
    ptr::{self, NonNull},
    task::Waker,
};

use crate::{
    sync::{AtomicPtr, Ordering, UnsafeCell},
    trace::{CallSite, WaitTrace},
};

/// A future's entry in a list.
///
/// Neighbours point to it, and other threads read it while its owner has a `&mut Node`. That is why
/// it is `!Unpin`: the compiler then assumes nothing about aliases of such a reference.
#[repr(C)]
pub(crate) struct Node {
    /// While linked, the address of the previous node, or null. After the notification, what
    /// [`List::pop_front`] stored. Written under the lock; the owner may load it without (invariant
    /// 1).
    previous: AtomicPtr<Self>,
    /// The tag, whether the node is queued, and a bit that is always set, so that an `Option` of a
    /// future needs no more room than the future. Written by the owner while the node is not linked
    /// (invariant 1).
    ///
    /// Not an atomic, so that the compiler sees that a node which was just made is not queued and
    /// need not be dropped.
    state: NonZeroUsize,
    /// The next node while linked. Guarded by the lock; initialized by the first push (invariant
    /// 2).
    next: UnsafeCell<MaybeUninit<Option<NonNull<Self>>>>,
    /// `Some` while linked. Guarded by the lock; initialized by the first push (invariant 2).
    waker: UnsafeCell<MaybeUninit<Option<Waker>>>,
    /// What the diagnostics know of the wait.
    trace: WaitTrace,
    _pinned: PhantomPinned,
}

/// The bit of `state` that says that the node is queued.
const QUEUED: usize = 2;
/// The lowest bit of `state` that belongs to the tag.
const TAG: usize = 4;

// SAFETY: a node consists of pointers, a waker and numbers. Wakers are Send and Sync, and the
// pointers are followed only under the lock (invariant 1).
unsafe impl Send for Node {}
// SAFETY: as for Send; fields that two threads may access are guarded by the lock, atomic, or
// constant while shared, and the others belong to the owner (invariant 1).
unsafe impl Sync for Node {}

impl Node {
    crate::const_fn! {
        /// Creates a node that is on no list. The two highest bits of `tag` are discarded.
        pub(crate) const fn new(tag: usize, site: CallSite) -> Self {
            Self {
                previous: AtomicPtr::new(ptr::null_mut()),
                state: encode(tag, 0),
                next: UnsafeCell::new(MaybeUninit::uninit()),
                waker: UnsafeCell::new(MaybeUninit::uninit()),
                trace: WaitTrace::new(site),
                _pinned: PhantomPinned,
            }
        }
    }

    /// Returns what the diagnostics know of the wait.
    pub(crate) const fn trace(&self) -> &WaitTrace {
        &self.trace
    }

    /// Returns the tag that the node was created or last pushed with. For the owner, or under the
    /// lock.
    pub(crate) const fn tag(&self) -> usize {
        self.state.get() / TAG
    }

    /// Returns whether the node was pushed and has not been removed by its owner since: it is
    /// linked, or was notified. For the owner.
    pub(crate) const fn is_queued(&self) -> bool {
        self.state.get() & QUEUED != 0
    }

    /// Records that the node has left the queue. For the owner, once the node is unlinked.
    pub(crate) const fn set_removed(&mut self) {
        self.state = encode(self.tag(), 0);
    }

    /// Returns what the notifier stored; or, while the node is linked, an even number.
    #[inline]
    pub(crate) fn notification(&self) -> usize {
        // Acquire: pairs with the Release in `List::pop_front`, for an owner without the lock.
        self.previous.load(Ordering::Acquire).addr()
    }

    #[inline]
    fn set_previous(&self, previous: Option<NonNull<Self>>) {
        let previous = previous.map_or(ptr::null_mut(), NonNull::as_ptr);
        // Relaxed: addresses are used under the lock only.
        self.previous.store(previous, Ordering::Relaxed);
    }

    /// Returns the next node.
    ///
    /// # Safety
    ///
    /// The lock is held, and the node was pushed before.
    #[inline]
    unsafe fn next(&self) -> Option<NonNull<Self>> {
        // SAFETY: the lock excludes writers (invariant 1), and the first push initialized the field
        // (invariant 2).
        self.next.with(|next| unsafe { (*next).assume_init() })
    }

    /// Links `next` behind this node.
    ///
    /// # Safety
    ///
    /// The lock is held.
    #[inline]
    unsafe fn set_next(&self, next: Option<NonNull<Self>>) {
        // SAFETY: the lock excludes every other access (invariant 1).
        self.next.with_mut(|field| unsafe {
            (*field).write(next);
        });
    }

    /// Reads or replaces the waker: `Some` as long as the node is linked.
    ///
    /// # Safety
    ///
    /// The lock is held, the node was pushed before, and `access` does not access the node.
    #[inline]
    pub(crate) unsafe fn with_waker<R>(&self, access: impl FnOnce(&mut Option<Waker>) -> R) -> R {
        // SAFETY: the lock excludes every other access (invariant 1), `access` makes none, and the
        // first push initialized the field (invariant 2).
        self.waker.with_mut(|waker| access(unsafe { (*waker).assume_init_mut() }))
    }
}

const fn encode(tag: usize, flags: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(tag.wrapping_mul(TAG) | flags)
}

/// For models only: an access that marks the end of the node's life, so that loom reports a race
/// with any access that is not ordered before it (invariants 2 and 3).
#[cfg(awaitlist_loom)]
impl Drop for Node {
    fn drop(&mut self) {
        self.next.with_mut(|_| ());
        self.waker.with_mut(|_| ());
        self.previous.with_mut(|_| ());
    }
}

/// A doubly linked list of nodes in the order of their arrival.
///
/// Access to it is access under the lock: [`QueueGuard`](crate::QueueGuard) lends it out.
pub(crate) struct List {
    head: Option<NonNull<Node>>,
    tail: Option<NonNull<Node>>,
}

// SAFETY: nodes are Send and Sync, and are reached only under the lock (invariant 1).
unsafe impl Send for List {}

impl List {
    pub(crate) const fn new() -> Self {
        Self { head: None, tail: None }
    }

    /// Pushes `node` to the end. It is queued and linked from here on.
    ///
    /// # Safety
    ///
    /// The lock is held. The node is pinned and on no list, and it will be removed from this list
    /// before it is dropped (invariants 3 and 4).
    #[inline]
    pub(crate) unsafe fn push_back(&mut self, node: &mut Node, waker: Waker, tag: usize) {
        let previous = self.tail;
        // The owner is the caller and the node is on no list, so no other thread accesses it yet.
        node.state = encode(tag, QUEUED);
        node.set_previous(previous);
        // SAFETY: as above; both fields are initialized here (invariant 2).
        unsafe {
            node.set_next(None);
            node.waker.with_mut(|field| {
                (*field).write(Some(waker));
            });
        }
        let node = Some(NonNull::from(node));
        self.tail = node;
        match previous {
            // SAFETY: linked nodes are alive (invariant 3), and the lock is held.
            Some(previous) => unsafe { previous.as_ref().set_next(node) },
            None => self.head = node,
        }
    }

    /// Returns the first node.
    #[inline]
    pub(crate) fn front(&self) -> Option<&Node> {
        // SAFETY: linked nodes are alive (invariant 3); the borrow of the list holds the lock,
        // under which alone a node is unlinked (invariant 1).
        self.head.map(|node| unsafe { node.as_ref() })
    }

    /// Unlinks the first node, stores `notification` in it, and returns its waker.
    ///
    /// This is the last access to the node: an owner that finds an odd notification may free it
    /// (invariant 2).
    #[inline]
    pub(crate) fn pop_front(&mut self, notification: usize) -> Option<Waker> {
        // SAFETY: linked nodes are alive (invariant 3), and `&mut self` holds the lock.
        let node = unsafe { self.head?.as_ref() };
        // SAFETY: it was pushed, and the lock is held.
        let (next, waker) = unsafe { (node.next(), node.with_waker(Option::take)) };
        self.head = next;
        match next {
            // SAFETY: as for `node`.
            Some(next) => unsafe { next.as_ref() }.set_previous(None),
            None => self.tail = None,
        }
        // The head has no previous node, so 0 is there already.
        if notification != 0 {
            let notification = ptr::without_provenance_mut(notification);
            // Release: pairs with the Acquire in `Node::notification`.
            node.previous.store(notification, Ordering::Release);
        }
        waker
    }

    /// Unlinks `node` and returns its waker, or `None` if it was not linked.
    ///
    /// # Safety
    ///
    /// The lock is held, and this is the list that the node was last pushed to (invariant 4).
    #[inline]
    pub(crate) unsafe fn remove(&mut self, node: &Node) -> Option<Waker> {
        // SAFETY: it was pushed, and the lock is held. Without a waker it is not linked (invariant
        // 2).
        let waker = unsafe { node.with_waker(Option::take) }?;
        // Relaxed: written under the lock.
        let previous = NonNull::new(node.previous.load(Ordering::Relaxed));
        // SAFETY: as above.
        let next = unsafe { node.next() };
        match previous {
            // SAFETY: neighbours of a linked node are linked, hence alive (invariant 3).
            Some(previous) => unsafe { previous.as_ref().set_next(next) },
            None => self.head = next,
        }
        match next {
            // SAFETY: as for `previous`.
            Some(next) => unsafe { next.as_ref() }.set_previous(previous),
            None => self.tail = previous,
        }
        Some(waker)
    }

    /// Calls `visit` with the tags of the linked nodes, in order, until it returns `false`.
    pub(crate) fn visit_tags(&self, mut visit: impl FnMut(usize) -> bool) {
        let mut node = self.front();
        while let Some(current) = node.filter(|node| visit(node.tag())) {
            // SAFETY: linked nodes are alive (invariant 3); the borrow of the list holds the lock.
            node = unsafe { current.next().map(|next| next.as_ref()) };
        }
    }
}
