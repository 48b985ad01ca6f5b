//! The caller that acquires or waits, found out before that is written down.

use std::{sync::Arc, task::Context};

use super::{Actor, Kept, KeptWaker, RawId, TaskInfo, WakerId, Words};
use crate::{
    here::{self, current_task},
    life::{Life, ThreadInfo},
    namer,
    record::Attributed,
};

/// Who acquires or waits, before that is written down. Not to be made or dropped under a lock:
/// wakers are the user's.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) words: Words,
    pub(crate) kept: Kept,
}

impl Asker {
    /// Returns the one that polls with that context; and its waker, to be kept as long as it is
    /// known by that.
    ///
    /// A named task that runs others inside it (a `LocalSet`, a `FuturesUnordered`) is the one that
    /// polls, as far as can be told. But they have wakers of their own, so that is not sure.
    #[inline]
    pub(crate) fn polling(context: &Context<'_>) -> Self {
        let words = here::polling(RawId::of(context.waker()));
        if words.has_number() {
            return Self { words, kept: Kept::Nothing };
        }
        let unknown = match words.kind & Words::KIND {
            Words::WAKER => {
                // If its waker cannot be kept, the address says nothing.
                if let Some(waker) = KeptWaker::of(context.waker()) {
                    let kept = match namer::label() {
                        None => Kept::Waker(waker),
                        Some(label) => Kept::Labelled(Box::new((waker, label))),
                    };
                    return Self { words, kept };
                }
                Words::UNKNOWN
            }
            kind => kind,
        };
        Self::on_new_thread(unknown)
    }

    /// Returns the one that polls with that context, and is about to wait: what it is known by is
    /// kept as long as the wait lasts.
    pub(crate) fn waiting(context: &Context<'_>) -> Self {
        let mut asker = Self::polling(context);
        if let Kept::Nothing = asker.kept {
            asker.kept = match asker.words.kind & Words::KIND {
                Words::TASK => current_task().map_or(Kept::Nothing, |task| {
                    task.is_found();
                    Kept::Task(task)
                }),
                Words::THREAD => Kept::Blocked(ThreadInfo::current()),
                _ => Kept::Thread(ThreadInfo::current()),
            };
        }
        asker
    }

    /// Tells the life of a named task or a thread, which waits for permits.
    #[inline]
    pub(crate) fn tell_life(&self, tell: impl FnOnce(&Life)) {
        if let Some(life) = self.life() {
            tell(life);
        }
    }

    fn life(&self) -> Option<&Life> {
        match &self.kept {
            Kept::Task(task) => Some(task.life()),
            Kept::Blocked(thread) => Some(thread.life()),
            _ => None,
        }
    }

    /// Returns whether it is known to be polled now.
    pub(crate) fn is_polled(&self) -> bool {
        self.life().is_some_and(|life| life.pulse().is_polled())
    }

    /// Returns whether it has a label, for which there are no words.
    pub(crate) const fn has_label(&self) -> bool {
        matches!(self.kept, Kept::Labelled(_))
    }

    /// Returns the one that calls a function, outside of any poll.
    #[inline]
    pub(crate) fn calling() -> Self {
        let words = here::calling();
        match words.has_number() {
            true => Self { words, kept: Kept::Nothing },
            false => Self::on_new_thread(Words::UNKNOWN),
        }
    }

    /// That of a thread that has not used a primitive yet, or that is ending.
    #[cold]
    fn on_new_thread(kind: u64) -> Self {
        let thread = ThreadInfo::current();
        let words = Words::of_thread(kind, thread.number());
        let kept = match here::thread() == thread.number() {
            true => Kept::Nothing,
            false => Kept::Thread(thread),
        };
        Self { words, kept }
    }

    /// Whether all that is known of it are its words.
    #[inline]
    pub(crate) const fn is_words(&self) -> bool {
        matches!(self.kept, Kept::Nothing | Kept::Waker(_))
    }

    /// Returns whose it is, to be written down in full.
    pub(crate) fn attributed(&self) -> Attributed {
        let sure = self.words.kind & Words::SURE != 0;
        let id = WakerId { id: self.words.raw_id(), label: None };
        let who = match &self.kept {
            Kept::Labelled(labelled) => {
                Actor::Waker(WakerId { label: Some(Arc::clone(&labelled.1)), ..id })
            }
            Kept::Waker(_) => Actor::Waker(id),
            Kept::Thread(thread) => Actor::Unknown(thread.clone()),
            Kept::Blocked(thread) => Actor::Thread(thread.clone()),
            Kept::Task(task) => Actor::Task(task.clone()),
            Kept::Nothing => match self.words.kind & Words::KIND {
                Words::TASK => {
                    let current = current_task().filter(|task| task.id() == self.words.who[0]);
                    let task = current.or_else(|| TaskInfo::with_id(self.words.who[0]));
                    task.map_or_else(Actor::here, Actor::Task)
                }
                Words::THREAD => Actor::Thread(ThreadInfo::current()),
                _ => Actor::Unknown(ThreadInfo::current()),
            },
        };
        Attributed { who, sure }
    }
}
