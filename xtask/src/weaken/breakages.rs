//! The breakages. Each weakens one ordering, or leaves out one step, that a comment in the file
//! argues for.

use super::Breakage;

pub(super) const BREAKAGES: &[Breakage] = &[
    Breakage {
        name: "lock a queue: Acquire to Relaxed",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "swap(StateWord::LOCKED_WORD.0, Ordering::Acquire)",
            "swap(StateWord::LOCKED_WORD.0, Ordering::Relaxed)",
        )],
        seen_by: &["barrier::a_reset_against_an_arrival"],
    },
    Breakage {
        name: "unlock a queue: Release to Relaxed",
        file: "crates/core/src/sync/loom.rs",
        edits: &[("word.swap(value, Ordering::Release)", "word.swap(value, Ordering::Relaxed)")],
        seen_by: &["barrier::a_reset_against_an_arrival"],
    },
    Breakage {
        name: "a locked word shows no waiters",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "const LOCKED_WORD: Self = Self(Self::FLAGS);",
            "const LOCKED_WORD: Self = Self(Self::LOCKED);",
        )],
        seen_by: &["condition::a_notify_against_a_drop"],
    },
    Breakage {
        name: "a locked word is read as if it were unlocked",
        file: "crates/core/src/queue.rs",
        edits: &[("if word.is_locked() { self.lock().word() } else { word }", "word")],
        seen_by: &[
            "hidden_word::a_permit_to_spare_is_always_to_be_had",
            "hidden_word::an_event_that_is_set_shows_as_set",
        ],
    },
    Breakage {
        name: "read the word from outside: Acquire to Relaxed",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "let word = self.load(Ordering::Acquire);",
            "let word = self.load(Ordering::Relaxed);",
        )],
        seen_by: &["event::a_look_sees_what_was_done_before"],
    },
    Breakage {
        name: "the word never shows waiters",
        file: "crates/core/src/guard.rs",
        edits: &[("self.word.0 |= StateWord::WAITERS;", "self.word.0 |= 0;")],
        seen_by: &["condition::a_notify_is_not_missed"],
    },
    Breakage {
        name: "acquire a free lock: Acquire to Relaxed",
        file: "crates/lock/src/raw.rs",
        edits: &[(
            "self.queue.exchange(StateWord::idle(0), HELD, Ordering::Acquire)",
            "self.queue.exchange(StateWord::idle(0), HELD, Ordering::Relaxed)",
        )],
        seen_by: &["lock::acquire_and_release_exclude_each_other"],
    },
    Breakage {
        name: "notify and remove: Release to Relaxed",
        file: "crates/core/src/list.rs",
        edits: &[(
            "node.previous.store(notification, Ordering::Release)",
            "node.previous.store(notification, Ordering::Relaxed)",
        )],
        seen_by: &[
            "lock::acquire_and_release_exclude_each_other",
            "lock::two_queued_waiters_both_get_in",
        ],
    },
    Breakage {
        name: "find oneself removed: Acquire to Relaxed",
        file: "crates/core/src/list.rs",
        edits: &[(
            "self.previous.load(Ordering::Acquire)",
            "self.previous.load(Ordering::Relaxed)",
        )],
        seen_by: &[
            "lock::acquire_and_release_exclude_each_other",
            "lock::two_queued_waiters_both_get_in",
        ],
    },
    Breakage {
        name: "notify and remove: the notification before the waker is taken",
        file: "crates/core/src/list.rs",
        edits: &[(
            "        // SAFETY: it was pushed, and the lock is held.\n        let (next, waker)",
            "        if notification != 0 {\n            let early = ptr::without_provenance_mut(notification);\n            node.previous.store(early, Ordering::Release);\n        }\n        // SAFETY: it was pushed, and the lock is held.\n        let (next, waker)",
        )],
        seen_by: &[
            "lock::a_release_against_the_drop_of_the_woken",
            "lock::an_owned_guard_dropped_as_the_last_arc",
        ],
    },
    Breakage {
        name: "designate: the lock's flag after the notification",
        file: "crates/lock/src/raw.rs",
        edits: &[(
            "        self.queue.state().designated.store(waiter, Ordering::Relaxed);\n        let waker = queue.notify_and_remove();",
            "        let waker = queue.notify_and_remove();\n        self.queue.state().designated.store(waiter, Ordering::Relaxed);",
        )],
        seen_by: &["lock::acquire_and_release_exclude_each_other"],
    },
    Breakage {
        name: "acquire free permits: Acquire to Relaxed",
        file: "crates/semaphore/src/raw.rs",
        edits: &[(
            "self.queue.exchange(word, word.payload().wrapping_sub(need), Ordering::Acquire)",
            "self.queue.exchange(word, word.payload().wrapping_sub(need), Ordering::Relaxed)",
        )],
        seen_by: &["semaphore::a_permit_carries_what_was_done_before"],
    },
    Breakage {
        name: "see that an event is set: Acquire to Relaxed",
        file: "crates/event/src/wait.rs",
        edits: &[("event.queue.load(Ordering::Acquire)", "event.queue.load(Ordering::Relaxed)")],
        seen_by: &["event::a_set_against_a_wait"],
    },
    Breakage {
        name: "set an event without waiters: AcqRel to Acquire",
        file: "crates/event/src/event.rs",
        edits: &[(
            "exchange(word, set, Ordering::AcqRel)",
            "exchange(word, set, Ordering::Acquire)",
        )],
        seen_by: &["event::clear_look_wait_misses_nothing"],
    },
    Breakage {
        name: "clear an event: AcqRel to Release",
        file: "crates/event/src/event.rs",
        edits: &[(
            "word.payload() & !SET, Ordering::AcqRel",
            "word.payload() & !SET, Ordering::Release",
        )],
        seen_by: &["event::clear_look_wait_misses_nothing"],
    },
    Breakage {
        name: "set an event that is set: without an exchange",
        file: "crates/event/src/event.rs",
        edits: &[(
            "        // Even if the flag is set: the exchange",
            "        if set == word.payload() {\n            return true;\n        }\n        // Even if the flag is set: the exchange",
        )],
        seen_by: &["event::clear_look_wait_misses_nothing"],
    },
    Breakage {
        name: "wait for a condition: release the lock before enqueueing",
        file: "crates/condition/src/wait.rs",
        edits: &[(
            "                let enqueue = waiter",
            "                drop(guard.take());\n                let enqueue = waiter",
        )],
        seen_by: &["condition::a_notify_is_not_missed"],
    },
    Breakage {
        name: "wait for an event: no second check under the lock",
        file: "crates/event/src/wait.rs",
        edits: &[("if is_set(word) { Ok(()) }", "if false && is_set(word) { Ok(()) }")],
        seen_by: &["event::a_set_against_a_wait"],
    },
];
