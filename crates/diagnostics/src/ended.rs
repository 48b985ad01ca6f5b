//! Tasks and threads that have ended, and may still be the holders of something.
//!
//! A [first hold](crate::record) has only the number of its holder. As long as a task or a thread
//! lives, it is found by its number. It counts its first holds; those that another task or thread
//! releases stay in the count. If it ends and some are left, it is kept here until no first hold
//! has its number.

use parking_lot::Mutex;

use crate::{
    Actor,
    actor::{Key, Words},
    registry,
};

/// How many are kept at least before they are looked through.
const FEW: usize = 64;

struct Ended {
    actors: Vec<Actor>,
    /// How many there may be.
    limit: usize,
}

static ENDED: Mutex<Ended> = Mutex::new(Ended { actors: Vec::new(), limit: FEW });

/// Keeps an actor that has ended as long as it has a first hold.
#[cold]
pub(crate) fn keep(who: Actor) {
    let mut ended = ENDED.lock();
    ended.actors.push(who);
    if ended.actors.len() < ended.limit {
        return;
    }
    let mut seen = 0;
    let mut holders = std::collections::HashSet::new();
    registry::for_each(|record| {
        seen += 1;
        holders.extend(record.first_holder().map(|words| (words.kind & Words::KIND, words.who[0])));
    });
    let holds = |who: &Actor| match Key::of(who) {
        Some(Key::Task(task)) => holders.contains(&(Words::TASK, task)),
        Some(Key::Thread(thread)) => {
            holders.contains(&(Words::THREAD, thread))
                || holders.contains(&(Words::UNKNOWN, thread))
        }
        _ => false,
    };
    let (left, gone): (Vec<_>, Vec<_>) = ended.actors.drain(..).partition(holds);
    // So that the look costs each of them a few steps.
    ended.limit = FEW.max(2 * left.len()).max(seen / 16);
    ended.actors = left;
    drop(ended);
    drop(gone);
}
