//! The pages of the example, and what stands for the network.

use std::time::Duration;

pub const PAGES: u32 = 40;
pub const LENGTH: u64 = 4_000;
const WORDS: [&str; 20] = [
    "async",
    "await",
    "barrier",
    "condition",
    "event",
    "future",
    "guard",
    "lock",
    "loop",
    "mutex",
    "notify",
    "permit",
    "queue",
    "release",
    "semaphore",
    "signal",
    "task",
    "thread",
    "waiter",
    "waker",
];

/// Page `number`: always the same words.
pub fn text(number: u32) -> String {
    let mut state = number;
    let words = (0..LENGTH).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        WORDS[((state >> 16) as usize * WORDS.len()) >> 16]
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Downloads page `number`, which takes a moment.
pub async fn fetch(number: u32) -> String {
    tokio::time::sleep(Duration::from_millis(1)).await;
    text(number)
}
