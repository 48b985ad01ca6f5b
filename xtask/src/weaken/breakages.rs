//! The breakages. Each weakens one ordering, or leaves out one step, that a comment in the file
//! argues for.

use super::Breakage;

pub(super) const BREAKAGES: &[Breakage] = &[
    Breakage {
        name: "lock the list: Acquire to Relaxed",
        file: "crates/core/src/queue.rs",
        edits: &[("swap(TAKEN, Ordering::Acquire)", "swap(TAKEN, Ordering::Relaxed)")],
        seen_by: &["barrier::a_reset_against_an_arrival"],
    },
    Breakage {
        name: "unlock the list: Release to Relaxed",
        file: "crates/core/src/sync.rs",
        edits: &[("word.swap(value, Ordering::Release)", "word.swap(value, Ordering::Relaxed)")],
        seen_by: &["barrier::a_reset_against_an_arrival"],
    },
    Breakage {
        name: "a locked word shows no waiters",
        file: "crates/core/src/queue.rs",
        edits: &[("const TAKEN: usize = LOCKED | WAITERS;", "const TAKEN: usize = LOCKED;")],
        seen_by: &["condition::a_notify_against_a_drop"],
    },
    Breakage {
        name: "a locked word is read as if it were unlocked",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "let word = self.word.load(Ordering::Acquire);\n        if word & LOCKED == 0 {",
            "let word = self.word.load(Ordering::Acquire);\n        if true {",
        )],
        seen_by: &[
            "hidden_word::a_permit_to_spare_is_always_to_be_had",
            "hidden_word::an_event_that_is_set_shows_as_set",
        ],
    },
    Breakage {
        name: "load the word from outside: Acquire to Relaxed",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "let word = self.word.load(Ordering::Acquire);",
            "let word = self.word.load(Ordering::Relaxed);",
        )],
        seen_by: &["event::a_look_sees_what_was_done_before"],
    },
    Breakage {
        name: "the word never shows waiters",
        file: "crates/core/src/queue.rs",
        edits: &[("_ => WAITERS,", "_ => 0,")],
        seen_by: &["condition::a_notify_is_not_missed"],
    },
    Breakage {
        name: "acquire a free lock: Acquire to Relaxed",
        file: "crates/core/src/sole.rs",
        edits: &[(
            "compare_exchange(0, HELD, Ordering::Acquire",
            "compare_exchange(0, HELD, Ordering::Relaxed",
        )],
        seen_by: &["lock::acquire_and_release_exclude_each_other"],
    },
    Breakage {
        name: "designate: Release to Relaxed",
        file: "crates/core/src/list.rs",
        edits: &[(
            "node.previous.store(note, Ordering::Release)",
            "node.previous.store(note, Ordering::Relaxed)",
        )],
        seen_by: &[
            "lock::acquire_and_release_exclude_each_other",
            "lock::two_queued_waiters_both_get_in",
        ],
    },
    Breakage {
        name: "load the designation: Acquire to Relaxed",
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
        name: "designate: the note before the waker is taken",
        file: "crates/core/src/list.rs",
        edits: &[(
            "        // SAFETY: as above. Taking the waker marks the node as off the list (invariant 2).\n        \
             let (next, waker) = unsafe { node.links(|links| (links.next, links.waker.take())) };\n        \
             self.head = next;",
            "        if let Some(note) = note {\n            \
             node.previous.store(ptr::without_provenance_mut(note), Ordering::Release);\n        }\n        \
             // SAFETY: as above.\n        \
             let (next, waker) = unsafe { node.links(|links| (links.next, links.waker.take())) };\n        \
             self.head = next;",
        )],
        seen_by: &[
            "lock::a_release_against_the_drop_of_the_woken",
            "lock::an_owned_guard_dropped_as_the_last_arc",
        ],
    },
    Breakage {
        name: "designate: the queue's mark after the notification",
        file: "crates/core/src/sole.rs",
        edits: &[(
            "self.queue().set_designated(true);\n        self.call_with(DESIGNATED)",
            "let called = self.call_with(DESIGNATED);\n        self.queue().set_designated(true);\n        called",
        )],
        seen_by: &["lock::acquire_and_release_exclude_each_other"],
    },
    Breakage {
        name: "acquire free permits: Acquire to Relaxed",
        file: "crates/core/src/permits.rs",
        edits: &[("word - need * ONE, Ordering::Acquire", "word - need * ONE, Ordering::Relaxed")],
        seen_by: &["semaphore::a_permit_carries_what_was_done_before"],
    },
    Breakage {
        name: "see that an event is set: Acquire to Relaxed",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "self.word.load(Ordering::Acquire) & !FLAGS",
            "self.word.load(Ordering::Relaxed) & !FLAGS",
        )],
        seen_by: &["event::a_set_against_a_wait"],
    },
    Breakage {
        name: "set an event without waiters: AcqRel to Acquire",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "compare_exchange(from, to, Ordering::AcqRel",
            "compare_exchange(from, to, Ordering::Acquire",
        )],
        seen_by: &["event::clear_look_wait_misses_nothing"],
    },
    Breakage {
        name: "clear an event: AcqRel to Release",
        file: "crates/core/src/queue.rs",
        edits: &[(
            "compare_exchange(from, to, Ordering::AcqRel",
            "compare_exchange(from, to, Ordering::Release",
        )],
        seen_by: &["event::clear_look_wait_misses_nothing"],
    },
    Breakage {
        name: "set an event that is set: without an exchange",
        file: "crates/event/src/event.rs",
        edits: &[(
            "        // Even if the flag is set: the exchange",
            "        if payload & SET != 0 {\n            return;\n        }\n        \
             // Even if the flag is set: the exchange",
        )],
        seen_by: &["event::clear_look_wait_misses_nothing"],
    },
    Breakage {
        name: "wait for a condition: release the lock before queueing",
        file: "crates/condition/src/wait.rs",
        edits: &[
            (
                "            Step::Holds => {\n                relay.as_mut().first",
                "            Step::Holds => {\n                release(relay.as_mut(), this.hold);\n                \
                 relay.as_mut().first",
            ),
            (
                "                release(relay, this.hold);\n                Poll::Pending",
                "                Poll::Pending",
            ),
        ],
        seen_by: &["condition::a_notify_is_not_missed"],
    },
    Breakage {
        name: "wait for an event: no second check under the lock",
        file: "crates/event/src/wait.rs",
        edits: &[("match is_set(queue)", "match false && is_set(queue)")],
        seen_by: &["event::a_set_against_a_wait"],
    },
];
