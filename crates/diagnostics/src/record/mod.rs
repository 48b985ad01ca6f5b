//! The record of one primitive: its holders and its waiters, written by the primitive as they
//! change.
//!
//! The first hold is [published](Published) in a few atomic words, and each wait in a slot of the
//! [line](line). What comes beside them is an entry in a box behind a lock: a second hold, a hold
//! that changes, the waits that were given up before one. So a primitive that is acquired and
//! released without any task waiting takes no lock here, reads no clock, and allocates nothing.
//!
//! The lock is held for a few steps at a time: no user code runs under it, no primitive is used
//! under it, and in a model nothing that is modelled happens under it. So a record can be read from
//! anywhere: inside a waker, or while every thread blocks.
//!
//! It never records more than is true. A hold is added after the permits were taken, and removed
//! before they are released. A wait is added, and marked as notified, under the lock of its queue.
//! It is removed under that lock as well; or, once it was notified, by the task that finds the
//! notification. Until then the record says that it was notified.
//!
//! When a primitive is dropped, its record is used for another one. Readers compare the number of
//! the primitive before and after.

mod entries;
mod holds;
mod line;
mod lines;
mod live;
mod signalled;
mod supply;
mod told;
mod waits;

use std::{
    panic::Location,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::{Mutex, MutexGuard};

use self::{entries::Entries, holds::HoldWords, line::Line};
pub(crate) use self::{
    holds::{Amount, FIRST, HoldEntry, HoldSeen},
    line::Slot,
    live::Live,
    supply::Supply,
    waits::{WaitEntry, is_known},
};
use crate::{
    Actor, Kind, PrimitiveId, atomics,
    beside::Beside,
    names::{self, Label},
    published::{self, Published},
    static_ref::{self, StaticRef},
};

/// The record of a primitive, or a free one.
pub(crate) struct Record {
    /// The primitive. The number of the value is the primitive's.
    made: Published<MadeWords>,
    /// The first hold.
    first: Published<HoldWords>,
    /// The waits. Put there when there is the first one, under the lock of the queue.
    line: StaticRef<Line>,
    /// Everything else.
    more: Beside<Entries, Hints>,
}

/// What is known of the entries without locking them. Stored under the lock.
struct Hints {
    /// Whether there is something in [`Entries::told`].
    was_told: AtomicBool,
    /// Whether there may be holds beside the first that were not seen yet.
    is_unseen: AtomicBool,
}

/// What a primitive is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) name: Option<&'static str>,
    pub(crate) created: &'static Location<'static>,
    /// Of a semaphore: how many permits it began with. Of a barrier: how many parties it takes.
    pub(crate) size: usize,
    /// Whether waits for it are meant to be long.
    pub(crate) may_wait: bool,
    /// Whether it is a lock that was made as a condition's.
    pub(crate) of_condition: bool,
}

/// The words of [`Made`].
struct MadeWords {
    created: StaticRef<Location<'static>>,
    /// The size, and in the lowest bits the kind.
    size: AtomicU64,
}

const KIND: u64 = 7;
const SIZE_SHIFT: u32 = 3;

/// Whose something is.
#[derive(Clone)]
pub(crate) struct Attributed {
    pub(crate) who: Actor,
    /// Whether that is sure enough for a deadlock to be certain.
    pub(crate) sure: bool,
}

impl Attributed {
    pub(crate) const fn surely(who: Actor) -> Self {
        Self { who, sure: true }
    }
}

impl Record {
    pub(crate) const fn free() -> Self {
        let hints = Hints { was_told: AtomicBool::new(false), is_unseen: AtomicBool::new(false) };
        let made = MadeWords { created: StaticRef::none(), size: AtomicU64::new(0) };
        Self {
            made: Published::new(AtomicU64::new(0), made),
            first: Published::new(AtomicU64::new(0), HoldWords::none()),
            line: StaticRef::none(),
            more: Beside::new(Mutex::new(None), AtomicBool::new(false), hints),
        }
    }

    /// Makes this free record the record of a primitive.
    #[inline]
    pub(crate) fn open(&self, number: u64, made: Made) {
        self.made.begin(number);
        let words = self.made.words();
        let Made { created, name, may_wait, of_condition, .. } = made;
        let label = Label { name, may_wait, of_condition };
        words.created.put(Some(names::labelled(created, label)));
        words.size.store((made.size as u64) << SIZE_SHIFT | made.kind as u64, Ordering::Relaxed);
        if made.kind.has_signals() {
            let words = self.first.words();
            words.at.put(None);
            words.who[1].store(0, Ordering::Relaxed);
            words.permits.store(0, Ordering::Relaxed);
        }
        self.made.publish(number);
    }

    /// Makes it a free one: the primitive is dropped.
    #[inline]
    pub(crate) fn close(&self) {
        self.made.clear(self.made.number());
        // Of a guard that was leaked.
        self.first.clear(self.first.number());
        if self.more.has_more() {
            // Relaxed: for the users of the next primitive.
            self.more.flags.was_told.store(false, Ordering::Relaxed);
            self.more.flags.is_unseen.store(false, Ordering::Relaxed);
        }
        self.more.clear();
        if let Some(line) = self.line.get() {
            self.line.put(None);
            lines::give(line);
        }
    }

    /// Returns the primitive, if this is not a free record.
    pub(crate) fn live(&'static self) -> Option<Live> {
        let (number, (created, size)) =
            self.made.read(|words| (words.created.get(), words.size.load(Ordering::Relaxed)))?;
        let (kind, created, size) = (kind_of(size), created?, size_of(size));
        let Label { name, may_wait, of_condition } = names::label_at(created);
        let made = Made { kind, name, created, size, may_wait, of_condition };
        Some(Live { record: self, id: PrimitiveId(number), made })
    }

    /// Returns the number of the primitive.
    pub(crate) fn id(&self) -> PrimitiveId {
        PrimitiveId(self.made.number())
    }

    fn kind(&self) -> Kind {
        // Relaxed: for the users of the primitive, who see what was stored when it was opened.
        kind_of(self.made.words().size.load(Ordering::Relaxed))
    }

    /// Locks the entries, which are made if there are none.
    fn entries(&self) -> parking_lot::MappedMutexGuard<'_, Entries> {
        // The caller uses the primitive, so the number and the size are its.
        let number = self.made.number();
        let more = self.more.own(number, || {
            let size = size_of(self.made.words().size.load(Ordering::Relaxed));
            Entries::new(number, size)
        });
        MutexGuard::map(more, |more| &mut **more.as_mut().expect("there are some now"))
    }
}

fn kind_of(size: u64) -> Kind {
    Kind::ALL[(size & KIND) as usize]
}

fn size_of(size: u64) -> usize {
    usize::try_from(size >> SIZE_SHIFT).unwrap_or(usize::MAX)
}
